"""What a configuration may say of the voice."""

from dataclasses import dataclass
from pathlib import Path

ENGINES = ("auto", "piper", "kokoro", "pico")
SLOWEST, FASTEST = 0.5, 2.0


@dataclass(frozen=True, slots=True)
class TtsSettings:
    """Which voice speaks and how.

    ``engine`` is ``auto`` (the best installed), ``piper``, ``kokoro`` or ``pico``. ``voice`` names one voice of that
    engine: the folder of a Piper model (``piper-fr-siwis-medium``) or a Kokoro style (``ff_siwis``); empty for the
    engine's French voice. ``speed`` is the profile's normal pace, which ``Manner.speed`` multiplies. ``level_dbfs`` is
    the active speech level. ``threads`` bounds the processor threads of one synthesis. ``lexicon`` is a TOML file of
    pronunciations laid over the default ones. ``cache_mb`` bounds the rendered prompts kept on disk.
    """

    engine: str = "auto"
    voice: str = ""
    speed: float = 1.0
    level_dbfs: float = -20.0
    threads: int = 2
    lexicon: Path | None = None
    cache_mb: int = 512

    def __post_init__(self) -> None:
        if self.engine not in ENGINES:
            raise ValueError(f"engine must be one of {', '.join(ENGINES)}, not {self.engine!r}")
        if self.voice and self.engine == "auto":
            raise ValueError(f"voice {self.voice!r} needs an engine: set engine to piper, kokoro or pico")
        if not SLOWEST <= self.speed <= FASTEST:
            raise ValueError(f"speed must be {SLOWEST} to {FASTEST}, not {self.speed}")
        if not -40.0 <= self.level_dbfs <= -12.0:
            raise ValueError(f"level_dbfs must be -40 to -12, not {self.level_dbfs}")
        if not 1 <= self.threads <= 64:
            raise ValueError(f"threads must be 1 to 64, not {self.threads}")
        if self.cache_mb < 0:
            raise ValueError(f"cache_mb must not be negative, not {self.cache_mb}")
