"""Where the voice is in a stretch of sound, by energy alone.

Used to refuse sounds that hold no speech at all (silence, steady noise, hum), to cut what is given to a batch engine
down to the utterance, and to know that nothing was said since a speculation began. It is not the detector of turns:
``voicebot.audio`` does that with a real VAD, frame by frame.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from voicebot.audio.frames import FULL_SCALE, SILENCE_DBFS, Pcm, frame_samples

FLOOR_PERCENTILE = 10.0
QUIETEST_SPEECH_DBFS = -58.0
LEAST_CONTRAST_DB = 4.0
"""A steady noise stays within about 2.5 dB from one 20 ms frame to the next; speech moves by 10 dB and more."""
LOUD_FRAMES = 5
"""The level of speech is that of its fifth loudest frame: 100 ms at least, so that a click is not a word."""


@dataclass(frozen=True, slots=True)
class Activity:
    """The extent of the voice in samples, and the levels it was told by; ``start == end`` when there is none."""

    start: int
    end: int
    floor_dbfs: float
    speech_dbfs: float

    @property
    def threshold_dbfs(self) -> float:
        """The level above which a frame counts as voice."""
        return self.floor_dbfs + max(3.0, 0.3 * (self.speech_dbfs - self.floor_dbfs))

    @property
    def present(self) -> bool:
        """Whether there is any voice."""
        return self.end > self.start


def frame_levels(pcm: Pcm, rate_hz: int) -> npt.NDArray[np.float32]:
    """Return the level of each 20 ms frame in dBFS, without its mean (a telephone line may carry an offset)."""
    size = frame_samples(rate_hz)
    count = len(pcm) // size
    if count == 0:
        return np.zeros(0, dtype=np.float32)
    frames = pcm[: count * size].reshape(count, size).astype(np.float32)
    frames = frames - frames.mean(axis=1, keepdims=True)
    rms = np.sqrt((frames * frames).mean(axis=1))
    least = 10.0 ** (SILENCE_DBFS / 20.0)
    levels: npt.NDArray[np.float32] = (20.0 * np.log10(np.maximum(rms / FULL_SCALE, least))).astype(np.float32)
    return levels


def find_activity(pcm: Pcm, rate_hz: int) -> Activity:
    """Find the voice in ``pcm``: from its first to its last frame that stands out of the floor."""
    levels = frame_levels(pcm, rate_hz)
    if len(levels) < LOUD_FRAMES:
        return Activity(0, 0, SILENCE_DBFS, SILENCE_DBFS)
    floor = max(float(np.percentile(levels, FLOOR_PERCENTILE)), SILENCE_DBFS)
    speech = float(np.sort(levels)[-LOUD_FRAMES])
    found = Activity(0, 0, floor, speech)
    if speech < QUIETEST_SPEECH_DBFS or speech - floor < LEAST_CONTRAST_DB:
        return found
    loud = np.flatnonzero(levels > found.threshold_dbfs)
    size = frame_samples(rate_hz)
    return Activity(int(loud[0]) * size, int(loud[-1] + 1) * size, floor, speech)


def only_silence_since(pcm: Pcm, rate_hz: int, position: int) -> bool:
    """Tell whether nothing was said from sample ``position`` on: fewer than three frames above the voice's level.

    Three frames (60 ms) are the shortest syllable; less is a click or a breath.
    """
    tail = frame_levels(pcm[position:], rate_hz)
    if len(tail) == 0:
        return True
    before = find_activity(pcm[:position], rate_hz)
    if not before.present:
        return not find_activity(pcm, rate_hz).present
    middle = max(before.threshold_dbfs, (before.floor_dbfs + before.speech_dbfs) / 2)
    return int((tail > middle).sum()) < 3
