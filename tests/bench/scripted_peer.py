"""A peer that plays its part from a script: a process that talks as the real one does, without its models."""

import asyncio
import os
import sys

from voicebot.audio.wav import read_wav
from voicebot.bench.peer_wire import Wire


async def main() -> None:
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    wire = Wire(reader, lambda line: os.write(sys.stdout.fileno(), line))
    part = await wire.receive()
    assert part is not None
    wire.send(part["first"])
    while (question := await wire.receive()) is not None:
        if "dies" in part:
            sys.stderr.write(f"{part['dies']}\n")
            sys.exit(3)
        answered = {"heard": f"{read_wav(question['ask']).pcm.size} samples", "cpu_s": 2.0, "delay_s": 1.5}
        wire.send({"heard": answered["heard"]})
        told = await wire.receive()
        assert told is not None
        wire.send({"answered": {**answered, "cut_off": told["say"] == "too early", "peak_mb": 300.0}})


asyncio.run(main())
