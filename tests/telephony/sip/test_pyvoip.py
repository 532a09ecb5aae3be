"""The pyvoip engine's own parts: reading anything, its sound session, and what it can say that baresip cannot."""

import asyncio
import contextlib
import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.telephony.sip import scenarios as sc
from tests.telephony.sip.peers import (
    Cue,
    a_normal_call_is_answered,
    called,
    line_settings,
    running_line,
    sipp,
    ticks,
)
from tests.telephony.sip.test_baresip_guard import send_without_contact
from tests.telephony.sip.test_baresip_malformed import send
from tests.telephony.sip.torture import MESSAGES, ODD_SDP, with_sdp
from voicebot.audio.frames import Pcm
from voicebot.telephony.baresip_leg import BaresipLeg
from voicebot.telephony.base import CallEnded, TransferMode, TransferOrder, TransferResult
from voicebot.telephony.pyvoip_leg import PyvoipLeg
from voicebot.telephony.rtp import JitterBuffer, Reception
from voicebot.telephony.sdp import read_offer
from voicebot.telephony.settings import AdmissionSettings
from voicebot.telephony.sip_message import Malformed, read_message, response

INVITE = MESSAGES["invut"].replace(b"application/unknownformat", b"application/sdp")


def packet(value: int, samples: int = 160) -> Pcm:
    return np.full(samples, value, dtype=np.int16)


@given(st.binary(max_size=600))
def test_any_bytes_are_a_message_or_malformed(data: bytes) -> None:
    try:
        read_message(data)
    except Malformed:
        return


@given(st.sampled_from(sorted(MESSAGES)), st.integers(0, 2**32), st.integers(1, 8))
def test_a_damaged_message_is_read_and_answered_or_malformed(name: str, seed: int, damages: int) -> None:
    dice = random.Random(seed)  # noqa: S311
    data = bytearray(MESSAGES[name])
    for _ in range(damages):
        data[dice.randrange(len(data))] = dice.randrange(256)
    try:
        message = read_message(bytes(data))
    except Malformed:
        return
    read_offer(message.sdp, ("pcma", "pcmu"))
    assert response(message, 200, ("127.0.0.1", 5060), "tag").startswith(b"SIP/2.0 200 OK\r\nVia: ")


@given(st.text(alphabet="vocmast=rtpmap:0123456789 PCMA/8IN4.\r\n-", max_size=300))
def test_any_offer_is_understood_or_refused(body: str) -> None:
    try:
        message = read_message(with_sdp(1, body))
    except (Malformed, UnicodeEncodeError):
        return
    read_offer(message.sdp, ("pcma",))


def test_headers_folded_compact_or_spaced_are_read() -> None:
    message = read_message(MESSAGES["wsinv"].replace(b"Cseq: 0009\r\n  INVITE", b"Cseq: 0009\r\n  INVITE"))
    assert message.method == "INVITE"
    assert message.number == 9
    assert message.tag("From") == "98asjd8"
    assert len(message.all("Via")) == 2


@given(st.permutations(range(12)), st.integers(0, 3))
def test_packets_come_out_in_order_whatever_the_order_they_came_in(order: list[int], lost: int) -> None:
    buffer = JitterBuffer(20, 2000)
    for number in order:
        if not 4 <= number < 4 + lost:
            buffer.put(number, packet(number + 1))
    heard = []
    while (frame := buffer.take()) is not None:
        heard.append(int(frame[0]))
    assert heard == [0 if 4 <= number < 4 + lost else number + 1 for number in range(12)]
    assert buffer.lost == lost


def test_a_burst_never_makes_the_delay_exceed_its_bound() -> None:
    buffer = JitterBuffer(40, 100)
    for number in range(100):
        buffer.put(number, packet(1))
    assert buffer.held_ms <= 100


@given(st.lists(st.integers(40, 480), min_size=1, max_size=30))
def test_packets_of_any_length_become_frames_of_20_ms(sizes: list[int]) -> None:
    buffer = JitterBuffer(20, 10_000)
    for number, size in enumerate(sizes):
        buffer.put(number, packet(7, size))
    frames = 0
    while (frame := buffer.take()) is not None:
        assert frame.size == 160
        frames += 1
    assert frames == sum(sizes) // 160


