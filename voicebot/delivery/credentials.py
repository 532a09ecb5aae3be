"""Where secrets are read: the environment first, else a file; never shown."""

from collections.abc import Mapping
from pathlib import Path

from voicebot.delivery.errors import SecretMissing

MAIL_PASSWORD = "VOICEBOT_MAIL_PASSWORD"  # noqa: S105 - the name of a variable
SMS_TOKEN = "VOICEBOT_SMS_TOKEN"  # noqa: S105 - the name of a variable


def read_secret(variable: str, path: Path | None, environment: Mapping[str, str], least: int = 1) -> str:
    """Return the secret of ``variable``, or of ``path``; the last newline of a file is dropped.

    Raises:
        SecretMissing: it is in neither, or shorter than ``least`` characters.
    """
    value = environment.get(variable, "")
    if not value and path is not None:
        try:
            value = path.read_text(encoding="utf-8").removesuffix("\n")
        except (OSError, UnicodeDecodeError) as error:
            raise SecretMissing(f"{path}: the secret cannot be read; write it there or set {variable}") from error
    if len(value) < least:
        short = f"is shorter than {least} characters" if value else "is missing"
        raise SecretMissing(f"the secret of {variable} {short}; set that variable, or write it in {path or 'a file'}")
    return value
