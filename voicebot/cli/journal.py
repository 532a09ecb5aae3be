"""``voicebot journal``: made-up contacts for measuring and demonstrations."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Annotated

import typer

from voicebot.cli.failures import WORK_FAILED, WRONG_USAGE, WorkFailed, WrongUsage
from voicebot.cli.options import CONFIG, ConfigOption, JsonOption, ProfileOption, console, print_json, run
from voicebot.clock import PARIS
from voicebot.config import ConfigError
from voicebot.journal.errors import JournalError
from voicebot.profile import ProfileError

if TYPE_CHECKING:
    from voicebot.bench.made_up import Material, Sizes
    from voicebot.config import Settings
    from voicebot.journal.bulk import MadeContact

EXPECTED_ERRORS = {ConfigError: WRONG_USAGE, ProfileError: WRONG_USAGE, JournalError: WORK_FAILED}

_YEARS = timedelta(days=913)
_BATCH = 2000

DatabaseOption = Annotated[
    str, typer.Option("--database", metavar="URL", help="The database (default: the configured one).")
]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    journal = typer.Typer(no_args_is_help=True, help="What the journal holds.")
    journal.callback()(_journal)
    journal.command("fill")(fill)
    journal.command("unfill")(unfill)
    journal.command("facts")(facts)
    app.add_typer(journal, name="journal")


def _journal() -> None:
    """What the journal holds."""


def fill(
    contacts: Annotated[int, typer.Option("--contacts", min=1, help="How many contacts.")] = 200_000,
    turns: Annotated[int, typer.Option("--turns", min=0, help="How many turns in all.")] = 1_000_000,
    seed: Annotated[int, typer.Option("--seed", help="The same seed makes the same contacts.")] = 1,
    since: Annotated[str, typer.Option("--since", metavar="DATE", help="First day (default: 30 months before).")] = "",
    until: Annotated[str, typer.Option("--until", metavar="DATE", help="Last day (default: yesterday).")] = "",
    into_existing: Annotated[bool, typer.Option("--into-existing", help="Beside contacts already there.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Ask nothing.")] = False,
    database: DatabaseOption = "",
    profile: ProfileOption = "",
    config: ConfigOption = CONFIG,
    as_json: JsonOption = False,
) -> None:
    """Fill the journal with made-up contacts, to measure pages or to show them; "unfill" takes them out."""
    from voicebot.bench.made_up import Sizes
    from voicebot.config import load_settings

    last = _day("--until", until) or datetime.now(PARIS).date() - timedelta(days=1)
    first = _day("--since", since) or last - _YEARS
    if first > last:
        raise WrongUsage(f"--since {first} is after --until {last}: exchange them")
    settings = _on(load_settings(config), database)
    reasons = run(_reasons(settings, into_existing))
    if reasons and not yes:
        console().print("This journal looks like one in service: " + "; ".join(reasons) + ".")
        typer.confirm("Fill it with made-up contacts all the same?", abort=True)
    told = run(_fill(settings, profile or settings.call.profile, Sizes(contacts, turns, first, last, seed)))
    if as_json:
        print_json(told)
    else:
        console().print(
            f"{told['contacts']} contacts and {told['turns']} turns in {told['seconds']} s: {told['place']}"
        )


def unfill(database: DatabaseOption = "", config: ConfigOption = CONFIG, as_json: JsonOption = False) -> None:
    """Take out every made-up contact, with its turns, requests, survey answers and messages."""
    from voicebot.config import load_settings

    counts = run(_unfill(_on(load_settings(config), database)))
    if as_json:
        print_json(counts)
    else:
        for kind, count in counts.items():
            console().print(f"{kind}: {count}")


def facts(
    again: Annotated[bool, typer.Option("--again", help="Make them all again.")] = False,
    database: DatabaseOption = "",
    config: ConfigOption = CONFIG,
    as_json: JsonOption = False,
) -> None:
    """Keep the facts of past days that figures are counted from; "serve" does it by itself."""
    from voicebot.config import load_settings

    count = run(_facts(_on(load_settings(config), database), again))
    if as_json:
        print_json({"kept": count})
    else:
        console().print(f"kept: {count}")


def _day(option: str, text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise WrongUsage(f"{option} {text!r}: write an ISO date such as 2026-11-24") from error


def _on(settings: "Settings", database: str) -> "Settings":
    if not database:
        return settings
    try:
        return replace(settings, journal=replace(settings.journal, url=database))
    except ValueError as error:
        raise WrongUsage(f"--database: {error}") from error


async def _reasons(settings: "Settings", into_existing: bool) -> list[str]:
    """Return why the journal may be one in service.

    Raises:
        WorkFailed: it holds contacts, and it was not said that they may be there.
    """
    from sqlalchemy import func, select

    from voicebot.journal.bulk import count_contacts
    from voicebot.journal.opening import open_journal
    from voicebot.journal.schema import users

    journal = await open_journal(settings.journal)
    try:
        await journal.prepare()
        database = journal.database
        there = await count_contacts(database)
        real = there - await count_contacts(database, made_up=True)
        async with database.reading() as connection:
            accounts = await connection.scalar(select(func.count()).select_from(users)) or 0
    finally:
        await journal.close()
    if there and not into_existing:
        raise WorkFailed(f"{database.place} holds {there} contacts: choose an empty one, or add --into-existing")
    reasons = [f"it holds {real} contacts of callers"] if real else []
    reasons += [f"{accounts} people may sign in to its pages"] if accounts else []
    if settings.web.public_url.startswith("https://"):
        reasons.append(f"its pages are public at {settings.web.public_url}")
    if settings.sip.trunk.configured:
        reasons.append("a telephone trunk is configured")
    return reasons


async def _fill(settings: "Settings", profile: str, sizes: "Sizes") -> dict[str, object]:
    from time import monotonic

    from rich.progress import Progress

    from voicebot.bench.made_up import made_contacts
    from voicebot.journal.bulk import MARK, add_made_up
    from voicebot.journal.facts import keep_facts
    from voicebot.journal.opening import open_archive

    began = monotonic()
    material = _material(settings, profile)
    async with open_archive(settings.journal) as archive:
        assert archive.seal is not None  # noqa: S101 - the keys were made when it was looked into
        with Progress(console=console(), transient=True) as bars:
            bar = bars.add_task("contacts", total=sizes.contacts)
            for batch in _batches(made_contacts(material, sizes)):
                await add_made_up(archive.database, archive.seal, batch, f"{MARK}{sizes.seed}")
                bars.advance(bar, len(batch))
        await keep_facts(archive.database, datetime.now(PARIS).date(), pause_s=0)
        await archive.database.tidy()
        place = archive.database.place
    return {
        "contacts": sizes.contacts,
        "turns": sizes.turns,
        "first": sizes.first.isoformat(),
        "last": sizes.last.isoformat(),
        "seconds": round(monotonic() - began, 1),
        "place": place,
    }


def _material(settings: "Settings", profile: str) -> "Material":
    from voicebot.bench.made_up import material_of
    from voicebot.dialog.knowledge.load import load_knowledge
    from voicebot.dialog.nlu.data import load_nlu_data
    from voicebot.profile import check_profile, profile_folders

    check_profile(profile, settings.paths.profiles)
    folders = profile_folders(profile, settings.paths.profiles)
    return material_of(profile, load_knowledge(folders), load_nlu_data(folders), settings.sip.lines[0].number)


def _batches(made: "Iterable[MadeContact]") -> "Iterator[list[MadeContact]]":
    contacts = iter(made)
    while batch := list(islice(contacts, _BATCH)):
        yield batch


async def _facts(settings: "Settings", again: bool) -> int:
    from voicebot.journal.facts import forget_facts, keep_facts
    from voicebot.journal.opening import open_archive

    async with open_archive(settings.journal) as archive:
        if again:
            await forget_facts(archive.database)
        return await keep_facts(archive.database, datetime.now(PARIS).date(), pause_s=0)


async def _unfill(settings: "Settings") -> dict[str, int]:
    from voicebot.bench.made_up import fiction_numbers
    from voicebot.journal.bulk import remove_made_up
    from voicebot.journal.opening import open_archive

    async with open_archive(settings.journal) as archive:
        people = () if archive.seal is None else map(archive.seal.pseudonym, fiction_numbers())
        return await remove_made_up(archive.database, (person for person in people if person))
