"""A real voice for the tests, whose syntheses can be counted, held or made to fail."""

import threading

from voicebot.tts.engine import Engine
from voicebot.tts.normalise import Normaliser, load_lexicon
from voicebot.tts.pico import Pico
from voicebot.tts.shaping import Samples
from voicebot.tts.speaking import SpokenVoice
from voicebot.tts.worker import Stop

WAIT_S = 120.0


class WatchedPico(Pico):
    """Pico, telling what it is asked to say; ``hold`` keeps it before the clauses that contain that text."""

    def __init__(self, hold: str = "", fail: str = "") -> None:
        super().__init__()
        self.said: list[str] = []
        self.held = threading.Event()
        self.let_go = threading.Event()
        self._hold = hold
        self._fail = fail

    def synthesise(self, text: str, speed: float, language: str, stop: Stop) -> Samples:
        """Say it, unless told otherwise."""
        if self._fail and self._fail in text:
            raise RuntimeError("the engine broke")
        if self._hold and self._hold in text:
            stop.on_set(self.let_go.set)
            self.held.set()
            assert self.let_go.wait(WAIT_S)
        self.said.append(text)
        return super().synthesise(text, speed, language, stop)


def spoken(engine: Engine) -> SpokenVoice:
    """Return ``engine`` as a voice, at Pico's gain."""
    return SpokenVoice(engine, Normaliser(load_lexicon()), -7.8)
