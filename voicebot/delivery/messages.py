"""What can be sent, as values, and how each is written to the outbox and read back."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from voicebot.delivery.errors import DeliveryRefused


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file joined to an e-mail: its ``name``, its ``media_type`` (``application/pdf``) and its bytes."""

    name: str
    media_type: str
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Email:
    """An e-mail in plain text, and in HTML too when there is some.

    ``unsubscribe`` is where whoever receives it stops such messages with one click (RFC 8058); empty: nowhere.
    """

    to: str
    subject: str
    text: str
    html: str | None = None
    attachments: tuple[Attachment, ...] = ()
    unsubscribe: str = ""


@dataclass(frozen=True, slots=True)
class Sms:
    """A text message to an E.164 number."""

    to: str
    text: str


@dataclass(frozen=True, slots=True)
class Webhook:
    """A signed request to the endpoint named ``endpoint``; ``body`` is its JSON, the same bytes at each attempt."""

    endpoint: str
    event: str
    body: str


Message: TypeAlias = Email | Sms | Webhook


def pack(message: Message) -> dict[str, str]:
    """Return ``message`` as what is encrypted."""
    match message:
        case Email():
            files = [
                {"name": one.name, "type": one.media_type, "data": base64.b64encode(one.data).decode()}
                for one in message.attachments
            ]
            packed = {"to": message.to, "subject": message.subject, "text": message.text}
            packed |= {"html": message.html or "", "attachments": json.dumps(files)}
            return packed | ({"unsubscribe": message.unsubscribe} if message.unsubscribe else {})
        case Sms():
            return {"to": message.to, "text": message.text}
        case Webhook():
            return {"endpoint": message.endpoint, "event": message.event, "body": message.body}


def unpack(kind: str, packed: Mapping[str, str]) -> Message:
    """Return the message of ``kind`` that was packed.

    Raises:
        DeliveryRefused: it is not one of ours.
    """
    try:
        match kind:
            case "email":
                files: list[dict[str, Any]] = json.loads(packed["attachments"])
                joined = tuple(Attachment(one["name"], one["type"], base64.b64decode(one["data"])) for one in files)
                words = (packed["to"], packed["subject"], packed["text"], packed["html"] or None)
                return Email(*words, joined, packed.get("unsubscribe", ""))
            case "sms":
                return Sms(packed["to"], packed["text"])
            case "webhook":
                return Webhook(packed["endpoint"], packed["event"], packed["body"])
    except (KeyError, ValueError, TypeError) as error:
        raise DeliveryRefused(f"a message of kind {kind} cannot be read back") from error
    raise DeliveryRefused(f"unknown kind of message {kind!r}")
