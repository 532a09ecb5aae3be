"""Where a peer is asked to call: the Refer-To address (RFC 3515)."""

import urllib.parse
from collections.abc import Mapping


def refer_target(uri: str, headers: Mapping[str, str]) -> str:
    """Return the Refer-To address: headers that the adviser's INVITE must carry go after ``?`` (RFC 3261 19.1.1)."""
    if not headers:
        return uri
    pairs = [
        f"{urllib.parse.quote(name, safe='-')}={urllib.parse.quote(value, safe='-_.!~*')}"
        for name, value in headers.items()
    ]
    return f"{uri}?{'&'.join(pairs)}"
