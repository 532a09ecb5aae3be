"""What can go wrong with models; each message is one line that says what to do."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

FULL_DISK_ERRNOS = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class ModelError(Exception):
    """The root of this package's errors."""


class ManifestError(ModelError):
    """``manifest.toml`` cannot be used; the message lists every mistake with its place."""


class UnknownModel(ModelError):
    """No model of the manifest has this id."""


class ModelMissing(ModelError):
    """A model is not installed, or not whole; the message says the command that installs it."""


class FetchFailed(ModelError):
    """A source could not give its file; another source may."""


class Offline(FetchFailed):
    """A source could not be reached at all."""


class ClientMissing(FetchFailed):
    """A source needs a program that is not installed on this machine."""


class ChecksumMismatch(FetchFailed):
    """A file is not the one that the manifest, or the first installation, describes."""


class UnsafeArchive(FetchFailed):
    """An archive has members that would be written outside its folder, or more than an archive of models can hold."""


class DiskFull(ModelError):
    """There is no room left; nothing half-written was put in place."""


@contextmanager
def told_when_full(path: Path) -> Iterator[None]:
    """Turn the operating system's "no space left" into ``DiskFull`` while ``path`` is being written.

    A quota and a limit on file sizes are told in the same way: the remedy is the same.
    """
    try:
        yield
    except OSError as error:
        if error.errno in FULL_DISK_ERRNOS:
            raise disk_full(path) from error
        raise


def disk_full(path: Path) -> DiskFull:
    """Return the error that says there is no room for ``path``."""
    return DiskFull(
        f"no space left while writing {path}: free some space there (or set VOICEBOT_CACHE to a folder on a larger"
        " disk for the downloads), then run the command again; what was downloaded is kept"
    )
