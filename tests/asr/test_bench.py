"""The figures of ``voicebot bench asr`` count what they say."""

import asyncio
import gzip
from pathlib import Path

import numpy as np
import pytest

from voicebot.asr.base import Choice, ChoiceScore, Hints, Transcript
from voicebot.asr.batch_stream import BatchStream
from voicebot.asr.workers import InferencePool
from voicebot.audio.frames import silence
from voicebot.audio.wav import write_wav
from voicebot.cli.bench_asr import ClipsMissing, Utterance, asr_table, bench_asr, comparable, human_clips, word_errors


class _Parrot:
    """Hears what the length of the sound stands for."""

    name = "parrot"
    streaming = False
    grammar = True

    def __init__(self, heard: dict[int, Transcript]) -> None:
        self._heard = heard
        self._pool = InferencePool(1, 4)

    def open(self, rate_hz: int, hints: Hints = Hints()) -> BatchStream:
        return BatchStream(self._pool, rate_hz, lambda pcm, wanted: self._heard[len(pcm)])

    async def close(self) -> None:
        await self._pool.close()


def _run(heard: dict[int, Transcript], clips: list[Utterance], choices: tuple[Choice, ...] = ()) -> dict[str, object]:
    async def bench() -> dict[str, object]:
        parrot = _Parrot(heard)
        report = await bench_asr(parrot, clips, choices, cpu_s=lambda: 0.0)
        await parrot.close()
        return report

    return asyncio.run(bench())


def test_numbers_case_and_punctuation_do_not_count() -> None:
    assert word_errors("Appuyez sur deux.", "appuyez sur 2") == 0
    assert comparable("C'est à l'École, n°12 !") == ["c", "est", "à", "l", "école", "n", "douze"]


def test_the_word_error_rate_is_over_all_the_words() -> None:
    heard = {80: Transcript("oui", 1.0, compute_s=0.2), 160: Transcript("le bac rouge", 1.0, compute_s=0.4)}
    clips = [Utterance(silence(80), 8000, "oui"), Utterance(silence(160), 8000, "le bac jaune")]
    report = _run(heard, clips)
    assert report["wer"] == pytest.approx(0.25)
    assert report["compute_s"] == {"mean": 0.3, "p50": 0.4, "p95": 0.4}
    assert "wer" in [str(cell) for cell in asr_table(report).columns[0].cells]


def test_right_answers_and_false_certainty_are_counted_apart() -> None:
    def scored(best: str, probability: float) -> Transcript:
        return Transcript("", 1.0, choices=(ChoiceScore(best, probability),))

    heard = {1: scored("a", 0.9), 2: scored("b", 0.7), 3: scored("a", 0.4), 4: scored("a", 0.8)}
    expected = ["a", "a", "a", None]
    clips = [Utterance(silence(n), 8000, "x", expected[n - 1], group="v") for n in (1, 2, 3, 4)]
    report = _run(heard, clips, (Choice("a", ("a",)), Choice("b", ("b",))))
    assert report["right"] == pytest.approx(2 / 3, abs=1e-4)
    assert report["right_when_sure"] == pytest.approx(1 / 3, abs=1e-4)
    assert report["others_taken_for_answers"] == 1
    assert report["right_by_group"] == {"v": pytest.approx(2 / 3, abs=1e-4)}


def test_the_human_sample_leaves_out_short_and_annotated_prompts(tmp_path: Path) -> None:
    folder = tmp_path / "fr_X"
    folder.mkdir()
    rng = np.random.default_rng(1)
    for name, seconds in (("long", 2.0), ("short", 0.5), ("noise", 2.0)):
        write_wav(folder / f"{name}.wav", rng.normal(0, 500, int(8000 * seconds)).astype(np.int16), 8000)
    texts = tmp_path / "texts.gz"
    with gzip.open(texts, "wt", encoding="utf-8") as file:
        file.write("; title\n\nlong: Une phrase.\nshort: Oui.\nnoise: [bip]\nabsent: Rien.\n")
    assert [clip.text for clip in human_clips(10, sounds=tmp_path, texts=texts)] == ["Une phrase."]


def test_missing_recordings_say_what_to_install(tmp_path: Path) -> None:
    with pytest.raises(ClipsMissing, match="apt-get install"):
        human_clips(1, sounds=tmp_path, texts=tmp_path / "none")
