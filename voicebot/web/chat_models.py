"""The chat API's requests and responses, as the OpenAPI document describes them and as they are checked."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Text = Annotated[str, Field(max_length=4000)]
ClientId = Annotated[str, Field(max_length=64, pattern=r"^[A-Za-z0-9_.-]*$")]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class ChatPart(_Model):
    """A piece of text in one language; plain text, never HTML."""

    text: str
    lang: str = Field(description="Two-letter code of the language.")


class ChatLink(_Model):
    """A link to show with the message."""

    label: str
    url: str = Field(description="http, https, mailto or tel.")


class ChatChoice(_Model):
    """A suggested answer, to show as a button; any text may be sent instead."""

    id: str
    label: str


class ChatMessage(_Model):
    """A message of the conversation, numbered from 1 without a gap."""

    seq: int = Field(ge=1)
    at: str = Field(json_schema_extra={"format": "date-time"})
    from_: Literal["assistant", "visitor"] = Field(alias="from")
    kind: Literal["answer", "notice", "survey", "end", "visitor"]
    parts: list[ChatPart]
    links: list[ChatLink]
    choices: list[ChatChoice]
    entry: Literal["text", "tel", "email"] = Field(description="The keyboard that suits the answer.")
    important: bool = Field(description="To be read at once: danger, emergency numbers.")
    references: list[str] = Field(description="References of what was just kept (ticket, callback, appointment).")
    client_id: str = Field(description="The visitor's own id of the message, empty for the assistant's.")


class ChatOpened(_Model):
    """A new conversation. Its id is all that is needed to come back to it: keep it secret."""

    session: str
    ended: bool
    idle_s: float = Field(description="Seconds without a message after which the conversation is forgotten.")
    messages: list[ChatMessage]


class ChatMessages(_Model):
    """The messages that follow the one asked from."""

    ended: bool
    messages: list[ChatMessage]


class NewMessage(_Model):
    """A message of the visitor: words, or the id of a choice of the assistant's last message."""

    text: Text = ""
    choice: Annotated[str, Field(max_length=200)] = ""
    client_id: ClientId = Field(
        "", description="An id of your own, unique in the conversation: sent again with it, a message is taken once."
    )
    after: int = Field(0, ge=0, description="Number of the last message you have.")


class ChatEnd(_Model):
    """The visitor leaves. The survey is put first, unless ``now``."""

    now: bool = False
    after: int = Field(0, ge=0, description="Number of the last message you have.")


class ChatColours(_Model):
    """The colours of the window, as the profile chose them."""

    main: str = Field(pattern=r"^#[0-9a-f]{6}$")
    on_main: str = Field(pattern=r"^#[0-9a-f]{6}$")


class ChatLook(_Model):
    """What the window needs before any conversation: names, colours, words, and the page on privacy."""

    assistant: str
    community: str
    telephone: str
    colours: ChatColours
    message_chars: int
    privacy_url: str
    accessibility_url: str
    labels: dict[str, str]


class Problem(_Model):
    """What went wrong (RFC 9457). ``detail`` may be shown to a visitor; ``code`` is for programs."""

    type: str
    title: str
    status: int
    code: str
    detail: str
