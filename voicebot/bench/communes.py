"""Spoken answers to "which commune?": every name, several voices, two ways of saying it, two noise levels."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack

import numpy as np

from voicebot.app import Service, open_caller_voice
from voicebot.asr.base import Choice
from voicebot.audio.channel import Channel
from voicebot.audio.frames import Pcm
from voicebot.tts.base import Manner

VOICES = ("ff_siwis+bm_george", "ff_siwis+if_sara", "ff_siwis+pm_alex", "im_nicola", "if_sara")
WORDINGS = ("à {}.", "Euh, {}.")
SNRS_DB = (20.0, 10.0)
_STUDIO_HZ = 16000
_SAID_AS: Mapping[str, str] = {"Villers-sur-Mer": "Villers", "Trouville-sur-Mer": "Trouville"}
"""The short names callers use; the others are said in full."""


def choices(service: Service) -> tuple[Choice, ...]:
    """Return the communes of the configured profile as the answers to a closed question."""
    knowledge = service.profile().knowledge
    return tuple(Choice(name, tuple(dict.fromkeys((name, _SAID_AS.get(name, name))))) for name in knowledge.communes)


async def clips(service: Service) -> AsyncIterator[tuple[Pcm, str, str, str]]:
    """Yield each clip at 8 kHz with what is said in it, the right commune, and its voice and noise.

    Raises:
        SynthesisError: a caller's voice is missing; the message says how to install it.
    """
    async with AsyncExitStack() as stack:
        seed = 0
        for name in VOICES:
            voice = open_caller_voice(name, service.settings, stack)
            for commune in service.profile().knowledge.communes:
                for wording in WORDINGS:
                    text = wording.format(_SAID_AS.get(commune, commune))
                    parts = [part async for part in voice.speak(text, _STUDIO_HZ, Manner())]
                    clean = np.concatenate(parts)
                    for snr_db in SNRS_DB:
                        seed += 1
                        pcm = Channel(snr_db=snr_db, seed=seed).apply(clean, _STUDIO_HZ)
                        yield pcm, text, commune, f"{name} {snr_db:.0f} dB"
