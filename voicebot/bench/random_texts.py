"""Random texts thrown at understanding: nothing may raise, and nothing may take long."""

import dataclasses
import random
import time
from datetime import datetime

from voicebot.dialog.nlu.base import Background, Understander
from voicebot.dialog.nlu.slots import SLOTS


@dataclasses.dataclass(frozen=True, slots=True)
class Thrown:
    """What came of random texts: how many, those that raised, and the slowest in milliseconds of processor."""

    count: int
    raised: tuple[str, ...]
    slowest_ms: float


_ALPHABETS = (
    "abcdefghijklmnopqrstuvwxyzéèàùçœ ",
    "abc 0123456789 éè '’.,?!- ",
    "🙂👍🏽👨‍👩‍👧 ❤️ \u200d\u202e\ufeff",
    "\x00\x07\x1b\t\r\n \ud7ff\ue000",
    "中文العربيةрусский ",
)
_SLOTS = (None, *sorted(SLOTS))
_WORDS = (
    "le 12 mardi en huit 31 février zéro six quatre vingt non pas à Touques heures et demie 2026 / semaine du dans "
    "jours mois un verre la déchèterie , . arobase point rue D comme Denis où jeter poubelle ma je quand ? l’ d' c'est"
)


def throw(understander: Understander, count: int, now: datetime, seed: int = 1) -> Thrown:
    """Give ``count`` random texts to ``understander``: letters, figures, emoji, control characters, words out of order.

    One in a thousand is as long as 100 kB.
    """
    chance = random.Random(seed)  # noqa: S311 - a draw, no secret
    words = _WORDS.split()
    raised: list[str] = []
    slowest = 0.0
    for number in range(count):
        if number % 3:
            text = " ".join(chance.choices(words, k=chance.randrange(1, 30)))
        else:
            length = 100_000 if number % 999 == 0 else chance.randrange(200)
            text = "".join(chance.choices(chance.choice(_ALPHABETS), k=length))
        background = Background(now, chance.choice(_SLOTS), chance.choice((None, "tri.objet", "collecte.jours")))
        began = time.process_time()
        try:
            understander.understand(text, (text[::-1],) if number % 50 == 0 else (), background)
            if background.slot is not None:
                understander.slot_value(background.slot, text, (), background)
        except Exception as error:
            raised.append(f"{type(error).__name__}: {text[:60]!r}")
        slowest = max(slowest, (time.process_time() - began) * 1e3)
    return Thrown(count, tuple(raised), slowest)
