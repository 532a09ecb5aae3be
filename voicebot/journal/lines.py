"""One event as one line of JSON, sealed: what the spool holds and the database is filled from.

A line is ``{"v": 1, "kind": ..., "row": {...}}`` where the row is named after the columns it goes to. Nothing in it
names a caller: numbers are pseudonyms, coordinates are encrypted. ``v`` lets a later version read an older spool.
"""

import json
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from voicebot.clock import PARIS
from voicebot.journal.events import (
    Agreed,
    ContactEnded,
    ContactStarted,
    Event,
    Kept,
    Posted,
    Preferred,
    Surveyed,
    TurnAnswered,
    TurnHeard,
    Withdrew,
)
from voicebot.journal.seal import PRIVATE_SLOTS, Seal, mask, masked, storable

VERSION = 1
_LARGEST_INT = 2**31 - 1
_SENTENCES = re.compile(r"(?<=[.?!…])\s+")


class BadLine(ValueError):
    """A line of the spool that is not one of ours, or was cut."""


@dataclass(frozen=True, slots=True)
class Line:
    """A decoded line: moments are UTC datetimes again."""

    kind: str
    row: Mapping[str, Any]


def encode(event: Event, seal: Seal) -> bytes:
    """Return ``event`` sealed, as one line with its end."""
    kind, row = _SEALED[type(event)](event, seal)
    line = {"v": VERSION, "kind": kind, "row": _storable(row)}
    return json.dumps(line, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode() + b"\n"


def line_of(event: Event, seal: Seal) -> Line:
    """Return what ``encode`` writes of ``event`` as ``decode`` gives it back, when nothing in it is unstorable."""
    kind, row = _SEALED[type(event)](event, seal)
    row.update({name: datetime.fromisoformat(row[name]) for name in KINDS[kind] if row[name] is not None})
    return Line(kind, row)


def decode(line: bytes) -> Line:
    """Return a line read back.

    Raises:
        BadLine: it is not one of ours.
    """
    try:
        document = json.loads(line)
        kind, row = document["kind"], document["row"]
        if document["v"] != VERSION or kind not in KINDS or not isinstance(row, dict):
            raise BadLine(f"unknown kind {kind!r} or version {document['v']!r}")
        row.update({name: datetime.fromisoformat(row[name]) for name in KINDS[kind] if row[name] is not None})
    except (ValueError, KeyError, TypeError) as error:
        raise BadLine(str(error)) from error
    return Line(kind, row)


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).isoformat()


def _local(at: datetime) -> dict[str, Any]:
    local = at.astimezone(PARIS)
    return {"day": local.date().isoformat(), "hour": local.hour}


def _started(event: ContactStarted, seal: Seal) -> tuple[str, dict[str, Any]]:
    return "started", {
        "id": event.contact,
        "call": event.call,
        "channel": event.channel,
        "called": event.called,
        "person": seal.pseudonym(event.caller),
        "profile": event.profile,
        "started_at": _moment(event.at),
        **_local(event.at),
    }


def _turn(event: TurnHeard, seal: Seal) -> tuple[str, dict[str, Any]]:
    return "turn", {
        "contact_id": event.contact,
        "seq": event.seq,
        "at": _moment(event.at),
        "day": _local(event.at)["day"],
        "t_s": event.t_s,
        "channel": event.channel,
        "heard": kept_of_heard(event.heard, event.intent, event.entities),
        "confidence": event.confidence,
        "intent": event.intent,
        "entities": _without_private(event.entities),
        "said": kept_of_said(event.said, event.entities),
        "understood": event.understood,
        "interrupted": event.interrupted,
        "delay_ms": event.delay_ms,
    }


def kept_of_heard(heard: str, intent: str | None, entities: Mapping[str, str]) -> str:
    """Return what may be kept or shown of what was heard: the answer to a question about coordinates is masked whole.

    It may be spelt or said in any way ("zéro six, douze…"), so it cannot be found among the words.
    """
    private = _private(entities)
    if intent is None and private:
        return ", ".join(mask(name, value) for name, value in private.items())
    return _hidden(heard, private)


def kept_of_said(said: str, entities: Mapping[str, str]) -> str:
    """Return what may be kept or shown of what was said: the coordinates read back are masked."""
    private = _private(entities)
    said = _hidden(said, private)
    if "email" in private:  # read back letter by letter or word by word: "…, arobase, …"
        said = " ".join(mask("email", "") if "arobase" in part else part for part in _SENTENCES.split(said))
    return said


def _private(entities: Mapping[str, str]) -> dict[str, str]:
    return {name: entities[name] for name in PRIVATE_SLOTS if entities.get(name)}


def _hidden(text: str, private: Mapping[str, str]) -> str:
    for name, value in private.items():
        text = re.sub(re.escape(value), mask(name, value), text, flags=re.IGNORECASE)
    return masked(text)


