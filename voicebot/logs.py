"""What the program writes of its own working: plain lines, or one JSON object a line, with the call they belong to.

Nothing written is to name a person; as a last defence, whole telephone numbers and e-mail addresses are masked in every
line, tracebacks included.
"""

import json
import logging
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

_NUMBER = re.compile(r"(?<![\w.:\-])(?:\+|00)?\d(?:[\s./]?\d){8,13}(?![\w:\-])")
_EMAIL = re.compile(r"(?<!sip:)(?<!sips:)\b[\w.+-]+@[\w-]+\.[\w.-]+\b")
_TEXT = "%(asctime)s %(levelname)s %(name)s: %(message)s"
_SHORTEST_CALL = 12
"""Characters: a shorter id could be a part of a telephone number."""

_call: ContextVar[str] = ContextVar("call", default="")


@dataclass(frozen=True, slots=True)
class LogSettings:
    """``format`` of the lines on standard error, and the least ``level`` written."""

    format: Literal["text", "json"] = "text"
    level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"


@contextmanager
def on_call(call_id: str) -> Iterator[None]:
    """Mark what is logged here, and in the tasks and threads begun here, as of this call or conversation."""
    mark = _call.set(call_id)
    try:
        yield
    finally:
        _call.reset(mark)


def without_persons(text: str) -> str:
    """Return ``text`` with telephone numbers and e-mail addresses masked."""
    return _EMAIL.sub("••@••", _NUMBER.sub("••", text))


def _told(text: str) -> str:
    """Return ``text`` without persons, but for the id of its call: a SIP Call-ID looks like an e-mail address."""
    call = _call.get()
    if len(call) < _SHORTEST_CALL:
        return without_persons(text)
    return call.join(without_persons(part) for part in text.split(call))


class TextLines(logging.Formatter):
    """One line of text, and the traceback when there is one."""

    def __init__(self) -> None:
        super().__init__(_TEXT)

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, nobody named."""
        call = _call.get()
        return _told(super().format(record) + (f" [{call}]" if call else ""))


class JsonLines(logging.Formatter):
    """One JSON object a line: ``at``, ``level``, ``logger``, ``message``, ``call`` and ``trace`` when there are any."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the object, nobody named."""
        line = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": _told(record.getMessage()),
        }
        if _call.get():
            line["call"] = _call.get()
        if record.exc_info:
            line["trace"] = _told(self.formatException(record.exc_info))
        return json.dumps(line, ensure_ascii=False)


def write_logs(settings: LogSettings) -> None:
    """Write the program's logs to standard error as ``settings`` say, instead of as before."""
    lines = logging.StreamHandler(sys.stderr)
    lines.setFormatter(JsonLines() if settings.format == "json" else TextLines())
    root = logging.getLogger()
    root.handlers[:] = [lines]
    root.setLevel(settings.level)
