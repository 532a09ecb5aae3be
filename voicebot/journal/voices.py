"""The sound of the messages left after the beep: one encrypted file each, in a folder of its own, apart from the rows.

A file holds a Fernet token (AES-128-CBC and HMAC-SHA-256) of its own id and the WAV, so that one message cannot be
passed off as another; the clear sound is never on the disk. Its name begins with its day, so that the retention period
can be applied to files that no row tells of any more. Nothing here knows of asyncio; what reads or writes belongs in a
thread.
"""

import errno
import logging
import os
import re
import shutil
import uuid
from collections.abc import Iterator
from datetime import date
from pathlib import Path

from voicebot.journal.errors import JournalError, KeyTrouble
from voicebot.journal.seal import Seal

log = logging.getLogger(__name__)

_SUFFIX = ".voice"
_ID = re.compile(r"(\d{8})-[0-9a-f]{32}")
_ROOM_BYTES = 50_000_000
"""Less room than this on the disk, and no message is begun: the journal needs it more."""


class VoiceTrouble(JournalError):
    """A message cannot be written, or is not there any more."""


class VoiceFiles:
    """The messages in ``folder``. ``seal`` encrypts them; without it nothing is written nor read."""

    def __init__(self, folder: Path, seal: Seal | None) -> None:
        self._folder = folder
        self._seal = seal

    def ready(self) -> bool:
        """Return whether a message could be written now: the key is there, and there is room on the disk."""
        if self._seal is None:
            return False
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            return shutil.disk_usage(self._folder).free >= _ROOM_BYTES and os.access(self._folder, os.W_OK)
        except OSError as error:
            log.error("%s: messages cannot be kept (%s)", self._folder, error.strerror)
            return False

    def keep(self, wav: bytes, day: date) -> str:
        """Write a message, whole and safely on the disk or not at all; return its id.

        Raises:
            VoiceTrouble: the disk is full or the folder cannot be written.
            KeyTrouble: the encryption key is missing.
        """
        if self._seal is None:
            raise KeyTrouble("the encryption key is missing: messages are not kept without it")
        voice = f"{day:%Y%m%d}-{uuid.uuid4().hex}"
        path = self._path(voice)
        partial = path.with_suffix(".partial")
        token = self._seal.close_bytes(voice.encode() + b"\n" + wav)
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            file = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(file, "wb") as out:
                out.write(token)
                out.flush()
                os.fsync(out.fileno())
            partial.replace(path)
        except OSError as error:
            partial.unlink(missing_ok=True)
            raise VoiceTrouble(f"{self._folder}: a message cannot be written ({error.strerror or error})") from error
        return voice

    def read(self, voice: str) -> bytes:
        """Return the WAV of a message.

        Raises:
            VoiceTrouble: it is not in this folder (any more), or cannot be read.
            KeyTrouble: it was encrypted with another key, was altered, or the key is missing.
        """
        if self._seal is None:
            raise KeyTrouble("the encryption key is missing: messages cannot be read without it")
        try:
            token = self._path(voice).read_bytes()
        except OSError as error:
            raise VoiceTrouble(f"message {voice} cannot be read ({error.strerror or error})") from error
        name, _, wav = self._seal.open_bytes(token).partition(b"\n")
        if name != voice.encode():
            raise KeyTrouble(f"message {voice} holds another one: its file was replaced")
        return wav

    def there(self, voice: str) -> bool:
        """Return whether a message is in this folder."""
        return self._path(voice).is_file()

    def erase(self, voice: str) -> bool:
        """Delete a message; return whether it was there.

        Raises:
            VoiceTrouble: it is there, and stays.
        """
        path = self._path(voice)
        try:
            path.unlink()
        except FileNotFoundError:
            return False
        except OSError as error:
            raise VoiceTrouble(f"{path}: cannot be deleted ({error.strerror or error})") from error
        return True

    def remove(self, voice: str) -> bool:
        """Delete a message; return whether it went. One that stays is tried again by ``purge``."""
        try:
            return self.erase(voice)
        except VoiceTrouble as error:
            log.error("%s", error)
            return False

    def purge(self, before: date) -> int:
        """Delete the messages of the days before ``before``, and what a crash left half written; return how many."""
        count = 0
        for path in self._files():
            match = _ID.match(path.name)
            if match is not None and match[1] < f"{before:%Y%m%d}":
                count += self._unlink(path)
        return count

    def _unlink(self, path: Path) -> bool:
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            log.error("%s: cannot be deleted (%s)", path, error.strerror or error)
            return False
        return path.suffix == _SUFFIX

    def _files(self) -> Iterator[Path]:
        return (path for path in sorted(self._folder.glob("*")) if path.suffix in (_SUFFIX, ".partial"))

    def _path(self, voice: str) -> Path:
        if not _ID.fullmatch(voice):
            raise VoiceTrouble(os.strerror(errno.EINVAL) + f": {voice[:60]!r} names no message")
        return self._folder / f"{voice}{_SUFFIX}"
