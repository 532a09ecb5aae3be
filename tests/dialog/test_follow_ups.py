"""What is asked right after an answer or a record is about it, whatever request it resembles."""

import pytest

from tests.dialog.scripted import coast, converse

KNOWLEDGE = coast()
FULL = (
    "la borne à verre est pleine [signalement.point_plein flux=verre commune=Touques adresse='place du Marché']",
    "oui [oui]",
)


def answered(*turns: str) -> str:
    return converse(KNOWLEDGE, *turns)[1][-1].text


def test_a_report_just_kept_has_no_date_yet() -> None:
    _, replies = converse(KNOWLEDGE, *FULL, "quand est-ce qu’elle sera vidée ? [collecte.jours ou decheterie.horaires]")
    assert any(action.type == "ticket" for action in replies[-2].actions)
    assert "Je ne connais pas encore la date" in replies[-1].text


def test_the_same_question_without_a_report_is_a_request_of_its_own() -> None:
    said = "quand est-ce qu’elle sera vidée ? [collecte.jours commune=Touques flux=ordures_menageres]"
    assert "À Touques" in answered(said)


def test_several_of_an_object_go_to_the_same_place() -> None:
    said = answered("où jeter un pneu [tri.objet objet=pneu]", "et si j’en ai huit ? [suivi ou tri.objet]")
    assert "au même endroit" in said


def test_an_appointment_after_the_inspection_of_sewage_is_for_the_inspection() -> None:
    said = answered("je vends ma maison [assainissement.conformite]", "je peux prendre rendez-vous ? [encombrants.rdv]")
    assert "contrôle d’assainissement" in said
    assert "encombrants" not in said


@pytest.mark.parametrize(
    ("turns", "wanted"),
    [
        (("ma fosse septique déborde [assainissement.probleme]",), "entreprise de vidange"),
        (("il faut vider ma fosse tous les combien [assainissement.conformite]",), "tous les quatre ans"),
        (("ça déborde [assainissement.probleme]", "qui peut vidanger ? [assainissement.conformite]"), "agréée"),
        (("je vends, il faut contrôler la fosse [assainissement.conformite]",), "Avant une vente"),
        (("l’égout déborde [assainissement.probleme]",), "astreinte"),
    ],
)
def test_septic_tanks_are_told_apart_from_the_sewer(turns: tuple[str, ...], wanted: str) -> None:
    assert wanted in answered(*turns)
