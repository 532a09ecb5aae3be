"""Phrases found in an utterance by their stems, longest first: the exact counterpart of the search by sound."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from voicebot.dialog.nlu.normalise import simplify, stem, word_set

LINKS = word_set("le la les l de du des d un une a au aux en ma mon mes ton ta tes votre vos cette ce ces")
"""Words that may stand between the words of a phrase, or be missing ("boîte à pizza", "boîte de pizza")."""


@dataclass(frozen=True, slots=True)
class Match:
    """A phrase found: what it stands for and the words it covers (half-open)."""

    target: str
    first: int
    last: int


def stems_of(phrase: str, reduce: Callable[[str], str] = stem) -> tuple[str, ...]:
    """Return the stems of ``phrase`` without its links; all of them when it is made of links only."""
    words = simplify(phrase).split()
    content = tuple(reduce(word) for word in words if word not in LINKS)
    return content or tuple(reduce(word) for word in words)


class PhraseIndex:
    """Phrases by their first stem. A phrase may stand for several things: the first given wins, or all are told.

    Args:
        phrases: each phrase and what it stands for.
        reduce: what a folded word is reduced to before it is compared.
    """

    def __init__(self, phrases: Iterable[tuple[str, str]], reduce: Callable[[str], str] = stem) -> None:
        self._reduce = reduce
        self._by_first: dict[str, list[tuple[tuple[str, ...], str]]] = {}
        seen: set[tuple[tuple[str, ...], str]] = set()
        for phrase, target in phrases:
            stems = stems_of(phrase, reduce)
            if not stems or (stems, target) in seen:
                continue
            seen.add((stems, target))
            self._by_first.setdefault(stems[0], []).append((stems, target))
        for entries in self._by_first.values():
            entries.sort(key=lambda entry: -len(entry[0]))

    def search(self, words: Sequence[str], overlapping: bool = False) -> list[Match]:
        """Return the phrases found in the folded ``words``, in order.

        Args:
            words: folded words.
            overlapping: tell every phrase at every place, instead of the longest that do not overlap.
        """
        content = [(self._reduce(word), index) for index, word in enumerate(words) if word not in LINKS]
        every = [(self._reduce(word), index) for index, word in enumerate(words)]
        found: list[Match] = []
        position = 0
        while position < len(content):
            step = 1
            for stems, target in self._by_first.get(content[position][0], ()):
                size = len(stems)
                if size > 1 and tuple(item[0] for item in content[position : position + size]) != stems:
                    continue
                found.append(Match(target, content[position][1], content[position + size - 1][1] + 1))
                if not overlapping:
                    step = size
                    break
            position += step
        if not content and every:
            for stems, target in self._by_first.get(every[0][0], ()):
                if tuple(item[0] for item in every[: len(stems)]) == stems:
                    found.append(Match(target, 0, len(stems)))
                    break
        return found
