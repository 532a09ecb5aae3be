"""``voicebot bench asr``: how well and how fast the recogniser hears.

Two kinds of clips: sentences, judged by word error rate, and answers to a closed question, judged right or wrong. The
human sentences are the French prompts of Asterisk (Debian packages asterisk-core-sounds-fr-wav, the 8 kHz recordings,
and asterisk-core-sounds-fr, their texts); spoken clips are made by the caller of this module, who owns the voices.
"""

import gzip
import random
import re
import time
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from num2words import num2words
from rapidfuzz.distance import Levenshtein
from rich.table import Table

from voicebot.asr.base import Choice, Hints, Recognizer
from voicebot.audio.frames import Pcm
from voicebot.audio.wav import read_wav

PROMPTS = Path("/usr/share/asterisk/sounds")
PROMPT_TEXTS = Path("/usr/share/doc/asterisk-core-sounds-fr/core-sounds-fr.txt.gz")
SHORTEST_S = 1.0
SURE = 0.6
"""Probability from which a choice is taken without asking again."""


class ClipsMissing(Exception):
    """The recordings are not installed; the message says the command."""


@dataclass(frozen=True, slots=True)
class Utterance:
    """One recording and what is said in it.

    ``choice`` is the id of the right answer to the closed question, ``None`` for an answer that is none of them, and
    ignored without choices. ``group`` names the lines of the report (a voice, a noise level).
    """

    pcm: Pcm
    rate_hz: int
    text: str
    choice: str | None = None
    group: str = ""


def human_clips(limit: int, seed: int = 1, sounds: Path = PROMPTS, texts: Path = PROMPT_TEXTS) -> list[Utterance]:
    """Return ``limit`` human telephone sentences, the same ones for the same ``seed``.

    Raises:
        ClipsMissing: the Debian packages are not installed.
    """
    folder = next((f for f in sorted(sounds.glob("fr*")) if f.is_dir() and any(f.glob("*.wav"))), None)
    if folder is None or not texts.is_file():
        raise ClipsMissing(
            "the human recordings are not installed; run: apt-get install asterisk-core-sounds-fr-wav"
            " asterisk-core-sounds-fr"
        )
    found = []
    with gzip.open(texts, "rt", encoding="utf-8") as lines:
        for line in lines:
            entry = re.fullmatch(r"([\w/-]+): (.*)", line.strip())
            # notes between brackets describe sounds, not words
            if entry is None or re.search(r"[\[(<]", entry[2]):
                continue
            path = folder / f"{entry[1]}.wav"
            if path.is_file():
                found.append((entry[1], path, entry[2]))
    found.sort()
    random.Random(seed).shuffle(found)  # noqa: S311 - a sample, not a secret
    clips: list[Utterance] = []
    for name, path, text in found:
        if len(clips) == limit:
            break
        sound = read_wav(path)
        if len(sound.pcm) >= SHORTEST_S * sound.rate_hz:
            clips.append(Utterance(sound.pcm, sound.rate_hz, text, group=name))
    return clips


async def bench_asr(
    recognizer: Recognizer,
    clips: Iterable[Utterance],
    choices: Sequence[Choice] = (),
    cpu_s: Callable[[], float] = time.process_time,
    progress: Callable[[], None] = lambda: None,
) -> dict[str, Any]:
    """Recognise every clip and return the figures; with ``choices`` the clips are answers to that question.

    ``compute_s`` is wall time an utterance; ``cpu_s`` counts the cores together.
    """
    hints = Hints(choices=tuple(choices))
    compute: list[float] = []
    audio_s = 0.0
    began = cpu_s()
    heard: list[dict[str, Any]] = []
    for clip in clips:
        stream = recognizer.open(clip.rate_hz, hints)
        stream.feed(clip.pcm)
        found = await stream.finish()
        compute.append(found.compute_s)
        audio_s += found.audio_s
        best = found.choices[0] if found.choices else None
        heard.append(
            {
                "group": clip.group,
                "said": clip.text,
                "heard": found.text,
                "expected": clip.choice,
                "choice": best.id if best is not None else None,
                "probability": round(best.probability, 3) if best is not None else 0.0,
                "errors": word_errors(clip.text, found.text),
                "words": len(comparable(clip.text)),
            }
        )
        progress()
    report = {
        "engine": recognizer.name,
        "clips": len(heard),
        "audio_s": round(audio_s, 1),
        "compute_s": {"mean": _mean(compute), "p50": _quantile(compute, 0.5), "p95": _quantile(compute, 0.95)},
        "cpu_s": round((cpu_s() - began) / max(1, len(heard)), 3),
    }
    return report | (_choice_figures(heard) if choices else _word_figures(heard)) | {"heard": heard}


def comparable(text: str) -> list[str]:
    """Return the words of ``text`` as they compare: lower case, numbers in letters, no punctuation."""
    lowered = unicodedata.normalize("NFC", text.lower()).replace("œ", "oe")
    spelt = re.sub(r"\d+", lambda number: f" {num2words(int(number[0]), lang='fr')} ", lowered)
    return re.sub(r"[^\w\s]|_", " ", spelt).split()


def word_errors(said: str, heard: str) -> int:
    """Return the words to insert, delete or replace to make one text the other."""
    return int(Levenshtein.distance(comparable(said), comparable(heard)))


def asr_table(report: dict[str, Any]) -> Table:
    """Return the figures as a table for the terminal."""
    table = Table("figure", "value", title=f"Recognition by {report['engine']}")
    for key, value in report.items():
        if key in ("engine", "heard"):
            continue
        if isinstance(value, dict):
            for name, figure in value.items():
                table.add_row(f"{key} {name}", str(figure))
        else:
            table.add_row(key, str(value))
    return table


def _word_figures(heard: list[dict[str, Any]]) -> dict[str, Any]:
    words = sum(entry["words"] for entry in heard)
    return {"wer": round(sum(entry["errors"] for entry in heard) / max(1, words), 4), "words": words}


def _choice_figures(heard: list[dict[str, Any]]) -> dict[str, Any]:
    answers = [entry for entry in heard if entry["expected"] is not None]
    sure = [entry for entry in heard if entry["probability"] >= SURE]
    groups: dict[str, list[bool]] = defaultdict(list)
    for entry in answers:
        groups[entry["group"]].append(entry["choice"] == entry["expected"])
    return {
        "right": _share(entry["choice"] == entry["expected"] for entry in answers),
        "sure": _share(entry["probability"] >= SURE for entry in answers),
        "right_when_sure": _share(entry["choice"] == entry["expected"] for entry in sure),
        "others_taken_for_answers": sum(entry["expected"] is None for entry in sure),
        "right_by_group": {group: _share(results) for group, results in sorted(groups.items())},
    }


def _share(results: Iterable[bool]) -> float:
    found = list(results)
    return round(sum(found) / max(1, len(found)), 4)


def _mean(values: list[float]) -> float:
    return round(sum(values) / max(1, len(values)), 3)


def _quantile(values: list[float], share: float) -> float:
    ordered = sorted(values)
    return round(ordered[min(len(ordered) - 1, int(share * len(ordered)))], 3) if ordered else 0.0
