"""Voice or not, frame by frame.

WebRTC's detector decides on the spectrum; three guards decide what it cannot. The noise floor: a frame must stand out
of the lowest level of the last seconds (minimum statistics, after R. Martin, IEEE Trans. Speech and Audio Processing
9(5), 2001), which also removes WebRTC's hangover, so that the end of speech is found where it is. The stuck guard:
when WebRTC stays on without a pause, as it does on music, the level alone decides, with a wider margin. The voicing
measure: periodicity at a human pitch that does not die away, which clicks, coughs and doors lack.
"""

from collections import deque
from dataclasses import dataclass
from math import log10

import numpy as np
import numpy.typing as npt
import webrtcvad

from voicebot.audio.frames import FRAME_S, FULL_SCALE, SILENCE_DBFS, Pcm, frame_samples
from voicebot.audio.settings import VadSettings

_FLOOR_MIN_DBFS = -75.0
_FLOOR_MAX_DBFS = -25.0
_SUB_WINDOW_FRAMES = 25
_SMOOTHING = 0.5
_PITCH_LOW_HZ, _PITCH_HIGH_HZ = 70, 400
_PAUSE_FRAMES = 10
_VOICED = 0.5
_ROOM_DB = 10.0
_NOISY_ROOM_DB = 4.0
_QUIET_DBFS, _QUIET_TO_NOISY_DB = -55.0, 13.0
_LINE_NOISE_DBFS = -50.0
_UNKNOWN_SUB_WINDOWS = 2
_DYING_DB = 7.0
_DYING_FRAMES = 10
_USUAL_PEAK_DBFS = -20.0
_PEAK_RISE, _PEAK_FALL = 0.3, 0.02


@dataclass(frozen=True, slots=True)
class Voice:
    """What one frame holds.

    ``speech`` is the decision; ``voiced`` says that it stands out of the noise, periodic at a human pitch and not dying
    away: a vowel. Levels in dBFS.
    """

    speech: bool
    voiced: bool
    level_dbfs: float
    floor_dbfs: float


