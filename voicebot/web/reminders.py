"""The reminder of each morning, by e-mail to each service: its requests due today, and those past their day.

It goes where the service is told of what is kept. A key names the day and who it is for: asking again sends nothing
twice. It has references and days, no coordinates: those stay on the pages.
"""

import hashlib
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import jinja2

from voicebot.clock import PARIS
from voicebot.hours.days import public_holidays
from voicebot.journal.accounts import Accounts
from voicebot.journal.archive import Archive
from voicebot.journal.bulk import MARK
from voicebot.journal.desk import Desk
from voicebot.web.site_words import FILTERS
from voicebot.web.typography import FrenchSpaces

SENT_FROM_HOUR = 7
"""In the time of France; a service that was down in the morning sends its reminders when it is back."""

_SATURDAY = 5
_SHOWN = 50
_MOST_READ = 5_000


@dataclass(frozen=True, slots=True)
class Reminder:
    """One e-mail."""

    subject: str
    text: str


@dataclass(frozen=True, slots=True)
class Reminding:
    """How services are reminded.

    ``mailbox`` gives where the service of a request (``profile``, ``form``) is told, empty when nowhere; ``title`` how
    such a request is called, empty when nothing says so; ``link`` the address of a request's page, empty when nothing
    says where the site is reached; ``post`` sends (to, reminder, key).
    """

    service: str
    mailbox: Callable[[str, str], str]
    title: Callable[[str, str], str]
    link: Callable[[str], str]
    post: Callable[[str, Reminder, str], Awaitable[None]]


def is_time(now: datetime) -> bool:
    """Return whether reminders go out at ``now``: from the morning on, on days when somebody is at work."""
    local = now.astimezone(PARIS)
    return (
        local.hour >= SENT_FROM_HOUR and local.weekday() < _SATURDAY and local.date() not in public_holidays(local.year)
    )


async def send_reminders(archive: Archive, now: datetime, reminding: Reminding) -> int:
    """Post the reminders of the day of ``now``; return to how many services.

    Raises:
        JournalAway: the requests cannot be read; ask again later.
    """
    today = now.astimezone(PARIS).date()
    by_mailbox: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in await Desk(archive.database).due(today, limit=_MOST_READ):
        made_up = str(row["contact_id"]).startswith(MARK)
        if not made_up and (to := reminding.mailbox(row["profile"], row["form"])):
            by_mailbox[to].append(row)
    people = {user.login: user.name for user in await Accounts(archive.database).all()} if by_mailbox else {}
    for to, rows in by_mailbox.items():
        whom = hashlib.sha256(to.encode()).hexdigest()[:12]
        await reminding.post(to, write_reminder(rows, today, people, reminding), f"reminder:{today}:{whom}")
    return len(by_mailbox)


def write_reminder(
    rows: Sequence[Mapping[str, Any]], today: date, people: Mapping[str, str], reminding: Reminding
) -> Reminder:
    """Return the e-mail about ``rows``, the most urgent first; ``people`` are the names of users by login."""
    late = sum(row["due_day"] < today.isoformat() for row in rows)
    templates = jinja2.Environment(
        loader=jinja2.PackageLoader("voicebot.web", "pages"),
        autoescape=False,  # noqa: S701 -- plain text
        undefined=jinja2.StrictUndefined,
        extensions=[FrenchSpaces],
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.filters.update(FILTERS)
    text = templates.get_template("courrier_echeances.txt").render(
        rows=rows[:_SHOWN],
        more=len(rows) - _SHOWN,
        people=people,
        today=today.isoformat(),
        service=reminding.service,
        title=reminding.title,
        link=reminding.link,
    )
    return Reminder(_subject(len(rows), late), text)


def _subject(count: int, late: int) -> str:
    due = "1 demande à rendre" if count == 1 else f"{count} demandes à rendre"
    return f"{due}, dont {late} en retard" if late and count > 1 else f"{due}, en retard" if late else due
