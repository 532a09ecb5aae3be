"""Spoken and written French for dates, hours, places, numbers and lists. Pure functions, no content.

``Words`` holds both forms of one thing: for the ear and for the eye.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from voicebot.hours.words import MONTHS, WEEKDAYS

_VOWELS = "aàâeéèêëiîïoôuùûyœh"


@dataclass(frozen=True, slots=True)
class Words:
    """The same thing for the ear and for the eye; ``eye`` empty means that both are alike."""

    ear: str
    eye: str = ""

    @property
    def written(self) -> str:
        """The form for the eye."""
        return self.eye or self.ear


def fold(text: str) -> str:
    """Return ``text`` in lower case, without accents or punctuation, words separated by one space."""
    bare = text.lower()
    if not bare.isascii():  # most of what is folded is: a start folds twenty thousand texts
        flat = unicodedata.normalize("NFKD", bare.replace("œ", "oe").replace("æ", "ae"))
        bare = "".join(char for char in flat if not unicodedata.combining(char))
    return " ".join(re.findall(r"[a-z0-9]+", bare))


def contains(folded: str, phrase: str) -> bool:
    """Tell whether the folded ``phrase`` occurs in ``folded`` as whole words."""
    wanted = fold(phrase)
    return bool(wanted) and f" {wanted} " in f" {folded} "


def capital(text: str) -> str:
    """Return ``text`` with its first letter in capitals."""
    return text[:1].upper() + text[1:]


def enumeration(items: Iterable[str], last: str = "et") -> str:
    """Return "a, b et c"."""
    parts = list(items)
    if len(parts) < 2:
        return "".join(parts)
    return f"{', '.join(parts[:-1])} {last} {parts[-1]}"


def at_place(name: str) -> str:
    """Return "à Touques", "au Havre", "aux Andelys"."""
    if name.startswith("Le "):
        return f"au {name[3:]}"
    if name.startswith("Les "):
        return f"aux {name[4:]}"
    return f"à {name}"


def of_place(name: str) -> str:
    """Return "de Touques", "d’Angers", "du Havre", "des Andelys"."""
    if name.startswith("Le "):
        return f"du {name[3:]}"
    if name.startswith("Les "):
        return f"des {name[4:]}"
    return f"d’{name}" if name[:1].lower() in _VOWELS else f"de {name}"


def of_group(group: str) -> str:
    """Return a noun group with its article after "de": "du verre", "des emballages", "de la déchèterie"."""
    for article, joined in (("le ", "du "), ("les ", "des ")):
        if group.startswith(article):
            return joined + group[len(article) :]
    return f"d’{group}" if group[:1].lower() in _VOWELS else f"de {group}"


def to_group(group: str) -> str:
    """Return a noun group with its article after "à": "au verre", "aux emballages", "à la déchèterie"."""
    for article, joined in (("le ", "au "), ("les ", "aux ")):
        if group.startswith(article):
            return joined + group[len(article) :]
    return f"à {group}"


def day_number(day: date) -> Words:
    """Return "1er" for the eye and "premier" for the ear, or the number."""
    return Words("premier", "1er") if day.day == 1 else Words(str(day.day))


def full_date(day: date, today: date | None = None) -> Words:
    """Return "mardi 24 novembre", with the year when it is not that of ``today`` nor within six months."""
    number = day_number(day)
    tail = MONTHS[day.month - 1]
    if today is not None and day.year != today.year and abs((day - today).days) > 183:
        tail += f" {day.year}"
    name = WEEKDAYS[day.weekday()]
    return Words(f"{name} {number.ear} {tail}", f"{name} {number.written} {tail}")


def near_date(day: date, today: date) -> Words:
    """Return the date as people say it: "aujourd’hui", "demain, mardi 24 novembre", "mardi 24 novembre"."""
    near = {0: "aujourd’hui", 1: "demain", 2: "après-demain", -1: "hier"}.get((day - today).days)
    full = full_date(day, today)
    if near is None:
        return Words(f"le {full.ear}", f"le {full.written}")
    return Words(f"{near}, {full.ear}", f"{near}, {full.written}")


def hour(minutes: int) -> str:
    """Return minutes since midnight as "9 h 30" or "midi"."""
    if minutes == 12 * 60:
        return "midi"
    hours, rest = divmod(minutes, 60)
    return f"{hours} h {rest:02d}" if rest else f"{hours} h"


def spans(intervals: Sequence[tuple[int, int]]) -> str:
    """Return "de 9 h à midi et de 14 h à 18 h"."""
    return enumeration(f"de {hour(start)} à {hour(end)}" for start, end in intervals)


def weekdays(days: Iterable[int]) -> str:
    """Return "le lundi et le jeudi", "tous les jours", "du lundi au samedi"."""
    order = sorted(set(days))
    if len(order) == 7:
        return "tous les jours"
    if len(order) > 2 and order == list(range(order[0], order[-1] + 1)):
        return f"du {WEEKDAYS[order[0]]} au {WEEKDAYS[order[-1]]}"
    return enumeration(f"le {WEEKDAYS[day]}" for day in order)


def recurrence(days: Sequence[int], rule: str = "FREQ=WEEKLY") -> str:
    """Return a rule in words: "le lundi et le jeudi", "un mardi sur deux", "le premier mercredi du mois"."""
    if not days:
        return "à dates fixes"
    if "FREQ=MONTHLY" in rule:
        found = re.search(r"BYDAY=(-?\d)", rule)
        rank = {"1": "premier", "2": "deuxième", "3": "troisième", "4": "quatrième", "-1": "dernier"}
        which = rank.get(found[1] if found else "1", "premier")
        return enumeration(f"le {which} {WEEKDAYS[day]} du mois" for day in days)
    every = re.search(r"INTERVAL=(\d+)", rule)
    if every and every[1] != "1":
        count = {"2": "deux", "3": "trois", "4": "quatre"}.get(every[1], every[1])
        return enumeration(f"un {WEEKDAYS[day]} sur {count}" for day in days)
    return weekdays(days)


def national_number(number: str) -> str:
    """Return a French E.164 ``number`` in pairs: "06 12 34 56 78"; any other is grouped by two after its sign."""
    digits = "".join(char for char in number if char.isdigit())
    if number.startswith("+33") and len(digits) == 11:
        digits = "0" + digits[2:]
    elif number.startswith("0033") and len(digits) == 13:
        digits = "0" + digits[4:]
    pairs = [digits[at : at + 2] for at in range(0, len(digits), 2)]
    return " ".join(pairs)


def dictated_number(number: str) -> Words:
    """Return a telephone number to be checked by ear: its pairs parted by commas."""
    written = national_number(number)
    return Words(", ".join(written.split()), written)


def spelled(reference: str) -> Words:
    """Return a reference to be noted down: "D, 4, 7, 2" for the ear, "D472" for the eye."""
    signs = [char for char in reference if char.isalnum()]
    return Words(", ".join(signs), reference)


def week_of(day: date) -> tuple[date, date]:
    """Return the Monday and the Sunday of the week of ``day``."""
    monday = day - timedelta(days=day.weekday())
    return monday, monday + timedelta(days=6)
