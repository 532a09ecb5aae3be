"""What a configuration may say of the journal: where it is kept, its keys, and for how long."""

from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, ClassVar

SCHEMES = ("sqlite", "postgresql", "postgres")
_FILE = "sqlite:///"


@dataclass(frozen=True, slots=True)
class Retention:
    """How long each kind of data is kept, in days; 0 keeps nothing past the next purge.

    ``transcripts``: what was heard and said, from the end of the contact. ``callers``: the pseudonym that ties a
    contact to a person; past it the contact only counts in figures. ``contacts``: the contact itself, with its survey.
    ``records``: tickets, appointments, callbacks and messages, from their last change. ``coordinates``: the numbers,
    e-mail addresses and names left with them. ``preferences`` and ``consents``: from the last time they were confirmed.
    ``voices``: the sound of the messages left after the beep, with their transcription, from the message; callers are
    told this period, so it is at least a day. ``actions``: what supervisors and tokens did. ``deliveries``: that a
    message was sent to the outside (what it said goes when it is sent), or the whole of one that could not be.
    ``proposals``: changes of a profile suggested on the pages, from the last decision about them; those in force stay
    as long as they are.
    """

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid"}

    transcripts: int = 180
    callers: int = 365
    contacts: int = 1095
    records: int = 730
    coordinates: int = 365
    preferences: int = 730
    consents: int = 1095
    voices: int = 30
    actions: int = 365
    deliveries: int = 90
    proposals: int = 365

    def __post_init__(self) -> None:
        for entry in fields(self):
            if getattr(self, entry.name) < 0:
                raise ValueError(f"{entry.name} must be 0 or more days, not {getattr(self, entry.name)}")
        if self.voices < 1:
            raise ValueError("voices must be 1 day or more; to record no message, write enabled = false in [message]")
        if self.contacts < max(self.transcripts, self.callers):
            raise ValueError("contacts must be kept at least as long as their transcripts and callers")
        if self.records < self.coordinates:
            raise ValueError("records must be kept at least as long as their coordinates")
        if self.records < self.voices:
            raise ValueError("records must be kept at least as long as their voices")


@dataclass(frozen=True, slots=True)
class JournalSettings:
    """Where the journal is kept.

    ``url`` is ``sqlite:///FILE`` (empty: ``journal.sqlite`` in the data folder) or ``postgresql://USER@HOST/BASE``;
    the environment variable ``VOICEBOT_DATABASE_URL`` goes before it, so that a password need not be written in a file.
    ``spool`` is the folder of what is not in the database yet, one for each machine, on a disk of that machine.
    ``pseudonym_key`` and ``encryption_key`` are files of one key each, made when the journal is opened for the first
    time; ``VOICEBOT_PSEUDONYM_KEY`` and ``VOICEBOT_ENCRYPTION_KEY`` go before them. Losing the first cuts every
    caller's history, losing the second loses the numbers to call back: keep a copy of both, apart from the database.
    ``voices`` is the folder of the messages left after the beep, each in an encrypted file; nodes that share a database
    share it too. Relative paths start at the data folder.
    """

    url: str = field(default="", repr=False)
    spool: Path = Path("spool")
    voices: Path = Path("voices")
    pseudonym_key: Path = Path("keys/pseudonym.key")
    encryption_key: Path = Path("keys/encryption.key")
    retention: Retention = field(default_factory=Retention)

    def __post_init__(self) -> None:
        scheme = self.url.partition(":")[0].partition("+")[0]
        if self.url and scheme not in SCHEMES:
            raise ValueError("url must start with sqlite:/// or postgresql://")

    def within(self, data: Path) -> "JournalSettings":
        """Return the same settings with nothing left relative or unsaid; ``data`` is the data folder."""
        return replace(
            self,
            url=_within(data, self.url or f"{_FILE}journal.sqlite"),
            spool=data / self.spool,
            voices=data / self.voices,
            pseudonym_key=data / self.pseudonym_key,
            encryption_key=data / self.encryption_key,
        )


def _within(data: Path, url: str) -> str:
    """Return ``url`` with the file of SQLite made absolute."""
    if not url.startswith(_FILE):
        return url
    file, mark, options = url.removeprefix(_FILE).partition("?")
    return f"{_FILE}{data.absolute() / file}{mark}{options}"
