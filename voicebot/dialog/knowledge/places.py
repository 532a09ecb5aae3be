"""Places of the territory: communes and their town halls, recycling centres with seasonal hours, containers."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from voicebot.dialog.errors import Mistake
from voicebot.dialog.knowledge.collection import ALL_YEAR, Season, holiday_name, read_season
from voicebot.dialog.knowledge.source import Table, read_csv, shown
from voicebot.hours.words import WEEKDAYS

_SPAN = re.compile(r"^(\d{1,2})[:h](\d{2})?\s*-\s*(\d{1,2})[:h](\d{2})?$")
_EARTH_KM = 6371.0


@dataclass(frozen=True, slots=True)
class Commune:
    """One commune and its town hall. ``position`` is (latitude, longitude) in degrees."""

    name: str
    position: tuple[float, float]
    address: str = ""
    telephone: str = ""
    insee: str = ""
    confirmed: bool = False
    nicknames: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Hours:
    """Weekly hours in a season: for each weekday (0 is Monday) its intervals in minutes since midnight."""

    season: Season
    week: Mapping[int, tuple[tuple[int, int], ...]]


@dataclass(frozen=True, slots=True)
class Centre:
    """A recycling centre."""

    id: str
    name: str
    commune: str
    address: str
    position: tuple[float, float]
    hours: tuple[Hours, ...]
    closed_on_holidays: bool = True
    closures: tuple[tuple[date, date, str], ...] = ()
    confirmed: bool = False

    def intervals(self, day: date) -> tuple[tuple[int, int], ...]:
        """Return the opening intervals of ``day``, in minutes since midnight."""
        if self.closed_on_holidays and holiday_name(day):
            return ()
        if any(first <= day <= last for first, last, _ in self.closures):
            return ()
        for hours in self.hours:
            if hours.season.holds(day):
                return hours.week.get(day.weekday(), ())
        return ()

    def week(self, day: date) -> Mapping[int, tuple[tuple[int, int], ...]]:
        """Return the weekly hours in force on ``day``."""
        return next((hours.week for hours in self.hours if hours.season.holds(day)), {})

    def is_open(self, day: date, minute: int) -> bool:
        """Tell whether the centre is open on ``day`` at ``minute`` of the day."""
        return any(start <= minute < end for start, end in self.intervals(day))

    def next_open_day(self, day: date) -> date | None:
        """Return the first day on or after ``day`` with opening hours, within two months."""
        for ahead in range(62):
            candidate = day + timedelta(days=ahead)
            if self.intervals(candidate):
                return candidate
        return None


@dataclass(frozen=True, slots=True)
class Container:
    """A drop-off container of one stream at one address."""

    commune: str
    stream: str
    address: str
    confirmed: bool = False


def distance_km(one: tuple[float, float], other: tuple[float, float]) -> float:
    """Return the great-circle distance between two positions in degrees."""
    lat1, lon1, lat2, lon2 = map(math.radians, (*one, *other))
    half = math.sin((lat2 - lat1) / 2) ** 2 + math.cos(lat1) * math.cos(lat2) * math.sin((lon2 - lon1) / 2) ** 2
    return 2 * _EARTH_KM * math.asin(math.sqrt(half))


def nearest_centre(centres: Sequence[Centre], commune: Commune) -> Centre | None:
    """Return the centre nearest to the town hall of ``commune``."""
    return min(centres, key=lambda centre: distance_km(centre.position, commune.position), default=None)


def read_communes(table: Table) -> tuple[Commune, ...]:
    """Read ``mairies.toml``: one table per commune, named by its official name."""
    found = []
    for name, below in table.named_tables():
        found.append(
            Commune(
                name,
                (below.number("latitude"), below.number("longitude")),
                below.text("adresse", ""),
                below.text("telephone", ""),
                below.text("insee", ""),
                below.flag("confirmed", False),
            )
        )
        below.done()
    return tuple(found)


def read_centres(table: Table, communes: tuple[str, ...]) -> tuple[Centre, ...]:
    """Read ``decheteries.toml``: ``[[site]]`` with its ``[[site.saison]]`` and ``[[site.fermeture]]``."""
    centres = []
    for below in table.tables("site"):
        commune = below.text("commune")
        if commune and communes and commune not in communes:
            below.wrong("commune", f"« {commune} » n’est pas une commune du territoire")
        seasons = below.tables("saison")
        if not seasons:
            below.wrong("saison", "au moins une table [[site.saison]] avec ses horaires est obligatoire")
        centres.append(
            Centre(
                below.text("id"),
                below.text("nom"),
                commune,
                below.text("adresse"),
                (below.number("latitude"), below.number("longitude")),
                tuple(_hours(season) for season in seasons),
                below.flag("ferme_jours_feries", True),
                tuple(_closure(closure) for closure in below.tables("fermeture")),
                below.flag("confirmed", False),
            )
        )
        below.done()
    table.done()
    return tuple(centres)


def read_containers(
    path: Path, communes: tuple[str, ...], streams: tuple[str, ...], mistakes: list[Mistake]
) -> tuple[Container, ...]:
    """Read ``bornes.csv``: commune;flux;adresse;confirme."""
    found = []
    for line, row in read_csv(path, ("commune", "flux", "adresse", "confirme"), mistakes):
        if communes and row["commune"] not in communes:
            message = f"« {row['commune']} » n’est pas une commune du territoire"
            mistakes.append(Mistake(shown(path), line, "commune", message))
        if row["flux"] not in streams:
            message = f"« {row['flux']} » n’est pas un flux ; choisir parmi : {', '.join(streams)}"
            mistakes.append(Mistake(shown(path), line, "flux", message))
        if not row["adresse"]:
            mistakes.append(Mistake(shown(path), line, "adresse", "l’adresse est vide"))
        if row["confirme"] not in ("oui", "non"):
            mistakes.append(Mistake(shown(path), line, "confirme", "oui ou non est attendu"))
        found.append(Container(row["commune"], row["flux"], row["adresse"], row["confirme"] == "oui"))
    return tuple(found)


def _hours(table: Table) -> Hours:
    season = read_season(table, "periode") if table.has("periode") else ALL_YEAR
    week: dict[int, tuple[tuple[int, int], ...]] = {}
    for number, name in enumerate(WEEKDAYS):
        texts = table.texts(name, ())
        intervals = [_interval(table, name, text) for text in texts]
        week[number] = tuple(interval for interval in intervals if interval)
    table.done()
    return Hours(season, week)


def _interval(table: Table, key: str, text: str) -> tuple[int, int] | None:
    found = _SPAN.match(text)
    if found:
        start = int(found[1]) * 60 + int(found[2] or 0)
        end = int(found[3]) * 60 + int(found[4] or 0)
        if start < end <= 24 * 60:
            return start, end
    table.wrong(key, f"« {text} » n’est pas une plage horaire ; l’écrire comme 9:00-12:00")
    return None


def _closure(table: Table) -> tuple[date, date, str]:
    first = table.day("du")
    last = table.day("au", first)
    if first is None or last is None or last < first:
        table.wrong("du", "une fermeture a une date « du » et une date « au » qui la suit")
        first = last = date(1970, 1, 1)
    closure = (first, last, table.text("motif", ""))
    table.done()
    return closure
