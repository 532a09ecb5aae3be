"""The few numbers that tune hearing and playing, with the profiles a configuration may name.

Every duration is in the unit its name ends with; frames are 20 ms, so durations are effectively rounded to that.
"""

from dataclasses import dataclass, replace
from enum import Enum


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise ValueError(message)


@dataclass(frozen=True, slots=True)
class VadSettings:
    """How voice is told from noise.

    ``aggressiveness`` is WebRTC's mode, 0 (takes nearly all sound for voice) to 3. A frame is voice only when it is
    also ``margin_db`` above the noise floor and above ``quietest_dbfs``. The floor is the lowest level of the last
    ``floor_window_s``. When WebRTC has said "voice" for ``stuck_s`` without a pause, steady sound (music, an engine)
    is holding it on and the margin is raised to ``stuck_margin_db``. What is ``behind_db`` below the caller's loudest
    speech is taken for people in the background, up to 10 dB beyond the margin.
    """

    aggressiveness: int = 2
    margin_db: float = 7.0
    quietest_dbfs: float = -56.0
    floor_window_s: float = 3.0
    stuck_s: float = 6.0
    stuck_margin_db: float = 14.0
    behind_db: float = 16.0

    def __post_init__(self) -> None:
        _require(self.aggressiveness in (0, 1, 2, 3), f"aggressiveness must be 0 to 3, not {self.aggressiveness}")
        _require(self.margin_db > 0, f"margin_db must be positive, not {self.margin_db}")
        _require(self.floor_window_s >= 0.5, f"floor_window_s must be at least 0.5, not {self.floor_window_s}")
        _require(self.stuck_s > 0, f"stuck_s must be positive, not {self.stuck_s}")
        _require(self.behind_db > 0, f"behind_db must be positive, not {self.behind_db}")


@dataclass(frozen=True, slots=True)
class TurnSettings:
    """When a caller's turn begins and ends.

    A turn begins after ``start_ms`` of speech; what began and held less than ``min_speech_ms`` of speech in all, or no
    voiced sound, was noise and is discarded. ``pause_ms`` is the first short pause, which starts speculative
    recognition. ``preroll_ms`` is how much sound before the detected onset the recogniser should also hear.
    ``max_turn_s`` cuts an endless turn. ``patience_scale`` multiplies every waiting time, for callers who make long
    pauses.
    """

    start_ms: int = 60
    min_speech_ms: int = 120
    pause_ms: int = 120
    preroll_ms: int = 240
    max_turn_s: float = 30.0
    patience_scale: float = 1.0

    def __post_init__(self) -> None:
        _require(20 <= self.start_ms <= 500, f"start_ms must be 20 to 500, not {self.start_ms}")
        _require(self.min_speech_ms >= self.start_ms, "min_speech_ms must be at least start_ms")
        _require(60 <= self.pause_ms <= 350, f"pause_ms must be 60 to 350, not {self.pause_ms}")
        _require(0 <= self.preroll_ms <= 1000, f"preroll_ms must be 0 to 1000, not {self.preroll_ms}")
        _require(self.max_turn_s >= 1, f"max_turn_s must be at least 1, not {self.max_turn_s}")
        _require(0.5 <= self.patience_scale <= 4, f"patience_scale must be 0.5 to 4, not {self.patience_scale}")

    def scaled(self, scale: float) -> "TurnSettings":
        """Return the same settings with ``patience_scale`` replaced.

        Raises:
            ValueError: ``scale`` is outside 0.5 to 4.
        """
        return replace(self, patience_scale=scale)


class TurnTaking(Enum):
    """Named turn-taking profiles."""

    BRISK = TurnSettings(patience_scale=0.85)
    NORMAL = TurnSettings()
    PATIENT = TurnSettings(patience_scale=1.6, max_turn_s=45.0)


@dataclass(frozen=True, slots=True)
class BargeInSettings:
    """When the caller is taken to interrupt.

    ``evidence_ms`` of speech within the last 220 ms, unvoiced sound counting for half, at least ``voiced_ms``
    of it voiced, must stand out of the assistant's own echo.
    ``echo_gain_db`` is the loudest echo expected before the line's own is known, against what was played;
    ``echo_delay_ms`` the latest. ``echo_margin_db`` is how far above the expected echo the caller must be.
    """

    evidence_ms: int = 70
    voiced_ms: int = 60
    echo_gain_db: float = -15.0
    echo_delay_ms: int = 500
    echo_margin_db: float = 5.0

    def __post_init__(self) -> None:
        _require(40 <= self.evidence_ms <= 200, f"evidence_ms must be 40 to 200, not {self.evidence_ms}")
        _require(0 <= self.voiced_ms <= self.evidence_ms, "voiced_ms must be at most evidence_ms")
        _require(-60 <= self.echo_gain_db <= 6, f"echo_gain_db must be -60 to 6, not {self.echo_gain_db}")
        _require(100 <= self.echo_delay_ms <= 2000, f"echo_delay_ms must be 100 to 2000, not {self.echo_delay_ms}")
        _require(0 < self.echo_margin_db <= 20, f"echo_margin_db must be 0 to 20, not {self.echo_margin_db}")
