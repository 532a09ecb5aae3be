"""Text to the phonemes of espeak-ng, for the engines that speak phonemes.

espeak-ng has one global state (its current voice), which every user in the process shares: all calls go through the
lock that piper-tts itself takes, so that Piper, Kokoro and whoever else phonemises never change each other's language.
"""

from typing import Any, ClassVar

_ESPEAK_VOICES = {"fr": "fr", "en": "en-us"}


class Phonemizer:
    """espeak-ng as the piper-tts package embeds it (no system package needed).

    Initialised once in the process whatever the number of voices: a second initialisation frees data that the first
    still uses, and the process crashes some sentences later.
    """

    _espeak: ClassVar[Any] = None

    def __init__(self) -> None:
        # piper imports onnxruntime: only engines that need it pay for that
        from piper import voice as piper_voice
        from piper.phonemize_espeak import EspeakPhonemizer

        self._lock: Any = piper_voice._ESPEAK_PHONEMIZER_LOCK
        with self._lock:
            if Phonemizer._espeak is None:
                Phonemizer._espeak = EspeakPhonemizer()

    def sentences(self, text: str, espeak_voice: str) -> list[list[str]]:
        """Return the phonemes and punctuation of each sentence of ``text``, one symbol a string."""
        with self._lock:
            return [list(sentence) for sentence in self._espeak.phonemize(espeak_voice, text)]


def espeak_voice(language: str) -> str:
    """Return espeak-ng's name for a two-letter language code."""
    return _ESPEAK_VOICES.get(language, language)
