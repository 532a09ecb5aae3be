"""Answers about places and hours: recycling centres, communes, town halls, the service itself."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

from voicebot.dialog.knowledge.places import Centre, nearest_centre
from voicebot.dialog.policy.slots import ask_slot
from voicebot.dialog.policy.talk import Draft, Talk
from voicebot.dialog.wording import (
    Words,
    at_place,
    capital,
    enumeration,
    hour,
    national_number,
    near_date,
    of_place,
    spans,
    weekdays,
)

Entities = Mapping[str, str]
_FAR_DAYS = 60
"""A place that is closed for longer has no next opening worth telling."""


def centre_hours(talk: Talk, intent: str, entities: Entities) -> Draft:
    """Answer the hours of the nearest recycling centre, for a day or for the week."""
    centre, missing = _centre(talk, intent, entities)
    if centre is None:
        return missing
    draft = Draft(settled=True)
    try:
        day = date.fromisoformat(entities.get("date", "")[:10])
    except ValueError:
        day = None
    if day is not None:
        return _hours_of_day(talk, draft, centre, day)
    week = _week_words(centre, talk.today)
    talk.tell(draft, "centre.horaires", {"site": centre.name, "horaires": week}, centre.confirmed)
    if draft.question is not None:
        return draft
    return _now(talk, draft, centre)


def _hours_of_day(talk: Talk, draft: Draft, centre: Centre, day: date) -> Draft:
    values: dict[str, str | Words] = {"site": centre.name, "jour": near_date(day, talk.today)}
    intervals = centre.intervals(day)
    if intervals:
        values["horaires"] = spans(intervals)
        return talk.tell(draft, "centre.jour", values, centre.confirmed)
    following = centre.next_open_day(day)
    values["prochaine"] = near_date(following, talk.today) if following else Words("")
    return talk.tell(draft, "centre.ferme_jour", values, centre.confirmed)


def _now(talk: Talk, draft: Draft, centre: Centre) -> Draft:
    minute = talk.now.hour * 60 + talk.now.minute
    for start, end in centre.intervals(talk.today):
        if start <= minute < end:
            return talk.tell(draft, "centre.ouvert", {"fin": hour(end)}, centre.confirmed)
        if minute < start:
            return talk.tell(draft, "centre.ouvre", {"debut": hour(start)}, centre.confirmed)
    following = centre.next_open_day(talk.today + timedelta(days=1))
    if following is None:
        return draft
    when = _opening(talk, following, centre.intervals(following))
    return talk.tell(draft, "centre.ferme", {"prochaine": when}, centre.confirmed)


def _opening(talk: Talk, day: date, intervals: Sequence[tuple[int, int]]) -> Words:
    """Return when a place opens on ``day``: "demain, mardi 24 novembre, à 9 h"."""
    near, first = near_date(day, talk.today), hour(intervals[0][0])
    return Words(f"{near.ear}, à {first}", f"{near.written}, à {first}")


def _week_words(centre: Centre, day: date) -> str:
    """Return the week in sentences, days with the same hours together."""
    groups: dict[tuple[tuple[int, int], ...], list[int]] = {}
    for number, intervals in sorted(centre.week(day).items()):
        if intervals:
            groups.setdefault(intervals, []).append(number)
    parts = [f"{weekdays(days)}, {spans(intervals)}" for intervals, days in groups.items()]
    return ". ".join([parts[0], *map(capital, parts[1:])]) if parts else ""


def centre_address(talk: Talk, intent: str, entities: Entities) -> Draft:
    """Answer where the nearest recycling centre is."""
    centre, missing = _centre(talk, intent, entities)
    if centre is None:
        return missing
    values = {"site": centre.name, "adresse_site": centre.address, "a_commune": at_place(entities.get("commune", ""))}
    several = len(talk.knowledge.centres) > 1 and bool(entities.get("commune"))
    return talk.tell(Draft(settled=True), "centre.proche" if several else "centre.adresse", values, centre.confirmed)


def _centre(talk: Talk, intent: str, entities: Entities) -> tuple[Centre | None, Draft]:
    centres = talk.knowledge.centres
    if len(centres) == 1:
        return centres[0], Draft()
    commune = talk.knowledge.communes.get(entities.get("commune", ""))
    if not centres:
        return None, talk.tell(Draft(), "non_confirme")
    if commune is None:
        return None, ask_slot(talk, "commune", intent, entities)
    return nearest_centre(centres, commune), Draft()


def town_hall(talk: Talk, intent: str, entities: Entities) -> Draft:
    """Send to the town hall of the caller's commune what is the town hall's business."""
    commune = talk.knowledge.communes.get(entities.get("commune", ""))
    if commune is None:
        return ask_slot(talk, "commune", intent, entities)
    values: dict[str, str | Words] = {
        "de_commune": of_place(commune.name),
        "telephone_mairie": national_number(commune.telephone),
        "adresse_mairie": commune.address,
    }
    answer = "mairie" if commune.telephone else "mairie.sans_telephone"
    return talk.tell(Draft(settled=True), answer, values, commune.confirmed)


def communes(talk: Talk, intent: str, entities: Entities) -> Draft:
    """Name the communes, or say whether one is among them."""
    asked = entities.get("commune", "")
    names = list(talk.knowledge.communes)
    if asked and asked == entities.get("nommee", ""):
        return talk.tell(Draft(settled=True), "communes.oui", {"lieu": asked})
    half = (len(names) + 1) // 2
    values = {"nombre": str(len(names)), "liste": enumeration(names[:half]), "suite": enumeration(names[half:])}
    return talk.tell(Draft(settled=True), "communes.liste", values)


def service_hours(talk: Talk, intent: str, entities: Entities) -> Draft:
    """Answer the hours of the service, those of the day asked about, or whether it is open now."""
    hours_on = talk.context.hours_on
    try:
        day = date.fromisoformat(entities.get("date", ""))
    except ValueError:
        day = None
    if day is not None and hours_on is not None:
        values = {"jour": near_date(day, talk.today)}
        intervals = hours_on(day)
        if intervals:
            return talk.tell(Draft(settled=True), "service.jour", {**values, "horaires": Words(spans(intervals))})
        following = (day + timedelta(days=ahead) for ahead in range(1, _FAR_DAYS))
        reopening = next((one for one in following if hours_on(one)), None)
        if reopening is not None:
            values["prochaine"] = _opening(talk, reopening, hours_on(reopening))
            return talk.tell(Draft(settled=True), "service.jour.ferme", values)
    draft = talk.tell(Draft(settled=True), intent)
    if draft.question is None:
        talk.tell(draft, "service.etat.ouvert" if talk.open else "service.etat.ferme")
    return draft
