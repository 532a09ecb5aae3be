"""What can be wrong with the content of a profile, told so that its editor can repair it.

The sentences are French: their reader is the civil servant who edits the content.
"""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Mistake:
    """One thing to repair: where it is (file, line counted from 1 or 0 when unknown, key) and what to do."""

    file: str
    line: int
    key: str
    message: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"{place} : {self.key} : {self.message}" if self.key else f"{place} : {self.message}"


class ContentRefused(Exception):
    """The content of a profile has mistakes; all of them are in ``mistakes``, in reading order."""

    def __init__(self, mistakes: Iterable[Mistake]) -> None:
        self.mistakes = tuple(sorted(set(mistakes)))
        super().__init__("\n".join(map(str, self.mistakes)))
