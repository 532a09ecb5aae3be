"""What the service measures, in the text format of Prometheus, at ``/metrics``.

Counts and delays come from a witness of each contact; the rest is asked of the parts when the page is read. No label
names a person, a number or a word. The page is for this machine alone (a request that came through a proxy is not), or
for a token with the scope ``metrics:read``.
"""

import asyncio
import ipaddress
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from aiohttp import web
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from voicebot.calls.record import CallRecord, TurnRecord
from voicebot.clock import Clock
from voicebot.journal.tokens import Tokens

PATH = "/metrics"
SCOPE = "metrics:read"

_DELAYS_S = (0.1, 0.2, 0.3, 0.5, 0.7, 0.9, 1.2, 1.5, 2.0, 3.0, 5.0, 10.0)
_STAGES_S = (0.01, 0.02, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1.0, 1.5, 2.0, 4.0)
_LATE_S = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5)
_WATCH_S = 0.1
_FORWARDED = ("X-Forwarded-For", "Forwarded", "Via", "X-Real-Ip")
_NOT_UNDERSTOOD = "hors_sujet"

Ask = Callable[[], Awaitable[Mapping[str, float]]]


@dataclass(frozen=True, slots=True)
class Asked:
    """A gauge whose value is asked for when the page is read: its name after ``voicebot_`` and what it means."""

    name: str
    meaning: str


GAUGES = (
    Asked("calls_live", "Calls in progress."),
    Asked("chats_live", "Conversations of the chat in progress."),
    Asked("journal_waiting", "Lines of the journal that are not in the database yet."),
    Asked("journal_lost", "Lines of the journal lost since the start: neither disk nor database took them."),
    Asked("journal_refused", "Lines of the journal set aside since the start: the database refused their values."),
    Asked("load_step", "What is given up under load: 0 nothing, 1 recognition, 2 keys, 3 queue, 4 new calls refused."),
    Asked("load_waiting", "Callers who wait for what they said to be recognised."),
    Asked("load_wait_seconds", "How long they wait: the moving average, or the waits in progress if longer."),
    Asked("outbox_waiting", "Messages to the outside that wait to be sent."),
    Asked("outbox_dead", "Messages to the outside that were given up."),
    Asked("ready", "1 when calls can be taken."),
)
"""The gauges that ``ask`` may give a value; those it does not are left out."""


class Metrics:
    """The measures of one process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._contacts = Counter("voicebot_contacts", "Contacts ended.", ["channel", "outcome"], registry=self.registry)
        self._turns = Counter("voicebot_turns", "Turns answered.", ["channel"], registry=self.registry)
        self._no_match = Counter(
            "voicebot_no_match_turns", "Turns in words, not understood.", ["channel"], registry=self.registry
        )
        self._transfers = Counter(
            "voicebot_transfers", "Calls handed over, by result.", ["result"], registry=self.registry
        )
        self._records = Counter("voicebot_records", "Requests kept.", ["type"], registry=self.registry)
        self._delays = Histogram(
            "voicebot_answer_delay_seconds",
            "From the end of speech (or the message) to the first of the answer.",
            ["channel"],
            buckets=_DELAYS_S,
            registry=self.registry,
        )
        self._stages = Histogram(
            "voicebot_answer_stage_seconds",
            "The parts of that delay: end_of_turn, recognition, understanding, voice.",
            ["stage"],
            buckets=_STAGES_S,
            registry=self.registry,
        )
        self._late = Histogram(
            "voicebot_loop_late_seconds",
            "How late the event loop wakes what has slept, ten times a second.",
            buckets=_LATE_S,
            registry=self.registry,
        )
        self._requests = Counter(
            "voicebot_web_requests", "HTTP requests.", ["method", "route", "status"], registry=self.registry
        )

    def witness(self, channel: str) -> "MetricsWitness":
        """Return a witness for one contact."""
        return MetricsWitness(self, channel)

    def contact(self, channel: str, call: CallRecord) -> None:
        """Count a contact that ended."""
        self._contacts.labels(channel, call.outcome).inc()
        if call.transfer is not None:
            self._transfers.labels(call.transfer.result).inc()
        for record in call.records:
            self._records.labels(record.type).inc()
        for turn in call.turns:
            self._turn(channel, turn)

    def _turn(self, channel: str, turn: TurnRecord) -> None:
        self._turns.labels(channel).inc()
        if turn.channel in ("voice", "text") and (not turn.heard or turn.intent == _NOT_UNDERSTOOD):
            self._no_match.labels(channel).inc()
        delay_ms = turn.delay_ms()
        if delay_ms is not None:
            self._delays.labels(channel).observe(delay_ms / 1000)
        for stage, part_s in turn.parts_s.items():
            self._stages.labels(stage).observe(part_s)

    async def count_response(self, request: web.Request, response: web.StreamResponse) -> None:
        """Count a response of the site; a signal of aiohttp (``on_response_prepare``)."""
        resource = request.match_info.route.resource
        route = resource.canonical if resource is not None else "none"
        self._requests.labels(request.method, route, str(response.status)).inc()

    async def watch_loop(self, clock: Clock, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        """Measure, until cancelled, how late the loop wakes this task: it was held, or the process had no core."""
        while True:
            due_s = clock.monotonic() + _WATCH_S
            await sleep(_WATCH_S)
            self._late.observe(max(0.0, clock.monotonic() - due_s))

    async def page(self, ask: Ask) -> bytes:
        """Return the page, the gauges asked for."""
        values = await ask()
        asked = CollectorRegistry()
        for one in GAUGES:
            if one.name in values:
                Gauge(f"voicebot_{one.name}", one.meaning, registry=asked).set(values[one.name])
        return generate_latest(self.registry) + generate_latest(asked)


class MetricsWitness:
    """Follows one contact and counts it when it ends."""

    def __init__(self, metrics: Metrics, channel: str) -> None:
        self._metrics = metrics
        self._channel = channel

    def frame(self, caller: Any, assistant: Any) -> None:
        """Sound is not measured."""

    def turn(self, call: CallRecord, turn: TurnRecord) -> None:
        """Turns are counted at the end, when their delays are known."""

    def ended(self, call: CallRecord) -> None:
        """Count the contact."""
        self._metrics.contact(self._channel, call)


def metrics_route(metrics: Metrics, ask: Ask, tokens: Tokens, clock: Clock) -> web.RouteDef:
    """Return the route of the page."""

    async def serve(request: web.Request) -> web.Response:
        if not _is_local(request) and not await _is_token(request, tokens, clock):
            raise web.HTTPForbidden(text="Metrics are for this machine, or a token with the scope metrics:read.\n")
        return web.Response(body=await metrics.page(ask), headers={"Content-Type": CONTENT_TYPE_PLAIN_0_0_4})

    return web.get(PATH, serve)


def _is_local(request: web.Request) -> bool:
    if any(name in request.headers for name in _FORWARDED):
        return False
    try:
        return ipaddress.ip_address(request.remote or "").is_loopback
    except ValueError:
        return False


async def _is_token(request: web.Request, tokens: Tokens, clock: Clock) -> bool:
    kind, _, text = request.headers.get("Authorization", "").partition(" ")
    token = await tokens.find(text, clock.now()) if kind.lower() == "bearer" else None
    return token is not None and SCOPE in token.scopes
