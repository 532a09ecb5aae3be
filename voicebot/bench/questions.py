"""The questions of ``voicebot bench turn``: a fixed set, given voices, pauses and telephone lines."""

import itertools
import re
import tomllib
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from importlib import resources

import numpy as np

from voicebot.app import open_caller_voice
from voicebot.audio.channel import Channel
from voicebot.audio.frames import LINE_HZ, Pcm, silence
from voicebot.bench.chosen import FILES, Chosen
from voicebot.config import Settings
from voicebot.rehearsal import speech_end
from voicebot.tts.base import Manner, Voice

_STUDIO_HZ = 16000
_BEFORE_S = 0.3
_AFTER_S = 2.5
"""The line's own noise goes on after the caller has finished: where speech ends must be found in it."""
_BACKGROUND_S = 7.0
_PAUSE = re.compile(r"\s*\[([\d.]+)\]\s*")


@dataclass(frozen=True, slots=True, eq=False)
class Question:
    """One question as it reaches the line; ``speech_samples`` is where speech truly ends in ``pcm``.

    ``background`` is the line when nobody speaks.
    """

    text: str
    voice: str
    pcm: Pcm
    background: Pcm
    speech_samples: int
    hesitant: bool
    """Whether there are silences in the middle of it."""

    @property
    def speech_s(self) -> float:
        """Where speech truly ends, in seconds from the start of the sound."""
        return self.speech_samples / LINE_HZ


def pieces(marked: str) -> list[tuple[str, float]]:
    """Return what is said with the silence after each piece: "a, [0.5] b" is "a," then half a second then "b"."""
    parts = _PAUSE.split(marked)
    return [(text, float(pause)) for text, pause in zip(parts[::2], [*parts[1::2], "0"], strict=True) if text]


async def speak(marked: str, voice: Voice, channel: Channel) -> tuple[Pcm, int]:
    """Return ``marked`` spoken down a line that is open a moment before and after, and where speech truly ends in it.

    Raises:
        SynthesisError: the voice failed.
    """
    sounds = [silence(round(_BEFORE_S * _STUDIO_HZ))]
    for text, pause_s in pieces(marked):
        sounds += [part async for part in voice.speak(text, _STUDIO_HZ, Manner())]
        # the voice leaves a pause of its own after each piece: the one that is asked for replaces it
        sounds[-1] = sounds[-1][: speech_end(sounds[-1], _STUDIO_HZ)]
        sounds.append(silence(round(pause_s * _STUDIO_HZ)))
    clean = np.concatenate(sounds)
    ends = speech_end(clean, _STUDIO_HZ) * LINE_HZ // _STUDIO_HZ
    return channel.apply(np.concatenate((clean, silence(round(_AFTER_S * _STUDIO_HZ)))), _STUDIO_HZ), ends


async def questions(settings: Settings, limit: int = 0, chosen: Chosen = Chosen.FIXED) -> Sequence[Question]:
    """Render the questions of a set (kept on disk afterwards): ``limit`` of them spread over it, 0 for all.

    Raises:
        SynthesisError: a caller's voice is missing; the message says how to install it.
    """
    source = resources.files("voicebot.bench").joinpath(FILES[chosen]).read_text(encoding="utf-8")
    document = tomllib.loads(source)
    found = []
    async with AsyncExitStack() as stack:
        loaded = {name: open_caller_voice(name, settings, stack) for name in document["voices"]}
        voices, lines = itertools.cycle(document["voices"]), itertools.cycle(document["lines"])
        cast = list(zip(document["set"]["questions"], voices, lines, strict=False))
        step = max(1.0, len(cast) / limit) if limit else 1.0
        for seed in sorted({int(index * step) for index in range(limit or len(cast)) if index * step < len(cast)}):
            marked, name, line = cast[seed]
            channel = Channel(seed=seed, **line)
            pcm, ends = await speak(marked, loaded[name], channel)
            background = channel.apply(silence(round(_BACKGROUND_S * _STUDIO_HZ)), _STUDIO_HZ)
            text = " ".join(part for part, _ in pieces(marked))
            found.append(Question(text, name, pcm, background, ends, len(pieces(marked)) > 1))
    return found
