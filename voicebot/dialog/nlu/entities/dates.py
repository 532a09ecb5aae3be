"""Dates in spoken French, as ISO 8601: a day, or a range ``first/last`` ("la semaine prochaine")."""

import re
from collections.abc import Callable
from datetime import date, datetime, timedelta

from dateutil.easter import easter

from voicebot.dialog.nlu.entities.numbers import digits
from voicebot.dialog.nlu.normalise import fold

_DAYS = ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche")
_MONTHS = ("janvier", "fevrier", "mars", "avril", "mai", "juin", "juillet", "aout", "septembre", "octobre", "novembre",
           "decembre")  # fmt: skip
_DAY = "|".join(_DAYS)
_MONTH = "|".join(_MONTHS)
_YEAR = 2000

_Finder = Callable[[re.Match[str], date, bool], date | tuple[date, date] | None]


def _safe(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _coming(month: int, day: int, today: date, past: bool) -> date | None:
    """Return the day and month nearest in the wanted direction."""
    years = (today.year, today.year - 1, today.year - 2) if past else tuple(range(today.year, today.year + 9))
    for year in years:
        found = _safe(year, month, day)
        if found and ((found <= today) if past else (found >= today)):
            return found
    return None


def _weekday(name: str, today: date, past: bool) -> date:
    gap = (_DAYS.index(name) - today.weekday()) % 7
    if past:
        return today - timedelta(days=(7 - gap) if gap else 7)
    return today + timedelta(days=gap or 7)


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def _week(monday: date) -> tuple[date, date]:
    return monday, monday + timedelta(days=6)


def _feast(offset: int) -> _Finder:
    def find(_: re.Match[str], today: date, past: bool) -> date | None:
        for year in (today.year - 1, today.year, today.year + 1)[:: -1 if past else 1]:
            found = easter(year) + timedelta(days=offset)
            if (found <= today) if past else (found >= today):
                return found
        return None

    return find


def _fixed(month: int, day: int) -> _Finder:
    return lambda _, today, past: _coming(month, day, today, past)


def _in_days(days: int) -> _Finder:
    return lambda _, today, __: today + timedelta(days=days)


def _month_end(year: int, month: int) -> date:
    return date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)


def _tomorrow(_: re.Match[str], today: date, past: bool) -> date | None:
    """Tomorrow is what is asked about; today is only told of ("vous passez demain ? je n'ai vu personne ce matin")."""
    return None if past else today + timedelta(days=1)


def _numbered(match: re.Match[str], today: date, past: bool) -> date | None:
    day = 1 if match["day"].startswith("premier") or match["day"] == "1er" else int(match["day"])
    month = _MONTHS.index(match["month"]) + 1
    year = match["year"]
    return _safe(int(year), month, day) if year else _coming(month, day, today, past)


def _figures(match: re.Match[str], today: date, past: bool) -> date | None:
    day, month, year = int(match["day"]), int(match["month"]), match["year"]
    if not 1 <= month <= 12:
        return None
    if year:
        return _safe(int(year) + (_YEAR if len(year) == 2 else 0), month, day)
    return _coming(month, day, today, past)


