"""Handing a call over to an adviser, in the three ways: blind, attended, bridged.

Blind (REFER): the caller's side calls the adviser; we learn the outcome and cannot stop the adviser's phone ringing.
Attended: we call the adviser first, tell them who is coming, then splice the two (REFER with Replaces). Bridged: we
stay between both and relay. When splicing is refused although the adviser has answered, the two are bridged: nobody
hangs up on an adviser who is there. The only address ever dialled is the order's.
"""

import asyncio
import contextlib
import logging
from collections.abc import Collection, Sequence

import numpy as np
from baresip import BaresipError, CallFailed, CallTimeout, TransferFailed

from voicebot.audio.frames import LINE_HZ, Pcm, Upcoming, frame_samples, silence
from voicebot.telephony.baresip_dial import Dialler
from voicebot.telephony.baresip_leg import BaresipLeg
from voicebot.telephony.base import CallEnded, CallInfo, TelephonyError, TransferMode, TransferOrder, TransferResult
from voicebot.telephony.outcomes import transfer_result
from voicebot.telephony.refer import refer_target

log = logging.getLogger(__name__)

EARLY_S = 8.0
"""An adviser who hangs up within this time has not taken the call: the caller comes back to the assistant."""
_SPLICE_S = 10.0
_MOST_TELLING = (TransferResult.NO_ANSWER, TransferResult.BUSY, TransferResult.REJECTED)
"""When several were rung: one who may still come, then one who is there, then one who refuses."""
_IN_THE_ENGINE_FRAMES = 4


async def hand_over(leg: BaresipLeg, order: TransferOrder, dialler: Dialler) -> TransferResult:
    """Hand ``leg`` over as ``order`` says, calling with ``dialler``.

    Bridged transfers return when the conversation with the adviser ends: until then the leg must go on ticking.
    """
    if order.mode is TransferMode.BLIND:
        return await _blind(leg, order)
    adviser = await _reach(leg, order, dialler)
    if isinstance(adviser, TransferResult):
        return adviser
    if order.on_answer is not None:
        order.on_answer()
    try:
        if order.whisper is not None and not await _tell(adviser, leg, order.whisper):
            return TransferResult.FAILED
        if order.mode is TransferMode.ATTENDED:
            if await _splice(leg, adviser):
                return TransferResult.ANSWERED
            if leg.over or adviser.over:
                return TransferResult.FAILED
            log.info("the caller's side refuses to be spliced: bridging instead")
        return await _bridge(leg, adviser)
    finally:
        await adviser.hang_up()


async def _blind(leg: BaresipLeg, order: TransferOrder) -> TransferResult:
    try:
        await leg.call.transfer(refer_target(order.uri, order.headers), timeout=order.ring_s)
    except TransferFailed as error:
        if leg.over:
            return TransferResult.FAILED
        return transfer_result(error.status)
    except (BaresipError, ValueError) as error:
        log.warning("blind transfer to %s impossible: %s", order.uri, error)
        return TransferResult.FAILED
    return TransferResult.ANSWERED


async def _reach(leg: BaresipLeg, order: TransferOrder, dialler: Dialler) -> BaresipLeg | TransferResult:
    """Ring every address of the order; return the leg of the first to answer, else how they failed.

    The others stop ringing then, and all do when the caller leaves or this is cancelled.
    """
    rings = [asyncio.ensure_future(_ring(leg, uri, order, dialler)) for uri in (order.uri, *order.also)]
    left = asyncio.ensure_future(leg.wait_closed())
    results: list[TransferResult] = []
    taken: BaresipLeg | None = None
    ringing = set(rings)
    try:
        while ringing and taken is None and not leg.over:
            done, _ = await asyncio.wait({*ringing, left}, return_when=asyncio.FIRST_COMPLETED)
            for ring in [one for one in rings if one in done & ringing]:
                ringing.discard(ring)
                found = ring.result()
                if isinstance(found, TransferResult):
                    results.append(found)
                elif taken is None and not leg.over:
                    taken = found
                else:
                    await found.hang_up()
    finally:
        left.cancel()
        await _stop_ringing(ringing)
    if taken is not None:
        return taken
    return next((said for said in _MOST_TELLING if said in results and not leg.over), TransferResult.FAILED)


async def _stop_ringing(ringing: Collection["asyncio.Future[BaresipLeg | TransferResult]"]) -> None:
    """Cancel the calls that ring; hang up on an adviser who answered at that very moment."""
    for ring in ringing:
        ring.cancel()
    for found in await asyncio.gather(*ringing, return_exceptions=True):
        if isinstance(found, BaresipLeg):
            await found.hang_up()


async def _ring(leg: BaresipLeg, uri: str, order: TransferOrder, dialler: Dialler) -> BaresipLeg | TransferResult:
    """Call one adviser; return their leg once they answer, else how it failed."""
    try:
        call = await dialler.dial(uri, order.headers)
    except (BaresipError, ValueError) as error:
        log.warning("%s cannot be dialled: %s", uri, error)
        return TransferResult.FAILED
    adviser = BaresipLeg(call, CallInfo(f"{leg.info.call_id}-adviser", "", uri))
    taken = False
    try:
        await call.wait_established(timeout=order.ring_s)
        taken = True
        return adviser
    except CallTimeout:
        return TransferResult.NO_ANSWER
    except CallFailed as error:
        return TransferResult.FAILED if error.status is None else transfer_result(error.status)
    finally:
        if not taken:
            await adviser.hang_up()


async def _tell(adviser: BaresipLeg, leg: BaresipLeg, words: Pcm) -> bool:
    """Play ``words`` to the adviser; False when either side hung up meanwhile."""
    size = frame_samples(LINE_HZ)
    frames = list(np.concatenate((words, silence(-words.size % size))).reshape(-1, size))
    for turn, frame in enumerate(frames):
        if leg.over or await adviser.tick() is None:
            return False
        adviser.play(frame, _after(frames[turn + 1 :]))
    # what still waits leaves as more is played, and what the engine has taken is on the wire a few frames later
    for _ in range(adviser.unsent // size + _IN_THE_ENGINE_FRAMES):
        if await adviser.tick() is None:
            return False
        adviser.play(silence(size))
    return not leg.over


def _after(frames: Sequence[Pcm]) -> Upcoming:
    return lambda count: frames[:count]


async def _splice(leg: BaresipLeg, adviser: BaresipLeg) -> bool:
    """Connect both sides to each other and leave; False, both taken off hold, when the caller's side refuses."""
    try:
        await leg.call.attended_transfer(adviser.call, timeout=_SPLICE_S)
    except BaresipError as error:
        log.info("attended transfer refused: %s", error)
        for held in (leg, adviser):
            with contextlib.suppress(TelephonyError, CallEnded):
                await held.resume()
        return False
    return True


async def _bridge(leg: BaresipLeg, adviser: BaresipLeg) -> TransferResult:
    """Relay both sides until one leaves. The caller's side is paced by the conversation's ticks, the adviser's here."""
    loop = asyncio.get_running_loop()
    start_s = loop.time()
    leg.step_aside(adviser.relay)
    try:
        while not leg.over and (heard := await adviser.tick()) is not None:
            leg.relay(heard.pcm)
    finally:
        leg.step_aside(None)
    if not leg.over:
        if loop.time() - start_s < EARLY_S:
            return TransferResult.FAILED
        await leg.hang_up()
    return TransferResult.ANSWERED
