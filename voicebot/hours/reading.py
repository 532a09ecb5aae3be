"""Reads ``hours.toml`` of a base profile and of the profile above it; every mistake is told at once, in French.

Within a later folder, a calendar replaces the one with its id as a whole, a school year the one it names, and the
other settings one by one. The format is described in the comments of the files themselves.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from voicebot.hours.calendar import CLOSED, DAY_MINUTES, Calendar, Exceptional, Season, Spans, Timetable, Week
from voicebot.hours.days import ZONES, Period, SchoolYears, known_regions
from voicebot.hours.opening import OpeningHours
from voicebot.hours.words import WEEKDAYS

FILE = "hours.toml"

_SPAN = re.compile(r"(\d{1,2})(?::([0-5]\d))?\s*-\s*(\d{1,2})(?::([0-5]\d))?")
_MONTH_DAY = re.compile(r"(\d\d)-(\d\d)")
_SCHOOL_YEAR = re.compile(r"(\d{4})-(\d{4})")
_ID = re.compile(r"[a-z][a-z0-9_]*")
_AS_USUAL = "ouvert"
_NOWHERE = date(1970, 1, 1)
_A_SATURDAY = date(2026, 1, 3)


@dataclass(frozen=True, slots=True, order=True)
class HoursMistake:
    """One thing to repair: its file, its key and what to do."""

    file: str
    key: str
    message: str

    def __str__(self) -> str:
        return f"{self.file} : {self.key} : {self.message}" if self.key else f"{self.file} : {self.message}"


class HoursRefused(Exception):
    """The opening hours have mistakes; all of them are in ``mistakes``."""

    def __init__(self, mistakes: Sequence[HoursMistake]) -> None:
        self.mistakes = tuple(mistakes)
        super().__init__("\n".join(map(str, self.mistakes)))


def load_hours(folders: Sequence[Path]) -> OpeningHours:
    """Read ``hours.toml`` of each folder that has one, the later ones over the earlier.

    Raises:
        HoursRefused: no folder has one, or what they say is wrong (every mistake is listed).
    """
    mistakes: list[HoursMistake] = []
    found = _Found({}, {}, {}, {})
    files = [folder / FILE for folder in folders if (folder / FILE).is_file()]
    if not files:
        places = ", ".join(folder.name for folder in folders)
        raise HoursRefused([HoursMistake(FILE, "", f"ce fichier manque dans chacun des dossiers : {places}")])
    for path in files:
        shown = "/".join(path.parts[-2:])
        try:
            document = tomllib.loads(path.read_text(encoding="utf-8"))
        except UnicodeDecodeError:
            mistakes.append(HoursMistake(shown, "", "le fichier n’est pas enregistré en UTF-8"))
        except (OSError, tomllib.TOMLDecodeError) as error:
            mistakes.append(HoursMistake(shown, "", f"le fichier ne peut pas être lu comme du TOML : {error}"))
        else:
            _read_document(_Table(document, (), shown, mistakes), found)
    if mistakes:
        raise HoursRefused(mistakes)
    return found.opening_hours()


@dataclass(frozen=True, slots=True)
class _Found:
    """What the files say so far."""

    settings: dict[str, str]
    years: dict[int, tuple[tuple[str, Period], ...]]
    """Periods with the zones they are for, by the year in which the school year starts."""
    calendars: dict[str, Timetable]
    order: dict[str, None]

    def opening_hours(self) -> OpeningHours:
        school_zone = self.settings.get("zone", "C")
        given = {
            start: tuple(period for zones, period in periods if school_zone in zones)
            for start, periods in self.years.items()
        }
        school = SchoolYears(school_zone, {start: periods for start, periods in given.items() if periods})
        zone = ZoneInfo(self.settings.get("fuseau", "Europe/Paris"))
        region = self.settings.get("region", "")
        hours = OpeningHours(Calendar(name, self.calendars[name], school, zone, region) for name in self.order)
        # The libraries read their data (0.1 s each) when first asked: here rather than in the first call.
        for name in hours.ids:
            hours.calendar(name).spans(_A_SATURDAY)
        return hours


class _Table:
    """One TOML table being read. Getters give a usable value and note what is wrong; ``done`` notes unknown keys."""

    def __init__(self, data: Mapping[str, Any], path: tuple[str, ...], file: str, mistakes: list[HoursMistake]) -> None:
        self._data = data
        self._path = path
        self._file = file
        self._mistakes = mistakes
        self._asked: set[str] = set()

    def wrong(self, key: str, message: str) -> None:
        self._mistakes.append(HoursMistake(self._file, ".".join((*self._path, key)).strip("."), message))

    def get(self, key: str, kind: type | tuple[type, ...], expected: str, default: Any = None) -> Any:
        self._asked.add(key)
        value = self._data.get(key, default)
        if key in self._data and (not isinstance(value, kind) or isinstance(value, datetime)):
            self.wrong(key, f"{expected} est attendu, et non {value!r}")
            return default
        return value

    def has(self, key: str) -> bool:
        return key in self._data

    def text(self, key: str, allowed: Sequence[str] = ()) -> str:
        value: str = self.get(key, str, "un texte entre guillemets", "")
        if value and allowed and value not in allowed:
            self.wrong(key, f"« {value} » n’est pas prévu ; choisir parmi : {', '.join(sorted(allowed))}")
            return ""
        return value

    def day(self, key: str, default: date | None = None) -> date:
        value: date | None = self.get(key, date, "un jour écrit comme 2026-12-25, sans guillemets,", default)
        if value is None and not self.has(key):
            self.wrong(key, "cette date est obligatoire, écrite comme 2026-12-25, sans guillemets")
        return value or _NOWHERE

    def spans(self, key: str) -> Spans:
        texts = self.get(key, (list, str), 'une liste comme ["9:00-12:00", "14:00-17:00"]', [])
        spans = [self._span(key, text) for text in ([texts] if isinstance(texts, str) else texts or [])]
        found = sorted(span for span in spans if span)
        for earlier, later in pairwise(found):
            if later[0] < earlier[1]:
                self.wrong(key, "deux plages horaires se chevauchent")
        return tuple(found)

    def _span(self, key: str, text: object) -> tuple[int, int] | None:
        found = _SPAN.fullmatch(text.strip()) if isinstance(text, str) else None
        if found:
            start = int(found[1]) * 60 + int(found[2] or 0)
            end = int(found[3]) * 60 + int(found[4] or 0)
            if start < end <= DAY_MINUTES:
                return start, end
            if start > end and start < DAY_MINUTES:
                self.wrong(key, f"« {text} » finit avant de commencer ; couper à minuit, sur deux jours, s’il le faut")
                return None
        self.wrong(key, f"{text!r} n’est pas une plage horaire ; l’écrire entre guillemets, comme 9:00-12:00")
        return None

    def table(self, key: str) -> "_Table | None":
        value = self.get(key, dict, f"une table [{key}]")
        return None if value is None else self._below(value, key)

    def tables(self, key: str) -> list["_Table"]:
        value = self.get(key, list, f"une suite de tables [[{key}]]", []) or []
        below = []
        for number, item in enumerate(value, start=1):
            if isinstance(item, dict):
                below.append(self._below(item, f"{key}.{number}"))
            else:
                self.wrong(key, f"une suite de tables [[{key}]] est attendue")
        return below

    def named(self) -> Iterator[tuple[str, "_Table"]]:
        for key in self._data:
            below = self.table(key)
            if below:
                yield key, below

    def done(self) -> None:
        for key in self._data:
            if key not in self._asked:
                self.wrong(key, f"clé inconnue ; clés possibles : {', '.join(sorted(self._asked))}")

    def _below(self, data: Mapping[str, Any], name: str) -> "_Table":
        return _Table(data, (*self._path, name), self._file, self._mistakes)


def _read_document(document: _Table, found: _Found) -> None:
    document.get("version", int, "un nombre", 1)
    for key, allowed in (("fuseau", tuple(_french_zones())), ("region", known_regions())):
        if document.has(key):
            found.settings[key] = document.text(key, allowed)
    school = document.table("vacances_scolaires")
    if school:
        if school.has("zone"):
            found.settings["zone"] = school.text("zone", ZONES)
        for below in school.tables("annee"):
            _read_year(below, found)
        school.done()
    calendars = document.table("calendrier")
    for name, below in calendars.named() if calendars else ():
        if not _ID.fullmatch(name):
            below.wrong("", "le nom d’un calendrier s’écrit en minuscules sans accent, comme conseillers")
        found.order.setdefault(name)
        found.calendars[name] = _read_timetable(below)
    document.done()


def _french_zones() -> Iterator[str]:
    wanted = ("Europe/Paris", "America/", "Indian/", "Pacific/")
    return (zone for zone in available_timezones() if zone.startswith(wanted))


def _read_year(table: _Table, found: _Found) -> None:
    text = table.text("annee")
    written = _SCHOOL_YEAR.fullmatch(text)
    if not written or int(written[2]) != int(written[1]) + 1:
        table.wrong("annee", f"« {text} » n’est pas une année scolaire ; l’écrire comme 2028-2029")
        return
    start = int(written[1])
    periods = []
    for below in table.tables("periode"):
        below.text("nom")
        zones = below.text("zones") if below.has("zones") else "".join(ZONES)
        if not zones or set(zones) - set(ZONES):
            below.wrong("zones", f"« {zones} » n’est pas prévu ; écrire une ou plusieurs lettres, comme AC")
        first, last = below.day("du"), below.day("au")
        inside = date(start, 9, 1) <= first and last <= date(start + 1, 8, 31)
        if _NOWHERE not in (first, last) and not (first <= last and inside):
            below.wrong("du", f"la période doit finir après avoir commencé, et tenir dans l’année scolaire {text}")
        below.done()
        periods.append((zones, (first, last)))
    if not periods:
        table.wrong("periode", "au moins une période de vacances est attendue : { nom, du, au }")
    table.done()
    found.years[start] = tuple(periods)


def _read_timetable(table: _Table) -> Timetable:
    on_holidays: Spans | None = CLOSED
    if table.has("jours_feries"):
        value = table.get("jours_feries", (str, list), f'une liste d’horaires ou "{_AS_USUAL}"')
        on_holidays = None if value == _AS_USUAL else table.spans("jours_feries")
    timetable = Timetable(
        week=_read_week(table),
        seasons=tuple(_read_season(below) for below in table.tables("saison")),
        # The shortest first: one day open within a long closure is what was meant.
        exceptional=tuple(sorted(map(_read_exceptional, table.tables("exception")), key=lambda e: e.last - e.first)),
        on_public_holidays=on_holidays,
        name=table.text("nom"),
        confirmed=bool(table.get("confirmed", bool, "true ou false", False)),
        source=table.text("source"),
    )
    weeks = (timetable.week, *(season.week for season in timetable.seasons))
    hours = [*(spans for week in weeks for spans in week.days), *(day.spans for day in timetable.exceptional)]
    hours += [spans for week in weeks for _, spans in week.in_school_holidays]
    if not any(hours):
        table.wrong("", 'ce calendrier n’ouvre jamais ; écrire ses horaires, comme lundi = ["9:00-17:00"]')
    table.done()
    return timetable


def _read_week(table: _Table) -> Week:
    days = tuple(table.spans(name) for name in WEEKDAYS)
    below = table.table("vacances")
    if below is None:
        return Week(days)
    changed = tuple((number, below.spans(name)) for number, name in enumerate(WEEKDAYS) if below.has(name))
    for name in WEEKDAYS:
        below.get(name, (list, str), "une liste d’horaires", [])
    below.done()
    return Week(days, changed)


def _read_season(table: _Table) -> Season:
    table.text("nom")
    period = table.table("periode")
    ends = [(1, 1), (12, 31)]
    if period is None:
        table.wrong("periode", 'la saison a besoin de ses dates : periode = { du = "04-01", au = "09-30" }')
    else:
        ends = [_month_day(period, "du"), _month_day(period, "au")]
        period.done()
    season = Season(ends[0], ends[1], _read_week(table))
    table.done()
    return season


def _month_day(table: _Table, key: str) -> tuple[int, int]:
    text = table.text(key)
    found = _MONTH_DAY.fullmatch(text)
    try:
        # 2024 has a 29 February.
        day = date(2024, int(found[1]), int(found[2])) if found else None
    except ValueError:
        day = None
    if day is None:
        table.wrong(key, f"« {text} » n’est pas un jour de l’année ; l’écrire mois-jour, comme 04-01")
        return 1, 1
    return day.month, day.day


def _read_exceptional(table: _Table) -> Exceptional:
    first = table.day("du")
    last = table.day("au", first)
    if last < first:
        table.wrong("au", "le dernier jour vient avant le premier")
    exceptional = Exceptional(first, last, table.spans("horaires"), table.text("motif"))
    table.done()
    return exceptional
