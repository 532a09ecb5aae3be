"""What sounds alike is found, wherever the recogniser cut the words."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voicebot.dialog.nlu.phonetic import SoundIndex, distance, key


@pytest.mark.parametrize(
    ("heard", "meant"),
    [
        ("tou que", "Touques"),
        ("des chetteries", "déchèterie"),
        ("dos ville", "Deauville"),
        ("tour j'ai ville", "Tourgéville"),
        ("saint arnoux", "Saint-Arnoult"),
        ("blond ville", "Blonville"),
        ("trou ville", "Trouville"),
    ],
)
def test_badly_cut_names_have_the_key_of_what_was_meant(heard: str, meant: str) -> None:
    assert key(heard) == key(meant)


def test_distance_goes_from_same_to_nothing_in_common() -> None:
    assert distance("tou que", "Touques") == 0.0
    assert 0.0 < distance("vauville", "Deauville") < 0.5
    assert distance("Touques", "assainissement") > 0.8


def test_a_form_is_found_across_word_boundaries_with_its_place() -> None:
    found = SoundIndex([("Touques", "Touques")]).search(["la", "poubelle", "à", "tou", "que", "demain"], 0.2)
    assert [(found[0].target, found[0].first, found[0].last)] == [("Touques", 3, 5)]


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=60), st.text(max_size=60))
def test_distance_is_symmetric_and_bounded_whatever_the_texts(one: str, two: str) -> None:
    assert 0.0 <= distance(one, two) <= 1.0
    assert distance(one, two) == pytest.approx(distance(two, one))
