"""Personal data made safe before anything is written, be it to the spool or to the database.

A caller's number becomes a pseudonym: the first 128 bits of HMAC-SHA-256 (RFC 2104) of the E.164 number, so that one
person's contacts can be told together by whoever holds the key and by nobody else (numbers are few: a hash without a
key would be undone by trying them all). The numbers, e-mail addresses and names that people leave to be called back
are encrypted apart (Fernet: AES-128-CBC and HMAC-SHA-256) with another key. In what was heard and said, whole numbers
and e-mail addresses are masked.
"""

import base64
import binascii
import hashlib
import hmac
import json
import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken

from voicebot.journal.errors import KeyTrouble
from voicebot.journal.settings import JournalSettings

PSEUDONYM_VARIABLE = "VOICEBOT_PSEUDONYM_KEY"
ENCRYPTION_VARIABLE = "VOICEBOT_ENCRYPTION_KEY"

PRIVATE_SLOTS = ("telephone", "email", "nom")
"""Slots that are encrypted apart; where they were, a mask remains."""

_SHORTEST_KEY_BYTES = 32
_PERSON_BYTES = 16
_MARK_BYTES = 8
_NUMBER = re.compile(r"(?<![\w])(?:\+|00)?\d(?:[\s.\-/]{0,2}\d){8,14}(?!\w)")
_EMAIL = re.compile(r"[^\s@<>]+@[^\s@<>]+\.\w+")
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Keys:
    """The two keys: ``pseudonym`` raw bytes, ``encryption`` as Fernet takes it (32 bytes, URL-safe base 64)."""

    pseudonym: bytes = field(repr=False)
    encryption: bytes = field(repr=False)

    def fingerprints(self) -> dict[str, str]:
        """Return what tells whether a key is the right one without giving it away."""
        return {
            "pseudonym": hmac.new(self.pseudonym, b"voicebot key check", hashlib.sha256).hexdigest()[:32],
            "encryption": hmac.new(self.encryption, b"voicebot key check", hashlib.sha256).hexdigest()[:32],
        }


def load_keys(settings: JournalSettings, environment: Mapping[str, str]) -> Keys | None:
    """Return the keys from the environment or their files; ``None`` when neither has been made yet.

    Raises:
        KeyTrouble: one of the two is missing, cannot be read, or is no key.
    """
    pseudonym = _found(settings.pseudonym_key, PSEUDONYM_VARIABLE, environment)
    encryption = _found(settings.encryption_key, ENCRYPTION_VARIABLE, environment)
    if pseudonym is None and encryption is None:
        return None
    if pseudonym is None or encryption is None:
        missing = settings.pseudonym_key if pseudonym is None else settings.encryption_key
        raise KeyTrouble(f"{missing}: this key is missing while the other is there; put it back from its copy")
    if len(pseudonym) < _SHORTEST_KEY_BYTES:
        raise KeyTrouble(f"the pseudonym key is shorter than {_SHORTEST_KEY_BYTES} characters; put back the right one")
    try:
        Fernet(encryption)
    except ValueError as error:
        raise KeyTrouble("the encryption key is not 32 bytes in URL-safe base 64; put back the right one") from error
    return Keys(pseudonym, encryption)


def make_keys(settings: JournalSettings) -> Keys:
    """Make both keys and write them to their files, readable by this user alone.

    Raises:
        KeyTrouble: a file cannot be written, or has appeared meanwhile.
    """
    keys = Keys(base64.urlsafe_b64encode(secrets.token_bytes(32)), Fernet.generate_key())
    for path, key in ((settings.pseudonym_key, keys.pseudonym), (settings.encryption_key, keys.encryption)):
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(file, "wb") as out:
                out.write(key + b"\n")
                out.flush()
                os.fsync(out.fileno())
        except OSError as error:
            raise KeyTrouble(f"{path}: the key cannot be written ({error.strerror})") from error
    return keys


