"""``voicebot profile new``: the folder of a new community, valid from the first minute."""

import re
from pathlib import Path
from typing import Annotated

import typer

from voicebot.cli.failures import WrongUsage
from voicebot.cli.options import CONFIG, ConfigOption, JsonOption, console, expected_errors, print_json

EXPECTED_ERRORS = expected_errors()

_SKELETON = "squelette"
_NAME = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_PLACE = "{NOM}"


def register(app: typer.Typer) -> None:
    """Add the command."""
    profile = typer.Typer(no_args_is_help=True)
    profile.callback()(_profile)
    profile.command("new")(new)
    app.add_typer(profile, name="profile")


def _profile() -> None:
    """Make the profile of another community."""


def new(
    name: Annotated[str, typer.Argument(help="Its folder: lower case, digits and hyphens, such as pays-d-exemple.")],
    config: ConfigOption = CONFIG,
    as_json: JsonOption = False,
) -> None:
    """Make a valid skeleton in the folder of profiles, every fact in it marked as not confirmed."""
    from voicebot.config import load_settings
    from voicebot.profile import BASE, check_profile

    profiles = load_settings(config).paths.profiles
    folder, skeleton = profiles / name, profiles / BASE / _SKELETON
    if not _NAME.fullmatch(name) or name == BASE:
        raise WrongUsage(f"{name!r}: a profile's name is in lower case, digits and hyphens, such as pays-d-exemple")
    if folder.exists():
        raise WrongUsage(f"{folder} exists already; choose another name")
    files = sorted(skeleton.glob("*.toml"))
    if not files:
        raise WrongUsage(f"{skeleton} holds no skeleton; check [paths] profiles in {config}")
    folder.mkdir()
    for file in files:
        text = file.read_text(encoding="utf-8").replace(_PLACE, _title(name))
        (folder / file.name).write_text(text, encoding="utf-8")
    check_profile(name, profiles)
    _tell(name, folder, [file.name for file in files], as_json)


def _title(name: str) -> str:
    return " ".join(word.capitalize() for word in name.split("-"))


def _tell(name: str, folder: Path, files: list[str], as_json: bool) -> None:
    if as_json:
        print_json({"profile": name, "folder": str(folder), "files": files})
        return
    screen = console()
    screen.print(f"{folder} : {', '.join(files)}", markup=False)
    screen.print("Complete the files (docs/white-label.md says how), then run:")
    screen.print(f"  voicebot check --profile {name} --all")
    screen.print(f'and give it a number in the configuration: [[sip.lines]], profile = "{name}".', markup=False)
