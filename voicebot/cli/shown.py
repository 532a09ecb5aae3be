"""A finished call as text, turn by turn."""

import json
from typing import Any

from rich.console import Console


def show_call(screen: Console, name: str, call: dict[str, Any]) -> None:
    """Print one call turn by turn."""
    screen.rule(f"[bold]{name}[/bold] — {call['at']}")
    screen.print(f"[cyan]Sophie[/cyan]   {call['greeting']}")
    for turn in call["turns"]:
        other = {"silence": "(silence)", "keys": f"[touches {turn['heard']}]", "recording": "(message enregistré)"}
        heard = other.get(turn["channel"], turn["heard"])
        cut = " [yellow](coupe la parole)[/yellow]" if turn["interrupted"] else ""
        screen.print(f"[green]Appelant[/green] {_plain(heard)}{cut}")
        delay = "" if turn["answer_delay_ms"] is None else f" — {turn['answer_delay_ms']} ms"
        if turn["intent"]:
            entities = json.dumps(turn["entities"], ensure_ascii=False) if turn["entities"] else ""
            screen.print(f"         [dim]{turn['intent']} {turn['confidence']:.2f} {_plain(entities)}{delay}[/dim]")
        screen.print(f"[cyan]Sophie[/cyan]   {_plain(turn['said'])}")
    kept = [*call["tickets"], *call["appointments"], *call["callbacks"]]
    for entry in kept:
        screen.print(f"         [magenta]{entry['type']} {entry['reference']} {entry['slots']}[/magenta]")
        if "voice" in entry:
            voice = entry["voice"]
            screen.print(
                f"         [dim]{voice['duration_s']} s, {voice['ended']} : {_plain(voice['transcript'])}[/dim]"
            )
    if call["transfer"]:
        screen.print(f"         [magenta]transfert {call['transfer']}[/magenta]")
    screen.print(f"[bold]{call['outcome']}[/bold], {call['duration_s']} s\n")


def _plain(text: str) -> str:
    return text.replace("[", r"\[")
