"""The REST API's requests and responses, as the OpenAPI document describes them and as they are checked."""

from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

Short = Annotated[str, Field(max_length=200)]
Words = Annotated[str, Field(max_length=4000)]
Moment = Annotated[str, Field(json_schema_extra={"format": "date-time"})]
Number = Annotated[str, Field(max_length=32, description="A telephone number, +33612345678 or 06 12 34 56 78.")]
Outcome = Literal["failed", "transferred", "appointment", "ticket", "callback", "answered", "hung_up"]
Nature = Literal["information", "transaction", "appointment", "complaint", "report"]
State = Literal["open", "assigned", "done", "cancelled"]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Contact(_Model):
    """One contact, whatever its channel. ``person`` is the pseudonym of a number, the same over all channels."""

    id: str
    channel: Literal["phone", "chat", "email", "form", "desk"]
    called: str
    person: str | None
    profile: str
    started_at: Moment
    ended_at: Moment | None
    duration_s: float | None
    outcome: Outcome | None
    theme: str
    sub_theme: str
    nature: str
    category: str
    commune: str
    transfer_target: str | None
    transfer_result: str | None


class Turn(_Model):
    """What was heard (or written), what was made of it, what was answered; numbers and addresses are masked."""

    seq: int
    at: Moment
    channel: Literal["voice", "keys", "silence", "text", "recording"]
    heard: str
    intent: str | None
    confidence: float | None
    entities: dict[str, Any]
    said: str
    understood: bool | None
    delay_ms: int | None


class Survey(_Model):
    """One answer to the satisfaction survey."""

    question: str
    score: int | None
    comment: str


class Record(_Model):
    """A ticket, a callback, an appointment or a message. ``slots`` are what was left with it, numbers masked."""

    id: str
    contact_id: str | None
    type: Literal["ticket", "appointment", "callback", "message"]
    reference: str
    form: str
    profile: str
    person: str | None
    slots: dict[str, Any]
    booked_day: str | None
    booked_moment: str | None
    opened_at: Moment
    state: State
    changed_at: Moment


class RecordWithCoordinates(Record):
    """A record with how to reach its person, for tokens that may read it; else ``None``."""

    coordinates: dict[str, str] | None


class ContactDetail(Contact):
    """A contact with its turns (``None`` without the scope), its survey and its records."""

    turns: list[Turn] | None
    surveys: list[Survey]
    records: list[Record]


class Contacts(_Model):
    """A page of contacts, the newest first; ``cursor`` gives the next one, empty on the last."""

    items: list[Contact]
    cursor: str


class Records(_Model):
    """A page of records, the newest first; ``cursor`` gives the next one, empty on the last."""

    items: list[Record]
    cursor: str


class NewContact(_Model):
    """A contact of another channel. ``external_id`` is yours: sent twice, the contact is kept once."""

    external_id: Annotated[str, Field(min_length=1, max_length=100)]
    channel: Literal["email", "form", "desk", "phone"]
    at: AwareDatetime
    duration_s: Annotated[float, Field(ge=0, le=86_400)] = 0.0
    number: Number | None = None
    said: Words = Field("", description="What the person asked; numbers in it are masked.")
    answered: Words = Field("", description="What was answered.")
    outcome: Outcome = "answered"
    theme: Short = ""
    sub_theme: Short = ""
    nature: Nature = "information"
    category: Literal["resident", "second_home", "professional", ""] = ""
    commune: Short = ""


class Created(_Model):
    """What was made."""

    id: str


class NewState(_Model):
    """The state a record moves to."""

    state: State


class Person(_Model):
    """A person by their number; sent in a body so that it stays out of addresses and logs."""

    number: Number


class GivenConsent(_Model):
    """What a person agreed to."""

    purpose: str
    channel: Literal["email", "sms", "phone"]
    consented_at: Moment
    source: str
    commune: str
    wording: str


class History(_Model):
    """One person over every channel: the pseudonym, the last contacts and records, the consents."""

    person: str
    contacts: list[Contact]
    records: list[Record]
    consents: list[GivenConsent]


class NewConsent(_Model):
    """A person agrees to be contacted later: for what, by what channel, at which address, said where and when."""

    number: Number
    purpose: Literal["information"]
    channel: Literal["email", "sms", "phone"]
    address: Annotated[str, Field(max_length=254, description="E-mail address, or number (default: the person's).")] = (
        ""
    )
    source: Short
    commune: Annotated[str, Field(max_length=100, description="The commune they want news of.")] = ""
    wording: Annotated[str, Field(max_length=500, description="The question they said yes to.")] = ""
    at: AwareDatetime | None = None


class Withdrawal(_Model):
    """A person no longer agrees."""

    number: Number
    purpose: Literal["information"]


class Counts(_Model):
    """How many rows of each kind went."""

    erased: dict[str, int]


class Export(_Model):
    """All that is kept of one person, table by table."""

    person: str
    data: dict[str, Any]
