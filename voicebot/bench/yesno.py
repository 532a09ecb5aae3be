"""Spoken answers to a yes-or-no question: bare and longer ones, many voices, two noise levels, and what is neither."""

import itertools
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

import numpy as np

from voicebot.app import Service, open_caller_voice
from voicebot.asr.base import Choice, Hints
from voicebot.audio.channel import Channel
from voicebot.audio.frames import LINE_HZ, Pcm
from voicebot.bench.hearing import Hearing
from voicebot.bench.nlu import NATURAL_VOICES
from voicebot.dialog.policy.evidence import pick
from voicebot.dialog.turns import Heard, Option
from voicebot.tts.base import Manner

VOICES = (*NATURAL_VOICES, "pico", "im_nicola", "if_sara", "em_alex")
SNRS_DB = (20.0, 10.0)
SAID = (
    ("Oui.", "oui"),
    ("Non.", "non"),
    ("Ouais.", "oui"),
    ("Oui oui.", "oui"),
    ("Non non.", "non"),
    ("Euh, oui.", "oui"),
    ("Euh, non.", "non"),
    ("Oui, c'est ça.", "oui"),
    ("Non, pas du tout.", "non"),
    ("Oui, merci.", "oui"),
    ("Non merci.", "non"),
    ("Non, ce n'est pas ça.", "non"),
    ("Pardon ?", ""),
    ("Comment ?", ""),
    ("Attendez.", ""),
    ("Je ne sais pas.", ""),
)
_STUDIO_HZ = 16000


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer: what was said, what it meant (empty: neither), by whom, and what was taken (empty: asked again)."""

    text: str
    meant: str
    voice: str
    snr_db: float
    taken: str


def options(service: Service) -> tuple[Option, ...]:
    """Return yes and no as the configured profile words them."""
    marks = service.profile().knowledge.marks
    return tuple(Option(name, marks[name]) for name in ("oui", "non"))


async def answers(service: Service, limit: int, progress: Callable[[], None] = lambda: None) -> AsyncIterator[Answer]:
    """Yield what is taken of each of ``limit`` answers (all of them when 0), as a confirmation would.

    Raises:
        SynthesisError: a caller's voice is missing; the message says how to install it.
    """
    asked = options(service)
    hints = Hints(choices=tuple(Choice(option.id, option.texts) for option in asked), words=False)
    hearing = Hearing(service.recognizer, service.settings.asr, service.settings.paths.data / "heard")
    plan = itertools.islice(itertools.product(VOICES, SNRS_DB, SAID), limit or None)
    for name, lines in itertools.groupby(enumerate(plan), key=lambda entry: entry[1][0]):
        async with AsyncExitStack() as stack:
            voice = open_caller_voice(name, service.settings, stack)
            for seed, (_, snr_db, (text, meant)) in lines:
                parts = [part async for part in voice.speak(text, _STUDIO_HZ, Manner())]
                pcm: Pcm = Channel(snr_db=snr_db, seed=seed).apply(np.concatenate(parts), _STUDIO_HZ)
                found = await hearing.hear(pcm, LINE_HZ, hints)
                scores = tuple((score.id, score.probability) for score in found.choices)
                picked = pick(Heard(found.text, found.alternatives, found.confidence, scores), asked)
                yield Answer(text, meant, name, snr_db, picked.id if picked is not None and picked.sure else "")
                progress()


def figures(heard: Sequence[Answer]) -> dict[str, Any]:
    """Return how many answers were taken rightly, wrongly, or asked again; and what was wrongly taken for one."""
    judged = Counter(_judged(one) for one in heard if one.meant)
    other = [one for one in heard if not one.meant]
    meant = max(1, len(heard) - len(other))
    return {
        "answers": len(heard) - len(other),
        "right": round(judged["right"] / meant, 4),
        "asked_again": round(judged["again"] / meant, 4),
        "wrong": round(judged["wrong"] / meant, 4),
        "others": len(other),
        "others_taken_for_answers": sum(bool(one.taken) for one in other),
        "wrongly_taken": [
            f"{one.text} {one.voice} {one.snr_db:.0f} dB: {one.taken}"
            for one in heard
            if one.taken not in ("", one.meant)
        ],
    }


def _judged(one: Answer) -> str:
    if not one.taken:
        return "again"
    return "right" if one.taken == one.meant else "wrong"
