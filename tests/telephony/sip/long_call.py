"""A process that holds one call of a minute on each engine, and prints what the peers made of it, as JSON.

Run beside other tests, since a minute of sound takes a minute: see ``test_whole_minute.py``.
"""

import asyncio
import json
import sys
from difflib import SequenceMatcher

import numpy as np

from tests.telephony.sip import scenarios as sc
from tests.telephony.sip.peers import (
    HANGS_S,
    alaw_frames,
    frame_of,
    line_settings,
    next_call,
    rtp_peer,
    running_line,
    sipp,
    sounding_frames,
    speechlike,
    ticks,
)
from voicebot.audio.frames import Pcm
from voicebot.audio.g711 import alaw_decode
from voicebot.telephony.settings import EngineName

SECONDS = 60


def snr_db(sent: Pcm, received: Pcm) -> float:
    """How far the noise of ``received`` is under what was sent."""
    clean = sent.astype(np.float64)
    noise = received.astype(np.float64) - clean
    return float(10 * np.log10(np.sum(clean**2) / np.sum(noise**2)))


async def lived(engine: EngineName) -> dict[str, object]:
    """Play a minute to a peer; return how it differs from what was played."""
    settings = line_settings(engine=engine)
    said = speechlike(SECONDS, seed=60)
    async with running_line(settings) as line, rtp_peer() as peer:
        steps = sc.scenario(sc.answered(peer.port), sc.hung_up())
        caller = asyncio.create_task(sipp(steps, settings, timeout_s=SECONDS + HANGS_S))
        leg = await next_call(line)
        await leg.answer()
        # a peer that sends nothing for half a minute would be let go
        speaking = asyncio.create_task(peer.speak(speechlike(SECONDS, seed=61)))
        await ticks(leg, (SECONDS + 1) * 50, lambda index: frame_of(said, index))
        await speaking
        await leg.hang_up()
        status = (await caller).status
        stats = leg.stats()
    sent, got = alaw_frames(said), sounding_frames(peer.codes)
    changes = SequenceMatcher(None, sent, got, autojunk=False).get_opcodes() if got != sent else []
    heard = np.concatenate([alaw_decode(codes) for codes in got])
    return {
        "engine": engine,
        "status": status,
        "frames": len(got),
        "changed": [list(change) for change in changes if change[0] != "equal"],
        "snr_db": round(snr_db(said, heard), 1) if heard.size == said.size else None,
        "starved": stats.starved_frames,
    }


async def main() -> None:
    """Live both calls at the same time."""
    sys.stdout.write(json.dumps(await asyncio.gather(lived("baresip"), lived("pyvoip"))))


if __name__ == "__main__":
    asyncio.run(main())
