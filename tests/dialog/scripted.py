"""Conversations written as text: what the caller says and how it is understood, what is answered, what is done.

    : 2026-11-24T10:00 ouvert +33612345678      the moment, whether advisers are there, the caller's number; "menus"
                                                serves them as the telephone does, "tchat" writes instead of speaking
    > et le verre ?  [collecte.jours flux=verre]    the caller, and how the turn is understood
    < Bien sûr. Pour quelle commune ?               the assistant
    * ask commune                                   an action
    ? commune: Deauville, Touques                   what is expected next

An understanding is ``[intent slot=value ...]``, ``[intent ou intent]`` when unsure, ``[?]`` when unknown, and
``[=value]`` is the value of the slot being asked for. A turn may be ``(silence)`` or ``(touches 12#)``, and
``(scores Touques 0.5)`` gives the recogniser's score of an option.
"""

import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from voicebot.calls.menus import GuidedDialogue, MenuSetting
from voicebot.dialog.brain import Brain
from voicebot.dialog.dialogue import Dialogue
from voicebot.dialog.knowledge import Knowledge, load_knowledge
from voicebot.dialog.nlu.base import Background, Understanding, Verdict
from voicebot.dialog.turns import Ask as AskAction
from voicebot.dialog.turns import Candidate, Clarify, Context, Heard, Record, Reply, Transfer
from voicebot.ivr_menus import DEFAULT_MENUS, LONGEST_VALUES, Menus, load_menus

ROOT = Path(__file__).parents[2]
BASE = ROOT / "profiles" / "base"
COAST = ROOT / "profiles" / "coeur-cote-fleurie"
PARIS = ZoneInfo("Europe/Paris")
TUESDAY = datetime(2026, 11, 24, 10, 0, tzinfo=PARIS)
MENUS = load_menus([DEFAULT_MENUS])
_TURN = re.compile(r"^(?P<said>.*?)\s*(?:\[(?P<meant>[^\]]*)\])?$")


def coast() -> Knowledge:
    """Return the knowledge of the demonstration profile."""
    return load_knowledge([BASE, COAST])


@dataclass
class Scripted:
    """An understander that knows by heart what each text means."""

    meanings: dict[str, str] = field(default_factory=dict)

    def understand(self, text: str, alternatives: tuple[str, ...], background: Background) -> Understanding:
        return parse_meaning(self.meanings.get(text, "?"))

    def slot_value(self, slot: str, text: str, alternatives: tuple[str, ...], background: Background) -> str | None:
        for part in shlex.split(self.meanings.get(text, "?")):
            name, mark, value = part.partition("=")
            if mark and name in ("", slot):
                return value
        return None


def parse_meaning(meaning: str) -> Understanding:
    first, _, following = meaning.partition(" puis ")
    parts = shlex.split(first)
    entities = {name: value for name, mark, value in (part.partition("=") for part in parts) if mark and name}
    intents = [part for part in parts if "=" not in part and part not in ("ou", "suite")]
    further = parse_meaning(following) if following else None
    if not intents or intents == ["?"]:
        return Understanding(Verdict.UNKNOWN, (Candidate("hors_sujet", 0.4),), entities)
    if len(intents) > 1:
        return Understanding(Verdict.UNSURE, tuple(Candidate(name, 0.45) for name in intents), entities)
    elliptic = "suite" in parts
    return Understanding(Verdict.SURE, (Candidate(intents[0], 0.95),), entities, elliptic, further)


def context(
    at: datetime = TUESDAY,
    open_: bool = True,
    caller: str = "+33612345678",
    channel: str = "voice",
    **more: object,
) -> Context:
    numbers = iter(range(472, 999))
    return Context(
        now=lambda: at,
        advisers_open=lambda moment: open_,
        opening_words=lambda moment: "demain, mercredi, à neuf heures",
        new_reference=lambda: f"D{next(numbers)}",
        caller=caller,
        channel=channel,  # type: ignore[arg-type]
        **more,  # type: ignore[arg-type]
    )


