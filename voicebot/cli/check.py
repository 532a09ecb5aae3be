"""``voicebot check``: the content before it is heard."""

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from voicebot.cli.failures import WRONG_USAGE
from voicebot.cli.options import (
    CONFIG,
    AtOption,
    ConfigOption,
    JsonOption,
    ProfileOption,
    console,
    expected_errors,
    moment,
    print_json,
)
from voicebot.clock import PARIS

EXPECTED_ERRORS = expected_errors()


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("check")(check)


@dataclass(slots=True)
class _Findings:
    """What a check found: mistakes refuse the content, warnings and unconfirmed facts do not."""

    mistakes: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    unconfirmed: list[str] = field(default_factory=list)


def check(
    config: ConfigOption = CONFIG,
    profile: ProfileOption = "",
    full: Annotated[bool, typer.Option("--all", help="List every unconfirmed fact.")] = False,
    menus: Annotated[Path | None, typer.Option("--menus", help="Draw the menus of the profile into this SVG.")] = None,
    at: AtOption = "",
    as_json: JsonOption = False,
) -> None:
    """Validate the configuration, every profile, the prompts and the models; list unconfirmed facts."""
    findings = _Findings()
    _check(config, profile, moment(at) or datetime.now(PARIS), findings)
    if menus is not None and not findings.mistakes:
        _draw(config, profile, menus)
    if as_json:
        for kind in ("mistakes", "warnings", "unconfirmed"):
            for text in getattr(findings, kind):
                print_json({"kind": kind.rstrip("s") if kind != "unconfirmed" else kind, "text": text})
    else:
        _print(findings, full)
    if findings.mistakes:
        raise typer.Exit(WRONG_USAGE)


def _draw(config: Path, profile: str, path: Path) -> None:
    from voicebot.config import load_settings
    from voicebot.ivr_menus import draw
    from voicebot.profile import load_menus_of

    settings = load_settings(config)
    drawing = draw(load_menus_of(profile or settings.call.profile, settings.paths.profiles))
    path.write_text(drawing, encoding="utf-8")


def _print(findings: _Findings, full: bool) -> None:
    screen = console()
    for mistake in findings.mistakes:
        screen.print(f"[red]erreur[/red] {mistake}", markup=True)
    for warning in findings.warnings:
        screen.print(f"[yellow]attention[/yellow] {warning}")
    shown = findings.unconfirmed if full else findings.unconfirmed[:10]
    for fact in shown:
        screen.print(f"[cyan]à confirmer[/cyan] {fact}")
    if len(shown) < len(findings.unconfirmed):
        screen.print(f"… et {len(findings.unconfirmed) - len(shown)} autres à confirmer (voicebot check --all)")
    screen.print("[red]refusé[/red]" if findings.mistakes else "[green]valide[/green]")


def _check(config: Path, profile: str, at: datetime, findings: _Findings) -> None:
    from voicebot.app import open_profile
    from voicebot.calls.calendar_letter import load_calendar_words
    from voicebot.calls.closing import load_closing
    from voicebot.calls.letters import load_letter_words
    from voicebot.calls.message_words import load_message_words
    from voicebot.calls.requests import load_request_words
    from voicebot.calls.sentences import load_sentences
    from voicebot.config import ConfigError, load_settings
    from voicebot.profile import ProfileError, profile_names
    from voicebot.web.chat_texts import load_chat_texts
    from voicebot.web.circulars import load_circular_words
    from voicebot.words import WordsError

    try:
        settings = load_settings(config)
    except ConfigError as error:
        findings.mistakes += str(error).splitlines()
        return
    for read, name in (
        (load_sentences, "calls.toml"),
        (load_closing, "closing.toml"),
        (load_request_words, "requests.toml"),
        (load_chat_texts, "chat.toml"),
        (load_calendar_words, "calendar.toml"),
        (load_message_words, "message.toml"),
        (load_letter_words, "courriels.toml"),
        (load_circular_words, "messages.toml"),
    ):
        try:
            read(settings.paths.prompts / name)
        except WordsError as error:
            findings.mistakes += str(error).splitlines()
    names = (profile,) if profile else profile_names(settings.paths.profiles)
    if settings.call.profile not in names and not profile:
        findings.mistakes.append(f"{config}: call.profile: no profile {settings.call.profile!r}")
    for name in names:
        try:
            loaded = open_profile(settings, name)
        except ProfileError as error:
            findings.mistakes += str(error).splitlines()
            continue
        findings.unconfirmed += [f"{name} : {line}" for line in loaded.knowledge.unconfirmed()]
        findings.unconfirmed += [f"{name} : {line}" for line in loaded.hours.unconfirmed()]
        findings.warnings += [f"{name} : {line}" for line in _message_warnings(settings, loaded.menus)]
        findings.warnings += [f"{name} : {line}" for line in loaded.hours.warnings(at.astimezone(PARIS).date())]
    _check_engines(settings, findings)


def _message_warnings(settings: Any, menus: Any) -> list[str]:
    """Say that a menu leads to a message while none can be recorded: a callback is then noted instead."""
    from voicebot.ivr_menus import Do

    offering = [menu.id for menu in menus.menus.values() if any(one.action.do is Do.MESSAGE for one in menu.choices)]
    why = _why_no_message(settings) if offering else ""
    if not why:
        return []
    return [f"menu {', '.join(offering)} : un message ne peut pas être enregistré, un rappel est proposé ({why})"]


def _why_no_message(settings: Any) -> str:
    import os

    from voicebot.journal.errors import KeyTrouble
    from voicebot.journal.seal import load_keys

    if not settings.message.enabled:
        return "enabled = false dans [message]"
    try:
        keys = load_keys(settings.journal, os.environ)
    except KeyTrouble as error:
        return str(error)
    return "" if keys is not None else "aucune clé de chiffrement n’existe encore, le premier démarrage la crée"


def _check_engines(settings: Any, findings: _Findings) -> None:
    from voicebot.asr.base import RecognitionError
    from voicebot.asr.engines import choose_model

    try:
        engine, folder = choose_model(settings.asr, settings.paths.models)
    except RecognitionError as error:
        findings.mistakes.append(str(error))
        return
    if engine == "vosk" and not (folder / "graph" / "Gr.fst").is_file():
        findings.warnings.append(f"{folder.name}: this Vosk model ignores grammars; choices are matched by sound")
