"""Requests due or late are recalled each working morning, once, to the service that is told of them."""

from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest

from tests.journal.conftest import Base, kept_open
from tests.journal.samples import AT, CALLER, kept, rows, started
from tests.web.site_served import plain, run
from tests.web.whole_site import MAIL
from voicebot.clock import PARIS
from voicebot.delivery.outbox import Outbox
from voicebot.delivery.settings import Channels
from voicebot.journal.desk import Desk
from voicebot.journal.journal import Journal
from voicebot.web.reminders import Reminder, Reminding, is_time, send_reminders

MORNING = datetime(2026, 11, 25, 7, 5, tzinfo=PARIS)


async def requests_left(journal: Journal) -> None:
    """Have four requests: one late, one due today, one due tomorrow, one late but done."""
    journal.contact_started(started())
    for seq, reference in enumerate(("D-1", "D-2", "D-3", "D-4"), 2):
        slots = {"telephone": CALLER}
        journal.record(kept("c1", seq, reference, form="oubli" if seq < 4 else "composteur", slots=slots))
    await journal.settled()
    desk = Desk(journal.database)
    await desk.assign("c1:2", "ahmed", date(2026, 11, 23), "test", AT)
    await desk.assign("c1:3", None, date(2026, 11, 25), "test", AT)
    await desk.assign("c1:4", None, date(2026, 11, 26), "test", AT)
    await desk.assign("c1:5", None, date(2026, 11, 20), "test", AT)
    await desk.set_state("c1:5", "done", "test", AT)


def reminded(base: Base, *mornings: datetime) -> list[tuple[str, Reminder]]:
    """Return what is posted on those mornings, to whom; each is put in the outbox too."""
    posted: list[tuple[str, Reminder]] = []

    async def work(journal: Journal) -> None:
        await requests_left(journal)
        outbox = Outbox(journal, Channels(mail=MAIL), lambda: MORNING)

        async def post(to: str, reminder: Reminder, key: str) -> None:
            posted.append((to, replace(reminder, text=plain(reminder.text))))
            await outbox.email(to, reminder.subject, reminder.text, key=key)

        reminding = Reminding(
            "Cœur Côte Fleurie",
            lambda profile, form: f"{form}@example.org",
            lambda profile, form: "Collecte oubliée" if form == "oubli" else "",
            lambda record: f"https://sophie.example.org/demandes/{record}",
            post,
        )
        for morning in mornings:
            await send_reminders(journal.archive, morning, reminding)
        await journal.settled()

    kept_open(base, work)
    return posted


def test_a_service_is_reminded_of_what_is_due_and_late_without_any_coordinates(sqlite_base: Base) -> None:
    [(to, reminder)] = reminded(sqlite_base, MORNING)
    assert to == "oubli@example.org"
    assert reminder.subject == "2 demandes à rendre, dont 1 en retard"
    assert "D-1, Collecte oubliée : en retard, à rendre le 23/11/2026 ; ahmed s’en occupe." in reminder.text
    assert "D-2, Collecte oubliée : à rendre aujourd’hui ; personne ne s’en occupe." in reminder.text
    assert "https://sophie.example.org/demandes/c1:2" in reminder.text
    assert "D-3" not in reminder.text
    assert "D-4" not in reminder.text
    assert CALLER not in reminder.text


def test_each_service_is_reminded_once_a_day(sqlite_base: Base) -> None:
    posted = reminded(sqlite_base, MORNING, MORNING + timedelta(hours=1), MORNING + timedelta(days=1))
    assert [to.partition("@")[0] for to, _ in posted] == ["oubli", "oubli", "oubli", "composteur"]
    assert len(run(rows(sqlite_base.settings.url, "outbox"))) == 3


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        (MORNING, True),
        (MORNING - timedelta(minutes=10), False),  # too early
        (datetime(2026, 11, 28, 9, 0, tzinfo=PARIS), False),  # a Saturday
        (datetime(2026, 12, 25, 9, 0, tzinfo=PARIS), False),  # Christmas, a Friday
        (datetime(2026, 11, 25, 17, 0, tzinfo=PARIS), True),  # for a service that was down
    ],
)
def test_reminders_go_out_on_working_days_from_the_morning_on(moment: datetime, expected: bool) -> None:
    assert is_time(moment) is expected
