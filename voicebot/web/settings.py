"""Where the web pages listen, and what the chat allows."""

from dataclasses import dataclass, field

from voicebot.web.chat_settings import ChatSettings


@dataclass(frozen=True, slots=True)
class WebSettings:
    """``host`` and ``port`` of the HTTP server; loopback by default, behind a reverse proxy in production.

    ``proxies`` are the addresses of the reverse proxies whose ``X-Forwarded-For`` is believed.
    """

    host: str = "127.0.0.1"
    port: int = 8080
    proxies: tuple[str, ...] = ()
    chat: ChatSettings = field(default_factory=ChatSettings)
