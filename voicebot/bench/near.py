"""A line that answers with markers, for measuring the delays of the line alone: a process of its own.

``python -m voicebot.bench.near CONFIG``: every call hears a loud frame each half second, in turn at the end of faint
noise that is given frame by frame as it comes (as a bridge does) and at the beginning of a sentence after silence. One
JSON line is printed for each: ``{"call", "relayed_s"}`` or ``{"call", "played_s"}`` when it is handed to the leg,
``{"call", "heard_s"}`` when the leg hands over a loud frame of the caller's. Seconds are of the monotonic clock.
``ready`` is printed first.
"""

import asyncio
import dataclasses
import json
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from voicebot.audio.frames import LINE_HZ, Pcm, Upcoming, frame_samples, level_dbfs, silence
from voicebot.config import load_settings
from voicebot.telephony.base import CallEnded, Leg, Line
from voicebot.telephony.engines import load_line

LOUD_DBFS = -20.0
EVERY_FRAMES = 25
_SILENT_FRAMES = 15
_SAMPLES = frame_samples(LINE_HZ)


def marker() -> Pcm:
    """Return a loud frame."""
    return (12000 * np.sin(2 * np.pi * 700 * np.arange(_SAMPLES) / LINE_HZ)).astype(np.int16)


def _tell(**what: object) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


def _after(sentence: Sequence[Pcm], at: int) -> Upcoming:
    return lambda count: sentence[at + 1 : at + 1 + count]


async def _mark(leg: Leg) -> None:
    """Live one call."""
    loop = asyncio.get_running_loop()
    noise = np.random.default_rng(1).normal(0, 12, (EVERY_FRAMES, _SAMPLES)).astype(np.int16)
    sentence = (marker(), *noise[: EVERY_FRAMES - _SILENT_FRAMES - 1])
    quiet, frame, hearing = silence(_SAMPLES), 0, False
    try:
        await leg.answer()
        while (tick := await leg.tick()) is not None:
            was, hearing = hearing, level_dbfs(tick.pcm) > LOUD_DBFS
            if hearing and not was:
                _tell(call=leg.info.call_id, heard_s=loop.time())
            relaying, at = frame // EVERY_FRAMES % 2 == 0, frame % EVERY_FRAMES
            frame += 1
            if relaying and at + 1 == EVERY_FRAMES:
                _tell(call=leg.info.call_id, relayed_s=loop.time())
                leg.play(marker())
            elif relaying:
                leg.play(noise[at])
            elif at < _SILENT_FRAMES:
                leg.play(quiet)
            else:
                if at == _SILENT_FRAMES:
                    _tell(call=leg.info.call_id, played_s=loop.time())
                leg.play(sentence[at - _SILENT_FRAMES], _after(sentence, at - _SILENT_FRAMES))
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
