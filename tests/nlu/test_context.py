"""A turn is read in its context: the last subject, what is denied, words put right by their sound."""

from dataclasses import replace

import pytest

from voicebot.dialog.nlu.base import Background, Verdict
from voicebot.dialog.nlu.engine import NluEngine
from voicebot.dialog.nlu.normalise import normalise
from voicebot.dialog.nlu.turn import without_denied


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("et ça ferme à quelle heure ?", "decheterie.horaires"),
        ("c'est payant ?", "decheterie.acces"),
        ("et l'adresse ?", "decheterie.adresse"),
        ("et le prix de l'eau ?", "eau.prix"),
        ("il y a le feu", "urgence"),
        ("merci", "merci"),
    ],
)
def test_a_short_turn_is_about_the_last_subject_unless_it_names_another(
    engine: NluEngine, background: Background, text: str, intent: str
) -> None:
    before = replace(background, intent="decheterie.horaires", entities={"commune": "Touques"})
    understood = engine.understand(text, (), before)
    assert (understood.verdict, understood.intent) == (Verdict.SURE, intent)


@pytest.mark.parametrize(
    ("text", "entities"),
    [
        ("et le verre ?", {"objet": "verre"}),
        ("et les capsules de café", {"objet": "capsule de café"}),
        ("un matelas", {"objet": "matelas"}),
    ],
)
def test_another_object_is_another_question_of_sorting(
    engine: NluEngine, background: Background, text: str, entities: dict[str, str]
) -> None:
    understood = engine.understand(text, (), replace(background, intent="tri.objet", entities={"objet": "pile"}))
    assert understood.intent == "tri.objet"
    assert entities.items() <= understood.entities.items()


def test_the_subject_of_another_request_is_not_an_object(engine: NluEngine, background: Background) -> None:
    before = replace(background, intent="tri.objet", entities={"objet": "pile"})
    understood = engine.understand("et les horaires de la déchetterie", (), before)
    assert understood.intent == "decheterie.horaires"


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("la des chattes ris ouvre à quelle heure", "decheterie.horaires"),
        ("je voudrais un rendez vous pour les en combrant", "encombrants.rdv"),
        ("ma poubelle n'a pas été rama sait", "collecte.oubli"),
    ],
)
def test_words_of_the_service_are_heard_by_their_sound(
    engine: NluEngine, background: Background, text: str, intent: str
) -> None:
    assert engine.understand(text, (), background).intent == intent


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("pas la déchèterie, le ramassage", "le ramassage"),
        ("pas à Touques, à Deauville", "a deauville"),
        ("non c'est pas pour le verre c'est pour le papier", "c est pour le papier"),
        ("ma poubelle n'a pas été ramassée", "ma poubelle n a pas ete ramassee"),
        ("je n'ai pas d'eau", "je n ai pas d eau"),
        ("il n'y a pas la poubelle jaune", "il n y a pas la poubelle jaune"),
    ],
)
def test_only_a_contrasted_denial_is_left_out(said: str, kept: str) -> None:
    assert without_denied(normalise(said)).plain == kept


def test_danger_comes_before_anything_else_in_the_sentence(engine: NluEngine, background: Background) -> None:
    understood = engine.understand("je voulais un bac jaune mais il y a le feu chez mon voisin", (), background)
    assert (understood.verdict, understood.intent) == (Verdict.SURE, "urgence")
