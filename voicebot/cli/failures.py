"""How a command says that it could not do its work.

A command module raises these two, or lets an error of its own package through and lists it in its
``EXPECTED_ERRORS``: a mapping from exception types to the exit status they end the program with. Either way the user
reads one line on standard error (one a mistake, for a file with several); anything else is a bug and shows its
traceback.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import TypeAlias

WORK_FAILED = 1
WRONG_USAGE = 2

ExpectedErrors: TypeAlias = Mapping[type[Exception], int]
"""Exit status by type of exception."""


class WorkFailed(Exception):
    """The command was right and its work could not be done; the message says what and what to do."""


class WrongUsage(Exception):
    """The command line or the configuration is wrong; the message says where and what to write instead."""


BUILT_IN: ExpectedErrors = MappingProxyType({WorkFailed: WORK_FAILED, WrongUsage: WRONG_USAGE, OSError: WORK_FAILED})


def told(error: Exception) -> str:
    """Return what ``error`` tells the user; an ``OSError`` as its reason and the file it is about."""
    if isinstance(error, OSError) and error.strerror:
        where = f" ({error.filename})" if error.filename else ""
        return f"{error.strerror}{where}"
    return str(error) or type(error).__name__
