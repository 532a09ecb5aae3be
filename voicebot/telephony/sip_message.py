"""SIP messages for the pyvoip engine: read with pyVoIP's parser, answered with headers kept as they came.

pyVoIP reads only canonical headers and four methods, and answers to where it thinks the server is. So messages are
brought to canonical form first (RFC 3261 7.3: folding, compact names, spaces), and answers are built here, to be sent
to where the request came from (RFC 3581).
"""

import re
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # it imports audioop
    import pyVoIP.VoIP  # noqa: F401 - first: its modules import each other
from pyVoIP.SIP import SIPMessage, SIPStatus

METHODS = ("INVITE", "ACK", "BYE", "CANCEL", "OPTIONS", "INFO", "REFER", "NOTIFY")
_COMPACT = {
    "v": "Via",
    "f": "From",
    "t": "To",
    "i": "Call-ID",
    "m": "Contact",
    "c": "Content-Type",
    "l": "Content-Length",
    "r": "Refer-To",
    "o": "Event",
    "k": "Supported",
    "e": "Content-Encoding",
    "s": "Subject",
}
_KNOWN = {
    name.lower(): name
    for name in (*_COMPACT.values(), "CSeq", "Record-Route", "Route", "Privacy", "P-Asserted-Identity")
}
_NEEDED = ("Via", "From", "To", "Call-ID", "CSeq")
_MOST_BYTES = 16384


class Malformed(ValueError):
    """A message that cannot be read."""


@dataclass(frozen=True, slots=True)
class Message:
    """One SIP message. ``method`` is that of the request, also for a response; ``status`` is 0 for a request.

    ``fields`` are the headers in order, canonical names; ``sdp`` is pyVoIP's reading of an SDP body, else empty.
    """

    method: str
    status: int
    uri: str
    fields: tuple[tuple[str, str], ...]
    body: str
    sdp: dict[str, Any]

    def all(self, name: str) -> list[str]:
        """Return every value of header ``name``."""
        return [value for field, value in self.fields if field == name]

    def first(self, name: str) -> str:
        """Return the first value of header ``name``, or empty."""
        return next(iter(self.all(name)), "")

    @property
    def call_id(self) -> str:
        """The Call-ID."""
        return self.first("Call-ID")

    @property
    def branch(self) -> str:
        """The transaction: branch of the topmost Via."""
        match = re.search(r";\s*branch\s*=\s*([^;,\s]+)", self.first("Via"))
        return match.group(1) if match else ""

    @property
    def number(self) -> int:
        """The sequence number of CSeq."""
        return int(self.first("CSeq").split()[0])

    def tag(self, name: str) -> str:
        """Return the tag of From or To, empty when there is none."""
        match = re.search(r";\s*tag\s*=\s*([^;,\s]+)", self.first(name))
        return match.group(1) if match else ""


class _Reader(SIPMessage):
    """pyVoIP's parser, with all the methods we answer."""

    def parse(self, data: bytes) -> None:
        self.SIPCompatibleMethods = list(METHODS)
        super().parse(data)


def read_message(data: bytes) -> Message:
    """Read one datagram.

    Raises:
        Malformed: it is not SIP, or lacks what an answer needs.
    """
    if len(data) > _MOST_BYTES:
        raise Malformed("too long")
    head, _, body = data.partition(b"\r\n\r\n")
    try:
        text = re.sub(r"\r\n[ \t]+", " ", head.decode("utf-8"))
        start, *lines = text.split("\r\n")
        fields = tuple(_field(line) for line in lines if line)
        present = {name for name, _ in fields}
        if any(name not in present for name in _NEEDED):
            raise Malformed("a header every message needs is missing")
        length = next((value for name, value in fields if name == "Content-Length"), str(len(body)))
        if not length.isdigit() or int(length) > len(body):
            raise Malformed("the body is shorter than it says")
        body = body[: int(length)]
        return _message(start, fields, body)
    except Malformed:
        raise
    except Exception as error:  # pyVoIP's parser raises whatever its slices meet
        raise Malformed(f"{type(error).__name__}: {error}") from error


def _message(start: str, fields: tuple[tuple[str, str], ...], body: bytes) -> Message:
    sequence, method = dict(fields)["CSeq"].split()
    if not sequence.isdigit() or int(sequence) >= 2**31:
        raise Malformed("CSeq is not a number below 2^31")
    words = start.split(" ")
    response = words[0] == "SIP/2.0"
    if not response and (len(words) != 3 or words[2] != "SIP/2.0" or words[0] != method):
        raise Malformed("the start line is not one of SIP/2.0")
    with_sdp = dict(fields).get("Content-Type", "").split(";")[0].strip().lower() == "application/sdp"
    sdp: dict[str, Any] = {}
    if with_sdp and body:
        canonical = f"{start}\r\n" + "".join(f"{name}: {value}\r\n" for name, value in fields if name in _NEEDED)
        canonical += "Content-Type: application/sdp\r\n\r\n"
        sdp = _Reader(canonical.encode() + body).body
    status = int(words[1]) if response else 0
    uri = "" if response else words[1]
    return Message(method, status, uri, fields, body.decode("utf-8", "replace"), sdp)


def _field(line: str) -> tuple[str, str]:
    name, colon, value = line.partition(":")
    name = name.strip()
    if not colon or not name:
        raise Malformed("a line is not a header")
    name = _COMPACT.get(name.lower(), name)
    return _KNOWN.get(name.lower(), "CSeq" if name.lower() == "cseq" else name), value.strip()


def phrase(status: int) -> str:
    """Return the reason phrase of ``status``."""
    try:
        return str(SIPStatus(status).phrase)
    except ValueError:
        return "Unknown"


def response(
    request: Message,
    status: int,
    source: tuple[str, int],
    tag: str = "",
    headers: Sequence[tuple[str, str]] = (),
    body: str = "",
) -> bytes:
    """Return the answer ``status`` to ``request``, which came from ``source``; ``tag`` is ours, in To."""
    lines = [f"SIP/2.0 {status} {phrase(status)}"]
    for index, via in enumerate(request.all("Via")):
        lines.append(f"Via: {_reached(via, source) if index == 0 else via}")
    to = request.first("To")
    if tag and not request.tag("To"):
        to += f";tag={tag}"
    lines += [f"From: {request.first('From')}", f"To: {to}", f"Call-ID: {request.call_id}"]
    lines.append(f"CSeq: {request.first('CSeq')}")
    if 100 < status < 300:
        lines += [f"Record-Route: {route}" for route in request.all("Record-Route")]
    return _whole(lines, headers, body)


def request(method: str, uri: str, headers: Sequence[tuple[str, str]], body: str = "") -> bytes:
    """Return a request with ``headers`` in order."""
    return _whole([f"{method} {uri} SIP/2.0"], headers, body)


def _reached(via: str, source: tuple[str, int]) -> str:
    """The topmost Via with where the request truly came from (RFC 3261 18.2.1, RFC 3581 4)."""
    via = re.sub(r";\s*rport(?!\s*=)", f";rport={source[1]}", via)
    return f"{via};received={source[0]}"


def _whole(lines: Iterable[str], headers: Sequence[tuple[str, str]], body: str) -> bytes:
    text = [*lines, *(f"{name}: {value}" for name, value in headers), f"Content-Length: {len(body.encode())}", "", body]
    return "\r\n".join(text).encode()
