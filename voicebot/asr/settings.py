"""The ``[asr]`` section of the configuration: which engine listens, and how much of the machine it may take."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

EngineName: TypeAlias = Literal["auto", "vosk", "whisper"]

_ENGINES = ("auto", "vosk", "whisper")


@dataclass(frozen=True, slots=True)
class AsrSettings:
    """How speech is recognised.

    Attributes:
        engine: ``auto`` takes a French Vosk model when one is installed, else Whisper.
        model: the id of the model, as ``voicebot models list`` shows it; empty for the engine's usual one.
        threads: cores one inference uses. One: Whisper base is no sooner done with two, and costs a fifth more.
        workers: inferences that run at the same time, each with ``threads`` cores; 0: one a core, four at most.
        queue_size: recognitions that may wait for a worker; beyond that the caller is offered the keys.
            A guess gives its place to a caller who has finished.
        alternatives: hypotheses kept besides the best; 0 decodes greedily, which is faster and slightly worse.
    """

    engine: EngineName = "auto"
    model: str = ""
    threads: int = 1
    workers: int = 0
    queue_size: int = 64
    alternatives: int = 4

    def __post_init__(self) -> None:
        if self.engine not in _ENGINES:
            raise ValueError(f"engine: {self.engine!r} is not one of {', '.join(_ENGINES)}")
        for key, value, low, high in (
            ("threads", self.threads, 1, 64),
            ("workers", self.workers, 0, 16),
            ("queue_size", self.queue_size, 0, 1000),
            ("alternatives", self.alternatives, 0, 9),
        ):
            if not low <= value <= high:
                raise ValueError(f"{key}: {value} is not between {low} and {high}")
