"""The process of the peer, run as a module by the interpreter in which Pipecat is installed.

It loads its models once, then holds a call for each question it is given, as a Pipecat application would: a pipeline a
call. What is said on standard output belongs to the wire alone, so whatever a library prints there goes to standard
error.
"""

import asyncio
import os
import resource
import sys
from pathlib import Path
from typing import Any

from voicebot.bench.peer_wire import LONGEST_LINE, Wire


async def serve(wire: Wire) -> None:
    """Load what the first message asks for, then answer questions until the other end closes."""
    asked = await wire.receive()
    if asked is None:
        return
    try:
        from voicebot.bench.pipecat_call import PipecatCalls
    except ImportError as error:
        wire.send({"missing": error.name or str(error), "why": str(error)})
        return
    try:
        calls = await asyncio.to_thread(PipecatCalls, Path(asked["whisper"]), Path(asked["models"]), asked["tts"])
    except Exception as error:
        wire.send({"failed": f"{type(error).__name__}: {error}"})
        return
    wire.send({"ready": calls.described()})
    turns = asyncio.Lock()

    async def brain(heard: str) -> str:
        # a turn given up half-way (the caller went on) must not leave its answer for the next one to read
        async def exchange() -> dict[str, Any] | None:
            async with turns:
                wire.send({"heard": heard})
                return await wire.receive()

        said = await asyncio.shield(exchange())
        return "" if said is None else str(said.get("say", ""))

    while (question := await wire.receive()) is not None:
        answered = await calls.ask(Path(question["ask"]), Path(question["line"]), float(question["speech_s"]), brain)
        async with turns:
            peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            wire.send({"answered": {**answered, "peak_mb": peak_mb}})


async def _main() -> None:
    out = os.fdopen(os.dup(sys.stdout.fileno()), "wb", buffering=0)
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    reader = asyncio.StreamReader(limit=LONGEST_LINE)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    await serve(Wire(reader, out.write))


if __name__ == "__main__":
    asyncio.run(_main())
