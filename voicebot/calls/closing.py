"""The last questions of a call, for whoever accepts them: a way of speaking to remember, then what they thought of it.

``ClosingDialogue`` lets the conversation say goodbye, holds it back, asks, and gives it at last. It asks nothing after
an emergency, nor of someone who has left the line, and gives way to whoever asks for something else instead.
"""

import copy
import dataclasses
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from voicebot.calls.ports import Dialogue
from voicebot.dialog.policy.evidence import pick
from voicebot.dialog.turns import Context, Expect, HangUp, Heard, Opinion, Option, Prefer, Record, Reply, Say, Transfer

MARKS = ("1", "2", "3", "4", "5")
_MISSES = 2
_DIGITS = ("un", "deux", "trois", "quatre", "cinq")
_NO_INPUT_S = 7.0
_URGENT = "urgence"
_OTHER_WORDS = 4
_OTHER_WISHES = ("rappel", "conseiller", "reclamation", "suivi", "rgpd")


class ClosingError(Exception):
    """The sentences that close a call cannot be used; the message says why."""


@dataclass(frozen=True, slots=True)
class ClosingSentences:
    """What is said to close a call: one sentence for each question, and what leads from one to the next."""

    memoire: str
    memoire_oui: str
    accord: str
    facile: str
    resolu: str
    note: str
    commentaire: str
    pardon: str
    merci: str
    written: Mapping[str, str] = dataclasses.field(default_factory=dict)
    """What the chat writes instead, by name."""

    def in_writing(self) -> "ClosingSentences":
        """Return the same sentences as the chat writes them."""
        texts: dict[str, Any] = dict(self.written)
        return replace(self, **texts)

    def all(self) -> tuple[str, ...]:
        """Every sentence, for rendering ahead."""
        return tuple(getattr(self, name) for name in _NAMES)


_NAMES = tuple(entry.name for entry in dataclasses.fields(ClosingSentences) if entry.name != "written")
_WRITTEN = "ecrit"


def load_closing(path: Path) -> ClosingSentences:
    """Read ``path`` (TOML: a sentence for each name).

    Raises:
        ClosingError: the file is missing or invalid, or a sentence is missing or unknown.
    """
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ClosingError(f"{path}: cannot be read: {error}") from error
    written = document.pop(_WRITTEN, {})
    faults = [f"{name}: unknown (known: {', '.join(_NAMES)})" for name in sorted(set(document) - set(_NAMES))]
    faults += [f"{name}: must be a sentence" for name in _NAMES if not isinstance(document.get(name), str)]
    faults += [f"{_WRITTEN}.{name}: unknown" for name in sorted(set(written) - set(_NAMES))]
    faults += [f"{_WRITTEN}.{name}: must be a sentence" for name, text in written.items() if not isinstance(text, str)]
    if faults:
        raise ClosingError("\n".join(f"{path}: {fault}" for fault in faults))
    return ClosingSentences(**{name: document[name] for name in _NAMES}, written=written)


@dataclass(frozen=True, slots=True)
class ClosingSetting:
    """What may be asked: ``survey`` of everybody, ``remember`` of callers who can be known again.

    ``known`` is what is remembered of this caller; ``marks`` the profile's words for yes and no.
    """

    sentences: ClosingSentences
    marks: Mapping[str, tuple[str, ...]]
    survey: bool = True
    remember: bool = False
    known: Mapping[str, str] = dataclasses.field(default_factory=dict)


def remembered(context: Context, wishes: Mapping[str, str]) -> Context:
    """Return ``context`` for a caller whose way of being spoken to is remembered; what makes no sense is ignored."""
    numbers = {name: int(value) for name, value in wishes.items() if value.isdecimal()}
    return replace(
        context,
        pace=numbers.get("pace", 0),
        gain_db=float(numbers.get("gain_db", 0)),
        patient=bool(numbers.get("patient", 0)),
        plain=bool(numbers.get("plain", 0)),
    )


