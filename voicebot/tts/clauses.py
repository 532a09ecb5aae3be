"""Where a spoken text is cut, so that its first sound comes soon and its pauses fall where a speaker breathes.

Works on normalised text (words and punctuation only). A no-break space there binds words that must be said in one
breath: numbers, hours, dictated figures, names. Pure: no engine, no sound.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

NO_BREAK = "\N{NO-BREAK SPACE}"

PAUSES_S = {",": 0.16, ";": 0.28, ":": 0.28, ".": 0.42, "!": 0.42, "?": 0.45, "": 0.03}
"""Silence after a clause, by the mark that ends it, at normal speed."""
_LAST_SHARE = 0.5
_MOST_WORDS = 24
_LEAST_WORDS = 2
_TOKEN = re.compile(r"[^ ]+")
_STRONG = frozenset(".!?")
_MARKS = frozenset(".!?,;:")

_FRENCH_OPENERS = (
    "et ou mais donc car pour dans sur avec sans chez vers depuis pendant avant après entre si quand lorsque "
    "lorsqu'il que qui où dont afin puis ensuite à au aux par sous selon jusqu'à"
)
_FRENCH_TIME_WORDS = (
    "lundi mardi mercredi jeudi vendredi samedi dimanche midi premier janvier février mars avril mai juin juillet août "
    "septembre octobre novembre décembre"
)
_FRENCH_TIMES = frozenset(_FRENCH_TIME_WORDS.split())
_FRENCH_BEFORE_TIMES = frozenset(("de", "du", "le", "les"))
_ENGLISH_OPENERS = (
    "and or but so because for in on with without from to at of by if when while that which who where then after "
    "before during between until"
)
_WEAK_OPENERS = frozenset(("de", "du", "des", "en", "concernant", "than", "as", "is", "are"))
_OPENERS = {
    "fr": frozenset(_FRENCH_OPENERS.split()),
    "en": frozenset(_ENGLISH_OPENERS.split()),
}
"""Words before which a speaker may breathe, where there is no punctuation."""


@dataclass(frozen=True, slots=True)
class Clause:
    """What is synthesised at once: its words with their final mark, and the silence to leave after it."""

    text: str
    pause_s: float


@dataclass(frozen=True, slots=True)
class Strides:
    """How long clauses may be, in words, for an engine of a given speed.

    The first one makes the caller wait: ``first`` words. While it plays the second is computed, which may be
    ``growth`` times longer than what was said before it without a gap, and so on up to ``most``.
    """

    first: int = 8
    growth: float = 2.0
    most: int = 14


def cut(text: str, language: str = "fr", strides: Strides = Strides()) -> tuple[Clause, ...]:
    """Return the clauses of ``text``, in order; none when there is no word in it.

    The first is short when a place to cut can be found; the others grow up to whole sentences or long parts of one.
    Joined by spaces, the clauses give the text back.
    """
    tokens = [token for token in _TOKEN.findall(text.replace("\n", " ").strip()) if token]
    texts: list[str] = []
    said = 0
    for sentence in _sentences(tokens):
        left = sentence
        while left:
            reach = strides.first if not said else max(strides.first, int(strides.growth * said))
            at = _place(left, min(reach, strides.most), language)
            texts.append(" ".join(left[:at]))
            said += _count(left[:at])
            left = left[at:]
    texts = [clause for clause in texts if any(character.isalpha() for character in clause)]
    last = len(texts) - 1
    return tuple(Clause(clause, _pause_s(clause, index == last)) for index, clause in enumerate(texts))


def _pause_s(clause: str, last: bool) -> float:
    pause_s = PAUSES_S.get(clause[-1], PAUSES_S[""])
    return pause_s * _LAST_SHARE if last else pause_s


def _words(token: str) -> int:
    return token.count(NO_BREAK) + 1


def _count(tokens: list[str]) -> int:
    return sum(_words(token) for token in tokens)


def _sentences(tokens: list[str]) -> Iterator[list[str]]:
    sentence: list[str] = []
    for token in tokens:
        sentence.append(token)
        if token[-1] in _STRONG:
            yield sentence
            sentence = []
    if sentence:
        yield sentence


def _place(tokens: list[str], most: int, language: str) -> int:
    """Return how many tokens the next part takes, of about ``most`` words: at a mark if possible, else at a breath."""
    if _count(tokens) <= most + _LEAST_WORDS:
        return len(tokens)
    marks: list[int] = []
    breaths: list[int] = []
    said = 0
    total = _count(tokens)
    for at in range(1, len(tokens)):
        said += _words(tokens[at - 1])
        if said > _MOST_WORDS:
            break
        if tokens[at - 1][-1] in _MARKS:
            if said >= _LEAST_WORDS:
                marks.append(at)
        elif said > _LEAST_WORDS and total - said > _LEAST_WORDS and _opens(tokens, at, language):
            breaths.append(at)
    for places, reach in ((marks, most), (marks, most + _LEAST_WORDS), (breaths, most)):
        near = [at for at in places if _count(tokens[:at]) <= reach]
        if near:
            return near[-1] if reach == most else near[0]
    best = min([*marks[:1], *breaths[:1]], default=_forced(tokens))
    if _count(tokens[:best]) <= 2 * most:
        return best
    # rather a breath inside a group of words than a long silence before it
    weak = [at for at in range(_LEAST_WORDS + 1, best) if _is_weak(tokens, at) and _count(tokens[:at]) <= 2 * most]
    return weak[-1] if weak else best


def _is_weak(tokens: list[str], at: int) -> bool:
    return tokens[at].lower() in _WEAK_OPENERS and tokens[at - 1].lower() not in _WEAK_OPENERS


def _forced(tokens: list[str]) -> int:
    """Return how many tokens to take where there is no good place: all of them, within what an engine can take."""
    said = 0
    for at, token in enumerate(tokens):
        said += _words(token)
        if said > 2 * _MOST_WORDS and at:
            return at
    return len(tokens)


def _opens(tokens: list[str], at: int, language: str) -> bool:
    """Whether one may breathe before ``tokens[at]``: an opening word, a date, dictated figures."""
    word, before = tokens[at].lower(), tokens[at - 1].lower()
    if f",{NO_BREAK}" in word:
        return True
    openers = _OPENERS.get(language, frozenset())
    if before in openers or before in _FRENCH_BEFORE_TIMES:
        return False
    if word in ("à", "au") and (before in _FRENCH_TIMES or f"{NO_BREAK}heure" in before):
        return False
    if word in openers:
        return True
    if language != "fr" or word not in _FRENCH_BEFORE_TIMES or at + 1 >= len(tokens):
        return False
    following = tokens[at + 1].strip(",.;:!?").lower()
    return following in _FRENCH_TIMES or f"{NO_BREAK}heure" in following
