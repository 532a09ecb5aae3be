"""A message spoken after the beep: consent first, then the recording, then what the caller wants done with it.

``MessageDialogue`` wraps the conversation. It takes over when a menu or the brain leads to a message, or when the
caller asks to leave one, and gives the conversation back once the message is kept, erased or refused. It records
nothing itself: its replies ask the call to (``RecordVoice``, ``PlayVoice``, ``KeepVoice``, ``DropVoice``), which tells
it what came of it by ``Heard.voiced``. Where nothing can be recorded, or the caller refuses, a callback is noted.
"""

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from voicebot.calls.menus import GuidedDialogue, manner_of
from voicebot.calls.message_words import AGAIN, CHOICES, ERASE, KEEP, LISTEN, MessageWords, spoken_duration
from voicebot.dialog.policy.evidence import pick
from voicebot.dialog.turns import (
    Action,
    Ask,
    Clarify,
    DropVoice,
    Expect,
    Heard,
    KeepVoice,
    LeaveMessage,
    Option,
    PlayVoice,
    Record,
    RecordVoice,
    Reply,
    Say,
    Voiced,
)
from voicebot.dialog.wording import contains, fold, spelled

FORM = "message"
"""What stands for a form in the record of a message."""

_MARK, _LEFT_MARK = "laisser_message", "message_deja_laisse"
_URGENT = "urgence"
_CONSENT, _NUMBER, _SPEAKING, _REVIEW, _KEEPING = "accord", "numero", "message", "choix", "gardé"
_MISSES = 2
_NO_INPUT_S = 7.0
_OTHER_WORDS = 4


@dataclass(frozen=True, slots=True)
class Messages:
    """How messages are taken: the sentences, whether one could be recorded now, for how many days, how long at most."""

    words: MessageWords
    ready: Callable[[], bool]
    days: int = 30
    longest_s: float = 120.0


@dataclass(frozen=True, slots=True)
class MessageSetting:
    """What leaving a message needs to know of the call.

    ``marks`` are the profile's words for yes, no, and for a message to leave or left before; ``new_reference`` gives a
    fresh spoken reference; ``caller`` is the caller's number, empty when withheld.
    """

    messages: Messages
    marks: Mapping[str, tuple[str, ...]]
    new_reference: Callable[[], str]
    caller: str = ""


