"""A message sent to many: what each receives, with the way to receive no more of them. The words are data."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, fields
from itertools import groupby
from pathlib import Path

from voicebot.dialog.knowledge.identity import Identity
from voicebot.journal.notices import Notice
from voicebot.journal.people import Reachable
from voicebot.journal.seal import Seal
from voicebot.words import WordsFile

STOP_PATH = "/stop"
_AT_ONCE = 50
_PLACES = frozenset({"message", "lien", "assistante", "collectivite", "telephone"})


@dataclass(frozen=True, slots=True)
class Parcel:
    """One message to one person: by ``email`` or ``sms``, once for a ``key``; ``stop`` is where they stop them."""

    kind: str
    address: str
    subject: str
    text: str
    key: str
    stop: str = ""


@dataclass(frozen=True, slots=True)
class CircularWords:
    """What goes round a message: the subject of the e-mail, and the two kinds with or without a link to stop."""

    objet: str
    email: str
    email_sans_lien: str
    sms: str
    sms_sans_lien: str

    def write(self, kind: str, message: str, identity: Identity, stop: str) -> str:
        """Return ``message`` as it is sent by ``kind``; ``stop`` is the link, empty when there is none."""
        telephone = identity.facts["telephone"].value if "telephone" in identity.facts else ""
        words: str = getattr(self, kind if stop else f"{kind}_sans_lien")
        values = {"message": message, "lien": stop, "assistante": identity.assistant, "telephone": telephone}
        return words.strip().format_map(values | {"collectivite": identity.community})


@dataclass(frozen=True, slots=True)
class Circulars:
    """How a message is sent to many.

    ``deliver`` puts one parcel in the outbox and returns whether it could; ``public_url`` is where the public reaches
    the site (empty: nowhere, so no message has a link).
    """

    words: CircularWords
    deliver: Callable[[Parcel], Awaitable[bool]]
    public_url: str = ""

    async def send(self, notice: Notice, people: Sequence[Reachable], seal: Seal, identity: Identity) -> int:
        """Send ``notice`` once to each of ``people``, by the first of their channels that works; return how many."""
        by_person = {one: list(ways) for one, ways in groupby(people, key=lambda way: way.person)}
        count = 0
        persons = list(by_person)
        for start in range(0, len(persons), _AT_ONCE):
            some = persons[start : start + _AT_ONCE]
            count += sum(await asyncio.gather(*(self._tell(notice, by_person[one], seal, identity) for one in some)))
        return count

    async def _tell(self, notice: Notice, ways: Sequence[Reachable], seal: Seal, identity: Identity) -> bool:
        for way in ways:
            stop = f"{self.public_url.rstrip('/')}{STOP_PATH}/{seal.stop_token(way.person)}" if self.public_url else ""
            text = self.words.write(way.channel, notice.text, identity, stop)
            key = f"notice:{notice.id}:{way.person}"
            if await self.deliver(Parcel(way.channel, way.address, self.words.objet, text, key, stop)):
                return True
        return False


def load_circular_words(path: Path) -> CircularWords:
    """Read ``path`` (TOML: a text for each name).

    Raises:
        WordsError: it is missing or invalid, or a text is missing, unknown, or has an unknown place.
    """
    file = WordsFile(path)
    words = file.texts("", dict.fromkeys((entry.name for entry in fields(CircularWords)), _PLACES))
    file.settle()
    return CircularWords(**words)
