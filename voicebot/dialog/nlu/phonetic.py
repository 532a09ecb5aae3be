"""A phonetic key for French, and a search by sound across word boundaries.

Why our own: Soundex and Metaphone are made for English; the French keys in print (Phonex, Fonem) work on one word and
throw vowels away, whereas recognisers of French break names at the wrong place ("tou que", "des chetteries", "bénir
ville") while keeping most vowels. Here a text becomes a string of phones, one character each, without regard to
where its words end; two keys are compared by weighted edit distance at two levels, exact phones and broad classes
(voicing and neighbouring vowels merged), since a telephone line takes away first what tells p from b or an from on.

Phones: vowels a e i o y(u) u(ou) 2(eu) A(an) I(in) O(on); semi-vowels j w; consonants p b t d k g f v s z S(ch) Z(j)
m n N(gn) l r.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from rapidfuzz.distance import Levenshtein
from rapidfuzz.process import cdist

_VOWELS = "aeiouyéèAIO2"
_RULES: tuple[tuple[str, str], ...] = (
    # whole endings first: what is written and not said
    (r"(?<=[a-zéè]{2})(?:ents?)(?=$)", "A"),
    (r"(?<=i)ll(?=e[sr]?$)(?<=vill)", "l"),
    (r"(?<=[a-zéè])(?:ers|er|ez|ets|et)(?=$)", "e"),
    (r"(?<=[a-zéè])e[st]?(?=$)(?<![éè]$)", ""),
    (r"(?<=[^aeiouyéè])es(?=$)", ""),
    # several letters, one sound
    (r"eau[xs]?", "o"),
    (r"au[xlt]?s?(?=$)", "o"),
    (r"oeu|eu|œu", "2"),
    (r"aill?(?=e)|aill|ail(?=$)", "aj"),
    (r"eill?(?=e)|eill|eil(?=s?$)", "ej"),
    (r"ouill?(?=e)|ouill", "uj"),
    (r"(?<=v)ill(?=[eao])", "il"),
    (r"(?<=m)ill(?=e)", "il"),
    (r"ill(?=[eéèao])", "ij"),
    (r"tion", "sjO"),
    (r"(?:ai|ei)(?:n|m)(?![aeiouyéènm])", "I"),
    (r"oin(?![aeiouyéè])", "wI"),
    (r"ien(?![aeiouyéèn])", "jI"),
    (r"(?:an|am|en|em)(?=[bcdfgjklpqrstvxz]|$)", "A"),
    (r"(?:in|im|yn|ym|un|um)(?=[bcdfgjklpqrstvxz]|$)", "I"),
    (r"(?:on|om)(?=[bcdfgjklpqrstvxz]|$)", "O"),
    (r"ou(?=[ieaéè])", "w"),
    (r"ou[xts]?(?=$)|oult(?=$)|ou|oo|où", "u"),
    (r"oi[sxt]?(?=$)|oi|oy(?=$)", "wa"),
    (r"oy", "waj"),
    (r"(?:ai|ei|ay|ey)(?:s|t|x|nt)?(?=$)|ai|ei|ay|ey", "e"),
    (r"au", "o"),
    (r"gn", "N"),
    (r"tch", "tS"),
    (r"sch|ch(?=[rl])", "k"),
    (r"ch|sh", "S"),
    (r"ph", "f"),
    (r"th", "t"),
    (r"rh", "r"),
    (r"qu|q|ck|cqu", "k"),
    (r"gu(?=[eiéèy])", "g"),
    (r"ge(?=[ao])", "Z"),
    (r"g(?=[eiéèy])|j", "Z"),
    (r"cc(?=[eiéèy])", "ks"),
    (r"sc(?=[eiéèy])", "s"),
    (r"c(?=[eiéèy])|ç", "s"),
    (r"cc|c|kk|k", "k"),
    (r"gg|g", "g"),
    (r"(?<=[aeiouyéè])s(?=[aeiouyéè])", "z"),
    (r"ss|s(?!$)", "s"),
    (r"x(?!$)", "ks"),
    (r"(?<=[aeiouyéènrl])[tdsxpz]{1,2}s?(?=$)", ""),
    (r"s(?=$)", ""),
    (r"bb|b", "b"), (r"dd|d", "d"), (r"ff|f", "f"), (r"ll|l", "l"), (r"mm|m", "m"), (r"nn|n", "n"), (r"pp|p", "p"),
    (r"rr|r", "r"), (r"tt|t", "t"), (r"vv|v|w", "v"), (r"zz|z", "z"), (r"x", ""),
    (r"i(?=[aeoéè])", "j"), (r"y(?=[aeoéè])", "j"), (r"i|y", "i"),
    (r"e(?=[^aeiouyéè]{2})|é|è", "e"), (r"e", ""), (r"a", "a"), (r"o", "o"), (r"u(?=i)", "w"), (r"u", "y"), (r"h", ""),
)  # fmt: skip
_COMBINED = re.compile("|".join(f"({pattern})" for pattern, _ in _RULES))
_OUTPUTS = [output for _, output in _RULES]
_ACCENTS = str.maketrans(
    {"à": "a", "â": "a", "ä": "a", "î": "i", "ï": "i", "ô": "o", "ö": "o", "û": "u", "ù": "u", "ü": "u",
     "ê": "è", "ë": "è", "œ": "oe", "ñ": "n", "ÿ": "y"}
)  # fmt: skip
_SPOKEN_LETTER = {
    "b": "be", "c": "se", "d": "de", "f": "ef", "g": "Ze", "h": "aS", "j": "Z", "k": "ka", "l": "l", "m": "m",
    "n": "n", "p": "pe", "q": "ky", "r": "er", "s": "s", "t": "t", "v": "ve", "x": "iks", "z": "zed",
}  # fmt: skip
_IRREGULAR = {"st": "sI", "est": "e", "et": "e", "les": "le", "des": "de", "mes": "me", "ses": "se", "ces": "se",
              "tes": "te", "je": "Z", "de": "d", "le": "l", "me": "m", "ne": "n", "se": "s", "te": "t", "que": "k",
              "ce": "s", "sainte": "sIt", "saint": "sI", "ville": "vil", "un": "I", "y": "i", "vingt": "vI",
              "temps": "tA", "six": "sis", "dix": "dis", "huit": "wit", "sept": "set", "os": "os", "gaz": "gaz",
              "hier": "jer", "fer": "fer", "verre": "ver", "vers": "ver", "ver": "ver", "vert": "ver", "mer": "mer",
              "mers": "mer", "cher": "Ser", "hiver": "iver", "stop": "stop", "villers": "viler", "villes": "vil",
              "sac": "sak", "sacs": "sak", "bac": "bak", "bacs": "bak"}  # fmt: skip
_BROAD = str.maketrans(
    {"b": "p", "d": "t", "g": "k", "v": "f", "z": "s", "Z": "S", "N": "n", "m": "n", "y": "u", "2": "o", "A": "O",
     "I": "O", "j": "i", "w": "u"}
)  # fmt: skip


@lru_cache(maxsize=65536)
def word_key(word: str) -> str:
    """Return the phones of one lower-case word (accents kept when known: é and è sound, a final e does not)."""
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    word = word.translate(_ACCENTS)
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if len(word) == 1 and word in _SPOKEN_LETTER:
        return _SPOKEN_LETTER[word]
    out: list[str] = []
    for match in _COMBINED.finditer(word):
        piece = _OUTPUTS[(match.lastindex or 1) - 1]
        if piece and out and out[-1] == piece:
            continue
        out.append(piece)
    return "".join(out)


def key(text: str) -> str:
    """Return the phones of ``text``, its words joined: where they were cut does not matter."""
    joined = "".join(word_key(word) for word in re.findall(r"[^\W\d_]+|\d+", text.lower()))
    return re.sub(r"(.)\1+", r"\1", joined)


def broad(phones: str) -> str:
    """Return ``phones`` with what a telephone confuses merged (voicing, nasals, neighbouring vowels)."""
    return re.sub(r"(.)\1+", r"\1", phones.translate(_BROAD))


def distance(first: str, second: str) -> float:
    """Return how differently two texts sound: 0 the same, 1 nothing in common."""
    one, two = key(first), key(second)
    if not one or not two:
        return 1.0
    exact = Levenshtein.normalized_distance(one, two)
    wide = Levenshtein.normalized_distance(broad(one), broad(two))
    return 0.5 * (exact + wide)


@dataclass(frozen=True, slots=True)
class Sounding:
    """A form found by sound: what it stands for, the words it covers (half-open), and its distance (0 to 1)."""

    target: str
    first: int
    last: int
    distance: float


class SoundIndex:
    """Forms looked for by sound in a list of words, whatever the word boundaries.

    Args:
        forms: ``(spoken form, what it stands for)``.
        reach: the longest form is this many words longer when badly cut.
    """

    def __init__(self, forms: Iterable[tuple[str, str]], reach: int = 1) -> None:
        seen: dict[str, str] = {}
        self._span = 1
        for form, target in forms:
            phones = key(form)
            if phones:
                seen.setdefault(phones, target)
                self._span = max(self._span, len(form.replace("-", " ").replace("'", " ").split()) + reach)
        self._keys = list(seen)
        self._targets = [seen[phones] for phones in self._keys]
        self._broad = [broad(phones) for phones in self._keys]
        self._lengths = np.array([len(phones) for phones in self._keys], dtype=np.float32)
        self._exact = seen

    def target_of(self, phones: str) -> str | None:
        """Return what exactly these phones stand for."""
        return self._exact.get(phones)

    def search(self, words: Sequence[str], limit: float, allowed: Sequence[bool] | None = None) -> list[Sounding]:
        """Return the forms heard within ``limit`` of distance, nearest first (then longest).

        Args:
            words: lower-case words with their accents.
            limit: the greatest distance accepted, 0 to 1.
            allowed: per word, whether a window may start there.
        """
        if not self._keys or not words:
            return []
        parts = [word_key(word) for word in words]
        windows: list[tuple[int, int]] = []
        phones: list[str] = []
        for first in range(len(words)):
            if allowed is not None and not allowed[first]:
                continue
            joined = ""
            for last in range(first, min(first + self._span, len(words))):
                if not parts[last]:
                    continue
                joined = joined + (parts[last][1:] if joined and joined[-1] == parts[last][0] else parts[last])
                if len(joined) >= 3:
                    windows.append((first, last + 1))
                    phones.append(joined)
        if not phones:
            return []
        lengths = np.array([len(p) for p in phones], dtype=np.float32)
        longest = np.maximum(lengths[:, None], self._lengths[None, :])
        exact = cdist(phones, self._keys, scorer=Levenshtein.distance, dtype=np.int32) / longest
        wide = cdist([broad(p) for p in phones], self._broad, scorer=Levenshtein.distance, dtype=np.int32) / longest
        scores = 0.5 * (exact + wide)
        rows, columns = np.nonzero(scores <= limit)
        found = [
            Sounding(self._targets[c], windows[r][0], windows[r][1], float(scores[r, c]))
            for r, c in zip(rows.tolist(), columns.tolist(), strict=True)
        ]
        return sorted(found, key=lambda s: (round(s.distance, 3), s.first - s.last))
