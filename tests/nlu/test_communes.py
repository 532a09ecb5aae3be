"""Communes by name, nickname and mishearing; neighbours are told apart."""

import pytest

from voicebot.dialog.nlu.base import Background
from voicebot.dialog.nlu.data import NluData
from voicebot.dialog.nlu.engine import NluEngine
from voicebot.dialog.nlu.normalise import normalise


def test_every_way_to_name_a_commune_gives_it_in_answer_to_the_question(
    engine: NluEngine, background: Background, data: NluData
) -> None:
    wrong = [
        (form, town.name, found)
        for town in data.communes
        if not town.outside
        for form in (town.name, *town.nicknames, *town.hamlets, *town.misheard)
        for said in (form, f"euh à {form.lower()}")
        if (found := engine.slot_value("commune", said, (), background)) != town.name
    ]
    assert wrong == []


def test_every_commune_is_found_inside_a_sentence(engine: NluEngine, data: NluData) -> None:
    for town in data.communes:
        found = engine.finder.communes.find(normalise(f"quand passe le camion à {town.name.lower()} s'il vous plaît"))
        assert [(place.name, place.outside) for place in found] == [(town.name, town.outside)]


@pytest.mark.parametrize(
    "text",
    [
        "je voudrais savoir à quelle heure vous ouvrez",
        "où est-ce que je peux jeter une bouteille en plastique",
        "il y a un dépôt sauvage route de Honfleur",
        "de quoi vous occupez-vous",
        "appuyez sur les touches",
    ],
)
def test_ordinary_words_are_not_taken_for_towns(engine: NluEngine, text: str) -> None:
    assert engine.finder.communes.find(normalise(text)) == []


def test_a_corrected_commune_is_the_last_one(engine: NluEngine, background: Background) -> None:
    assert engine.slot_value("commune", "pas à Deauville, à Trouville", (), background) == "Trouville-sur-Mer"


def test_the_second_hypothesis_answers_when_the_first_does_not(engine: NluEngine, background: Background) -> None:
    assert engine.slot_value("commune", "apte commission", ("à touque",), background) == "Touques"
