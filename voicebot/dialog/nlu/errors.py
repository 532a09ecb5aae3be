"""What can go wrong with the data of understanding."""

from pathlib import Path


class NluDataError(ValueError):
    """A mistake in a data file: says which file, where, what, and what to do."""

    def __init__(self, file: Path, where: str, problem: str) -> None:
        super().__init__(f"{file}, {where}: {problem}")
        self.file = file
        self.where = where
        self.problem = problem
