"""A caller who goes on after a pause: nothing prepared too early is kept, and both pieces are one turn."""

import numpy as np
import pytest

from tests.calls.company import RoteDialogue, RoteRecognizer, ToneVoice, hold_call, says, speech
from voicebot.dialog.turns import Record, Reply, Say
from voicebot.telephony.replay import SpokenTurn

WHOLE = Reply(says=(Say("un deux trois quatre cinq six"),), answered=True, whole=True)


def in_two_pieces(silence_s: float) -> SpokenTurn:
    """Return a second of speech, a pause, and another second."""
    pause = np.zeros(round(silence_s * 8000), dtype=np.int16)
    pcm = np.concatenate((speech(1.0), pause, speech(1.0, seed=2)))
    return SpokenTurn(pcm=pcm, speech_samples=pcm.size)


def test_words_that_are_a_whole_request_end_the_turn_sooner() -> None:
    def end_of_turn_s(reply: Reply) -> float:
        record = hold_call([says()], RoteRecognizer("quand passe le camion"), RoteDialogue(reply))
        return record.turns[0].parts_s["end_of_turn"]

    unsure = Reply(says=WHOLE.says)
    assert end_of_turn_s(WHOLE) < end_of_turn_s(unsure) - 0.1


def test_the_answer_to_a_whole_request_is_ready_when_the_turn_ends() -> None:
    record = hold_call([says()], RoteRecognizer("quand passe le camion"), RoteDialogue(WHOLE))
    turn = record.turns[0]
    assert turn.answer_s is not None
    assert turn.speech_end_s is not None
    assert turn.answer_s - turn.speech_end_s <= turn.parts_s["end_of_turn"] + 0.05


@pytest.mark.parametrize("pause_s", [0.3, 0.5, 0.6, 0.7, 0.8])
def test_a_pause_makes_one_turn_even_when_the_answer_had_just_begun(pause_s: float) -> None:
    dialogue = RoteDialogue(WHOLE)
    record = hold_call([in_two_pieces(pause_s)], RoteRecognizer("quand passe", "quand passe le camion"), dialogue)
    assert len(record.turns) == 1
    assert len(dialogue.heard) == 1
    assert record.turns[0].t_s < 2.0
    assert record.turns[0].speech_end_s == pytest.approx(record.turns[0].t_s + 2.0 + pause_s, abs=0.15)


def test_an_answer_taken_back_leaves_no_promise() -> None:
    promising = Reply(says=WHOLE.says, actions=(Record("ticket", "D-1", "depot"),), whole=True)
    record = hold_call([in_two_pieces(0.7)], RoteRecognizer("bonjour", "bonjour madame"), RoteDialogue(promising))
    assert len(record.records) == 1


def test_speech_well_after_the_answer_began_is_another_turn() -> None:
    record = hold_call([in_two_pieces(1.6)], RoteRecognizer("le verre", "merci"), RoteDialogue(WHOLE, WHOLE))
    assert [turn.heard for turn in record.turns] == ["le verre", "merci"]
    assert record.turns[1].interrupted


def test_opening_words_are_left_out_when_what_follows_is_ready() -> None:
    voice = ToneVoice()
    reply = Reply(says=(Say("Bien sûr.", opening=True), Say("Le mardi.")), whole=True)
    hold_call([says()], RoteRecognizer("quand"), RoteDialogue(reply), voice=voice)
    assert [text for text, _ in voice.said] == ["Bonjour", "Le mardi."]
