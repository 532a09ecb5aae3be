"""``voicebot users``: who may sign in to the pages.

A password is asked for, or read from standard input; never given on the command line, where other users of the machine
would see it.
"""

import getpass
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from voicebot.cli.failures import WORK_FAILED, WRONG_USAGE, WrongUsage
from voicebot.cli.options import CONFIG, ConfigOption, JsonOption, console, print_json, run
from voicebot.clock import PARIS
from voicebot.config import ConfigError
from voicebot.journal.errors import JournalError

if TYPE_CHECKING:
    from voicebot.journal.accounts import Accounts, User

EXPECTED_ERRORS = {ConfigError: WRONG_USAGE, JournalError: WORK_FAILED}

_WHO = "command line"

Login = Annotated[str, typer.Argument(metavar="LOGIN")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    users = typer.Typer(no_args_is_help=True, help="Who may sign in to the pages.")
    users.command("add")(add)
    users.command("list")(show)
    users.command("disable")(disable)
    users.command("enable")(enable)
    users.command("password")(password)
    app.add_typer(users, name="users")


def add(
    login: Login,
    role: Annotated[str, typer.Option("--role", help="elected, adviser, supervisor or administrator.")] = "adviser",
    name: Annotated[str, typer.Option("--name", help="As shown on the pages (default: the login).")] = "",
    config: ConfigOption = CONFIG,
) -> None:
    """Add a user; the password is asked for, or read from standard input."""
    from voicebot.journal.accounts import Role

    if role not in list(Role):
        raise WrongUsage(f"--role {role}: use one of {', '.join(Role)}")
    run(_add(config, login, name, role, _read_password()))


def show(config: ConfigOption = CONFIG, as_json: JsonOption = False) -> None:
    """List the users."""
    table = Table("login", "name", "role", "access", box=None)
    for user in run(_all(config)):
        access = "open" if user.active else "disabled"
        if as_json:
            print_json({"login": user.login, "name": user.name, "role": user.role.value, "active": user.active})
        table.add_row(user.login, user.name.replace("[", r"\["), user.role.value, access)
    if not as_json:
        console().print(table)


def disable(login: Login, config: ConfigOption = CONFIG) -> None:
    """Close a user's access, and sign them out."""
    run(_set_active(config, login, False))


def enable(login: Login, config: ConfigOption = CONFIG) -> None:
    """Open a user's access again."""
    run(_set_active(config, login, True))


def password(login: Login, config: ConfigOption = CONFIG) -> None:
    """Change a user's password; it is asked for, or read from standard input."""
    run(_set_password(config, login, _read_password()))


def _read_password() -> str:
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    first = getpass.getpass("Password: ")
    if getpass.getpass("Again: ") != first:
        raise WrongUsage("the two passwords differ: start again")
    return first


@asynccontextmanager
async def _accounts(config: Path) -> "AsyncIterator[Accounts]":
    from voicebot.config import load_settings
    from voicebot.journal.accounts import Accounts
    from voicebot.journal.opening import open_archive

    async with open_archive(load_settings(config).journal) as archive:
        yield Accounts(archive.database)


async def _add(config: Path, login: str, name: str, role: str, secret: str) -> None:
    from voicebot.journal.accounts import Role

    async with _accounts(config) as accounts:
        await accounts.add(login, name, Role(role), secret, datetime.now(PARIS), _WHO)


async def _all(config: Path) -> "list[User]":
    async with _accounts(config) as accounts:
        return list(await accounts.all())


async def _set_active(config: Path, login: str, active: bool) -> None:
    async with _accounts(config) as accounts:
        await accounts.set_active(login, active, datetime.now(PARIS), _WHO)


async def _set_password(config: Path, login: str, secret: str) -> None:
    async with _accounts(config) as accounts:
        await accounts.set_password(login, secret, datetime.now(PARIS), _WHO)
