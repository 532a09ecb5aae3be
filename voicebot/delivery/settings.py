"""What a configuration may say of deliveries: ``[mail]``, ``[sms]``, ``[[webhooks]]`` and ``[delivery]``.

No secret is written in the configuration: each is read from an environment variable or from a file of its own.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar, Literal
from urllib.parse import urlsplit

EVENTS = (
    "contact.ended",
    "ticket.opened",
    "callback.requested",
    "appointment.booked",
    "message.left",
    "survey.answered",
)
"""What a webhook can be told of."""

_STRICT: Mapping[str, Any] = {"extra": "forbid"}
_ADDRESS = re.compile(r"[^@\s<>,;:\"\\]+@[^@\s<>,;:\"\\]+\.[^@\s<>,;:\"\\.]+")
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
_PLACEHOLDER = re.compile(r"\{(\w*)\}")
_SMS_WORDS = {"to", "text", "key"}


def is_address(text: str) -> bool:
    """Return whether ``text`` is one plain e-mail address."""
    return len(text) <= 254 and text.isprintable() and _ADDRESS.fullmatch(text) is not None


@dataclass(frozen=True, slots=True)
class MailSettings:
    """The mail server; an empty ``host`` means that no e-mail is sent.

    ``security``: ``starttls``, ``tls`` (from the first byte) or ``none``. The password of ``user`` is in
    ``VOICEBOT_MAIL_PASSWORD`` or in ``password_file``. ``timeout_s`` bounds each exchange with the server.
    """

    __pydantic_config__: ClassVar[Mapping[str, Any]] = _STRICT

    host: str = ""
    port: int = 587
    security: Literal["starttls", "tls", "none"] = "starttls"
    user: str = ""
    password_file: Path | None = None
    sender: str = ""
    timeout_s: float = 30.0

    def __post_init__(self) -> None:
        if self.host and not is_address(self.sender):
            raise ValueError("sender must be the e-mail address that messages come from")
        if self.user and self.security == "none" and self.host not in ("localhost", "127.0.0.1", "::1"):
            raise ValueError('security = "none" would send the password in clear; use starttls or tls')
        _check_timeout(self.timeout_s)


@dataclass(frozen=True, slots=True)
class SmsSettings:
    """The gateway that sends text messages, over HTTP; an empty ``url`` means that none is sent.

    ``body`` is the JSON body of the request: ``{to}`` (the number, +33...), ``{text}`` and ``{key}`` (the same for each
    attempt at one message) are replaced in its strings, at any depth. ``authorization`` is that header, where
    ``{token}`` stands for what ``VOICEBOT_SMS_TOKEN`` or ``token_file`` holds.
    """

    __pydantic_config__: ClassVar[Mapping[str, Any]] = _STRICT

    url: str = ""
    body: dict[str, Any] = field(default_factory=lambda: {"to": "{to}", "text": "{text}"})
    authorization: str = "Bearer {token}"
    token_file: Path | None = None
    timeout_s: float = 20.0

    def __post_init__(self) -> None:
        if self.url:
            _check_url(self.url)
        used = set(_placeholders(self.body))
        if unknown := sorted(used - _SMS_WORDS):
            raise ValueError(f"body: {{{unknown[0]}}} is unknown; there are {{to}}, {{text}} and {{key}}")
        if not {"to", "text"} <= used:
            raise ValueError("body must say where {to} and {text} go")
        _check_timeout(self.timeout_s)


@dataclass(frozen=True, slots=True)
class WebhookSettings:
    """One endpoint that is told of ``events``.

    The key that signs them (at least 16 characters) is in ``VOICEBOT_WEBHOOK_SECRET_<NAME>`` (the name in capitals,
    ``_`` for ``-``) or in ``secret_file``.
    """

    __pydantic_config__: ClassVar[Mapping[str, Any]] = _STRICT

    name: str
    url: str
    events: tuple[str, ...] = EVENTS
    secret_file: Path | None = None
    timeout_s: float = 15.0

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise ValueError("name: small letters, digits and hyphens, at most 40")
        _check_url(self.url)
        if unknown := sorted(set(self.events) - set(EVENTS)):
            raise ValueError(f"events: {unknown[0]!r} is unknown; there are {', '.join(EVENTS)}")
        _check_timeout(self.timeout_s)

    @property
    def variable(self) -> str:
        """The environment variable of its key."""
        return f"VOICEBOT_WEBHOOK_SECRET_{self.name.upper().replace('-', '_')}"


@dataclass(frozen=True, slots=True)
class DeliverySettings:
    """How deliveries are tried.

    Up to ``attempts`` times, ``retry_s`` after the first failure, then twice as long, up to ``longest_s`` (seconds).
    ``look_s`` is how often the outbox is looked into. ``public_url`` is where the supervisors' pages are reached, for
    the links in messages; empty: no link.
    """

    __pydantic_config__: ClassVar[Mapping[str, Any]] = _STRICT

    attempts: int = 12
    retry_s: float = 30.0
    longest_s: float = 3600.0
    look_s: float = 2.0
    public_url: str = ""

    def __post_init__(self) -> None:
        if self.attempts < 1:
            raise ValueError("attempts must be at least 1")
        if not 0 < self.retry_s <= self.longest_s:
            raise ValueError("retry_s must be above 0 and at most longest_s")
        if self.look_s <= 0:
            raise ValueError("look_s must be above 0")
        if self.public_url:
            _check_url(self.public_url)


@dataclass(frozen=True, slots=True)
class Channels:
    """Every way out, together."""

    mail: MailSettings = field(default_factory=MailSettings)
    sms: SmsSettings = field(default_factory=SmsSettings)
    webhooks: tuple[WebhookSettings, ...] = ()

    def __post_init__(self) -> None:
        names = [one.name for one in self.webhooks]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"webhooks: two endpoints are named {twice[0]!r}")

    def within(self, folder: Path) -> "Channels":
        """Return the same settings with the files of secrets made absolute, relative ones starting at ``folder``."""

        def placed(path: Path | None) -> Path | None:
            return None if path is None else folder / path

        return Channels(
            replace(self.mail, password_file=placed(self.mail.password_file)),
            replace(self.sms, token_file=placed(self.sms.token_file)),
            tuple(replace(one, secret_file=placed(one.secret_file)) for one in self.webhooks),
        )


def _placeholders(value: Any) -> list[str]:
    match value:
        case str():
            return _PLACEHOLDER.findall(value)
        case Mapping():
            return [found for inner in value.values() for found in _placeholders(inner)]
        case list() | tuple():
            return [found for inner in value for found in _placeholders(inner)]
    return []


def _check_url(url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme not in ("https", "http") or not parts.hostname:
        raise ValueError("url must start with https:// (or http:// on a private network)")
    if parts.username or parts.password:
        raise ValueError("url holds a user or a password; secrets go to the environment or a file")


def _check_timeout(timeout_s: float) -> None:
    if not 0 < timeout_s <= 60:
        raise ValueError("timeout_s must be above 0 and at most 60 seconds")
