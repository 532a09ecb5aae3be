"""A whole hand-over on real SIP: the caller hears music, the adviser is told who calls before they are joined."""

import asyncio

from tests.calls.company import SENTENCES, Advisers, RoteDialogue, RoteRecognizer, ToneVoice
from tests.telephony.sip import scenarios as sc
from tests.telephony.sip.peers import (
    HOST,
    alaw_frames,
    free_port,
    line_settings,
    next_call,
    rtp_peer,
    running_line,
    sipp,
    sipp_answers,
)
from voicebot.audio.settings import TurnSettings
from voicebot.calls.ears import Ears
from voicebot.calls.mouth import Mouth
from voicebot.calls.music import hold_music
from voicebot.calls.record import CallRecord
from voicebot.calls.session import CallSession, Company
from voicebot.calls.work import Work
from voicebot.clock import WallClock
from voicebot.dialog.turns import Reply, Say, Transfer
from voicebot.telephony.base import TransferMode, TransferOrder

PHRASE = "Appel de Deauville"
CONTEXT = {"commune": "Deauville", "intent": "signalement.depot_sauvage", "phrase": PHRASE}
TOLD = b'"contact":"c0ffee","commune":"Deauville"'.hex()


class HandsOver(RoteDialogue):
    """Hands every caller over at once."""

    def greet(self) -> Reply:
        return Reply(says=(Say("Bonjour"),), actions=(Transfer("conseillers", "", CONTEXT),))


class Bridging(Advisers):
    """Advisers reached by a bridge."""

    def orders(self, target: str) -> tuple[TransferOrder, ...]:
        return tuple(TransferOrder(uri, TransferMode.BRIDGED) for uri in self._uris)


def has_run(heard: list[bytes], words: list[bytes]) -> bool:
    return any(heard[at : at + len(words)] == words for at in range(len(heard) - len(words) + 1))


def test_the_caller_hears_music_and_the_adviser_is_told_who_calls() -> None:
    async def story() -> None:
        port, settings, work, clock = free_port(), line_settings(), Work(), WallClock()
        told = sc.wait_for_header("INVITE", "User-to-User", TOLD)
        ringing = told + sc._reply("180 Ringing") + sc.pause(1200)
        async with running_line(settings) as line, rtp_peer() as voice, rtp_peer() as desk:
            steps = (sc.pause(5000), sc.bye())
            caller = asyncio.create_task(sipp(sc.scenario(sc.answered(voice.port), *steps), settings))
            parts = (ringing, sc.adviser_answers(desk.port), sc.hung_up())
            adviser = asyncio.create_task(sipp_answers(sc.scenario(*parts), port))
            leg = await next_call(line)
            record = CallRecord("c", clock.now(), "", "", "test", contact="c0ffee")
            targets = Bridging(f"sip:adviser@{HOST}:{port}")
            ears = Ears(RoteRecognizer(), leg.rate_hz, work, TurnSettings())
            mouth = Mouth(ToneVoice(), leg.rate_hz, work)
            company = Company(HandsOver(), targets, SENTENCES)
            await CallSession(leg, ears, mouth, company, work, clock, record).run()
            assert (await caller).status == 0
            assert (await adviser).status == 0
        whisper = [sound async for sound in ToneVoice().speak(PHRASE, 8000)]
        assert has_run(voice.codes, alaw_frames(hold_music(8000)[: 160 * 25]))
        assert has_run(desk.codes, alaw_frames(whisper[0])[1:-1])
        assert record.transfer is not None
        assert record.transfer.target == "conseillers"

    asyncio.run(story())
