"""The operations of the REST API, for the OpenAPI document."""

from pydantic import BaseModel

from voicebot.journal.listing import CONTACT_FILTERS, LONGEST_PAGE, RECORD_FILTERS
from voicebot.web import api_models as models
from voicebot.web.openapi import Operation, Parameter

_COMMON = (401, 403, 429, 503)
_MOMENT = {"type": "string", "format": "date-time"}
_PAGING = (
    Parameter("since", "From this moment on.", _MOMENT),
    Parameter("until", "Before this moment.", _MOMENT),
    Parameter("cursor", "The cursor the previous page ended with."),
    Parameter("limit", "Rows in a page.", {"type": "integer", "minimum": 1, "maximum": LONGEST_PAGE, "default": 50}),
)


def _filters(names: tuple[str, ...]) -> tuple[Parameter, ...]:
    return (*_PAGING, *(Parameter(name, f"Only rows whose {name} is this.") for name in names))


def _about_person(
    name: str, operation: str, summary: str, scope: str, request: type[BaseModel], answer: type[BaseModel]
) -> Operation:
    return Operation(
        "post",
        f"/api/v1/people/{name}",
        operation,
        summary,
        "people",
        {200: ("Done.", answer)},
        request=request,
        problems=(400, 413, 415, *_COMMON),
        scope=scope,
    )


API_OPERATIONS = (
    Operation(
        "get",
        "/api/v1/contacts",
        "listContacts",
        "Contacts of every channel",
        "contacts",
        {200: ("A page of contacts.", models.Contacts)},
        query=_filters(CONTACT_FILTERS),
        problems=(400, *_COMMON),
        scope="contacts:read",
    ),
    Operation(
        "post",
        "/api/v1/contacts",
        "addContact",
        "Add a contact of another channel",
        "contacts",
        {201: ("Kept; sent again with the same external_id, it is kept once.", models.Created)},
        request=models.NewContact,
        problems=(400, 413, 415, *_COMMON),
        scope="contacts:write",
    ),
    Operation(
        "get",
        "/api/v1/contacts/{contact}",
        "getContact",
        "One contact",
        "contacts",
        {200: ("The contact.", models.ContactDetail)},
        problems=(404, *_COMMON),
        scope="contacts:read",
        description="Its turns need transcripts:read, its records records:read.",
    ),
    Operation(
        "get",
        "/api/v1/records",
        "listRecords",
        "Tickets, callbacks, appointments and messages",
        "records",
        {200: ("A page of records.", models.Records)},
        query=_filters(RECORD_FILTERS),
        problems=(400, *_COMMON),
        scope="records:read",
    ),
    Operation(
        "get",
        "/api/v1/records/{record}",
        "getRecord",
        "One record",
        "records",
        {200: ("The record.", models.RecordWithCoordinates)},
        problems=(404, *_COMMON),
        scope="records:read",
        description="Its coordinates need coordinates:read.",
    ),
    Operation(
        "put",
        "/api/v1/records/{record}/state",
        "setRecordState",
        "Move a record to a state",
        "records",
        {200: ("The record, moved.", models.RecordWithCoordinates)},
        request=models.NewState,
        problems=(400, 404, 413, 415, *_COMMON),
        scope="records:write",
    ),
    _about_person(
        "history", "getHistory", "One person over every channel", "people:read", models.Person, models.History
    ),
    _about_person(
        "export", "exportPerson", "All that is kept of one person", "people:read", models.Person, models.Export
    ),
    _about_person("erase", "erasePerson", "Erase one person's data", "people:write", models.Person, models.Counts),
    Operation(
        "post",
        "/api/v1/people/consents",
        "addConsent",
        "A person agrees to be contacted",
        "people",
        {201: ("Noted.", models.GivenConsent)},
        request=models.NewConsent,
        problems=(400, 413, 415, *_COMMON),
        scope="people:write",
    ),
    _about_person(
        "consents/withdraw",
        "withdrawConsent",
        "A person no longer agrees",
        "people:write",
        models.Withdrawal,
        models.Counts,
    ),
)