def converse(
    knowledge: Knowledge,
    *turns: str,
    at: Context | None = None,
    seed: int = 0,
    meanings: Mapping[str, str] | None = None,
) -> tuple[Dialogue, list[Reply]]:
    """Run a conversation of annotated turns; return it and its replies, the greeting first.

    ``meanings`` are those of texts that are not turns, such as a part of one.
    """
    understander = Scripted(dict(meanings or {}))
    dialogue = Brain(knowledge, understander, seed).open(at or context())
    replies = [dialogue.greet()]
    for turn in turns:
        replies.append(dialogue.respond(heard(turn, understander)))
    return dialogue, replies


def heard(turn: str, understander: Scripted) -> Heard:
    match = _TURN.match(turn)
    assert match is not None
    said = match["said"]
    if said == "(silence)":
        return Heard(silent=True)
    keys = re.match(r"^\(touches (.+)\)$", said)
    if keys:
        return Heard(keys=keys[1])
    choices = re.search(r"\s*\(scores (.+?) ([\d.]+)\)$", said)
    if choices:
        said = said[: choices.start()].strip()
    if match["meant"] is not None:
        understander.meanings[said] = match["meant"]
    return Heard(said, choices=((choices[1], float(choices[2])),) if choices else ())


def played(knowledge: Knowledge, script: str) -> str:
    """Play the caller's lines of a golden conversation and write the whole of it again."""
    lines = list(_kept(script))
    at, open_, caller, channel, guided = TUESDAY, True, "+33612345678", "voice", False
    for line in lines:
        if line.startswith(":"):
            words = line[1:].split()
            at = datetime.fromisoformat(words[0]).replace(tzinfo=PARIS)
            open_ = "ouvert" in words
            caller = next((word for word in words if word.startswith("+")), "")
            channel = "chat" if "tchat" in words else "voice"
            guided = "menus" in words
    understander = Scripted()
    brain = Brain(knowledge, understander).open(context(at, open_, caller, channel))
    dialogue = guide(brain, knowledge, open_) if guided else brain
    out: list[str] = []
    greeted = False
    for line in lines:
        if line.startswith(">") and not greeted:
            out += [*written(dialogue.greet(), channel), ""]
            greeted = True
        out.append(line)
        if line.startswith("> (retour "):
            out += [*written(dialogue.returned(line[len("> (retour ") : -1]), channel), ""]
        elif line.startswith(">"):
            out += [*written(dialogue.respond(heard(line[1:].strip(), understander)), channel), ""]
    return "\n".join(out).strip() + "\n"


def guide(brain: Dialogue, knowledge: Knowledge, open_: bool = True, menus: Menus | None = None) -> GuidedDialogue:
    """Return the conversation with the default menus, as the telephone serves them."""
    variables = {**LONGEST_VALUES, "horaires": "du lundi au vendredi, de neuf heures à dix-sept heures"}
    setting = MenuSetting(menus or MENUS, lambda: open_, lambda: variables, forms=knowledge.forms.keys())
    return GuidedDialogue(brain, setting)


def written(reply: Reply, channel: str = "voice") -> list[str]:
    """Write a reply as the golden files do: what is heard, or what is read in the chat."""
    seen = " ".join(say.written or say.text for say in reply.says)
    lines = [f"< {seen if channel == 'chat' else reply.text}"]
    lines += [f"  {link.label} : {link.url}" for say in reply.says for link in say.links if channel == "chat"]
    for action in reply.actions:
        if isinstance(action, Transfer):
            lines.append(f"* transfer {action.target} ({action.reason})")
        elif isinstance(action, Record):
            slots = ", ".join(f"{name}={value}" for name, value in action.slots.items())
            lines.append(f"* {action.type} {action.reference} {action.form} : {slots}")
        elif isinstance(action, Clarify):
            lines.append(f"* clarify {action.first} / {action.second}")
        elif isinstance(action, AskAction):
            lines.append(f"* ask {action.slot}")
        else:
            lines.append(f"* {action.type}")
    return lines


def _kept(script: str) -> Iterator[str]:
    return (line for line in script.splitlines() if line.startswith((":", ">", "#")))


def words_per_sentence(text: str) -> Iterator[tuple[int, str]]:
    """Yield each sentence of a reply with its count of words; the choices of a menu are heard one by one."""
    for sentence in re.split(r"(?<=[.!?…;])\s+", text):
        yield len(sentence.split()), sentence
