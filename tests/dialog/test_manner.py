"""How the caller wants to be spoken to: more simply, with time to answer."""

import pytest

from tests.dialog.scripted import coast, converse
from voicebot.dialog.turns import Transfer

KNOWLEDGE = coast()
LEAK = "une fuite dans la rue [eau.coupure]"


def test_plain_words_give_the_last_answer_again_and_hold_for_the_call() -> None:
    _, (_, first, plain, later) = converse(
        KNOWLEDGE, LEAK, "plus simplement s'il vous plaît [?]", "et le tri [tri.consignes]"
    )
    assert "vous renseigne" in first.text
    assert "Appelez le service de l’eau" in plain.text
    assert plain.plain
    assert "Le verre va dans sa borne" in later.text


def test_before_any_answer_plain_words_repeat_the_last_ones() -> None:
    _, (greeting, plain) = converse(KNOWLEDGE, "avec des mots simples [?]")
    assert greeting.says[-1].text in plain.text


def test_time_asked_for_doubles_the_wait_and_keeps_the_question() -> None:
    _, (_, asked, patient) = converse(KNOWLEDGE, "les poubelles [collecte.jours]", "laissez-moi le temps [?]")
    assert patient.patient
    assert patient.expect.slot == "commune"
    assert patient.expect.no_input_s == 2 * asked.expect.no_input_s


def test_a_long_request_that_holds_such_words_is_a_request() -> None:
    said = "c'est trop compliqué votre tri je voudrais savoir quand passe le camion à Touques"
    _, (_, reply) = converse(KNOWLEDGE, f"{said} [collecte.jours commune=Touques]")
    assert not reply.plain
    assert "Touques" in reply.text


@pytest.mark.parametrize(
    "said", ["Vous êtes une vraie personne ?", "Ah, je parle à une machine, alors.", "Allô ? Qui êtes-vous ?"]
)
def test_whoever_asks_who_is_speaking_is_told_that_it_is_no_person_and_keeps_their_question(said: str) -> None:
    _, (_, asked, told) = converse(KNOWLEDGE, "les poubelles [collecte.jours]", f"{said} [?]")
    assert "assistante automatique" in told.text
    assert told.expect == asked.expect


@pytest.mark.parametrize("said", ["vous êtes un robot, passez-moi un conseiller", "c'est une machine à laver"])
def test_words_that_say_more_than_that_are_left_to_be_understood(said: str) -> None:
    _, (_, reply) = converse(KNOWLEDGE, f"{said} [conseiller]")
    assert any(isinstance(action, Transfer) for action in reply.actions)
