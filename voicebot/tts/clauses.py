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
_LATER_WORDS = 14
_LEAST_WORDS = 2
_TOKEN = re.compile(r"[^ ]+")
_STRONG = frozenset(".!?")
_MARKS = frozenset(".!?,;:")

_FRENCH_OPENERS = (
    "et ou mais donc car pour dans sur avec sans chez vers depuis pendant avant après entre si quand lorsque "
    "lorsqu'il que qui où dont afin puis ensuite à au aux de du des en par sous selon jusqu'à"
)
_ENGLISH_OPENERS = (
    "and or but so because for in on with without from to at of by if when while that which who where then after "
    "before during between until"
)
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


def cut(text: str, language: str = "fr", first_words: int = 8) -> tuple[Clause, ...]:
    """Return the clauses of ``text``, in order; none when there is no word in it.

    The first is short, about ``first_words`` words at most when a place to cut can be found; the others are whole
    sentences or long parts of one. Joined by spaces, the clauses give the text back.
    """
    tokens = [token for token in _TOKEN.findall(text.replace("\n", " ").strip()) if token]
    groups = list(_sentences(tokens))
    texts: list[str] = []
    for group in groups:
        texts.extend(_parts(group, first_words if not texts else _LATER_WORDS, language))
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


def _parts(tokens: list[str], most: int, language: str) -> Iterator[str]:
    """Cut one sentence: a part of about ``most`` words, then parts of about ``_LATER_WORDS``."""
    while tokens:
        at = _place(tokens, most, language)
        yield " ".join(tokens[:at])
        tokens, most = tokens[at:], _LATER_WORDS


def _place(tokens: list[str], most: int, language: str) -> int:
    """Return how many tokens the next part takes."""
    if _count(tokens) <= most + _LEAST_WORDS:
        return len(tokens)
    marks: list[int] = []
    openings: list[int] = []
    openers = _OPENERS.get(language, frozenset())
    for at in range(1, len(tokens)):
        before, after = _count(tokens[:at]), _count(tokens[at:])
        if before > _MOST_WORDS:
            break
        if tokens[at - 1][-1] in _MARKS:
            if before >= _LEAST_WORDS or tokens[at - 1][-1] in ";:":
                marks.append(at)
        elif before > _LEAST_WORDS and after > _LEAST_WORDS and _opens(tokens, at, openers):
            openings.append(at)
    # the last mark within reach, else the first one not far beyond, else where one may breathe
    near = [at for at in marks if _count(tokens[:at]) <= most]
    if near:
        return near[-1] if most >= _LATER_WORDS else near[0]
    beyond = [at for at in marks if _count(tokens[:at]) <= most + _LEAST_WORDS]
    if beyond:
        return beyond[0]
    breaths = [at for at in openings if _count(tokens[:at]) <= most]
    if breaths:
        return breaths[-1]
    if openings and (not marks or openings[0] < marks[0]):
        return openings[0]
    return marks[0] if marks else len(tokens)


def _opens(tokens: list[str], at: int, openers: frozenset[str]) -> bool:
    """Whether a part may start at ``tokens[at]``: an opening word, not itself after another one."""
    return tokens[at].lower() in openers and tokens[at - 1].lower() not in openers
