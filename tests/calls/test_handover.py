"""Handing over on the virtual clock: music, queue, ways out, coming back; and the advisers as all calls see them."""

import asyncio
from collections.abc import Mapping

import numpy as np
import pytest

from tests.calls.company import SENTENCES, START, Advisers, RoteDialogue, RoteRecognizer, ToneVoice, hold_call, says
from voicebot.audio.frames import Pcm
from voicebot.calls.desk import RETRY_S, Desk
from voicebot.calls.live import LiveCalls, LiveWitness
from voicebot.calls.music import LEVEL_DBFS, hold_music
from voicebot.calls.record import CallRecord, TurnRecord
from voicebot.calls.transfer import briefed, ring
from voicebot.dialog.knowledge.identity import Target
from voicebot.dialog.turns import Ask, Reply, Say, Transfer
from voicebot.telephony.base import CallInfo, TransferMode, TransferOrder, TransferResult
from voicebot.telephony.replay import SpokenTurn
from voicebot.telephony.uui import HEADER, decode_uui

ANSWERED, BUSY, NO_ANSWER, REJECTED, FAILED = (
    TransferResult.ANSWERED,
    TransferResult.BUSY,
    TransferResult.NO_ANSWER,
    TransferResult.REJECTED,
    TransferResult.FAILED,
)
ASKS = Reply(says=(Say("Je vous passe"),), actions=(Transfer("conseillers"),))
CALLBACK = Reply(says=(Say("Votre numéro"),), actions=(Ask("telephone", "rappel"),), intent="rappel", confidence=0.9)
QUEUE = Advisers("sip:a@example.org", queue_s=120.0)


class Listener:
    """What the caller heard while on hold."""

    def __init__(self) -> None:
        self.heard: list[Pcm] = []
        self.contacts: list[str] = []

    def frame(self, caller: Pcm, assistant: Pcm) -> None:
        self.heard.append(assistant)

    def turn(self, call: CallRecord, turn: TurnRecord) -> None:
        self.contacts.append(turn.heard)

    def ended(self, call: CallRecord) -> None:
        pass


def result_of(record: CallRecord) -> str | None:
    return None if record.transfer is None else record.transfer.result


def test_a_caller_hears_music_while_the_telephone_rings() -> None:
    listener = Listener()
    hold_call([says()], RoteRecognizer("un conseiller"), RoteDialogue(ASKS), advisers=NO_ANSWER, witnesses=[listener])
    sound = np.concatenate(listener.heard)
    loop = hold_music(8000)
    start = next(at for at in range(0, sound.size - 8000, 160) if np.array_equal(sound[at : at + 8000], loop[:8000]))
    assert np.array_equal(sound[start : start + 32000], loop[:32000])


def test_the_music_is_soft_without_a_seam_and_of_whole_frames() -> None:
    loop = hold_music(8000).astype(np.float64)
    assert loop.size % 160 == 0
    assert 20 * np.log10(np.sqrt(np.mean(loop**2)) / 32768) == pytest.approx(LEVEL_DBFS, abs=0.2)
    assert np.abs(loop).max() < 12000
    assert abs(loop[0] - loop[-1]) <= np.abs(np.diff(loop)).max()


def test_the_live_page_tells_that_a_call_is_being_handed_over_and_no_longer_once_it_came_back() -> None:
    calls, seen = LiveCalls(), [False]

    class Watched(Listener):
        def frame(self, caller: Pcm, assistant: Pcm) -> None:
            (call,) = calls.all()
            if call.transferring != seen[-1]:
                seen.append(call.transferring)

    dialogue = RoteDialogue(ASKS)
    live = LiveWitness(calls, "c1", "phone", lambda: START)
    turns = [says(), SpokenTurn(silence_s=30.0)]
    hold_call(turns, RoteRecognizer("un conseiller"), dialogue, advisers=NO_ANSWER, witnesses=(live, Watched()))
    assert dialogue.came_back == ["no_answer"]
    assert seen == [False, True, False]
    assert calls.all() == ()


def test_when_all_are_busy_the_caller_waits_is_told_and_gets_the_first_who_is_free() -> None:
    dialogue, voice = RoteDialogue(ASKS), ToneVoice()
    turns = [says(), SpokenTurn(silence_s=60.0)]
    record = hold_call(
        turns, RoteRecognizer("un conseiller"), dialogue, advisers=(BUSY, BUSY, ANSWERED), targets=QUEUE, voice=voice
    )
    assert result_of(record) == "answered"
    assert dialogue.waits == [(0, None)]
    assert [text for text, _ in voice.said][-2:] == ["Patientez", SENTENCES.connected[0]]


