"""What the recogniser hears in a clip, kept on disk: understanding is then measured again in seconds.

A result is kept under the digest of all it comes from: the sound, what was expected, the recogniser and its code.
"""

import dataclasses
import hashlib
import json
from importlib import resources
from pathlib import Path

from voicebot.asr.base import ChoiceScore, Hints, Recognizer, Transcript
from voicebot.asr.settings import AsrSettings
from voicebot.audio.frames import Pcm


class Hearing:
    """Recognises clips, each only once for the same recogniser.

    Args:
        recognizer: the engine.
        settings: how it was loaded.
        folder: where results are kept; made when needed.
    """

    def __init__(self, recognizer: Recognizer, settings: AsrSettings, folder: Path) -> None:
        self._recognizer = recognizer
        self._folder = folder
        self._engine = f"{recognizer.name}\0{settings}\0{_code_digest()}"

    async def hear(self, pcm: Pcm, rate_hz: int, hints: Hints) -> Transcript:
        """Return what is heard in ``pcm``; ``words`` are left out, ``compute_s`` is that of the first time.

        Raises:
            RecognitionError: the engine failed.
            OSError: the result cannot be written.
        """
        key = hashlib.sha256(f"{self._engine}\0{rate_hz}\0{hints}\0".encode() + pcm.tobytes()).hexdigest()[:40]
        file = self._folder / f"{key}.json"
        if file.is_file():
            return _restored(json.loads(file.read_text(encoding="utf-8")))
        stream = self._recognizer.open(rate_hz, hints)
        stream.feed(pcm)
        heard = dataclasses.replace(await stream.finish(), words=())
        self._folder.mkdir(parents=True, exist_ok=True)
        partial = file.with_suffix(".partial")
        partial.write_text(json.dumps(dataclasses.asdict(heard), ensure_ascii=False), encoding="utf-8")
        partial.replace(file)
        return heard


def _restored(kept: dict[str, object]) -> Transcript:
    fields = {name: tuple(value) if isinstance(value, list) else value for name, value in kept.items()}
    choices = tuple(ChoiceScore(**score) for score in fields.pop("choices", ()))  # type: ignore[attr-defined]
    return Transcript(**fields, choices=choices)  # type: ignore[arg-type]


def _code_digest() -> str:
    """Return the hash of everything the recognition package is made of: code, weights, data."""
    digest = hashlib.sha256()
    for file in sorted(resources.files("voicebot.asr").iterdir(), key=lambda entry: entry.name):
        if file.is_file():
            digest.update(file.name.encode() + file.read_bytes())
    return digest.hexdigest()
