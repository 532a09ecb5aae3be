"""How the work of an installation is shown while it goes on."""

from typing import Protocol


class Progress(Protocol):
    """Where an installation tells what it is doing; one stage at a time."""

    def stage(self, what: str, total_bytes: int | None) -> None:
        """Start the stage ``what``, of ``total_bytes`` where that is known; it ends the stage before."""

    def at(self, done_bytes: int, total_bytes: int | None = None) -> None:
        """Tell how far the stage is; a total learnt on the way is given with it."""

    def note(self, text: str) -> None:
        """Say something that is not a stage: a wait, a source that failed, a fall-back."""


class Silent:
    """Shows nothing."""

    def stage(self, what: str, total_bytes: int | None) -> None:
        """Do nothing."""

    def at(self, done_bytes: int, total_bytes: int | None = None) -> None:
        """Do nothing."""

    def note(self, text: str) -> None:
        """Do nothing."""
