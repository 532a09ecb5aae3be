"""All the finders of entities behind one door: a sketch for the views, then the values an intent asks for."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from voicebot.dialog.nlu.data import NluData
from voicebot.dialog.nlu.entities.addresses import find_address
from voicebot.dialog.nlu.entities.communes import CommuneFinder, Place
from voicebot.dialog.nlu.entities.dates import find_date
from voicebot.dialog.nlu.entities.flux import FluxFinder, Found, PublicFinder
from voicebot.dialog.nlu.entities.objects import DETERMINERS, ObjectFinder
from voicebot.dialog.nlu.entities.phones import find_phone
from voicebot.dialog.nlu.entities.references import find_reference
from voicebot.dialog.nlu.entities.times import find_time
from voicebot.dialog.nlu.lexicon import LINKS, PhraseIndex
from voicebot.dialog.nlu.normalise import Utterance, simplify, word_set
from voicebot.dialog.nlu.repair import Repair

PAST = frozenset(["collecte.oubli", "suivi"])
"""Intents that speak of what has happened: "mardi" is the last one."""
_WITHOUT_STREAMS = ("eau.", "assainissement.", "commune.", "interco.", "service.", "conseiller", "au_revoir", "urgence")
"""Intents (beginnings of their ids) to which a stream tells nothing: the "papier" of a notary is none."""
_ABOUT_OBJECTS = (
    "tri.objet", "tri.consignes", "tri.compost", "encombrants.rdv", "encombrants.info", "decheterie.acces",
    "signalement.depot_sauvage", "hors_sujet",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Entities:
    """What was sighted in an utterance: enough to mark it for the views.

    ``things`` are the spans of the objects that no request but throwing away is made about.
    """

    places: tuple[Place, ...] = ()
    flux: tuple[Found, ...] = ()
    publics: tuple[str, ...] = ()
    objects: tuple[Found, ...] = ()
    marks: tuple[str, ...] = ()
    things: tuple[tuple[int, int], ...] = ()

    @property
    def towns(self) -> tuple[tuple[int, int], ...]:
        """The spans of words that name a town."""
        return tuple((place.first, place.last) for place in self.places)


class EntityFinder:
    """Finds entities in utterances, with the words of one profile."""

    def __init__(self, data: NluData) -> None:
        self.vocabulary = frozenset(_vocabulary(data))
        self.requests = frozenset(_requests(data))
        self.communes = CommuneFinder(data.communes, self.vocabulary)
        self._repair = Repair(data.sound_words, self.vocabulary | _object_words(data))
        self.flux = FluxFinder(data.streams)
        self.publics = PublicFinder(data.publics)
        self.objects = ObjectFinder(data.objects)
        names = ((name, table.id) for table in data.elsewhere if table.telling for name in table.names)
        self._elsewhere = PhraseIndex(names)

    def repaired(self, utterance: Utterance) -> Utterance:
        """Return ``utterance`` with the words of the service put right by their sound, towns left alone."""
        towns = [index for place in self.communes.find(utterance) for index in range(place.first, place.last)]
        return self._repair(utterance, towns)

    def sketch(self, utterance: Utterance) -> Entities:
        """Return the entities that the views need to see."""
        places = tuple(self.communes.find(utterance))
        flux = tuple(self.flux.find(utterance))
        publics = tuple(match.target for match in self.publics.find(utterance))
        covered = {index for item in flux for index in range(item.first, item.last)}
        objects = _apart(self.objects.guide(utterance), places)
        marks = [f"flux:{item.value}" for item in flux]
        if flux:
            marks.append("flux")
        if any(not covered.issuperset(range(item.first, item.last)) for item in objects):
            marks.append("objet")
        marks += [f"public:{public}" for public in dict.fromkeys(publics)]
        plain = [word.plain for word in utterance.words]
        marks += [f"ailleurs:{table}" for table in {match.target for match in self._elsewhere.search(plain)}]
        if places:
            marks.append("voisine" if all(place.outside for place in places) else "commune")
        return Entities(places, flux, publics, objects, tuple(marks), self._things(utterance, objects))

    def _things(self, utterance: Utterance, objects: Iterable[Found]) -> tuple[tuple[int, int], ...]:
        """Return the spans of ``objects`` without those whose words are said of other requests ("la poubelle")."""
        spans = ((item.first, item.last) for item in objects)
        return tuple(
            (first, last)
            for first, last in spans
            if any(w.plain not in LINKS and w.plain not in self.requests for w in utterance.words[first:last])
        )

    def values(self, utterance: Utterance, found: Entities, intent: str, now: datetime) -> dict[str, str]:
        """Return the values of the entities of an utterance, for ``intent``."""
        values: dict[str, str] = {}
        inside = [place for place in found.places if not place.outside]
        outside = [place for place in found.places if place.outside]
        if inside:
            values["commune"] = min(inside, key=lambda place: (place.distance, place.first)).name
        elif outside:
            values["hors_territoire"] = outside[0].name
        if found.flux and not intent.startswith(_WITHOUT_STREAMS):
            values["flux"] = found.flux[0].value
        if found.publics:
            kinds = set(found.publics)
            values["public"] = "professionnel" if "professionnel" in kinds else "particulier"
        if intent.startswith(("tri.objet", "encombrants")):
            thrown = self.objects.find(utterance, after_verb=intent != "tri.objet")
            if meant := _apart(thrown, found.places):
                values["objet"] = meant[0].value
                if intent == "tri.objet":
                    values.pop("flux", None)
        elif intent in ("signalement.depot_sauvage", "decheterie.acces"):
            dumped = intent.startswith("signalement")
            if objects := [item for item in found.objects if not _is_setting(utterance, item, dumped)]:
                values["objet"] = objects[0].value
        for name, value in (
            ("date", find_date(utterance.text, now, past=intent in PAST)),
            ("heure", find_time(utterance.text)),
            ("telephone", find_phone(utterance.clean)),
            ("adresse", find_address(utterance.clean)),
            ("reference", find_reference(utterance.clean)),
        ):
            if value is not None:
                values[name] = value
        return values


def _apart(objects: Iterable[Found], places: Iterable[Place]) -> tuple[Found, ...]:
    """Return ``objects`` without those that are part of the name of a town ("Saint-*Pierre*-Azif", "*Touques*")."""
    towns = {index for place in places for index in range(place.first, place.last)}
    return tuple(item for item in objects if towns.isdisjoint(range(item.first, item.last)))


def _is_setting(utterance: Utterance, item: Found, dumped: bool) -> bool:
    """Tell whether an object is what brings the waste, where it lies, or the card that lets in, not the waste itself.

    Args:
        utterance: what was said.
        item: the object.
        dumped: whether waste left in the open is spoken of, else what is brought to a recycling centre.
    """
    words = [word.plain for word in utterance.words]
    said, lead = words[item.first : item.last], words[: item.first]
    while lead and (lead[-1] in DETERMINERS or lead[-1] in LINKS):
        lead.pop()
    carrier = not _CARRIERS.isdisjoint(said)
    if not dumped:
        thrown = bool(lead) and lead[-1] in _THROWING
        return (carrier and not thrown) or not _ENTRY.isdisjoint(said)
    after = words[item.last :]
    acting = not {"a", "ont", "qui"}.isdisjoint(after[:2]) and "ete" not in after[:3]
    full = len(after) > 1 and after[0] in ("de", "d")
    return (carrier and (acting or full)) or bool(lead and lead[-1] in _WHERE)


_CARRIERS = word_set("remorque remorques camion camions camionnette fourgon fourgonnette voiture utilitaire tracteur")
_ENTRY = word_set("badge carte macaron papier papiers")
_THROWING = word_set("jeter jette deposer debarrasser prenez acceptez reprenez recycler donner")
_WHERE = word_set("dans sur sous devant derriere bord entree bout pres cote long milieu contre")


def _object_words(data: NluData) -> frozenset[str]:
    """Return the folded words of the sorting guide."""
    return frozenset(w for item in data.objects for form in (item.name, *item.synonyms) for w in simplify(form).split())


def _requests(data: NluData) -> Iterable[str]:
    """Return the folded words of requests that are not about throwing an object away."""
    for intent in data.intents:
        if intent.id not in _ABOUT_OBJECTS:
            for text in (*intent.examples, *intent.keywords):
                yield from simplify(text).split()


def _vocabulary(data: NluData) -> Iterable[str]:
    """Return the folded words of ordinary requests, towns apart."""
    towns = {w for town in data.communes for form in (town.name, *town.nicknames) for w in simplify(form).split()}
    words = set(LINKS)
    for intent in data.intents:
        for text in (*intent.examples, *intent.keywords):
            words.update(simplify(text).split())
    for flux in data.streams:
        for text in (*flux.names, *flux.alone):
            words.update(simplify(text).split())
    for ideas in data.ideas.values():
        for text in ideas:
            words.update(simplify(text).split())
    return words - towns
