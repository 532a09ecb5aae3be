"""What the recogniser writes for words of the service, learnt from examples said to it, to say others its way.

The words said and the words heard are aligned; where they differ, the one phrase is heard as the other ("encombrants"
as "en combrant"). An example never said is then written as it would perhaps be heard.
"""

import random
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from rapidfuzz.distance import Levenshtein

from voicebot.dialog.nlu.normalise import normalise
from voicebot.dialog.nlu.phonetic import distance

_LONGEST = 3
_UNLIKE = 0.6
"""From this distance in sound, two phrases that stand in each other's place are no misheard word."""
_OFTEN = 0.5


class Confusions:
    """Phrases and what they are heard as.

    Args:
        pairs: texts said, each with what was heard.
    """

    def __init__(self, pairs: Iterable[tuple[str, str]]) -> None:
        found: dict[tuple[str, ...], Counter[tuple[str, ...]]] = defaultdict(Counter)
        for said, heard in pairs:
            for one, other in differences(words_of(said), words_of(heard)):
                found[one][other] += 1
        self._heard_as = {one: (tuple(others), tuple(others.values())) for one, others in found.items()}

    def __len__(self) -> int:
        """Return how many phrases are known to be misheard."""
        return len(self._heard_as)

    def misheard(self, text: str, generator: random.Random) -> str:
        """Return ``text`` with about half of what is known to be misheard as it may be heard; empty when nothing is."""
        words = words_of(text)
        result: list[str] = []
        index = 0
        while index < len(words):
            size, heard = 1, words[index : index + 1]
            for length in range(min(_LONGEST, len(words) - index), 0, -1):
                known = self._heard_as.get(words[index : index + length])
                if known is not None and generator.random() < _OFTEN:
                    size, heard = length, generator.choices(known[0], known[1])[0]
                    break
            result += heard
            index += size
        return " ".join(result) if tuple(result) != words else ""


def words_of(text: str) -> tuple[str, ...]:
    """Return the words of ``text``, in lower case with their accents, without hesitations."""
    return tuple(word.text for word in normalise(text).words)


def differences(said: Sequence[str], heard: Sequence[str]) -> list[tuple[tuple[str, ...], tuple[str, ...]]]:
    """Return the phrases of ``said`` that are not in ``heard``, each with the one in its place that sounds like it."""
    found: list[tuple[tuple[str, ...], tuple[str, ...]]] = []
    begin = (0, 0)
    for block in (*Levenshtein.opcodes(said, heard), None):
        if block is not None and block.tag != "equal":
            continue
        end = (len(said), len(heard)) if block is None else (block.src_start, block.dest_start)
        one, other = tuple(said[begin[0] : end[0]]), tuple(heard[begin[1] : end[1]])
        fits = 1 <= len(one) <= _LONGEST and 1 <= len(other) <= _LONGEST + 1
        if fits and distance(" ".join(one), " ".join(other)) < _UNLIKE:
            found.append((one, other))
        if block is not None:
            begin = (block.src_end, block.dest_end)
    return found
