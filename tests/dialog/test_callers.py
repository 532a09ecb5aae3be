"""Who calls, deduced from what they say of themselves in passing."""

import pytest

from tests.dialog.scripted import coast, converse
from voicebot.dialog.policy.callers import deduced

KNOWLEDGE = coast()


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("c'est pour ma résidence secondaire à Touques", "residence_secondaire"),
        ("je ne suis là que le week-end", "residence_secondaire"),
        ("c'est notre maison de vacances", "residence_secondaire"),
        ("on n'est là que pour les vacances", "residence_secondaire"),
        ("j'ai des cartons à jeter, je tiens une boutique à Deauville", "professionnel"),
        ("c'est pour mon restaurant", "professionnel"),
        ("j'habite ici à l'année", "particulier"),
        ("ce n'est pas une résidence secondaire", ""),
        ("ce n'est pas ma résidence secondaire, c'est ma résidence principale", "particulier"),
        ("la déchèterie n'est ouverte que le week-end ?", ""),
        ("quand passe le camion", ""),
    ],
)
def test_a_caller_is_known_by_what_they_say_of_themselves(said: str, kind: str) -> None:
    assert deduced(said, KNOWLEDGE.marks) == kind


def test_it_holds_for_the_rest_of_the_conversation_until_they_say_otherwise() -> None:
    _, replies = converse(
        KNOWLEDGE,
        "vos horaires [service.horaires]",
        "je ne suis là que le week-end, c'est ouvert ? [service.horaires]",
        "(touches 2)",
    )
    assert [reply.public for reply in replies] == ["", "", "residence_secondaire", "residence_secondaire"]
