"""What makes the assistant fall silent though nobody speaks to it: sounds made beside the telephone while it talks.

Each sound comes down a line with noise and the echo of the assistant's own voice; a sound that stops it is a false
barge-in. So that deafness is no merit, words said to it are counted too: those must stop it. The sounds are synthetic
and drawn by seed; speech beside the telephone is a caller's voice, far and soft.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from voicebot.app import new_dialogue
from voicebot.audio.bargein import BargeIn
from voicebot.audio.channel import Channel
from voicebot.audio.frames import LINE_HZ, Pcm, frame_samples
from voicebot.audio.level import active_level_dbfs
from voicebot.bench.questions import Question
from voicebot.bench.turn import AT, Stage, stage_manner

_EACH = 10
_LEAD_S = 2.0
_LATEST_S = 1.0
_ECHO_S, _ECHO_DB = 0.16, -22.0
_ASIDE_DB = -24.0
"""Speech from across the room: under the caller's own by as much as a telephone held to a mouth makes it."""

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Interruptions:
    """How many sounds of each kind there were, and how many of them silenced the assistant."""

    tried: Mapping[str, int]
    silenced: Mapping[str, int]

    def to_json(self) -> dict[str, Any]:
        """Return what the command prints; words are told apart, they should silence it."""
        kinds = [kind for kind in self.tried if kind != "words"]
        return {
            "beside_sounds": sum(self.tried[kind] for kind in kinds),
            "false_barge_ins": sum(self.silenced[kind] for kind in kinds),
            "false_barge_ins_by_sound": {kind: self.silenced[kind] for kind in kinds},
            "words_over_the_assistant": self.tried.get("words", 0),
            "words_heard_over_it": self.silenced.get("words", 0),
        }


async def interruptions(stage: Stage, asked: Sequence[Question]) -> Interruptions:
    """Measure them while the assistant greets, with ``asked`` as what is said to it and beside it; takes seconds.

    Raises:
        SynthesisError: the assistant's voice failed.
    """
    greeting = new_dialogue(stage.profile, lambda: AT, seed="interruptions").greet()
    clips = [
        clip for say in greeting.says async for clip in stage.rendered.speak(say.text, LINE_HZ, stage_manner(stage))
    ]
    spoken = [question.pcm[: question.speech_samples] for question in asked if not question.hesitant]
    return await asyncio.to_thread(measure, np.concatenate(clips), spoken)


def measure(assistant: Pcm, spoken: Sequence[Pcm], each: int = _EACH) -> Interruptions:
    """Return what sounds beside the telephone, and ``spoken`` (8 kHz) near and far, do to ``assistant`` talking.

    ``each`` sounds of a kind are tried. Nothing is measured when the assistant is too brief, or nothing is said to it.
    """
    if not spoken or assistant.size < (_LEAD_S + _LATEST_S + 1) * LINE_HZ:
        return Interruptions({}, {})
    tried: dict[str, int] = {}
    silenced: dict[str, int] = {}
    for kind, make in (("cough", _cough), ("door", _door), ("throat", _throat), ("dishes", _dishes), ("wind", _wind)):
        for seed in range(each):
            _try(kind, make(np.random.default_rng(seed)), assistant, seed, tried, silenced)
    for seed, pcm in enumerate(spoken[:each]):
        far = _at_dbfs(pcm, -22.0 + _ASIDE_DB)
        _try("speech beside", far, assistant, seed, tried, silenced)
        _try("words", _at_dbfs(pcm, -22.0), assistant, seed, tried, silenced)
    return Interruptions(tried, silenced)


def _try(kind: str, sound: Floats, assistant: Pcm, seed: int, tried: dict[str, int], silenced: dict[str, int]) -> None:
    tried[kind] = tried.get(kind, 0) + 1
    silenced[kind] = silenced.get(kind, 0) + silences(sound, assistant, seed)


