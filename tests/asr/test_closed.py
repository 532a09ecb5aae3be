"""How the witnesses of a closed question are weighed."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicebot.asr.base import Choice
from voicebot.asr.closed import WITH_HEAD, Evidence, carriers, instead, probabilities, spelt_choices
from voicebot.asr.phoneme_head import ctc_log_likelihoods, load_heads
from voicebot.asr.phonemes import PHONES, readings, sounds

COMMUNES = (Choice("villers", ("Villers-sur-Mer", "Villers")), Choice("villerville", ("Villerville",)))


def _collapse(path: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(label for label, _ in itertools.groupby(path) if label)


@given(st.integers(0, 10_000), st.lists(st.integers(1, 2), max_size=3))
def test_the_ctc_likelihood_is_the_sum_over_all_paths(seed: int, sequence: list[int]) -> None:
    frames = np.log(np.random.default_rng(seed).dirichlet(np.ones(3), size=4))
    paths = [path for path in itertools.product(range(3), repeat=4) if _collapse(path) == tuple(sequence)]
    expected = sum(np.exp(sum(frames[t, label] for t, label in enumerate(path))) for path in paths)
    found = np.exp(ctc_log_likelihoods(frames, [sequence, [1, 2, 1, 2]])[0])
    assert found == pytest.approx(expected, rel=1e-6, abs=1e-12)


@given(st.lists(st.floats(-50, 20), min_size=2, max_size=12), st.floats(-200, 0))
def test_probabilities_leave_room_for_none(values: list[float], free: float) -> None:
    zeros = np.zeros(len(values))
    found = probabilities(Evidence(np.array(values), zeros, zeros, -3.0, free, 50), WITH_HEAD)
    assert (found >= 0).all()
    assert found.sum() <= 1.0 + 1e-12
    assert found[int(np.argmax(values))] == pytest.approx(found.max())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("À Villers, s'il vous plaît.", [1.0, 0.0]),
        ("villers-sur-mer", [1.0, 0.0]),
        ("C'est Villerville !", [0.0, 1.0]),
        ("Villers ou Villerville", [0.0, 0.0]),
        ("je ne sais pas", [0.0, 0.0]),
        ("", [0.0, 0.0]),
    ],
)
def test_a_choice_written_out_is_seen(text: str, expected: list[float]) -> None:
    assert spelt_choices(text, COMMUNES).tolist() == expected


def test_the_phones_are_those_of_the_french_words() -> None:
    assert [PHONES[phone - 1] for phone in sounds("Touques")] == ["t", "u", "k"]
    assert [PHONES[phone - 1] for phone in sounds("Blonville")] == ["b", "l", "ɔ̃", "v", "i", "l"]


def test_a_name_is_expected_as_locals_say_it_too() -> None:
    spoken = {"".join(PHONES[phone - 1] for phone in reading) for reading in readings("Villers-sur-Mer")}
    assert {"vilesyʁmɛʁ", "vilɛʁsyʁmɛʁ"} <= spoken
    arnoult = {"".join(PHONES[phone - 1] for phone in reading) for reading in readings("Saint-Arnoult")}
    assert "sɛ̃taʁnu" in arnoult


def test_heads_exist_for_the_default_model_only() -> None:
    heads = load_heads("whisper-base")
    assert heads is not None
    assert len(heads.heads) == 2
    assert load_heads("whisper-small") is None


def test_every_language_has_the_bare_answer() -> None:
    assert all("{}" in carriers(language) for language in ("fr", "en", "de"))


def test_what_is_said_instead_of_an_answer_is_expected_unless_it_is_one() -> None:
    spoken = instead((Choice("oui", ("oui",)), Choice("encore", ("répétez", "pardon"))), "fr")
    assert len(spoken) == 1
    assert "comment" in spoken[0].texts
    assert not {"répétez", "pardon"} & set(spoken[0].texts)
    assert instead(COMMUNES, "de") == ()
