"""What keeps Whisper honest: no endless repetition, no credits of videos, no text where there is no voice.

Pure functions on texts; the thresholds on probabilities are Whisper's own (``whisper/transcribe.py``).
"""

import re
import tomllib
import unicodedata
import zlib
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources

LONGEST_COMPRESSION = 2.4
SHORTEST_COMPRESSED = 60
WORDS_PER_S = 7.0
QUICK_WORDS_PER_S = 4.0
TOKENS_PER_S = 11.0
"""Twice what fast spoken French takes; a decoding that wants more is in a loop."""
SPARE_TOKENS = 14

_NOTES = re.compile(r"\[[^\]]*\]|\([^)]*\)|\*[^*]*\*|[♪♫¶�]+|<\|[^|]*\|>")
_SENTENCE = re.compile(r"(?<=[.!?…])\s+")


@dataclass(frozen=True, slots=True)
class Artefacts:
    """Patterns of sentences nobody said, and of those that are doubtful where the voice is."""

    always: tuple[re.Pattern[str], ...]
    doubtful: tuple[re.Pattern[str], ...]


@lru_cache(maxsize=1)
def artefacts() -> Artefacts:
    """Return the patterns of ``whisper_artefacts.toml``."""
    data = tomllib.loads((resources.files("voicebot.asr") / "whisper_artefacts.toml").read_text("utf-8"))
    return Artefacts(
        tuple(re.compile(pattern) for pattern in data["always"]),
        tuple(re.compile(pattern) for pattern in data["doubtful"]),
    )


def plain(text: str) -> str:
    """Return ``text`` in lower case without accents or punctuation, words one space apart."""
    unaccented = "".join(c for c in unicodedata.normalize("NFD", text.lower()) if not unicodedata.combining(c))
    return " ".join(re.sub(r"[^a-z0-9]+", " ", unaccented.replace("œ", "oe")).split())


def token_limit(duration_s: float) -> int:
    """Return how many tokens a speaker can fill in ``duration_s`` seconds, generously."""
    return SPARE_TOKENS + int(TOKENS_PER_S * duration_s)


def without_loop(text: str, duration_s: float) -> str:
    """Return ``text`` with what is repeated said once, and no longer than ``duration_s`` can hold."""
    words = collapse(text.split())
    start = said_again([plain(word) for word in words], duration_s)
    return " ".join(words[:start][: int(WORDS_PER_S * duration_s) + 4])


def clean(text: str, doubt: bool = False) -> str:
    """Return ``text`` without notes between brackets, music signs and sentences of credits.

    With ``doubt``, sentences that callers and an idle Whisper both produce ("Merci.") go too.
    """
    patterns = artefacts().always + (artefacts().doubtful if doubt else ())
    text = " ".join(_NOTES.sub(" ", text).split()).lstrip("-–—•. ").strip()
    kept = [s for s in _SENTENCE.split(text) if not any(p.fullmatch(plain(s)) for p in patterns)]
    cleaned = " ".join(kept).strip()
    whole = plain(cleaned)
    return "" if not whole or any(p.fullmatch(whole) for p in patterns) else cleaned


def repeats(text: str, duration_s: float) -> bool:
    """Tell whether ``text`` is a loop: the same words over and over, or more words than ``duration_s`` can hold."""
    words = plain(text).split()
    if len(words) > 4 and len(words) > WORDS_PER_S * duration_s + 4:
        return True
    if len(text) >= SHORTEST_COMPRESSED:
        data = text.encode()
        if len(data) / len(zlib.compress(data)) > LONGEST_COMPRESSION:
            return True
    return collapse(words) != words or said_again(words, duration_s) is not None


def said_again(words: list[str], duration_s: float) -> int | None:
    """Return where ``words`` start over, when they come faster than a person repeats oneself; ``None`` otherwise.

    The second time may be cut short and differ in a word or so.
    """
    if len(words) < QUICK_WORDS_PER_S * duration_s:
        return None
    for start in range(3, len(words) - 3):
        again = len(words) - start
        same = sum(first == second for first, second in zip(words, words[start:], strict=False))
        if 2 * again >= start and same >= 0.8 * again:
            return start
    return None


def collapse(words: list[str]) -> list[str]:
    """Return ``words`` with any phrase said four times or more in a row kept once.

    Numbers are left alone: a telephone number may well be "06 06 06 06".
    """
    for size in range(1, len(words) // 4 + 1):
        for start in range(len(words) - 4 * size + 1):
            phrase = words[start : start + size]
            if any(word.isdigit() for word in phrase):
                continue
            end = start + size
            while words[end : end + size] == phrase:
                end += size
            if end - start >= 4 * size:
                return collapse(words[: start + size] + words[end:])
    return words