def test_loss_and_jitter_are_counted_across_the_wrap_of_numbers() -> None:
    reception = Reception()
    for index in range(200):
        if index % 10 != 5:
            reception.note((65500 + index) % 65536, index * 160, index * 0.02)
    assert reception.lost == 20
    assert reception.jitter_ms == pytest.approx(0, abs=0.01)
    late = Reception()
    for index in range(400):
        late.note(index, index * 160, index * 0.02 + (index % 2) * 0.008)
    assert late.jitter_ms == pytest.approx(8, abs=0.5)


def refusal_with_wait(status: int) -> str:
    """What sipp must receive: ``status``, with a Retry-After of 9 seconds."""
    return sc.recv(status).replace(
        "/>",
        '><action><ereg regexp="9" search_in="hdr" header="Retry-After:" check_it="true" assign_to="wait"/>'
        '</action></recv><Reference variables="wait"/>',
    )


def test_an_overloaded_service_refuses_new_calls_with_503_and_says_when_to_come_back() -> None:
    async def story() -> None:
        settings = line_settings(engine="pyvoip", admission=AdmissionSettings(retry_after_s=9))
        async with running_line(settings, overloaded=lambda: True):
            refused = sc.scenario(sc.invite(40000), sc.recv(100, optional=True), refusal_with_wait(503))
            assert (await sipp(refused, settings)).status == 0

    asyncio.run(story())


def test_a_full_house_says_when_to_come_back() -> None:
    async def story() -> None:
        settings = line_settings(engine="pyvoip", admission=AdmissionSettings(capacity=1, retry_after_s=9))
        cue = Cue()
        steps = (sc.awaited(cue.path), sc.cancel())
        async with called(settings, *steps, opening=sc.rings, cue=cue, answer=False) as call:
            refused = sc.scenario(sc.invite(40000), sc.recv(100, optional=True), refusal_with_wait(486))
            assert (await sipp(refused, settings)).status == 0
            await cue.give()
            await call.finished()

    asyncio.run(story())


@pytest.mark.parametrize(
    ("outcome", "result"),
    [
        ("200 OK", TransferResult.ANSWERED),
        ("486 Busy Here", TransferResult.BUSY),
        ("603 Decline", TransferResult.REJECTED),
    ],
)
def test_a_blind_transfer_ends_as_the_peer_reports(outcome: str, result: TransferResult) -> None:
    async def story() -> None:
        settings = line_settings(engine="pyvoip")
        async with called(settings, sc.refer_accepted(outcome), sc.hung_up()) as call:
            assert await call.leg.transfer(TransferOrder("sip:adviser@127.0.0.1:9")) is result
            assert call.leg.over is (result is TransferResult.ANSWERED)

    asyncio.run(story())


def test_what_the_engine_cannot_do_fails_at_once_and_the_caller_stays() -> None:
    async def story() -> None:
        settings = line_settings(engine="pyvoip")
        async with called(settings, sc.hung_up()) as call:
            assert isinstance(call.leg, PyvoipLeg)
            for mode in (TransferMode.ATTENDED, TransferMode.BRIDGED):
                assert await call.leg.transfer(TransferOrder("sip:a@127.0.0.1:9", mode)) is TransferResult.FAILED
            assert not call.leg.over

    asyncio.run(story())


def test_malformed_messages_leave_the_line_answering() -> None:
    async def story() -> None:
        settings = line_settings(engine="pyvoip")
        async with running_line(settings) as line:
            talks: list[asyncio.Task[object]] = []

            async def talk(leg: BaresipLeg | PyvoipLeg) -> None:
                with contextlib.suppress(CallEnded):
                    await leg.answer()
                    await ticks(leg, 200)

            async def answer_all() -> None:
                async for leg in line.calls():
                    talks.append(asyncio.create_task(talk(leg)))

            answering = asyncio.create_task(answer_all())
            send_without_contact(settings, 300)
            offers = [with_sdp(index, body) for index, body in enumerate(ODD_SDP)]
            await send(settings, [*MESSAGES.values(), *offers])
            await asyncio.sleep(0.2)
            await a_normal_call_is_answered(settings)
            for task in (answering, *talks):
                task.cancel()
            await asyncio.gather(answering, *talks, return_exceptions=True)

    asyncio.run(story())
