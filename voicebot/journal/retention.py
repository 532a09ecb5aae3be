"""How long things are kept: what is past its period is deleted, or loses what ties it to a person."""

from datetime import datetime, timedelta

from sqlalchemy import Select, delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from voicebot.journal.schema import (
    actions,
    announcements,
    consents,
    contacts,
    coordinates,
    outbox,
    preferences,
    proposals,
    records,
    surveys,
    turns,
    voices,
)
from voicebot.journal.settings import Retention

_decided = func.coalesce(proposals.c.reviewed_at, proposals.c.proposed_at)


async def purge(connection: AsyncConnection, now: datetime, periods: Retention) -> dict[str, int]:
    """Apply ``periods`` at ``now``; return how many rows of each kind were deleted or lost their caller.

    Words that callers left to the survey are transcripts too, and go with them. A contact of which only figures remain
    has neither words nor caller. A contact that never ended (its process died and was not followed by another) counts
    from its start.
    """

    def before(days: int) -> datetime:
        return now - timedelta(days=days)

    counts: dict[str, int] = {}
    old = {days: _ended_before(before(days)) for days in (periods.transcripts, periods.callers, periods.contacts)}
    steps = (
        ("transcripts", delete(turns).where(turns.c.contact_id.in_(old[periods.transcripts]))),
        (
            "comments",
            update(surveys)
            .where(surveys.c.contact_id.in_(old[periods.transcripts]), surveys.c.comment != "")
            .values(comment=""),
        ),
        (
            "callers",
            update(contacts)
            .where(contacts.c.id.in_(old[periods.callers]), contacts.c.person.is_not(None))
            .values(person=None, call=""),
        ),
        ("contacts", delete(contacts).where(contacts.c.id.in_(old[periods.contacts]))),
        ("coordinates", delete(coordinates).where(coordinates.c.kept_at < before(periods.coordinates))),
        ("voices", delete(voices).where(voices.c.kept_at < before(periods.voices))),
        ("records", delete(records).where(records.c.changed_at < before(periods.records))),
        ("preferences", delete(preferences).where(preferences.c.consented_at < before(periods.preferences))),
        ("consents", delete(consents).where(consents.c.consented_at < before(periods.consents))),
        ("actions", delete(actions).where(actions.c.at < before(periods.actions))),
        ("deliveries", delete(outbox).where(outbox.c.settled_at < before(periods.deliveries))),
        ("proposals", delete(proposals).where(_decided < before(periods.proposals), proposals.c.state != "applied")),
        ("announcements", delete(announcements).where(announcements.c.at < before(periods.deliveries))),
    )
    for name, step in steps:
        counts[name] = (await connection.execute(step)).rowcount
    return counts


def _ended_before(moment: datetime) -> Select[tuple[str]]:
    return select(contacts.c.id).where(func.coalesce(contacts.c.ended_at, contacts.c.started_at) < moment)
