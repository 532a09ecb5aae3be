"""A turn is read in its context: the last subject, what is denied, words put right by their sound."""

from dataclasses import replace
from pathlib import Path

import pytest

from voicebot.dialog.nlu.base import Background, Verdict
from voicebot.dialog.nlu.engine import NluEngine
from voicebot.dialog.nlu.evaluate import followed, read_conversations, summarise
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


def test_a_day_written_in_figures_goes_on_from_the_last_request(engine: NluEngine, background: Background) -> None:
    understood = engine.understand("et le 1er janvier ?", (), replace(background, intent="collecte.jours"))
    assert (understood.intent, understood.entities["date"]) == ("collecte.jours", "2027-01-01")


@pytest.mark.parametrize("text", ["Rime, abo, tuve, il.", "Cet odouze-ri est général le clair."])
def test_words_that_nobody_says_are_about_nothing_even_after_a_question(
    engine: NluEngine, background: Background, text: str
) -> None:
    for intent in ("eau.fuite", "encombrants.rdv"):
        assert engine.understand(text, (), replace(background, intent=intent)).verdict is not Verdict.SURE


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


@pytest.mark.parametrize("before", ["tri.consignes", "tri.compost"])
@pytest.mark.parametrize(
    ("text", "name"), [("et le bouchon ?", "bouchon"), ("et les peaux de banane", "peau de banane")]
)
def test_an_object_alone_after_the_rules_of_sorting_asks_where_it_goes(
    engine: NluEngine, background: Background, before: str, text: str, name: str
) -> None:
    understood = engine.understand(text, (), replace(background, intent=before))
    assert understood.intent == "tri.objet"
    assert name in understood.entities["objet"]


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
        ("pas la déchèterie le ramassage", "le ramassage"),
        ("non pas les encombrants les déchets verts", "les dechets verts"),
        ("pas la peine merci", "pas la peine merci"),
        ("c'est pas la même poubelle la semaine prochaine", "c est pas la meme poubelle la semaine prochaine"),
    ],
)
def test_only_a_contrasted_denial_is_left_out(said: str, kept: str) -> None:
    assert without_denied(normalise(said)).plain == kept


def test_danger_comes_before_anything_else_in_the_sentence(engine: NluEngine, background: Background) -> None:
    understood = engine.understand("je voulais un bac jaune mais il y a le feu chez mon voisin", (), background)
    assert (understood.verdict, understood.intent) == (Verdict.SURE, "urgence")


@pytest.mark.parametrize("text", ["une bouteille de gaz", "j'ai une bouteille de gaz vide", "une fusée de détresse"])
def test_an_object_of_the_guide_named_alone_is_no_alarm(engine: NluEngine, background: Background, text: str) -> None:
    understood = engine.understand(text, (), background)
    assert (understood.verdict, understood.intent) == (Verdict.SURE, "tri.objet")


@pytest.mark.parametrize("text", ["la bouteille de gaz a pris feu", "ça sent le gaz", "ma bouteille de gaz fuit"])
def test_a_danger_is_told_whatever_object_it_is_told_of(engine: NluEngine, background: Background, text: str) -> None:
    assert engine.understand(text, (), background).intent == "urgence"


@pytest.mark.parametrize("text", ["j'ai fait un pot-au-feu", "le feu rouge est long", "c'est quand le feu d'artifice"])
def test_what_only_has_the_name_of_a_danger_is_no_alarm(engine: NluEngine, background: Background, text: str) -> None:
    assert engine.understand(text, (), background).intent != "urgence"


@pytest.mark.parametrize(
    ("text", "pair"),
    [
        ("je voudrais savoir pour les poubelles", {"collecte.jours", "bac.demande"}),
        ("c'est pour ma poubelle à Touques", {"collecte.jours", "bac.demande"}),
        ("j'ai une question sur l'eau", {"eau.facture", "eau.fuite"}),
    ],
)
def test_a_subject_named_without_a_question_is_asked_about(
    engine: NluEngine, background: Background, text: str, pair: set[str]
) -> None:
    understood = engine.understand(text, (), background)
    assert understood.verdict is Verdict.UNSURE
    assert {candidate.intent for candidate in understood.candidates[:2]} == pair


@pytest.mark.parametrize(
    ("text", "verdict", "intent"),
    [
        ("allô y a quelqu'un ?", Verdict.SURE, "saluer"),
        ("je veux annuler mon rendez-vous", Verdict.SURE, "encombrants.rdv"),
        ("le chien du voisin aboie", Verdict.UNKNOWN, "hors_sujet"),
        ("où est la déchèterie", Verdict.SURE, "decheterie.adresse"),
    ],
)
def test_short_turns_are_taken_for_what_they_are(
    engine: NluEngine, background: Background, text: str, verdict: Verdict, intent: str
) -> None:
    understood = engine.understand(text, (), background)
    assert (understood.verdict, understood.intent) == (verdict, intent)


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        (
            "après le rond-point en allant vers la station d'épuration",
            "après le rond-point en allant vers la station d'épuration",
        ),
        ("au bout de la rue des Bains derrière le garage", "bout de la rue des Bains derrière le garage"),
        ("c'est devant la résidence du Parc", "devant la résidence du Parc"),
        ("en face du 12 rue des Bains", "12 rue des Bains"),
        ("rue des Bains en allant vers le port", "rue des Bains"),
    ],
)
def test_a_place_told_by_its_landmarks_is_kept_whole(
    engine: NluEngine, background: Background, said: str, kept: str
) -> None:
    assert engine.slot_value("adresse", said, (), background) == kept


@pytest.mark.parametrize(
    ("said", "name"),
    [("une pile de journaux", "journal"), ("un carton de livres", "livre"), ("des piles", "pile")],
)
def test_a_quantity_is_not_what_is_thrown_away(engine: NluEngine, said: str, name: str) -> None:
    assert [found.value for found in engine.finder.objects.guide(normalise(said))] == [name]


def test_a_day_and_a_month_in_figures_answer_the_question_of_the_date(
    engine: NluEngine, background: Background
) -> None:
    assert engine.slot_value("date", "le trois douze", (), background) == "2026-12-03"
    assert engine.slot_value("date", "le trois", (), background) == "2026-12-03"


def test_follow_ups_corrections_and_denials_are_read_in_their_conversation(engine: NluEngine) -> None:
    conversations = read_conversations(Path(__file__).with_name("conversations.tsv"))
    report = summarise([outcome for turns in conversations for outcome in followed(engine, turns)])
    assert len(conversations) >= 60
    assert report.acceptable.share >= 0.95
    assert report.entities.share >= 0.95
