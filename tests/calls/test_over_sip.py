"""Whole calls on the wire: one process answers two communities' numbers; callers and advisers are sipp.

It is Tuesday afternoon: the coast's advisers are there, and the valley has closed at half past twelve.
"""

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

import pytest

from tests.conftest import LEARNT
from tests.telephony.sip import scenarios as sc
from tests.telephony.sip.peers import (
    HANGS_S,
    HOST,
    Cue,
    RtpPeer,
    SippRun,
    eventually,
    free_port,
    line_settings,
    rtp_peer,
    running_line,
    sipp,
    sipp_answers,
)
from voicebot.app import CLOSING, SENTENCES, Service, open_recognizer, open_voice
from voicebot.audio.frames import Pcm
from voicebot.calls.closing import load_closing
from voicebot.calls.record import CallRecord, TurnRecord
from voicebot.calls.sentences import load_sentences
from voicebot.clock import PARIS
from voicebot.config import Settings, parse_settings
from voicebot.dialog.nlu.semantic import best_semantic
from voicebot.profile import Profile, load_profile
from voicebot.reloading import Shelf
from voicebot.switchboard import Switchboard
from voicebot.telephony.settings import NumberSettings, SipSettings

ROOT = Path(__file__).resolve().parents[2]
COAST, VALLEY = "coeur-cote-fleurie", "vallee-de-l-ombelle"
COAST_NUMBER, VALLEY_NUMBER = "+33231000000", "+33561000000"
AFTERNOON = datetime(2026, 11, 24, 15, tzinfo=PARIS)
_SILENT = (0xD5, 0x55)
_IN_THE_AIR_S = 0.4
"""The sentence that a key cuts short is still heard for as long."""


class Afternoon:
    """That afternoon, for as long as the test takes."""

    def monotonic(self) -> float:
        return asyncio.get_running_loop().time()

    def now(self) -> datetime:
        return AFTERNOON


@dataclass
class Notebook:
    """A witness that keeps the record of every call."""

    ended_calls: list[CallRecord] = field(default_factory=list)
    came: asyncio.Event = field(default_factory=asyncio.Event)

    def frame(self, caller: Pcm, assistant: Pcm) -> None:
        """Nothing to note."""

    def turn(self, call: CallRecord, turn: TurnRecord) -> None:
        """Nothing to note."""

    def ended(self, call: CallRecord) -> None:
        self.ended_calls.append(call)
        self.came.set()


@dataclass(frozen=True)
class Place:
    """The service and its profiles; each test gives the advisers their telephone."""

    settings: Settings
    profiles: dict[str, Profile]
    stack: AsyncExitStack
    runner: asyncio.Runner
    service: Service


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("profiles")
    for name in ("base", COAST):
        (folder / name).symlink_to(ROOT / "profiles" / name)
    shutil.copytree(ROOT / "tests" / "profiles" / VALLEY, folder / VALLEY)
    settings = parse_settings(
        {"tts": {"engine": "pico"}, "paths": {"profiles": str(folder)}}, source="tests", folder=ROOT
    )
    # the valley goes without the semantic view: learning its examples would take a minute
    profiles = {
        COAST: load_profile(COAST, folder, LEARNT, best_semantic()),
        VALLEY: load_profile(VALLEY, folder, LEARNT),
    }
    with asyncio.Runner() as runner:
        stack = AsyncExitStack()

        async def opened() -> Service:
            prompts = settings.paths.prompts
            said = load_sentences(prompts / SENTENCES), load_closing(prompts / CLOSING)
            return Service(
                settings,
                open_recognizer(settings, stack),
                open_voice(settings, stack),
                *said,
                Shelf(folder, lambda name: profiles[name]),
            )

        service = runner.run(opened())
        yield Place(settings, profiles, stack, runner, service)
        runner.run(stack.aclose())


@asynccontextmanager
async def serving(place: Place, **advisers: int) -> AsyncIterator[tuple[SipSettings, Notebook]]:
    """Both numbers answered; ``advisers`` gives the port where each target can be reached."""

    def reached(profile: Profile) -> Profile:
        identity = profile.knowledge.identity
        targets = tuple(
            replace(one, uris=(f"sip:adviser@{HOST}:{advisers.get(one.id, 9)}",), ring_s=30.0)
            for one in identity.targets
        )
        return replace(profile, knowledge=replace(profile.knowledge, identity=replace(identity, targets=targets)))

    versions = {name: reached(profile) for name, profile in place.profiles.items()}
    service = replace(place.service, shelf=Shelf(place.settings.paths.profiles, lambda name: versions[name]))
    settings = line_settings(lines=(NumberSettings(COAST_NUMBER), NumberSettings(VALLEY_NUMBER)))
    numbers = {COAST_NUMBER: COAST, VALLEY_NUMBER: VALLEY}
    notebook = Notebook()
    async with running_line(settings) as line:
        board = Switchboard(service, line, Afternoon(), numbers.__getitem__, lambda leg: (notebook,))
        answering = asyncio.create_task(board.run())
        try:
            yield settings, notebook
        finally:
            answering.cancel()
            await asyncio.gather(answering, return_exceptions=True)
            await board.finish(2.0)


