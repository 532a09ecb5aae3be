"""Whether the caller speaks while the assistant does.

The far end may return our own sound: a hybrid or a loudspeaker gives it back some 20 dB softer, 100 to 300 ms late.
What is played is remembered as levels; for each possible delay the ratio of what comes back to what was played is
followed, and the delay at which that ratio is steadiest is the echo's. Sound that the echo explains is not the
caller. What is left must be speech, last, and hold vowels: a cough, a door or a click does not.
"""

from collections import deque
from math import log10

import numpy as np

from voicebot.audio.frames import FRAME_MS, FRAME_S, SILENCE_DBFS, Pcm, level_dbfs
from voicebot.audio.settings import BargeInSettings, VadSettings
from voicebot.audio.vad import Vad, Voice

_LOUD_DBFS = -35.0
_ADAPTATION = 0.03
_KNOWN_AFTER = 50.0
_DOUBT = 50.0
_STEADIEST_DB2 = 36.0
_WINDOW_FRAMES = 11
_UNVOICED_WEIGHT = 0.5
_STEADY_DB = 7.0


class _EchoPath:
    """Expects the echo's level from what was played. Levels in dBFS, delays in steps of half a frame."""

    def __init__(self, settings: BargeInSettings) -> None:
        self._gain_db = settings.echo_gain_db
        steps = 2 * (settings.echo_delay_ms // FRAME_MS) + 2
        self._played = np.full(steps, SILENCE_DBFS)
        self._mean = np.full(steps, settings.echo_gain_db)
        self._square = np.full(steps, 100.0)
        self._weight = np.zeros(steps)

    def push(self, played_dbfs: float) -> None:
        """Remember the level of the frame being played now."""
        before = float(self._played[0])
        self._played[2:] = self._played[:-2]
        self._played[0] = played_dbfs
        # an echo half a frame late holds half of each of two frames
        self._played[1] = 10 * log10((10 ** (played_dbfs / 10) + 10 ** (before / 10)) / 2)

    def expected_dbfs(self) -> float:
        """The loudest echo to expect in the frame being received now."""
        worst = float(self._played.max()) + self._gain_db
        spread = np.where(self._weight >= _KNOWN_AFTER, self._square, np.inf)
        best = int(spread.argmin())
        if spread[best] > _STEADIEST_DB2:
            return worst
        likely = self._played[max(0, best - 2) : best + 3].max()
        gain = float(self._mean[best]) + float(np.sqrt(self._square[best])) * (1 + _DOUBT / float(self._weight[best]))
        return min(worst, float(likely) + gain)

    def learn(self, received_dbfs: float) -> None:
        """Follow the ratio at each delay, from a frame in which the caller is not heard."""
        loud = self._played > _LOUD_DBFS
        if not loud.any():
            return
        rate = np.maximum(_ADAPTATION, 1 / (self._weight + 1)) * loud
        error = received_dbfs - self._played - self._mean
        self._mean += rate * error
        self._square += rate * (error * error - self._square)
        self._weight += loud


class BargeIn:
    """Decides, on a line at ``rate_hz``, when the caller interrupts. About 40 microseconds a frame.

    Feed it every 20 ms of the call, so that it knows the line's noise and echo; ask for decisions (``reset``) each time
    the assistant starts to speak.
    """

    def __init__(
        self, rate_hz: int, settings: BargeInSettings = BargeInSettings(), vad: VadSettings = VadSettings()
    ) -> None:
        self._settings = settings
        self._vad = Vad(rate_hz, vad)
        self._echo = _EchoPath(settings)
        self._recent: deque[tuple[float, bool]] = deque(maxlen=_WINDOW_FRAMES)
        self._decided = False
        self._echoing = False
        self.voice = Voice(False, False, SILENCE_DBFS, SILENCE_DBFS)
        """What the caller's last frame held."""

    @property
    def echoing(self) -> bool:
        """Whether the last frame held sound that what was played, up to ``echo_delay_ms`` before, explains."""
        return self._echoing

    @property
    def speech_ago_s(self) -> float:
        """How long ago the speech under consideration began, counted from the end of the last frame; 0 if none."""
        levels = [level for level, _ in self._recent]
        began = next((index for index, level in enumerate(levels) if level > SILENCE_DBFS), len(levels))
        return (len(levels) - began) * FRAME_S

    def feed(self, caller: Pcm, played: Pcm | None) -> bool:
        """Take 20 ms of both sides (``None``: nothing was played); ``True`` once, when the caller interrupts."""
        voice = self.voice = self._vad.feed(caller)
        self._echo.push(SILENCE_DBFS if played is None else level_dbfs(played))
        near = voice.speech and voice.level_dbfs > self._echo.expected_dbfs() + self._settings.echo_margin_db
        self._echoing = voice.speech and not near
        if not near:
            self._echo.learn(voice.level_dbfs)
        self._recent.append((voice.level_dbfs, voice.voiced) if near else (SILENCE_DBFS, False))
        if self._decided or not near:
            return False
        self._decided = self._is_speech()
        return self._decided

    def _is_speech(self) -> bool:
        """Whether the recent frames that are not echo weigh enough, and keep their level as a word does."""
        near = [(level, voiced) for level, voiced in self._recent if level > SILENCE_DBFS]
        evidence = sum(1.0 if voiced else _UNVOICED_WEIGHT for _, voiced in near) * FRAME_MS
        # a slammed door and a cough start at their loudest and die away
        loudest = max(level for level, _ in near)
        steady_ms = sum(voiced and level > loudest - _STEADY_DB for level, voiced in near) * FRAME_MS
        return evidence >= self._settings.evidence_ms and steady_ms >= self._settings.voiced_ms

    def reset(self) -> None:
        """Be ready to decide again; the line's noise and echo stay known."""
        self._recent.clear()
        self._decided = False
