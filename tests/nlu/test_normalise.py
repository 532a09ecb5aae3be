"""Spoken noise goes, what was asked stays."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voicebot.dialog.nlu.normalise import MAX_CHARS, MAX_WORDS, normalise, stem


@pytest.mark.parametrize(
    ("heard", "plain"),
    [
        ("Euh, bah je voudrais un bac", "je voudrais un bac"),
        ("à quelle à quelle heure ça ouvre", "a quelle heure ca ouvre"),
        ("L’ÉCOLE, s'il vous plaît", "l ecole s il vous plait"),
        ("la la la déchèterie", "la decheterie"),
        ("le cœur", "le coeur"),
        ("euh", "euh"),
    ],
)
def test_hesitations_restarts_accents_and_elisions_are_evened_out(heard: str, plain: str) -> None:
    assert normalise(heard).plain == plain


def test_dictated_digits_may_repeat() -> None:
    assert normalise("zéro six douze douze 44 44").plain == "zero six douze douze 44 44"


def test_inflections_of_collecting_share_a_stem() -> None:
    assert len({stem(word) for word in ("ramasse", "ramassez", "ramassage", "ramasser", "ramassent")}) == 1


def test_living_somewhere_is_not_clothes() -> None:
    assert stem("habite") != stem("habits")


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=3 * MAX_CHARS))
def test_any_text_becomes_a_bounded_number_of_plain_words(text: str) -> None:
    utterance = normalise(text)
    assert len(utterance.clean) <= MAX_CHARS
    assert len(utterance.words) <= MAX_WORDS
    assert all(word.plain and word.plain.isascii() for word in utterance.words)
