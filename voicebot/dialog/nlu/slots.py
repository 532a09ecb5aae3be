"""The value of a slot in the answer to its question: the question narrows what was meant, so less is enough."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from voicebot.dialog.nlu.base import Background
from voicebot.dialog.nlu.entities.addresses import find_address
from voicebot.dialog.nlu.entities.consent import find_consent
from voicebot.dialog.nlu.entities.dates import find_date
from voicebot.dialog.nlu.entities.emails import find_email
from voicebot.dialog.nlu.entities.finder import EntityFinder
from voicebot.dialog.nlu.entities.names import find_name
from voicebot.dialog.nlu.entities.numbers import digits_kept
from voicebot.dialog.nlu.entities.objects import DETERMINERS
from voicebot.dialog.nlu.entities.phones import digits_said, find_phone
from voicebot.dialog.nlu.entities.references import find_reference
from voicebot.dialog.nlu.entities.times import find_time
from voicebot.dialog.nlu.entities.volumes import find_volume
from voicebot.dialog.nlu.normalise import bound, normalise
from voicebot.dialog.nlu.turn import without_denied

_FREE_TEXT = 400
_LONGEST_PLACE = 12
_LEAD = re.compile(
    r"^(?:(?:alors|oui|donc|euh|ben|bah|voilà|eh bien|bonjour|non)[\s,]+)*(?:(?:c'est|ce serait|c’est|à|au|dans)\s+)?",
    re.I,
)
_DAY_MONTH = re.compile(r"\D*\b([12]?\d|3[01])\s+(?:du\s+)?(0?[1-9]|1[0-2])\b\D*")
_LANDMARK = re.compile(
    r"^(?:juste |un peu )?(?:après|avant|devant|derrière|entre|près|contre|vers|sous|le long|"
    r"en (?:face|bas|haut|allant|venant|sortant)|"
    r"(?:à |au |sur )?(?:l'|la |le )?(?:bout|coin|fond|niveau|bord|côté|angle|entrée|sortie|hauteur))\b",
    re.I,
)


def _commune(finder: EntityFinder, text: str, now: datetime) -> str | None:
    utterance = without_denied(normalise(text))
    places = finder.communes.find(utterance, alone=True)
    inside = [place for place in places if not place.outside]
    chosen = inside or places
    if not chosen:
        return None
    last = [place for place in chosen if place.distance == 0.0] or [min(chosen, key=lambda place: place.distance)]
    return last[-1].name


def _flux(finder: EntityFinder, text: str, now: datetime) -> str | None:
    found = finder.flux.find(without_denied(normalise(text)))
    return found[-1].value if found else None


def _object(finder: EntityFinder, text: str, now: datetime) -> str | None:
    found = finder.objects.find(without_denied(normalise(text)))
    return found[0].value if found else None


def _objects(finder: EntityFinder, text: str, now: datetime) -> str | None:
    """Return the words that name several objects ("un matelas et deux fauteuils"); ``None`` for one or none."""
    utterance = normalise(text)
    found = sorted(finder.objects.guide(utterance), key=lambda one: one.first)
    if len({one.value for one in found}) < 2:
        return None
    first = found[0].first
    while first and utterance.words[first - 1].plain in DETERMINERS:
        first -= 1
    return utterance.clean[utterance.words[first].start : utterance.words[found[-1].last - 1].end]


def _public(finder: EntityFinder, text: str, now: datetime) -> str | None:
    found = finder.publics.find(without_denied(normalise(text)))
    return found[-1].target if found else None


def _date(finder: EntityFinder, text: str, now: datetime) -> str | None:
    """Return the date; a number alone is a day, two are a day and a month ("le trois douze")."""
    figures = digits_kept(bound(text))
    if pair := _DAY_MONTH.fullmatch(figures):
        return find_date(f"{pair.group(1)}/{pair.group(2)}", now)
    found = find_date(text, now)
    if found is None and (number := re.fullmatch(r"\D*\b([12]?\d|3[01])\b\D*", figures)):
        found = find_date(f"le {number.group(1)}", now)
    return found


def _time(finder: EntityFinder, text: str, now: datetime) -> str | None:
    found = find_time(text)
    if found is None and (number := re.fullmatch(r"\D*\b(1?\d|2[0-3])\b\D*", digits_kept(bound(text)))):
        found = find_time(f"{number.group(1)} heures")
    return found


def _address(finder: EntityFinder, text: str, now: datetime) -> str | None:
    """Return the address; a place told by its landmarks is kept whole ("après le rond-point en allant vers la mer")."""
    found = find_address(text)
    free = _free(finder, text, now)
    whole = free is not None and len(free.split()) <= _LONGEST_PLACE and find_consent(text) is None
    if found is None or (whole and not found[0].isdigit() and _LANDMARK.search(free or "")):
        return free if whole else None
    return found


def _free(finder: EntityFinder, text: str, now: datetime) -> str | None:
    """Return free text without its opening fillers, when there is something in it."""
    clean = re.sub(r"\s+", " ", bound(text)).strip()[:_FREE_TEXT]
    rest = _LEAD.sub("", clean, count=1).strip(" ,.;")
    return rest if len(re.findall(r"\w", rest)) >= 2 else None


_Reader = Callable[[EntityFinder, str, datetime], str | None]
_READERS: Mapping[str, _Reader] = {
    "commune": _commune,
    "flux": _flux,
    "objet": _object,
    "objets": _objects,
    "public": _public,
    "date": _date,
    "heure": _time,
    "telephone": lambda finder, text, now: find_phone(text),
    "chiffres": lambda finder, text, now: digits_said(text) or None,
    "email": lambda finder, text, now: find_email(text),
    "adresse": _address,
    "nom": lambda finder, text, now: find_name(text),
    "secteur": _free,
    "motif": _free,
    "description": _free,
    "volume": lambda finder, text, now: find_volume(text),
    "reference": lambda finder, text, now: find_reference(text),
    "oui_non": lambda finder, text, now: find_consent(text),
}

SLOTS = frozenset(_READERS)
"""The slots that can be asked for."""


def slot_value(finder: EntityFinder, slot: str, hypotheses: Sequence[str], background: Background) -> str | None:
    """Return the value of ``slot`` in the first of ``hypotheses`` that has one.

    Free text is taken from the first hypothesis only: the others say the same, less well.
    """
    reader = _READERS.get(slot, _free)
    for text in hypotheses[:1] if reader is _free else hypotheses:
        value = reader(finder, text, background.now)
        if value is not None:
            return value
    return None
