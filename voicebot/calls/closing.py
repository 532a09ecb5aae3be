"""The last questions of a call, for whoever accepts them: a way of speaking to remember, news, what they thought of it.

``ClosingDialogue`` lets the conversation say goodbye, holds it back, asks, and gives it at last. It asks nothing after
an emergency, nor of someone who has left the line, and gives way to whoever asks for something else instead.
"""

import copy
import dataclasses
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from voicebot.calls.news import DECLINED, SUBSCRIBED, NewsSetting, Way, asks_to_stop, forbids, way_of
from voicebot.calls.ports import Dialogue
from voicebot.dialog.nlu.entities.emails import find_email
from voicebot.dialog.policy.evidence import pick
from voicebot.dialog.turns import (
    Context,
    Expect,
    HangUp,
    Heard,
    Opinion,
    Option,
    Prefer,
    Record,
    Reply,
    Say,
    Subscribe,
    Transfer,
    Unsubscribe,
)
from voicebot.dialog.wording import fold
from voicebot.words import NOWHERE, WordsFile

MARKS = ("1", "2", "3", "4", "5")
_MISSES = 2
_DIGITS = ("un", "deux", "trois", "quatre", "cinq")
_NO_INPUT_S = 7.0
_URGENT = "urgence"
_RIGHTS = "rgpd"
_SLOT = "avis"
_STOP = "retrait"
_MOST_QUESTIONS = 2
_OTHER_WORDS = 4
_GOODBYE_WORDS = 6
"""A goodbye is short: what is longer says something of the call."""
_OTHER_WISHES = ("rappel", "conseiller", "reclamation", "suivi", "rgpd")


@dataclass(frozen=True, slots=True)
class ClosingSentences:
    """What is said to close a call: one sentence for each question, and what leads from one to the next."""

    memoire: str
    memoire_oui: str
    nouvelles_sms: str
    nouvelles_numero: str
    nouvelles_adresse: str
    nouvelles_courriel: str
    courriel: str
    nouvelles_oui: str
    retrait: str
    retrait_oui: str
    retrait_non: str
    retrait_inconnu: str
    autre: str
    accord: str
    facile: str
    resolu: str
    note: str
    commentaire: str
    commentaire_oui: str
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


def load_closing(path: Path) -> ClosingSentences:
    """Read ``path`` (TOML: a sentence for each name).

    Raises:
        WordsError: the file is missing or invalid, or a sentence is missing or unknown.
    """
    file = WordsFile(path)
    sentences = file.texts("", dict.fromkeys(_NAMES, NOWHERE))
    written = file.texts("ecrit", dict.fromkeys(_NAMES, NOWHERE), partial=True)
    file.settle()
    return ClosingSentences(**sentences, written=written)


@dataclass(frozen=True, slots=True)
class ClosingSetting:
    """What may be asked: ``survey`` of everybody, ``remember`` of callers who can be known again, ``news`` to whom.

    ``known`` is what is remembered of this caller; ``marks`` the profile's words for yes and no.
    """

    sentences: ClosingSentences
    marks: Mapping[str, tuple[str, ...]]
    survey: bool = True
    remember: bool = False
    known: Mapping[str, str] = dataclasses.field(default_factory=dict)
    news: NewsSetting = dataclasses.field(default_factory=NewsSetting)


