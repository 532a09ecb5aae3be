"""``voicebot prompts``: the assistant's sentences rendered ahead."""

from contextlib import AsyncExitStack
from pathlib import Path

import typer

from voicebot.cli.options import (
    CONFIG,
    ConfigOption,
    JsonOption,
    ProfileOption,
    console,
    expected_errors,
    print_json,
    run,
)

EXPECTED_ERRORS = expected_errors()


def register(app: typer.Typer) -> None:
    """Add the command."""
    prompts = typer.Typer(no_args_is_help=True)
    prompts.callback()(_prompts)
    prompts.command("render")(render)
    app.add_typer(prompts, name="prompts")


def _prompts() -> None:
    """Render the assistant's sentences ahead."""


def render(config: ConfigOption = CONFIG, profile: ProfileOption = "", as_json: JsonOption = False) -> None:
    """Render every fixed sentence, and the answers whose variables are few, into the prompt cache."""
    run(_render(config, profile, as_json))


async def _render(config: Path, profile: str, as_json: bool) -> None:
    from rich.progress import Progress

    from voicebot.app import MESSAGE, message_texts, open_profile, open_voice, prompt_texts
    from voicebot.audio.frames import LINE_HZ
    from voicebot.calls.closing import load_closing
    from voicebot.calls.message_words import load_message_words
    from voicebot.calls.sentences import load_sentences
    from voicebot.config import load_settings
    from voicebot.tts.base import Manner
    from voicebot.tts.cache import CachedVoice

    settings = load_settings(config)
    loaded = open_profile(settings, profile)
    prompts = settings.paths.prompts
    sentences, closing = load_sentences(prompts / "calls.toml"), load_closing(prompts / "closing.toml")
    message = load_message_words(prompts / MESSAGE) if settings.message.enabled else None
    texts = prompt_texts(loaded, sentences, closing, message_texts(settings, message))
    async with AsyncExitStack() as stack:
        voice = open_voice(settings, stack)
        if not isinstance(voice, CachedVoice):
            console().print(f"{voice.name} speaks at once: nothing to render")
            return
        manner = Manner(speed=loaded.knowledge.identity.voice.speed)
        with Progress(console=console(), disable=as_json) as bars:
            bar = bars.add_task(f"{voice.name}", total=len(texts))

            def progress(done: int, total: int) -> None:
                bars.update(bar, completed=done, total=total)

            made = await voice.render(texts, LINE_HZ, manner, progress)
    if as_json:
        print_json({"voice": voice.name, "texts": len(texts), "made": made})
