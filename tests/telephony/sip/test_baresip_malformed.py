"""Whatever comes on the port, the process lives, its memory does not grow, and the next normal call is answered."""

import asyncio
import random
import socket
from pathlib import Path

from tests.telephony.sip.peers import HOST, a_normal_call_is_answered
from tests.telephony.sip.test_baresip_guard import served
from tests.telephony.sip.torture import MESSAGES, ODD_SDP, with_sdp
from voicebot.telephony.settings import SipSettings

DATAGRAMS = 10_000


def resident_mb(pid: int) -> float:
    fields = Path(f"/proc/{pid}/statm").read_text().split()
    return int(fields[1]) * 4096 / 1e6


async def send(settings: SipSettings, messages: list[bytes]) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        for index, message in enumerate(messages):
            sock.sendto(message[:65000], (HOST, settings.listen.port))
            if index % 20 == 19:
                await asyncio.sleep(0.002)


def test_the_torture_messages_of_rfc_4475_and_odd_offers_leave_the_line_answering() -> None:
    async def story() -> None:
        async with served(leak_limit=100) as (settings, process):
            offers = [with_sdp(index, body) for index, body in enumerate(ODD_SDP)]
            await send(settings, [*MESSAGES.values(), *offers])
            await asyncio.sleep(0.3)
            await a_normal_call_is_answered(settings)
            assert process.returncode is None

    asyncio.run(story())


def test_ten_thousand_random_or_truncated_datagrams_leave_the_line_answering_and_no_bigger() -> None:
    async def story() -> None:
        dice = random.Random(4475)  # noqa: S311 - the same damage every time
        whole = [message for name, message in MESSAGES.items() if name != "nocontact"]

        def made() -> bytes:
            if dice.random() < 0.3:
                return dice.randbytes(dice.randrange(1, 1400))
            message = bytearray(dice.choice(whole))
            for _ in range(dice.randrange(1, 6)):
                message[dice.randrange(len(message))] = dice.randrange(256)
            return bytes(message[: dice.randrange(1, len(message))])

        async with served(leak_limit=200) as (settings, process):
            await send(settings, [made() for _ in range(1000)])
            await a_normal_call_is_answered(settings)
            before_mb = resident_mb(process.pid)
            await send(settings, [made() for _ in range(DATAGRAMS - 1000)])
            await a_normal_call_is_answered(settings)
            assert process.returncode is None
            assert resident_mb(process.pid) - before_mb < 12

    asyncio.run(story())
