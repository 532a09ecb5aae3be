"""What leaves the service: how much waits, and the messages that were given up, tried again or dropped by hand."""

import re
from dataclasses import dataclass
from datetime import datetime

from aiohttp import web

from voicebot.delivery.ledger import DeadLetter, Ledger
from voicebot.web.site_frame import Away, Frame, May, Visit, Wrong

PATH = "/envois"

_MOST_SHOWN = 100
_UNKNOWN = "autre cause"
_CAUSES = (
    (r"the server answered (\d+)", "le serveur a répondu {}"),
    (r"the mail server answered (\d+)", "le serveur de courriel a répondu {}"),
    (r"the mail server refuses the recipient \((\d+)\)", "le serveur de courriel refuse l’adresse ({})"),
    (r"the mail server refuses our password \((\d+)\)", "le serveur de courriel refuse notre mot de passe ({})"),
    (r"the mail server refuses the message \((\d+)\)", "le serveur de courriel refuse le message ({})"),
    (r"the mail server cannot be reached .*", "le serveur de courriel est injoignable"),
    (r"the server cannot be reached .*", "le serveur est injoignable"),
    (r"the e-mail cannot be written .*", "le courriel ne peut pas être écrit"),
    (r"no mail server is configured any more .*", "aucun serveur de courriel n’est configuré"),
    (r"no gateway for text messages is configured any more .*", "aucun envoi de SMS n’est configuré"),
    (r"no endpoint is named (\S+) in .*", "l’application {} n’est plus dans la configuration"),
    (r"the secret of (\S+) .*|.*the secret cannot be read.*", "il manque un mot de passe dans la configuration"),
    (r".*\bkey\b.*", "la clef de chiffrement n’est pas la bonne"),
    (r".*cannot be read back.*|unknown kind of message.*", "le message ne peut plus être lu"),
    (r"internal error.*", "erreur du programme : le journal technique dit laquelle"),
)
_EVENTS = {
    "contact.ended": "fin d’un contact",
    "ticket.opened": "nouvelle demande",
    "callback.requested": "rappel demandé",
    "appointment.booked": "rendez-vous pris",
    "message.left": "message laissé",
    "survey.answered": "avis donné",
}
_KINDS = {"email": "courriel", "sms": "SMS", "webhook": "application"}


@dataclass(frozen=True, slots=True)
class GivenUp:
    """A message that was given up, as the page shows it; ``page`` is that of the contact or request it tells of."""

    id: str
    died_at: datetime
    what: str
    cause: str
    attempts: int
    page: str


def sending_routes(frame: Frame) -> list[web.RouteDef]:
    """Return the routes of what leaves the service."""
    return [
        web.get(PATH, frame.guarded(May.SENDING, _page)),
        web.post(PATH, frame.guarded(May.SENDING, _decide)),
    ]


async def _page(visit: Visit) -> web.StreamResponse:
    ledger = Ledger(visit.needs.archive.database)
    counts = await ledger.counts(visit.needs.clock.now())
    letters = [_shown(one) for one in await ledger.dead(_MOST_SHOWN)]
    return visit.page("envois.html", counts=counts, letters=letters)


async def _decide(visit: Visit) -> web.StreamResponse:
    ledger, now = Ledger(visit.needs.archive.database), visit.needs.clock.now()
    key, wanted = visit.field("message", longest=300), visit.field("faire")
    match wanted:
        case "reprendre":
            done = await ledger.retry(key, now)
        case "abandonner":
            done = await ledger.discard(key, now)
        case "tout-reprendre":
            done = await ledger.retry_all(now)
        case _:
            raise Wrong("Choisissez ce qu’il faut faire du message.")
    if not done:
        raise Wrong("Ce message n’attend plus : quelqu’un d’autre s’en est occupé.")
    await visit.keep("delivery", key, choice=wanted)
    raise Away(PATH)


def _shown(letter: DeadLetter) -> GivenUp:
    what = _KINDS.get(letter.kind, letter.kind)
    if letter.kind == "webhook":
        what = f"{what} {letter.id.rpartition(':')[2]} : {_EVENTS.get(letter.name, letter.name)}"
    return GivenUp(letter.id, letter.died_at, what, cause_of(letter.trouble), letter.attempts, _page_of(letter))


def _page_of(letter: DeadLetter) -> str:
    if not letter.about:
        return ""
    return (
        f"/demandes/{letter.about}" if letter.id.startswith(f"{letter.kind}:record:") else f"/contacts/{letter.about}"
    )


def cause_of(trouble: str) -> str:
    """Say in French why a message could not be delivered."""
    for pattern, words in _CAUSES:
        if found := re.fullmatch(pattern, trouble):
            return words.format(*(part for part in found.groups() if part is not None)) if "{}" in words else words
    return _UNKNOWN
