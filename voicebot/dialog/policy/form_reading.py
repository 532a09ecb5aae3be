"""What one turn says that forms need to know: a place, a question, nothing at all, or what it names."""

import re

from voicebot.dialog.nlu.base import Understanding, Verdict
from voicebot.dialog.policy.talk import Talk
from voicebot.dialog.turns import Heard
from voicebot.dialog.wording import contains, fold
from voicebot.hours.words import MONTHS, WEEKDAYS

DEFER_KEY = "1"
"""Leaves a question that cannot be typed to whoever calls back."""

QUESTION_WORDS = 3
_HEARD_NAME = 3


def entity(talk: Talk, understanding: Understanding | None, name: str) -> str:
    """Return what this very turn says of ``name``: what an unfinished sentence took over from before does not count."""
    value = understanding.entities.get(name, "") if understanding is not None else ""
    taken_over = understanding is not None and understanding.elliptic and value == talk.memory.entities.get(name)
    return "" if taken_over else value


def nothing_else(talk: Talk, text: str, understanding: Understanding | None) -> bool:
    """Tell whether ``text`` says a commune, a day or a number and nothing more: "à Touques" names no street."""
    entities = understanding.entities if understanding is not None else {}
    words = fold(text).split()
    communes = {word for name in ("commune", "hors_territoire") for word in fold(entities.get(name, "")).split()}
    idle = communes.union(map(fold, talk.knowledge.marks["vides"]), WEEKDAYS, map(fold, MONTHS))
    left = [word for word in words if word not in idle and not word.isdigit()]
    if not left:
        return True
    by_sound = bool(communes) and not communes & set(words)
    return by_sound and len(words) <= _HEARD_NAME


def is_place(talk: Talk, text: str) -> bool:
    """Tell whether ``text`` begins by saying where: "derrière le cimetière", "non, devant l’école"."""
    folded = re.sub(r"^(?:(?:non|oui|c est|c etait|euh|en fait|juste)\s+)+", "", fold(text))
    return any(folded.startswith(f"{fold(mark)} ") for mark in talk.knowledge.marks["lieu"])


def asks(talk: Talk, heard: Heard) -> bool:
    """Tell whether the turn is worded as a question."""
    folded, marks = fold(heard.text), talk.knowledge.marks
    worded = any(contains(folded, mark) for mark in (*marks["digression"], *marks["question"]))
    return (worded or "?" in heard.text) and len(folded.split()) >= QUESTION_WORDS


def is_nothing(talk: Talk, heard: Heard, understanding: Understanding | None) -> bool:
    """Tell whether the caller has nothing to answer: "non", "rien", or the key that leaves it."""
    if heard.keys:
        return heard.keys == DEFER_KEY
    if understanding is not None and understanding.verdict is Verdict.SURE and understanding.intent == "non":
        return True
    folded = fold(heard.text)
    return any(folded == fold(mark) for mark in (*talk.knowledge.marks["rien"], *talk.knowledge.marks["non"]))


def names_date(text: str) -> bool:
    """Tell whether ``text`` has a number or the name of a month."""
    folded = fold(text)
    return any(char.isdigit() for char in folded) or any(contains(folded, month) for month in MONTHS)
