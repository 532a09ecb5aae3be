"""Ringing advisers: the places of a target in order, each by the profile's modes in order, until one answers."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from voicebot.audio.frames import Pcm
from voicebot.calls.record import CallRecord
from voicebot.telephony.base import Leg, TelephonyError, TransferOrder, TransferResult
from voicebot.telephony.uui import HEADER, encode_uui

log = logging.getLogger(__name__)

_MOST_TELLING = (TransferResult.BUSY, TransferResult.NO_ANSWER, TransferResult.REJECTED)
"""When several places were tried: one who is taken may still come, then one who is away, then one who refuses."""


async def ring(leg: Leg, orders: Sequence[TransferOrder], on_answer: Callable[[], None]) -> TransferResult:
    """Try ``orders`` in turn; return how it ended. ``on_answer`` is called when an adviser has picked up.

    A place that was reached by one mode is not tried by another: only a mode that does not work at all gives way to the
    next. An adviser who picked up and hung up at once ends it.
    """
    reached: set[str] = set()
    results: list[TransferResult] = []
    answered = False

    def picked_up() -> None:
        nonlocal answered
        answered = True
        on_answer()

    for order in orders:
        if order.uri in reached:
            continue
        try:
            result = await leg.transfer(replace(order, on_answer=picked_up))
        except TelephonyError as error:
            log.warning("a %s transfer failed: %s", order.mode.value, error)
            result = TransferResult.FAILED
        log.info("%s transfer: %s", order.mode.value, result.value)
        if result is TransferResult.ANSWERED or answered:
            return result
        results.append(result)
        if result is not TransferResult.FAILED:
            reached.update((order.uri, *order.also))
    return next((one for one in _MOST_TELLING if one in results), TransferResult.FAILED)


def briefed(
    orders: Sequence[TransferOrder], record: CallRecord, context: Mapping[str, str], whisper: Pcm | None
) -> tuple[TransferOrder, ...]:
    """Return ``orders`` with what the adviser is told: the headers, and the whisper. All of it is data of ours."""
    told = {"contact": record.contact, "commune": context.get("commune", ""), "intent": context.get("intent", "")}
    headers = {HEADER: encode_uui({name: value for name, value in told.items() if value})}
    if record.link:
        headers["Call-Info"] = f"<{record.link}>;purpose=info"  # RFC 3261, 20.9
    return tuple(replace(order, headers=headers, whisper=whisper) for order in orders)
