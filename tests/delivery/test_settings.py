"""What the configuration may say of deliveries."""

from pathlib import Path
from typing import Any

import pytest

from voicebot.config import ConfigError, parse_settings


def refused(document: dict[str, Any]) -> str:
    with pytest.raises(ConfigError) as caught:
        parse_settings(document, source="config.toml", folder=Path("/srv"))
    return str(caught.value)


def test_every_way_out_is_read_with_the_files_of_its_secrets(tmp_path: Path) -> None:
    document = {
        "mail": {"host": "mail.example.org", "sender": "sophie@example.org", "password_file": "secrets/mail"},
        "sms": {"url": "https://sms.example.org", "body": {"list": [{"a": "{to}"}], "b": "{text}"}},
        "webhooks": [
            {"name": "crm", "url": "https://crm.example.org", "events": ["ticket.opened"], "secret_file": "/etc/crm"}
        ],
    }
    channels = parse_settings(document, source="config.toml", folder=tmp_path).channels
    assert channels.mail.password_file == tmp_path / "secrets/mail"
    assert channels.webhooks[0].secret_file == Path("/etc/crm")
    assert channels.webhooks[0].variable == "VOICEBOT_WEBHOOK_SECRET_CRM"


@pytest.mark.parametrize(
    ("document", "told"),
    [
        ({"mail": {"hots": "x"}}, "mail.hots: unknown key (did you mean host?)"),
        ({"mail": {"host": "x"}}, "sender must be the e-mail address"),
        ({"mail": {"host": "x", "sender": "a@b.fr", "user": "u", "security": "none"}}, "password in clear"),
        ({"sms": {"body": {"to": "{to}", "text": "{txt}"}}}, "{txt} is unknown"),
        ({"sms": {"body": {"to": "{to}"}}}, "{to} and {text}"),
        ({"sms": {"url": "ftp://x"}}, "https://"),
        ({"webhooks": {"name": "crm"}}, "[[webhooks]]"),
        ({"webhooks": [{"name": "crm", "url": "https://x", "event": []}]}, "webhooks.0.event: unknown key"),
        ({"webhooks": [{"name": "crm"}]}, "webhooks.0.url"),
        ({"webhooks": [{"name": "crm", "url": "https://u:p@x"}]}, "secrets go to the environment"),
        ({"webhooks": [{"name": "crm", "url": "https://x", "events": ["ticket"]}]}, "'ticket' is unknown"),
        ({"webhooks": [{"name": "a", "url": "https://x"}, {"name": "a", "url": "https://y"}]}, "two endpoints"),
        ({"delivery": {"retry_s": 0.0}}, "retry_s must be above 0"),
    ],
)
def test_a_mistake_is_told_with_its_place(document: dict[str, Any], told: str) -> None:
    assert told in refused(document)
