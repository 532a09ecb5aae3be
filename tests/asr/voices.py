"""Callers for the tests of recognition: SVOX Pico, always there and instantaneous, on a telephone line."""

from functools import lru_cache

import numpy as np
from py_nanotts import NanoTTS

from voicebot.audio.channel import Channel
from voicebot.audio.frames import Pcm, silence


@lru_cache(maxsize=64)
def said(text: str, language: str = "fr-FR", snr_db: float | None = 25.0) -> Pcm:
    """Return ``text`` as it arrives at 8 kHz, with a little silence around."""
    spoken = np.frombuffer(NanoTTS().speak(text, voice=language), dtype="<i2")
    padded = np.concatenate([silence(4800), spoken, silence(6400)])
    return Channel(snr_db=snr_db, seed=1).apply(padded, 16000)
