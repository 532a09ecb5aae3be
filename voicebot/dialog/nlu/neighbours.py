"""The nearest examples of an utterance: shortlisted by rare words, ranked by rapidfuzz."""

import math
from collections import Counter, defaultdict
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from rapidfuzz import fuzz

_SHORTLIST = 12


class Neighbours:
    """Likeness of an utterance to the examples of each intent.

    Args:
        examples: per example, its stems (towns masked).
        classes: per example, the number of its intent.
        count: how many intents there are.
    """

    def __init__(self, examples: Sequence[tuple[str, ...]], classes: Sequence[int], count: int) -> None:
        self._texts = [" ".join(stems) for stems in examples]
        self._classes = classes
        self._count = count
        documents = Counter(s for stems in examples for s in set(stems))
        total = len(examples)
        self._idf = {s: math.log(1.0 + total / number) for s, number in documents.items()}
        self._strange = math.log(1.0 + total)
        postings: dict[str, list[tuple[int, float]]] = defaultdict(list)
        for number, stems in enumerate(examples):
            norm = math.sqrt(sum(self._idf[s] ** 2 for s in set(stems))) or 1.0
            for s in set(stems):
                postings[s].append((number, self._idf[s] / norm))
        self._postings = {
            s: (np.array([n for n, _ in entries]), np.array([w for _, w in entries], dtype=np.float32))
            for s, entries in postings.items()
        }

    def likeness(self, stems: Sequence[str]) -> npt.NDArray[np.float32]:
        """Return for each intent the likeness (0 to 1) of its nearest example."""
        best = np.zeros(self._count, dtype=np.float32)
        own = set(stems)
        if not own or not self._texts:
            return best
        norm = math.sqrt(sum(self._idf.get(s, self._strange) ** 2 for s in own))
        cosines = np.zeros(len(self._texts), dtype=np.float32)
        for s in own:
            entry = self._postings.get(s)
            if entry is not None:
                cosines[entry[0]] += entry[1] * (self._idf[s] / norm)
        size = min(_SHORTLIST, len(cosines))
        text = " ".join(stems)
        for number in np.argpartition(-cosines, size - 1)[:size].tolist():
            if cosines[number] <= 0.0:
                continue
            likeness = 0.6 * float(cosines[number]) + 0.4 * fuzz.token_sort_ratio(text, self._texts[number]) / 100.0
            intent = self._classes[number]
            best[intent] = max(best[intent], likeness)
        return best
