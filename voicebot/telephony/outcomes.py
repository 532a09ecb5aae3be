"""What a SIP status means to a caller waiting for an adviser (RFC 3261 section 21)."""

from voicebot.telephony.base import TransferResult

_BUSY = {486, 600}
_NO_ANSWER = {408, 480, 487}
_REJECTED = {401, 402, 403, 407, 603, 604, 607, 608}


def transfer_result(status: int | None) -> TransferResult:
    """Return how a transfer ended, from the final status of the call to the adviser; ``None`` when none came."""
    if status is None:
        return TransferResult.NO_ANSWER
    if status in _BUSY:
        return TransferResult.BUSY
    if status in _NO_ANSWER:
        return TransferResult.NO_ANSWER
    if status in _REJECTED:
        return TransferResult.REJECTED
    if 200 <= status < 300:
        return TransferResult.ANSWERED
    return TransferResult.FAILED
