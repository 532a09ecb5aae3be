"""The measures: counted from contacts, read by this machine or by a token, naming nobody."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from prometheus_client.parser import text_string_to_metric_families

from tests.journal.samples import AT, CALLER
from tests.web.visitors import run
from voicebot.calls.record import CallRecord, TransferRecord, TurnRecord
from voicebot.clock import VirtualClock
from voicebot.dialog.turns import Record
from voicebot.journal.opening import open_journal
from voicebot.journal.settings import JournalSettings
from voicebot.journal.tokens import Tokens
from voicebot.web.metrics import PATH, Metrics, metrics_route

Client = TestClient[web.Request, web.Application]


def a_call() -> CallRecord:
    turn = TurnRecord(1.0, "voice", "où jeter une pile", "tri.objet", 0.9, speech_end_s=2.0, answer_s=2.8)
    turn.parts_s = {"recognition": 0.3, "voice": 0.1}
    lost = TurnRecord(5.0, "voice", "gloubi", "hors_sujet", 0.2, speech_end_s=6.0, answer_s=6.4)
    record = Record("ticket", "A-1234", "oubli", {"telephone": CALLER})
    transfer = TransferRecord("conseillers", "busy")
    return CallRecord("sip-1", AT, "+33231", CALLER, "demo", turns=[turn, lost], records=[record], transfer=transfer)


@asynccontextmanager
async def measuring(folder: Path, gauges: Mapping[str, float]) -> AsyncIterator[tuple[Client, Metrics, Tokens]]:
    async def ask() -> Mapping[str, float]:
        return gauges

    journal = await open_journal(JournalSettings().within(folder), {})
    metrics, tokens = Metrics(), Tokens(journal.database)
    site = web.Application()
    site.on_response_prepare.append(metrics.count_response)
    site.add_routes([metrics_route(metrics, ask, tokens, VirtualClock(AT))])
    try:
        async with TestClient(TestServer(site)) as client:
            yield client, metrics, tokens
    finally:
        await journal.close()


def samples(text: str) -> dict[tuple[Any, ...], float]:
    """Return every sample by its name and the values of its labels."""
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_a_contact_is_counted_with_its_delays_and_their_parts(tmp_path: Path) -> None:
    async def work() -> str:
        async with measuring(tmp_path, {"calls_live": 3, "outbox_dead": 1}) as (client, metrics, _):
            metrics.witness("phone").ended(a_call())
            await client.get("/nowhere")
            return await (await client.get(PATH)).text()

    text = run(work())
    found = samples(text)
    assert found[("voicebot_contacts_total", "phone", "ticket")] == 1
    assert (found[("voicebot_turns_total", "phone")], found[("voicebot_no_match_turns_total", "phone")]) == (2, 1)
    assert found[("voicebot_transfers_total", "busy")] == 1
    assert found[("voicebot_records_total", "ticket")] == 1
    assert found[("voicebot_answer_delay_seconds_bucket", "phone", "0.5")] == 1
    assert found[("voicebot_answer_delay_seconds_sum", "phone")] == pytest.approx(1.2)
    assert found[("voicebot_answer_stage_seconds_count", "recognition")] == 1
    assert found[("voicebot_web_requests_total", "GET", "none", "404")] == 1
    assert (found[("voicebot_calls_live",)], found[("voicebot_outbox_dead",)]) == (3, 1)
    assert ("voicebot_journal_lost",) not in found
    assert "33612345678" not in text
    assert "pile" not in text


def test_the_measures_are_for_this_machine_or_a_token(tmp_path: Path) -> None:
    async def work() -> list[int]:
        async with measuring(tmp_path, {}) as (client, _, tokens):
            through_proxy = {"X-Forwarded-For": "203.0.113.9"}
            good = await tokens.new("prometheus", ["metrics:read"], AT)
            other = await tokens.new("CRM", ["contacts:read"], AT)
            expired = await tokens.new("old", ["metrics:read"], AT - timedelta(days=2), days=1)
            headers: list[dict[str, str]] = [{}, through_proxy]
            headers += [through_proxy | {"Authorization": f"Bearer {token}"} for token in (good, other, expired)]
            return [(await client.get(PATH, headers=one)).status for one in headers]

    assert run(work()) == [200, 403, 200, 403, 403]


def test_what_holds_the_event_loop_is_seen_in_how_late_it_wakes() -> None:
    clock = VirtualClock(AT)
    late_s = iter([0.0, 0.0004, 0.004])

    async def sleep(seconds: float) -> None:
        try:
            clock.advance(seconds + next(late_s))
        except StopIteration:
            raise asyncio.CancelledError from None

    async def work() -> str:
        metrics = Metrics()
        with suppress(asyncio.CancelledError):
            await metrics.watch_loop(clock, sleep)

        async def nothing() -> Mapping[str, float]:
            return {}

        return (await metrics.page(nothing)).decode()

    found = samples(run(work()))
    assert [found[("voicebot_loop_late_seconds_bucket", within)] for within in ("0.002", "0.005")] == [2, 3]
    assert found[("voicebot_loop_late_seconds_sum",)] == pytest.approx(0.0044)
