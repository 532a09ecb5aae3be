"""A caller written down: what they say, press or keep quiet, turn by turn.

A script is a JSON or TOML document; ``load_script`` checks it whole and reports every mistake at once. A bare WAV is a
script too: each stretch of speech parted by a long silence is one turn, so that the caller's side of a recorded call
can be replayed whatever time the assistant now takes to answer.
"""

import hashlib
import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, TypeAlias, cast, get_args

from voicebot.telephony.base import TelephonyError, TransferResult

Advisers: TypeAlias = Literal["answer", "busy", "no_answer", "reject"]

ADVISERS: Mapping[Advisers, TransferResult] = {
    "answer": TransferResult.ANSWERED,
    "busy": TransferResult.BUSY,
    "no_answer": TransferResult.NO_ANSWER,
    "reject": TransferResult.REJECTED,
}
_KEYS = set("0123456789*#ABCD")
_SAYING = ("wav", "say", "keys", "silence_s")
_TURN_KEYS = {*_SAYING, "barge_in_s", "slot", "lang", "hangup"}
_TOP_KEYS = {"at", "caller", "called", "advisers", "turns"}


class ScriptError(TelephonyError):
    """A script that cannot be played; the message lists every mistake with its place."""


@dataclass(frozen=True, slots=True)
class ScriptTurn:
    """One turn of the caller: exactly one of ``wav``, ``say``, ``keys``, ``silence_s``, or a bare hang-up.

    ``barge_in_s``: start that many seconds after the assistant began to speak, instead of when it has finished.
    ``slot``: play it when the assistant asks for that slot. ``lang``: language of ``say``. ``hangup``: hang up after.
    """

    wav: Path | None = None
    say: str | None = None
    keys: str | None = None
    silence_s: float | None = None
    barge_in_s: float | None = None
    slot: str | None = None
    lang: str = "fr"
    hangup: bool = False


@dataclass(frozen=True, slots=True)
class Script:
    """A whole caller. ``digest`` identifies the content: call ids and references derive from it.

    ``advisers`` is what becomes of each attempt to reach one; the last is that of every later attempt.
    """

    turns: tuple[ScriptTurn, ...]
    digest: str
    at: datetime | None = None
    caller: str = ""
    called: str = ""
    advisers: tuple[Advisers, ...] = ("answer",)


def load_script(path: Path) -> Script:
    """Read and check a ``.json`` or ``.toml`` script; WAV paths in it are relative to its folder.

    Raises:
        ScriptError: the file is missing, is not JSON or TOML, or has mistakes (all of them are listed).
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise ScriptError(f"{path}: cannot be read ({error.strerror}); give the path of a script or a WAV") from error
    try:
        text = raw.decode("utf-8")
        document = json.loads(text) if path.suffix.lower() == ".json" else tomllib.loads(text)
    except (UnicodeDecodeError, json.JSONDecodeError, tomllib.TOMLDecodeError) as error:
        raise ScriptError(f"{path}: is not valid {path.suffix.lstrip('.').upper() or 'TOML'}: {error}") from error
    return parse_script(document, source=str(path), folder=path.parent)


def parse_script(document: object, *, source: str, folder: Path) -> Script:
    """Check a decoded script. ``source`` names it in errors; ``folder`` is where its WAV paths start.

    Raises:
        ScriptError: every mistake, one a line.
    """
    if not isinstance(document, dict):
        raise ScriptError(f"{source}: a script is a table with a list of turns, not {type(document).__name__}")
    faults = _Faults(source)
    faults.unknown_keys("", document, _TOP_KEYS)
    turns = _turns(document.get("turns"), faults, folder)
    script = Script(
        turns=turns,
        digest=_digest(document, turns),
        at=_moment(document.get("at"), faults),
        caller=faults.text("", document, "caller"),
        called=faults.text("", document, "called"),
        advisers=_advisers(document.get("advisers", "answer"), faults),
    )
    faults.raise_if_any()
    return script


class _Faults:
    """Mistakes found so far, so that all are told at once."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._messages: list[str] = []

    def add(self, where: str, what: str) -> None:
        place = f"{self._source}: {where}: " if where else f"{self._source}: "
        self._messages.append(place + what)

    def unknown_keys(self, where: str, table: Mapping[str, Any], known: set[str]) -> None:
        for key in sorted(set(table) - known):
            self.add(where, f"unknown key {key!r} (known: {', '.join(sorted(known))})")

    def text(self, where: str, table: Mapping[str, Any], key: str) -> str:
        value = table.get(key, "")
        if not isinstance(value, str):
            self.add(where, f"{key} must be a text, not {value!r}")
            return ""
        return value

    def seconds(self, where: str, table: Mapping[str, Any], key: str, most: float) -> float | None:
        value = table.get(key)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= most:
            self.add(where, f"{key} must be a number of seconds from 0 to {most:g}, not {value!r}")
            return None
        return float(value)

    def raise_if_any(self) -> None:
        if self._messages:
            raise ScriptError("\n".join(self._messages))


