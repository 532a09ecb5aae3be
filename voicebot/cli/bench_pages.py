"""``voicebot bench pages``: how long every page of the supervisors' site takes over a full journal."""

import os
import secrets
import statistics
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from voicebot.cli.failures import WorkFailed, WrongUsage
from voicebot.cli.options import CONFIG, ConfigOption, JsonOption, console, print_json, run
from voicebot.clock import PARIS

if TYPE_CHECKING:
    from rich.table import Table

    from voicebot.bench.pages import Timed
    from voicebot.config import Settings
    from voicebot.web.site_frame import Needs

PASSWORD = "VOICEBOT_BENCH_PASSWORD"  # noqa: S105 - the name of a variable
_LOGIN = "bench-pages"


def pages(
    url: Annotated[str, typer.Option("--url", help="A running site (default: one served for the measure).")] = "",
    login: Annotated[str, typer.Option("--login", help=f"Who signs in at --url; the password is in {PASSWORD}.")] = "",
    database: Annotated[
        str, typer.Option("--database", metavar="URL", help="The journal to serve (default: the configured one).")
    ] = "",
    rounds: Annotated[int, typer.Option("--rounds", min=1, help="How often each page is asked for.")] = 20,
    seed: Annotated[int, typer.Option("--seed", help="What the order of the requests comes from.")] = 1,
    only: Annotated[str, typer.Option("--only", metavar="PATH", help="Only the pages whose address begins so.")] = "",
    config: ConfigOption = CONFIG,
    as_json: JsonOption = False,
) -> None:
    """Ask for every page of the supervisors' site; fail when 95 answers in 100 do not come within 300 ms."""
    from voicebot.bench.pages import TARGET_MS, CannotAsk

    if url and (database or not login or PASSWORD not in os.environ):
        raise WrongUsage(f"--url needs --login and the password in {PASSWORD}, and goes without --database")
    try:
        timed, held_ms = run(_measure(config, url, login, database, (rounds, seed, only)))
    except CannotAsk as error:
        raise WorkFailed(str(error)) from error
    document = _document(timed, held_ms, bool(url))
    if as_json:
        print_json(document)
    else:
        console().print(_table(timed))
        console().print(f"all pages: {document['all']}")
    slow = [f"{one.asked.address} ({one.share_ms(0.95):.0f} ms)" for one in timed if one.share_ms(0.95) > TARGET_MS]
    if slow:
        raise WorkFailed(f"over {TARGET_MS:.0f} ms: " + "; ".join(slow))


async def _measure(
    config: Path, url: str, login: str, database: str, how: tuple[int, int, str]
) -> "tuple[list[Timed], list[float]]":
    import aiohttp
    from rich.progress import Progress

    from voicebot.bench.pages import Visitor, addresses, routes_of, served, time_pages, watching_the_loop
    from voicebot.config import load_settings

    settings = load_settings(config)
    if database:
        settings = replace(settings, journal=replace(settings.journal, url=database))
    rounds, seed, only = how
    held_ms: list[float] = []
    jar = aiohttp.CookieJar(unsafe=True)  # an address of numbers has cookies too
    async with _needs(settings) as needs, aiohttp.ClientSession(cookie_jar=jar) as http:
        if url:
            visitor = Visitor(http, url)
            await visitor.sign_in(login, os.environ[PASSWORD])
            return await _ask(visitor, needs, how), held_ms
        async with served(needs) as address, _visiting(needs) as secret:
            visitor = Visitor(http, address)
            await visitor.sign_in(_LOGIN, secret)
            found = await visitor.look_around(needs.clock.now().astimezone(PARIS).date())
            asked = [one for one in addresses(routes_of(needs), found) if one.address.startswith(only)]
            with Progress(console=console(), transient=True) as bars:
                bar = bars.add_task("pages", total=None)
                async with watching_the_loop(held_ms):
                    timed = await time_pages(visitor, asked, rounds, seed, lambda: bars.advance(bar))
            return timed, held_ms


async def _ask(visitor: Any, needs: "Needs", how: tuple[int, int, str]) -> "list[Timed]":
    from voicebot.bench.pages import addresses, routes_of, time_pages

    rounds, seed, only = how
    found = await visitor.look_around(needs.clock.now().astimezone(PARIS).date())
    asked = [one for one in addresses(routes_of(needs), found) if one.address.startswith(only)]
    return await time_pages(visitor, asked, rounds, seed)


@asynccontextmanager
async def _needs(settings: "Settings") -> "AsyncIterator[Needs]":
    """Give what the site is made from; nothing is read of the journal until a page is."""
    from voicebot.app import open_profile
    from voicebot.clock import WallClock
    from voicebot.journal.accounts import Accounts
    from voicebot.journal.opening import open_archive
    from voicebot.web.site_frame import Needs, Service

    profile = open_profile(settings, meaning=False)
    async with open_archive(settings.journal) as archive:
        yield Needs(archive, Accounts(archive.database), WallClock(), Service(lambda: profile))


@asynccontextmanager
async def _visiting(needs: "Needs") -> AsyncIterator[str]:
    """Give a visitor an account for the time of the measure; yield its password."""
    from sqlalchemy import delete

    from voicebot.journal.accounts import Role
    from voicebot.journal.schema import users

    secret, at = secrets.token_urlsafe(24), needs.clock.now()
    removal = delete(users).where(users.c.login == _LOGIN)
    async with needs.archive.database.writing() as connection:
        await connection.execute(removal)  # of a measure that was cut
    await needs.accounts.add(_LOGIN, "Mesure des pages", Role.ADMINISTRATOR, secret, at, "command line")
    try:
        yield secret
    finally:
        async with needs.archive.database.writing() as connection:
            await connection.execute(removal)


def _document(timed: "Sequence[Timed]", held_ms: Sequence[float], elsewhere: bool) -> dict[str, Any]:
    from voicebot.bench.pages import TARGET_MS

    every = [ms for one in timed for ms in one.times_ms]
    ordered = sorted(every)
    whole: dict[str, Any] = {
        "requests": len(every),
        "p50_ms": round(statistics.median(every), 1),
        "p95_ms": round(ordered[max(0, -(-95 * len(ordered) // 100) - 1)], 1),
        "max_ms": round(ordered[-1], 1),
    }
    if not elsewhere and held_ms:
        late = sorted(held_ms)
        whole |= {"loop_held_p99_ms": round(late[int(len(late) * 0.99)], 1), "loop_held_max_ms": round(late[-1], 1)}
    return {"target_ms": TARGET_MS, "all": whole, "pages": [_row(one) for one in timed]}


def _row(one: "Timed") -> dict[str, Any]:
    return {
        "page": one.asked.route,
        "what": one.asked.what,
        "address": one.asked.address,
        "requests": len(one.times_ms),
        "p50_ms": round(one.share_ms(0.5), 1),
        "p95_ms": round(one.share_ms(0.95), 1),
        "max_ms": round(max(one.times_ms), 1),
        "first_byte": one.asked.download,
        "whole_ms": round(max(one.whole_ms, default=0.0), 1),
        "largest_bytes": one.largest,
    }


def _table(timed: "Sequence[Timed]") -> "Table":
    from rich.table import Table

    table = Table("page", "what", "p50 ms", "p95 ms", "max ms", "KB", box=None)
    for one in timed:
        what = one.asked.what + (" (to the first byte)" if one.asked.download else "")
        figures = [f"{value:.0f}" for value in (one.share_ms(0.5), one.share_ms(0.95), max(one.times_ms))]
        table.add_row(one.asked.route, what, *figures, f"{one.largest / 1000:.0f}")
    return table
