"""What telephone speech makes of the examples: said by callers' voices, sent down lines, heard by the recogniser.

Understanding learns from these beside the examples as written (``lexique/entendus.csv`` of a profile). Run as
``python -m voicebot.bench.misheard CONFIG RAW.csv --voice NAME --seconds N``, once a voice: each run goes on where the
last stopped, in an order that spreads any prefix evenly over the intents, subjects outside the service included. What
is spoken comes from the examples alone, never from a labelled set. Then ``... CONFIG RAW.csv --keep entendus.csv``
writes what teaches something: neither what was heard as said, nor what no longer sounds like it.
"""

import argparse
import asyncio
import csv
import random
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

import numpy as np

from voicebot.app import open_recognizer
from voicebot.asr.base import Hints, Recognizer
from voicebot.audio.channel import Channel, Noise
from voicebot.audio.frames import LINE_HZ
from voicebot.config import Settings, load_settings
from voicebot.dialog.knowledge.load import load_knowledge
from voicebot.dialog.nlu.data import load_nlu_data
from voicebot.dialog.nlu.examples import OTHER, Example, examples_of
from voicebot.dialog.nlu.normalise import normalise
from voicebot.dialog.nlu.phonetic import distance
from voicebot.dialog.nlu.views import ACTS
from voicebot.profile import profile_folders
from voicebot.tts.base import Manner, Voice
from voicebot.tts.engines import load_caller_voice

COLUMNS = ("dit", "intention", "entendu", "autres", "voix", "ligne")
KEPT = ("dit", "intention", "entendu", "voix", "ligne")
ALTERNATIVES = " / "
_STUDIO_HZ = 16000
_RESEMBLES = 0.45
"""From this distance in sound, what was heard has nothing left of what was said."""
_NEXT_BEST = 2
"""So many other hypotheses of the recogniser are kept: a caller's turn is understood from several as well."""
_OTHERS_A_ROUND = 10
_ACTS_EVERY = 3
_SPEEDS = (0.9, 1.0, 1.1, 1.2)
_PITCHES = (0.9, 0.95, 1.0, 1.06, 1.12)
"""Sound played this much faster is another person's: voice, throat and tempo together."""
_SNRS_DB = (30.0, 24.0, 18.0, 14.0, 11.0)
_NOISES: tuple[Noise, ...] = ("white", "pink", "babble")


def order(examples: Sequence[Example], seed: int) -> Iterator[Example]:
    """Yield one example of each intent, and several on other subjects, then the next ones, until none is left."""
    waiting: dict[str, list[Example]] = defaultdict(list)
    for example in examples:
        if example.first:
            waiting[example.intent].append(example)
    for intent, own in waiting.items():
        random.Random(f"{seed} {intent}").shuffle(own)  # noqa: S311 - a sample, no secret
    turn = 0
    while any(waiting.values()):
        for intent, own in waiting.items():
            if intent in ACTS and turn % _ACTS_EVERY:
                continue
            for _ in range(_OTHERS_A_ROUND if intent == OTHER else 1):
                if own:
                    yield own.pop()
        turn += 1


def read_said(file: Path) -> set[str]:
    """Return the examples already heard in ``file``."""
    if not file.is_file():
        return set()
    with file.open(encoding="utf-8", newline="") as lines:
        return {row["dit"] for row in csv.DictReader(lines)}


class Booth:
    """One voice, one line drawn for each sentence, and the recogniser as calls use it."""

    def __init__(self, name: str, voice: Voice, recognizer: Recognizer, phrases: tuple[str, ...]) -> None:
        self._name = name
        self._voice = voice
        self._recognizer = recognizer
        self._hints = Hints(phrases=phrases, words=False)

    async def row(self, example: Example) -> dict[str, str]:
        """Return the line of the file for ``example``, said and heard once."""
        chance = random.Random(f"{self._name} {example.text}")  # noqa: S311 - a line, no secret
        snr_db, noise, speed = chance.choice(_SNRS_DB), chance.choice(_NOISES), chance.choice(_SPEEDS)
        parts = [part async for part in self._voice.speak(example.text, _STUDIO_HZ, Manner(speed=speed))]
        line = Channel(snr_db=snr_db, noise=noise, seed=chance.randrange(1 << 30))
        stream = self._recognizer.open(LINE_HZ, self._hints)
        stream.feed(line.apply(np.concatenate(parts), round(_STUDIO_HZ * chance.choice(_PITCHES))))
        heard = await stream.finish()
        return {
            "dit": example.text,
            "intention": example.intent,
            "entendu": heard.text,
            "autres": ALTERNATIVES.join(heard.alternatives),
            "voix": self._name,
            "ligne": f"{noise} {snr_db:.0f} dB",
        }


