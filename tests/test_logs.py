"""What is logged: the call it belongs to, and nothing of a person, whatever a call holds."""

import asyncio
import io
import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.calls.company import SENTENCES, START, Advisers, RoteRecognizer, ToneVoice, says
from tests.journal.samples import CALLER
from voicebot.app import new_dialogue, open_profile
from voicebot.audio.settings import TurnSettings
from voicebot.calls.ears import Ears
from voicebot.calls.keeping import JournalWitness
from voicebot.calls.mouth import Mouth
from voicebot.calls.record import CallRecord
from voicebot.calls.session import CallSession, Company
from voicebot.calls.work import Work
from voicebot.clock import VirtualClock
from voicebot.config import load_settings
from voicebot.journal.opening import open_journal
from voicebot.journal.settings import JournalSettings
from voicebot.logs import JsonLines, LogSettings, TextLines, on_call, without_persons, write_logs
from voicebot.switchboard import log as switchboard_log
from voicebot.telephony.base import CallInfo
from voicebot.telephony.replay import CallerScript, ReplayLeg

ROOT = Path(__file__).resolve().parent.parent
SAID = ("je voudrais être rappelé", "zéro six trente-neuf quatre-vingt-dix-huit douze trente-quatre", "oui", "le matin")


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """Everything logged, at every level, as JSON lines."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines())
    root, ours = logging.getLogger(), logging.getLogger("voicebot")
    level = ours.level
    root.addHandler(handler)
    ours.setLevel(logging.DEBUG)
    yield stream
    root.removeHandler(handler)
    ours.setLevel(level)


async def _call(folder: Path) -> CallRecord:
    """Replay a call in which a person leaves their number, followed by a journal that is logged too."""
    journal = await open_journal(JournalSettings().within(folder), {})
    work, clock = Work(), VirtualClock(START)
    leg = ReplayLeg(CallInfo("sip-1", CALLER, "+33231"), CallerScript(tuple(says() for _ in SAID)), clock, work.settle)
    profile = open_profile(load_settings(ROOT / "config.toml"))
    dialogue = new_dialogue(profile, clock.now, seed="logs")
    record = CallRecord("sip-1", clock.now(), "+33231", CALLER, profile.name)
    company = Company(dialogue, Advisers(), SENTENCES, (JournalWitness(journal),))
    ears = Ears(RoteRecognizer(*SAID), 8000, work, TurnSettings())
    try:
        return await CallSession(leg, ears, Mouth(ToneVoice(), 8000, work), company, work, clock, record).run()
    finally:
        await journal.close()


def test_a_call_leaves_neither_number_nor_words_in_the_logs(written: io.StringIO, tmp_path: Path) -> None:
    with on_call("sip-1"):
        record = asyncio.run(_call(tmp_path))
    logged = written.getvalue()
    assert [turn.heard for turn in record.turns] == list(SAID)
    assert logged.count('"call": "sip-1"') >= len(SAID)
    slots = [value for kept in record.records for value in kept.slots.values()]
    for secret in (CALLER, CALLER[3:], *SAID[:2], *(value for value in slots if value[0] == "+"), record.turns[0].said):
        assert secret not in logged


def test_a_failure_that_holds_a_number_is_written_without_it(written: io.StringIO) -> None:
    with on_call("c-1"):
        try:
            raise ValueError("cannot call +33 6 12 34 56 78 or marie@example.org")
        except ValueError:
            switchboard_log.exception("call of 0612345678 failed")
    line = json.loads(written.getvalue())
    assert (line["level"], line["logger"], line["call"]) == ("error", "voicebot.switchboard", "c-1")
    assert line["message"] == "call of •• failed"
    assert "cannot call •• or ••@••" in line["trace"]


@pytest.mark.parametrize("formatter", [TextLines, JsonLines])
@pytest.mark.parametrize("call", ["a84b4c76e66710@192.0.2.7", "61"])
def test_the_id_of_a_call_stays_legible_and_hides_no_person(
    written: io.StringIO, formatter: type[logging.Formatter], call: str
) -> None:
    logging.getLogger().handlers[-1].setFormatter(formatter())
    with on_call(call):
        switchboard_log.info("call %s of 0612345678 or marie@example.org ended", call)
    assert f"call {call} of •• or ••@•• ended" in written.getvalue()


@pytest.mark.parametrize(
    "text",
    [
        "sip:sophie@127.0.0.1:5060",
        "2026-11-24T10:00:00+01:00",
        "v1.2.3 in 12345 ms",
        "127.0.0.1:8080",
        "3f2c9a8812345678",
    ],
)
def test_what_is_no_person_stays_legible(text: str) -> None:
    assert without_persons(text) == text


def test_the_call_follows_into_tasks_and_threads(written: io.StringIO) -> None:
    async def work() -> None:
        with on_call("c-2"):
            task = asyncio.create_task(asyncio.to_thread(switchboard_log.info, "thinking"))
        await task
        switchboard_log.info("apart")

    asyncio.run(work())
    thinking, apart = (json.loads(line) for line in written.getvalue().splitlines() if "voicebot" in line)
    assert thinking["call"] == "c-2"
    assert "call" not in apart


@pytest.mark.parametrize(("form", "formatter"), [("text", TextLines), ("json", JsonLines)])
def test_logs_are_written_as_the_configuration_says(form: Any, formatter: type[logging.Formatter]) -> None:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    try:
        write_logs(LogSettings(format=form, level="ERROR"))
        [handler] = root.handlers
        assert type(handler.formatter) is formatter
        assert root.level == logging.ERROR
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
