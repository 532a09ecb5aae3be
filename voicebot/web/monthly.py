"""The report of the month by e-mail, to those the configuration names: sent once a month, whatever is restarted.

The key of each message names the month and who it is for, so that asking again sends nothing twice.
"""

import hashlib
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import date

import jinja2

from voicebot.journal.archive import Archive
from voicebot.journal.sheets import load_labels
from voicebot.web.site_figures import Bilan, Reading, make_bilan, month_before, of_month
from voicebot.web.site_words import FILTERS
from voicebot.web.typography import FrenchSpaces

log = logging.getLogger(__name__)

_SENT_UNTIL_DAY = 7
"""A service that was down on the first of the month still sends its report during the first week."""


@dataclass(frozen=True, slots=True)
class Letter:
    """One report as an e-mail: its subject, and its words as text and as HTML."""

    subject: str
    text: str
    html: str


@dataclass(frozen=True, slots=True)
class Sender:
    """Who the report is for, the name of the service, and how a message is posted: (to, letter, key)."""

    recipients: Sequence[str]
    service: str
    post: Callable[[str, Letter, str], Awaitable[None]]


async def send_report(archive: Archive, today: date, reading: Reading, sender: Sender) -> int:
    """Post the report of last month during the first week of this one; return to how many.

    Raises:
        JournalAway: the figures cannot be read; ask again later.
    """
    if today.day > _SENT_UNTIL_DAY or not sender.recipients:
        return 0
    first, last = month_before(today)
    letter = write_letter(await make_bilan(archive, first, last, {}, reading), sender.service)
    for to in sender.recipients:
        whom = hashlib.sha256(to.encode()).hexdigest()[:12]
        await sender.post(to, letter, f"bilan-{first:%Y-%m}-{whom}")
    return len(sender.recipients)


def write_letter(bilan: Bilan, service: str) -> Letter:
    """Return the report as an e-mail that needs nothing from elsewhere: no image, no script, no style sheet."""
    templates = jinja2.Environment(
        loader=jinja2.PackageLoader("voicebot.web", "pages"),
        autoescape=jinja2.select_autoescape(["html"]),
        undefined=jinja2.StrictUndefined,
        extensions=[FrenchSpaces],
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.filters.update(FILTERS)
    labels = load_labels()
    month = of_month(bilan.now.first)
    values = {
        "bilan": bilan,
        "month": month,
        "service": service,
        "figures": labels["chiffres"] | labels["engagements"],
        "questions": labels["satisfaction"],
    }
    return Letter(
        f"Bilan {month}",
        templates.get_template("courrier_bilan.txt").render(values),
        templates.get_template("courrier_bilan.html").render(values),
    )
