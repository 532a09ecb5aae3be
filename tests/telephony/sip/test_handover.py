"""A whole hand-over on real SIP: the caller hears music, the adviser is told who calls before they are joined."""

import asyncio

from tests.calls.company import SENTENCES, Advisers, RoteDialogue, RoteRecognizer, ToneVoice
from tests.telephony.sip import scenarios as sc
from tests.telephony.sip.peers import (
    HOST,
    Cue,
    alaw_frames,
    called,
    eventually,
    free_port,
    line_settings,
    rtp_peer,
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
        port, leaves, work, clock = free_port(), Cue(), Work(), WallClock()
        told = sc.wait_for_header("INVITE", "User-to-User", TOLD)
        steps = (sc.awaited(leaves.path), sc.bye())
        music = alaw_frames(hold_music(8000)[: 160 * 25])
        whisper = alaw_frames(await anext(ToneVoice().speak(PHRASE, 8000)))[1:-1]
        async with called(line_settings(), *steps, cue=leaves, answer=False) as call, rtp_peer() as desk:
            leg = call.leg
            ringing = told + sc._reply("180 Ringing") + sc.pause(2000)
            adviser = await sipp_answers(port, ringing, sc.adviser_answers(desk.port), sc.hung_up())
            record = CallRecord("c", clock.now(), "", "", "test", contact="c0ffee")
            targets = Bridging(f"sip:adviser@{HOST}:{port}")
            ears = Ears(RoteRecognizer(), leg.rate_hz, work, TurnSettings())
            mouth = Mouth(ToneVoice(), leg.rate_hz, work)
            company = Company(HandsOver(), targets, SENTENCES)
            session = asyncio.create_task(CallSession(leg, ears, mouth, company, work, clock, record).run())
            await eventually(lambda: has_run(call.peer.codes, music))
            await eventually(lambda: has_run(desk.codes, whisper))
            await leaves.give()
            await session
            assert (await adviser).status == 0
        assert record.transfer is not None
        assert record.transfer.target == "conseillers"

    asyncio.run(story())
