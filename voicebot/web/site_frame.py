"""The frame of the supervisors' pages: what they need, who may see what, how a page is made and a form is taken.

Every page is a function of a ``Visit``: somebody signed in whose role allows it. ``Frame.guarded`` makes a route of
one, so that nothing is served to anybody else, and no form is taken without the token that its own page was given.
Everything a page shows goes through autoescaping templates: callers' words are text wherever they come from.
"""

import hmac
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import quote

import jinja2
from aiohttp import web
from aiohttp.typedefs import Handler

from voicebot.calls.live import LiveCalls
from voicebot.clock import Clock
from voicebot.journal.accounts import Accounts, Role, Session, User
from voicebot.journal.archive import Archive
from voicebot.journal.errors import JournalAway
from voicebot.journal.journal import Journal
from voicebot.profile import Profile
from voicebot.web.circulars import Circulars
from voicebot.web.commitments import Commitments
from voicebot.web.site_words import FILTERS, LABELS, initial
from voicebot.web.typography import FrenchSpaces

log = logging.getLogger(__name__)

COOKIE = "voicebot_session"
SIGN_IN = "/connexion"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; media-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Cache-Control": "no-store",
}
_YEAR_S = 31_536_000


class May(StrEnum):
    """What a role may do."""

    FIGURES = "figures"
    CALLS = "calls"
    """Read contacts, follow calls, deal with requests, type in contacts of other channels."""
    REVEAL = "reveal"
    """See a number in clear, one at a time; each time is kept."""
    EXPORT = "export"
    IMPROVE = "improve"
    NOTICES = "notices"
    SENDING = "sending"
    """See what could not be sent, and have it tried again."""
    USERS = "users"


_ADVISER = frozenset({May.CALLS, May.REVEAL})
_SUPERVISOR = _ADVISER | {May.FIGURES, May.EXPORT, May.IMPROVE, May.NOTICES, May.SENDING}
ALLOWED: Mapping[Role, frozenset[May]] = {
    Role.ELECTED: frozenset({May.FIGURES}),
    Role.ADVISER: _ADVISER,
    Role.SUPERVISOR: _SUPERVISOR,
    Role.ADMINISTRATOR: _SUPERVISOR | {May.USERS},
}

_MENU = (
    ("/maintenant", "En direct", May.CALLS),
    ("/demandes", "Demandes", May.CALLS),
    ("/contacts", "Contacts", May.CALLS),
    ("/chiffres", "Chiffres", May.FIGURES),
    ("/progres", "Progrès", May.IMPROVE),
    ("/messages", "Messages", May.NOTICES),
    ("/envois", "Envois", May.SENDING),
    ("/utilisateurs", "Utilisateurs", May.USERS),
)


def may(user: User, what: May) -> bool:
    """Return whether the role of ``user`` allows ``what``."""
    return what in ALLOWED[user.role]


def home(user: User) -> str:
    """Return the first page of a user."""
    return next(address for address, _, what in _MENU if may(user, what))


@dataclass(frozen=True, slots=True)
class Service:
    """What the running service lets pages know and do: its profile in force, its state, putting an edit in force.

    ``health`` gives a few words on each part; ``advisers`` on each adviser; ``reload`` returns the mistakes of an edit.
    """

    profile: Callable[[], Profile]
    health: Callable[[], Mapping[str, str]] = dict
    advisers: Callable[[], Mapping[str, str]] = dict
    reload: Callable[[], Awaitable[tuple[str, ...]]] | None = None
    journal: Journal | None = None
    circulars: Circulars | None = None
    """How a message is sent to many; ``None`` when nothing can be sent."""
    notices_changed: Callable[[], Awaitable[None]] | None = None
    profiles_dir: Path | None = None
    """Where the profiles are, when their content may be changed from the pages."""


@dataclass(frozen=True, slots=True)
class Needs:
    """What the pages are made from."""

    archive: Archive
    accounts: Accounts
    clock: Clock
    service: Service
    live: LiveCalls = field(default_factory=LiveCalls)
    proxies: tuple[str, ...] = ()
    commitments: Commitments = field(default_factory=Commitments)
    """The targets that figures are measured against."""
    secure: bool = False
    """Whether browsers reach the pages over HTTPS."""
    state: dict[str, Any] = field(default_factory=dict)
    """What a page family keeps between requests."""