class MessageDialogue:
    """A conversation in which a message can be left. Synchronous; called from one thread at a time."""

    def __init__(self, dialogue: GuidedDialogue, setting: MessageSetting) -> None:
        self._dialogue = dialogue
        self._setting = setting
        self._stage = ""
        self._misses = 0
        self._unheard = 0
        self._record: Record | None = None
        self._voice: Voiced | None = None
        self._by_keys = False
        self._manner = Reply(())

    def fork(self) -> "MessageDialogue":
        """Return the same conversation apart."""
        other = copy.copy(self)
        other._dialogue = self._dialogue.fork()
        return other

    def greet(self) -> Reply:
        """Return the opening words."""
        return self._noted(self._dialogue.greet())

    def on_hold(self, queued: tuple[int, int | None] | None) -> Reply:
        """Return what to tell a caller who waits for an adviser, and what they may answer."""
        return self._noted(self._dialogue.on_hold(queued))

    def returned(self, result: str) -> Reply:
        """Return what to say when a transfer failed and the caller is back."""
        return self._noted(self._dialogue.returned(result))

    def left(self) -> tuple[Record, ...]:
        """Return what a caller who has hung up had said enough of to be kept."""
        return self._dialogue.left()

    def respond(self, heard: Heard) -> Reply:
        """Return the answer to one turn of the caller, or to what came of a recording."""
        if heard.voiced is not None:
            return self._take_voice(heard.voiced)
        self._by_keys = bool(heard.keys) or (heard.silent and self._by_keys)
        if self._stage in (_CONSENT, _NUMBER, _REVIEW):
            return self._answered(heard)
        return self._passed_on(heard)

    # -- from the conversation to the message and back --------------------------------------------------------

    def _passed_on(self, heard: Heard) -> Reply:
        wants = self._says(heard, _MARK) and not self._says(heard, _LEFT_MARK)
        apart = self._dialogue.fork() if wants else self._dialogue
        reply = apart.respond(heard)
        if wants and reply.intent != _URGENT:
            # a message asked for is no turn that was not understood
            intent = None if reply.intent == "hors_sujet" else reply.intent
            return replace(self._begin(), whole=True, intent=intent, confidence=reply.confidence)
        self._dialogue = apart
        self._noted(reply)
        if any(isinstance(action, LeaveMessage) for action in reply.actions):
            return replace(self._begin(reply.says), whole=reply.whole)
        return reply

    def _says(self, heard: Heard, mark: str) -> bool:
        folded = fold(heard.text)
        return any(contains(folded, phrase) for phrase in self._setting.marks.get(mark, ()))

    def _begin(self, says: tuple[Say, ...] = ()) -> Reply:
        """Ask for consent, or say that nothing can be recorded and note a callback."""
        self._unheard, self._record, self._voice = 0, None, None
        if not self._setting.messages.ready():
            return self._call_back(self._setting.messages.words.indisponible, says)
        return self._ask(_CONSENT, *says)

    def _call_back(self, why: str, says: tuple[Say, ...] = (), *actions: Action) -> Reply:
        self._stage = ""
        reply = self._noted(self._dialogue.callback(by_keys=self._by_keys))
        return replace(reply, says=(*says, Say(why), *reply.says), actions=(*actions, *reply.actions))

    def _give_back(self, words: str, *actions: Action) -> Reply:
        """Give the conversation back after ``words``."""
        self._stage = ""
        reply = self._noted(self._dialogue.go_on((Say(words),)))
        return replace(reply, actions=(*actions, *reply.actions))

    def _noted(self, reply: Reply) -> Reply:
        self._manner = reply
        return reply

    # -- the questions ----------------------------------------------------------------------------------------

    def _ask(self, stage: str, *says: Say) -> Reply:
        """Put the question of ``stage`` after ``says``."""
        if stage != self._stage:
            self._misses = 0
        self._stage = stage
        words, setting = self._setting.messages.words, self._setting
        question = {
            _CONSENT: words.accord.replace("{jours}", str(setting.messages.days)),
            _NUMBER: words.numero.replace("{fin}", setting.caller[-2:]),
            _REVIEW: words.choix,
        }[stage]
        wait_s = _NO_INPUT_S * (2 if self._manner.patient else 1)
        expect = Expect(stage, self._options(stage), no_input_s=wait_s)
        return self._reply((*says, Say(question)), Ask(stage, FORM), expect=expect)

    def _options(self, stage: str) -> tuple[Option, ...]:
        if stage == _REVIEW:
            named = self._setting.messages.words.choices
            return tuple(
                Option(choice, named[choice], named[choice][0].capitalize(), str(key))
                for key, choice in enumerate(CHOICES, start=1)
            )
        marks = self._setting.marks
        return (Option("oui", marks["oui"], "Oui", "1"), Option("non", marks["non"], "Non", "2"))

    def _reply(self, says: tuple[Say, ...], *actions: Action, expect: Expect = Expect()) -> Reply:
        return Reply(says, actions, expect, **manner_of(self._manner))

    def _answered(self, heard: Heard) -> Reply:
        picked = pick(heard, self._options(self._stage))
        if picked is not None and picked.sure:
            return replace(self._take(picked.id), whole=True)
        if heard.keys == "#":
            return self._ask(self._stage)
        elsewhere = self._elsewhere(heard)
        if elsewhere is not None:
            return elsewhere
        self._misses += 1
        if self._misses >= _MISSES:
            return self._take({_CONSENT: "non", _NUMBER: "non", _REVIEW: KEEP}[self._stage])
        silent = heard.silent or not (heard.text.strip() or heard.choices or heard.keys)
        return self._ask(self._stage, *(() if silent else (Say(self._setting.messages.words.pardon),)))

    def _elsewhere(self, heard: Heard) -> Reply | None:
        """Return the conversation's answer when the caller wants something else; what was recorded is kept for them."""
        if heard.silent or (heard.keys and heard.keys not in ("0", "*")):
            return None
        apart = self._dialogue.fork()
        reply = apart.respond(heard)
        request = reply.intent is not None and "." in reply.intent and len(heard.text.split()) >= _OTHER_WORDS
        unsure = reply.lost or any(isinstance(action, Clarify) for action in reply.actions)
        if not (heard.keys or reply.intent == _URGENT or (request and not unsure)):
            return None
        self._dialogue, self._stage = apart, ""
        return self._noted(reply)

    def _take(self, choice: str) -> Reply:
        words = self._setting.messages.words
        match self._stage, choice:
            case "accord", "oui":
                return self._ask(_NUMBER) if self._setting.caller else self._speak(self._open_record())
            case "accord", _:
                return self._call_back(words.refus)
            case "numero", _:
                return self._speak(self._open_record(choice == "oui"))
            case _, _ if choice == LISTEN:
                return self._reply((Say(words.ecoute),), PlayVoice(), expect=self._ask(_REVIEW).expect)
            case _, _ if choice == AGAIN and self._record is not None:
                self._stage = _SPEAKING
                return self._reply((Say(words.reprise),), RecordVoice(self._record), expect=Expect(_SPEAKING))
            case _, _ if choice == ERASE:
                return self._give_back(words.efface, DropVoice())
        self._stage = _KEEPING
        return self._reply((), KeepVoice())

    # -- the recording ----------------------------------------------------------------------------------------

    def _open_record(self, with_number: bool = False) -> Record:
        slots = {"telephone": self._setting.caller} if with_number else {}
        return Record("message", self._setting.new_reference(), FORM, slots)

    def _speak(self, record: Record) -> Reply:
        self._stage, self._record = _SPEAKING, record
        words = self._setting.messages.words
        told = words.consigne if record.slots else words.consigne_sans_numero
        duration = spoken_duration(self._setting.messages.longest_s)
        says = (Say(told.replace("{duree}", duration)),)
        return self._reply(says, RecordVoice(record), expect=Expect(_SPEAKING))

    def _take_voice(self, voice: Voiced) -> Reply:
        words, record = self._setting.messages.words, self._record
        if record is None:
            return self._call_back(words.echec)
        if voice.lost:
            return self._call_back(words.echec, (), DropVoice())
        if voice.id:
            told = words.garde.replace("{reference}", spelled(record.reference).ear)
            return replace(self._give_back(told, replace(record, voice=voice)), answered=True)
        if not voice.duration_s:
            self._unheard += 1
            if self._unheard >= _MISSES:
                return self._call_back(words.toujours_rien)
            self._stage = _SPEAKING
            return self._reply((Say(words.rien), Say(words.reprise)), RecordVoice(record), expect=Expect(_SPEAKING))
        told = words.relecture.replace("{duree}", spoken_duration(voice.duration_s))
        says = (Say(told),) if voice.ended != "limit" else (Say(words.coupe), Say(told))
        return self._ask(_REVIEW, *says)
