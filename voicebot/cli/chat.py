"""``voicebot chat``: a whole conversation with the brain, typed."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import typer

from voicebot.cli.brain import FreshBrain
from voicebot.cli.options import CONFIG, AtOption, ConfigOption, ProfileOption, console, expected_errors, moment

if TYPE_CHECKING:
    from voicebot.dialog.turns import Dictation

EXPECTED_ERRORS = expected_errors()


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("chat")(chat)


def chat(config: ConfigOption = CONFIG, profile: ProfileOption = "", at: AtOption = "") -> None:
    """Type with the assistant; an empty line is a silence, Ctrl-D hangs up."""
    from voicebot.dialog.turns import HangUp, Heard

    dialogue = FreshBrain(config, profile).open(moment(at))
    screen = console()
    reply = dialogue.greet()
    screen.print(f"[bold cyan]{_assistant(reply.text)}")
    for line in _typed():
        keys = _keys(line.strip(), reply.expect.dictation)
        heard = Heard(keys=keys) if keys else Heard(text=line, silent=not line.strip())
        reply = dialogue.respond(heard)
        screen.print(f"[bold cyan]{_assistant(reply.text)}")
        if reply.intent:
            screen.print(f"  [dim]{reply.intent} {reply.confidence:.2f} {dict(reply.entities)}")
        for action in reply.actions:
            screen.print(f"  [dim]{action}")
        if any(isinstance(action, HangUp) for action in reply.actions):
            return


def _keys(typed: str, dictation: "Dictation") -> str:
    """Return what was typed if it stands for keys of a telephone: one key, or an entry where one is expected."""
    from voicebot.dialog.turns import Dictation

    plain = bool(typed) and set(typed) <= set("0123456789*#")
    return typed if plain and (len(typed) == 1 or dictation is not Dictation.NONE) else ""


def _assistant(text: str) -> str:
    return f"— {text}"


def _typed() -> Iterator[str]:
    while True:
        try:
            yield input("> ")
        except EOFError:
            return