def silences(sound: Floats, assistant: Pcm, seed: int) -> bool:
    """Return whether ``sound`` (8 kHz, full scale 1), two seconds into ``assistant``, makes it fall silent."""
    played = assistant.astype(np.float64) / 32768
    line = np.random.default_rng(seed + 1000).standard_normal(played.size) * 10 ** (-55 / 20)
    delay = round(_ECHO_S * LINE_HZ)
    line[delay:] += played[:-delay] * 10 ** (_ECHO_DB / 20)
    start = round(_LEAD_S * LINE_HZ)
    stop = min(line.size, start + sound.size)
    line[start:stop] += sound[: stop - start]
    heard = (np.clip(line, -1, 1) * 32767).astype(np.int16)
    received = Channel(snr_db=None, level_dbfs=None, seed=seed).apply(heard, LINE_HZ)
    barge_in, size = BargeIn(LINE_HZ), frame_samples(LINE_HZ)
    last = min(stop + round(_LATEST_S * LINE_HZ), assistant.size, received.size) - size
    return any(barge_in.feed(received[at : at + size], assistant[at : at + size]) for at in range(0, last, size))


def _at_dbfs(pcm: Pcm, dbfs: float) -> Floats:
    gain: Floats = pcm.astype(np.float64) / 32768 * 10 ** ((dbfs - active_level_dbfs(pcm, LINE_HZ)) / 20)
    return gain


def _scaled(sound: Floats, dice: np.random.Generator, low_dbfs: float, high_dbfs: float) -> Floats:
    """Return ``sound`` with its peak drawn between two levels."""
    scaled: Floats = sound / np.max(np.abs(sound)) * 10 ** (dice.uniform(low_dbfs, high_dbfs) / 20)
    return scaled


def _breath(dice: np.random.Generator, seconds: float, width: int) -> Floats:
    breath: Floats = np.convolve(dice.standard_normal(int(seconds * LINE_HZ)), np.hanning(width), "same")
    return breath


def _cough(dice: np.random.Generator) -> Floats:
    """One to three bursts of breath, loudest at their start, some with a little voice in them."""
    parts: list[Floats] = []
    for _ in range(int(dice.integers(1, 4))):
        burst = _breath(dice, dice.uniform(0.12, 0.3), int(dice.integers(3, 9)))
        times = np.arange(burst.size) / LINE_HZ
        voice = dice.uniform(0, 0.5) * np.sign(np.sin(2 * np.pi * dice.uniform(90, 200) * times))
        shaped = (burst + voice) * np.minimum(times / 0.01, 1) * np.exp(-times / dice.uniform(0.05, 0.1))
        parts += [shaped, np.zeros(int(dice.uniform(0.08, 0.25) * LINE_HZ))]
    return _scaled(np.concatenate(parts), dice, -14, -4)


def _door(dice: np.random.Generator) -> Floats:
    """A slam, its rumble and its ring."""
    times = np.arange(int(0.5 * LINE_HZ)) / LINE_HZ
    rumble = _breath(dice, 0.5, 9)[: times.size] * np.exp(-times * dice.uniform(12, 25))
    ring = np.sin(2 * np.pi * dice.uniform(150, 500) * times) * np.exp(-times * dice.uniform(15, 35))
    shock = dice.standard_normal(times.size) * np.exp(-times * 120)
    return _scaled(rumble / 2 + ring + shock, dice, -12, -3)


def _throat(dice: np.random.Generator) -> Floats:
    """A throat cleared: a short growl, its pulses irregular."""
    seconds = dice.uniform(0.2, 0.4)
    pulses = np.zeros(int(seconds * LINE_HZ))
    at = 0
    while at < pulses.size:
        pulses[at] = dice.uniform(0.3, 1.0)
        at += int(LINE_HZ / dice.uniform(40, 110))
    growl = np.convolve(pulses, np.exp(-np.arange(60) / 12) * np.cos(np.arange(60) * 0.5), "same")
    return _scaled(growl + 0.05 * dice.standard_normal(growl.size), dice, -18, -8)


def _dishes(dice: np.random.Generator) -> Floats:
    """Plates and spoons: a few high tones that ring out."""
    sound = np.zeros(int(1.2 * LINE_HZ))
    for _ in range(int(dice.integers(3, 8))):
        at = int(dice.uniform(0, 0.9) * LINE_HZ)
        times = np.arange(sound.size - at) / LINE_HZ
        sound[at:] += np.sin(2 * np.pi * dice.uniform(900, 3000) * times) * np.exp(-times * dice.uniform(20, 60))
    return _scaled(sound, dice, -18, -8)


def _wind(dice: np.random.Generator) -> Floats:
    """Wind on the microphone, or a car that passes: noise that swells and dies in a second or two."""
    noise = _breath(dice, dice.uniform(1.0, 2.0), 15)
    return _scaled(noise * np.hanning(noise.size), dice, -22, -10)
