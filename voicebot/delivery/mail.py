"""E-mails by SMTP."""

import asyncio
import ssl
from collections.abc import Mapping
from datetime import datetime
from email.errors import MessageError
from email.message import EmailMessage
from email.utils import format_datetime

import aiosmtplib

from voicebot.delivery.credentials import MAIL_PASSWORD, read_secret
from voicebot.delivery.errors import NotDelivered, SecretMissing
from voicebot.delivery.messages import Email
from voicebot.delivery.settings import MailSettings

_LASTING = 500


class MailSender:
    """Sends e-mails through the server of ``settings``. ``trust`` is what its certificate is judged with."""

    def __init__(self, settings: MailSettings, environment: Mapping[str, str], trust: ssl.SSLContext | None = None):
        self._settings = settings
        self._environment = environment
        self._trust = trust

    async def send(self, message: Email, key: str, at: datetime) -> None:
        """Hand ``message`` to the server. Its Message-ID comes from ``key``, so that a second copy can be told.

        Raises:
            NotDelivered: the server is away, or refuses it.
        """
        settings = self._settings
        if not settings.host:
            raise NotDelivered("no mail server is configured any more ([mail] host)")
        try:
            password = await self._password()
            await aiosmtplib.send(
                _written(message, settings.sender, key, at),
                hostname=settings.host,
                port=settings.port,
                username=settings.user or None,
                password=password,
                use_tls=settings.security == "tls",
                start_tls=settings.security == "starttls",
                tls_context=self._trust,
                timeout=settings.timeout_s,
            )
        except SecretMissing as error:
            raise NotDelivered(str(error)) from error
        except aiosmtplib.SMTPException as error:
            raise _told(error) from error
        except OSError as error:
            raise NotDelivered(f"the mail server cannot be reached ({type(error).__name__})") from error
        except (MessageError, ValueError) as error:
            raise NotDelivered(f"the e-mail cannot be written ({type(error).__name__})", lasting=True) from error

    async def _password(self) -> str | None:
        if not self._settings.user:
            return None
        path, environment = self._settings.password_file, self._environment
        return await asyncio.to_thread(read_secret, MAIL_PASSWORD, path, environment)


def _told(error: aiosmtplib.SMTPException) -> NotDelivered:
    """Return what went wrong with the server, without the address that its own words may hold."""
    match error:
        case aiosmtplib.SMTPRecipientsRefused():
            code = min(refused.code for refused in error.recipients)
            return NotDelivered(f"the mail server refuses the recipient ({code})", lasting=code >= _LASTING)
        case aiosmtplib.SMTPAuthenticationError():
            return NotDelivered(f"the mail server refuses our password ({error.code})")
        case aiosmtplib.SMTPDataError():
            return NotDelivered(f"the mail server refuses the message ({error.code})", lasting=error.code >= _LASTING)
        case aiosmtplib.SMTPResponseException():
            return NotDelivered(f"the mail server answered {error.code}")
    return NotDelivered(f"the mail server cannot be reached ({type(error).__name__})")


def _written(message: Email, sender: str, key: str, at: datetime) -> EmailMessage:
    written = EmailMessage()
    written["From"] = sender
    written["To"] = message.to
    written["Subject"] = message.subject
    written["Date"] = format_datetime(at)
    written["Message-ID"] = f"<{''.join(mark if mark.isalnum() else '.' for mark in key)}@{sender.partition('@')[2]}>"
    written["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office answer to it
    if message.unsubscribe:  # RFC 2369 and RFC 8058
        written["List-Unsubscribe"] = f"<{message.unsubscribe}>"
        written["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    written.set_content(message.text)
    if message.html:
        written.add_alternative(message.html, subtype="html")
    for one in message.attachments:
        main, _, sub = one.media_type.partition("/")
        written.add_attachment(one.data, maintype=main, subtype=sub or "octet-stream", filename=one.name)
    return written
