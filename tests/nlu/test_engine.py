"""What the engine understands on the real data: intents, entities, context, denials, several requests."""

from dataclasses import replace

import pytest

from voicebot.dialog.nlu.base import Background, Verdict
from voicebot.dialog.nlu.engine import NluEngine


@pytest.mark.parametrize(
    ("text", "intent", "entities"),
    [
        ("quand passe le camion jaune à tou que", "collecte.jours", {"commune": "Touques", "flux": "emballages"}),
        ("des chetteries de villère c'est ouvert quand", "decheterie.horaires", {"commune": "Villers-sur-Mer"}),
        ("il y a une fuite d'eau dans ma rue à Blonville", "eau.fuite", {"commune": "Blonville-sur-Mer"}),
        ("euh je je voudrais un bac jaune", "bac.demande", {"flux": "emballages"}),
        ("il y a le feu à la poubelle", "urgence", {}),
        ("do you speak english", "anglais", {}),
    ],
)
def test_ordinary_requests_are_understood_with_their_entities(
    engine: NluEngine, background: Background, text: str, intent: str, entities: dict[str, str]
) -> None:
    understood = engine.understand(text, (), background)
    assert (understood.verdict, understood.intent) == (Verdict.SURE, intent)
    assert entities.items() <= understood.entities.items()


@pytest.mark.parametrize(
    "text", ["quel temps fera-t-il demain", "combien coûte une baguette", "", "😀😀", "je voudrais un billet de train"]
)
def test_other_subjects_are_not_answered_as_if_understood(engine: NluEngine, background: Background, text: str) -> None:
    assert engine.understand(text, (), background).verdict is Verdict.UNKNOWN


@pytest.mark.parametrize(
    ("text", "entities"),
    [
        ("et à Touques ?", {"commune": "Touques", "flux": "emballages"}),
        ("et le verre ?", {"commune": "Deauville", "flux": "verre"}),
        ("non, demain", {"commune": "Deauville", "flux": "emballages", "date": "2026-11-25"}),
    ],
)
def test_what_is_left_unsaid_comes_from_the_last_request(
    engine: NluEngine, background: Background, text: str, entities: dict[str, str]
) -> None:
    before = replace(background, intent="collecte.jours", entities={"commune": "Deauville", "flux": "emballages"})
    understood = engine.understand(text, (), before)
    assert understood.elliptic
    assert (understood.intent, dict(understood.entities)) == ("collecte.jours", entities)


def test_a_contrasted_denial_is_not_what_is_asked(engine: NluEngine, background: Background) -> None:
    understood = engine.understand("pas la déchèterie, le ramassage du verre", (), background)
    assert (understood.intent, understood.entities.get("flux")) == ("collecte.jours", "verre")


def test_a_second_request_in_the_same_sentence_comes_next(engine: NluEngine, background: Background) -> None:
    understood = engine.understand("vous ouvrez quand la déchèterie et aussi je voudrais un bac jaune", (), background)
    assert understood.intent == "decheterie.horaires"
    assert understood.next is not None
    assert understood.next.intent == "bac.demande"


def test_another_hypothesis_of_the_recogniser_brings_the_commune(engine: NluEngine, background: Background) -> None:
    understood = engine.understand(
        "quand passe la poubelle jaune à apte", ("quand passe la poubelle jaune à touque",), background
    )
    assert understood.entities.get("commune") == "Touques"


@pytest.mark.parametrize("text", ["0612345678", "06 12 34 56 78", "14", "12/05"])
def test_bare_figures_are_no_request(engine: NluEngine, background: Background, text: str) -> None:
    understood = engine.understand(text, (), background)
    assert (understood.verdict, understood.intent) == (Verdict.UNKNOWN, "hors_sujet")


@pytest.mark.parametrize(
    ("text", "thing"),
    [
        ("mon oreiller en plumes", "oreiller"),
        ("un tas de parpaings", "parpaing"),
        ("vous faites quoi des pneus de tracteur", "pneu"),
    ],
)
def test_an_object_spoken_of_asks_where_it_goes(
    engine: NluEngine, background: Background, text: str, thing: str
) -> None:
    understood = engine.understand(text, (), background)
    assert (understood.verdict, understood.intent) == (Verdict.SURE, "tri.objet")
    assert thing in understood.entities["objet"]


@pytest.mark.parametrize("text", ["mon téléviseur grésille", "combien coûte un matelas", "comment réparer un vélo"])
def test_an_object_that_is_not_thrown_away_is_not_answered(
    engine: NluEngine, background: Background, text: str
) -> None:
    assert engine.understand(text, (), background).verdict is not Verdict.SURE
