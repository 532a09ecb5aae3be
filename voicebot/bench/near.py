"""A line that answers with markers, for measuring the delays of the line alone: a process of its own.

``python -m voicebot.bench.near CONFIG``: every call hears faint noise, in which a loud frame comes every half second.
One JSON line is printed for each: ``{"call", "played_s"}`` when it is handed to the leg, ``{"call", "heard_s"}`` when
the leg hands over a loud frame of the caller's. Seconds are of the monotonic clock. ``ready`` is printed first.
"""

import asyncio
import dataclasses
import json
import signal
import sys
from pathlib import Path

import numpy as np

from voicebot.audio.frames import LINE_HZ, Pcm, frame_samples, level_dbfs
from voicebot.config import load_settings
from voicebot.telephony.base import CallEnded, Leg, Line
from voicebot.telephony.engines import load_line

LOUD_DBFS = -20.0
EVERY_FRAMES = 25
_SAMPLES = frame_samples(LINE_HZ)


def marker() -> Pcm:
    """Return a loud frame."""
    return (12000 * np.sin(2 * np.pi * 700 * np.arange(_SAMPLES) / LINE_HZ)).astype(np.int16)


def _tell(**what: object) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


async def _mark(leg: Leg) -> None:
    """Live one call."""
    loop = asyncio.get_running_loop()
    noise = np.random.default_rng(1).normal(0, 12, (EVERY_FRAMES, _SAMPLES)).astype(np.int16)
    loud, frame, hearing = marker(), 0, False
    try:
        await leg.answer()
        while (tick := await leg.tick()) is not None:
            was, hearing = hearing, level_dbfs(tick.pcm) > LOUD_DBFS
            if hearing and not was:
                _tell(call=leg.info.call_id, heard_s=loop.time())
            frame += 1
            if frame % EVERY_FRAMES == 0:
                _tell(call=leg.info.call_id, played_s=loop.time())
                leg.play(loud)
            else:
                leg.play(noise[frame % EVERY_FRAMES])
    except CallEnded:
        return
    finally:
        await leg.hang_up()


async def _serve(line: Line) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    await line.start()
    _tell(ready=line.addresses)
    calls: set[asyncio.Task[None]] = set()

    async def answer() -> None:
        async for leg in line.calls():
            calls.add(asyncio.create_task(_mark(leg)))

    answering = asyncio.create_task(answer())
    await stop.wait()
    await line.stop()
    await asyncio.gather(answering, *calls)


def main(config: Path) -> None:
    """Answer until SIGTERM."""
    settings = load_settings(config)
    asyncio.run(_serve(load_line(dataclasses.replace(settings.sip))))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
