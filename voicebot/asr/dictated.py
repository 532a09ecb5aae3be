"""The ten digits of a French telephone number, read in the sounds of a dictation and in what Whisper wrote of it.

Whisper base writes "quatre-vingt-douze" as "4, 20, 12" and takes "soixante" for "cinquante"; the phoneme heads hear
the words one by one, and err elsewhere. A number is ``0`` (or "plus trente-trois"), a digit that is not zero, then
eight digits, one by one or by pairs; other words may stand between ("alors c'est le", "euh"), and what was said last
may be taken back ("non, pardon"). The likeliest path through these words is the number (Viterbi, over CTC's states).
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from num2words import num2words

from voicebot.asr.phonemes import sounds

DIGITS = 10
OTHER_WORDS = -1.5
"""Log probability a frame of what is no word of the grammar, less that of the phone that fits best."""
WORD = -1.0
TAKEN_BACK = -8.0
WRITTEN = 3.0
"""What it is worth, a digit, that Whisper wrote the same; less in the texts it believes less."""
LEAST_FIGURES = 5
"""Fewer figures in Whisper's text are no telephone number: a reference, a date, or words."""
SURE = 30.0
"""What a unit of the mean log probability of Whisper's tokens is worth, in log probability of the sound."""
UNWRITTEN = -1.0
"""The same, for a number that Whisper did not write."""
_CORRECTIONS = ("non", "pardon", "non pardon", "euh non", "non c'est")
_SHORTENED = ("cinq", "six", "huit", "dix")
"""Numbers that lose their last consonant before another: "huit" in "huit deux"."""
_NEVER = -1e30

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class _Word:
    """One word of the grammar: how many digits stand before and after it, what it writes, its phones, its cost."""

    begin: int
    end: int
    digits: str
    phones: tuple[int, ...]
    cost: float = WORD


@dataclass(frozen=True, slots=True)
class _Chains:
    """The states of all the words one after another, and which words lead to each count of digits."""

    words: tuple[_Word, ...]
    labels: Indices
    first: Indices
    last: Indices
    begin: Indices
    cost: Floats
    inside: npt.NDArray[np.bool_]
    skip: npt.NDArray[np.bool_]
    into: tuple[tuple[int, Indices], ...]


@dataclass(slots=True)
class _Front:
    """The best paths so far: to every state, and to every count of digits; each with the words it went through."""

    states: Floats
    past: Indices
    nodes: Floats
    node_past: Indices
    traces: list[tuple[int, int]]


def read_number(log_posteriors: Floats, written: Sequence[tuple[str, float]]) -> str | None:
    """Return the ten digits dictated, ``None`` when no number is.

    The number the sound leads to, helped by what Whisper wrote, stands beside those Whisper wrote whole; the one that
    both find likeliest is taken.

    Args:
        log_posteriors: of the phones, shape [frames, 1 + phones].
        written: what Whisper wrote, best first, each with the mean log probability of its tokens.
    """
    texts = [text for text, _ in written]
    if not texts or sum(char.isdigit() for char in texts[0]) < LEAST_FIGURES:
        return None
    candidates = {number: sure for text, sure in reversed(written) if (number := whole_number(text)) is not None}
    chains = _chains()
    figures = written_figures(texts)
    bonus = np.array([WRITTEN * len(word.digits) * figures.get(word.digits, 0.0) for word in chains.words])
    found = _likeliest(log_posteriors, chains, chains.cost + bonus)
    if found is not None:
        candidates.setdefault(found[0], UNWRITTEN)
    scored: dict[str, float] = {}
    for number, sure in candidates.items():
        path = _likeliest(log_posteriors, _chains(number), _chains(number).cost)
        if path is not None:
            scored[number] = path[1] + SURE * sure
    return max(scored, key=lambda number: scored[number], default=None)


def whole_number(text: str) -> str | None:
    """Return the ten digits that the figures of ``text`` make, taken together, or ``None``."""
    joined = "".join(re.findall(r"\d", text))
    if joined.startswith("33") and len(joined) == DIGITS + 1:
        joined = f"0{joined[2:]}"
    return joined if re.fullmatch(r"0[1-9]\d{8}", joined) else None


def _likeliest(log_posteriors: Floats, chains: _Chains, cost: Floats) -> tuple[str, float] | None:
    """Return the likeliest number of ``chains`` and its log probability, ``None`` when there is no room for one."""
    count = len(chains.labels)
    front = _Front(
        np.full(count, _NEVER),
        np.zeros(count, dtype=np.intp),
        np.append(0.0, np.full(DIGITS, _NEVER)),
        np.zeros(DIGITS + 1, dtype=np.intp),
        [(-1, -1)],
    )
    between = np.maximum(log_posteriors[:, 0], log_posteriors.max(axis=1) + OTHER_WORDS)
    for emission, other in zip(log_posteriors, between, strict=True):
        _advance(front, chains, cost, emission[chains.labels], float(other))
    if front.nodes[DIGITS] <= _NEVER / 2:
        return None
    return _digits(front, chains), float(front.nodes[DIGITS])