async def words_begin(voice: RtpPeer, *, after: int = 0) -> int:
    """Wait until a new sentence is heard; return how many packets came until then."""
    async with asyncio.timeout(HANGS_S):
        while True:
            new = voice.codes[after:]
            loud = [any(code not in _SILENT for code in frame) for frame in new]
            start = next((at for at in range(len(loud)) if all(loud[at : at + 10]) and len(loud) >= at + 10), None)
            if start is not None:
                return after + len(new)
            await asyncio.sleep(0.02)


async def press(voice: RtpPeer, keys: str) -> None:
    """Press each key once the assistant has begun to speak, as callers who know the menu do."""
    await words_begin(voice, after=len(voice.codes))
    for key in keys:
        await voice.press(key)
        await asyncio.sleep(_IN_THE_AIR_S)
        await words_begin(voice, after=len(voice.codes))


@asynccontextmanager
async def calling(
    settings: SipSettings, number: str, *ending: str, cue: Cue | None = None
) -> AsyncIterator[tuple[RtpPeer, "asyncio.Task[SippRun]"]]:
    """A caller of ``number``, whose call ends as told, or is cut at the end."""
    async with rtp_peer() as voice:
        steps = sc.scenario(sc.answered(voice.port), *(ending or (sc.hung_up(),)))
        caller = asyncio.create_task(sipp(steps, settings, user=number, cue=cue))
        yield voice, caller
        if not caller.done():
            caller.cancel()
        await asyncio.gather(caller, return_exceptions=True)


async def call(settings: SipSettings, number: str, keys: str) -> None:
    """Call ``number``, press ``keys``, and hang up."""
    async with calling(settings, number) as (voice, _):
        await press(voice, keys)


def test_two_numbers_are_answered_by_their_own_community_in_one_process(place: Place) -> None:
    async def story() -> None:
        async with serving(place) as (settings, notebook):
            await asyncio.gather(call(settings, COAST_NUMBER, ""), call(settings, VALLEY_NUMBER, ""))
            await asyncio.sleep(0)
        told = {record.profile: record.greeting for record in notebook.ended_calls}
        assert set(told) == {COAST, VALLEY}
        assert "Sophie" in told[COAST]
        assert "fontainier, 2" not in told[COAST]
        assert "Camille" in told[VALLEY]
        assert "vallée ombelle point fr" in told[VALLEY]
        assert "fontainier, 2" in told[VALLEY]

    place.runner.run(story())


def test_after_hours_a_callback_is_taken_by_keys(place: Place) -> None:
    async def story() -> None:
        async with serving(place) as (settings, notebook):
            await call(settings, VALLEY_NUMBER, "311")
        (record,) = notebook.ended_calls
        assert record.outcome == "callback"
        assert [kept.slots for kept in record.records] == [{"telephone": "+33612345678", "heure": "matin"}]

    place.runner.run(story())


def test_after_hours_the_one_on_call_answers(place: Place) -> None:
    async def story() -> None:
        port = free_port()
        async with rtp_peer() as desk, serving(place, fontainier=port) as (settings, notebook):
            picks_up = sc.wait_for("INVITE") + sc.adviser_answers(desk.port)
            adviser = await sipp_answers(port, picks_up, sc.hung_up())
            cue = Cue()
            async with calling(settings, VALLEY_NUMBER, sc.awaited(cue.path), sc.bye(), cue=cue) as (voice, caller):
                await press(voice, "2")
                await desk.met.wait()
                await eventually(lambda: len(desk.received) >= 50)
                await cue.give()
                assert (await caller).status == 0
            assert (await adviser).status == 0
        (record,) = notebook.ended_calls
        assert record.outcome == "transferred"
        assert record.transfer is not None
        assert record.transfer.target == "fontainier"

    place.runner.run(story())


def test_advisers_who_are_all_busy_leave_a_callback(place: Place) -> None:
    async def story() -> None:
        port = free_port()
        async with serving(place, conseillers=port) as (settings, notebook):
            adviser = await sipp_answers(port, sc.adviser_refuses("486 Busy Here"))
            async with calling(settings, COAST_NUMBER) as (voice, _):
                await press(voice, "0")
                assert (await adviser).status == 0
                await asyncio.sleep(_IN_THE_AIR_S)
                await press(voice, "113")
        (record,) = notebook.ended_calls
        assert record.outcome == "callback"
        assert record.transfer is not None
        assert record.transfer.result != "answered"

    place.runner.run(story())
