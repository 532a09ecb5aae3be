"""``voicebot say``: synthesis alone."""

from contextlib import AsyncExitStack
from pathlib import Path
from typing import Annotated, Any

import typer

from voicebot.cli.failures import WorkFailed
from voicebot.cli.options import CONFIG, ConfigOption, JsonOption, console, expected_errors, print_json, run

EXPECTED_ERRORS = expected_errors()


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("say")(say)


def say(
    text: Annotated[str, typer.Argument(metavar="TEXT")],
    output: Annotated[Path, typer.Option("-o", "--output", metavar="OUT.wav", help="Where to write the sound.")],
    rate: Annotated[int, typer.Option("--rate", help="Sample rate, in Hz.")] = 8000,
    speed: Annotated[float, typer.Option("--speed", help="Pace: 1.0 is normal, 0.85 slower.")] = 1.0,
    lang: Annotated[str, typer.Option("--lang", help="Language, two letters.")] = "fr",
    config: ConfigOption = CONFIG,
    as_json: JsonOption = False,
) -> None:
    """Say a text with the assistant's voice and write it to a WAV."""
    if not 8000 <= rate <= 48000:
        raise WorkFailed(f"--rate {rate}: a sample rate is from 8000 to 48000 Hz; the telephone's is 8000")
    document = run(_say(text, output, rate, speed, lang, config))
    if as_json:
        print_json(document)
    else:
        console().print(f"{document['file']}: {document['duration_s']} s, {document['voice']}")


async def _say(text: str, output: Path, rate: int, speed: float, lang: str, config: Path) -> dict[str, Any]:
    import numpy as np

    from voicebot.app import open_voice
    from voicebot.audio.wav import write_wav
    from voicebot.config import load_settings
    from voicebot.tts.base import Manner

    async with AsyncExitStack() as stack:
        voice = open_voice(load_settings(config), stack)
        parts = [part async for part in voice.speak(text, rate, Manner(speed=speed, language=lang))]
        if not parts:
            raise WorkFailed(f"nothing to say in {text!r}: give at least one word")
        sound = np.concatenate(parts)
        write_wav(output, sound, rate)
        return {"file": str(output), "duration_s": round(sound.size / rate, 2), "voice": voice.name, "text": text}
