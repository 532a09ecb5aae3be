"""What an offer of sound asks for, and our answer to it (RFC 3264, RFC 8866), for the pyvoip engine."""

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

_STATIC = {"0": "pcmu", "8": "pcma"}
_NAMES = {"pcmu": ("PCMU", 0), "pcma": ("PCMA", 8)}
_MIRROR = {"sendonly": "recvonly", "recvonly": "sendonly", "inactive": "inactive"}


@dataclass(frozen=True, slots=True)
class Offer:
    """Where the peer wants its sound, which of our codecs it takes, and the number of its telephone-events.

    ``direction`` is the peer's: sendrecv, sendonly (it holds us), recvonly or inactive.
    """

    address: str
    port: int
    codec: str
    codec_number: int
    events_number: int | None
    direction: str

    @property
    def wants_sound(self) -> bool:
        """Whether the peer listens."""
        return self.direction in ("sendrecv", "recvonly")


def read_offer(sdp: dict[str, Any], codecs: Sequence[str]) -> Offer | None:
    """Return what the first audio stream offers, our preferred codec first; ``None`` when nothing suits."""
    audio = next((media for media in sdp.get("m", ()) if media["type"] == "audio" and media["port"]), None)
    connections = sdp.get("c", ())
    if audio is None or not connections or audio["protocol"].value != "RTP/AVP":
        return None
    numbers: dict[str, int] = {}
    for number in audio["methods"]:
        mapped = audio["attributes"].get(number, {}).get("rtpmap")
        name = mapped["name"].lower() if mapped else _STATIC.get(number, "")
        if number.isdigit() and int(number) < 128 and (not mapped or mapped["frequency"] == "8000"):
            numbers.setdefault(name, int(number))
    codec = next((one for one in codecs if one in numbers), None)
    address = connections[0]["address"]
    if codec is None or not 0 < audio["port"] < 65536 or not _is_unicast(address):
        return None
    direction = sdp.get("a", {}).get("transmit_type")
    return Offer(
        address,
        audio["port"],
        codec,
        numbers[codec],
        numbers.get("telephone-event"),
        direction.value if direction is not None else "sendrecv",
    )


def _is_unicast(address: str) -> bool:
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    return found.version == 4 and not found.is_multicast and not found.is_unspecified


def answer(offer: Offer, address: str, port: int, session: int, version: int) -> str:
    """Return the body that accepts ``offer``, our sound being at ``address`` and ``port``."""
    name, _ = _NAMES[offer.codec]
    numbers = [offer.codec_number] + ([offer.events_number] if offer.events_number is not None else [])
    lines = [
        *("v=0", f"o=voicebot {session} {version} IN IP4 {address}", "s=-", f"c=IN IP4 {address}", "t=0 0"),
        f"m=audio {port} RTP/AVP {' '.join(map(str, numbers))}",
        f"a=rtpmap:{offer.codec_number} {name}/8000",
    ]
    if offer.events_number is not None:
        lines += [f"a=rtpmap:{offer.events_number} telephone-event/8000", f"a=fmtp:{offer.events_number} 0-15"]
    lines += ["a=ptime:20", f"a={_MIRROR.get(offer.direction, 'sendrecv')}"]
    return "\r\n".join([*lines, ""])
