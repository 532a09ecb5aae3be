"""Where the web pages listen, and what the chat allows."""

from dataclasses import dataclass, field
from typing import Any, ClassVar

from voicebot.web.chat_settings import ChatSettings
from voicebot.web.commitments import Commitments


@dataclass(frozen=True, slots=True)
class ApiSettings:
    """The REST API for other programs; each token may ask ``per_minute`` times."""

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid"}

    enabled: bool = True
    per_minute: int = 300

    def __post_init__(self) -> None:
        if self.per_minute < 1:
            raise ValueError("per_minute must be 1 or more")


@dataclass(frozen=True, slots=True)
class WebSettings:
    """``host`` and ``port`` of the HTTP server; loopback by default, behind a reverse proxy in production.

    ``proxies`` are the addresses of the reverse proxies whose ``X-Forwarded-For`` is believed.
    ``public_url`` is how browsers reach the pages, such as ``https://appels.example.org``; with https, cookies are only
    sent encrypted. ``report_to`` are the e-mail addresses that receive the report of each month; ``commitments`` the
    targets that figures are measured against.
    """

    host: str = "127.0.0.1"
    port: int = 8080
    proxies: tuple[str, ...] = ()
    public_url: str = ""
    report_to: tuple[str, ...] = ()
    commitments: Commitments = field(default_factory=Commitments)
    chat: ChatSettings = field(default_factory=ChatSettings)
    api: ApiSettings = field(default_factory=ApiSettings)
