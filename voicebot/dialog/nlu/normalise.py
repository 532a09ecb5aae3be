"""Spoken French made comparable: what was heard becomes a bounded list of words without noise.

Two spellings of every word are kept: ``text`` (lower case, accents) for the phonetic key, and ``plain`` (no accents)
for lexical matching. Hesitations, restarts and repetitions are dropped; clause breaks (punctuation) are kept as a
flag on the word that follows. Nothing here raises, whatever the text: length is bounded before any other work.
"""

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

MAX_CHARS = 600
"""Longest text looked at; a caller's turn is far shorter, and the time spent must stay bounded."""

MAX_WORDS = 90
"""Most words kept."""


def word_set(words: str) -> frozenset[str]:
    """Return the words of a space-separated list."""
    return frozenset(words.split())


_HESITATIONS = word_set(
    "euh heu hum hmm hm mm mmm ah oh eh ben bah beh bin hein bon tiens euhm pff pfff hop ouh roh rooh tss"
)
_FILLER_PHRASES = (
    "eh bien", "en fait", "du coup", "comment dire", "disons que", "vous voyez", "si vous voulez", "je veux dire",
    "en gros", "a vrai dire", "figurez vous", "voyez vous", "quand meme", "j allais dire", "comment dirais je",
    "vous savez", "de fait", "pour ainsi dire", "on va dire", "comment on dit", "comment ca s appelle",
)  # fmt: skip
_FILLERS: dict[str, list[tuple[str, ...]]] = {}
for _phrase in _FILLER_PHRASES:
    _FILLERS.setdefault(_phrase.split()[0], []).append(tuple(_phrase.split()))
_LEADING = frozenset(["alors", "voila", "donc", "enfin", "et", "allo"])
_ELIDED = word_set("l d j m n s t c qu jusqu lorsqu puisqu quelqu quoiqu presqu")
_TOKEN = re.compile(
    r"[^\W\d_]+|\d+(?:er|[èe]re|re|nde?|e|[èe]me)(?![^\W\d_])|\d+(?:[.,:]\d+)*|[.,;:!?…\n]", re.IGNORECASE
)
_BREAKS = frozenset(".,;:!?…\n")
_LIGATURES = str.maketrans({"œ": "oe", "æ": "ae", "’": "'", "ʼ": "'", "‘": "'", "´": "'", "`": "'", "ß": "ss"})


@dataclass(frozen=True, slots=True)
class Word:
    """One word: with accents, without, its place in the cleaned text, and whether punctuation came before it."""

    text: str
    plain: str
    start: int
    end: int
    after_break: bool = False


@dataclass(frozen=True, slots=True)
class Utterance:
    """A caller's turn, normalised. ``clean`` is the bounded raw text (case and punctuation kept)."""

    clean: str
    words: tuple[Word, ...]

    @property
    def plain(self) -> str:
        """The words without accents, separated by spaces."""
        return " ".join(word.plain for word in self.words)

    @property
    def text(self) -> str:
        """The words with their accents, separated by spaces."""
        return " ".join(word.text for word in self.words)


def bound(text: str) -> str:
    """Return ``text`` as composed Unicode, without control characters, at most ``MAX_CHARS`` long."""
    cut = unicodedata.normalize("NFKC", text[:MAX_CHARS])[:MAX_CHARS].translate(_LIGATURES)
    if cut.isprintable():
        return cut
    return "".join(char if char.isprintable() or char == "\n" else " " for char in cut)


@lru_cache(maxsize=32768)
def fold(text: str) -> str:
    """Return ``text`` in lower case without accents ("Déchèterie" -> "dechetterie" is not implied: "decheterie")."""
    decomposed = unicodedata.normalize("NFD", text.lower().translate(_LIGATURES))
    return "".join(char for char in decomposed if not unicodedata.combining(char))


def simplify(text: str) -> str:
    """Return the words of ``text`` folded and single-spaced, hesitations included: the form lexicons are kept in."""
    return " ".join(fold(match) for match in re.findall(r"[^\W_]+", bound(text)))


def _split(clean: str) -> list[Word]:
    words: list[Word] = []
    broken = False
    for match in _TOKEN.finditer(clean.lower()):
        token = match.group()
        if token in _BREAKS:
            broken = True
            continue
        plain = fold(token)
        if not plain or not plain.isascii():
            plain = plain.encode("ascii", "ignore").decode() or "?"
        words.append(Word(token, plain, match.start(), match.end(), broken))
        broken = False
        if len(words) >= MAX_WORDS:
            break
    return words


