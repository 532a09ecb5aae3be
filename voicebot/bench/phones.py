"""Dictated telephone numbers: many ways of saying them, several voices, down a line and into the callback form.

Each caller asks to be called back, dictates, and answers the read-back: yes when it is right, else no, and dictates
once more (by pairs, as one does when asked again). Right is what the form would keep.
"""

import itertools
import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from num2words import num2words

from voicebot.app import Service, new_dialogue, open_caller_voice
from voicebot.asr.base import Hints, Transcript
from voicebot.audio.channel import Channel
from voicebot.audio.frames import LINE_HZ
from voicebot.bench.hearing import Hearing
from voicebot.bench.nlu import NATURAL_VOICES, SNRS_DB
from voicebot.dialog.turns import Dictation, Heard
from voicebot.tts.base import Manner, Voice

_STUDIO_HZ = 16000
_REQUEST = "je voudrais être rappelé"
_FIRST_PAIRS = ("01", "02", "03", "04", "05", "06", "06", "06", "07", "07", "09")


@dataclass(frozen=True, slots=True)
class Dictated:
    """A number, as ten digits, and how it is said the first time."""

    digits: str
    style: str
    text: str


@dataclass(frozen=True, slots=True)
class Taken:
    """What came of one caller: texts heard, whether right at once, and in the end."""

    dictated: Dictated
    voice: str
    heard: tuple[str, ...]
    at_once: bool
    right: bool


def dictations(count: int, seed: int = 1) -> list[Dictated]:
    """Return ``count`` dictated numbers, every style in turn."""
    chance = random.Random(seed)  # noqa: S311 - a sample, no secret
    styles = itertools.cycle(_STYLES)
    found: list[Dictated] = []
    while len(found) < count:
        digits = chance.choice(_FIRST_PAIRS) + "".join(str(chance.randrange(10)) for _ in range(8))
        # a second pair of zeros is hardly ever given to anybody
        if digits[2] != "0":
            style = next(styles)
            found.append(Dictated(digits, style, _STYLES[style](digits, chance)))
    return found


def _pairs(digits: str) -> list[str]:
    return [_pair(digits[start : start + 2]) for start in range(0, len(digits), 2)]


def _pair(two: str) -> str:
    return f"zéro {_number(two[1])}" if two[0] == "0" else _number(two)


def _number(figures: str) -> str:
    return str(num2words(int(figures), lang="fr"))


def _by_pairs(digits: str, chance: random.Random) -> str:
    return ", ".join(_pairs(digits)) + "."


def _led(digits: str, chance: random.Random) -> str:
    lead = chance.choice(("Alors, c'est le", "Mon numéro, c'est le", "Oui, vous pouvez me joindre au", "C'est le"))
    return f"{lead} {_by_pairs(digits, chance)}"


def _one_by_one(digits: str, chance: random.Random) -> str:
    return ", ".join(_number(figure) for figure in digits) + "."


def _abroad(digits: str, chance: random.Random) -> str:
    return ", ".join(["Plus trente-trois", _number(digits[1]), *_pairs(digits[2:])]) + "."


def _hesitant(digits: str, chance: random.Random) -> str:
    pairs = _pairs(digits)
    place = chance.randrange(1, 5)
    return ", ".join([*pairs[:place], "euh", *pairs[place:]]) + "."


def _corrected(digits: str, chance: random.Random) -> str:
    pairs = _pairs(digits)
    place = chance.randrange(2, 5)
    wrong = _pair(f"{(int(digits[2 * place]) + 1) % 10}{digits[2 * place + 1]}")
    return ", ".join([*pairs[:place], wrong, "non, pardon", *pairs[place:]]) + "."


def _paused(digits: str, chance: random.Random) -> str:
    return ". ".join(_pairs(digits)) + "."


_STYLES: dict[str, Callable[[str, random.Random], str]] = {
    "pairs": _by_pairs,
    "led": _led,
    "one by one": _one_by_one,
    "abroad": _abroad,
    "hesitant": _hesitant,
    "corrected": _corrected,
    "paused": _paused,
}


async def taken(
    service: Service, said: Sequence[Dictated], at: datetime, progress: Callable[[], None] = lambda: None
) -> list[Taken]:
    """Return what the callback form takes of each number.

    Raises:
        SynthesisError: a caller's voice is missing; the message says how to install it.
    """
    hearing = Hearing(service.recognizer, service.settings.asr, service.settings.paths.data / "heard")
    found = []
    async with AsyncExitStack() as stack:
        voices = {name: open_caller_voice(name, service.settings, stack) for name in NATURAL_VOICES}
        lines = zip(said, itertools.cycle(voices), itertools.cycle(SNRS_DB), strict=False)
        for seed, (dictated, name, snr_db) in enumerate(lines):
            caller = _Caller(hearing, voices[name], snr_db, itertools.count(1000 * seed))
            found.append(await _one(service, dictated, name, caller, at))
            progress()
    return found


def figures(said: Sequence[Taken]) -> dict[str, Any]:
    """Return how many numbers were right at once and after the confirmation, by style and by voice."""
    return {
        "numbers": len(said),
        "at_once": _share(one.at_once for one in said),
        "right": _share(one.right for one in said),
        "right_by_style": _grouped(said, lambda one: one.dictated.style),
        "right_by_voice": _grouped(said, lambda one: one.voice),
        "heard": [
            {"said": one.dictated.text, "digits": one.dictated.digits, "heard": one.heard, "right": one.right}
            for one in said
        ],
    }


def _grouped(said: Sequence[Taken], group: Callable[[Taken], str]) -> dict[str, float]:
    names = dict.fromkeys(map(group, said))
    return {name: _share(one.right for one in said if group(one) == name) for name in names}


def _share(results: Iterable[bool]) -> float:
    found = list(results)
    return round(sum(found) / max(1, len(found)), 4)


@dataclass(frozen=True, slots=True)
class _Caller:
    """One caller on one line."""

    hearing: Hearing
    voice: Voice
    snr_db: float
    seeds: Iterator[int]

    async def says(self, text: str) -> Transcript:
        parts = [part async for part in self.voice.speak(text, _STUDIO_HZ, Manner())]
        line = Channel(snr_db=self.snr_db, seed=next(self.seeds))
        return await self.hearing.hear(line.apply(np.concatenate(parts), _STUDIO_HZ), LINE_HZ, Hints(digits=True))


async def _one(service: Service, dictated: Dictated, name: str, caller: _Caller, at: datetime) -> Taken:
    dialogue = new_dialogue(service.profile(), lambda: at, seed=dictated.digits)
    dialogue.greet()
    reply = dialogue.respond(Heard(text=_REQUEST))
    heard: list[str] = []
    read_back: list[bool] = []
    for text in (dictated.text, _by_pairs(dictated.digits, random.Random())):  # noqa: S311 - not drawn from
        if reply.expect.dictation is not Dictation.DIGITS:
            break
        transcript = await caller.says(text)
        heard.append(transcript.text)
        reply = dialogue.respond(Heard(text=transcript.text, alternatives=transcript.alternatives))
        told = "".join(figure for figure in reply.text if figure.isdigit())
        read_back.append(dictated.digits in told)
        if read_back[-1]:
            break
        if reply.expect.options:
            reply = dialogue.respond(Heard(text="non"))
    return Taken(dictated, name, tuple(heard), read_back[:1] == [True], True in read_back)
