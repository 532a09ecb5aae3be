"""The REST API for other programs (a CRM): contacts, records, people; by token, page by page, within a rate.

A number of the telephone comes in the body of a request, is hashed here, and is neither logged nor given back. What a
token changes is kept in the journal's actions, in its name.
"""

import hashlib
import json
import logging
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from aiohttp import web
from aiohttp.typedefs import Handler
from pydantic import BaseModel

from voicebot.clock import Clock
from voicebot.journal.errors import JournalError
from voicebot.journal.events import ContactEnded, ContactStarted, TurnHeard, Typing
from voicebot.journal.journal import Journal
from voicebot.journal.listing import CONTACT_FILTERS, RECORD_FILTERS, Asked, BadCursor, Listing
from voicebot.journal.people import Consent, People, e164
from voicebot.journal.tokens import Token, Tokens
from voicebot.web import api_models as models
from voicebot.web.problems import Refusal, read_body
from voicebot.web.rates import RateLimit, client_address

log = logging.getLogger(__name__)

PREFIX = "/api/v1"

_TOKEN: web.RequestKey[Token] = web.RequestKey("token", Token)
_HISTORY = 100
_GUESSES_PER_MINUTE = 20
_EMAIL = re.compile(r"^[^\s@]+@[^\s@]+\.[^\s@]+$")


@dataclass(frozen=True, slots=True)
class ApiPorts:
    """What the API works on. ``profile`` is that of contacts added without one."""

    journal: Journal
    tokens: Tokens
    listing: Listing
    people: People
    profile: str


def api_application(ports: ApiPorts, clock: Clock, per_minute: int, proxies: tuple[str, ...] = ()) -> web.Application:
    """Return the API's routes, to be mounted at ``PREFIX``; a token may ask ``per_minute`` times."""
    api = _Api(ports, clock)
    gate = _Gate(ports.tokens, clock, per_minute, proxies)
    app = web.Application(middlewares=[gate.middleware])
    allowed = gate.allowing
    app.add_routes(
        [
            web.get("/contacts", allowed("contacts:read", api.contacts)),
            web.post("/contacts", allowed("contacts:write", api.add_contact)),
            web.get("/contacts/{contact}", allowed("contacts:read", api.contact)),
            web.get("/records", allowed("records:read", api.records)),
            web.get("/records/{record}", allowed("records:read", api.record)),
            web.put("/records/{record}/state", allowed("records:write", api.set_state)),
            web.post("/people/history", allowed("people:read", api.history)),
            web.post("/people/export", allowed("people:read", api.export)),
            web.post("/people/erase", allowed("people:write", api.erase)),
            web.post("/people/consents", allowed("people:write", api.consent)),
            web.post("/people/consents/withdraw", allowed("people:write", api.withdraw)),
        ]
    )
    return app


class _Gate:
    """Lets tokens in: who they are, what they may do, how often. Whoever guesses waits."""

    def __init__(self, tokens: Tokens, clock: Clock, per_minute: int, proxies: tuple[str, ...]) -> None:
        self._tokens = tokens
        self._clock = clock
        self._proxies = proxies
        self._asking = RateLimit(per_minute, per_minute / 2, clock.monotonic)
        self._guessing = RateLimit(_GUESSES_PER_MINUTE, _GUESSES_PER_MINUTE, clock.monotonic)

    def allowing(self, scope: str, handler: Handler) -> Handler:
        """Return ``handler``, for tokens with ``scope`` alone."""

        async def guarded(request: web.Request) -> web.StreamResponse:
            if scope not in request[_TOKEN].scopes:
                raise Refusal(403, "scope_missing", f"This token lacks the scope {scope}.")
            return await handler(request)

        return guarded

    @property
    def middleware(self) -> Any:
        """The middleware of the API: the token, the rate, and problems as documents."""

        @web.middleware
        async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
            try:
                request[_TOKEN] = await self._token(request)
                return await handler(request)
            except Refusal as refusal:
                response = refusal.response()
                if refusal.status == 401:
                    response.headers["WWW-Authenticate"] = "Bearer"
                return response
            except JournalError as error:
                log.error("the API could not read or write the journal: %s", error)
                return Refusal(503, "journal_away", "The journal does not answer; try again.", retry_s=5).response()
            except web.HTTPException as error:
                return Refusal(error.status, "not_found" if error.status == 404 else "refused", error.reason).response()

        return middleware

    async def _token(self, request: web.Request) -> Token:
        kind, _, text = request.headers.get("Authorization", "").partition(" ")
        token = await self._tokens.find(text, self._clock.now()) if kind.lower() == "bearer" and text else None
        if token is None:
            wait_s = self._guessing.wait_s(client_address(request, self._proxies))
            if wait_s:
                raise Refusal(429, "too_fast", "Too many refused tokens; wait.", retry_s=wait_s)
            raise Refusal(401, "token_refused", "Give a valid token: Authorization: Bearer TOKEN.")
        wait_s = self._asking.wait_s(token.id)
        if wait_s:
            raise Refusal(429, "too_fast", "This token asks too often; wait.", retry_s=wait_s)
        return token


