"""``voicebot tokens``: who may use the REST API, and for what."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from voicebot.cli.failures import WORK_FAILED, WRONG_USAGE, WorkFailed, WrongUsage
from voicebot.cli.options import CONFIG, ConfigOption, JsonOption, console, print_json, run
from voicebot.clock import PARIS
from voicebot.config import ConfigError
from voicebot.journal.errors import JournalError

if TYPE_CHECKING:
    from voicebot.journal.tokens import Token, Tokens

EXPECTED_ERRORS = {ConfigError: WRONG_USAGE, JournalError: WORK_FAILED}

T = TypeVar("T")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    commands = typer.Typer(no_args_is_help=True, help="Tokens of the REST API.")
    commands.command("new")(new)
    commands.command("list")(list_all)
    commands.command("revoke")(revoke)
    app.add_typer(commands, name="tokens")


def new(
    name: Annotated[str, typer.Option("--name", help="Who will use it, such as CRM.")],
    scope: Annotated[list[str], typer.Option("--scope", help="What it may do; may be repeated. See docs/api.md.")],
    days: Annotated[
        int | None, typer.Option("--days", min=1, help="How long it lasts (default: until revoked).")
    ] = None,
    config: ConfigOption = CONFIG,
    as_json: JsonOption = False,
) -> None:
    """Make a token and show it, for the only time."""
    try:
        token = run(_with_tokens(config, lambda tokens: tokens.new(name, scope, datetime.now(PARIS), days)))
    except ValueError as error:
        from voicebot.journal.tokens import SCOPES

        raise WrongUsage(f"tokens new: {error}; scopes: {', '.join(SCOPES)}") from error
    if as_json:
        print_json({"token": token})
        return
    screen = console()
    screen.print(token, markup=False, soft_wrap=True)
    screen.print("Keep it now: only its digest is stored.")


def list_all(config: ConfigOption = CONFIG, as_json: JsonOption = False) -> None:
    """List the tokens, without their secrets."""
    found = run(_with_tokens(config, lambda tokens: tokens.all()))
    now = datetime.now(PARIS)
    for token in found:
        shown = _shown(token, now)
        if as_json:
            print_json(shown)
        else:
            console().print("  ".join(str(value) for value in shown.values() if value), markup=False)


def revoke(
    token: Annotated[str, typer.Argument(metavar="ID", help="Its id, as listed.")], config: ConfigOption = CONFIG
) -> None:
    """Revoke a token at once."""
    if not run(_with_tokens(config, lambda tokens: tokens.revoke(token, datetime.now(PARIS)))):
        raise WorkFailed(f"tokens revoke: no token {token} that is not revoked; see voicebot tokens list")


async def _with_tokens(config: Path, work: "Callable[[Tokens], Awaitable[T]]") -> T:
    from voicebot.config import load_settings
    from voicebot.journal.opening import open_archive
    from voicebot.journal.tokens import Tokens

    async with open_archive(load_settings(config).journal) as archive:
        return await work(Tokens(archive.database))


def _shown(token: "Token", now: datetime) -> dict[str, str]:
    return {
        "id": token.id,
        "name": token.name,
        "scopes": " ".join(token.scopes),
        "state": "valid" if token.is_valid(now) else "revoked" if token.revoked_at else "expired",
        "created_at": token.created_at.isoformat(timespec="seconds"),
        "expires_at": token.expires_at.isoformat(timespec="seconds") if token.expires_at else "",
        "used_at": token.used_at.isoformat(timespec="seconds") if token.used_at else "",
    }
