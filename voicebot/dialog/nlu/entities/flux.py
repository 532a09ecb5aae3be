"""Waste streams, as callers name them ("la jaune", "les recyclables"), and who the caller is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from voicebot.dialog.nlu.data import FluxData
from voicebot.dialog.nlu.lexicon import Match, PhraseIndex
from voicebot.dialog.nlu.normalise import Utterance, stem, word_set

_CONTEXT = frozenset(
    stem(word)
    for word in word_set(
        "poubelle poubelles bac bacs sac sacs collecte ramasser ramassage camion conteneur container benne "
        "borne colonne quand jour jours passer passe passez tri trier couvercle vider sortir eboueurs recycler dechets"
    )
)
_SHORT = 4


@dataclass(frozen=True, slots=True)
class Found:
    """A value found and the words it covers (half-open)."""

    value: str
    first: int
    last: int


class FluxFinder:
    """Finds the streams named in an utterance."""

    def __init__(self, streams: Sequence[FluxData]) -> None:
        self._names = PhraseIndex((name, flux.id) for flux in streams for name in flux.names)
        self._alone = PhraseIndex((name, flux.id) for flux in streams for name in flux.alone)

    def find(self, utterance: Utterance) -> list[Found]:
        """Return the streams named, in order; weak words count only in a waste context or in a very short turn."""
        plain = [word.plain for word in utterance.words]
        found = [Found(match.target, match.first, match.last) for match in self._names.search(plain)]
        if not found and (len(plain) <= _SHORT or any(stem(word) in _CONTEXT for word in plain)):
            found = [Found(match.target, match.first, match.last) for match in self._alone.search(plain)]
        return found


class PublicFinder:
    """Tells a professional from a private person by what they say they are."""

    def __init__(self, publics: Mapping[str, tuple[str, ...]]) -> None:
        self._index = PhraseIndex((word, kind) for kind, words in publics.items() for word in words)

    def find(self, utterance: Utterance) -> list[Match]:
        """Return the publics named, in order."""
        return self._index.search([word.plain for word in utterance.words])
