"""The options that commands share, and what every command does with them."""

import asyncio
import json
import logging
import os
import sys
from collections.abc import Coroutine
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer
from rich.console import Console

from voicebot.cli.failures import WORK_FAILED, WRONG_USAGE, ExpectedErrors, WrongUsage
from voicebot.clock import PARIS

if TYPE_CHECKING:
    from voicebot.logs import LogSettings

T = TypeVar("T")

ConfigOption = Annotated[Path, typer.Option("--config", metavar="FILE", help="The configuration file.")]
ProfileOption = Annotated[str, typer.Option("--profile", metavar="NAME", help="The profile (default: the configured).")]
AtOption = Annotated[
    str, typer.Option("--at", metavar="ISO-DATETIME", help="When the call takes place (default: now).")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON lines on standard output and nothing else there.")]
CallerVoiceOption = Annotated[
    str, typer.Option("--caller-voice", metavar="NAME", help="The voice of scripted callers.", show_default=False)
]

CONFIG = Path("config.toml")
_PLAIN_WIDTH = 120


def expected_errors() -> ExpectedErrors:
    """Return the errors of the service's parts with their exit status."""
    from voicebot.asr.base import RecognitionError
    from voicebot.audio.frames import AudioError
    from voicebot.config import ConfigError
    from voicebot.journal.errors import JournalError
    from voicebot.profile import ProfileError
    from voicebot.telephony.base import TelephonyError
    from voicebot.telephony.script import ScriptError
    from voicebot.tts.base import SynthesisError
    from voicebot.words import WordsError

    return {
        ConfigError: WRONG_USAGE,
        ProfileError: WRONG_USAGE,
        WordsError: WRONG_USAGE,
        JournalError: WORK_FAILED,
        ScriptError: WRONG_USAGE,
        AudioError: WORK_FAILED,
        RecognitionError: WORK_FAILED,
        SynthesisError: WORK_FAILED,
        TelephonyError: WORK_FAILED,
    }


def moment(at: str) -> datetime | None:
    """Return the date and time of ``--at``, in Paris when it names no zone; ``None`` when it was not given.

    Raises:
        WrongUsage: it is not an ISO date and time.
    """
    if not at:
        return None
    try:
        found = datetime.fromisoformat(at)
    except ValueError as error:
        raise WrongUsage(f"--at {at!r}: write an ISO date and time such as 2026-11-24T10:00:00+01:00") from error
    return found if found.tzinfo is not None else found.replace(tzinfo=PARIS)


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run a command's work on an event loop, with logs on standard error (``VOICEBOT_LOG`` sets their level)."""
    level = os.environ.get("VOICEBOT_LOG", "WARNING").upper()
    logging.basicConfig(stream=sys.stderr, level=level, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    return asyncio.run(work)


def serve_logs(settings: "LogSettings") -> None:
    """Write logs as a service does: as configured, ``VOICEBOT_LOG`` before that for their level."""
    from voicebot.logs import write_logs

    level: Any = os.environ.get("VOICEBOT_LOG", settings.level).upper()
    write_logs(replace(settings, level=level))


def print_json(document: Any) -> None:
    """Print one JSON line."""
    sys.stdout.write(json.dumps(document, ensure_ascii=False) + "\n")
    sys.stdout.flush()


def console() -> Console:
    """Return a console for standard output; a file or a pipe gets full-width tables."""
    return Console(width=None if sys.stdout.isatty() else _PLAIN_WIDTH, highlight=False)
