"""Communes and neighbouring towns, by name, nickname, hamlet, known mishearing, and by sound."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from voicebot.dialog.nlu.data import CommuneData
from voicebot.dialog.nlu.lexicon import PhraseIndex
from voicebot.dialog.nlu.normalise import Utterance, word_set
from voicebot.dialog.nlu.phonetic import SoundIndex

_BEFORE = word_set("a de sur vers depuis pour habite chez commune ville mairie cote pres en")
_WAYS = word_set("route rue avenue boulevard chemin quai")
_LOOSE = 0.24
_STRICT = 0.12
_OPEN = 0.34


@dataclass(frozen=True, slots=True)
class Place:
    """A town heard: official name, whether it is outside the territory, the words covered, distance of sound."""

    name: str
    outside: bool
    first: int
    last: int
    distance: float = 0.0


class CommuneFinder:
    """Finds the towns of the territory and around it.

    Args:
        communes: all towns, the territory's first.
        vocabulary: folded words that belong to ordinary requests; they are not taken for a badly heard name unless
            they sound exactly like it after a preposition of place.
    """

    def __init__(self, communes: Sequence[CommuneData], vocabulary: Iterable[str]) -> None:
        self._outside = {town.name: town.outside for town in communes}
        exact: list[tuple[str, str]] = []
        sounds: list[tuple[str, str]] = []
        for town in communes:
            proper = [town.name, *town.nicknames, *town.hamlets]
            exact += [(form, town.name) for form in proper]
            sounds += [(form, town.name) for form in (*proper, *town.misheard)]
        self._exact = PhraseIndex(exact)
        self._sounds = SoundIndex(sounds)
        own = {word for form, _ in exact for word in form.lower().replace("-", " ").split()}
        self._vocabulary = frozenset(vocabulary) - own
        self._names = frozenset(self._outside)

    def find(self, utterance: Utterance, alone: bool = False) -> list[Place]:
        """Return the towns named, in order.

        Args:
            utterance: the turn.
            alone: the turn answers "for which commune?": a looser likeness is enough.
        """
        plain = [word.plain for word in utterance.words]
        places = [Place(m.target, self._outside[m.target], m.first, m.last) for m in self._exact.search(plain)]
        places = [place for place in places if not self._is_street(plain, place)]
        taken = {index for place in places for index in range(place.first, place.last)}
        limit = _OPEN if alone else _LOOSE
        allowed = [index not in taken for index in range(len(plain))]
        for heard in self._sounds.search([word.text for word in utterance.words], limit, allowed):
            span = range(heard.first, heard.last)
            if taken.intersection(span) or not self._plausible(plain, heard.first, heard.last, heard.distance, alone):
                continue
            place = Place(heard.target, self._outside[heard.target], heard.first, heard.last, heard.distance)
            if not self._is_street(plain, place):
                places.append(place)
            taken.update(span)
        return sorted(places, key=lambda place: place.first)

    def _plausible(self, plain: list[str], first: int, last: int, distance: float, alone: bool) -> bool:
        known = [word in self._vocabulary for word in plain[first:last]]
        led = first > 0 and plain[first - 1] in _BEFORE
        if alone:
            return distance <= _LOOSE or not all(known)
        if all(known):
            return distance == 0.0 and led and last - first >= 2
        if any(known) and not led:
            return distance <= _STRICT
        return distance <= (_LOOSE if led else _STRICT)

    def _is_street(self, plain: list[str], place: Place) -> bool:
        """Tell "route de Honfleur", which is a street, from "à Honfleur"."""
        before = plain[max(0, place.first - 2) : place.first]
        if before and before[-1] in ("de", "d", "du"):
            before = before[:-1]
        return bool(before) and before[-1] in _WAYS