def _found(path: Path, variable: str, environment: Mapping[str, str]) -> bytes | None:
    if environment.get(variable):
        return environment[variable].strip().encode()
    try:
        return path.read_bytes().strip()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise KeyTrouble(f"{path}: the key cannot be read ({error.strerror})") from error


class Seal:
    """Pseudonyms, encryption and masks, with one pair of keys."""

    def __init__(self, keys: Keys) -> None:
        self._pseudonym = keys.pseudonym
        self._fernet = Fernet(keys.encryption)

    def pseudonym(self, number: str) -> str | None:
        """Return the pseudonym of an E.164 number (32 hexadecimal digits), ``None`` for a withheld one."""
        digits = re.sub(r"[^\d+]", "", number)
        if not digits:
            return None
        return hmac.new(self._pseudonym, digits.encode(), hashlib.sha256).hexdigest()[:32]

    def person(self, address: str) -> str | None:
        """Return the pseudonym of a person by their number, or by their e-mail address when that is all they left."""
        if "@" not in address:
            return self.pseudonym(address)
        return hmac.new(self._pseudonym, f"mailto:{address.strip().lower()}".encode(), hashlib.sha256).hexdigest()[:32]

    def stop_token(self, person: str) -> str:
        """Return what lets whoever holds it stop messages to ``person`` (a pseudonym), short enough for an address."""
        raw = bytes.fromhex(person)
        return base64.urlsafe_b64encode(raw + self._stop_mark(raw)).decode().rstrip("=")

    def person_of_stop(self, token: str) -> str | None:
        """Return the pseudonym that ``stop_token`` was given, ``None`` when it is none of ours."""
        try:
            raw = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
        except (ValueError, binascii.Error):
            return None
        person, mark = raw[:_PERSON_BYTES], raw[_PERSON_BYTES:]
        return person.hex() if hmac.compare_digest(mark, self._stop_mark(person)) else None

    def _stop_mark(self, person: bytes) -> bytes:
        return hmac.new(self._pseudonym, b"stop messages to " + person, hashlib.sha256).digest()[:_MARK_BYTES]

    def close(self, coordinates: Mapping[str, str]) -> str:
        """Return ``coordinates`` encrypted."""
        return self._fernet.encrypt(json.dumps(dict(coordinates)).encode()).decode()

    def open(self, token: str) -> dict[str, str]:
        """Return what was encrypted.

        Raises:
            KeyTrouble: it was encrypted with another key, or was altered.
        """
        try:
            opened: dict[str, str] = json.loads(self._fernet.decrypt(token.encode()))
        except InvalidToken as error:
            raise KeyTrouble("coordinates cannot be decrypted: put back the key they were encrypted with") from error
        return opened

    def close_bytes(self, clear: bytes) -> bytes:
        """Return ``clear`` encrypted."""
        return self._fernet.encrypt(clear)

    def open_bytes(self, token: bytes) -> bytes:
        """Return the bytes that were encrypted.

        Raises:
            KeyTrouble: they were encrypted with another key, or were altered.
        """
        try:
            return self._fernet.decrypt(token)
        except InvalidToken as error:
            raise KeyTrouble("this cannot be decrypted: put back the key it was encrypted with") from error


def mask(name: str, value: str) -> str:
    """Return what may be shown of a private slot: the last two digits of a number, nothing of the rest."""
    if name == "telephone":
        digits = re.sub(r"\D", "", value)
        return f"•• {digits[-2:]}" if digits else "••"
    return "••@••" if name == "email" else "••"


def masked(text: str) -> str:
    """Return ``text`` with whole telephone numbers and e-mail addresses masked (nine digits or more in a row)."""
    text = _EMAIL.sub(lambda match: mask("email", match.group()), text)
    return _NUMBER.sub(lambda match: mask("telephone", match.group()), text)


def storable(text: str) -> str:
    """Return ``text`` with the few characters no database takes (NUL, lone surrogates) replaced by U+FFFD."""
    return _UNSTORABLE.sub("\ufffd", text)
