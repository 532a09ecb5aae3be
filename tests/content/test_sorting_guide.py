"""The national sorting guide: what a civil servant edits must load, agree in French and never contradict itself."""

import csv
import random
import re
import sys
import tomllib
import unicodedata
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

GUIDE = Path(__file__).parents[2] / "profiles" / "base" / "tri"
COLUMNS = ["nom", "article", "synonymes", "filiere", "consigne", "precaution", "source", "confirme"]
STREAM_KEYS = {"id", "label", "flux", "ou", "phrase", "confirmed", "source", "explication"}
ARTICLES = {"un", "une", "des", "du", "de la", "de l'"}
COLLECTED = {
    "ordures_menageres",
    "emballages",
    "verre",
    "papier",
    "dechets_verts",
    "encombrants",
    "textile",
    "biodechets",
}
LEAST_OBJECTS = 1_500
LONGEST_CONSIGNE_WORDS = 20
LONGEST_PRECAUTION_WORDS = 12
LONGEST_ANSWER_WORDS = 45
DRAW_SEED = 20_261_122
DRAW_SIZE = 100

ASPIRATED = {"houx", "hamac", "haricot", "homard", "hache", "ouate"}
"""French words before which nothing is elided though they start with a vowel or an h."""
AGAINST_THEIR_ENDING = {"peau", "eau", "image", "cage", "mercure", "fume-cigarette", "lave-vaisselle"}
"""Nouns whose gender is not the one their ending announces."""
PROPER = {"Lego", "AdBlue"}
"""Nouns that keep their capital at the start; acronyms (all capitals) are recognised by shape."""
VARIANT_WORDS = re.compile(
    r"petite?|grande?|gros(?:se)?|mini|moyen(?:ne)?|géante?|long(?:ue)?|courte?|large|étroite?|épais(?:se)?|neu(?:f|ve)|"
    r"vieux|vieille|rouge|bleue?|verte?|noire?|blanc(?:he)?|jaune|rose|grise?|marron|orange|violet(?:te)?|claire?|foncée?"
)
"""Colours and sizes: a noun plus one of them is the same object, not another one."""
SAME_NAME_OTHER_OBJECT = {"chaise longue", "gilet jaune", "tableau blanc", "haricot vert"}
"""Fixed expressions whose adjective makes another object of the noun."""
BRANDS = re.compile(
    r"\b(?:tupperware|kleenex|sopalin|scotch|pampers|tampax|senseo|nespresso|kärcher|dyson|ikea|playmobil|barbie|monopoly|"
    r"scrabble|iphone|ipad|playstation|destop|roundup|nutella|coca|bic|stabilo|velux|placo|pyrex)\b",
    re.IGNORECASE,
)
"""Brand names people use as nouns: welcome as synonyms, never as an object of their own."""
UNSPOKEN = re.compile(r"[()\[\]{}/*_#<>;\d]|\bcf\b|\betc\b|\bex\.|  ")

Row = dict[str, str]


@cache
def _rows() -> tuple[Row, ...]:
    with (GUIDE / "objets.csv").open(encoding="utf-8", newline="") as handle:
        return tuple(csv.DictReader(handle, delimiter=";"))


@cache
def _streams() -> dict[str, dict[str, Any]]:
    entries = tomllib.loads((GUIDE / "filieres.toml").read_text(encoding="utf-8"))["filiere"]
    return {entry["id"]: entry for entry in entries}


def _fold(text: str) -> str:
    plain = unicodedata.normalize("NFD", text.lower().replace("œ", "oe").replace("æ", "ae"))
    letters = "".join(char for char in plain if not unicodedata.combining(char))
    return " ".join(re.sub(r"[^a-z0-9]+", " ", letters).split())


def _singular(text: str) -> str:
    return " ".join(word[:-1] if len(word) > 3 and word[-1] in "sx" else word for word in text.lower().split())


def _names(row: Row) -> Iterator[str]:
    yield row["nom"]
    yield from filter(None, row["synonymes"].split("|"))


def _with_article(row: Row) -> str:
    article = row["article"]
    return article + row["nom"] if article.endswith("'") else f"{article} {row['nom']}"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _spoken(row: Row) -> str:
    """The whole answer, as filieres.toml defines it: stream, then consigne, then precaution."""
    noun = _with_article(row)
    answer: str = _streams()[row["filiere"]]["phrase"].format(objet=noun, Objet=_capital(noun))
    if row["consigne"]:
        answer += " " + row["consigne"]
    if row["precaution"]:
        answer += f" {_capital(row['precaution'])}."
    return answer


def test_file_has_the_documented_columns_on_every_line() -> None:
    with (GUIDE / "objets.csv").open(encoding="utf-8", newline="") as handle:
        lines = list(csv.reader(handle, delimiter=";"))
    assert lines[0] == COLUMNS
    assert [number for number, line in enumerate(lines, 1) if len(line) != len(COLUMNS)] == []


