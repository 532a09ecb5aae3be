"""The Vosk engine on a real (Korean) model: the engine is under test, not its French."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.asr.voices import said
from voicebot.asr.base import Choice, Hints, RecognitionError, Transcript
from voicebot.asr.settings import AsrSettings
from voicebot.asr.vosk_engine import VoskRecognizer, load_vosk, model_rate
from voicebot.asr.vosk_grammar import Grammar, choice_scores
from voicebot.audio.frames import Pcm, silence

CITIES = (Choice("seoul", ("서울",)), Choice("busan", ("부산",)), Choice("nowhere", ("크큭쿠큐쿡",)))


@pytest.fixture(scope="module")
def korean(models_dir: Path) -> Iterator[VoskRecognizer]:
    recognizer = load_vosk(models_dir / "vosk-ko", AsrSettings(), timer=lambda: 0.0)
    yield recognizer
    asyncio.run(recognizer.close())


def _hear(recognizer: VoskRecognizer, pcm: Pcm, hints: Hints = Hints(language="ko")) -> Transcript:
    async def turn() -> Transcript:
        stream = recognizer.open(8000, hints)
        for start in range(0, len(pcm), 160):
            stream.feed(pcm[start : start + 160])
        return await stream.finish()

    return asyncio.run(turn())


def test_the_same_sound_gives_the_same_transcript(korean: VoskRecognizer) -> None:
    sound = said("Good morning", "en-GB")
    first, second = _hear(korean, sound), _hear(korean, sound)
    assert first == second
    assert first.text
    assert first.words[0].start_s < first.words[0].end_s <= len(sound) / 8000
    assert 0.0 < first.confidence <= 1.0
    assert first.text not in first.alternatives


def test_choices_are_scored_and_the_free_text_is_kept(korean: VoskRecognizer) -> None:
    sound = said("Good morning", "en-GB")
    free = _hear(korean, sound).text
    found = _hear(korean, sound, Hints(choices=(Choice("heard", (free,)), *CITIES), language="ko"))
    assert found.text == free
    scores = {score.id: score.probability for score in found.choices}
    assert found.choices[0].id == "heard"
    assert found.choices[0].probability > 0.5
    assert scores.keys() == {"heard", "seoul", "busan", "nowhere"}
    assert scores["nowhere"] == 0.0
    assert sum(scores.values()) <= 1.0


def test_a_sentence_is_none_of_the_cities(korean: VoskRecognizer) -> None:
    found = _hear(korean, said("Good morning, what about the rubbish", "en-GB"), Hints(choices=CITIES, language="ko"))
    assert sum(score.probability for score in found.choices) < 0.1


def test_silence_says_nothing(korean: VoskRecognizer) -> None:
    found = _hear(korean, silence(8000), Hints(choices=CITIES, language="ko"))
    assert found.text == ""
    assert all(score.probability == 0.0 for score in found.choices)


def test_words_come_while_the_caller_speaks(korean: VoskRecognizer) -> None:
    async def turn() -> tuple[str, str]:
        stream = korean.open(8000, Hints(language="ko"))
        sound = said("Seoul and Busan", "en-GB")
        partial = None
        for start in range(0, len(sound), 160):
            stream.feed(sound[start : start + 160])
            stream.speculate()
            if stream.decoding is not None:
                await asyncio.wrap_future(stream.decoding)
            partial = await stream.speculated() or partial
        final = await stream.finish()
        return (partial.text if partial else ""), final.text

    partial, final = asyncio.run(turn())
    assert partial
    assert partial.split()[0] == final.split()[0]


def test_words_the_model_cannot_know_are_named(korean: VoskRecognizer) -> None:
    assert korean.grammar
    assert korean.unknown_words(("서울 Tourgéville", "부산", "Tourgéville")) == ("tourgéville",)


def test_a_closed_recogniser_refuses_turns(models_dir: Path) -> None:
    recognizer = load_vosk(models_dir / "vosk-ko", AsrSettings())
    asyncio.run(recognizer.close())
    with pytest.raises(RecognitionError, match="closed"):
        _hear(recognizer, said("Busan", "en-GB"))


@pytest.mark.parametrize(
    ("conf", "rate_hz"), [("--use-energy=false\n--sample-frequency=8000\n", 8000), ("--num-ceps=40\n", 16000)]
)
def test_the_rate_is_read_from_the_model(tmp_path: Path, conf: str, rate_hz: int) -> None:
    (tmp_path / "conf").mkdir()
    (tmp_path / "conf" / "mfcc.conf").write_text(conf)
    assert model_rate(tmp_path) == rate_hz


def _french(known: str) -> Grammar:
    communes = (
        Choice("villers", ("Villers-sur-Mer", "Villers")),
        Choice("touques", ("Touques",)),
        Choice("arnoult", ("Saint-Arnoult",)),
    )
    return Grammar.of(communes, lambda word: word in known.split())


def test_a_name_the_model_does_not_know_leaves_the_grammar_and_is_named() -> None:
    grammar = _french("villers sur mer saint touques")
    assert grammar.phrases == ("villers sur mer", "villers", "touques")
    assert grammar.unknown == ("arnoult",)


def test_a_phrase_is_found_inside_its_carrier() -> None:
    scores = choice_scores(_french("villers sur mer touques"), [("euh à touques", 0.7), ("villers sur mer", 0.2)])
    assert [(score.id, score.probability) for score in scores][:2] == [("touques", 0.7), ("villers", 0.2)]


def test_two_choices_in_one_breath_are_neither() -> None:
    scores = choice_scores(_french("villers touques"), [("touques villers", 1.0)])
    assert all(score.probability == 0.0 for score in scores)
