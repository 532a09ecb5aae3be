"""How well requests are understood: labelled texts as they are, or spoken, sent down a line and recognised first."""

import dataclasses
import itertools
import random
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from pathlib import Path

import numpy as np

from voicebot.app import Service, open_caller_voice
from voicebot.asr.base import Hints
from voicebot.audio.channel import Channel
from voicebot.audio.frames import LINE_HZ
from voicebot.bench.hearing import Hearing
from voicebot.dialog.nlu.evaluate import Report, Row, evaluate, read_rows
from voicebot.profile import Profile
from voicebot.tts.base import Manner

NATURAL_VOICES = (
    "ff_siwis",
    "ff_siwis+bm_george",
    "ff_siwis+if_sara",
    "ff_siwis+am_michael",
    "ff_siwis+af_heart",
    "ff_siwis+pm_alex",
)
VOICES = (*NATURAL_VOICES, "pico")
SNRS_DB = (30.0, 25.0, 20.0, 15.0)
_STUDIO_HZ = 16000


def sample(path: Path, limit: int, seed: int = 1) -> list[Row]:
    """Return ``limit`` rows of a labelled file drawn by ``seed`` (all of them when 0).

    Raises:
        NluDataError: the file is not a labelled set.
    """
    rows = read_rows(path)
    return random.Random(seed).sample(rows, limit) if 0 < limit < len(rows) else rows  # noqa: S311 - a draw, no secret


async def spoken(
    service: Service, rows: Sequence[Row], phrases: tuple[str, ...], progress: Callable[[], None] = lambda: None
) -> list[Row]:
    """Return the rows as the recogniser heard them, each by the next voice and through the next line quality.

    Sound and recognition are kept in the data folder, so that the same rows are heard again in no time.

    Raises:
        SynthesisError: a caller's voice is missing; the message says how to install it.
    """
    hearing = Hearing(service.recognizer, service.settings.asr, service.settings.paths.data / "heard")
    heard = []
    async with AsyncExitStack() as stack:
        voices = [open_caller_voice(name, service.settings, stack) for name in VOICES]
        for seed, (row, voice, snr_db) in enumerate(
            zip(rows, itertools.cycle(voices), itertools.cycle(SNRS_DB), strict=False)
        ):
            parts = [part async for part in voice.speak(row.text, _STUDIO_HZ, Manner())]
            pcm = Channel(snr_db=snr_db, seed=seed).apply(np.concatenate(parts), _STUDIO_HZ)
            transcript = await hearing.hear(pcm, LINE_HZ, Hints(phrases=phrases))
            heard.append(dataclasses.replace(row, text=transcript.text, alternatives=transcript.alternatives))
            progress()
    return heard


def measure(profile: Profile, rows: Sequence[Row]) -> Report:
    """Return how ``profile`` understands ``rows``."""
    engine = profile.understander
    return evaluate(engine, rows, guide=engine.finder.objects.canonical)


def by_voice(profile: Profile, rows: Sequence[Row]) -> dict[str, Report]:
    """Return the figures of each voice, for rows that ``spoken`` returned."""
    return {voice: measure(profile, rows[first :: len(VOICES)]) for first, voice in enumerate(VOICES)}