class _Api:
    def __init__(self, ports: ApiPorts, clock: Clock) -> None:
        self._ports = ports
        self._clock = clock

    async def contacts(self, request: web.Request) -> web.Response:
        """List contacts."""
        page = await self._paged(self._ports.listing.contacts, _asked(request, CONTACT_FILTERS))
        return _json(models.Contacts(items=[_shaped(models.Contact, row) for row in page.rows], cursor=page.cursor))

    async def contact(self, request: web.Request) -> web.Response:
        """Return one contact."""
        found = await self._ports.listing.contact(request.match_info["contact"])
        if found is None:
            raise Refusal(404, "not_found", "There is no such contact.")
        may_read = "transcripts:read" in request[_TOKEN].scopes
        may_see = "records:read" in request[_TOKEN].scopes
        found["turns"] = [_fields(models.Turn, turn) for turn in found["turns"]] if may_read else None
        found["surveys"] = [
            _fields(models.Survey, answer) | ({} if may_read else {"comment": ""}) for answer in found["surveys"]
        ]
        found["records"] = [_fields(models.Record, record) for record in found["records"]] if may_see else []
        return _json(_shaped(models.ContactDetail, found))

    async def add_contact(self, request: web.Request) -> web.Response:
        """Add a contact of another channel, once."""
        new = await read_body(request, models.NewContact)
        contact = hashlib.sha256(f"{request[_TOKEN].id} {new.external_id}".encode()).hexdigest()[:32]
        caller = "" if new.number is None else self._number(new.number)
        journal = self._ports.journal
        profile = self._ports.profile
        journal.contact_started(ContactStarted(contact, new.at, new.channel, "", caller, profile))
        if new.said or new.answered:
            journal.turn(TurnHeard(contact, 1, new.at, 0.0, "text", heard=new.said, said=new.answered))
        typing = Typing(new.theme, new.sub_theme, new.nature, new.category, new.commune)
        end = new.at + timedelta(seconds=new.duration_s)
        journal.contact_ended(ContactEnded(contact, end, new.duration_s, new.outcome, typing))
        await journal.spooled()
        await self._act(request, "add_contact", contact)
        return _json(models.Created(id=contact), status=201)

    async def records(self, request: web.Request) -> web.Response:
        """List records."""
        page = await self._paged(self._ports.listing.records, _asked(request, RECORD_FILTERS))
        return _json(models.Records(items=[_shaped(models.Record, row) for row in page.rows], cursor=page.cursor))

    async def record(self, request: web.Request) -> web.Response:
        """Return one record, with its coordinates for a token that may read them."""
        record = request.match_info["record"]
        found = await self._ports.listing.record(record)
        if found is None:
            raise Refusal(404, "not_found", "There is no such record.")
        found["coordinates"] = None
        if "coordinates:read" in request[_TOKEN].scopes:
            found["coordinates"] = await self._ports.journal.archive.coordinates(record)
            await self._act(request, "read_coordinates", record)
        return _json(_shaped(models.RecordWithCoordinates, found))

    async def set_state(self, request: web.Request) -> web.Response:
        """Move a record to a state."""
        record, asked = request.match_info["record"], await read_body(request, models.NewState)
        archive = self._ports.journal.archive
        if not await archive.set_state(record, asked.state, _who(request), self._clock.now()):
            raise Refusal(404, "not_found", "There is no such record.")
        return await self.record(request)

    async def history(self, request: web.Request) -> web.Response:
        """Return one person's contacts and records over every channel."""
        person = self._person((await read_body(request, models.Person)).number)
        asked = Asked(where={"person": person}, limit=_HISTORY)
        contacts = await self._ports.listing.contacts(asked)
        records = await self._ports.listing.records(asked)
        consents = await self._ports.people.consents(person)
        await self._act(request, "read_history", person[:8])
        return _json(
            models.History(
                person=person,
                contacts=[_shaped(models.Contact, row) for row in contacts.rows],
                records=[_shaped(models.Record, row) for row in records.rows],
                consents=[_consent(consent) for consent in consents],
            )
        )

    async def export(self, request: web.Request) -> web.Response:
        """Return all that is kept of one person."""
        person = self._person((await read_body(request, models.Person)).number)
        data = await self._ports.journal.export_person(person)
        await self._act(request, "export_person", person[:8])
        return _json(models.Export(person=person, data=data))

    async def erase(self, request: web.Request) -> web.Response:
        """Erase all that is kept of one person."""
        person = self._person((await read_body(request, models.Person)).number)
        counts = await self._ports.journal.erase_person(person)
        await self._act(request, "erase_person", person[:8])
        return _json(models.Counts(erased=counts))

    async def consent(self, request: web.Request) -> web.Response:
        """Note that a person agrees to be contacted."""
        given = await read_body(request, models.NewConsent)
        person = self._person(given.number)
        address = given.address or ("" if given.channel == "email" else given.number)
        if given.channel == "email" and not _EMAIL.match(address):
            raise Refusal(400, "invalid", "address: give the e-mail address.")
        if given.channel != "email":
            address = self._number(address)
        at, asked = given.at or self._clock.now(), (given.source, given.commune, given.wording)
        consent = Consent(given.purpose, given.channel, at, *asked)
        await self._ports.people.consent(person, consent, address)
        await self._act(request, "consent", person[:8])
        return _json(_consent(consent), status=201)

    async def withdraw(self, request: web.Request) -> web.Response:
        """Forget what a person agreed to."""
        asked = await read_body(request, models.Withdrawal)
        person = self._person(asked.number)
        count = await self._ports.people.withdraw(person, asked.purpose)
        await self._act(request, "withdraw_consent", person[:8])
        return _json(models.Counts(erased={"consents": count}))

    def _number(self, text: str) -> str:
        number = e164(text)
        if number is None:
            raise Refusal(400, "invalid", "number: this is no telephone number.")
        return number

    def _person(self, number: str) -> str:
        person = self._ports.journal.pseudonym(self._number(number))
        assert person is not None  # noqa: S101 - an E.164 number always has a pseudonym
        return person

    async def _act(self, request: web.Request, action: str, subject: str) -> None:
        await self._ports.journal.archive.act(_who(request), action, subject, self._clock.now(), {})

    async def _paged(self, listing: Callable[[Asked], Awaitable[Any]], asked: Asked) -> Any:
        try:
            return await listing(asked)
        except BadCursor as error:
            raise Refusal(400, "invalid", f"cursor: {error}.") from error


