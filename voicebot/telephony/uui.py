"""What the adviser's equipment is told of the caller: the User-to-User header (RFC 7433).

The value is the hexadecimal of a short JSON object. ISDN gateways carry 128 octets at most, so fields that would not
fit are left out.
"""

import json
from collections.abc import Mapping

HEADER = "User-to-User"
MOST_OCTETS = 128


def encode_uui(fields: Mapping[str, str], most: int = MOST_OCTETS) -> str:
    """Return the header's value for ``fields``, the most useful first: those that would not fit are left out."""
    kept: dict[str, str] = {}
    for name, value in fields.items():
        if len(_octets({**kept, name: value})) <= most:
            kept[name] = value
    return f"{_octets(kept).hex()};encoding=hex"


def decode_uui(value: str) -> dict[str, str]:
    """Return the fields of a value made by ``encode_uui``; empty for anything else."""
    data, _, parameters = value.partition(";")
    if "encoding=hex" not in parameters.replace(" ", "").lower().split(";"):
        return {}
    try:
        fields = json.loads(bytes.fromhex(data.strip()).decode("utf-8"))
    except (ValueError, RecursionError):
        return {}
    if not isinstance(fields, dict):
        return {}
    return {str(name): str(text) for name, text in fields.items()}


def _octets(fields: Mapping[str, str]) -> bytes:
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode("utf-8")
