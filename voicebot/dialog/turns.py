"""The values a conversation exchanges with the brain, the same for the telephone and the chatbot.

The caller's side gives a ``Heard``; the brain gives back a ``Reply``: what to say, what to do, and what it expects
next. Nothing here knows of audio or of the web.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import Enum
from typing import Literal, TypeAlias

Channel: TypeAlias = Literal["voice", "chat"]
VoiceEnding: TypeAlias = Literal["key", "pause", "limit", "hung_up"]


@dataclass(frozen=True, slots=True)
class Voiced:
    """A message spoken by the caller after the beep.

    ``duration_s`` is that of what was said, 0 when nothing was. ``ended`` says what ended it: a key, a long pause, the
    longest length, or the caller hanging up. ``id`` is its place in the store, empty before it is there; ``lost`` says
    that it could not be put there.
    """

    duration_s: float
    ended: VoiceEnding
    id: str = ""
    lost: bool = False


@dataclass(frozen=True, slots=True)
class Heard:
    """One turn of the caller: words, keys, silence, or a message recorded.

    ``text`` and ``alternatives`` come from the recogniser (or the keyboard), best first. ``choices`` are
    ``(option id, probability)`` when the question was closed and the recogniser scored its options; they are evidence,
    not a decision: the text counts too. ``keys`` are those pressed (``0-9*#``). ``silent`` says nothing came before
    the time-out. ``played`` is the share (0 to 1) of the previous reply that was heard before the caller cut in.
    ``voiced`` is a message just recorded, then stored, when one was asked for.
    """

    text: str = ""
    alternatives: tuple[str, ...] = ()
    confidence: float = 1.0
    choices: tuple[tuple[str, float], ...] = ()
    keys: str = ""
    silent: bool = False
    played: float = 1.0
    voiced: Voiced | None = None


@dataclass(frozen=True, slots=True)
class Option:
    """One answer to a closed question: how callers may say it, its key, and its button in the chat."""

    id: str
    texts: tuple[str, ...]
    label: str = ""
    key: str = ""


class Dictation(Enum):
    """What is being dictated or typed, if anything: patience is longer and keys are characters."""

    NONE = "none"
    DIGITS = "digits"
    LETTERS = "letters"


@dataclass(frozen=True, slots=True)
class Expect:
    """What the brain is waiting for; drives hints, patience and keys.

    ``options`` makes the question closed, though free speech is always possible. ``phrases`` is vocabulary to favour.
    ``max_keys`` ends a typed entry without waiting for ``#`` (0: one key is an answer, unless something is dictated).
    ``no_input_s`` is how long to wait in silence before telling the brain so. ``more``: a request has been settled, and
    this only waits for another, or for goodbye.
    """

    slot: str | None = None
    options: tuple[Option, ...] = ()
    phrases: tuple[str, ...] = ()
    dictation: Dictation = Dictation.NONE
    max_keys: int = 0
    no_input_s: float = 7.0
    more: bool = False


@dataclass(frozen=True, slots=True)
class Link:
    """A link or document shown by the chat, never spoken."""

    label: str
    url: str


@dataclass(frozen=True, slots=True)
class Say:
    """One thing to say. ``text`` is for the ear; ``written`` for the eye where it differs.

    ``barge_in`` False marks the few words that must be heard out (emergency numbers). ``language`` is a two-letter
    code. ``opening`` marks words that only lead in ("D'accord."): the voice says them when what follows is not ready
    at once, and leaves them out otherwise.
    """

    text: str
    written: str = ""
    barge_in: bool = True
    language: str = "fr"
    links: tuple[Link, ...] = ()
    opening: bool = False


@dataclass(frozen=True, slots=True)
class Clarify:
    """Ask which of two intents was meant."""

    first: str
    second: str
    type: Literal["clarify"] = "clarify"


@dataclass(frozen=True, slots=True)
class Ask:
    """Ask for a slot of the form in progress."""

    slot: str
    form: str = ""
    type: Literal["ask"] = "ask"


@dataclass(frozen=True, slots=True)
class Transfer:
    """Hand the call to advisers: ``target`` is an id of the profile, ``reason`` what it is about."""

    target: str
    reason: str = ""
    context: Mapping[str, str] = field(default_factory=dict)
    type: Literal["transfer"] = "transfer"


@dataclass(frozen=True, slots=True)
class Record:
    """Something to keep: a ticket, an appointment, a callback or a message, with its spoken reference.

    ``voice`` is the recording of a message that was spoken.
    """

    type: Literal["ticket", "appointment", "callback", "message"]
    reference: str
    form: str
    slots: Mapping[str, str] = field(default_factory=dict)
    voice: Voiced | None = None


@dataclass(frozen=True, slots=True)
class HangUp:
    """End the call once everything has been said."""

    type: Literal["hangup"] = "hangup"


@dataclass(frozen=True, slots=True)
class Opinion:
    """One answer to the satisfaction survey: a number (1 and 0 for yes and no), or words."""

    question: str
    answer: int | str
    type: Literal["opinion"] = "opinion"


@dataclass(frozen=True, slots=True)
class Prefer:
    """The caller agreed that a way of speaking be remembered: how, never why."""

    name: str
    value: str
    type: Literal["prefer"] = "prefer"


@dataclass(frozen=True, slots=True)
class Subscribe:
    """The caller agreed to be told of news by ``channel`` at ``address``, asked in these words (``wording``)."""

    channel: Literal["email", "sms"]
    address: str = field(repr=False)
    wording: str
    commune: str = ""
    type: Literal["subscribe"] = "subscribe"


@dataclass(frozen=True, slots=True)
class Unsubscribe:
    """The caller wants to be told of news no longer."""

    type: Literal["unsubscribe"] = "unsubscribe"


@dataclass(frozen=True, slots=True)
class OpenMenu:
    """Serve the menus: they were asked for, or nothing was understood. Whoever holds the menus reads them out."""

    type: Literal["menu"] = "menu"


@dataclass(frozen=True, slots=True)
class LeaveMessage:
    """The caller wants to leave a spoken message. Whoever can record asks for consent and leads it."""

    type: Literal["leave_message"] = "leave_message"


@dataclass(frozen=True, slots=True)
class RecordVoice:
    """Once everything has been said: a beep, then the caller's voice is recorded for ``record``."""

    record: Record
    type: Literal["record_voice"] = "record_voice"


@dataclass(frozen=True, slots=True)
class PlayVoice:
    """Play what was recorded to the caller. ``done``: it has been, the choice of what to do with it is put again."""

    done: bool = False
    type: Literal["play_voice"] = "play_voice"


@dataclass(frozen=True, slots=True)
class KeepVoice:
    """Put what was recorded in the store, then go on with what the store says (``Heard.voiced``)."""

    type: Literal["keep_voice"] = "keep_voice"


@dataclass(frozen=True, slots=True)
class DropVoice:
    """Forget what was recorded."""

    type: Literal["drop_voice"] = "drop_voice"


Action: TypeAlias = (
    Clarify
    | Ask
    | Transfer
    | Record
    | HangUp
    | OpenMenu
    | Opinion
    | Prefer
    | Subscribe
    | Unsubscribe
    | LeaveMessage
    | RecordVoice
    | PlayVoice
    | KeepVoice
    | DropVoice
)


@dataclass(frozen=True, slots=True)
class Candidate:
    """An intent and how likely it is, from 0 to 1 (calibrated)."""

    intent: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Reply:
    """The brain's turn.

    ``intent`` is ``None`` for a turn that only filled a slot, for keys (but those of a menu) and for silence. ``pace``
    counts the slower steps asked for so far (0 to 2) and ``gain_db`` the louder ones; ``patient`` says that long pauses
    were asked for, ``plain`` simpler words: all four hold for the rest of the call. ``public`` is who the caller said
    they are (``professionnel``, ``residence_secondaire``, ``particulier``), empty so far. ``answered`` says that this
    turn settled a request, or gave the opening hours or the website. ``aside`` says that it changed nothing (a
    repetition, help): what was asked before still is. ``lost``: it was not understood.
    ``farewell`` counts the last sentences, those that take leave; what comes before them cannot wait.
    ``whole`` says that what was heard is a whole request, or answers the question asked: nothing more needs to be said
    to act on it.
    """

    says: tuple[Say, ...]
    actions: tuple[Action, ...] = ()
    expect: Expect = Expect()
    intent: str | None = None
    confidence: float = 0.0
    alternatives: tuple[Candidate, ...] = ()
    entities: Mapping[str, str] = field(default_factory=dict)
    pace: int = 0
    gain_db: float = 0.0
    patient: bool = False
    plain: bool = False
    public: str = ""
    answered: bool = False
    farewell: int = 0
    aside: bool = False
    lost: bool = False
    whole: bool = False

    @property
    def text(self) -> str:
        """Everything said, as one string."""
        return " ".join(say.text for say in self.says)


@dataclass(frozen=True, slots=True)
class Bulletin:
    """A message of the day, told without being asked, to callers of ``communes`` (none: to everybody)."""

    text: str
    communes: tuple[str, ...] = ()


def _nothing_found(reference: str) -> str | None:
    return None


def _no_hours(day: date) -> str:
    return ""


def _nothing_taken(form: str, day: date, moment: str) -> int:
    return 0


@dataclass(frozen=True, slots=True)
class Context:
    """What a conversation needs to know of the world.

    ``now`` gives the civil time; ``advisers_open`` whether advisers can be reached at a moment; ``opening_words`` the
    next opening in spoken French ("demain, lundi, à neuf heures"); ``new_reference`` a fresh spoken reference.
    ``caller`` is the E.164 number of the caller, empty when withheld. ``find_request`` gives the state of an earlier
    request in a French sentence, or ``None`` when the reference is unknown; ``taken`` the appointments already made
    for a form on a day at a moment; ``bulletins`` the messages of the day: those for everybody are said after the
    greeting, those of one commune once the caller's is known; ``commune`` is that of a caller who agreed to be known
    again, empty otherwise; ``weekly_hours`` the weekly opening hours of the reception in force on a day, in words
    (empty: those written in the profile), ``hours_on`` those of one day, in minutes after midnight (``None``: unknown).
    ``pace``, ``gain_db``, ``patient`` and ``plain`` are how a caller asked to be
    spoken to from the start (see ``Reply``). ``target_open`` tells whether one target can be reached at a moment
    (``None``: as ``advisers_open``). ``messages`` says that a spoken message can be
    recorded, and may be offered.
    """

    now: Callable[[], datetime]
    advisers_open: Callable[[datetime], bool]
    opening_words: Callable[[datetime], str]
    new_reference: Callable[[], str]
    channel: Channel = "voice"
    caller: str = ""
    find_request: Callable[[str], str | None] = _nothing_found
    taken: Callable[[str, date, str], int] = _nothing_taken
    bulletins: tuple[Bulletin, ...] = ()
    commune: str = ""
    weekly_hours: Callable[[date], str] = _no_hours
    pace: int = 0
    gain_db: float = 0.0
    patient: bool = False
    plain: bool = False
    target_open: Callable[[str, datetime], bool] | None = None
    hours_on: Callable[[date], Sequence[tuple[int, int]]] | None = None
    messages: bool = False
