"""Answers about waste: collection days, how to put out, sorting, drop-off containers."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

from voicebot.dialog.knowledge.collection import Round, holiday_name
from voicebot.dialog.knowledge.places import distance_km
from voicebot.dialog.policy.slots import ask_slot
from voicebot.dialog.policy.talk import Draft, Talk, stream_values
from voicebot.dialog.wording import (
    Words,
    at_place,
    enumeration,
    full_date,
    near_date,
    recurrence,
)

Entities = Mapping[str, str]
_LISTED_STREAMS = 3
_LISTED_CONTAINERS = 2


def collection_days(talk: Talk, intent: str, entities: Entities) -> Draft:
    """Answer when a stream is collected: next pass, a given day, or a given week."""
    commune = entities.get("commune", "")
    if not commune:
        return ask_slot(talk, "commune", intent, entities)
    stream = entities.get("flux", "")
    collection = talk.knowledge.collection
    if stream and not collection.rounds_of(commune, stream):
        return _not_at_the_door(talk, stream)
    for each in (stream,) if stream else collection.streams(commune)[:_LISTED_STREAMS]:
        if collection.sectors(commune, each) and not talk.memory.sector and not entities.get("secteur"):
            return ask_slot(talk, "secteur", intent, {**entities, "flux_secteur": each})
    sector = entities.get("secteur", "") or talk.memory.sector
    period = _period(entities.get("date", ""))
    if not stream:
        return _every_stream(talk, commune, sector, period)
    if period is None:
        return _next_pass(talk, commune, stream, sector)
    if period[0] == period[1]:
        return _on_day(talk, commune, stream, sector, period[0])
    return _in_period(talk, commune, stream, sector, period)


def _period(text: str) -> tuple[date, date] | None:
    """Read an ISO date, or two parted by a slash."""
    try:
        first, _, last = text.partition("/")
        return (date.fromisoformat(first[:10]), date.fromisoformat((last or first)[:10])) if text else None
    except ValueError:
        return None


def _current(rounds: Sequence[Round], today: date) -> Sequence[Round]:
    return [one for one in rounds if one.season.holds(today)] or rounds


def _habit(talk: Talk, commune: str, stream: str, sector: str) -> tuple[str, bool, str]:
    """Return the usual days in words, whether they are certain, and when to put out."""
    rounds = _current(talk.knowledge.collection.rounds_of(commune, stream, sector), talk.today)
    weekly = [day for one in rounds if one.every_week() for day in one.weekdays()]
    other = [one for one in rounds if not one.every_week()]
    words = [recurrence(weekly)] if weekly else []
    words += [recurrence(one.weekdays(), one.rule) for one in other]
    put_out = next((one.put_out for one in rounds if one.put_out), "")
    return enumeration(words), all(one.confirmed for one in rounds), put_out


def _next_pass(talk: Talk, commune: str, stream: str, sector: str) -> Draft:
    habit, confirmed, put_out = _habit(talk, commune, stream, sector)
    found = talk.knowledge.collection.next_pass(commune, stream, sector, talk.today)
    values = {**stream_values(talk.knowledge.streams[stream]), "a_commune": at_place(commune)}
    if found is None:
        return talk.tell(Draft(settled=True), "collecte.sans", values)
    prochaine = near_date(found.day, talk.today)
    draft = Draft(settled=True)
    talk.tell(draft, "collecte.prochaine", {**values, "jours": habit, "prochaine": prochaine}, confirmed)
    if found.moved_from is not None and holiday_name(found.moved_from):
        feast = holiday_name(found.moved_from)
        talk.tell(draft, "collecte.reporte", {"prochaine": prochaine, "fete": feast}, confirmed)
    elif put_out and draft.question is None and found.day != talk.today:
        talk.tell(draft, "collecte.sortie", {"sortie": put_out}, confirmed)
    return draft


def _on_day(talk: Talk, commune: str, stream: str, sector: str, day: date) -> Draft:
    _, confirmed, _ = _habit(talk, commune, stream, sector)
    values: dict[str, str | Words] = {
        **stream_values(talk.knowledge.streams[stream]),
        "a_commune": at_place(commune),
        "jour": near_date(day, talk.today),
    }
    collection = talk.knowledge.collection
    found = collection.passes(commune, stream, sector, day, day)
    if found:
        return talk.tell(Draft(settled=True), "collecte.oui", values, confirmed)
    following = collection.next_pass(commune, stream, sector, max(day, talk.today))
    if following is None:
        return talk.tell(Draft(settled=True), "collecte.sans", values, confirmed)
    values["prochaine"] = near_date(following.day, talk.today)
    if following.moved_from == day and holiday_name(day):
        values["fete"] = holiday_name(day)
        return talk.tell(Draft(settled=True), "collecte.ferie", values, confirmed)
    return talk.tell(Draft(settled=True), "collecte.non", values, confirmed)


def _in_period(talk: Talk, commune: str, stream: str, sector: str, period: tuple[date, date]) -> Draft:
    _, confirmed, _ = _habit(talk, commune, stream, sector)
    values: dict[str, str | Words] = {
        **stream_values(talk.knowledge.streams[stream]),
        "a_commune": at_place(commune),
    }
    collection = talk.knowledge.collection
    found = collection.passes(commune, stream, sector, *period)
    if found:
        values["liste"] = _joined([full_date(each.day) for each in found[:4]], "le ")
        return talk.tell(Draft(settled=True), "collecte.periode", values, confirmed)
    following = collection.next_pass(commune, stream, sector, max(period[0], talk.today))
    if following is None:
        return talk.tell(Draft(settled=True), "collecte.sans", values, confirmed)
    values["prochaine"] = near_date(following.day, talk.today)
    return talk.tell(Draft(settled=True), "collecte.periode_vide", values, confirmed)


def _every_stream(talk: Talk, commune: str, sector: str, period: tuple[date, date] | None) -> Draft:
    collection, streams = talk.knowledge.collection, talk.knowledge.streams
    names = [
        name
        for name in collection.streams(commune)
        if any(one.season.holds(talk.today) for one in collection.rounds_of(commune, name, sector))
    ]
    if not names:
        return talk.tell(Draft(settled=True), "collecte.aucune", {"a_commune": at_place(commune)})
    confirmed = all(one.confirmed for name in names for one in collection.rounds_of(commune, name, sector))
    values: dict[str, str | Words] = {"a_commune": at_place(commune)}
    if period is not None and period[0] == period[1]:
        day = period[0]
        values["jour"] = near_date(day, talk.today)
        passing = [name for name in names if collection.passes(commune, name, sector, day, day)]
        values["liste"] = enumeration(streams[name].name for name in passing)
        moved = [] if passing or not holiday_name(day) else _moved_from(talk, commune, sector, day)
        if moved:
            values.update({"fete": holiday_name(day), "prochaine": near_date(moved[0], talk.today)})
            return talk.tell(Draft(settled=True), "collecte.ferie", values, confirmed)
        return talk.tell(Draft(settled=True), "collecte.jour" if passing else "collecte.jour_vide", values, confirmed)
    parts = [f"{streams[name].name}, {_habit(talk, commune, name, sector)[0]}" for name in names[:_LISTED_STREAMS]]
    values["liste"] = " ; ".join(parts)
    return talk.tell(Draft(settled=True), "collecte.liste", values, confirmed)


def _moved_from(talk: Talk, commune: str, sector: str, day: date) -> list[date]:
    """Return the days to which the passes of ``day``, a public holiday, are moved."""
    collection = talk.knowledge.collection
    found = (
        collection.passes(commune, name, sector, day - timedelta(days=7), day + timedelta(days=7))
        for name in collection.streams(commune)
    )
    return sorted({each.day for passes in found for each in passes if each.moved_from == day})


def _not_at_the_door(talk: Talk, stream: str) -> Draft:
    one = talk.knowledge.streams[stream]
    values = stream_values(one)
    if not one.dropped_off:
        return talk.tell(Draft(settled=True), "collecte.sans", values)
    draft = talk.tell(Draft(settled=True), "collecte.apport", values)
    return draft.add(_containers(talk, stream)) if talk.memory.commune else draft


def put_out(talk: Talk, intent: str, entities: Entities) -> Draft:
    """Answer how and when to put out a stream."""
    stream = talk.knowledge.streams.get(entities.get("flux", ""))
    rounds = talk.knowledge.collection.rounds
    commune = entities.get("commune", "")
    served = [one for one in rounds if stream is not None and one.stream == stream.id and one.put_out]
    nearby = [one for one in served if commune in one.communes] or served
    if stream is None or not nearby:
        return talk.tell(Draft(settled=True), intent)
    values = {**stream_values(stream), "consigne": nearby[0].put_out}
    return talk.tell(Draft(settled=True), "consignes.flux", values, nearby[0].confirmed)


def sorting_rules(talk: Talk, intent: str, entities: Entities) -> Draft:
    """Answer the general sorting rules, or those of a stream."""
    stream = talk.knowledge.streams.get(entities.get("flux", ""))
    if stream is None or not stream.sorting:
        return talk.tell(Draft(settled=True), intent)
    return talk.tell(Draft(settled=True), "tri.flux", {"le_flux": stream.name, "tri": stream.sorting}, stream.confirmed)


def sorting(talk: Talk, intent: str, entities: Entities) -> Draft:
    """Answer where an object goes; one never seen is asked about or generalised by its material, never guessed."""
    name = entities.get("objet", "")
    if not name:
        return ask_slot(talk, "objet", intent, entities)
    guide = talk.knowledge.guide
    found = guide.find(name)
    if found is not None:
        channel = guide.channels[found.channel]
        parts = [found.answer(channel), *(_ended(part) for part in (found.advice, found.caution) if part)]
        draft = Draft(settled=True)
        certain = channel.confirmed and found.confirmed
        for part in parts:
            talk.tell(draft, "tri.reponse", {"reponse": part}, certain)
            if draft.question is not None:
                break
        bulky = talk.knowledge.forms.get("encombrants")
        if draft.question is None and channel.stream == "encombrants" and bulky and talk.knowledge.offers(bulky):
            talk.tell(draft, "tri.encombrants")
        return draft
    material = guide.material_of(entities.get("matiere", "") or name)
    if material is not None:
        values = {"matiere": material.name, "ou": material.where}
        return talk.tell(Draft(settled=True), "tri.matiere", values)
    if "matiere" in entities:
        return talk.tell(Draft(settled=False), "tri.inconnu.fin")
    return ask_slot(talk, "matiere", intent, entities, "tri.inconnu", {"objet": name})


def _ended(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else text + "."


def containers(talk: Talk, intent: str, entities: Entities) -> Draft:
    """Answer where the drop-off containers of a stream are in a commune, or the nearest."""
    stream = entities.get("flux", "")
    if not stream and entities.get("objet"):
        found = talk.knowledge.guide.find(entities["objet"])
        stream = talk.knowledge.guide.channels[found.channel].stream if found else ""
    if not stream:
        return ask_slot(talk, "flux", intent, entities)
    if not entities.get("commune"):
        return ask_slot(talk, "commune", intent, {**entities, "flux": stream})
    return _containers(talk, stream)


def _containers(talk: Talk, stream: str) -> Draft:
    commune = talk.memory.commune
    values: dict[str, str | Words] = {
        **stream_values(talk.knowledge.streams[stream]),
        "a_commune": at_place(commune),
    }
    every = [one for one in talk.knowledge.containers if one.stream == stream]
    here = [one for one in every if one.commune == commune]
    if here:
        values["liste"] = enumeration(one.address for one in here[:_LISTED_CONTAINERS])
        confirmed = all(one.confirmed for one in here[:_LISTED_CONTAINERS])
        return talk.tell(Draft(settled=True), "apport.liste", values, confirmed)
    home = talk.knowledge.communes.get(commune)
    if every and home is not None:
        communes = talk.knowledge.communes
        near = min(every, key=lambda one: distance_km(communes[one.commune].position, home.position))
        values["lieu"] = f"{near.address}, {at_place(near.commune)}"
        return talk.tell(Draft(settled=True), "apport.proche", values, near.confirmed)
    return talk.tell(Draft(settled=False), "apport.inconnu", values)


def _joined(items: Sequence[Words], prefix: str) -> Words:
    return Words(enumeration(prefix + item.ear for item in items), enumeration(prefix + item.written for item in items))
