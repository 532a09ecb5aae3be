"""``voicebot ask``: typing to the brain, or playing it recordings, each as a fresh conversation."""

import dataclasses
from contextlib import AsyncExitStack
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from voicebot.cli.brain import FreshBrain
from voicebot.cli.failures import WrongUsage
from voicebot.cli.options import (
    CONFIG,
    AtOption,
    ConfigOption,
    JsonOption,
    ProfileOption,
    console,
    expected_errors,
    moment,
    print_json,
    run,
)

EXPECTED_ERRORS = expected_errors()


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("ask")(ask)


def ask(
    texts: Annotated[list[str] | None, typer.Argument(metavar="TEXT...", show_default=False)] = None,
    file: Annotated[Path | None, typer.Option("--file", metavar="FILE", help="One text a line.")] = None,
    wavs: Annotated[list[Path] | None, typer.Option("--wav", metavar="WAV", help="Recordings.")] = None,
    config: ConfigOption = CONFIG,
    profile: ProfileOption = "",
    at: AtOption = "",
    as_json: JsonOption = False,
) -> None:
    """Ask each text, or each recording, as a fresh conversation."""
    recordings, words = list(wavs or []), list(texts or [])
    if wavs:
        recordings += [Path(word) for word in words]
        words = []
    if file is not None:
        words += [line.strip() for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]
    if not words and not recordings:
        raise WrongUsage("ask: give texts, --file FILE, or --wav WAV...")
    brain = FreshBrain(config, profile)
    if recordings:
        run(_ask_recordings(brain, recordings, moment(at), as_json))
    for text in words:
        _show(_ask_text(brain, moment(at), text), as_json)


def _ask_text(
    brain: FreshBrain, at: datetime | None, text: str, alternatives: tuple[str, ...] = (), confidence: float = 1.0
) -> dict[str, Any]:
    from voicebot.dialog.turns import Heard

    dialogue = brain.open(at)
    dialogue.greet()
    reply = dialogue.respond(Heard(text=text, alternatives=alternatives, confidence=confidence))
    return {
        "text": text,
        "intent": reply.intent,
        "confidence": round(reply.confidence, 3),
        "alternatives": [
            {"intent": other.intent, "confidence": round(other.confidence, 3)} for other in reply.alternatives
        ],
        "entities": dict(reply.entities),
        "reply": reply.text,
        "actions": [_plain(action) for action in reply.actions],
    }


def _plain(action: Any) -> dict[str, Any]:
    document = {
        key: dict(value) if isinstance(value, dict) or hasattr(value, "keys") else value
        for key, value in ((entry.name, getattr(action, entry.name)) for entry in dataclasses.fields(action))
    }
    return {"type": document.pop("type"), **document}


async def _ask_recordings(brain: FreshBrain, recordings: list[Path], at: datetime | None, as_json: bool) -> None:
    from voicebot.app import open_recognizer
    from voicebot.asr.base import Hints
    from voicebot.rehearsal import transcribe

    expect = brain.open(at).greet().expect
    async with AsyncExitStack() as stack:
        recognizer = open_recognizer(brain.settings, stack)
        for path in recordings:
            heard = await transcribe(recognizer, path, Hints(phrases=expect.phrases))
            answer = _ask_text(brain, at, heard.text, heard.alternatives, heard.confidence)
            _show({"file": str(path), "heard": heard.text, **answer}, as_json)


def _show(answer: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print_json(answer)
        return
    table = Table.grid(padding=(0, 2))
    for key, value in answer.items():
        if key == "alternatives":
            value = ", ".join(f"{other['intent']} {other['confidence']:.2f}" for other in value)
        elif key == "actions":
            value = "\n".join(str(action) for action in value)
        table.add_row(f"[dim]{key}", str(value))
    screen = console()
    screen.print(table)
    screen.print()
