"""SVOX Pico through py-nanotts: plain, always there, some 200 times faster than real time. 16 kHz.

The native call holds Python's global lock, about 5 ms for a second of speech: clauses are kept short.
"""

import numpy as np

from voicebot.tts.clauses import Strides
from voicebot.tts.engine import package_version
from voicebot.tts.shaping import Samples
from voicebot.tts.worker import Stop

_LANGUAGES = {"fr": "fr-FR", "en": "en-GB", "de": "de-DE", "es": "es-ES", "it": "it-IT"}
# Pico finds its text's end by a null and takes "<" and "\" for mark-up
_FORBIDDEN = str.maketrans({"<": " ", ">": " ", "\\": " ", "\0": " "})


class Pico:
    """The French voice of SVOX Pico, and its British one for English."""

    name = "pico/fr-FR"
    rate_hz = 16_000
    spelling = "pico"
    strides = Strides(first=8, growth=4.0)

    def __init__(self) -> None:
        from py_nanotts import NanoTTS

        self._nanotts = NanoTTS()
        self.version = f"py-nanotts-{package_version('py-nanotts')}"

    def synthesise(self, text: str, speed: float, language: str, stop: Stop) -> Samples:
        """Return the sound of a clause at 16 kHz; see ``Engine``."""
        pcm = self._nanotts.speak(text.translate(_FORBIDDEN), voice=_LANGUAGES.get(language, "fr-FR"), speed=speed)
        return np.frombuffer(pcm, dtype="<i2").astype(np.float32) / np.float32(32768.0)
