"""E-mails through a real mail server that takes nothing in clear."""

import asyncio
import ssl
from datetime import datetime
from pathlib import Path

import pytest

from tests.delivery.servers import PASSWORD, Mailbox, certificate, mail_server
from voicebot.clock import PARIS
from voicebot.delivery.credentials import MAIL_PASSWORD
from voicebot.delivery.errors import NotDelivered
from voicebot.delivery.mail import MailSender
from voicebot.delivery.messages import Attachment, Email
from voicebot.delivery.settings import MailSettings

AT = datetime(2026, 11, 25, 9, 30, tzinfo=PARIS)
MESSAGE = Email("voirie@example.org", "Signalement à Deauville", "Un dépôt sauvage.", "<p>Un dépôt sauvage.</p>")
RIGHT = {MAIL_PASSWORD: PASSWORD}


def settings(port: int, **more: object) -> MailSettings:
    fields: dict[str, object] = {"user": "sophie", "sender": "sophie@example.org", "timeout_s": 60.0} | more
    return MailSettings("127.0.0.1", port, **fields)  # type: ignore[arg-type]


def send(
    tmp_path: Path, mailbox: Mailbox, environment: dict[str, str], message: Email = MESSAGE, *, trusted: bool = True
) -> None:
    async def work() -> None:
        server, client = certificate(tmp_path)
        async with mail_server(mailbox, server) as port:
            trust = client if trusted else ssl.create_default_context()
            await MailSender(settings(port), environment, trust).send(message, "email:record:c1:2", AT)

    asyncio.run(work())


def test_an_email_arrives_encrypted_and_whole(tmp_path: Path) -> None:
    mailbox = Mailbox()
    sound = Attachment("message.wav", "audio/wav", bytes(range(256)) * 20)
    send(tmp_path, mailbox, RIGHT, Email(MESSAGE.to, MESSAGE.subject, MESSAGE.text, MESSAGE.html, (sound,)))
    (received,) = mailbox.received
    body = received.get_body(("plain",))
    assert body is not None
    assert (received["Subject"], received["To"], received["From"]) == (
        MESSAGE.subject,
        "voirie@example.org",
        "sophie@example.org",
    )
    assert body.get_content() == "Un dépôt sauvage.\r\n"
    assert [part.get_content() for part in received.iter_attachments()] == [sound.data]
    assert mailbox.encrypted == [True]


def test_two_copies_of_one_message_bear_the_same_id(tmp_path: Path) -> None:
    mailbox = Mailbox()
    send(tmp_path, mailbox, RIGHT)
    send(tmp_path, mailbox, RIGHT)
    assert [one["Message-ID"] for one in mailbox.received] == ["<email.record.c1.2@example.org>"] * 2


def test_the_password_is_read_from_its_file(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text(f"{PASSWORD}\n", encoding="utf-8")
    mailbox = Mailbox()

    async def work() -> None:
        server, client = certificate(tmp_path)
        async with mail_server(mailbox, server) as port:
            await MailSender(settings(port, password_file=file), {}, client).send(MESSAGE, "k", AT)

    asyncio.run(work())
    assert len(mailbox.received) == 1


def test_tls_from_the_first_byte(tmp_path: Path) -> None:
    mailbox = Mailbox()

    async def work() -> None:
        server, client = certificate(tmp_path)
        async with mail_server(mailbox, server, implicit=True) as port:
            await MailSender(settings(port, security="tls", user=""), {}, client).send(MESSAGE, "k", AT)

    asyncio.run(work())
    assert len(mailbox.received) == 1


@pytest.mark.parametrize(
    ("mailbox", "environment", "reason", "lasting"),
    [
        (Mailbox(), {MAIL_PASSWORD: "faux"}, "refuses our password (535)", False),
        (Mailbox(), {}, f"{MAIL_PASSWORD} is missing", False),
        (Mailbox(recipient_answer="550 voirie@example.org unknown"), RIGHT, "refuses the recipient (550)", True),
        (Mailbox(recipient_answer="450 later"), RIGHT, "refuses the recipient (450)", False),
        (Mailbox(answer="554 spam"), RIGHT, "refuses the message (554)", True),
        (Mailbox(answer="451 later"), RIGHT, "refuses the message (451)", False),
    ],
)
def test_a_refusal_is_told_without_the_address_and_tried_again_unless_it_lasts(
    tmp_path: Path, mailbox: Mailbox, environment: dict[str, str], reason: str, lasting: bool
) -> None:
    with pytest.raises(NotDelivered) as caught:
        send(tmp_path, mailbox, environment)
    assert reason in str(caught.value)
    assert "voirie" not in str(caught.value)
    assert caught.value.lasting is lasting
    assert mailbox.received == []


def test_a_server_with_an_unknown_certificate_is_given_nothing(tmp_path: Path) -> None:
    mailbox = Mailbox()
    with pytest.raises(NotDelivered, match="cannot be reached"):
        send(tmp_path, mailbox, RIGHT, trusted=False)
    assert mailbox.received == []


def test_a_server_that_is_away_is_tried_again() -> None:
    with pytest.raises(NotDelivered) as caught:
        asyncio.run(MailSender(settings(9), RIGHT).send(MESSAGE, "k", AT))
    assert not caught.value.lasting


def test_a_header_cannot_be_broken_by_what_is_put_in_it(tmp_path: Path) -> None:
    with pytest.raises(NotDelivered) as caught:
        send(tmp_path, Mailbox(), RIGHT, Email("a@example.org", "x\r\nBcc: b@example.org", "texte"))
    assert caught.value.lasting