Form: TypeAlias = Mapping[str, str]


class Away(Exception):
    """Leave a page for another address."""

    def __init__(self, address: str) -> None:
        super().__init__(address)
        self.address = address


class Wrong(Exception):
    """A form or an address that cannot be followed; the sentence is shown."""


@dataclass(slots=True)
class Visit:
    """One request of somebody signed in. ``form`` holds the fields of a form sent, its token checked."""

    frame: "Frame"
    request: web.Request
    session: Session
    form: Form = field(default_factory=dict)
    people: Mapping[str, str] = field(default_factory=dict)
    """The names of users by login, once ``know_people`` was called."""

    @property
    def user(self) -> User:
        """Who is visiting."""
        return self.session.user

    @property
    def needs(self) -> Needs:
        """What pages are made from."""
        return self.frame.needs

    def may(self, what: May) -> bool:
        """Return whether the visitor's role allows ``what``."""
        return may(self.user, what)

    def query(self, name: str) -> str:
        """Return a parameter of the address, trimmed and bounded."""
        return self.request.query.get(name, "").strip()[:200]

    def field(self, name: str, longest: int = 200) -> str:
        """Return a field of the form, trimmed and bounded."""
        return self.form.get(name, "").strip()[:longest]

    async def know_people(self) -> None:
        """Have users called by their name on the page."""
        self.people = {user.login: user.name for user in await self.needs.accounts.all()}

    def request_name(self, record: Mapping[str, Any]) -> str:
        """Return how a request is called: by its form, by the subject of a contact typed in, or by its kind."""
        kind = initial(LABELS["records"].get(record["type"], record["type"]))
        knowledge = self.needs.service.profile().knowledge
        title = knowledge.request_title(record["form"])
        return title or kind if record["form"] in knowledge.forms else f"{kind} : {title}" if title else kind

    def slot_name(self, record: Mapping[str, Any], slot: str) -> str:
        """Return how what a form asked for is called."""
        label = self.needs.service.profile().knowledge.slot_label(record["form"], slot)
        return initial(label or LABELS["slots"].get(slot, slot))

    def slot_text(self, record: Mapping[str, Any], slot: str) -> str:
        """Return what was answered to a form, as people read it."""
        knowledge = self.needs.service.profile().knowledge
        return knowledge.slot_text(record["form"], slot, str(record["slots"][slot]))

    def page(self, template: str, status: int = 200, **values: Any) -> web.Response:
        """Return a page, with the menu of the visitor's role."""
        menu = [(address, name) for address, name, what in _MENU if self.may(what)]
        here = self.request.path
        text = self.frame.render(
            template, visit=self, user=self.user, menu=menu, here=here, csrf=self.session.csrf, May=May, **values
        )
        return web.Response(text=text, status=status, content_type="text/html", charset="utf-8")

    def fragment(self, template: str, **values: Any) -> str:
        """Return a piece of a page."""
        return self.frame.render(template, visit=self, user=self.user, csrf=self.session.csrf, May=May, **values)

    async def keep(self, action: str, subject: str, **detail: Any) -> None:
        """Keep what the visitor did."""
        await self.needs.archive.act(self.user.login, action, subject, self.needs.clock.now(), detail)


View: TypeAlias = Callable[[Visit], Awaitable[web.StreamResponse]]


