"""A test phone: places a real SIP call and lives a scripted caller's side of it.

The script's turn-taking is the very one of a replayed call (``ReplayLeg``), moved by what is heard on the wire: sound
means that the assistant speaks, a silence of ``FINISHED_S`` that it has finished and listens. A turn bound to a slot is
played in its order, since the wire does not say what is asked.
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

import numpy as np
from baresip import Account, BaresipError, CallFailed, Runtime, UserAgent

from voicebot.audio.frames import FRAME_S, LINE_HZ, Pcm, frame_samples, level_dbfs, silence
from voicebot.clock import VirtualClock
from voicebot.telephony.baresip_dial import Dialler
from voicebot.telephony.baresip_leg import BaresipLeg
from voicebot.telephony.baresip_line import account_params, codec_names, engine_config
from voicebot.telephony.base import CallInfo, LegStats, TelephonyError
from voicebot.telephony.replay import CallerScript, ReplayLeg
from voicebot.telephony.settings import SipSettings

log = logging.getLogger(__name__)

FINISHED_S = 1.2
_SPEECH_DBFS = -50.0
_USER = "phone"


@dataclass(frozen=True, slots=True, eq=False)
class PhoneCall:
    """What a call was: what was heard and said (8 kHz, the same length), how long each answer took, the line's quality.

    ``answer_s`` runs from the end of each spoken turn to the first sound heard after it.
    """

    heard: Pcm
    said: Pcm
    answer_s: tuple[float, ...]
    stats: LegStats
    ended_by_peer: bool


class Phone:
    """A SIP phone on an engine of its own. Opened by ``open_phone``; one call at a time or several."""

    def __init__(self, dialler: Dialler) -> None:
        self._dialler = dialler

    async def dial(self, uri: str, ring_s: float = 30.0) -> BaresipLeg:
        """Call ``uri``; return the leg once answered.

        Raises:
            TelephonyError: busy, refused, not found, no answer... with the status received.
        """
        try:
            call = await self._dialler.dial(uri)
            leg = BaresipLeg(call, CallInfo("", "", uri))
            await call.wait_established(timeout=ring_s)
        except CallFailed as error:
            raise TelephonyError(f"{uri} did not take the call: {error}") from error
        except (BaresipError, ValueError) as error:
            raise TelephonyError(f"{uri} cannot be called: {error}") from error
        return leg

    async def play_script(self, uri: str, script: CallerScript, most_s: float = 600.0) -> PhoneCall:
        """Call ``uri`` and live ``script`` until either side hangs up, ``most_s`` at most.

        Raises:
            TelephonyError: the call is not taken.
        """
        leg = await self.dial(uri)
        try:
            return await _Conversation(leg, script).run(most_s)
        finally:
            await leg.hang_up()


@asynccontextmanager
async def open_phone(settings: SipSettings, user: str = _USER) -> AsyncIterator[Phone]:
    """Start an engine at ``settings.listen`` and give a phone on it. One engine a process: not beside a line.

    Raises:
        TelephonyError: the address cannot be used.
    """
    runtime = Runtime()
    try:
        await runtime.start(engine_config(settings))
    except BaresipError as error:
        raise TelephonyError(f"the test phone cannot use {settings.listen.address} ({error})") from error
    try:
        account = Account(
            user=user,
            domain=settings.listen.address,
            password="",
            reg_interval=0,
            transport=settings.listen.transports[-1],
            audio_codecs=codec_names(settings.media),
            extra_params=account_params(settings.media),
        )
        agent = await UserAgent.create(runtime, account, transfer_policy="reject")
        yield Phone(Dialler(runtime, agent))
    finally:
        await runtime.close()


async def _at_once() -> None:
    """Computing takes no time for the scripted caller: the wire alone paces it."""


@dataclass(slots=True)
class _Ears:
    """What the scripted caller makes of what is heard. ``quiet_frames`` counts from the last sound."""

    quiet_frames: int = 0
    told: bool = True

    def feed(self, frame: Pcm) -> tuple[bool, bool]:
        """Return whether this frame is the assistant's speech, and whether it has just been found to have finished."""
        if level_dbfs(frame) > _SPEECH_DBFS:
            self.quiet_frames, self.told = 0, False
            return True, False
        self.quiet_frames += 1
        finished = not self.told and self.quiet_frames * FRAME_S >= FINISHED_S
        self.told = self.told or finished
        return False, finished


@dataclass(slots=True)
class _Answers:
    """Times each answer: from the end of a spoken turn to the first sound after it."""

    taken_s: list[float] = field(default_factory=list)
    _turn_ended_at: int | None = None

    def step(self, index: int, turn_ended: bool, speech: bool) -> None:
        """Follow frame ``index``."""
        if turn_ended:
            self._turn_ended_at = index
        elif speech and self._turn_ended_at is not None:
            self.taken_s.append((index - self._turn_ended_at) * FRAME_S)
            self._turn_ended_at = None


class _Conversation:
    """One scripted call on the wire."""

    def __init__(self, leg: BaresipLeg, script: CallerScript) -> None:
        self._leg = leg
        self._clock = VirtualClock(datetime(2000, 1, 1, tzinfo=UTC))  # only the time it counts matters
        self._caller = ReplayLeg(leg.info, script, self._clock, _at_once)
        self._ears = _Ears()
        self._answers = _Answers()
        self._heard: list[Pcm] = []
        self._said: list[Pcm] = []
        self._keys: asyncio.Queue[str] = asyncio.Queue()

    async def run(self, most_s: float) -> PhoneCall:
        """Live the call."""
        typing = asyncio.create_task(self._type())
        try:
            by_peer = await self._live(round(most_s / FRAME_S))
        finally:
            typing.cancel()
        await self._leg.hang_up()
        nothing = silence(0)
        return PhoneCall(
            np.concatenate([nothing, *self._heard]),
            np.concatenate([nothing, *self._said]),
            tuple(self._answers.taken_s),
            self._leg.stats(),
            by_peer,
        )

    async def _live(self, frames: int) -> bool:
        """Tick until an end; return whether the other side hung up."""
        await self._caller.answer()
        quiet = silence(frame_samples(LINE_HZ))
        spoken = 0
        for index in range(frames):
            heard = await self._leg.tick()
            if heard is None:
                return True
            speech, finished = self._ears.feed(heard.pcm)
            self._caller.play(heard.pcm if speech else quiet)
            if finished:
                self._caller.awaiting(None)
            said = await self._caller.tick()
            if said is None:
                return False
            self._leg.play(said.pcm)
            if said.keys:
                self._keys.put_nowait(said.keys)
            self._heard.append(heard.pcm)
            self._said.append(said.pcm)
            ended = len(self._caller.spoken_ends_s) > spoken
            spoken = len(self._caller.spoken_ends_s)
            self._answers.step(index, ended, speech)
        return False

    async def _type(self) -> None:
        """Press keys beside the sound: each takes a fifth of a second."""
        while True:
            await self._leg.send_keys(await self._keys.get())
