"""A process that holds twenty calls and is killed in the middle of them: run by ``test_crash``, never by itself.

Each call tells its turns one after the other. A turn is written to standard output once the journal vouches that it
survives a crash.
"""

import asyncio
import sys
from dataclasses import replace
from pathlib import Path

from tests.journal.samples import started, turn
from voicebot.journal.journal import Journal
from voicebot.journal.opening import open_journal
from voicebot.journal.settings import JournalSettings

CALLS = 20
TURN_S = 0.05


async def call(journal: Journal, number: int) -> None:
    contact = f"call-{number:02d}"
    journal.contact_started(started(contact))
    seq = 0
    while True:
        await asyncio.sleep(TURN_S)  # the caller and the answer; the only time there is in this process
        seq += 1
        journal.turn(replace(turn(contact, seq), heard=f"tour {seq} de {contact}"))
        await journal.spooled(60.0)
        sys.stdout.write(f"{contact} {seq}\n")
        sys.stdout.flush()


async def main(url: str, folder: Path) -> None:
    journal = await open_journal(JournalSettings(url=url).within(folder), {})
    await asyncio.gather(*(call(journal, number) for number in range(CALLS)))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], Path(sys.argv[2])))