def remembered(context: Context, wishes: Mapping[str, str]) -> Context:
    """Return ``context`` for a caller whose way of being spoken to is remembered; what makes no sense is ignored."""
    numbers = {name: int(value) for name, value in wishes.items() if value.isdecimal()}
    return replace(
        context,
        pace=numbers.get("pace", 0),
        gain_db=float(numbers.get("gain_db", 0)),
        patient=bool(numbers.get("patient", 0)),
        plain=bool(numbers.get("plain", 0)),
        commune=wishes.get(SUBSCRIBED, ""),
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
        self._served = self._urgent = self._upset = self._asked = self._stopping = False
        self._on_hold = False
        self._commune = ""
        self._kept: tuple[Record, ...] = ()
        self._way: Way | None = None

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
        self._on_hold = True
        return self._dialogue.on_hold(queued)

    def returned(self, result: str) -> Reply:
        """Return what to say when a transfer failed and the caller is back."""
        self._on_hold = False
        return self._note(self._dialogue.returned(result))

    def left(self) -> tuple[Record, ...]:
        """Return what a caller who has hung up had said enough of to be kept."""
        return self._dialogue.left()

    def respond(self, heard: Heard) -> Reply:
        """Return the answer to one turn of the caller; goodbye said while advisers are rung asks nothing more."""
        # what is said on hold is answered on a fork, kept only when the caller leaves the queue by it
        on_hold, self._on_hold = self._on_hold, False
        if self._goodbye is not None:
            return self._answered(self._goodbye, heard)
        if self._stopping:
            return self._stop_confirmed(heard)
        if asks_to_stop(heard, self._setting.marks):
            return self._ask_to_stop()
        reply = self._note(self._dialogue.respond(heard))
        self._upset = self._upset or forbids(heard, reply.intent, self._setting.marks)
        ends = any(isinstance(action, HangUp) for action in reply.actions)
        if not ends or heard.silent or on_hold or self._urgent or self._asked:
            return reply
        self._questions = self._to_ask()
        if not self._questions:
            return reply
        # what was kept, or could not be, is told and done at once: whoever hangs up at a question has it all the same
        farewell = len(reply.says) - (reply.farewell or len(reply.says))
        kept = tuple(action for action in reply.actions if not isinstance(action, HangUp))
        self._asked, self._goodbye = True, replace(reply, says=reply.says[farewell:], actions=(HangUp(),))
        asked = self._ask()
        says = (*reply.says[:farewell], *asked.says)
        return replace(reply, says=says, actions=kept, expect=asked.expect, farewell=0)

    def _note(self, reply: Reply) -> Reply:
        kept = tuple(action for action in reply.actions if isinstance(action, Record))
        handed = [action for action in reply.actions if isinstance(action, Transfer)]
        self._served = self._served or reply.answered or bool(kept)
        self._kept += kept
        self._commune = reply.entities.get("commune") or self._commune
        self._urgent = self._urgent or reply.intent == _URGENT or any(one.reason == _URGENT for one in handed)
        self._manner = reply
        return reply

    def _to_ask(self) -> tuple[str, ...]:
        new = any(self._setting.known.get(name) != value for name, value in self._wishes().items())
        remember = ("memoire",) if self._setting.remember and new else ()
        self._way = way_of(self._setting.news, self._kept) if self._served and not self._upset else None
        news = ("nouvelles",) if self._way is not None else ()
        survey = ("accord",) if self._setting.survey and self._served else ()
        return (*remember, *news, *survey)[:_MOST_QUESTIONS]

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

    def _ask(self, before: str = "", *actions: Opinion | Prefer | Subscribe) -> Reply:
        """Put the next question, or say goodbye when there is none left."""
        says = (Say(before),) if before else ()
        if not self._questions:
            return self._leave(says, actions)
        question = self._questions[0]
        expect = Expect("email" if question == "courriel" else _SLOT, self._options(question), no_input_s=_NO_INPUT_S)
        says = (*says, Say(self._sentence(question)))
        # whoever looks for their words is not cut off
        patient = self._manner.patient or question == "commentaire"
        return replace(self._plain(), says=says, actions=actions, expect=expect, patient=patient)

    def _sentence(self, question: str) -> str:
        name = self._way.question if question == "nouvelles" and self._way is not None else question
        return str(getattr(self._setting.sentences, name))

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
        if question in ("commentaire", "courriel"):
            return ()
        if question == "note":
            return tuple(Option(mark, (word, mark), mark, mark) for word, mark in zip(_DIGITS, MARKS, strict=True))
        marks = self._setting.marks
        return (Option("oui", marks["oui"], "Oui", "1"), Option("non", marks["non"], "Non", "2"))

    def _leave(self, says: tuple[Say, ...], actions: tuple[Opinion | Prefer | Subscribe, ...]) -> Reply:
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
        if question == "courriel" and (address := find_email(heard.text)) is not None:
            return replace(self._subscribe(address), entities={"email": address})
        other = self._something_else(heard, spoken_freely=question == "commentaire")
        if other is not None:
            return other
        if question == "commentaire":
            return self._comment(heard)
        self._misses += 1
        if self._misses >= _MISSES:
            self._questions = self._questions[1:] if question in ("nouvelles", "courriel") else ()
            self._misses = 0
            return self._ask()
        return self._ask(self._setting.sentences.pardon)

    def _comment(self, heard: Heard) -> Reply:
        """Keep what was said as the comment; yes alone begins one, and neither no nor goodbye is one."""
        sentences, marks = self._setting.sentences, self._setting.marks
        if heard.keys == "1" or _nothing_but(heard.text, marks["oui"]):
            return replace(self._ask(), says=(Say(sentences.commentaire_oui),))
        self._questions = ()
        declines = heard.keys or self._declines(heard)
        return self._ask(sentences.merci, *(() if declines else (Opinion("commentaire", heard.text),)))

    def _declines(self, heard: Heard) -> bool:
        marks = self._setting.marks
        if _nothing_but(heard.text, (*marks["non"], *marks["rien"])):
            return True
        short = len(fold(heard.text).split()) <= _GOODBYE_WORDS
        return short and self._dialogue.fork().respond(heard).intent in ("non", "au_revoir")

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
        if question == "nouvelles" and value == "non":
            return self._ask("", Prefer(DECLINED, "1")) if self._setting.remember else self._ask()
        if question == "nouvelles" and self._way is not None:
            if self._way.address:
                return self._subscribe(self._way.address, taken=True)
            self._questions = ("courriel", *self._questions)
            return self._ask()
        if question == "accord":
            self._questions = ("facile", "resolu", "note", "commentaire") if value == "oui" else ()
            return self._ask()
        score = int(value) if question == "note" else int(value == "oui")
        return self._ask("", Opinion("global" if question == "note" else question, score))

    # -- messages to receive later, or no longer -----------------------------------------------------------------

    def _subscribe(self, address: str, *, taken: bool = False) -> Reply:
        """Note that the caller agrees to be told of news at ``address``; ``taken``: the question is behind already."""
        assert self._way is not None  # noqa: S101 - the question was put for a way
        self._questions = self._questions if taken else self._questions[1:]
        self._misses = 0
        wording = self._sentence("nouvelles")
        return self._ask(
            self._setting.sentences.nouvelles_oui, Subscribe(self._way.channel, address, wording, self._commune)
        )

    def _ask_to_stop(self) -> Reply:
        """Have the caller confirm that they want no more messages; whoever cannot be known is told how to."""
        sentences, before = self._setting.sentences, self._manner
        if not self._setting.news.caller:
            said = (Say(sentences.retrait_inconnu), *self._taken_up())
            return replace(before, says=said, actions=(), intent=_RIGHTS, confidence=1.0, answered=True)
        self._stopping, self._misses = True, 0
        expect = Expect(_STOP, self._options(_STOP), no_input_s=_NO_INPUT_S)
        plain = replace(self._plain(), says=(Say(sentences.retrait),), expect=expect)
        return replace(plain, intent=_RIGHTS, confidence=1.0, whole=True)

    def _stop_confirmed(self, heard: Heard) -> Reply:
        """Take the answer to whether the caller wants no more messages, then go on from where they were."""
        picked = pick(heard, self._options(_STOP))
        sentences, before = self._setting.sentences, self._manner
        if picked is None and not heard.silent and self._misses == 0:
            self._misses = 1
            expect = Expect(_STOP, self._options(_STOP), no_input_s=_NO_INPUT_S)
            return replace(self._plain(), says=(Say(sentences.pardon), Say(sentences.retrait)), expect=expect)
        self._stopping, self._misses = False, 0
        stops = picked is not None and picked.id == "oui"
        said = Say(sentences.retrait_oui if stops else sentences.retrait_non)
        self._asked = True  # nothing more is offered to whoever wants to be left alone
        actions = (Unsubscribe(),) if stops else ()
        return replace(
            self._plain(),
            says=(said, *self._taken_up()),
            actions=actions,
            expect=before.expect,
            answered=stops,
            whole=True,
        )

    def _taken_up(self) -> tuple[Say, ...]:
        """Return what puts the question that was being asked again, or asks for anything else."""
        before = self._manner
        in_question = before.expect.slot is not None or (before.expect.options and not before.expect.more)
        return before.says if in_question else (Say(self._setting.sentences.autre),)


def _nothing_but(text: str, phrases: Iterable[str]) -> bool:
    """Tell whether each part of the sentence, and there is one, is one of the phrases."""
    known = set(map(fold, phrases))
    parts = [part for part in map(fold, re.split(r"[,;.!?]", text)) if part]
    return bool(parts) and known.issuperset(parts)