class Vad:
    """Tells voice from noise in a stream of 20 ms frames at ``rate_hz`` (8000, 16000, 32000 or 48000).

    About 15 microseconds a frame. Feed it every frame of the call, so that it knows the line's noise.

    Raises:
        ValueError: WebRTC does not take this rate.
    """

    def __init__(self, rate_hz: int, settings: VadSettings = VadSettings()) -> None:
        if not webrtcvad.valid_rate_and_frame_length(rate_hz, frame_samples(rate_hz)):
            raise ValueError(f"voice detection takes 8000, 16000, 32000 or 48000 Hz, not {rate_hz}")
        self._settings = settings
        self._rate_hz = rate_hz
        self._webrtc = webrtcvad.Vad(settings.aggressiveness)
        self._power = _power(_LINE_NOISE_DBFS)
        self._levels: deque[float] = deque(maxlen=_DYING_FRAMES)
        self._minima: deque[float] = deque(maxlen=max(1, round(settings.floor_window_s / FRAME_S / _SUB_WINDOW_FRAMES)))
        self._minimum = float("inf")
        self._in_window = 0
        self._on_frames = 0
        self._off_frames = 0
        self._peak_dbfs = _USUAL_PEAK_DBFS
        self._voicing = _Voicing(rate_hz)

    @property
    def floor_dbfs(self) -> float:
        """The level of the line's noise, as estimated now."""
        power = min(self._minimum, min(self._minima, default=float("inf")))
        # a call may begin with speech: until the line is known, its noise is taken to be a usual one
        if len(self._minima) < _UNKNOWN_SUB_WINDOWS:
            power = min(power, _power(_LINE_NOISE_DBFS))
        return min(_FLOOR_MAX_DBFS, max(_FLOOR_MIN_DBFS, _dbfs(power)))

    @property
    def stuck(self) -> bool:
        """Whether WebRTC has stayed on for so long that it is disbelieved."""
        return self._on_frames * FRAME_S >= self._settings.stuck_s

    def feed(self, frame: Pcm) -> Voice:
        """Return what ``frame`` (exactly 20 ms) holds."""
        samples = frame.astype(np.float32)
        power = float(np.dot(samples, samples)) / max(1, frame.size)
        level = _dbfs(power)
        flagged = bool(self._webrtc.is_speech(frame.tobytes(), self._rate_hz))
        self._follow_floor(power)
        floor = self.floor_dbfs
        self._follow_stuck(flagged)
        settings = self._settings
        stands_out = level > max(floor + self._margin_db(floor), settings.quietest_dbfs)
        periodicity = self._voicing.feed(samples, stands_out)
        speech = stands_out and flagged
        # a vowel keeps its level; a shock rings, but dies away
        self._levels.append(level)
        voiced = stands_out and periodicity >= _VOICED and level > max(self._levels) - _DYING_DB
        if speech:
            step = level - self._peak_dbfs
            self._peak_dbfs += step * (_PEAK_RISE if step > 0 else _PEAK_FALL)
        return Voice(speech, voiced, level, floor)

    def _follow_floor(self, power: float) -> None:
        # power, not decibels: one lost packet, replaced by silence, must not drag the floor down
        self._power += (power - self._power) * _SMOOTHING
        self._minimum = min(self._minimum, self._power)
        self._in_window += 1
        if self._in_window >= _SUB_WINDOW_FRAMES:
            self._minima.append(self._minimum)
            self._minimum = self._power
            self._in_window = 0

    def _margin_db(self, floor: float) -> float:
        """How far above the floor voice must stand.

        Where the caller's own level leaves room, more than the least: people talking behind the caller rise above
        their own floor, though not near the caller's level.
        """
        settings = self._settings
        if self.stuck:
            return settings.stuck_margin_db
        # the noisier the line, the nearer to the caller's own level the rest of the room is
        behind = settings.behind_db - _NOISY_ROOM_DB * min(1.0, max(0.0, (floor - _QUIET_DBFS) / _QUIET_TO_NOISY_DB))
        return min(max(self._peak_dbfs - behind - floor, settings.margin_db), settings.margin_db + _ROOM_DB)

    def _follow_stuck(self, flagged: bool) -> None:
        if flagged:
            self._on_frames += 1
            self._off_frames = 0
            return
        self._off_frames += 1
        if self._off_frames >= _PAUSE_FRAMES:
            self._on_frames = 0


class _Voicing:
    """Periodicity of the last 40 ms at a human pitch: the highest normalised autocorrelation, 0 to 1."""

    def __init__(self, rate_hz: int) -> None:
        self._decimation = max(1, rate_hz // 8000)
        rate = rate_hz // self._decimation
        self._shortest, self._longest = rate // _PITCH_HIGH_HZ, rate // _PITCH_LOW_HZ
        self._previous = np.zeros(frame_samples(rate), dtype=np.float32)

    def feed(self, samples: npt.NDArray[np.float32], wanted: bool) -> float:
        """Return the periodicity after this frame (0 when not ``wanted``, to spare the computation)."""
        if self._decimation > 1:
            samples = samples.reshape(-1, self._decimation).mean(axis=1)
        both = np.concatenate((self._previous, samples))
        self._previous = samples
        if not wanted:
            return 0.0
        length = both.size - self._longest
        recent = both[self._longest :]
        products = np.correlate(both, recent, "valid")[: self._longest - self._shortest + 1]
        energies = np.cumsum(both * both)
        # products[i] is at lag longest - i, whose window starts at sample i
        windows = energies[length - 1 : length - 1 + products.size].copy()
        windows[1:] -= energies[: products.size - 1]
        own = float(np.dot(recent, recent))
        if own <= 0.0:
            return 0.0
        return float(np.max(products / np.sqrt(windows * own + 1.0)))


def _power(dbfs: float) -> float:
    return FULL_SCALE * FULL_SCALE * 10 ** (dbfs / 10)


def _dbfs(power: float) -> float:
    if power < 0.27:
        return SILENCE_DBFS
    return 10.0 * log10(power / (FULL_SCALE * FULL_SCALE))