def test_a_caller_is_told_when_an_adviser_who_was_taken_is_free() -> None:
    elapsed = [0.0]
    desk, voice, targets = Desk(lambda: elapsed[0]), ToneVoice(), Advisers("sip:a@b", queue_s=120.0, capacity=1)
    target = targets.target("conseillers")
    assert target is not None
    other = desk.join(target)
    other.ring()

    class Frees(Listener):
        def frame(self, caller: Pcm, assistant: Pcm) -> None:
            elapsed[0] += 0.02
            if elapsed[0] >= 20.0:
                other.leave()

    turns = [says(), SpokenTurn(silence_s=60.0)]
    record = hold_call(
        turns, RoteRecognizer("x"), RoteDialogue(ASKS), targets=targets, voice=voice, desk=desk, witnesses=[Frees()]
    )
    assert result_of(record) == "answered"
    said = [text for text, _ in voice.said][-3:]
    assert said == ["Patientez", SENTENCES.transferring[0], SENTENCES.connected[0]]


def test_a_caller_who_waits_is_told_again_every_thirty_seconds_until_the_wait_is_too_long() -> None:
    dialogue = RoteDialogue(ASKS)
    turns = [says(), SpokenTurn(silence_s=200.0)]
    record = hold_call(turns, RoteRecognizer("un conseiller"), dialogue, advisers=BUSY, targets=QUEUE)
    assert len(dialogue.waits) == 4
    assert dialogue.came_back == ["busy"]
    assert result_of(record) == "busy"


@pytest.mark.parametrize("turn", [SpokenTurn(keys="5"), says()])
def test_a_caller_on_hold_may_ask_to_be_called_back_by_key_or_by_voice(turn: SpokenTurn) -> None:
    dialogue = RoteDialogue(ASKS, CALLBACK)
    record = hold_call(
        [says(), turn], RoteRecognizer("un conseiller", "rappelez-moi"), dialogue, advisers=BUSY, targets=QUEUE
    )
    assert result_of(record) == "busy"
    assert [one.said for one in record.turns][:2] == ["Je vous passe", "Votre numéro"]
    assert dialogue.came_back == []


def test_while_the_first_telephones_ring_the_way_to_a_callback_is_told_once_and_taken() -> None:
    voice, dialogue = ToneVoice(), RoteDialogue(ASKS, CALLBACK)
    turns = [says(), SpokenTurn(keys="5", barge_in_s=12.0)]
    targets = Advisers("sip:a@example.org", "sip:b@example.org", "sip:c@example.org")
    record = hold_call(
        turns, RoteRecognizer("un conseiller"), dialogue, advisers=NO_ANSWER, targets=targets, voice=voice
    )
    assert [text for text, _ in voice.said].count(SENTENCES.still_ringing[0]) == 1
    assert dialogue.heard[-1].keys == "5"
    assert dialogue.came_back == []
    assert result_of(record) == "no_answer"


def test_who_is_answered_at_once_is_not_told_of_another_way() -> None:
    voice = ToneVoice()
    hold_call([says()], RoteRecognizer("un conseiller"), RoteDialogue(ASKS), voice=voice)
    assert SENTENCES.still_ringing[0] not in [text for text, _ in voice.said]


def test_talk_beside_the_telephone_keeps_the_place_in_the_queue() -> None:
    beside = Reply(says=(Say("Pardon ?"),), lost=True)
    dialogue = RoteDialogue(ASKS, beside, beside)
    turns = [says(), says(), SpokenTurn(silence_s=60.0)]
    record = hold_call(
        turns, RoteRecognizer("un conseiller", "ça sonne"), dialogue, advisers=(BUSY, BUSY, ANSWERED), targets=QUEUE
    )
    assert result_of(record) == "answered"
    assert len(record.turns) == 1


def test_a_caller_who_hangs_up_on_hold_leaves_the_queue() -> None:
    desk = Desk(lambda: 0.0)
    turns = [says(), SpokenTurn(silence_s=5.0, hangup=True)]
    record = hold_call(turns, RoteRecognizer("x"), RoteDialogue(ASKS), advisers=BUSY, targets=QUEUE, desk=desk)
    assert result_of(record) == "busy"
    assert desk.waiting() == {"conseillers": 0}
    assert desk.taken() == {"conseillers": 0}


def test_without_a_queue_a_busy_target_brings_the_caller_back_at_once() -> None:
    dialogue = RoteDialogue(ASKS)
    record = hold_call([says()], RoteRecognizer("un conseiller"), dialogue, advisers=BUSY)
    assert dialogue.came_back == ["busy"]
    assert record.duration_s < 12


class ScriptedLeg:
    """Answers each transfer with the next result of its place and mode."""

    def __init__(self, results: Mapping[tuple[str, TransferMode], TransferResult], early: bool = False) -> None:
        self.info = CallInfo("c", "", "")
        self.tried: list[tuple[str, TransferMode]] = []
        self._results = results
        self._early = early

    async def transfer(self, order: TransferOrder) -> TransferResult:
        self.tried.append((order.uri, order.mode))
        result = self._results[order.uri, order.mode]
        if (result is ANSWERED or self._early) and order.on_answer is not None:
            order.on_answer()
        return result


