"""A process of its own that answers calls and replies in tones, as ``voicebot serve`` does.

Arguments: port, leak limit, and a certificate for a line that speaks TLS and SRTP only.

Prints ``ready`` once it listens, ``ended`` for each call that does, ``draining`` once told to stop; exits with 75 (try
again) when worn out.
"""

import asyncio
import os
import signal
import sys
from pathlib import Path

import numpy as np

from tests.telephony.sip.peers import HOST, NUMBER
from voicebot.audio.frames import level_dbfs, silence
from voicebot.clock import WallClock
from voicebot.telephony.baresip_leg import BaresipLeg
from voicebot.telephony.baresip_line import BaresipLine
from voicebot.telephony.settings import AdmissionSettings, ListenSettings, MediaSettings, NumberSettings, SipSettings

WORN_OUT = 75


async def converse(leg: BaresipLeg) -> None:
    """Say a second of tone at the start, after each thing said (half a second of quiet ends it) and after each key."""
    await leg.answer()
    time = np.arange(8000) / 8000
    sound = (8000 * np.sin(2 * np.pi * 440 * time)).astype(np.int16)
    frames = at = 0
    quiet: int | None = None
    while (tick := await leg.tick()) is not None:
        leg.play(sound[at * 160 : at * 160 + 160] if at < 50 else silence(160))
        at, frames = at + 1, frames + 1
        if level_dbfs(tick.pcm) > -50:
            quiet = 0
        elif quiet is not None:
            quiet += 1
        if tick.keys or quiet == 25:
            at, quiet = 0, None
    tell(f"ended {frames}")


def tell(word: str) -> None:
    """Write a line that whoever started the process waits for."""
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


async def serve(port: int, leak_limit: int, certificate: Path | None) -> int:
    plain = ListenSettings(HOST, port, ("udp",))
    settings = SipSettings(
        listen=ListenSettings(HOST, port, ("tls",), certificate) if certificate else plain,
        media=MediaSettings(srtp="required" if certificate else "off"),
        lines=(NumberSettings(NUMBER),),
        admission=AdmissionSettings(leak_limit=leak_limit, drain_s=60),
    )
    line = BaresipLine(settings, WallClock())
    await line.start()
    drains: list[asyncio.Task[None]] = []
    loop = asyncio.get_running_loop()

    def drain() -> None:
        drains.append(loop.create_task(line.drain()))
        loop.call_soon(tell, "draining")  # by then it has begun

    loop.add_signal_handler(signal.SIGTERM, drain)
    tell("ready")
    async with asyncio.TaskGroup() as group:
        async for leg in line.calls():
            group.create_task(converse(leg))
    await line.stop()
    return WORN_OUT if line.worn_out else 0


if __name__ == "__main__":
    key = Path(sys.argv[3]) if len(sys.argv) > 3 else None
    status = asyncio.run(serve(int(sys.argv[1]), int(sys.argv[2]), key))
    sys.stdout.flush()
    os._exit(status)  # as the service does: the threads of an engine that has lost calls outlive the interpreter
