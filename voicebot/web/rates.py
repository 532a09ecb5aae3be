"""How much one address may ask: a token bucket each, bounded in number, and which address a request comes from."""

import ipaddress
from collections import OrderedDict
from collections.abc import Callable, Collection

from aiohttp import web

_BUCKETS = 20_000


class RateLimit:
    """At most ``burst`` at once and ``per_minute`` in the long run, for each key; the oldest keys are forgotten."""

    def __init__(self, per_minute: float, burst: float, monotonic: Callable[[], float]) -> None:
        self._per_s = per_minute / 60.0
        self._burst = burst
        self._monotonic = monotonic
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait_s(self, key: str) -> float:
        """Take one; return 0, or how many seconds to wait when there is none left (then none is taken)."""
        now = self._monotonic()
        left, at = self._buckets.pop(key, (self._burst, now))
        left = min(self._burst, left + (now - at) * self._per_s)
        wait_s = 0.0 if left >= 1.0 else (1.0 - left) / self._per_s
        self._buckets[key] = (left if wait_s else left - 1.0, now)
        if len(self._buckets) > _BUCKETS:
            self._buckets.popitem(last=False)
        return wait_s


def client_address(request: web.Request, proxies: Collection[str]) -> str:
    """Return the address a request comes from, an IPv6 one as its /64 network.

    What ``X-Forwarded-For`` says is believed only from ``proxies``, and only its last entry that is none of them.
    """
    address = request.remote or ""
    if address in proxies:
        forwarded = [part.strip() for part in ",".join(request.headers.getall("X-Forwarded-For", [])).split(",")]
        address = next((part for part in reversed(forwarded) if part and part not in proxies), address)
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return "unknown"
    if found.version == 6:
        return str(ipaddress.ip_network((found, 64), strict=False))
    return str(found)
