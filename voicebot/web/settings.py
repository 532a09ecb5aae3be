"""Where the web pages listen."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class WebSettings:
    """``host`` and ``port`` of the HTTP server; loopback by default, behind a reverse proxy in production."""

    host: str = "127.0.0.1"
    port: int = 8080