class Frame:
    """Makes pages and routes from ``needs``."""

    def __init__(self, needs: Needs) -> None:
        self.needs = needs
        self._templates = jinja2.Environment(
            loader=jinja2.PackageLoader("voicebot.web", "pages"),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            extensions=[FrenchSpaces],
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.filters.update(FILTERS)
        self._templates.globals.update(labels=LABELS)

    def render(self, template: str, **values: Any) -> str:
        """Return a template filled with ``values``, each escaped."""
        identity = self.needs.service.profile().knowledge.identity
        return self._templates.get_template(template).render(
            assistant=identity.assistant, community=identity.community, now=self.needs.clock.now(), **values
        )

    def public(self, view: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> Handler:
        """Return a handler that anybody may call."""

        async def handle(request: web.Request) -> web.StreamResponse:
            return self._safe(await self._told(request, None, view(request)))

        return handle

    def guarded(self, what: May | None, view: View) -> Handler:
        """Return a handler of ``view`` for those who may do ``what`` (``None``: whoever is signed in)."""

        async def handle(request: web.Request) -> web.StreamResponse:
            return self._safe(await self._guard(request, what, view))

        return handle

    async def _guard(self, request: web.Request, what: May | None, view: View) -> web.StreamResponse:
        try:
            session = await self.needs.accounts.find(request.cookies.get(COOKIE, ""), self.needs.clock.now())
        except JournalAway:
            return self._alone(503, "Le journal ne répond pas", "La base de données est absente. Réessayez bientôt.")
        if session is None:
            if request.method != "GET" or request.headers.get("Accept", "").startswith("text/event-stream"):
                return self._alone(403, "Vous n’êtes pas connecté", "Votre session est terminée : reconnectez-vous.")
            raise web.HTTPSeeOther(f"{SIGN_IN}?vers={quote(request.path_qs, safe='')}", headers=_HEADERS)
        visit = Visit(self, request, session)
        if what is not None and not may(session.user, what):
            return visit.page("trouble.html", 403, title="Page réservée", sentence="Votre rôle n’y donne pas accès.")
        if request.method == "POST":
            visit.form = await read_form(request)
            if not same_token(visit.form.get("csrf", ""), session.csrf):
                return visit.page(
                    "trouble.html", 403, title="Formulaire périmé", sentence="Rouvrez la page et recommencez."
                )
        return await self._told(request, visit, view(visit))

    async def _told(
        self, request: web.Request, visit: Visit | None, work: Awaitable[web.StreamResponse]
    ) -> web.StreamResponse:
        """Return the page, or one that says what went wrong."""
        try:
            return await work
        except Away as away:
            return web.Response(status=303, headers={"Location": away.address})
        except Wrong as wrong:
            title, sentence, status = "Ce n’est pas possible", str(wrong), 400
        except JournalAway:
            title, status = "Le journal ne répond pas", 503
            sentence = "La base de données est absente. Les appels continuent et sont gardés. Réessayez bientôt."
        except web.HTTPNotFound:
            title, sentence, status = "Introuvable", "Cela n’existe pas, ou n’existe plus.", 404
        if visit is None:
            return self._alone(status, title, sentence)
        return visit.page("trouble.html", status, title=title, sentence=sentence)

    def _alone(self, status: int, title: str, sentence: str) -> web.Response:
        text = self.render("alone.html", title=title, sentence=sentence)
        return web.Response(text=text, status=status, content_type="text/html", charset="utf-8")

    def _safe(self, response: web.StreamResponse) -> web.StreamResponse:
        return response if response.prepared else self.dressed(response)

    def dressed(self, response: web.StreamResponse) -> web.StreamResponse:
        """Return an answer with the headers that every page has; for those that are sent piece by piece."""
        for name, value in _HEADERS.items():
            response.headers.setdefault(name, value)
        if self.needs.secure:
            response.headers["Strict-Transport-Security"] = f"max-age={_YEAR_S}"
        return response


def same_token(one: str, other: str) -> bool:
    """Return whether two tokens are the same, in a time that tells nothing of where they differ."""
    return hmac.compare_digest(one.encode(), other.encode())


async def read_form(request: web.Request) -> Form:
    """Return the text fields of a form; a field given several times is joined by new lines.

    Raises:
        web.HTTPForbidden: the browser says that another site sent it.
    """
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        raise web.HTTPForbidden(text="Ce formulaire vient d’un autre site.", headers=_HEADERS)
    posted = await request.post()
    return {name: "\n".join(value for value in posted.getall(name) if isinstance(value, str)) for name in posted}


def set_cookie(response: web.StreamResponse, name: str, value: str, secure: bool) -> None:
    """Give the browser a cookie that scripts cannot read and other sites cannot use."""
    response.set_cookie(name, value, httponly=True, samesite="Lax", secure=secure, path="/")