def written_figures(texts: Sequence[str]) -> dict[str, float]:
    """Return the digits and pairs written in ``texts``, best first, and how much each is believed (1: in the best)."""
    found: dict[str, float] = {}
    for rank, text in enumerate(texts):
        for figures in re.findall(r"\d+", text):
            for start in range(0, len(figures), 2):
                pair = figures[start : start + 2]
                for one in (pair,) if pair[0] != "0" else tuple(pair):
                    found.setdefault(one, (1 + rank) ** -0.5)
    return found


def _advance(front: _Front, chains: _Chains, cost: Floats, emission: Floats, other: float) -> None:
    """Take one frame: stay, go one state on, skip a blank, or begin a word; then count the words that end."""
    entering = np.full(len(front.states), _NEVER)
    entering[chains.first] = front.nodes[chains.begin] + cost
    came = np.zeros(len(front.states), dtype=np.intp)
    came[chains.first] = front.node_past[chains.begin]
    value, past = front.states, front.past
    for candidate, source in (
        (np.where(chains.inside, np.roll(front.states, 1), _NEVER), np.roll(front.past, 1)),
        (np.where(chains.skip, np.roll(front.states, 2), _NEVER), np.roll(front.past, 2)),
        (entering, came),
    ):
        better = candidate > value
        value, past = np.where(better, candidate, value), np.where(better, source, past)
    front.states, front.past = value + emission, past
    front.nodes = front.nodes + other
    final = front.states[chains.last]
    for node, words in chains.into:
        winner = int(words[int(np.argmax(final[words]))])
        if final[winner] > front.nodes[node]:
            front.nodes[node] = final[winner]
            front.traces.append((winner, int(front.past[chains.last[winner]])))
            front.node_past[node] = len(front.traces) - 1


def _digits(front: _Front, chains: _Chains) -> str:
    path: list[_Word] = []
    at = int(front.node_past[DIGITS])
    while at > 0:
        word, at = front.traces[at]
        path.append(chains.words[word])
    digits = ""
    for one in reversed(path):
        digits = digits[: min(one.begin, one.end)] + one.digits
    return digits


@lru_cache(maxsize=32)
def _chains(number: str = "") -> _Chains:
    """Return the chains of the whole grammar, or of the ways to say ``number``, things taken back included."""
    words = tuple(
        word for word in _grammar() if not number or not word.digits or number[word.begin : word.end] == word.digits
    )
    labels: list[int] = []
    inside: list[bool] = []
    skip: list[bool] = []
    first: list[int] = []
    last: list[int] = []
    for word in words:
        first.append(len(labels))
        before = 0
        for phone in word.phones:
            if before:
                labels.append(0)
                inside.append(True)
                skip.append(False)
            labels.append(phone)
            inside.append(before != 0)
            skip.append(before not in (0, phone))
            before = phone
        last.append(len(labels) - 1)
    ends = np.array([word.end for word in words])
    return _Chains(
        words,
        np.array(labels),
        np.array(first),
        np.array(last),
        np.array([word.begin for word in words]),
        np.array([word.cost for word in words]),
        np.array(inside),
        np.array(skip),
        tuple((node, np.flatnonzero(ends == node)) for node in range(1, DIGITS + 1)),
    )


def _grammar() -> Iterator[_Word]:
    yield _Word(0, 1, "0", sounds("zéro"))
    yield _Word(0, 1, "0", sounds("plus trente-trois"))
    yield from _numbers(1, 2, range(1, 10))
    for begin in range(2, DIGITS):
        yield from _numbers(begin, begin + 1, range(10))
        if begin % 2 == 0:
            yield from _numbers(begin, begin + 2, range(10, 100))
    for begin in range(4, DIGITS + 1, 2):
        for words in _CORRECTIONS:
            yield _Word(begin, begin - 2, "", sounds(words), TAKEN_BACK)


def _numbers(begin: int, end: int, numbers: Iterable[int]) -> Iterator[_Word]:
    for number in numbers:
        name = str(num2words(number, lang="fr"))
        phones = sounds(name)
        yield _Word(begin, end, str(number), phones)
        if name.endswith(_SHORTENED):
            yield _Word(begin, end, str(number), phones[:-1])
