"""Both sides at once, on real legs: echo, coughs and doors leave the assistant speaking, a caller's words silence it.

A conversation is held on the line with the real ears and mouth; the far end is a socket that can return what it hears,
softer and late, as a hybrid or a loudspeaker does, while it makes sounds of its own.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from tests.audio.sounds import cough, door, say
from tests.calls.company import SENTENCES, Advisers, RoteDialogue, RoteRecognizer
from tests.telephony.sip import scenarios as sc
from tests.telephony.sip.peers import (
    RtpPeer,
    alaw_frames,
    line_settings,
    measured,
    next_call,
    rtp_peer,
    running_line,
    sipp,
    sounding_frames,
    until,
)
from voicebot.audio.frames import FRAME_S, LINE_HZ, Pcm, level_dbfs, silence
from voicebot.audio.g711 import alaw_decode, alaw_encode
from voicebot.audio.settings import TurnSettings
from voicebot.calls.ears import Ears
from voicebot.calls.mouth import Mouth
from voicebot.calls.record import CallRecord
from voicebot.calls.session import CallSession, Company
from voicebot.calls.work import Work
from voicebot.clock import WallClock
from voicebot.dialog.turns import Reply, Say
from voicebot.telephony.baresip_leg import BaresipLeg
from voicebot.telephony.pyvoip_leg import PyvoipLeg
from voicebot.tts.base import Manner

GREETING = (
    "Bonjour, vous êtes bien à la communauté de communes. Je suis une assistante automatique. "
    "Dites-moi en quelques mots ce que vous cherchez."
)
QUIET_DBFS = -50.0
ON_THE_WAY_MS = 80.0
"""What the line itself takes to bring speech to us: the jitter buffer's 40 ms, a packet, the frame it falls in."""


class FixedVoice:
    """Says the greeting as Pico does, and anything else not at all."""

    name = "fixed"

    def __init__(self) -> None:
        spoken = say(GREETING, LINE_HZ)
        self.greeting = np.concatenate((spoken, silence(-spoken.size % 160)))

    async def speak(self, text: str, rate_hz: int, manner: Manner = Manner()):  # type: ignore[no-untyped-def]
        await asyncio.sleep(0)
        if text == GREETING:
            yield self.greeting

    async def close(self) -> None:
        return


@dataclass
class FarEnd:
    """A caller who returns the assistant's sound ``late_ms`` late and ``gain_db`` softer, and makes sounds besides.

    ``sounds`` are (seconds after the assistant began to speak, sound).
    """

    peer: RtpPeer
    late_ms: int = 0
    gain_db: float = -200.0
    sounds: Sequence[tuple[float, Pcm]] = ()
    heard: list[tuple[float, float]] = field(default_factory=list)
    onset_s: float = 0.0

    async def live(self, until_s: float) -> None:
        """Send and receive until ``until_s`` after the assistant has begun to speak."""
        loop = asyncio.get_running_loop()
        await self.peer.met.wait()
        history, taken, began = silence(LINE_HZ), 0, -1
        due_s, frame = loop.time(), 0
        own = silence(round(until_s * LINE_HZ))
        for when_s, sound in self.sounds:
            start = round(when_s * LINE_HZ)
            own[start : start + sound.size] = sound
        while began < 0 or (frame - began) * FRAME_S < until_s:
            await until(due_s)
            for _, _, codes in self.peer.received[taken:]:
                pcm = alaw_decode(codes)
                history = np.concatenate((history[160:], pcm))
                self.heard.append((loop.time(), level_dbfs(pcm)))
                if began < 0 and self.heard[-1][1] > QUIET_DBFS:
                    began = frame
            taken = len(self.peer.received)
            end = history.size - self.late_ms * LINE_HZ // 1000
            out = history[end - 160 : end].astype(np.float64) * 10 ** (self.gain_db / 20)
            if began >= 0:
                near = own[(frame - began) * 160 : (frame - began + 1) * 160]
                if not self.onset_s and near.any():
                    self.onset_s = loop.time()
                out[: near.size] += near
            self.peer.send(alaw_encode(np.clip(out, -32768, 32767).astype(np.int16)))
            due_s, frame = due_s + FRAME_S, frame + 1

    def silenced_ms(self) -> float:
        """From the first sample of the caller's speech to the last frame of the assistant's that reached them."""
        loud = [at_s for at_s, level in self.heard if level > QUIET_DBFS and at_s > self.onset_s]
        return (max(loud, default=self.onset_s) - self.onset_s) * 1000


async def hold(leg: BaresipLeg | PyvoipLeg, voice: FixedVoice, dialogue: RoteDialogue) -> CallRecord:
    work, clock = Work(), WallClock()
    recognizer = RoteRecognizer("je voudrais un rendez-vous")
    ears = Ears(recognizer, leg.rate_hz, work, TurnSettings())
    company = Company(dialogue, Advisers(), SENTENCES)
    record = CallRecord(leg.info.call_id, clock.now(), leg.info.called, "", "test")
    session = CallSession(leg, ears, Mouth(voice, leg.rate_hz, work), company, work, clock, record)
    return await session.run()


async def lived(far: Sequence[FarEnd], until_s: float) -> list[CallRecord]:
    """Hold one call for each far end, all at the same time; return their records."""
    settings = line_settings()
    voice = FixedVoice()
    async with running_line(settings) as line:
        callers, talks = [], []
        for end in far:
            steps = sc.scenario(sc.answered(end.peer.port), sc.hung_up())
            callers.append(asyncio.create_task(sipp(steps, settings)))
            leg = await next_call(line)
            dialogue = RoteDialogue(Reply(says=(Say("Oui"),)), greeting=GREETING)
            talks.append((leg, asyncio.create_task(hold(leg, voice, dialogue))))
        await asyncio.gather(*(end.live(until_s) for end in far))
        for leg, _ in talks:
            await leg.hang_up()
        assert [(await caller).status for caller in callers] == [0] * len(far)
        return [await talk for _, talk in talks]


def test_neither_its_own_echo_nor_coughs_nor_doors_silence_the_assistant() -> None:
    async def story() -> None:
        async with rtp_peer() as one, rtp_peer() as two, rtp_peer() as three:
            noises = [(2.0, cough(1)), (3.5, door(2)), (5.0, cough(3))]
            far = [FarEnd(one, 100, -20.0), FarEnd(two, 300, -20.0), FarEnd(three, 180, -20.0, noises)]
            greeting = FixedVoice().greeting
            records = await lived(far, greeting.size / LINE_HZ + 1.0)
            for end, record in zip(far, records, strict=True):
                # cut short it would lack words, taken up again it would say some twice
                assert sounding_frames(end.peer.codes) == sounding_frames(alaw_frames(greeting))
                assert record.turns == []

    measured(story)


def test_a_caller_who_speaks_silences_the_assistant_within_200_ms_on_the_wire() -> None:
    async def story() -> None:
        async with rtp_peer() as one, rtp_peer() as two:
            words = [(2.5, say("Je voudrais un rendez-vous.", LINE_HZ, level_dbfs=-18.0))]
            far = [FarEnd(one, sounds=words), FarEnd(two, 200, -20.0, words)]
            records = await lived(far, 6.0)
            for end, record in zip(far, records, strict=True):
                assert 0 < end.silenced_ms() <= 200 + ON_THE_WAY_MS
                assert [(turn.heard, turn.interrupted) for turn in record.turns] == [
                    ("je voudrais un rendez-vous", True)
                ]

    measured(story)
