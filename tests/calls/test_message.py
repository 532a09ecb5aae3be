"""A message left after the beep: consent first, then what the caller wants done with what was recorded."""

import pytest

from tests.calls.test_menus import KNOWLEDGE
from tests.dialog.scripted import Scripted, context, guide, heard
from tests.web.visitors import ROOT
from voicebot.calls.message import FORM, MessageDialogue, Messages, MessageSetting
from voicebot.calls.message_words import load_message_words, spoken_duration
from voicebot.dialog.brain import Brain
from voicebot.dialog.turns import (
    DropVoice,
    HangUp,
    Heard,
    KeepVoice,
    PlayVoice,
    Record,
    RecordVoice,
    Reply,
    Transfer,
    Voiced,
)

WORDS = load_message_words(ROOT / "prompts" / "message.toml")
WANTS = "je voudrais laisser un message [hors_sujet]"
SPOKEN = Voiced(12.0, "pause")


class Caller:
    """Someone who calls at night, from a number that is shown unless it is withheld."""

    def __init__(self, *, number: str = "+33612345678", ready: bool = True) -> None:
        self.understander = Scripted()
        at = context(open_=False, caller=number, messages=True)
        brain = guide(Brain(KNOWLEDGE, self.understander).open(at), KNOWLEDGE, False)
        messages = Messages(WORDS, lambda: ready)
        setting = MessageSetting(messages, KNOWLEDGE.marks, lambda: "M471", number)
        self.dialogue = MessageDialogue(brain, setting)
        self.dialogue.greet()

    def say(self, *turns: str) -> Reply:
        return [self.dialogue.respond(heard(turn, self.understander)) for turn in turns][-1]

    def record(self, voice: Voiced = SPOKEN) -> Reply:
        """Say yes to everything, and speak after the beep."""
        self.say(WANTS, "oui [oui]", "oui [oui]")
        return self.dialogue.respond(Heard(voiced=voice))


def actions(reply: Reply, kind: type) -> list[object]:
    return [action for action in reply.actions if isinstance(action, kind)]


def test_nothing_is_recorded_before_the_caller_agrees() -> None:
    caller = Caller()
    asked = caller.say(WANTS)
    assert "effacé après 30 jours" in asked.text
    assert not actions(asked, RecordVoice)
    assert "se termine par 78" in caller.say("(touches 1)").text
    assert actions(caller.say("oui [oui]"), RecordVoice)


@pytest.mark.parametrize(
    "refusal", [("non [non]",), ("(touches 2)",), ("(silence)", "(silence)"), ("brr [?]", "brr [?]")]
)
def test_who_does_not_agree_is_called_back_and_not_recorded(refusal: tuple[str, ...]) -> None:
    reply = Caller().say(WANTS, *refusal)
    assert not actions(reply, RecordVoice)
    assert "demande de rappel" in reply.text


def test_withheld_number_is_asked_for_in_the_message_itself() -> None:
    reply = Caller(number="").say(WANTS, "oui [oui]")
    assert "votre numéro" in reply.text
    assert actions(reply, RecordVoice)


def test_message_is_kept_with_a_reference_that_can_be_noted() -> None:
    caller = Caller()
    assert "12 secondes" in caller.record().text
    assert actions(caller.say("(touches 1)"), KeepVoice)
    kept = caller.dialogue.respond(Heard(voiced=Voiced(12.0, "pause", id="v1")))
    assert "M, 4, 7, 1" in kept.text
    (record,) = actions(kept, Record)
    assert isinstance(record, Record)
    assert (record.type, record.form, record.slots) == ("message", FORM, {"telephone": "+33612345678"})
    assert record.voice is not None
    assert record.voice.id == "v1"


def test_message_can_be_heard_then_spoken_again_under_the_same_reference() -> None:
    caller = Caller()
    caller.record()
    assert actions(caller.say("écouter [?]"), PlayVoice)
    assert "garder, 1" in caller.dialogue.respond(Heard(voiced=SPOKEN)).text
    (again,) = actions(caller.say("(touches 3)"), RecordVoice)
    assert isinstance(again, RecordVoice)
    assert again.record.reference == "M471"


def test_erased_message_leaves_nothing_and_the_conversation_goes_on() -> None:
    caller = Caller()
    caller.record()
    reply = caller.say("effacer [?]")
    assert actions(reply, DropVoice)
    assert not actions(reply, Record)
    assert "rien gardé" in reply.text
    assert actions(caller.say("non merci [non]"), HangUp)


def test_message_whose_fate_is_never_told_is_kept() -> None:
    caller = Caller()
    caller.record()
    assert actions(caller.say("(silence)", "(silence)"), KeepVoice)


def test_two_empty_recordings_end_with_a_callback() -> None:
    caller = Caller()
    nothing = Voiced(0.0, "pause")
    assert actions(caller.record(nothing), RecordVoice)
    reply = caller.dialogue.respond(Heard(voiced=nothing))
    assert not actions(reply, RecordVoice)
    assert "demande de rappel" in reply.text


def test_message_that_cannot_be_stored_becomes_a_callback() -> None:
    caller = Caller()
    caller.record()
    caller.say("(touches 1)")
    reply = caller.dialogue.respond(Heard(voiced=Voiced(12.0, "pause", lost=True)))
    assert actions(reply, DropVoice)
    assert "n’a pas pu être gardé" in reply.text
    assert "demande de rappel" in reply.text


def test_where_nothing_can_be_recorded_a_callback_is_noted_instead() -> None:
    reply = Caller(ready=False).say(WANTS)
    assert "Je ne peux pas enregistrer" in reply.text
    assert "demande de rappel" in reply.text


def test_longest_message_is_told_to_have_reached_its_end() -> None:
    assert "Le temps prévu" in Caller().record(Voiced(120.0, "limit")).text


@pytest.mark.parametrize(
    "heard_as", ["Laissez en message.", "Laissé un message.", "Déposer un message", "Laisser mon message"]
)
def test_wish_is_understood_as_the_recogniser_writes_it(heard_as: str) -> None:
    assert "sera enregistré" in Caller().say(f"{heard_as} [hors_sujet]").text


@pytest.mark.parametrize(
    "told", ["J’ai laissé un message hier", "On m’a laissé un message", "J’ai déjà laissé un message"]
)
def test_message_left_before_this_call_is_no_wish_to_leave_one(told: str) -> None:
    assert "sera enregistré" not in Caller().say(f"{told} [suivi]").text


def test_danger_told_instead_of_an_answer_comes_first() -> None:
    reply = Caller().say(WANTS, "il y a le feu chez moi [urgence]")
    assert actions(reply, Transfer)
    assert not actions(reply, RecordVoice)


def test_forks_of_one_call_do_not_know_of_each_other() -> None:
    caller = Caller()
    caller.say(WANTS)
    other = caller.dialogue.fork()
    other.respond(Heard("oui", choices=(("oui", 0.9),)))
    assert "se termine par 78" in caller.say("oui [oui]").text


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.2, "1 seconde"), (23.4, "23 secondes"), (60, "1 minute"), (125, "2 minutes et 5 secondes")],
)
def test_durations_are_said_in_minutes_and_seconds(seconds: float, words: str) -> None:
    assert spoken_duration(seconds) == words
