"""What is asked right after an answer or a record is about it, whatever request it resembles."""

import pytest

from tests.dialog.scripted import Scripted, coast, context, converse
from voicebot.dialog.nlu.base import Understanding, Verdict
from voicebot.dialog.policy.acts import clarification
from voicebot.dialog.policy.talk import Talk
from voicebot.dialog.turns import Candidate, Clarify

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


@pytest.mark.parametrize(
    ("before", "said", "told"),
    [
        ("où jeter une palette [tri.objet objet=palette]", "et c’est payant ? [hors_sujet]", "gratuites"),
        ("où jeter une palette [tri.objet objet=palette]", "c’est ouvert quand ? [service.horaires]", "quelle commune"),
        ("où jeter une bouteille [tri.objet objet=bocal]", "et c’est où ? [oui]", "quelle commune"),
        (
            "la carte d’identité [commune.services commune=Touques]",
            "vous avez leur numéro ? [rgpd]",
            "mairie de Touques",
        ),
        (
            "on peut venir à la déchèterie [decheterie.acces]",
            "et pour un artisan ? [hors_sujet]",
            "le dépôt est payant",
        ),
        ("les encombrants [encombrants.info]", "il faut payer ? [eau.prix]", "sur rendez-vous"),
    ],
)
def test_a_few_words_are_about_what_was_just_spoken_of(before: str, said: str, told: str) -> None:
    assert told in answered(before, said)


def test_a_few_words_that_name_another_subject_are_about_it() -> None:
    said = answered("où jeter une palette [tri.objet objet=palette]", "et l’eau, c’est combien ? [eau.prix]")
    assert "déchèteries" not in said


def test_medicines_go_to_no_recycling_centre_whose_price_could_be_asked() -> None:
    said = answered("les médicaments [tri.objet objet=médicament]", "c’est payant ? [hors_sujet]")
    assert "carte d’accès" not in said


def test_hours_asked_after_hours_are_those_wanted() -> None:
    turns = (
        "vous ouvrez quand [service.horaires]",
        "et la déchèterie de Villers ? [decheterie.acces ou decheterie.horaires]",
    )
    assert "est ouverte" in answered(*turns) or "quelle commune" in answered(*turns)


def test_brown_water_is_not_to_be_drunk() -> None:
    assert "ne la buvez pas" in answered("mon eau est marron [eau.qualite]")


def test_whoever_takes_us_for_the_town_hall_is_told_where_they_are() -> None:
    assert "dites-moi de quelle commune" in answered("allô, c’est la mairie ? [commune.services]")


def test_yes_to_a_choice_of_two_asks_which_and_both_are_answered_in_turn() -> None:
    doubt = "j’emménage [eau.prix ou tri.compost]"
    assert "Lequel des deux" in answered(doubt, "oui [oui]")
    said = answered(doubt, "les deux [?]")
    assert "épluchures" in said


def test_a_subject_next_to_impossible_is_not_proposed() -> None:
    likely = (Candidate("bac.demande", 0.8), Candidate("collecte.consignes", 0.001), Candidate("hors_sujet", 0.199))
    asked = clarification(Talk(KNOWLEDGE, Scripted(), context()), Understanding(Verdict.UNSURE, likely))
    assert asked is not None
    assert [action for action in asked.actions if isinstance(action, Clarify)] == [Clarify("bac.demande", "hors_sujet")]


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("oui les voisins non plus [oui]", "touche sans doute le quartier"),
        ("oui [oui]", "vient sans doute de chez vous"),
        ("non [non]", "touche sans doute le quartier"),
    ],
)
def test_a_water_cut_is_told_by_what_the_neighbours_have(said: str, told: str) -> None:
    assert told in answered("je n’ai plus d’eau [eau.coupure]", said)


def test_a_place_told_instead_of_choosing_reports_there() -> None:
    doubt = "des sacs devant l’immeuble [signalement.depot_sauvage ou collecte.consignes]"
    said = answered(doubt, "à Touques, 12 rue des Bains [? commune=Touques adresse='12 rue des Bains']")
    assert "J’ai noté : 12 rue des Bains" in said


def test_a_complaint_instead_of_choosing_is_taken() -> None:
    doubt = "ma facture [eau.facture ou redevance.pro]"
    _, replies = converse(KNOWLEDGE, doubt, "je veux faire une réclamation [reclamation]")
    assert "Pardon" not in replies[-1].text
    assert replies[-1].intent == "reclamation"


def test_a_town_told_instead_of_choosing_is_no_question_about_the_town() -> None:
    doubt = "les sacs sont éventrés [collecte.consignes ou signalement.depot_sauvage]"
    assert "la veille au soir" in answered(doubt, "Touques [interco.communes commune=Touques]")


def test_whoever_cannot_put_out_a_bin_is_offered_an_adviser() -> None:
    assert "Voulez-vous parler à un conseiller" in answered("ma mère est handicapée [collecte.consignes]")
