"""Text messages and webhooks: JSON over HTTP."""

import asyncio
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import aiohttp

from voicebot.delivery.credentials import SMS_TOKEN, read_secret
from voicebot.delivery.errors import NotDelivered, SecretMissing
from voicebot.delivery.messages import Sms, Webhook
from voicebot.delivery.settings import SmsSettings, WebhookSettings
from voicebot.delivery.signing import DELIVERY, EVENT, SIGNATURE, sign

_SHORTEST_SECRET = 16
_JSON = "application/json; charset=utf-8"
_GONE = 410


class SmsSender:
    """Sends text messages through the gateway of ``settings``."""

    def __init__(self, settings: SmsSettings, http: aiohttp.ClientSession, environment: Mapping[str, str]) -> None:
        self._settings = settings
        self._http = http
        self._environment = environment

    async def send(self, message: Sms, key: str) -> None:
        """Hand ``message`` to the gateway; ``key`` is the same at each attempt.

        Raises:
            NotDelivered: the gateway is away, or refuses it.
        """
        settings = self._settings
        if not settings.url:
            raise NotDelivered("no gateway for text messages is configured any more ([sms] url)")
        headers = {"Content-Type": _JSON, "Idempotency-Key": key}
        if settings.authorization:
            headers["Authorization"] = settings.authorization.replace("{token}", await self._token())
        words = {"to": message.to, "text": message.text, "key": key}
        body = json.dumps(_filled(settings.body, words), ensure_ascii=False).encode()
        await _post(self._http, settings.url, body, headers, settings.timeout_s)

    async def _token(self) -> str:
        if "{token}" not in self._settings.authorization:
            return ""
        return await _secret(SMS_TOKEN, self._settings.token_file, self._environment)


class WebhookSender:
    """Sends events to the ``endpoints``, signed."""

    def __init__(
        self, endpoints: tuple[WebhookSettings, ...], http: aiohttp.ClientSession, environment: Mapping[str, str]
    ) -> None:
        self._endpoints = {one.name: one for one in endpoints}
        self._http = http
        self._environment = environment

    async def send(self, message: Webhook, key: str, at: datetime) -> None:
        """Hand ``message`` to its endpoint, signed at ``at``; ``key`` is the same at each attempt.

        Raises:
            NotDelivered: the endpoint is away, refuses it, or is not in the configuration any more.
        """
        endpoint = self._endpoints.get(message.endpoint)
        if endpoint is None:
            raise NotDelivered(f"no endpoint is named {message.endpoint} in [[webhooks]] any more", lasting=True)
        secret = await _secret(endpoint.variable, endpoint.secret_file, self._environment, _SHORTEST_SECRET)
        body = message.body.encode()
        headers = {
            "Content-Type": _JSON,
            EVENT: message.event,
            DELIVERY: key,
            SIGNATURE: sign(secret.encode(), body, int(at.timestamp())),
        }
        await _post(self._http, endpoint.url, body, headers, endpoint.timeout_s)


async def _secret(variable: str, path: Any, environment: Mapping[str, str], least: int = 1) -> str:
    try:
        return await asyncio.to_thread(read_secret, variable, path, environment, least)
    except SecretMissing as error:
        raise NotDelivered(str(error)) from error


async def _post(
    http: aiohttp.ClientSession, url: str, body: bytes, headers: Mapping[str, str], timeout_s: float
) -> None:
    """Post ``body``; any 2xx is a delivery. A redirection is none: what is sent goes where it was meant to."""
    limit = aiohttp.ClientTimeout(total=timeout_s)
    try:
        async with http.post(url, data=body, headers=headers, timeout=limit, allow_redirects=False) as answer:
            status = answer.status
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        raise NotDelivered(f"the server cannot be reached ({type(error).__name__})") from error
    if not 200 <= status < 300:
        raise NotDelivered(f"the server answered {status}", lasting=status == _GONE)


def _filled(value: Any, words: Mapping[str, str]) -> Any:
    """Return ``value`` with the words put in its strings; JSON is written after, so no word can break out of it."""
    match value:
        case str():
            for name, word in words.items():
                if value == f"{{{name}}}":
                    return word
            return _replaced(value, words)
        case Mapping():
            return {key: _filled(inner, words) for key, inner in value.items()}
        case list() | tuple():
            return [_filled(inner, words) for inner in value]
    return value


def _replaced(text: str, words: Mapping[str, str]) -> str:
    parts = text.split("{")
    filled = parts[0]
    for part in parts[1:]:
        name, closed, rest = part.partition("}")
        filled += words[name] + rest if closed and name in words else "{" + part
    return filled
