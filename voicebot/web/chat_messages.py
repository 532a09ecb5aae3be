"""The messages of a chat as values, and as the JSON that the API and the widget exchange.

Each has a number in its conversation, from 1 without a gap, so that a visitor who comes back asks for what follows the
last one they have. Nothing here is HTML: whoever shows a message shows text.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any, Literal, TypeAlias

from voicebot.dialog.turns import Dictation, Expect, Link, Option, Record, Reply, Say

Kind: TypeAlias = Literal["answer", "notice", "survey", "end", "visitor"]
Entry: TypeAlias = Literal["text", "tel", "email"]

_OPINION = "avis"
_LINKS = ("https://", "http://", "mailto:", "tel:")


@dataclass(frozen=True, slots=True)
class Part:
    """Text in one language (a two-letter code)."""

    text: str
    lang: str = "fr"


@dataclass(frozen=True, slots=True)
class Choice:
    """A suggested answer: ``label`` is shown, ``text`` is what it says to the brain."""

    id: str
    label: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class Draft:
    """A message that has no number yet. ``entry`` is the kind of keyboard that suits the answer."""

    kind: Kind
    parts: tuple[Part, ...]
    links: tuple[Link, ...] = ()
    choices: tuple[Choice, ...] = ()
    entry: Entry = "text"
    important: bool = False
    references: tuple[str, ...] = ()
    client_id: str = ""

    @property
    def text(self) -> str:
        """The whole text."""
        return " ".join(part.text for part in self.parts)


@dataclass(frozen=True, slots=True)
class Message:
    """A message of a conversation."""

    seq: int
    at: datetime
    draft: Draft

    def to_json(self) -> dict[str, Any]:
        """Return it as the API gives it."""
        draft = self.draft
        return {
            "seq": self.seq,
            "at": self.at.isoformat(timespec="seconds"),
            "from": "visitor" if draft.kind == "visitor" else "assistant",
            "kind": draft.kind,
            "parts": [{"text": part.text, "lang": part.lang} for part in draft.parts],
            "links": [{"label": link.label, "url": link.url} for link in draft.links],
            "choices": [{"id": choice.id, "label": choice.label} for choice in draft.choices],
            "entry": draft.entry,
            "important": draft.important,
            "references": list(draft.references),
            "client_id": draft.client_id,
        }


def said(kind: Kind, text: str) -> Draft:
    """Return a plain message of the assistant."""
    return Draft(kind, (Part(text),))


def typed(text: str, client_id: str) -> Draft:
    """Return a message of the visitor."""
    return Draft("visitor", (Part(text),), client_id=client_id)


def answer(reply: Reply) -> Draft:
    """Return what the brain answered, as it is read."""
    return Draft(
        "survey" if reply.expect.slot == _OPINION else "answer",
        _parts(reply.says),
        tuple(dict.fromkeys(link for say in reply.says for link in say.links if link.url.startswith(_LINKS))),
        _choices(reply.expect),
        _entry(reply.expect),
        any(not say.barge_in for say in reply.says),
        tuple(action.reference for action in reply.actions if isinstance(action, Record)),
    )


def _parts(says: Sequence[Say]) -> tuple[Part, ...]:
    """Return one part for each run of sentences in the same language."""
    runs = groupby(says, key=lambda say: say.language)
    return tuple(Part(" ".join(say.written or say.text for say in run), lang) for lang, run in runs)


def _choices(expect: Expect) -> tuple[Choice, ...]:
    return tuple(Choice(one.id, _label(one), one.texts[0] if one.texts else one.id) for one in expect.options)


def _label(option: Option) -> str:
    label = option.label or (option.texts[0] if option.texts else option.id)
    return label[:1].upper() + label[1:]


def _entry(expect: Expect) -> Entry:
    if expect.slot == "email":
        return "email"
    if expect.slot == "telephone" and expect.dictation is Dictation.DIGITS:
        return "tel"
    return "text"
