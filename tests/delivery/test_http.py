"""Text messages and webhooks through a real HTTP server."""

import asyncio
import json
from datetime import datetime, timedelta
from pathlib import Path

import aiohttp
import pytest

from tests.delivery.servers import Endpoint, http_server
from voicebot.clock import PARIS
from voicebot.delivery.credentials import SMS_TOKEN
from voicebot.delivery.errors import NotDelivered
from voicebot.delivery.http import SmsSender, WebhookSender
from voicebot.delivery.messages import Sms, Webhook
from voicebot.delivery.settings import SmsSettings, WebhookSettings
from voicebot.delivery.signing import DELIVERY, EVENT, SIGNATURE, sign, verify

AT = datetime(2026, 11, 25, 9, 30, tzinfo=PARIS)
SECRET = "une clef de signature"
BODY = '{"id": "k", "event": "ticket.opened", "data": {"commune": "Bénerville"}}'


def send_sms(endpoint: Endpoint, text: str = "Bonjour", **more: object) -> None:
    async def work() -> None:
        async with http_server(endpoint) as url, aiohttp.ClientSession() as http:
            settings = SmsSettings(url, **more)  # type: ignore[arg-type]
            await SmsSender(settings, http, {SMS_TOKEN: "jeton"}).send(Sms("+33612345678", text), "sms:k")

    asyncio.run(work())


def send_webhook(endpoint: Endpoint, environment: dict[str, str], name: str = "crm", file: Path | None = None) -> None:
    async def work() -> None:
        async with http_server(endpoint) as url, aiohttp.ClientSession() as http:
            sender = WebhookSender((WebhookSettings("crm", url, secret_file=file),), http, environment)
            await sender.send(Webhook(name, "ticket.opened", BODY), "webhook:k:crm", AT)

    asyncio.run(work())


def test_a_text_message_is_posted_as_the_template_says() -> None:
    endpoint = Endpoint()
    send_sms(endpoint, body={"messages": [{"destination": "{to}", "content": "Service : {text}", "n": 1}]})
    headers, body = endpoint.received[0]
    assert json.loads(body) == {"messages": [{"destination": "+33612345678", "content": "Service : Bonjour", "n": 1}]}
    assert (headers["Authorization"], headers["Idempotency-Key"]) == ("Bearer jeton", "sms:k")


def test_what_a_text_says_cannot_break_out_of_the_template() -> None:
    endpoint = Endpoint()
    text = 'a", "to": "+339"} {to} \\ é'
    send_sms(endpoint, text)
    assert json.loads(endpoint.received[0][1]) == {"to": "+33612345678", "text": text}


def test_a_webhook_is_signed_with_its_moment_and_names_its_event_and_delivery() -> None:
    endpoint = Endpoint(204)
    send_webhook(endpoint, {"VOICEBOT_WEBHOOK_SECRET_CRM": SECRET})
    headers, body = endpoint.received[0]
    assert body == BODY.encode()
    assert (headers[EVENT], headers[DELIVERY]) == ("ticket.opened", "webhook:k:crm")
    assert verify(SECRET.encode(), body, headers[SIGNATURE], AT.timestamp() + 10)


def test_the_signing_key_is_read_from_its_file(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text(SECRET, encoding="utf-8")
    endpoint = Endpoint()
    send_webhook(endpoint, {}, file=file)
    assert verify(SECRET.encode(), BODY.encode(), endpoint.received[0][0][SIGNATURE], AT.timestamp())


@pytest.mark.parametrize(
    ("body", "secret", "late_s"),
    [
        (BODY + " ", SECRET, 0.0),
        (BODY, "une autre clef de signature", 0.0),
        (BODY, SECRET, 301.0),
        (BODY, SECRET, -301.0),
    ],
)
def test_a_signature_does_not_hold_for_another_body_key_or_moment(body: str, secret: str, late_s: float) -> None:
    header = sign(SECRET.encode(), BODY.encode(), int(AT.timestamp()))
    assert not verify(secret.encode(), body.encode(), header, (AT + timedelta(seconds=late_s)).timestamp())


@pytest.mark.parametrize("header", ["", "t=1", "v1=ab", "t=x,v1=ab", "t=1,v1=é"])
def test_a_header_that_is_no_signature_is_refused(header: str) -> None:
    assert not verify(SECRET.encode(), BODY.encode(), header, 1.0)


@pytest.mark.parametrize(("status", "lasting"), [(500, False), (404, False), (429, False), (302, False), (410, True)])
def test_anything_but_a_success_is_no_delivery(status: int, lasting: bool) -> None:
    endpoint = Endpoint(status, {"Location": "/elsewhere"})
    with pytest.raises(NotDelivered, match=str(status)) as caught:
        send_webhook(endpoint, {"VOICEBOT_WEBHOOK_SECRET_CRM": SECRET})
    assert caught.value.lasting is lasting
    assert len(endpoint.received) == 1


@pytest.mark.parametrize("environment", [{}, {"VOICEBOT_WEBHOOK_SECRET_CRM": "trop court"}])
def test_nothing_leaves_without_a_signing_key_and_the_variable_is_named(environment: dict[str, str]) -> None:
    endpoint = Endpoint()
    with pytest.raises(NotDelivered, match="VOICEBOT_WEBHOOK_SECRET_CRM") as caught:
        send_webhook(endpoint, environment)
    assert "trop court" not in str(caught.value)
    assert endpoint.received == []


def test_an_endpoint_taken_out_of_the_configuration_is_given_up() -> None:
    with pytest.raises(NotDelivered, match="old") as caught:
        send_webhook(Endpoint(), {}, name="old")
    assert caught.value.lasting
