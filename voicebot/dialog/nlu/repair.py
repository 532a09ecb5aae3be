"""Words of the service that the recogniser wrote otherwise, put right by their sound."""

from collections.abc import Iterable, Sequence

from voicebot.dialog.nlu.normalise import Utterance, Word, fold
from voicebot.dialog.nlu.phonetic import SoundIndex, key

_LIMIT = 0.22
_SHORTEST = 5


class Repair:
    """Replaces what sounds like a word of the service by that word, where a word heard makes no sense.

    Args:
        words: the words looked for by sound.
        vocabulary: folded words of ordinary requests: a window made of these alone is left as it is.
    """

    def __init__(self, words: Sequence[str], vocabulary: Iterable[str]) -> None:
        self._index = SoundIndex((word, word) for word in words if len(key(word)) >= _SHORTEST)
        self._vocabulary = frozenset(vocabulary)

    def __call__(self, utterance: Utterance, known: Iterable[int] = ()) -> Utterance:
        """Return ``utterance`` with badly heard words put right; words at the places ``known`` stay."""
        words = utterance.words
        kept = set(known)
        strange = [
            index not in kept and word.plain.isalpha() and len(word.plain) > 1 and word.plain not in self._vocabulary
            for index, word in enumerate(words)
        ]
        if not any(strange):
            return utterance
        near = [any(strange[max(0, index) : index + 4]) and index not in kept for index in range(len(words))]
        taken: set[int] = set()
        made: dict[int, tuple[int, list[Word]]] = {}
        for heard in self._index.search([word.text for word in words], _LIMIT, near):
            span = range(heard.first, heard.last)
            if taken.intersection(span) or kept.intersection(span) or not any(strange[i] for i in span):
                continue
            taken.update(span)
            begin, end = words[heard.first].start, words[heard.last - 1].end
            parts = heard.target.replace("-", " ").replace("'", " ").split()
            fresh = [Word(part, fold(part), begin, end, words[heard.first].after_break and not i)
                     for i, part in enumerate(parts)]  # fmt: skip
            made[heard.first] = (heard.last, fresh)
        if not made:
            return utterance
        result: list[Word] = []
        index = 0
        while index < len(words):
            if index in made:
                index, fresh = made[index][0], made[index][1]
                result += fresh
                continue
            result.append(words[index])
            index += 1
        return Utterance(utterance.clean, tuple(result))
