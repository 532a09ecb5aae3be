"""espeak-ng, one for the whole process: text to phonemes, for whoever listens or speaks by sound.

espeak-ng keeps global state, its current voice and its data: a second initialisation frees what the first still uses,
and two threads at once corrupt each other; either crashes the process some sentences later. So the one instance and
the one lock are those that piper-tts itself uses for its voices.
"""

from typing import Any


def phonemize(text: str, voice: str) -> list[list[str]]:
    """Return the phonemes and punctuation of each sentence of ``text``, one symbol a string. Thread-safe.

    ``voice`` is espeak-ng's name of a language (``fr``, ``en-us``).
    """
    # piper imports onnxruntime: only those who phonemise pay for that
    from piper import voice as piper_voice
    from piper.phonemize_espeak import EspeakPhonemizer

    shared: Any = piper_voice
    with shared._ESPEAK_PHONEMIZER_LOCK:
        if shared._ESPEAK_PHONEMIZER is None:
            shared._ESPEAK_PHONEMIZER = EspeakPhonemizer()
        return [list(sentence) for sentence in shared._ESPEAK_PHONEMIZER.phonemize(voice, text)]
