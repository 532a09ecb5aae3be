"""Collection rounds: who is served, when, and how a public holiday moves a pass.

Rounds recur by RFC 5545 rules (``FREQ=WEEKLY;BYDAY=TU``), inside an optional season, and are moved by public
holidays and by dated exceptions. Dates are civil dates of the territory.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache

import holidays
from dateutil.rrule import rrulestr

from voicebot.dialog.knowledge.source import Table

HOLIDAY_RULES = ("maintenue", "lendemain", "veille", "decale_semaine", "annulee")
_MONTH_DAY = re.compile(r"^(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$")
_LOOKAHEAD_DAYS = 400


_SPOKEN_HOLIDAYS = {
    "Jour de l'an": "le jour de l’an",
    "Lundi de Pâques": "le lundi de Pâques",
    "Fête du Travail": "la fête du Travail",
    "Fête de la Victoire": "le huit mai",
    "Ascension": "l’Ascension",
    "Lundi de Pentecôte": "le lundi de Pentecôte",
    "Fête nationale": "la fête nationale",
    "Assomption": "l’Assomption",
    "Toussaint": "la Toussaint",
    "Armistice": "le onze novembre",
}


@lru_cache(maxsize=32)
def _year_holidays(year: int) -> Mapping[date, str]:
    return dict(holidays.country_holidays("FR", years=[year], language="fr"))


def holiday_name(day: date) -> str:
    """Return the French name of the public holiday on ``day`` as it is said after "c’est", or an empty string."""
    name = _year_holidays(day.year).get(day, "")
    return _SPOKEN_HOLIDAYS.get(name, name)


@dataclass(frozen=True, slots=True)
class Season:
    """A part of every year, both ends included, as (month, day); it may span the new year."""

    first: tuple[int, int] = (1, 1)
    last: tuple[int, int] = (12, 31)

    def holds(self, day: date) -> bool:
        """Tell whether ``day`` is in season."""
        mark = (day.month, day.day)
        if self.first <= self.last:
            return self.first <= mark <= self.last
        return mark >= self.first or mark <= self.last


ALL_YEAR = Season()


@dataclass(frozen=True, slots=True)
class Pass:
    """One collection: on ``day``; ``moved_from`` is the holiday it was moved from, if any."""

    day: date
    moved_from: date | None = None


@dataclass(frozen=True, slots=True)
class Round:
    """One recurring collection of a stream in some communes (and one sector of them)."""

    communes: tuple[str, ...]
    stream: str
    rule: str
    start: date
    sector: str = ""
    season: Season = ALL_YEAR
    on_holiday: str = "lendemain"
    put_out: str = ""
    confirmed: bool = False

    def weekdays(self) -> tuple[int, ...]:
        """Return the weekdays of the rule (0 is Monday), empty when it has none."""
        found = re.search(r"BYDAY=([A-Z0-9,+-]+)", self.rule)
        names = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
        return tuple(names.index(day[-2:]) for day in found[1].split(",")) if found else ()

    def every_week(self) -> bool:
        """Tell whether the rule is a plain weekly one."""
        return "FREQ=WEEKLY" in self.rule and "INTERVAL" not in self.rule

    def planned(self, first: date, last: date) -> Iterator[date]:
        """Yield the days of the rule between ``first`` and ``last`` included, in season, holidays left aside."""
        rule = rrulestr(self.rule, dtstart=datetime.combine(self.start, time()))
        for moment in rule.between(datetime.combine(first, time()), datetime.combine(last, time()), inc=True):
            if self.season.holds(moment.date()):
                yield moment.date()

    def passes(self, first: date, last: date) -> list[Pass]:
        """Return the passes between ``first`` and ``last`` included, holidays considered, in order."""
        found: dict[date, Pass] = {}
        for day in self.planned(first - timedelta(days=8), last + timedelta(days=8)):
            moved = self._moved(day)
            if moved is not None and first <= moved.day <= last:
                found.setdefault(moved.day, moved)
        return [found[day] for day in sorted(found)]

    def _moved(self, day: date) -> Pass | None:
        if self.on_holiday == "decale_semaine":
            monday = day - timedelta(days=day.weekday())
            days = (monday + timedelta(days=n) for n in range(day.weekday() + 1))
            holiday = next((d for d in days if d.weekday() < 6 and holiday_name(d)), None)
            return Pass(day + timedelta(days=1), holiday) if holiday else Pass(day)
        if not holiday_name(day) or self.on_holiday == "maintenue":
            return Pass(day)
        if self.on_holiday == "annulee":
            return None
        step = timedelta(days=1 if self.on_holiday == "lendemain" else -1)
        target = day + step
        while holiday_name(target):
            target += step
        return Pass(target, day)


@dataclass(frozen=True, slots=True)
class Change:
    """A dated exception: the pass of ``stream`` on ``day`` is moved ``to`` another day, or cancelled (``None``)."""

    day: date
    stream: str
    communes: tuple[str, ...]
    to: date | None
    reason: str = ""
    confirmed: bool = False


@dataclass(frozen=True, slots=True)
class Collection:
    """All rounds of a territory."""

    rounds: tuple[Round, ...] = ()
    changes: tuple[Change, ...] = ()

    def rounds_of(self, commune: str, stream: str, sector: str = "") -> tuple[Round, ...]:
        """Return the rounds that serve ``commune`` for ``stream``; without ``sector``, those of every sector."""
        return tuple(
            one
            for one in self.rounds
            if one.stream == stream and commune in one.communes and (not sector or one.sector in ("", sector))
        )

    def sectors(self, commune: str, stream: str) -> tuple[str, ...]:
        """Return the sectors between which the caller must choose, empty when it makes no difference."""
        names = dict.fromkeys(one.sector for one in self.rounds_of(commune, stream) if one.sector)
        return tuple(names) if len(names) > 1 else ()

    def streams(self, commune: str) -> tuple[str, ...]:
        """Return the streams collected at the door in ``commune``, in the order of the file."""
        return tuple(dict.fromkeys(one.stream for one in self.rounds if commune in one.communes))

    def passes(self, commune: str, stream: str, sector: str, first: date, last: date) -> list[Pass]:
        """Return the passes between ``first`` and ``last`` included, in order, changes applied."""
        found: dict[date, Pass] = {}
        for one in self.rounds_of(commune, stream, sector):
            for each in one.passes(first - timedelta(days=31), last + timedelta(days=31)):
                found.setdefault(each.day, each)
        for change in self.changes:
            if change.stream == stream and commune in change.communes and change.day in found:
                del found[change.day]
                if change.to is not None:
                    found[change.to] = Pass(change.to, change.day)
        return [found[day] for day in sorted(found) if first <= day <= last]

    def next_pass(self, commune: str, stream: str, sector: str, today: date) -> Pass | None:
        """Return the first pass on or after ``today``, within about a year."""
        for days in (14, 62, _LOOKAHEAD_DAYS):
            found = self.passes(commune, stream, sector, today, today + timedelta(days=days))
            if found:
                return found[0]
        return None


def read_collection(table: Table, communes: tuple[str, ...], streams: tuple[str, ...]) -> Collection:
    """Read ``collecte.toml``: ``[[tournee]]`` and ``[[exception]]``."""
    holiday_name(date(2026, 1, 1))  # the first use of the calendar costs 0.1 s: not during a call
    rounds = tuple(_round(below, communes, streams) for below in table.tables("tournee"))
    changes = tuple(_change(below, communes, streams) for below in table.tables("exception"))
    table.done()
    return Collection(rounds, changes)


def read_season(table: Table, key: str = "saison") -> Season:
    """Read ``saison = { du = "04-01", au = "10-31" }``."""
    below = table.table(key)
    if below is None:
        return ALL_YEAR
    ends = []
    for end in ("du", "au"):
        text = below.text(end)
        found = _MONTH_DAY.match(text)
        if not found:
            below.wrong(end, f"« {text} » n’est pas un jour de l’année ; l’écrire mois-jour, comme 04-01")
        ends.append((int(found[1]), int(found[2])) if found else (1, 1))
    below.done()
    return Season(ends[0], ends[1])


def _served(table: Table, communes: tuple[str, ...]) -> tuple[str, ...]:
    names = table.texts("communes")
    if names == ("toutes",):
        return communes
    for name in names:
        if communes and name not in communes:
            table.wrong("communes", f"« {name} » n’est pas une commune du territoire")
    return names


def _round(table: Table, communes: tuple[str, ...], streams: tuple[str, ...]) -> Round:
    rule = table.text("regle")
    try:
        rrulestr(rule or "FREQ=WEEKLY", dtstart=datetime(2026, 1, 1))  # noqa: DTZ001 (civil dates only)
    except (ValueError, KeyError, AttributeError) as error:
        table.wrong("regle", f"« {rule} » n’est pas une règle RFC 5545 comme FREQ=WEEKLY;BYDAY=TU ({error})")
        rule = "FREQ=WEEKLY;BYDAY=MO"
    one = Round(
        _served(table, communes),
        table.one_of("flux", streams),
        rule,
        table.day("debut", date(2026, 1, 5)) or date(2026, 1, 5),
        table.text("secteur", ""),
        read_season(table),
        table.one_of("ferie", HOLIDAY_RULES, "lendemain"),
        table.text("sortie", ""),
        table.flag("confirmed", False),
    )
    table.done()
    return one


def _change(table: Table, communes: tuple[str, ...], streams: tuple[str, ...]) -> Change:
    day = table.day("date")
    if day is None:
        table.wrong("date", "la date de la collecte concernée est obligatoire")
    change = Change(
        day or date(1970, 1, 1),
        table.one_of("flux", streams),
        _served(table, communes),
        table.day("report"),
        table.text("motif", ""),
        table.flag("confirmed", False),
    )
    table.done()
    return change
