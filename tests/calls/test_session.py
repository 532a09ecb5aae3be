"""A call from answer to hang-up: what happens at each turn, and when a part fails."""

import gc

import pytest

from tests.calls.company import SENTENCES, Advisers, RoteDialogue, RoteRecognizer, ToneVoice, hold_call, says
from voicebot.asr.base import RecognitionError
from voicebot.calls.mouth import Mouth
from voicebot.calls.session import CallSession, Limits
from voicebot.dialog.turns import Dictation, Expect, HangUp, Option, Record, Reply, Say, Transfer
from voicebot.telephony.base import TransferResult
from voicebot.telephony.replay import SpokenTurn


def reply(text: str, **fields: object) -> Reply:
    return Reply(says=(Say(text),), **fields)  # type: ignore[arg-type]


def test_a_question_is_heard_answered_and_recorded() -> None:
    dialogue = RoteDialogue(reply("Le mardi", intent="collecte.jours", confidence=0.9, answered=True))
    record = hold_call([says(1.0)], RoteRecognizer("quand passe le camion"), dialogue)
    assert [(turn.channel, turn.heard, turn.said) for turn in record.turns] == [
        ("voice", "quand passe le camion", "Le mardi")
    ]
    assert record.outcome == "answered"
    assert record.greeting == "Bonjour"


def test_silence_is_told_to_the_brain_after_the_time_it_chose() -> None:
    dialogue = RoteDialogue(reply("Au revoir", actions=(HangUp(),)))
    record = hold_call([SpokenTurn(silence_s=20.0)], RoteRecognizer(), dialogue)
    assert [turn.channel for turn in record.turns] == ["silence"]
    assert dialogue.heard[0].silent
    assert record.outcome == "hung_up"


def test_a_key_silences_the_assistant_and_is_answered() -> None:
    dialogue = RoteDialogue(greeting="un deux trois quatre cinq six sept huit neuf")
    record = hold_call([SpokenTurn(keys="2", barge_in_s=0.5)], RoteRecognizer(), dialogue)
    assert [(turn.channel, turn.heard, turn.interrupted) for turn in record.turns] == [("keys", "2", True)]
    assert dialogue.heard[0].played < 0.5


def test_digits_being_dictated_are_one_entry_ended_by_hash() -> None:
    asks = reply("Votre numéro ?", expect=Expect(slot="telephone", dictation=Dictation.DIGITS, max_keys=20))
    dialogue = RoteDialogue(asks)
    hold_call([SpokenTurn(keys="1"), SpokenTurn(keys="0612*0634#")], RoteRecognizer(), dialogue)
    assert [heard.keys for heard in dialogue.heard] == ["1", "0634"]


def test_the_caller_can_cut_in_and_the_assistant_falls_silent() -> None:
    dialogue = RoteDialogue(greeting=" ".join(["mot"] * 40))
    voice = ToneVoice()
    record = hold_call([says(1.5, barge_in_s=2.0)], RoteRecognizer("attendez"), dialogue, voice=voice)
    assert record.turns[0].interrupted
    assert 0.1 < dialogue.heard[0].played < 0.3
    assert record.duration_s < 12


def test_sound_without_words_over_the_assistant_is_not_an_interruption() -> None:
    dialogue = RoteDialogue(greeting="un deux trois quatre, cinq six sept huit, neuf dix onze douze")
    record = hold_call([says(0.5, barge_in_s=1.0)], RoteRecognizer(""), dialogue)
    assert dialogue.heard == []
    assert record.turns == []
    assert record.duration_s > 12 / 3 + 1


def test_the_choices_of_a_closed_question_reach_the_recogniser() -> None:
    options = (Option("Deauville", ("Deauville",)), Option("Touques", ("Touques",)))
    recognizer = RoteRecognizer("bonjour", "à Touques")
    dialogue = RoteDialogue(reply("Quelle commune ?", expect=Expect(slot="commune", options=options)))
    hold_call([says(), says()], recognizer, dialogue)
    assert [choice.id for choice in recognizer.streams[1].hints.choices] == ["Deauville", "Touques"]


def test_an_answered_transfer_ends_the_call_as_transferred() -> None:
    dialogue = RoteDialogue(reply("Je vous passe", actions=(Transfer("conseillers"),)))
    record = hold_call([says()], RoteRecognizer("un conseiller"), dialogue)
    assert record.outcome == "transferred"
    assert record.transfer is not None
    assert record.transfer.target == "conseillers"


@pytest.mark.parametrize("result", [TransferResult.BUSY, TransferResult.NO_ANSWER, TransferResult.REJECTED])
def test_a_transfer_that_fails_brings_the_caller_back(result: TransferResult) -> None:
    dialogue = RoteDialogue(reply("Je vous passe", actions=(Transfer("conseillers"),)))
    record = hold_call([says()], RoteRecognizer("un conseiller"), dialogue, advisers=result)
    assert dialogue.came_back == [result.value]
    assert record.outcome != "transferred"