def _who(request: web.Request) -> str:
    return f"token:{request[_TOKEN].name}"


def _consent(consent: Consent) -> models.GivenConsent:
    return models.GivenConsent(
        purpose=consent.purpose,
        channel=consent.channel,
        consented_at=consent.consented_at.isoformat(),
        source=consent.source,
        commune=consent.commune,
        wording=consent.wording,
    )


def _asked(request: web.Request, filters: tuple[str, ...]) -> Asked:
    """Return what the query asks for.

    Raises:
        Refusal: a parameter is unknown or wrong.
    """
    query = dict(request.query)
    limit, cursor = query.pop("limit", "50"), query.pop("cursor", "")
    since, until = _moment(query.pop("since", ""), "since"), _moment(query.pop("until", ""), "until")
    unknown = sorted(set(query) - set(filters))
    if unknown:
        raise Refusal(400, "invalid", f"{', '.join(unknown)}: unknown parameter.")
    if not (limit.isascii() and limit.isdigit() and len(limit) < 6):
        raise Refusal(400, "invalid", "limit: must be a whole number.")
    return Asked(since, until, query, cursor, int(limit))


def _moment(text: str, name: str) -> datetime | None:
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise Refusal(400, "invalid", f"{name}: write an ISO date and time with its zone.")
    return moment


def _fields(model: type[BaseModel], row: Mapping[str, Any]) -> dict[str, Any]:
    """Return what ``model`` shows of a row; moments become text."""
    return {
        name: value.isoformat() if isinstance(value := row[name], datetime) else value for name in model.model_fields
    }


def _shaped(model: type[BaseModel], row: Mapping[str, Any]) -> Any:
    return model.model_validate(_fields(model, row))


def _json(document: BaseModel, status: int = 200) -> web.Response:
    text = json.dumps(document.model_dump(by_alias=True), ensure_ascii=False)
    headers = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
    return web.Response(text=text, status=status, content_type="application/json", headers=headers)
