"""Where a text is cut."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voicebot.tts.clauses import NO_BREAK, PAUSES_S, Strides, cut
from voicebot.tts.normalise import Normaliser, load_lexicon

FAST = Strides(first=5, growth=1.6)
WORDS = st.sampled_from(
    ["le", "bac", "à", "du", "lundi", "et", "collecte,", "jaune.", f"neuf{NO_BREAK}heures", "pour", "?"]
)


def texts(text: str, strides: Strides = Strides(), language: str = "fr") -> list[str]:
    bound = Normaliser(load_lexicon()).bound(text, language)
    return [clause.text.replace(NO_BREAK, " ") for clause in cut(bound, language, strides)]


def test_the_first_clause_ends_at_the_first_comma() -> None:
    assert texts("À Deauville, les ordures ménagères sont collectées le lundi matin et le vendredi.", FAST)[0] == (
        "À Deauville,"
    )


def test_without_comma_the_first_clause_ends_where_one_may_breathe() -> None:
    first = texts("Une fuite d'eau se signale au numéro d'urgence du délégataire.", FAST)[0]
    assert first == "Une fuite d'eau se signale"


def test_a_short_sentence_is_not_cut() -> None:
    assert texts("Pour quelle commune ?") == ["Pour quelle commune?"]


def test_each_sentence_starts_a_clause() -> None:
    assert texts("C'est noté. Au revoir.") == ["C'est noté.", "Au revoir."]


@pytest.mark.parametrize(
    "whole",
    ["zéro deux, trente et un, quatorze, soixante-cinq, zéro zéro", "vingt et une heures quinze", "Cœur Côte Fleurie"],
)
def test_numbers_hours_and_names_are_never_cut(whole: str) -> None:
    written = "Le service Cœur Côte Fleurie répond jusqu'à 21 h 15 au 02 31 14 65 00 pour toutes les communes."
    for first in range(2, 12):
        assert any(whole in clause for clause in texts(written, Strides(first=first, growth=1.0, most=first)))


def test_the_caller_is_given_a_breath_before_a_dictated_number() -> None:
    assert texts("Votre numéro est bien le 02 31 14 65 00 ?", FAST)[0] == "Votre numéro est bien le"


def test_clauses_grow_no_faster_than_they_can_be_computed() -> None:
    text = "À Touques, le lundi, le mardi, le jeudi, le vendredi, le samedi, le dimanche, les jours fériés, toujours."
    lengths = [len(clause.split()) for clause in texts(text, Strides(first=3, growth=1.0))]
    assert lengths[0] <= 3
    assert all(length <= max(3, sum(lengths[:at])) + 2 for at, length in enumerate(lengths) if at)


def test_a_sentence_without_any_place_to_cut_is_bounded() -> None:
    assert all(len(clause.split()) <= 60 for clause in texts("bac " * 400))


def test_pauses_follow_the_punctuation_and_the_last_one_is_shorter() -> None:
    clauses = cut("Je vérifie, patientez un petit instant. Voilà.", "fr", Strides(first=2, growth=1.0, most=2))
    assert [clause.pause_s for clause in clauses] == [PAUSES_S[","], PAUSES_S["."], PAUSES_S["."] / 2]


def test_a_text_without_words_has_no_clause() -> None:
    assert cut(" ... , ?") == ()


def test_english_is_cut_at_english_words() -> None:
    assert texts("The recycling centre is open every day from nine o'clock to noon.", FAST, "en")[0] == (
        "The recycling centre is open every day"
    )


@given(st.lists(WORDS, max_size=60).map(" ".join), st.integers(2, 12), st.floats(1.0, 4.0))
@settings(max_examples=200)
def test_the_clauses_joined_give_the_text_back(text: str, first: int, growth: float) -> None:
    clauses = cut(text, "fr", Strides(first, growth))
    assert " ".join(clause.text for clause in clauses).replace("?", "").split() == text.replace("?", "").split()