async def hear(settings: Settings, file: Path, voice_name: str, seconds: float, seed: int = 1) -> int:
    """Add lines to ``file`` for ``seconds``; return how many.

    Raises:
        SynthesisError, RecognitionError: an engine is missing or failed.
    """
    folders = profile_folders(settings.call.profile, settings.paths.profiles)
    said = read_said(file)
    left = (one for one in order(examples_of(load_nlu_data(folders)), seed) if one.text not in said)
    new = not said
    count = 0
    async with AsyncExitStack() as stack:
        recognizer = open_recognizer(settings, stack)
        voice = load_caller_voice(voice_name, settings.paths.models, settings.tts.threads)
        stack.push_async_callback(voice.close)
        booth = Booth(voice_name, voice, recognizer, load_knowledge(folders).vocabulary)
        file.parent.mkdir(parents=True, exist_ok=True)
        until_s = time.monotonic() + seconds
        with file.open("a", encoding="utf-8", newline="") as lines:
            table = csv.DictWriter(lines, COLUMNS, lineterminator="\n")
            if new:
                table.writeheader()
            for example in left:
                if time.monotonic() > until_s:
                    break
                table.writerow(await booth.row(example))
                lines.flush()
                count += 1
    return count


def keep(raw: Path, out: Path) -> int:
    """Write to ``out`` the lines of ``raw`` that teach something; return how many."""
    with raw.open(encoding="utf-8", newline="") as lines:
        rows = [
            row for line in csv.DictReader(lines) for row in _hypotheses(line) if _teaches(row["dit"], row["entendu"])
        ]
    rows.sort(key=lambda row: (row["intention"], row["dit"]))
    with out.open("w", encoding="utf-8", newline="") as lines:
        table = csv.DictWriter(lines, KEPT, delimiter=";", lineterminator="\n", extrasaction="ignore")
        table.writeheader()
        table.writerows(rows)
    return len(rows)


def _hypotheses(row: dict[str, str]) -> Iterator[dict[str, str]]:
    """Yield ``row``, then once more for each of the next best texts that is not the same but for its punctuation."""
    known: set[str] = set()
    for heard in (row["entendu"], *row["autres"].split(ALTERNATIVES)[:_NEXT_BEST]):
        plain = normalise(heard).plain
        if plain not in known:
            known.add(plain)
            yield {**row, "entendu": heard}


def _teaches(said: str, heard: str) -> bool:
    return normalise(said).plain != normalise(heard).plain and distance(said, heard) < _RESEMBLES


def main() -> None:
    """Run one piece of the work."""
    parser = argparse.ArgumentParser(prog="python -m voicebot.bench.misheard", description=__doc__)
    parser.add_argument("config", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--voice", default="ff_siwis+bm_george", help="a caller's voice")
    parser.add_argument("--seconds", type=float, default=200.0, help="how long to go on")
    parser.add_argument("--threads", type=int, default=1, help="cores to use")
    parser.add_argument("--keep", type=Path, metavar="FILE", help="hear nothing: write what teaches something")
    given = parser.parse_args()
    if given.keep is not None:
        print(f"{given.keep}: {keep(given.out, given.keep)} examples")  # noqa: T201 - a command
        return
    settings = load_settings(given.config)
    asr, tts = replace(settings.asr, threads=given.threads), replace(settings.tts, threads=given.threads)
    settings = replace(settings, asr=asr, tts=tts)
    count = asyncio.run(hear(settings, given.out, given.voice, given.seconds))
    print(f"{given.out}: {count} more examples heard")  # noqa: T201 - a command


if __name__ == "__main__":
    main()
