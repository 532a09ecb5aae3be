"""Dates and hours in French words."""

import re

from voicebot.tts.clauses import NO_BREAK
from voicebot.tts.normalise.numbers import bind, cardinal
from voicebot.tts.normalise.words import french_words

_HOUR = r"(?<![\d,.])([01]?\d|2[0-4])"
_AT = r"(?:h(?:eures?)?|H)"
_MINUTES = r"(?: ?([0-5]\d)(?: ?(?:min|mn))?(?![\d\w]))"
_TIME = re.compile(rf"{_HOUR} ?{_AT}(?:{_MINUTES}|(?![\w/]))")
_CLOCK = re.compile(r"(?<![\d:,.])([01]?\d|2[0-3]):([0-5]\d)(?::[0-5]\d)?(?![\d:])")
_SHARED_HOUR = re.compile(rf"{_HOUR} ?(?:-|–|/|à) ?(?=(?:[01]?\d|2[0-4]) ?{_AT}(?![a-gi-zà-ÿ]))")
_SPAN = re.compile(rf"(?<=[hH\d]) ?(?:-|–|/|->|→) ?(?=(?:[01]?\d|2[0-4]) ?{_AT}(?![a-gi-zà-ÿ]))")
_ALL_DAY = re.compile(r"\b24 ?[hH](?:eures?)? ?(?:/|sur) ?24(?: ?[hH])?\b")
_ALL_WEEK = re.compile(r"\b7 ?(?:j|jours) ?(?:/|sur) ?7(?: ?j)?\b")
_DE_UNE = re.compile(rf"\bde une(?={NO_BREAK}heure)")
_MOMENT = re.compile(r"(?:\b(?:à|de|dès|avant|après|vers|et|entre|jusqu'à)|\bou) $", re.IGNORECASE)
_LASTING = re.compile(r" (?:d'|par|de suite|plus|consécutives)")

_ISO = re.compile(
    r"(?<![\d-])(\d{4})-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])"
    r"(?:[T ]([01]\d|2[0-3]):([0-5]\d)(?::[0-5]\d(?:\.\d+)?)?(?:Z|[+-][0-2]\d:?[0-5]\d)?)?(?![\d-])"
)
_SLASHED = re.compile(r"(?<![\d/.-])(0?[1-9]|[12]\d|3[01])([/.-])(0?[1-9]|1[0-2])\2((?:19|20)\d\d|\d\d)(?![\d/-])")
_PADDED = re.compile(r"(?<![\d/.,-])(0[1-9]|[12]\d|3[01])/(0[1-9]|1[0-2])(?![\d/])")
_SHORT = re.compile(
    r"\b((?:lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche|le|au|du|dès le|avant le) )"
    r"(0?[1-9]|[12]\d|3[01])/(0?[1-9]|1[0-2])(?![\d/])",
    re.IGNORECASE,
)


def speak_dates(text: str) -> str:
    """Return ``text`` with its dates in words, months included; an ISO time becomes an hour like any other."""
    months = french_words().lists["months"]

    def iso(match: re.Match[str]) -> str:
        year, month, day, hour, minute = match.groups()
        time = f" à {int(hour)} h {minute}" if hour else ""
        return _date(int(day), months[int(month) - 1], year) + time

    def slashed(match: re.Match[str]) -> str:
        year = match[4] if len(match[4]) == 4 else f"20{match[4]}"
        return _date(int(match[1]), months[int(match[3]) - 1], year)

    text = _ISO.sub(iso, text)
    text = _SLASHED.sub(slashed, text)
    text = _SHORT.sub(lambda match: match[1] + _date(int(match[2]), months[int(match[3]) - 1], None), text)
    text = _PADDED.sub(lambda match: _date(int(match[1]), months[int(match[2]) - 1], None), text)
    names = "|".join(months)
    written = re.compile(rf"(?<![\d,.])(0?[1-9]|[12]\d|3[01])(?:er)? ({names})\b(?: (\d{{4}})(?!\d))?", re.IGNORECASE)
    text = written.sub(lambda match: _date(int(match[1]), match[2], match[3]), text)
    # "du 1er au 15 mai": the rank is said by the numbers' rules, "lundi-vendredi" here
    days = "|".join(french_words().lists["weekdays"])
    return re.sub(rf"\b({days}|{names}) ?[-–] ?(?=(?:{days}|{names})\b)", r"\1 à ", text, flags=re.IGNORECASE)


def _date(day: int, month: str, year: str | None) -> str:
    parts = ["premier" if day == 1 else cardinal(day), month]
    if year is not None:
        parts.append(cardinal(int(year)))
    return NO_BREAK.join(parts)


def speak_hours(text: str) -> str:
    """Return ``text`` with its hours in words: "9h30" is "neuf heures trente", "de 9h à 12h" ends at "midi"."""
    text = _ALL_DAY.sub(lambda _: bind("vingt-quatre heures sur vingt-quatre"), text)
    text = _ALL_WEEK.sub(lambda _: bind("sept jours sur sept"), text)
    text = _SHARED_HOUR.sub(r"\1 h à ", text)
    text = _SPAN.sub(" à ", text)
    text = _CLOCK.sub(lambda match: f"{int(match[1])} h {match[2]}", text)
    return _DE_UNE.sub("d'une", _TIME.sub(_hour, text))


def _hour(match: re.Match[str]) -> str:
    hour, minute = int(match[1]), int(match[2] or 0)
    moment = _MOMENT.search(match.string[: match.start()]) and not _LASTING.match(match.string[match.end() :])
    if not minute and moment and hour == 12:
        return "midi"
    if hour == 0:
        spoken = "minuit" if minute or moment else bind("zéro heure")
    else:
        spoken = f"{cardinal(hour, feminine=True)}{NO_BREAK}heure{'s' if hour > 1 else ''}"
    return f"{spoken}{NO_BREAK}{cardinal(minute, feminine=True)}" if minute else spoken
