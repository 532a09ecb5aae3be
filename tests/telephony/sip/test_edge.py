"""The edge of deploy/kamailio, run as it is with this machine's addresses, between sipp and a real line."""

import asyncio
import contextlib
import dataclasses
import shutil
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

from tests.telephony.sip import scenarios as sc
from tests.telephony.sip.peers import HOST, a_normal_call_is_answered, answers, free_port
from tests.telephony.sip.test_baresip_guard import ROOT, send_nine_hundred, send_without_contact, served
from tests.telephony.sip.torture import MESSAGES
from voicebot.telephony.settings import ListenSettings, SipSettings

KAMAILIO = shutil.which("kamailio", path="/usr/sbin:/usr/bin:/usr/local/sbin")
EDGE = ROOT / "deploy" / "kamailio"


@contextlib.asynccontextmanager
async def edge(assistants: list[int], folder: Path) -> AsyncIterator[SipSettings]:
    """The edge in front of ``assistants`` (ports); yields settings whose port is the edge's."""
    port = free_port()
    assert KAMAILIO is not None, "install kamailio: scripts/system-packages test"
    shutil.copy(EDGE / "kamailio.cfg", folder)
    (folder / "local.cfg").write_text(
        f"#!define EDGE_UDP udp:{HOST}:{port}\n"
        f'#!define ADDRESS_FILE "{folder}/address.list"\n#!define DISPATCHER_FILE "{folder}/dispatcher.list"\n'
    )
    (folder / "address.list").write_text(f"1 {HOST} 32 0 operator\n1 127.0.0.5 32 0 operator\n")
    (folder / "dispatcher.list").write_text("".join(f"1 sip:{HOST}:{one} 0 0\n" for one in assistants))
    process = await asyncio.create_subprocess_exec(
        *(KAMAILIO, "-f", str(folder / "kamailio.cfg"), "-DD", "-E", "-Y", str(folder), "-m", "64", "-M", "8"),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    settings = dataclasses.replace(SipSettings(), listen=ListenSettings(HOST, port, ("udp",)))
    try:
        await answers(settings)
        yield settings
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def call(settings: SipSettings) -> None:
    await a_normal_call_is_answered(settings, sc.answered_through_routes, sc.bye_through_routes())


def test_the_edge_keeps_from_the_assistant_what_its_engine_cannot_digest() -> None:
    async def story() -> None:
        with tempfile.TemporaryDirectory() as folder:
            # one lost call would already wear this line out
            async with served(leak_limit=1) as (line, process), edge([line.listen.port], Path(folder)) as front:
                await call(front)
                told = await send_nine_hundred(front, source="127.0.0.5")
                assert {answer[:11] for answer in told} == {b"SIP/2.0 400"}
                assert b"SIP/2.0 400 Bad Record-Route" in told
                send_torture(front)
                send_without_contact(front, 20, source="127.0.0.77", start=1000)
                await asyncio.sleep(0.3)
                await call(front)
                assert process.returncode is None

    asyncio.run(story())


def send_torture(settings: SipSettings) -> None:
    import socket

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.5", 0))
        for message in MESSAGES.values():
            sock.sendto(message, (HOST, settings.listen.port))


def test_a_new_call_goes_to_an_assistant_that_is_alive() -> None:
    async def story() -> None:
        with tempfile.TemporaryDirectory() as folder:
            dead = free_port()
            async with served(leak_limit=5) as (line, _), edge([dead, line.listen.port], Path(folder)) as front:
                for _ in range(3):
                    await call(front)

    asyncio.run(story())
