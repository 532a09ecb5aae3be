"""What Whisper invents is removed; what callers say is kept."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicebot.asr import guards


@pytest.mark.parametrize(
    "text",
    [
        "Sous-titres réalisés par la communauté d'Amara.org",
        "Sous-titres réalisés para la communauté d'Amara.org",
        "Sous-titrage ST' 501",
        "Sous-titrage Société Radio-Canada",
        "Merci d'avoir regardé cette vidéo !",
        "Merci d'avoir regardé.",
        "N'hésitez pas à vous abonner à la chaîne.",
        "Abonnez-vous !",
        "Thanks for watching!",
        "[Musique]",
        "♪ ♪",
        "...",
    ],
)
def test_credits_nobody_said_are_removed(text: str) -> None:
    assert guards.clean(text) == ""


@pytest.mark.parametrize(
    "text",
    [
        "Merci.",
        "Je voudrais m'abonner à l'eau.",
        "Bonjour, c'est pour les encombrants.",
        "La transcription de mon contrat, s'il vous plaît.",
        "06 12 34 56 78",
    ],
)
def test_what_callers_say_is_kept_as_it_is(text: str) -> None:
    assert guards.clean(text) == text


def test_a_credit_after_real_words_is_cut_off() -> None:
    assert guards.clean("Oui, à Deauville. Sous-titrage ST' 501") == "Oui, à Deauville."


def test_thanks_are_removed_only_when_in_doubt() -> None:
    assert guards.clean("Merci.", doubt=True) == ""
    assert guards.clean("Merci.", doubt=False) == "Merci."


def test_a_phrase_said_over_and_over_is_a_loop() -> None:
    assert guards.repeats("le bac jaune " * 6, 8.0)


def test_the_same_sentence_twice_faster_than_speech_is_a_loop() -> None:
    text = "Pour effacer ce message, appuyer sur 7. Pour effacer ce message, appuyez sur 7."
    assert guards.repeats(text, 2.4)
    assert not guards.repeats(text, 6.0)


def test_a_sentence_that_starts_over_is_said_once() -> None:
    text = "La conférence n'est plus en mode discret. La conférence n'est plus en mode discret. La"
    assert guards.repeats(text, 2.4)
    assert guards.without_loop(text, 2.4) == "La conférence n'est plus en mode discret."


def test_like_instructions_one_after_the_other_are_kept() -> None:
    text = "Pour l'écouter, appuyez sur 1. Pour l'effacer, appuyez sur 2. Pour le garder, appuyez sur 3."
    assert not guards.repeats(text, 4.0)


def test_a_dictated_number_with_equal_pairs_is_not_a_loop() -> None:
    assert not guards.repeats("06 06 06 06 06", 4.0)


def test_more_words_than_can_be_said_is_a_loop() -> None:
    assert guards.repeats("je tu il elle nous vous ils elles on mon ton son", 0.8)


def test_non_said_three_times_is_kept() -> None:
    assert guards.collapse(["non", "non", "non"]) == ["non", "non", "non"]


@given(st.lists(st.sampled_from(["oui", "non", "à", "06", "bac"]), max_size=30))
def test_collapsing_is_stable_and_only_removes(words: list[str]) -> None:
    once = guards.collapse(words)
    assert guards.collapse(once) == once
    assert len(once) <= len(words)
    assert set(once) == set(words)


@given(st.text(max_size=80))
def test_cleaning_never_fails_and_is_stable(text: str) -> None:
    once = guards.clean(text)
    assert guards.clean(once) == once
