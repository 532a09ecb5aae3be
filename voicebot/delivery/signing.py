"""The signature of a webhook: HMAC-SHA-256 (RFC 2104) of the moment and the body.

Header ``Voicebot-Signature: t=UNIX-SECONDS,v1=HEX``, where HEX signs ``t``, a full stop and the body as received.
The moment is that of the attempt, so a receiver refuses old ones (``verify``), and refuses those already seen by their
``Voicebot-Delivery``, which is the same for every attempt at one message.
"""

import hashlib
import hmac

SIGNATURE = "Voicebot-Signature"
DELIVERY = "Voicebot-Delivery"
EVENT = "Voicebot-Event"
TOLERANCE_S = 300


def sign(secret: bytes, body: bytes, at_s: int) -> str:
    """Return the signature header of ``body`` sent at ``at_s`` (Unix time)."""
    return f"t={at_s},v1={_digest(secret, body, at_s)}"


def verify(secret: bytes, body: bytes, header: str, now_s: float, tolerance_s: float = TOLERANCE_S) -> bool:
    """Return whether ``header`` signs ``body`` and is at most ``tolerance_s`` old, or ahead by as much."""
    try:
        parts = dict(part.split("=", 1) for part in header.split(","))
        at_s = int(parts["t"])
        signed = parts["v1"]
    except (ValueError, KeyError):
        return False
    fresh = abs(now_s - at_s) <= tolerance_s
    return hmac.compare_digest(_digest(secret, body, at_s).encode(), signed.encode()) and fresh


def _digest(secret: bytes, body: bytes, at_s: int) -> str:
    return hmac.new(secret, str(at_s).encode() + b"." + body, hashlib.sha256).hexdigest()
