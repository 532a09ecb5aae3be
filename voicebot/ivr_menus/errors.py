"""What can be wrong with menus, told so that their editor can repair them: in French, all at once."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class MenuMistake:
    """One thing to repair: its file, its key and what to do."""

    file: str
    key: str
    message: str

    def __str__(self) -> str:
        return f"{self.file} : {self.key} : {self.message}" if self.key else f"{self.file} : {self.message}"


class MenusRefused(Exception):
    """The menus have mistakes; all of them are in ``mistakes``."""

    def __init__(self, mistakes: Iterable[MenuMistake]) -> None:
        self.mistakes = tuple(dict.fromkeys(mistakes))
        super().__init__("\n".join(map(str, self.mistakes)))


class UnknownMenu(LookupError):
    """No menu has this id; the message names those there are."""