def _day_of_month(match: re.Match[str], today: date, past: bool) -> date | None:
    day = 1 if match["day"].startswith("premier") or match["day"] == "1er" else int(match["day"])
    for step in range(13):
        month = today.month - 1 + (-step if past else step)
        found = _safe(today.year + month // 12, month % 12 + 1, day)
        if found and ((found <= today) if past else (found >= today)):
            return found
    return None


def _named_day(match: re.Match[str], today: date, past: bool) -> date:
    back = past or match["when"] in ("dernier", "passe", "d avant")
    found = _weekday(match["name"], today, back)
    coming = today + timedelta(days=(_DAYS.index(match["name"]) - today.weekday()) % 7)
    if match["when"] in ("en 8", "en huit", "suivant", "d apres"):
        return coming + timedelta(days=7)
    if match["when"] in ("en 15", "en quinze"):
        return coming + timedelta(days=14)
    if match["when"] in ("de la semaine prochaine", "semaine prochaine"):
        return _monday(today) + timedelta(days=7 + _DAYS.index(match["name"]))
    if match["when"] in ("de la semaine derniere", "semaine derniere"):
        return _monday(today) + timedelta(days=-7 + _DAYS.index(match["name"]))
    return found


def _day_of_next_week(match: re.Match[str], today: date, _: bool) -> date:
    return _monday(today) + timedelta(days=7 + _DAYS.index(match["name"]))


def _dated_weekday(match: re.Match[str], today: date, past: bool) -> date | None:
    return _day_of_month(match, today, past)


def _span(match: re.Match[str], today: date, _: bool) -> date:
    count = 1 if match["count"] in ("un", "une") else int(match["count"])
    days = {"jour": 1, "semaine": 7, "mois": 30, "quinzaine": 15}[
        match["unit"].rstrip("s") if match["unit"] != "mois" else "mois"
    ]
    delta = timedelta(days=min(count, 400) * days)
    return today - delta if match["way"] in ("il y a", "ca fait") else today + delta


def _week_of(match: re.Match[str], today: date, past: bool) -> tuple[date, date] | None:
    if match["month"]:
        day = 1 if match["day"].startswith("premier") or match["day"] == "1er" else int(match["day"])
        found = _coming(_MONTHS.index(match["month"]) + 1, day, today, past)
    else:
        found = _day_of_month(match, today, past)
    return None if found is None else _week(_monday(found))


def _whole_month(match: re.Match[str], today: date, past: bool) -> tuple[date, date]:
    month = _MONTHS.index(match["month"]) + 1
    year = today.year
    if past:
        year -= month > today.month
    else:
        year += month < today.month
    first, last = date(year, month, 1), _month_end(year, month)
    part = match["part"] or ""
    if part.startswith("debut"):
        return first, first + timedelta(days=9)
    if part.startswith("mi"):
        return first + timedelta(days=10), first + timedelta(days=19)
    if part.startswith("fin"):
        return last - timedelta(days=9), last
    return first, last


def _next_month(_: re.Match[str], today: date, __: bool) -> tuple[date, date]:
    first = _month_end(today.year, today.month) + timedelta(days=1)
    return first, _month_end(first.year, first.month)


def _weekend(shift: int) -> _Finder:
    def find(_: re.Match[str], today: date, __: bool) -> tuple[date, date]:
        saturday = _monday(today) + timedelta(days=5 + shift)
        return saturday, saturday + timedelta(days=1)

    return find


_RULES: tuple[tuple[re.Pattern[str], _Finder], ...] = tuple(
    (re.compile(pattern), finder)
    for pattern, finder in (
        (r"\bapres demain\b", _in_days(2)),
        (rf"\bsemaine du (?:{_DAY} )?(?P<day>premier|1er|\d{{1,2}})(?: (?P<month>{_MONTH}))?\b", _week_of),
        (r"\bavant hier\b", _in_days(-2)),
        (r"\blundi de paques\b", _feast(1)),
        (r"\b(?:dimanche de )?paques\b", _feast(0)),
        (r"\bvendredi saint\b", _feast(-2)),
        (r"\b(?:jeudi de l |l |jour de l )?ascension\b", _feast(39)),
        (r"\bdimanche de (?:la )?pentecote\b", _feast(49)),
        (r"\b(?:lundi de (?:la )?)?pentecote\b", _feast(50)),
        (r"\b(?:le )?jour de l an\b|\bnouvel an\b|\bpremier de l an\b", _fixed(1, 1)),
        (r"\b(?:la )?fete du travail\b", _fixed(5, 1)),
        (r"\b(?:la )?fete nationale\b", _fixed(7, 14)),
        (r"\bassomption\b", _fixed(8, 15)),
        (r"\btoussaint\b", _fixed(11, 1)),
        (r"\barmistice\b", _fixed(11, 11)),
        (r"\b(?:la )?veille de noel\b|\breveillon de noel\b", _fixed(12, 24)),
        (r"\bsaint sylvestre\b", _fixed(12, 31)),
        (r"(?<!sapin de )(?<!sapins de )(?<!marche de )\bnoel\b", _fixed(12, 25)),
        (rf"\b(?P<day>premier|1er|\d{{1,2}}) (?P<month>{_MONTH})(?: (?P<year>20\d\d))?\b", _numbered),
        (r"\b(?P<day>\d{1,2})[/.-](?P<month>\d{1,2})(?:[/.-](?P<year>20\d\d|\d\d))?\b(?![ .-]?\d)", _figures),
        (rf"\bsemaine (?:prochaine|suivante|d apres) (?:le )?(?P<name>{_DAY})\b", _day_of_next_week),
        (rf"\b(?:{_DAY}) (?:le )?(?P<day>premier|1er|\d{{1,2}})\b(?! (?:heures?|h\b))", _dated_weekday),
        (
            rf"\b(?P<name>{_DAY})(?: (?:matin|soir|apres midi|midi))?"
            r"(?: (?P<when>en 8|en huit|en 15|en quinze|prochain|qui vient|dernier|passe|suivant|d apres|d avant|"
            r"(?:de la )?semaine prochaine|(?:de la )?semaine derniere))?\b",
            _named_day,
        ),
        (
            r"\b(?P<way>dans|d ici|sous|il y a|ca fait) (?P<count>\d+|une?) (?P<unit>jours?|semaines?|mois|"
            r"quinzaines?)\b",
            _span,
        ),
        (r"\bdemain\b", _tomorrow),
        (r"\baujourd ?hui\b|\bce (?:soir|matin|midi)\b|\bcet apres midi\b|\bcette apres midi\b", _in_days(0)),
        (r"\bdemain\b", _in_days(1)),
        (r"\bhier\b", _in_days(-1)),
        (
            r"\bsemaine (?:prochaine|d apres|suivante)\b|\bsemaine qui vient\b",
            lambda _, d, __: _week(_monday(d) + timedelta(7)),
        ),
        (r"\bsemaine (?:derniere|passee)\b", lambda _, d, __: _week(_monday(d) - timedelta(7))),
        (r"\bcette semaine\b|\bsemaine en cours\b", lambda _, d, __: _week(_monday(d))),
        (r"\bweek ?end prochain\b|\bprochain week ?end\b", _weekend(0)),
        (r"\bweek ?end d apres\b", _weekend(7)),
        (r"\bweek ?end dernier\b", _weekend(-7)),
        (r"\b(?:ce|du) week ?end\b", _weekend(0)),
        (r"\bmois prochain\b", _next_month),
        (
            rf"\b(?:en |(?P<part>debut|fin|mi|courant) |au mois de |au mois d |mois de )(?P<month>{_MONTH})\b",
            _whole_month,
        ),
        (
            r"\b(?:le|au|du) (?P<day>premier|1er|[12]?\d|3[01])\b"
            rf"(?! (?:heures?|h\b|rue|avenue|bis|boulevard|euros?|premier|m3|metres?|\d|{_MONTH}))",
            _day_of_month,
        ),
    )
)  # fmt: skip
_TAKEN_BACK = re.compile(r"\b(?:non|pardon|plutot|je me trompe|enfin)\b")


def _spoken(text: str) -> str:
    plain = fold(digits(text)).replace("'", " ").replace("’", " ")
    plain = re.sub(r"(?<=[a-z])-(?=[a-z])", " ", plain)
    return re.sub(r"[^a-z0-9/. -]+", " ", plain)


def _first(plain: str, today: date, past: bool) -> date | tuple[date, date] | None:
    for pattern, finder in _RULES:
        for match in pattern.finditer(plain):
            try:
                found = finder(match, today, past)
            except (OverflowError, ValueError):
                found = None
            if found is not None:
                return found
    return None


def find_date(text: str, now: datetime, past: bool = False) -> str | None:
    """Return the date said in ``text``: ``2026-12-01``, or ``2026-11-30/2026-12-06`` for a range.

    Args:
        text: what was said; the last of several contradicted dates counts ("le dix, non le douze").
        now: what "demain" is counted from.
        past: a bare weekday is the last one, not the next.
    """
    plain = re.sub(r"\s+", " ", _spoken(text)).strip()
    parts = _TAKEN_BACK.split(plain)
    for part in reversed(parts):
        found = _first(part, now.date(), past)
        if isinstance(found, date):
            return found.isoformat()
        if found is not None:
            return f"{found[0].isoformat()}/{found[1].isoformat()}"
    return None