def _turns(value: object, faults: _Faults, folder: Path) -> tuple[ScriptTurn, ...]:
    if not isinstance(value, list):
        faults.add("", "turns must be a list (it may be empty: the caller then says nothing)")
        return ()
    found = []
    for number, entry in enumerate(value, start=1):
        where = f"turn {number}"
        if isinstance(entry, dict):
            found.append(_turn(where, entry, faults, folder))
        else:
            faults.add(where, f'must be a table such as {{say = "bonjour"}}, not {entry!r}')
    return tuple(found)


def _turn(where: str, entry: Mapping[str, Any], faults: _Faults, folder: Path) -> ScriptTurn:
    faults.unknown_keys(where, entry, _TURN_KEYS)
    hangup = entry.get("hangup", False)
    if not isinstance(hangup, bool):
        faults.add(where, f"hangup must be true or false, not {hangup!r}")
    given = [key for key in _SAYING if key in entry]
    if len(given) > 1 or (not given and hangup is not True):
        faults.add(where, f"needs exactly one of {', '.join(_SAYING)}, or hangup = true; it has {given or 'none'}")
    keys = faults.text(where, entry, "keys")
    if "keys" in entry and (not keys or set(keys) - _KEYS):
        faults.add(where, f"keys must be some of 0-9 * # A-D, not {entry['keys']!r}")
    wav = folder / faults.text(where, entry, "wav") if "wav" in entry else None
    if wav is not None and not wav.is_file():
        faults.add(where, f"no such file: {wav}")
    said = faults.text(where, entry, "say")
    if "say" in entry and not said.strip():
        faults.add(where, "say is empty; use silence_s to stay quiet")
    return ScriptTurn(
        wav=wav,
        say=said or None,
        keys=keys or None,
        silence_s=faults.seconds(where, entry, "silence_s", 300),
        barge_in_s=faults.seconds(where, entry, "barge_in_s", 60),
        slot=faults.text(where, entry, "slot") or None,
        lang=faults.text(where, entry, "lang") or "fr",
        hangup=hangup is True,
    )


def _moment(value: object, faults: _Faults) -> datetime | None:
    if value is None or isinstance(value, datetime):
        return value
    try:
        return datetime.fromisoformat(cast(str, value))
    except (TypeError, ValueError):
        faults.add("", f"at must be an ISO date and time such as 2026-11-24T10:00:00+01:00, not {value!r}")
        return None


def _advisers(value: object, faults: _Faults) -> tuple[Advisers, ...]:
    given = value if isinstance(value, list) and value else [value]
    for one in given:
        if not isinstance(one, str) or one not in ADVISERS:
            faults.add("", f"advisers must be one of {', '.join(get_args(Advisers))}, or a list of them, not {one!r}")
            return ("answer",)
    return tuple(cast(Advisers, one) for one in given)


def _digest(document: Mapping[str, Any], turns: tuple[ScriptTurn, ...]) -> str:
    content = hashlib.sha256(json.dumps(document, sort_keys=True, default=str).encode())
    for turn in turns:
        if turn.wav is not None and turn.wav.is_file():
            content.update(turn.wav.read_bytes())
    return content.hexdigest()
