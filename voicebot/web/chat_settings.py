"""What a configuration may say of the chat: who may embed it, and its bounds."""

from dataclasses import dataclass
from typing import Any, ClassVar
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class ChatSettings:
    """The chat and its widget.

    ``origins`` are the sites (``https://www.example.org``) whose pages may open it, beside our own; ``*`` allows all.
    ``max_sessions`` conversations are held at once, at most ``sessions_per_address`` of them from one address;
    ``idle_s`` without a message ends one. ``message_chars`` bounds a message, ``max_messages`` those of a conversation.
    ``messages_per_minute`` and ``sessions_per_hour`` bound what one address sends (a /64 network in IPv6).
    ``profile`` answers the chat (empty: the one that answers calls by default). ``demo`` serves the page /demo, which
    shows the widget on an empty page.
    """

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid"}

    enabled: bool = True
    profile: str = ""
    origins: tuple[str, ...] = ()
    max_sessions: int = 400
    sessions_per_address: int = 20
    idle_s: float = 1200.0
    message_chars: int = 500
    max_messages: int = 200
    messages_per_minute: int = 60
    sessions_per_hour: int = 60
    demo: bool = False

    def __post_init__(self) -> None:
        for origin in self.origins:
            parts = urlsplit(origin)
            whole = f"{parts.scheme}://{parts.netloc}"
            if origin != "*" and (parts.scheme not in ("http", "https") or not parts.netloc or origin != whole):
                raise ValueError(f"origins must be like https://www.example.org, without a path, not {origin}")
        for name in ("max_sessions", "sessions_per_address", "message_chars", "max_messages", "messages_per_minute"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be 1 or more")
        if self.sessions_per_hour < 1 or self.idle_s <= 0:
            raise ValueError("sessions_per_hour and idle_s must be more than 0")