def test_no_cell_has_stray_spaces_or_a_byte_order_mark() -> None:
    assert not (GUIDE / "objets.csv").read_bytes().startswith(b"\xef\xbb\xbf")
    assert [row["nom"] for row in _rows() for cell in row.values() if cell != " ".join(cell.split())] == []


def test_guide_knows_at_least_fifteen_hundred_objects() -> None:
    assert len(_rows()) >= LEAST_OBJECTS


def test_no_two_objects_bear_the_same_name_once_accents_are_dropped() -> None:
    counts = Counter(_fold(row["nom"]) for row in _rows())
    assert [name for name, count in counts.items() if count > 1] == []


def test_no_object_is_the_plural_of_another() -> None:
    counts = Counter(_singular(row["nom"]) for row in _rows())
    assert [name for name, count in counts.items() if count > 1] == []


def test_a_name_heard_never_leads_to_two_streams() -> None:
    streams: dict[str, set[str]] = {}
    for row in _rows():
        for name in _names(row):
            streams.setdefault(_fold(name), set()).add(row["filiere"])
    assert {name: found for name, found in streams.items() if len(found) > 1} == {}


def test_no_object_repeats_one_of_its_own_names() -> None:
    for row in _rows():
        folded = [_fold(name) for name in _names(row)]
        assert len(folded) == len(set(folded)), row["nom"]
        assert all(folded), row["nom"]


def test_every_object_goes_to_a_defined_stream_and_every_stream_is_used() -> None:
    assert {row["filiere"] for row in _rows()} == set(_streams())


def test_article_agrees_with_the_sound_of_the_noun() -> None:
    wrong = []
    for row in _rows():
        first = row["nom"].split()[0]
        elides = _fold(first)[0] in "aeiouh" and first not in ASPIRATED
        if row["article"] not in ARTICLES or (row["article"] in {"du", "de la"} and elides):
            wrong.append(_with_article(row))
        if row["article"] == "de l'" and not elides:
            wrong.append(_with_article(row))
    assert wrong == []


def test_article_agrees_with_the_number_of_the_noun() -> None:
    wrong = []
    for row in _rows():
        plural = row["nom"].split()[0].endswith(("s", "x"))
        if row["article"] == "des" and not plural:
            wrong.append(_with_article(row))
    assert wrong == []


@pytest.mark.parametrize(
    ("article", "endings"),
    [
        ("une", ("ette", "euse", "tion", "ière", "elle", "ure")),
        ("un", ("isseur", "oir", "ateur", "eau", "ement", "age", "phone")),
    ],
)
def test_article_agrees_with_the_gender_the_ending_tells(article: str, endings: tuple[str, ...]) -> None:
    other = {"un": {"une", "de la"}, "une": {"un", "du"}}[article]
    wrong = []
    for row in _rows():
        first = row["nom"].split()[0]
        if first.endswith(endings) and row["article"] in other and first not in AGAINST_THEIR_ENDING:
            wrong.append(_with_article(row))
    assert wrong == []


def test_names_are_written_as_common_nouns() -> None:
    wrong = []
    for row in _rows():
        first = re.split(r"[ '-]", row["nom"])[0]
        if first[0].isupper() and not (first.isupper() or first in PROPER):
            wrong.append(row["nom"])
        if re.search(r"[^A-Za-zÀ-ÿœŒ' 0-9-]", row["nom"]) or row["nom"].split()[0] in {"un", "une", "le", "la", "les"}:
            wrong.append(row["nom"])
    assert wrong == []


def test_no_object_is_a_colour_or_size_variant_of_another() -> None:
    known = {row["nom"] for row in _rows()}
    variants = []
    for name in known - SAME_NAME_OTHER_OBJECT:
        words = name.split()
        for position in {0, len(words) - 1}:
            rest = " ".join(words[:position] + words[position + 1 :])
            if VARIANT_WORDS.fullmatch(words[position]) and rest in known:
                variants.append(name)
    assert variants == []


def test_no_object_is_named_after_a_brand() -> None:
    assert [row["nom"] for row in _rows() if BRANDS.search(row["nom"])] == []


def test_consignes_are_short_spoken_sentences() -> None:
    for row in _rows():
        consigne = row["consigne"]
        assert len(consigne.split()) <= LONGEST_CONSIGNE_WORDS, row["nom"]
        assert not UNSPOKEN.search(consigne), row["nom"]
        assert not consigne or (consigne[0].isupper() and consigne.endswith(".")), row["nom"]