def _answered(event: TurnAnswered, seal: Seal) -> tuple[str, dict[str, Any]]:
    parts_ms = {name: round(part_s * 1000) for name, part_s in event.parts_s.items()}
    return "answered", {
        "contact_id": event.contact,
        "seq": event.seq,
        "delay_ms": event.delay_ms,
        "parts_ms": parts_ms,
    }


def _kept(event: Kept, seal: Seal) -> tuple[str, dict[str, Any]]:
    private = _private(event.slots)
    return "kept", {
        "id": f"{event.contact}:{event.seq}",
        "contact_id": event.contact,
        "seq": event.seq,
        "type": event.type,
        "reference": event.reference,
        "reference_key": reference_key(event.reference),
        "form": event.form,
        "profile": event.profile,
        "person": seal.pseudonym(event.slots.get("telephone", "")) or seal.pseudonym(event.caller),
        "slots": _without_private(event.slots),
        "booked_day": event.slots.get("date") or None,
        "booked_moment": event.slots.get("heure") or None,
        "opened_at": _moment(event.at),
        "coordinates": seal.close(private) if private else None,
        "voice": None if event.voice is None else asdict(event.voice),
    }


def _surveyed(event: Surveyed, seal: Seal) -> tuple[str, dict[str, Any]]:
    return "surveyed", {
        "contact_id": event.contact,
        "seq": event.seq,
        "at": _moment(event.at),
        "day": _local(event.at)["day"],
        "question": event.question,
        "score": event.score,
        "comment": masked(event.comment),
    }


def _preferred(event: Preferred, seal: Seal) -> tuple[str, dict[str, Any]]:
    return "preferred", {
        "person": seal.pseudonym(event.caller),
        "name": event.name,
        "value": event.value,
        "consented_at": _moment(event.at),
    }


def _agreed(event: Agreed, seal: Seal) -> tuple[str, dict[str, Any]]:
    return "agreed", {
        "person": seal.person(event.person),
        "purpose": event.purpose,
        "channel": event.channel,
        "consented_at": _moment(event.at),
        "source": event.source,
        "commune": event.commune,
        "wording": event.wording,
        "token": seal.close({event.channel: event.address}),
    }


def _withdrew(event: Withdrew, seal: Seal) -> tuple[str, dict[str, Any]]:
    return "withdrew", {"person": seal.person(event.person), "purpose": event.purpose, "at": _moment(event.at)}


def _ended(event: ContactEnded, seal: Seal) -> tuple[str, dict[str, Any]]:
    target, result = event.transfer or (None, None)
    return "ended", {
        "id": event.contact,
        "ended_at": _moment(event.at),
        "duration_s": event.duration_s,
        "outcome": event.outcome,
        **asdict(event.typing),
        "transfer_target": target,
        "transfer_result": result,
        "mos": None if event.quality is None else event.quality.mos,
        "quality": None if event.quality is None else asdict(event.quality),
    }


def _posted(event: Posted, seal: Seal) -> tuple[str, dict[str, Any]]:
    return "posted", {
        "id": event.key,
        "kind": event.kind,
        "name": event.name,
        "about": event.about,
        "person": seal.pseudonym(event.number),
        "token": event.token,
        "queued_at": _moment(event.at),
        "due_at": _moment(event.at),
    }


_SEALED: dict[type, Callable[[Any, Seal], tuple[str, dict[str, Any]]]] = {
    ContactStarted: _started,
    TurnHeard: _turn,
    TurnAnswered: _answered,
    Kept: _kept,
    Surveyed: _surveyed,
    Preferred: _preferred,
    Agreed: _agreed,
    Withdrew: _withdrew,
    ContactEnded: _ended,
    Posted: _posted,
}

KINDS: dict[str, tuple[str, ...]] = {
    "started": ("started_at",),
    "turn": ("at",),
    "answered": (),
    "kept": ("opened_at",),
    "surveyed": ("at",),
    "preferred": ("consented_at",),
    "agreed": ("consented_at",),
    "withdrew": ("at",),
    "ended": ("ended_at",),
    "posted": ("queued_at", "due_at"),
}
"""The kinds of lines, each with its columns that are moments."""


def reference_key(reference: str) -> str:
    """Return a reference as it is looked up: capitals and digits alone ("D-472" and "d 472" are the same)."""
    return "".join(letter for letter in reference.upper() if letter.isalnum())


def _without_private(values: Mapping[str, str]) -> dict[str, str]:
    return {
        name: mask(name, value) if name in PRIVATE_SLOTS else masked(value) if isinstance(value, str) else value
        for name, value in values.items()
    }


def _storable(value: Any) -> Any:
    match value:
        case str():
            return storable(value)
        case bool():
            return value
        case int():
            return max(-_LARGEST_INT, min(_LARGEST_INT, value))
        case float():
            return value if math.isfinite(value) else None
        case Mapping():
            return {storable(str(name)): _storable(inner) for name, inner in value.items()}
        case list() | tuple():
            return [_storable(inner) for inner in value]
    return value
