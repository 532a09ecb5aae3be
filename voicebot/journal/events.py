"""What the journal is told, as frozen values: one contact, its turns, what was kept from it, how it ended.

Every event names its contact (an id chosen by us, unique for ever) and, but for the first and the last, its place in it
(``seq``, from 1, one count for all kinds). Those two make writing idempotent: an event noted twice is stored once.
Moments carry their zone. What callers said is stored as it was heard, whatever it holds; only numbers and addresses to
reach a person are taken out (see ``seal``).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, TypeAlias

ContactChannel: TypeAlias = Literal["phone", "chat", "email", "form", "desk"]
TurnChannel: TypeAlias = Literal["voice", "keys", "silence", "text", "recording"]
Outcome: TypeAlias = Literal["failed", "transferred", "appointment", "ticket", "callback", "answered", "hung_up"]
RecordType: TypeAlias = Literal["ticket", "appointment", "callback", "message"]
Nature: TypeAlias = Literal["information", "transaction", "appointment", "complaint", "report"]
Category: TypeAlias = Literal["resident", "second_home", "professional", ""]


@dataclass(frozen=True, slots=True)
class ContactStarted:
    """Someone reached the service. ``caller`` is an E.164 number or empty; it is stored as a pseudonym only.

    ``call`` is the line's own id of the call, to find it again in technical logs.
    """

    contact: str
    at: datetime
    channel: ContactChannel
    called: str
    caller: str
    profile: str
    call: str = ""


@dataclass(frozen=True, slots=True)
class TurnHeard:
    """One turn of the caller and the answer to it.

    ``t_s`` is seconds since the contact started. ``understood`` is ``None`` for a turn that asked for nothing: keys,
    silence, a slot being filled. ``delay_ms`` runs from the end of speech to the first sound of the answer; when it is
    not known yet, a ``TurnAnswered`` follows.
    """

    contact: str
    seq: int
    at: datetime
    t_s: float
    channel: TurnChannel
    heard: str = ""
    confidence: float = 0.0
    intent: str | None = None
    entities: Mapping[str, str] = field(default_factory=dict)
    said: str = ""
    understood: bool | None = None
    interrupted: bool = False
    delay_ms: int | None = None


@dataclass(frozen=True, slots=True)
class TurnAnswered:
    """The answer to turn ``seq`` began to be heard; ``parts_s`` splits the delay (seconds by stage)."""

    contact: str
    seq: int
    delay_ms: int
    parts_s: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class KeptVoice:
    """The recording of a message: its id among the sealed files, its length, and what ended it."""

    voice: str
    duration_s: float
    ended: Literal["key", "pause", "limit", "hung_up"]


@dataclass(frozen=True, slots=True)
class Kept:
    """Something was promised: a ticket, an appointment, a callback or a message, with the reference told to the caller.

    ``caller`` is as in ``ContactStarted``: the person the request belongs to when it leaves no number of its own.
    """

    contact: str
    seq: int
    at: datetime
    type: RecordType
    reference: str
    form: str
    profile: str = ""
    caller: str = ""
    slots: Mapping[str, str] = field(default_factory=dict)
    voice: KeptVoice | None = None


@dataclass(frozen=True, slots=True)
class Surveyed:
    """One answer to the satisfaction survey: a number (``score``), words (``comment``), or both."""

    contact: str
    seq: int
    at: datetime
    question: str
    score: int | None = None
    comment: str = ""


@dataclass(frozen=True, slots=True)
class Preferred:
    """The caller agreed that we remember how they like to be served (``name`` such as ``pace``): never why."""

    contact: str
    seq: int
    at: datetime
    caller: str
    name: str
    value: str


@dataclass(frozen=True, slots=True)
class Agreed:
    """Someone agreed to be told of news by ``channel`` at ``address``, asked in these words (``wording``).

    They are known by their number, or by their e-mail address when they left no number (``person``).
    """

    contact: str
    seq: int
    at: datetime
    person: str = field(repr=False)
    channel: Literal["email", "sms"]
    address: str = field(repr=False)
    commune: str
    source: str
    wording: str
    purpose: str = "information"


@dataclass(frozen=True, slots=True)
class Withdrew:
    """Someone wants to be told of news no longer."""

    contact: str
    seq: int
    at: datetime
    person: str = field(repr=False)
    purpose: str = "information"


@dataclass(frozen=True, slots=True)
class Quality:
    """The line: packet counts from our point of view; ``mos`` by the E-model (ITU-T G.107), 1 to 4.5."""

    packets_received: int = 0
    packets_lost: int = 0
    jitter_ms: float = 0.0
    delay_ms: float = 0.0
    mos: float | None = None


@dataclass(frozen=True, slots=True)
class Typing:
    """What a contact was about. Empty means that it is not known."""

    theme: str = ""
    sub_theme: str = ""
    nature: Nature = "information"
    category: Category = ""
    commune: str = ""


@dataclass(frozen=True, slots=True)
class ContactEnded:
    """The contact is over. ``transfer`` is (target, result) when a hand-over was tried."""

    contact: str
    at: datetime
    duration_s: float
    outcome: Outcome
    typing: Typing = Typing()
    transfer: tuple[str, str] | None = None
    quality: Quality | None = None


@dataclass(frozen=True, slots=True)
class Posted:
    """A message to the outside was put in the outbox, once for each ``key``.

    ``token`` is what it says, encrypted already (by ``Seal.close``: large ones are encrypted off the event loop).
    ``name`` may be shown, so it names nobody. ``about`` is the contact or record it tells of, ``number`` the telephone
    number it goes to: both let one person's messages be found and erased.
    """

    key: str
    at: datetime
    kind: Literal["email", "sms", "webhook"]
    name: str
    token: str = field(repr=False)
    about: str = ""
    number: str = field(default="", repr=False)

    @property
    def contact(self) -> str:
        """What it is about."""
        return self.about


Event: TypeAlias = (
    ContactStarted | TurnHeard | TurnAnswered | Kept | Surveyed | Preferred | Agreed | Withdrew | ContactEnded | Posted
)