def try_places(leg: ScriptedLeg) -> TransferResult:
    modes = (TransferMode.ATTENDED, TransferMode.BLIND)
    orders = [TransferOrder(uri, mode) for uri in ("a", "b") for mode in modes]
    return asyncio.run(ring(leg, orders, lambda: None))  # type: ignore[arg-type]


ATTENDED_A, BLIND_A = ("a", TransferMode.ATTENDED), ("a", TransferMode.BLIND)
ATTENDED_B, BLIND_B = ("b", TransferMode.ATTENDED), ("b", TransferMode.BLIND)


@pytest.mark.parametrize(
    ("results", "tried", "result"),
    [
        ({ATTENDED_A: FAILED, BLIND_A: ANSWERED}, [ATTENDED_A, BLIND_A], ANSWERED),
        ({ATTENDED_A: NO_ANSWER, ATTENDED_B: ANSWERED}, [ATTENDED_A, ATTENDED_B], ANSWERED),
        ({ATTENDED_A: BUSY, ATTENDED_B: NO_ANSWER}, [ATTENDED_A, ATTENDED_B], BUSY),
        ({ATTENDED_A: FAILED, BLIND_A: REJECTED, ATTENDED_B: FAILED, BLIND_B: FAILED}, 4, REJECTED),
    ],
)
def test_a_mode_that_does_not_work_gives_way_to_the_next_and_a_place_reached_to_the_next_place(
    results: dict[tuple[str, TransferMode], TransferResult], tried: object, result: TransferResult
) -> None:
    leg = ScriptedLeg(results)
    assert try_places(leg) is result
    assert leg.tried == tried or len(leg.tried) == tried


def test_an_adviser_who_picked_up_and_hung_up_is_not_rung_again_by_another_mode() -> None:
    leg = ScriptedLeg({ATTENDED_A: FAILED}, early=True)
    assert try_places(leg) is FAILED
    assert leg.tried == [ATTENDED_A]


def test_the_adviser_is_told_what_we_know_and_where_to_read_it() -> None:
    record = CallRecord(
        "c", START, "", "+33612345678", "p", contact="c0ffee", link="https://s.example.fr/contacts/c0ffee"
    )
    context = {"commune": "Deauville", "intent": "signalement.depot_sauvage", "demande": "mots de l’appelant"}
    whisper = np.ones(160, dtype=np.int16)
    (order,) = briefed([TransferOrder("sip:a@example.org")], record, context, whisper)
    assert decode_uui(order.headers[HEADER]) == {
        "contact": "c0ffee",
        "commune": "Deauville",
        "intent": "signalement.depot_sauvage",
    }
    assert order.headers["Call-Info"] == "<https://s.example.fr/contacts/c0ffee>;purpose=info"
    assert order.whisper is whisper


class Hands:
    """A desk and the time it goes by."""

    def __init__(self, **target: float) -> None:
        self.now_s = 0.0
        self.desk = Desk(lambda: self.now_s)
        self.target = Target("t", "t", ("sip:a@b",), **target)  # type: ignore[arg-type]

    def served(self, seconds: float) -> None:
        place = self.desk.join(self.target)
        place.ring()
        place.connected()
        self.now_s += seconds
        place.leave()


def test_no_more_ring_than_there_are_advisers_and_the_first_who_waits_is_first() -> None:
    hands = Hands(capacity=1)
    first, second, third = (hands.desk.join(hands.target) for _ in range(3))
    assert [place.may_ring for place in (first, second, third)] == [True, False, False]
    first.ring()
    assert [second.ahead, third.ahead] == [0, 1]
    assert not second.may_ring
    first.leave()
    assert (second.may_ring, third.may_ring) == (True, False)


def test_an_adviser_has_a_pause_after_each_call() -> None:
    hands = Hands(capacity=1, wrap_up_s=30.0)
    hands.served(60.0)
    waiting = hands.desk.join(hands.target)
    assert not waiting.may_ring
    hands.now_s += 31.0
    assert waiting.may_ring


def test_after_a_busy_answer_only_the_first_tries_again_and_later() -> None:
    hands = Hands()
    first, second = hands.desk.join(hands.target), hands.desk.join(hands.target)
    first.ring()
    first.busy()
    assert (first.ahead, second.ahead) == (0, 1)
    assert not first.may_ring
    hands.now_s += RETRY_S
    assert first.may_ring


def test_the_wait_is_only_estimated_from_what_was_seen() -> None:
    hands = Hands(capacity=2)
    waiting = hands.desk.join(hands.target)
    hands.served(200.0)
    hands.served(5.0)  # nobody is taken by a call of five seconds
    hands.served(220.0)
    assert waiting.wait_minutes() is None
    hands.served(180.0)
    behind = hands.desk.join(hands.target)
    assert (waiting.wait_minutes(), behind.wait_minutes()) == (2, 4)
