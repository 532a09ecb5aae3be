"""Which words leave a sentence open."""

import pytest

from voicebot.calls.ears import is_open


@pytest.mark.parametrize(
    "text",
    [
        "Je voudrais savoir",
        "C'est pour, euh...",
        "J'habite à",
        "Bonjour,",
        "et pour les",
        "C’est",
        "Je voudrais prendre,",
    ],
)
def test_words_that_call_for_more_leave_the_sentence_open(text: str) -> None:
    assert is_open(text)


@pytest.mark.parametrize(
    "text",
    ["Quand passe le camion ?", "À Deauville.", "un composteur", "oui", "Le verre", "à Touques, c'est quel jour ?"],
)
def test_a_sentence_with_an_end_is_not_open(text: str) -> None:
    assert not is_open(text)
