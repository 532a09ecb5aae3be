"""Times of day in spoken French: ``14:30``, or a range ``14:00/16:00`` ("entre deux et quatre heures")."""

import re

from voicebot.dialog.nlu.entities.numbers import digits
from voicebot.dialog.nlu.normalise import fold

_CLOCK = (
    r"(?P<{0}h>[01]?\d|2[0-4]|midi|minuit)(?: ?(?:heures?|h|:)(?: ?(?P<{0}m>[0-5]\d|et demie?|et quart|moins le quart|"
    r"trente|quinze|moins \d\d?))?)?"
)
_ONE = re.compile(
    r"\b(?:(?P<h>[01]?\d|2[0-4]) ?(?:heures?|h|:) ?(?P<m>[0-5]\d|et demie?|et quart|moins le quart|moins \d\d?)?"
    r"|(?P<noon>midi|minuit)(?: (?P<nm>et demie?|et quart|moins le quart|\d\d))?)"
    r"(?:\s*(?P<part>du matin|de l apres midi|du soir))?"
)
_RANGE = re.compile(r"\b(?:entre|de) " + _CLOCK.format("a") + r" (?:et|a) " + _CLOCK.format("b"))
_BOUND = re.compile(r"\b(?P<way>apres|a partir de|des|avant|jusqu a)\s*(?=\d|midi)")
_PARTS = (
    (re.compile(r"\bdebut d apres midi\b|\bdebut de l apres midi\b"), "14:00/15:00"),
    (re.compile(r"\bfin d apres midi\b|\bfin de l apres midi\b"), "16:00/18:00"),
    (re.compile(r"\bdebut de matinee\b|\btot le matin\b"), "08:00/10:00"),
    (re.compile(r"\bfin de matinee\b"), "11:00/12:00"),
    (re.compile(r"\bentre midi et (?:2|deux|14)\b|\bheure du (?:dejeuner|repas)\b|\bpause dejeuner\b"), "12:00/14:00"),
    (re.compile(r"\bapres midi\b|\bapres le repas\b"), "14:00/18:00"),
    (re.compile(r"\bmatin(?:ee)?\b"), "08:00/12:00"),
    (re.compile(r"\bsoir(?:ee)?\b"), "18:00/20:00"),
    (
        re.compile(
            r"\bn importe (?:quand|quelle heure)\b|\b(?:toute|dans) la journee\b|\bquand vous voulez\b|\bpeu importe\b"
        ),
        "08:00/18:00",
    ),
)  # fmt: skip
_DAY_START, _DAY_END = 8 * 60, 20 * 60


def _minutes(value: str | None) -> int:
    if not value:
        return 0
    if value.startswith("et d") or value == "trente":
        return 30
    if value == "et quart" or value == "quinze":
        return 15
    if value == "moins le quart":
        return -15
    if value.startswith("moins"):
        return -int(value.split()[1])
    return int(value)


def _moment(hour: str, minute: str | None, part: str | None, small_is_afternoon: bool = True) -> int:
    """Return minutes since midnight; "deux heures" said alone to a town service is the afternoon."""
    number = {"midi": 12, "minuit": 0}.get(hour)
    if number is None:
        number = int(hour)
        afternoon = part in ("de l apres midi", "du soir")
        if (afternoon and number < 12) or (part is None and small_is_afternoon and 1 <= number <= 6):
            number += 12
    return (number * 60 + _minutes(minute)) % (24 * 60)


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def find_time(text: str) -> str | None:
    """Return the time said in ``text``, the last one when it was corrected ("dix heures, non onze heures")."""
    plain = re.sub(r"[^a-z0-9:]+", " ", fold(digits(text)))
    for part in reversed(re.split(r"\b(?:non|pardon|plutot)\b", plain)):
        found = _find(part)
        if found is not None:
            return found
    return None


def _find(plain: str) -> str | None:
    between = _RANGE.search(plain)
    if between and (re.search(r"heure|\bh\b|\d ?h|:|midi", between.group())):
        end = _moment(between["bh"], between["bm"], None)
        start = _moment(between["ah"], between["am"], None, small_is_afternoon=True)
        if start < end:
            return f"{_clock(start)}/{_clock(end)}"
    if "entre midi et" in plain:
        return "12:00/14:00"
    one = _ONE.search(plain)
    if one:
        part = one["part"]
        moment = _moment(one["noon"] or one["h"], one["nm"] if one["noon"] else one["m"], part)
        before = plain[max(0, one.start() - 14) : one.start() + len("midi")]
        bound = _BOUND.search(before)
        if one["noon"] == "midi" and plain[max(0, one.start() - 6) : one.start()] == "apres ":
            if not re.search(r"\bapres midi (?:pile|passe)\b", plain):
                return _part_of_day(plain)
        elif bound and bound["way"] in ("apres", "a partir de", "des"):
            return f"{_clock(moment)}/{_clock(max(_DAY_END, moment))}"
        elif bound:
            return f"{_clock(min(_DAY_START, moment))}/{_clock(moment)}"
        return _clock(moment)
    return _part_of_day(plain)


def _part_of_day(plain: str) -> str | None:
    for pattern, value in _PARTS:
        if pattern.search(plain):
            return value
    return None
