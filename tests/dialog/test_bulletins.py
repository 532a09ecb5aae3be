"""Messages of the day: who is told, when in the conversation, and how often."""

import pytest

from tests.dialog.scripted import Scripted, coast, context, converse, heard
from voicebot.dialog.brain import Brain
from voicebot.dialog.turns import Bulletin, Reply

KNOWLEDGE = coast()
EVERYBODY = Bulletin("Le pont est fermé jusqu’à lundi.")
TOUQUES = Bulletin("La rue Louvel est barrée demain.", ("Touques", "Saint-Arnoult"))
IN_TOUQUES = "quand passe le verre à Touques [collecte.jours flux=verre commune=Touques]"
IN_DEAUVILLE = "quand passe le verre à Deauville [collecte.jours flux=verre commune=Deauville]"


def told(*turns: str, commune: str = "", channel: str = "voice") -> list[Reply]:
    """Return the replies of a conversation on a day with both messages."""
    at = context(bulletins=(EVERYBODY, TOUQUES), commune=commune, channel=channel)
    return converse(KNOWLEDGE, *turns, at=at)[1]


def test_the_greeting_tells_everybody_what_is_for_everybody_alone() -> None:
    [greeting] = told()
    assert EVERYBODY.text in greeting.text
    assert TOUQUES.text not in greeting.text


def test_what_is_for_a_commune_follows_the_answer_that_makes_it_known() -> None:
    _, answer = told(IN_TOUQUES)
    assert f"Une information pour Touques : {TOUQUES.text}" in answer.text
    assert answer.text.index("Touques") < answer.text.index("Une information")
    assert answer.says[-1].text not in TOUQUES.text  # the question asked comes last


def test_it_is_told_once_in_a_conversation_and_to_no_other_commune() -> None:
    replies = told(IN_TOUQUES, IN_TOUQUES)
    assert [TOUQUES.text in reply.text for reply in replies] == [False, True, False]
    assert not any(TOUQUES.text in reply.text for reply in told(IN_DEAUVILLE))


def test_a_commune_given_when_asked_for_counts_too() -> None:
    replies = told("quand passe le verre [collecte.jours flux=verre]", "à Touques [=Touques commune=Touques]")
    assert [TOUQUES.text in reply.text for reply in replies] == [False, False, True]


@pytest.mark.parametrize("urgent", ["il y a le feu [urgence]", "j'ai envie de mourir [?]"], ids=["fire", "despair"])
def test_nothing_is_told_after_an_emergency(urgent: str) -> None:
    assert not any(TOUQUES.text in reply.text for reply in told(urgent, IN_TOUQUES))


def test_a_caller_who_agreed_to_be_known_again_is_told_from_the_start_and_not_twice() -> None:
    greeting, answer = told(IN_TOUQUES, commune="Touques")
    assert TOUQUES.text in greeting.text
    assert TOUQUES.text not in answer.text


def test_in_writing_only_what_is_for_the_commune_is_in_the_answers() -> None:
    greeting, answer = told(IN_TOUQUES, channel="chat")
    assert EVERYBODY.text not in greeting.text
    assert TOUQUES.text in answer.text


def test_a_conversation_prepared_apart_takes_nothing_from_the_other() -> None:
    understander = Scripted()
    dialogue = Brain(KNOWLEDGE, understander).open(context(bulletins=(TOUQUES,)))
    asked = heard(IN_TOUQUES, understander)
    assert [TOUQUES.text in one.respond(asked).text for one in (dialogue.fork(), dialogue)] == [True, True]
