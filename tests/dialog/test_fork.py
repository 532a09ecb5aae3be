"""A conversation answered apart: what a fork hears changes nothing in the one it came from."""

from tests.dialog.scripted import Scripted, coast, context
from voicebot.dialog.brain import Brain
from voicebot.dialog.dialogue import Dialogue
from voicebot.dialog.turns import Heard

KNOWLEDGE = coast()
MEANT = {
    "le verre": "collecte.jours flux=verre",
    "à Touques": "=Touques commune=Touques",
    "à Deauville": "=Deauville commune=Deauville",
    "un dépôt sauvage": "signalement.depot_sauvage",
    "euh": "?",
}


def conversation(*said: str) -> Dialogue:
    dialogue = Brain(KNOWLEDGE, Scripted(MEANT)).open(context(), 0)
    dialogue.greet()
    for text in said:
        dialogue.respond(Heard(text))
    return dialogue


def test_what_a_fork_hears_is_unknown_to_the_conversation() -> None:
    dialogue = conversation("le verre")
    dialogue.fork().respond(Heard("à Touques"))
    assert dialogue.respond(Heard("à Deauville")).text == conversation("le verre").respond(Heard("à Deauville")).text


def test_a_fork_answers_as_the_conversation_would() -> None:
    dialogue = conversation("le verre")
    assert dialogue.fork().respond(Heard("à Touques")) == dialogue.respond(Heard("à Touques"))


def test_a_form_filled_in_a_fork_stays_empty_here() -> None:
    dialogue = conversation("un dépôt sauvage")
    asked = dialogue.fork().respond(Heard("à Touques")).expect
    again = dialogue.fork().respond(Heard("à Touques")).expect
    assert asked == again


def test_a_request_that_is_sure_or_fills_the_slot_asked_for_is_whole() -> None:
    dialogue = conversation()
    assert not dialogue.fork().respond(Heard("euh")).whole
    assert dialogue.respond(Heard("le verre")).whole
    assert dialogue.respond(Heard("à Touques")).whole


def test_a_letter_typed_in_a_fork_is_not_typed_here() -> None:
    dialogue = conversation("le verre")
    dialogue.respond(Heard(keys="8"))
    dialogue.fork().respond(Heard(keys="4"))
    options = dialogue.respond(Heard(keys="6")).expect.options
    assert [option.id for option in options] == ["Touques", "Tourgéville"]
