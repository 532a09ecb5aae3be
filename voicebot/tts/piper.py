"""Piper (VITS): one ONNX voice file and its JSON description, through the piper-tts package.

Natural and light, about a tenth of real time on one core. A voice speaks the one language it was trained in.
"""

from pathlib import Path
from typing import Any

import numpy as np

from voicebot.tts.clauses import Strides
from voicebot.tts.engine import fingerprint, package_version
from voicebot.tts.shaping import Samples
from voicebot.tts.worker import Stop


class Piper:
    """One Piper voice."""

    spelling = "espeak"
    strides = Strides(first=8, growth=4.0)

    def __init__(self, folder: Path) -> None:
        from piper import PiperVoice, SynthesisConfig

        model = model_file(folder)
        self._voice: Any = PiperVoice.load(model)
        self._configuration: Any = SynthesisConfig
        self.name = f"piper/{folder.name}"
        self.rate_hz = int(self._voice.config.sample_rate)
        self.language = str(self._voice.config.espeak_voice)[:2]
        described = model.with_name(model.name + ".json")
        self.version = f"{fingerprint(model, described)}+piper-tts-{package_version('piper-tts')}"

    def synthesise(self, text: str, speed: float, language: str, stop: Stop) -> Samples:
        """Return the sound of a clause; see ``Engine``. ``language`` is the voice's own, whatever is asked."""
        # Piper's own normalisation would bring every sentence's peak to full scale, loud and soft ones alike
        configuration = self._configuration(
            length_scale=self._voice.config.length_scale / speed, normalize_audio=False, volume=1.0
        )
        sounds: list[Samples] = []
        for chunk in self._voice.synthesize(text, configuration):
            sounds.append(np.asarray(chunk.audio_float_array, dtype=np.float32).reshape(-1))
            if stop.is_set:
                break
        return np.concatenate(sounds) if sounds else np.zeros(0, dtype=np.float32)


def model_file(folder: Path) -> Path:
    """Return the one ``.onnx`` file of a Piper voice that has its ``.onnx.json`` beside it.

    Raises:
        FileNotFoundError: there is none.
    """
    for model in sorted(folder.glob("*.onnx")):
        if model.with_name(model.name + ".json").is_file():
            return model
    raise FileNotFoundError(f"{folder}: no .onnx file with its .onnx.json")
