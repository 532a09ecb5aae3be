"""Who asks for a person about a subject is put through on that subject, not answered about it."""

import pytest

from tests.dialog.scripted import coast, converse
from voicebot.dialog.turns import Transfer

KNOWLEDGE = coast()
MEANINGS = {
    "de la facturation de l eau": "eau.facture",
    "pour les encombrants": "encombrants.info",
    "du service": "service.contact",
    "pour les horaires": "decheterie.horaires",
}


def transfers(*turns: str) -> list[Transfer]:
    _, replies = converse(KNOWLEDGE, *turns, meanings=MEANINGS)
    return [action for action in replies[-1].actions if isinstance(action, Transfer)]


@pytest.mark.parametrize(
    ("turn", "subject"),
    [
        ("je voudrais parler à quelqu’un de la facturation de l’eau [eau.facture]", "eau.facture"),
        ("passez-moi quelqu’un s’il vous plaît pour les encombrants [encombrants.rdv]", "encombrants.info"),
        ("je voudrais parler à quelqu’un [conseiller]", "conseiller"),
        ("je voudrais parler à quelqu’un du service [conseiller]", "conseiller"),
    ],
)
def test_a_person_asked_for_about_a_subject_is_given_with_it(turn: str, subject: str) -> None:
    assert [transfer.reason for transfer in transfers(turn)] == [subject]


def test_the_subject_of_the_request_goes_before_what_was_spoken_of() -> None:
    before = "c’est combien la redevance [redevance.pro]"
    asked = "je veux un conseiller pour les encombrants [encombrants.rdv]"
    assert [transfer.reason for transfer in transfers(before, asked)] == ["encombrants.info"]


def test_a_person_who_is_not_wanted_is_not_given() -> None:
    assert not transfers("je ne veux pas parler à quelqu’un pour les horaires [decheterie.horaires]")
