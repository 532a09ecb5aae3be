"""Messages told without being asked, and contacts of other channels typed in by an agent."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import date
from typing import get_args

from aiohttp import web

from voicebot.clock import PARIS
from voicebot.journal.classify import classify
from voicebot.journal.events import ContactChannel, ContactEnded, ContactStarted, Kept, Outcome, TurnHeard
from voicebot.journal.notices import LONGEST_TEXT, Notice, Notices
from voicebot.journal.people import Consent, ConsentChannel, People, e164
from voicebot.web.site_contacts import communes, subject_names
from voicebot.web.site_frame import Away, Frame, May, Visit, Wrong

PATH = "/messages"
TYPED = "/contacts-saisie"
PURPOSE = "information"
NEWS_WORDING = "La personne veut recevoir les informations de sa commune : travaux, changements de collecte."
"""What the agent ticks; kept with the consent."""

_LONGEST_NOTE = 4000
_TYPED_CHANNELS = ("email", "form", "desk")


def notice_routes(frame: Frame) -> list[web.RouteDef]:
    """Return the routes of messages and of typed contacts."""
    return [
        web.get(PATH, frame.guarded(May.NOTICES, _list)),
        web.post(PATH, frame.guarded(May.NOTICES, _write)),
        web.post(PATH + "/{notice:\\d{1,9}}/retirer", frame.guarded(May.NOTICES, _withdraw)),
        web.post(PATH + "/{notice:\\d{1,9}}/envoyer", frame.guarded(May.NOTICES, _send)),
        web.get(TYPED, frame.guarded(May.CALLS, _typed)),
        web.post(TYPED, frame.guarded(May.CALLS, _keep_typed)),
    ]


async def _list(visit: Visit) -> web.StreamResponse:
    profile = visit.needs.service.profile().name
    today = visit.needs.clock.now().astimezone(PARIS).date()
    found = await Notices(visit.needs.archive.database).all(profile)
    return visit.page(
        "messages.html",
        notices=found,
        communes=communes(visit),
        today=today,
        longest=LONGEST_TEXT,
        reach=await _reach(visit, found),
        can_send=visit.needs.service.circulars is not None,
    )


async def _reach(visit: Visit, found: Sequence[Notice]) -> Mapping[int, int]:
    """Return how many people would be sent each message that can still be sent."""
    seal, today = visit.needs.archive.seal, visit.needs.clock.now().astimezone(PARIS).date()
    if seal is None or visit.needs.service.circulars is None:
        return {}
    people = People(visit.needs.archive.database, seal)
    waiting = [one for one in found if not (one.withdrawn or one.sent_at) and one.last_day >= today]
    return {one.id: await people.count(PURPOSE, one.communes) for one in waiting}


async def _write(visit: Visit) -> web.StreamResponse:
    text = " ".join(visit.field("text", LONGEST_TEXT + 1).split())
    if not text or len(text) > LONGEST_TEXT:
        raise Wrong(f"Le message doit compter de 1 à {LONGEST_TEXT} caractères.")
    days = _date(visit, "first"), _date(visit, "last")
    if days[0] > days[1]:
        raise Wrong("Le premier jour est après le dernier : échangez-les.")
    chosen = [name for name in visit.form.get("communes", "").split("\n") if name]
    if unknown := set(chosen) - set(communes(visit)):
        raise Wrong(f"Commune inconnue : {', '.join(sorted(unknown))}.")
    await Notices(visit.needs.archive.database).write(
        visit.needs.service.profile().name, text, chosen, days, visit.user.login, visit.needs.clock.now()
    )
    await _changed(visit)
    raise Away(PATH)


async def _withdraw(visit: Visit) -> web.StreamResponse:
    notice = int(visit.request.match_info["notice"])
    await Notices(visit.needs.archive.database).withdraw(notice, visit.user.login, visit.needs.clock.now())
    await _changed(visit)
    raise Away(PATH)


async def _changed(visit: Visit) -> None:
    if visit.needs.service.notices_changed is not None:
        await visit.needs.service.notices_changed()


async def _send(visit: Visit) -> web.StreamResponse:
    """Send a message, once, to those of its communes who agreed to be told."""
    circulars, seal = visit.needs.service.circulars, visit.needs.archive.seal
    if circulars is None or seal is None:
        raise Wrong("Aucun envoi n’est possible : ni serveur d’e-mail ni passerelle de SMS ne sont configurés.")
    database = visit.needs.archive.database
    found = await Notices(database).all(visit.needs.service.profile().name)
    notice = next((one for one in found if one.id == int(visit.request.match_info["notice"])), None)
    if notice is None or notice.withdrawn:
        raise web.HTTPNotFound
    if notice.sent_at is not None:
        raise Wrong("Ce message est déjà parti.")
    people = await People(database, seal).reachable(PURPOSE, notice.communes)
    count = await circulars.send(notice, people, seal, visit.needs.service.profile().knowledge.identity)
    await Notices(database).sent(notice.id, count, visit.user.login, visit.needs.clock.now())
    raise Away(PATH)


def _date(visit: Visit, name: str) -> date:
    try:
        return date.fromisoformat(visit.field(name))
    except ValueError as error:
        raise Wrong("Indiquez le premier et le dernier jour.") from error


async def _typed(visit: Visit) -> web.StreamResponse:
    names = sorted(subject_names(visit).items(), key=lambda one: one[1])
    return visit.page(
        "saisie.html", communes=communes(visit), subjects=names, channels=_TYPED_CHANNELS, news=NEWS_WORDING
    )


async def _keep_typed(visit: Visit) -> web.StreamResponse:
    """Keep a contact that came otherwise, in the journal like any other."""
    journal, at = visit.needs.service.journal, visit.needs.clock.now()
    if journal is None:
        raise Wrong("Le journal n’est pas ouvert.")
    channel, intent = visit.field("channel"), visit.field("intent")
    if channel not in _TYPED_CHANNELS or intent not in subject_names(visit):
        raise Wrong("Choisissez le canal et le sujet.")
    note, answer = visit.field("note", _LONGEST_NOTE), visit.field("answer", _LONGEST_NOTE)
    if not note:
        raise Wrong("Écrivez ce que la personne demande.")
    caller = _caller(visit)
    contact, profile = uuid.uuid4().hex, visit.needs.service.profile().name
    kind = next(one for one in get_args(ContactChannel) if one == channel)
    entities = {"commune": visit.field("commune")} if visit.field("commune") in communes(visit) else {}
    journal.contact_started(ContactStarted(contact, at, kind, "", caller, profile))
    journal.turn(TurnHeard(contact, 1, at, 0.0, "text", note, 1.0, intent, entities, answer, True))
    open_ticket = visit.field("ticket") == "oui"
    if open_ticket:
        slots = {"description": note, **entities} | ({"telephone": caller} if caller else {})
        reference = f"W-{uuid.uuid4().int % 10_000:04d}"
        journal.record(Kept(contact, 2, at, "ticket", reference, intent, profile, caller, slots))
    typing = classify([(intent, entities)], ["ticket"] if open_ticket else [])
    outcome: Outcome = "ticket" if open_ticket else "answered"
    journal.contact_ended(ContactEnded(contact, at, 0.0, outcome, typing))
    await journal.settled()
    await visit.keep("type_contact", contact, channel=channel)
    await _consent(visit, caller, entities.get("commune", ""))
    raise Away(f"/contacts/{contact}")


def _caller(visit: Visit) -> str:
    """Return the number left, only when the person agrees that it is kept."""
    written = visit.field("phone")
    if not written:
        return ""
    if visit.field("agreed") != "oui":
        raise Wrong("Sans l’accord de la personne, n’écrivez pas son numéro.")
    number = e164(written)
    if number is None:
        raise Wrong(f"« {written} » n’est pas un numéro de téléphone.")
    return number


async def _consent(visit: Visit, caller: str, commune: str) -> None:
    """Keep that the person wants to be told of news, when they said so."""
    seal, email = visit.needs.archive.seal, visit.field("email")
    person = None if seal is None else seal.pseudonym(caller)
    if seal is None or person is None or visit.field("news") != "oui":
        return
    people, at = People(visit.needs.archive.database, seal), visit.needs.clock.now()
    channel: ConsentChannel = "email" if email else "sms"
    await people.consent(person, Consent(PURPOSE, channel, at, "desk", commune, NEWS_WORDING), email or caller)
