"""What the trained views look at: words, pairs of words, ideas, keywords and entities; and the sounds of it all.

Town names are replaced by one mark, so that an example about Touques teaches about Villers. Objects of the sorting
guide keep their words, and the frame they stand in is seen besides ("vous faites quoi de *objet*", "je voudrais acheter
*objet*"), so that what is said of a tyre teaches about an oyster.
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise

import numpy as np
import numpy.typing as npt

from voicebot.dialog.nlu.lexicon import PhraseIndex
from voicebot.dialog.nlu.normalise import Utterance, stem, word_set
from voicebot.dialog.nlu.phonetic import word_key

TOWN = "§commune"
THING = "§objet"
_GRAM_SIZES = (3, 4)
_SHORT_FRAME = 4
_ARTICLES = frozenset(
    stem(word)
    for word in word_set("le la les l du des d de un une mon ma mes son sa ses notre nos votre vos ce cet cette ces")
)
_COMMON = word_set(
    "le la les l de du des d un une a au aux en et je j tu il elle on nous vous ils elles c ce ca "
    "est que qu qui ne n pas "
    "y ai as avez avons ont suis es sommes etes sont me m te t se s mon ma mes votre vos pour dans sur avec si plait "
    "bonjour madame monsieur voudrais savoir peux pouvez faire fait faut"
)


@dataclass(frozen=True, slots=True)
class Sighted:
    """An utterance with its entities marked: stems with towns masked, and the entity features.

    ``framed``: the stems again, objects of the sorting guide masked with their articles; empty when none was named.
    """

    stems: tuple[str, ...]
    phones: str
    marks: tuple[str, ...]
    framed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Known:
    """In how many examples each stem occurs, within the scope and out of it, and how many examples there are."""

    inside: Mapping[str, int]
    outside: Mapping[str, int]
    sizes: tuple[int, int]

    def odds(self, stem: str) -> float:
        """Return the logarithm of how much oftener ``stem`` is said in scope than out of it."""
        within = (self.inside.get(stem, 0) + 0.5) / (self.sizes[0] + 1.0)
        without = (self.outside.get(stem, 0) + 0.5) / (self.sizes[1] + 1.0)
        return math.log(within / without)


class Sight:
    """Turns an utterance and the spans of its entities into what the views look at.

    Args:
        ideas: groups of words for one idea, by id.
        keywords: keywords and the intent each points to.
    """

    def __init__(self, ideas: Mapping[str, Sequence[str]], keywords: Iterable[tuple[str, str]]) -> None:
        self._ideas = PhraseIndex((word, id_) for id_, words in ideas.items() for word in words)
        self._keywords = PhraseIndex(keywords)

    def look(
        self,
        utterance: Utterance,
        towns: Sequence[tuple[int, int]],
        marks: Iterable[str],
        things: Sequence[tuple[int, int]] = (),
    ) -> Sighted:
        """Return what the views see: ``towns`` and ``things`` are spans of words, ``marks`` features."""
        plain = [word.plain for word in utterance.words]
        masked = set[int]()
        firsts = set[int]()
        for first, last in towns:
            masked.update(range(first, last))
            firsts.add(first)
        stems: list[str] = []
        phones: list[str] = []
        for index, word in enumerate(utterance.words):
            if index in firsts:
                stems.append(TOWN)
                phones.append("#")
            if index in masked:
                continue
            stems.append("0" if word.plain[0].isdigit() else stem(word.plain))
            phones.append(word_key(word.text))
        ideas = sorted({match.target for match in self._ideas.search(plain, overlapping=True)})
        keywords = {match.target for match in self._keywords.search(plain, overlapping=True)}
        seen = [f"i:{idea}" for idea in ideas]
        seen += [f"i:{one}+{two}" for one, two in combinations(ideas[:8], 2)]
        seen += [f"k:{intent}" for intent in sorted(keywords)]
        entity_marks = sorted(set(marks))
        seen += [f"e:{mark}" for mark in entity_marks]
        seen += [f"x:{mark}+{idea}" for mark in entity_marks for idea in ideas[:8]]
        return Sighted(tuple(stems), "".join(phones), tuple(seen), _framed(utterance, towns, things))


def _framed(
    utterance: Utterance, towns: Sequence[tuple[int, int]], things: Sequence[tuple[int, int]]
) -> tuple[str, ...]:
    """Return the stems with towns and objects masked, an object with its articles; nothing without an object."""
    ends = {first: (last, TOWN) for first, last in towns}
    ends.update({first: (last, THING) for first, last in things if first not in ends})
    framed: list[str] = []
    index = 0
    while index < len(utterance.words):
        last, mask = ends.get(index, (index + 1, ""))
        if mask == THING:
            while framed and framed[-1] in _ARTICLES:
                framed.pop()
        plain = utterance.words[index].plain
        framed.append(mask or ("0" if plain[0].isdigit() else stem(plain)))
        index = last
    return tuple(framed) if things else ()


def content_stems(stems: Iterable[str]) -> list[str]:
    """Return the distinct stems that carry a subject: neither little words nor towns."""
    return [s for s in dict.fromkeys(stems) if s not in _COMMON and s != TOWN]


def word_features(sighted: Sighted, familiar: Mapping[str, int], own: bool = False) -> list[str]:
    """Return the lexical features of ``sighted``.

    Args:
        sighted: what was seen.
        familiar: in how many in-scope examples each stem occurs; strangers tell other subjects.
        own: the utterance is one of these examples, so its own words count once less.
    """
    stems = sighted.stems
    features = [f"w:{s}" for s in dict.fromkeys(stems)]
    padded = ("^", *stems, "$")
    features += [f"b:{one}_{two}" for one, two in pairwise(padded)]
    features += [f"s:{one}_{two}" for one, two in zip(stems, stems[2:], strict=False)]
    strangers = sum(1 for s in content_stems(stems) if familiar.get(s, 0) - own <= 0)
    features.append(f"o:{min(strangers, 3)}")
    features.append(f"n:{min(len(stems), 8) // 2}")
    return features + frame_features(sighted.framed) + list(sighted.marks)


def frame_features(framed: Sequence[str]) -> list[str]:
    """Return the features of the frame an object stands in: its neighbours, and a short frame as a whole."""
    if not framed:
        return []
    padded = ("^", *framed, "$")
    features = [f"m:{one}_{two}" for one, two in pairwise(padded) if THING in (one, two)]
    features += [f"m:{one}__{two}" for one, two in zip(padded, padded[2:], strict=False) if THING in (one, two)]
    triples = zip(padded, padded[1:], padded[2:], strict=False)
    features += [f"m:{'_'.join(triple)}" for triple in triples if THING in triple]
    if len(framed) <= _SHORT_FRAME:
        features.append(f"m:{'_'.join(padded)}")
    return list(dict.fromkeys(features))


def sound_features(sighted: Sighted) -> list[str]:
    """Return the phone n-grams of ``sighted``, across word boundaries."""
    phones = f"^{sighted.phones[:240]}$"
    return [phones[i : i + size] for size in _GRAM_SIZES for i in range(len(phones) - size + 1)]


_WEIGHTS = {"w": 1.0, "b": 0.7, "s": 0.4, "i": 0.8, "k": 1.2, "e": 0.8, "x": 0.6, "o": 1.0, "n": 0.3, "m": 0.7}


class Vectoriser:
    """Gives features their numbers: rare ones are dropped, each row is scaled to a fixed length."""

    def __init__(self, weighted: bool, least: int = 1) -> None:
        self.index: dict[str, int] = {}
        self._idf: npt.NDArray[np.float32] = np.zeros(0, dtype=np.float32)
        self._weighted = weighted
        self._least = least

    def fit(self, rows: Sequence[Sequence[str]]) -> None:
        """Learn the features of ``rows``."""
        counts = Counter(feature for row in rows for feature in set(row))
        kept = sorted(feature for feature, count in counts.items() if count >= self._least)
        self.index = {feature: number for number, feature in enumerate(kept)}
        total = len(rows)
        self._idf = np.array([math.log(1.0 + total / counts[f]) for f in kept], dtype=np.float32)
        if self._weighted:
            factors = np.array([_WEIGHTS.get(f[0], 1.0) for f in kept], dtype=np.float32)
            self._idf = np.sqrt(self._idf) * factors

    def kept(self) -> tuple[npt.NDArray[np.str_], npt.NDArray[np.float32]]:
        """Return what was learnt: the features in order and their weights."""
        return np.array(list(self.index)), self._idf

    def restore(self, features: npt.NDArray[np.generic], weights: npt.NDArray[np.generic]) -> None:
        """Take back what ``kept`` returned."""
        self.index = {str(feature): number for number, feature in enumerate(features.tolist())}
        self._idf = weights.astype(np.float32)

    def row(self, features: Sequence[str]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]]:
        """Return the numbers of known features and their values."""
        numbers = np.array(sorted({self.index[f] for f in features if f in self.index}), dtype=np.int64)
        values = self._idf[numbers]
        norm = float(np.sqrt(np.sum(values * values)))
        return numbers, values * np.float32(3.0 / max(norm, 3.0 if self._weighted else 1.0))
