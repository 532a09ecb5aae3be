"""Handing a call over to advisers: the places of a target are tried in order until one answers."""

import logging

from voicebot.calls.ports import Targets
from voicebot.calls.record import TransferRecord
from voicebot.dialog.turns import Transfer
from voicebot.telephony.base import Leg, TelephonyError, TransferResult

log = logging.getLogger(__name__)


async def hand_over(leg: Leg, targets: Targets, transfer: Transfer) -> TransferRecord:
    """Try each place of ``transfer.target``; return how the last one ended (``answered`` if one took the call)."""
    result = TransferResult.FAILED
    orders = targets.orders(transfer.target)
    if not orders:
        log.error("transfer to %r: the profile has no such target", transfer.target)
    for order in orders:
        try:
            result = await leg.transfer(order)
        except TelephonyError as error:
            log.warning("transfer to %r failed: %s", transfer.target, error)
            result = TransferResult.FAILED
        log.info("transfer to %r: %s", transfer.target, result.value)
        if result is TransferResult.ANSWERED:
            break
    return TransferRecord(transfer.target, result.value)