def test_precautions_are_short_spoken_fragments() -> None:
    for row in _rows():
        precaution = row["precaution"]
        assert len(precaution.split()) <= LONGEST_PRECAUTION_WORDS, row["nom"]
        assert not UNSPOKEN.search(precaution), row["nom"]
        assert not precaution or not (precaution[0].isupper() or precaution.endswith(".")), row["nom"]


def test_precautions_agree_with_the_gender_of_the_noun() -> None:
    feminine = re.compile(r"\b(?:vidée|pliée|éteinte|brûlée|emballée|percée|aplatie|cassée)s?\b")
    masculine = re.compile(r"\b(?:vidé|plié|éteint|brûlé|emballé|percé|aplati|cassé)s?\b")
    for row in _rows():
        if row["article"] in {"un", "du"}:
            assert not feminine.search(row["precaution"]), row["nom"]
        if row["article"] in {"une", "de la"}:
            assert not masculine.search(row["precaution"]), row["nom"]


def test_every_fact_names_its_source_and_says_whether_it_is_confirmed() -> None:
    assert [row["nom"] for row in _rows() if not row["source"] or row["confirme"] not in {"oui", "non"}] == []


def test_nothing_that_depends_on_the_territory_is_marked_as_confirmed() -> None:
    wrong = [row["nom"] for row in _rows() if row["source"] == "local" and row["confirme"] == "oui"]
    assert wrong == []


def test_streams_are_complete_and_spoken() -> None:
    for stream in _streams().values():
        assert set(stream) == STREAM_KEYS, stream["id"]
        assert stream["flux"] in COLLECTED | {""}, stream["id"]
        assert isinstance(stream["confirmed"], bool), stream["id"]
        assert re.fullmatch(r"\{Objet\}, ça [^{}()\d]+\.", stream["phrase"]), stream["phrase"]
        assert not UNSPOKEN.search(stream["label"] + stream["ou"] + stream["explication"]), stream["id"]
        assert stream["explication"].endswith("."), stream["id"]


def test_every_collected_stream_of_the_service_has_its_place_in_the_guide() -> None:
    assert {stream["flux"] for stream in _streams().values()} == COLLECTED | {""}


@pytest.mark.parametrize(
    ("name", "stream"),
    [
        ("pot de yaourt", "emballages"),
        ("kleenex", "ordures_menageres"),
        ("sopalin", "biodechets"),
        ("tupperware", "ordures_menageres"),
        ("vaisselle cassée", "ordures_menageres"),
        ("pyrex", "ordures_menageres"),
        ("mégot", "ordures_menageres"),
        ("couche", "ordures_menageres"),
        ("bouteille de vin", "verre"),
        ("journal", "papier"),
        ("peau de banane", "biodechets"),
        ("médicament", "medicaments"),
        ("seringue", "dasri"),
        ("fusée de détresse", "pyrotechnie"),
        ("bouteille de gaz", "bouteilles_gaz"),
        ("obus", "armes_munitions"),
        ("amiante", "amiante"),
        ("frigo", "deee"),
        ("canapé", "mobilier"),
        ("huile de friture", "huiles_alimentaires"),
        ("batterie de voiture", "batteries"),
        ("ampoule", "lampes"),
        ("pneu", "pneus"),
        ("voilier", "bateaux"),
        ("extincteur", "extincteurs"),
        ("miroir", "decheterie"),
    ],
)
def test_a_name_people_use_leads_to_the_stream_of_the_national_rules(name: str, stream: str) -> None:
    found = {row["filiere"] for row in _rows() if _fold(name) in map(_fold, _names(row))}
    assert found == {stream}


def test_glass_that_is_no_packaging_is_kept_out_of_the_glass_container() -> None:
    named = ("vaisselle cassée", "verre à boire", "plat en verre", "miroir", "vitre", "ampoule à filament", "aquarium")
    for row in _rows():
        if row["nom"] in named:
            assert row["filiere"] != "verre", row["nom"]
            assert "jamais dans le conteneur à verre" in row["precaution"], row["nom"]


def test_whole_answers_stay_short_for_the_ear() -> None:
    assert [answer for row in _rows() if len((answer := _spoken(row)).split()) > LONGEST_ANSWER_WORDS] == []


def test_a_seeded_draw_reads_as_spoken_french() -> None:
    """Prints a hundred answers to be read over by a person (`pytest -s`); checks here what a machine can."""
    draw = random.Random(DRAW_SEED).sample(_rows(), DRAW_SIZE)  # noqa: S311 - a reproducible sample, not a secret
    for row in draw:
        answer = _spoken(row)
        sys.stdout.write(f"{answer}  [{row['synonymes']}]\n")
        assert answer[0].isupper(), answer
        assert answer.endswith("."), answer
        assert not re.search(r"\{|\}|\.\.| ,|  |\bde le\b|\bde les\b|\bà le\b|\bsi il\b", answer), answer
