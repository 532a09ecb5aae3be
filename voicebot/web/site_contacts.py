"""Contacts: the list with its filters, one contact, and all that one caller left over every channel."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from voicebot.clock import PARIS
from voicebot.journal.listing import Asked, BadCursor, Listing
from voicebot.journal.people import People
from voicebot.journal.searching import find_words
from voicebot.web.site_frame import Away, Frame, May, Visit, Wrong
from voicebot.web.site_words import LABELS

PATH = "/contacts"

_FILTERS = {
    "canal": ("channel", "channels"),
    "issue": ("outcome", "outcomes"),
    "theme": ("theme", "themes"),
    "nature": ("nature", "natures"),
    "categorie": ("category", "categories"),
}
_DAYS = 30
_PAGE = 50
_HISTORY = 100


@dataclass(frozen=True, slots=True)
class Period:
    """The days from ``first`` to ``last``, both included."""

    first: date
    last: date

    @property
    def since(self) -> datetime:
        """The first moment."""
        return datetime.combine(self.first, time(), PARIS)

    @property
    def until(self) -> datetime:
        """The moment after the last."""
        return datetime.combine(self.last + timedelta(days=1), time(), PARIS)


def contact_routes(frame: Frame) -> list[web.RouteDef]:
    """Return the routes of contacts."""
    return [
        web.get(PATH, frame.guarded(May.CALLS, _list)),
        web.get(PATH + "/{contact}", frame.guarded(May.CALLS, _one)),
        web.get("/appels/{contact}", frame.guarded(May.CALLS, _call)),
        web.get("/personnes/{person}", frame.guarded(May.CALLS, _person)),
        web.post("/personnes/{person}/retrait", frame.guarded(May.CALLS, _withdraw)),
    ]


def period(visit: Visit, days: int = _DAYS) -> Period:
    """Return the period that the address asks for: the last ``days`` by default."""
    today = visit.needs.clock.now().astimezone(PARIS).date()
    last = _day(visit.query("au")) or today
    first = _day(visit.query("du")) or last - timedelta(days=days - 1)
    if first > last:
        raise Wrong("Le premier jour est après le dernier : échangez-les.")
    return Period(first, last)


def _day(text: str) -> date | None:
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise Wrong(f"« {text} » n’est pas une date. Choisissez-la dans le calendrier.") from error


def subject_names(visit: Visit) -> Mapping[str, str]:
    """Return how each subject that may be chosen is named, by intent."""
    subjects = visit.needs.service.profile().knowledge.subjects
    return {intent: subject.name for intent, subject in subjects.items()}


def spoken_names(visit: Visit) -> Mapping[str, str]:
    """Return how what may be understood in a turn is named: subjects by intent, and kinds of waste."""
    streams = visit.needs.service.profile().knowledge.streams
    return {**subject_names(visit), **{stream: known.name for stream, known in streams.items()}}


def communes(visit: Visit) -> list[str]:
    """Return the names of the communes, in alphabetical order."""
    return sorted(visit.needs.service.profile().knowledge.communes)


def chosen(visit: Visit) -> dict[str, str]:
    """Return the filters that the address sets, by column."""
    where = {column: visit.query(name) for name, (column, _) in _FILTERS.items() if visit.query(name)}
    if visit.query("commune"):
        where["commune"] = visit.query("commune")
    return where


def choices() -> dict[str, Mapping[str, str]]:
    """Return what each filter offers: parameter, then value and name."""
    return {name: LABELS[kind] for name, (_, kind) in _FILTERS.items()}


async def _list(visit: Visit) -> web.StreamResponse:
    asked_period, words = period(visit), visit.query("mots")
    database = visit.needs.archive.database
    asked = Asked(asked_period.since, asked_period.until, chosen(visit), visit.query("suite"), _PAGE)
    try:
        page = await (find_words(database, words, asked) if words else Listing(database).contacts(asked))
    except BadCursor as error:
        raise Wrong("Cette adresse n’est pas complète. Revenez au début de la liste.") from error
    kept = {name: value for name, value in visit.request.query.items() if name != "suite" and value}
    following = f"{PATH}?{urlencode(kept | {'suite': page.cursor})}" if page.cursor else ""
    return visit.page(
        "contacts.html",
        rows=page.rows,
        following=following,
        first=f"{PATH}?{urlencode(kept)}" if visit.query("suite") else "",
        query=urlencode(kept),
        period=asked_period,
        choices=choices(),
        communes=communes(visit),
        subjects=subject_names(visit),
    )


async def _one(visit: Visit) -> web.StreamResponse:
    found = await Listing(visit.needs.archive.database).contact(visit.request.match_info["contact"])
    if found is None:
        raise web.HTTPNotFound
    await visit.know_people()
    return visit.page("contact.html", contact=found, subjects=spoken_names(visit))


async def _call(visit: Visit) -> web.StreamResponse:
    """The page opened from a transferred call: the call itself, in progress or over, and its caller's history."""
    contact = visit.request.match_info["contact"]
    listing = Listing(visit.needs.archive.database)
    stored = await listing.contact(contact)
    live = next((call for call in visit.needs.live.all() if call.contact == contact), None)
    if stored is None and live is None:
        raise web.HTTPNotFound
    person = stored["person"] if stored else None
    history, requests = await _history(listing, person)
    await visit.know_people()
    return visit.page(
        "appel.html",
        contact=stored,
        live=live,
        person=person,
        history=[row for row in history if row["id"] != contact],
        requests=requests,
        subjects=spoken_names(visit),
    )


async def _person(visit: Visit) -> web.StreamResponse:
    person = visit.request.match_info["person"]
    history, requests = await _history(Listing(visit.needs.archive.database), person)
    people = _people(visit)
    consents = [] if people is None else await people.consents(person)
    if not history and not requests and not consents:
        raise web.HTTPNotFound
    await visit.know_people()
    return visit.page(
        "personne.html",
        person=person,
        history=history,
        requests=requests,
        consents=consents,
        subjects=subject_names(visit),
    )


async def _withdraw(visit: Visit) -> web.StreamResponse:
    """Forget what a person agreed to, at their word."""
    person, people = visit.request.match_info["person"], _people(visit)
    if people is None or not await people.withdraw(person, "information"):
        raise web.HTTPNotFound
    await visit.keep("withdraw_consent", person[:8])
    raise Away(f"/personnes/{person}")


def _people(visit: Visit) -> People | None:
    archive = visit.needs.archive
    return None if archive.seal is None else People(archive.database, archive.seal)


async def _history(listing: Listing, person: str | None) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    if not person:
        return [], []
    asked = Asked(where={"person": person}, limit=_HISTORY)
    return (await listing.contacts(asked)).rows, (await listing.records(asked)).rows