def test_a_target_the_profile_does_not_know_is_a_failed_transfer_not_a_dialled_number() -> None:
    dialogue = RoteDialogue(reply("Je vous passe", actions=(Transfer("sip:pirate@example.org"),)))
    hold_call([says()], RoteRecognizer("un conseiller"), dialogue, targets=Advisers("sip:a@example.org"))
    assert dialogue.came_back == ["failed"]


def test_when_recognition_fails_the_caller_is_offered_the_keys_and_the_call_goes_on() -> None:
    recognizer = RoteRecognizer(RecognitionError("model gone"), "merci")
    dialogue = RoteDialogue(reply("De rien", answered=True))
    record = hold_call([says(), says()], recognizer, dialogue)
    assert record.turns[0].said == SENTENCES.not_heard[0]
    assert record.turns[1].said == "De rien"
    assert record.outcome == "answered"


def test_when_the_brain_fails_the_caller_is_told_and_the_call_goes_on() -> None:
    dialogue = RoteDialogue(ValueError("bug"), reply("Le mardi", answered=True))
    record = hold_call([says(), says()], RoteRecognizer("un", "deux"), dialogue)
    assert record.turns[0].said == SENTENCES.trouble[0]
    assert record.outcome == "answered"


def test_a_brain_that_keeps_failing_ends_the_call_as_failed() -> None:
    dialogue = RoteDialogue(*[ValueError("bug")] * 5)
    record = hold_call([says()] * 5, RoteRecognizer(*["mot"] * 5), dialogue)
    assert record.outcome == "failed"
    assert len(record.turns) == 3


def test_when_the_voice_fails_the_call_goes_on() -> None:
    dialogue = RoteDialogue(reply("panne"), reply("Le mardi", answered=True))
    record = hold_call([says(), says()], RoteRecognizer("un", "deux"), dialogue)
    assert [turn.said for turn in record.turns] == ["panne", "Le mardi"]
    assert record.outcome == "answered"


def test_slower_is_kept_for_the_rest_of_the_reply() -> None:
    voice = ToneVoice()
    hold_call([says()], RoteRecognizer("plus lentement"), RoteDialogue(reply("Oui", pace=2)), voice=voice)
    assert voice.said[-1][0] == "Oui"
    assert voice.said[-1][1] == pytest.approx(0.85**2)


def test_what_was_promised_decides_the_outcome_whoever_hangs_up() -> None:
    ticket = Record("ticket", "D-472", "depot_sauvage", {"commune": "Touques"})
    dialogue = RoteDialogue(reply("C'est noté", actions=(ticket,), answered=True))
    record = hold_call([says()], RoteRecognizer("un dépôt sauvage"), dialogue)
    assert record.outcome == "ticket"
    assert record.to_json()["tickets"][0]["reference"] == "D-472"


def test_what_a_caller_had_said_enough_of_is_kept_when_they_hang_up() -> None:
    dialogue = RoteDialogue(reply("Quand ?"))
    dialogue.said_enough = (Record("callback", "D-472", "rappel", {"telephone": "+33612345678"}),)
    record = hold_call([says()], RoteRecognizer("rappelez-moi"), dialogue)
    assert record.outcome == "callback"


def test_an_endless_call_is_ended_politely() -> None:
    voice = ToneVoice()
    hold_call([says()] * 50, RoteRecognizer(*["mot"] * 50), RoteDialogue(), voice=voice, limits=Limits(max_s=20.0))
    assert voice.said[-1][0] == SENTENCES.too_long[0]


def test_the_same_script_gives_the_same_call() -> None:
    def call() -> object:
        dialogue = RoteDialogue(reply("un deux trois"), reply("quatre", actions=(HangUp(),)))
        turns = [says(1.2), SpokenTurn(keys="1", barge_in_s=0.3)]
        return hold_call(turns, RoteRecognizer("a", "b"), dialogue).to_json()

    assert call() == call()


def test_an_ended_call_is_free_at_once_without_the_garbage_collector() -> None:
    def kept() -> list[CallSession | Mouth]:
        return [one for one in gc.get_objects() if isinstance(one, CallSession | Mouth)]

    gc.collect()
    gc.disable()
    try:
        others = kept()
        dialogue = RoteDialogue(reply("Le mardi"), greeting="un deux trois quatre")
        recognizer = RoteRecognizer("quand passe le camion")
        hold_call([says(1.0, barge_in_s=0.5), SpokenTurn(keys="2")], recognizer, dialogue)
        recognizer.streams.clear()  # only a test's recogniser keeps what it has heard
        assert len(kept()) == len(others)
    finally:
        gc.enable()
