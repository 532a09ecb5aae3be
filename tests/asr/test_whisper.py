"""Whisper base, the real one, on synthetic telephone calls."""

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.asr.voices import said
from voicebot.asr.base import Choice, Hints, Transcript
from voicebot.asr.settings import AsrSettings
from voicebot.asr.whisper_engine import WhisperRecognizer, load_whisper
from voicebot.audio.frames import Pcm, silence

COMMUNES = tuple(
    Choice(texts[0], texts)
    for texts in (
        ("Deauville",),
        ("Trouville-sur-Mer", "Trouville"),
        ("Touques",),
        ("Villers-sur-Mer", "Villers"),
        ("Villerville",),
        ("Blonville-sur-Mer", "Blonville"),
    )
)
YES_NO = (Choice("oui", ("oui", "c'est ça", "exactement")), Choice("non", ("non", "pas du tout")))


@pytest.fixture(scope="module")
def whisper(models_dir: Path) -> Iterator[WhisperRecognizer]:
    recognizer = load_whisper(models_dir / "whisper-base", AsrSettings(), timer=lambda: 0.0)
    yield recognizer
    asyncio.run(recognizer.close())


def _hear(recognizer: WhisperRecognizer, pcm: Pcm, hints: Hints = Hints(), rate_hz: int = 8000) -> Transcript:
    async def turn() -> Transcript:
        stream = recognizer.open(rate_hz, hints)
        stream.feed(pcm)
        return await stream.finish()

    return asyncio.run(turn())


def test_a_sentence_is_written_with_its_words_in_time(whisper: WhisperRecognizer) -> None:
    sound = said("Bonjour, je voudrais parler à un conseiller.")
    found = _hear(whisper, sound)
    assert "bonjour" in found.text.lower()
    assert "conseill" in found.text.lower()
    assert found.engine == "whisper-base"
    assert " ".join(word.text for word in found.words) == found.text
    starts = [word.start_s for word in found.words]
    assert starts == sorted(starts)
    assert found.words[-1].end_s <= len(sound) / 8000
    assert 0.4 < found.confidence < 1.0
    assert found.text not in found.alternatives
    assert found.choices == ()


def test_the_same_sound_gives_the_same_transcript(whisper: WhisperRecognizer) -> None:
    sound = said("Quel jour passent les poubelles ?", snr_db=10.0)
    assert _hear(whisper, sound) == _hear(whisper, sound)


@pytest.mark.parametrize("kind", ["silence", "white noise", "hum", "clicks", "bursts"])
def test_nothing_is_invented_when_nobody_speaks(whisper: WhisperRecognizer, kind: str) -> None:
    rng = np.random.default_rng(7)
    time_s = np.arange(80_000) / 8000
    sounds = {
        "silence": np.zeros(80_000),
        "white noise": rng.normal(0, 1000, 80_000),
        "hum": 3000 * np.sin(2 * np.pi * 50 * time_s),
        "clicks": 8000.0 * (rng.random(80_000) < 0.0005),
        "bursts": rng.normal(0, 1000, 80_000) * (np.sin(2 * np.pi * 0.4 * time_s) > 0),
    }
    found = _hear(whisper, sounds[kind].astype(np.int16), Hints(choices=YES_NO))
    assert found.text == ""
    assert sum(choice.probability for choice in found.choices) == 0.0


def test_a_name_whisper_cannot_spell_is_found_among_the_choices(whisper: WhisperRecognizer) -> None:
    found = _hear(whisper, said("à Blonville-sur-Mer"), Hints(choices=COMMUNES))
    assert found.choices[0].id == "Blonville-sur-Mer"
    assert found.choices[0].probability > 0.6
    assert sum(choice.probability for choice in found.choices) <= 1.0


@pytest.mark.parametrize(("spoken", "expected"), [("Oui, exactement.", "oui"), ("Non.", "non")])
def test_yes_and_no_are_told_apart(whisper: WhisperRecognizer, spoken: str, expected: str) -> None:
    found = _hear(whisper, said(spoken), Hints(choices=YES_NO))
    assert found.choices[0].id == expected
    assert found.choices[0].probability > 0.6


def test_something_else_is_none_of_the_choices_and_its_text_is_given(whisper: WhisperRecognizer) -> None:
    found = _hear(whisper, said("Je voudrais parler à un conseiller, s'il vous plaît."), Hints(choices=COMMUNES))
    assert found.choices[0].probability < 0.5
    assert len(found.text.split()) >= 6


def test_speech_longer_than_a_window_is_heard_to_its_end(whisper: WhisperRecognizer) -> None:
    sentences = (
        "Bonjour, je voudrais parler à un conseiller.",
        "Mon bac jaune n'a pas été ramassé ce matin.",
        "Il y a une fuite d'eau dans ma rue depuis hier soir.",
        "La facture que j'ai reçue est beaucoup trop élevée.",
        "Je suis là tous les jours de la semaine, sauf le mercredi.",
        "Le conteneur devant chez moi déborde complètement.",
        "J'ai un vieux matelas et deux chaises à jeter.",
        "Vous pouvez me rappeler demain dans la journée.",
        "C'est urgent, il faut envoyer quelqu'un tout de suite.",
        "Je vous remercie beaucoup, bonne journée, au revoir.",
    )
    sound = np.concatenate([said(sentence) for sentence in sentences])
    assert len(sound) / 8000 > 32
    found = _hear(whisper, sound)
    assert "bonjour" in found.text.lower()[:20]
    assert "bonne journée" in found.text.lower()[-40:]
    assert 60 < len(found.text.split()) < 120
    assert found.words[-1].end_s > 0.9 * len(sound) / 8000


def test_a_speculation_gives_the_same_words_as_waiting(whisper: WhisperRecognizer) -> None:
    sound = said("La déchèterie est ouverte le samedi ?", snr_db=None)

    async def turn() -> Transcript:
        stream = whisper.open(8000)
        stream.feed(sound)
        stream.speculate()
        stream.feed(silence(4000))
        return await stream.finish()

    assert asyncio.run(turn()).text == _hear(whisper, sound).text


def test_the_words_of_the_service_that_are_expected_are_spelt(whisper: WhisperRecognizer) -> None:
    sound = said("Je voudrais les horaires de la déchèterie de Touques.", snr_db=20.0)
    hints = Hints(phrases=("Horaires de la déchèterie, encombrants, bac jaune.", "Deauville, Touques, Villers."))
    assert "déchèterie de Touques" in _hear(whisper, sound, hints).text


def test_what_is_expected_is_not_heard_when_nobody_speaks(whisper: WhisperRecognizer) -> None:
    noise = np.random.default_rng(7).normal(0, 1000, 40_000).astype(np.int16)
    assert _hear(whisper, noise, Hints(phrases=("Horaires de la déchèterie, encombrants.",))).text == ""


def test_a_dictated_number_comes_first_and_what_whisper_wrote_next(whisper: WhisperRecognizer) -> None:
    sound = said("zéro un deux trois quatre cinq six sept huit neuf")
    found = _hear(whisper, sound, Hints(digits=True))
    assert re.fullmatch(r"0[1-9]( \d\d){4}", found.text)
    assert sum(char.isdigit() for char in found.alternatives[0]) >= 5


def test_words_said_instead_of_a_number_stay_words(whisper: WhisperRecognizer) -> None:
    found = _hear(whisper, said("Je préfère parler à un conseiller."), Hints(digits=True))
    assert "préfère" in found.text
    assert not any(char.isdigit() for char in found.text)