class ClosingDialogue:
    """A conversation with its last questions. Synchronous; called from one thread at a time."""

    def __init__(self, dialogue: Dialogue, setting: ClosingSetting) -> None:
        self._dialogue = dialogue
        self._setting = setting
        self._goodbye: Reply | None = None
        self._questions: tuple[str, ...] = ()
        self._misses = 0
        self._manner = Reply(())
        self._served = self._urgent = self._asked = False

    def fork(self) -> "ClosingDialogue":
        """Return the same conversation apart."""
        other = copy.copy(self)
        other._dialogue = self._dialogue.fork()
        return other

    def greet(self) -> Reply:
        """Return the opening words."""
        return self._note(self._dialogue.greet())

    def on_hold(self, queued: tuple[int, int | None] | None) -> Reply:
        """Return what to tell a caller who waits for an adviser, and what they may answer."""
        return self._dialogue.on_hold(queued)

    def returned(self, result: str) -> Reply:
        """Return what to say when a transfer failed and the caller is back."""
        return self._note(self._dialogue.returned(result))

    def respond(self, heard: Heard) -> Reply:
        """Return the answer to one turn of the caller."""
        if self._goodbye is not None:
            return self._answered(self._goodbye, heard)
        reply = self._note(self._dialogue.respond(heard))
        ends = any(isinstance(action, HangUp) for action in reply.actions)
        if not ends or heard.silent or self._urgent or self._asked:
            return reply
        self._questions = self._to_ask()
        if not self._questions:
            return reply
        self._asked, self._goodbye = True, reply
        asked = self._ask()
        return replace(reply, says=asked.says, actions=(), expect=asked.expect)

    def _note(self, reply: Reply) -> Reply:
        kept = any(isinstance(action, Record) for action in reply.actions)
        handed = [action for action in reply.actions if isinstance(action, Transfer)]
        self._served = self._served or reply.answered or kept
        self._urgent = self._urgent or reply.intent == _URGENT or any(one.reason == _URGENT for one in handed)
        self._manner = reply
        return reply

    def _to_ask(self) -> tuple[str, ...]:
        new = any(self._setting.known.get(name) != value for name, value in self._wishes().items())
        remember = ("memoire",) if self._setting.remember and new else ()
        survey = ("accord",) if self._setting.survey and self._served else ()
        return (*remember, *survey)

    def _wishes(self) -> dict[str, str]:
        """Return how the caller asked to be spoken to, as it would be remembered."""
        manner = self._manner
        told = {
            "pace": manner.pace,
            "gain_db": round(manner.gain_db),
            "patient": int(manner.patient),
            "plain": int(manner.plain),
        }
        return {name: str(value) for name, value in told.items() if value}

    # -- the questions ----------------------------------------------------------------------------------------

    def _ask(self, before: str = "", *actions: Opinion | Prefer) -> Reply:
        """Put the next question, or say goodbye when there is none left."""
        says = (Say(before),) if before else ()
        if not self._questions:
            return self._leave(says, actions)
        question = self._questions[0]
        expect = Expect("avis", self._options(question), no_input_s=_NO_INPUT_S)
        says = (*says, Say(getattr(self._setting.sentences, question)))
        return replace(self._plain(), says=says, actions=actions, expect=expect)

    def _plain(self) -> Reply:
        spoken_to = self._manner
        return Reply(
            (),
            pace=spoken_to.pace,
            gain_db=spoken_to.gain_db,
            patient=spoken_to.patient,
            plain=spoken_to.plain,
        )

    def _options(self, question: str) -> tuple[Option, ...]:
        if question == "commentaire":
            return ()
        if question == "note":
            return tuple(Option(mark, (word, mark), mark, mark) for word, mark in zip(_DIGITS, MARKS, strict=True))
        marks = self._setting.marks
        return (Option("oui", marks["oui"], "Oui", "1"), Option("non", marks["non"], "Non", "2"))

    def _leave(self, says: tuple[Say, ...], actions: tuple[Opinion | Prefer, ...]) -> Reply:
        goodbye, self._goodbye = self._goodbye or self._plain(), None
        return replace(self._plain(), says=(*says, *goodbye.says), actions=(*actions, *goodbye.actions))

    def _answered(self, goodbye: Reply, heard: Heard) -> Reply:
        question = self._questions[0]
        silent = heard.silent or not (heard.text.strip() or heard.choices or heard.keys)
        if silent:
            self._questions = ()
            return self._ask()
        options = self._options(question)
        picked = pick(heard, options) if options else None
        if picked is not None and picked.sure:
            return replace(self._take(question, picked.id), whole=True)
        if heard.keys == "#":
            return self._ask()
        other = self._something_else(heard, spoken_freely=question == "commentaire")
        if other is not None:
            return other
        if question == "commentaire":
            self._questions = ()
            said = () if heard.keys else (Opinion("commentaire", heard.text),)
            return self._ask(self._setting.sentences.merci, *said)
        self._misses += 1
        if self._misses >= _MISSES:
            self._questions = ()
            return self._ask()
        return self._ask(self._setting.sentences.pardon)

    def _something_else(self, heard: Heard, *, spoken_freely: bool) -> Reply | None:
        """Return the conversation's answer when the caller wants something else: it goes on, and ends later."""
        if heard.keys and heard.keys not in ("0", "*"):
            return None
        apart = self._dialogue.fork()
        reply = apart.respond(heard)
        asks = reply.intent is not None and ("." in reply.intent or reply.intent in _OTHER_WISHES)
        request = asks and len(heard.text.split()) >= _OTHER_WORDS
        if not (heard.keys or reply.intent == _URGENT or (request and not spoken_freely and not reply.lost)):
            return None
        self._dialogue, self._goodbye = apart, None
        return self._note(reply)

    def _take(self, question: str, value: str) -> Reply:
        sentences = self._setting.sentences
        self._questions, self._misses = self._questions[1:], 0
        if question == "memoire":
            wishes = tuple(Prefer(name, wish) for name, wish in sorted(self._wishes().items()))
            return self._ask(sentences.memoire_oui, *wishes) if value == "oui" else self._ask()
        if question == "accord":
            self._questions = ("facile", "resolu", "note", "commentaire") if value == "oui" else ()
            return self._ask()
        score = int(value) if question == "note" else int(value == "oui")
        return self._ask("", Opinion("global" if question == "note" else question, score))