def _without_hesitations(words: list[Word]) -> list[Word]:
    kept: list[Word] = []
    index, broken = 0, False
    while index < len(words):
        skip = 0
        if words[index].plain in _HESITATIONS:
            skip = 1
        else:
            for filler in _FILLERS.get(words[index].plain, ()):
                if tuple(word.plain for word in words[index : index + len(filler)]) == filler:
                    skip = len(filler)
                    break
        if skip:
            broken = broken or words[index].after_break
            index += skip
            continue
        word = words[index]
        if broken and not word.after_break:
            word = Word(word.text, word.plain, word.start, word.end, True)
        kept.append(word)
        broken = False
        index += 1
    while len(kept) > 1 and kept[0].plain in _LEADING:
        kept = kept[1:]
    return kept


def _without_repetitions(words: list[Word]) -> list[Word]:
    """Drop the first of two equal runs of one to four words ("à quelle à quelle heure"); digits may repeat."""
    kept: list[Word] = []
    for word in words:
        kept.append(word)
        for size in (4, 3, 2, 1):
            if len(kept) < 2 * size:
                continue
            last, before = kept[-size:], kept[-2 * size : -size]
            if any(w.plain.isdigit() or w.plain in NUMBER_WORDS for w in last):
                continue
            if [w.plain for w in last] == [w.plain for w in before]:
                del kept[-size:]
                break
    return kept


NUMBER_WORDS = word_set(
    "zero un une deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze seize vingt vingts "
    "trente quarante cinquante soixante septante huitante octante nonante cent cents mille"
)


def normalise(text: str) -> Utterance:
    """Return ``text`` as an ``Utterance``: bounded, split, without hesitations, restarts and repetitions."""
    clean = bound(text)
    words = _split(clean)
    kept = _without_repetitions(_without_hesitations(words))
    return Utterance(clean, tuple(kept or words))


_SUFFIXES = (
    ("issement", 4), ("assement", 4), ("ements", 4), ("ement", 4), ("ations", 3), ("ation", 3), ("eraient", 3),
    ("erait", 3), ("erais", 3), ("aient", 3), ("eront", 3), ("erons", 3), ("erez", 3), ("assage", 4), ("ages", 3),
    ("age", 3), ("antes", 3), ("ante", 3), ("ants", 3), ("ees", 3), ("ais", 3), ("ait", 3), ("ant", 3), ("ent", 4),
    ("era", 3), ("ons", 3), ("ez", 3), ("er", 3), ("ee", 3), ("es", 3), ("aux", 3), ("al", 4), ("e", 3), ("s", 3),
    ("x", 3), ("i", 4), ("is", 4), ("it", 4), ("ir", 4),
)  # fmt: skip


_OWN_STEMS = {
    **dict.fromkeys(("habite", "habites", "habitez", "habiter", "habitent", "habitons", "habitais"), "habiter"),
    **dict.fromkeys(("habitant", "habitants", "habitante"), "habitant"),
    **dict.fromkeys(("porte", "portes"), "porte"),
    **dict.fromkeys(("porter", "portez", "portent"), "porter"),
    **dict.fromkeys(("carte", "cartes"), "carte"),
    **dict.fromkeys(("journee", "journees"), "journee"),
    **dict.fromkeys(("relation", "relations"), "relation"),
    **dict.fromkeys(("habitation", "habitations"), "habitation"),
    **dict.fromkeys(("brancher", "branchee", "branchees", "branchement", "branchements"), "brancher"),
    **dict.fromkeys(("encombre", "encombree", "encombres", "encombrees", "encombrement", "encombrements"), "encombre"),
}
"""Words that the suffixes would take for others: "j'habite" is not "mes habits", "la journée" is not "le journal"."""


def singular(plain: str) -> str:
    """Return a folded word without the mark of the plural: the only thing that may vary in the name of an object."""
    if len(plain) <= 3 or plain.isdigit():
        return plain
    if plain.endswith("eaux"):
        return plain[:-1]
    if plain.endswith("aux") and plain[-4] not in "iy":  # "journaux", but "tuyaux"
        return plain[:-2] + "l"
    return plain[:-1] if plain[-1] in "sx" else plain


@lru_cache(maxsize=32768)
def stem(plain: str) -> str:
    """Return the light stem of a folded word: enough to join "ramasse", "ramassé", "ramassage", "ramasser".

    After Savoy's light stemmer for French (2006), shortened to what spoken requests need.
    """
    if plain in _OWN_STEMS:
        return _OWN_STEMS[plain]
    if len(plain) < 5 or plain.isdigit():
        return plain.rstrip("sx") if len(plain) > 3 else plain
    for suffix, keep in _SUFFIXES:
        if plain.endswith(suffix) and len(plain) - len(suffix) >= keep:
            plain = plain[: -len(suffix)]
            break
    if len(plain) > 4 and plain[-1] == plain[-2]:
        plain = plain[:-1]
    return plain
