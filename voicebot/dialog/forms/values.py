"""Checks what was answered to a form's question, and says it back in words."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from dateutil.relativedelta import relativedelta
from dateutil.rrule import rrulestr

from voicebot.dialog.forms.spec import Appointments, Slot
from voicebot.dialog.knowledge.collection import holiday_name
from voicebot.dialog.turns import Option
from voicebot.dialog.wording import Words, dictated_number, fold, full_date, near_date, spelled
from voicebot.hours.words import MONTHS, WEEKDAYS

FREE = ("texte", "nom", "adresse", "heure", "objet")
STRONG = ("commune", "flux", "telephone", "email", "date", "creneau", "choix")
_FRENCH = re.compile(r"^\+33[1-9]\d{8}$")
_ABROAD = re.compile(r"^\+(?!33)\d{8,15}$")
_IN_TEXT = re.compile(r"(?<!\d)0[1-9](?:[ .-]?\d{2}){4}(?!\d)")
_EMAIL = re.compile(r"^[^@\s]+@[^@\s]+\.[^@\s.]{2,}$")


def telephone(text: str) -> str | None:
    """Return the E.164 form of a number dictated or typed the French way, or ``None``."""
    digits = "".join(char for char in text if char.isdigit())
    if text.strip().startswith("+"):
        number = "+" + digits
    elif digits.startswith("00") and len(digits) > 10:
        number = "+" + digits[2:]
    elif len(digits) == 10 and digits.startswith("0"):
        number = "+33" + digits[1:]
    else:
        return None
    return number if _FRENCH.match(number) or _ABROAD.match(number) else None


def telephone_in(text: str) -> str | None:
    """Return the first French number written in ``text``, or ``None``."""
    found = _IN_TEXT.search(text)
    return telephone(found[0]) if found else None


def valid(kind: str, text: str, today: date) -> str | None:
    """Return the value to keep of ``text`` for a slot of ``kind``, or ``None`` when it cannot be one."""
    text = " ".join(text.split())
    if kind == "telephone":
        return telephone(text)
    if kind == "email":
        return text if _EMAIL.match(text) else None
    if kind == "date":
        try:
            return text if date.fromisoformat(text[:10]) >= today - timedelta(days=366) else None
        except ValueError:
            return None
    if kind == "reference":
        return "".join(char for char in text.upper() if char.isalnum()) or None
    return text or None


def latest(value: str, today: date, of_month: bool = False) -> str:
    """Return the last day alike on or before ``today``: "mardi", said of what happened, is not next week’s.

    ``of_month`` says that the day was told by its number: "le 4" is then that of this month or of the one before.
    """
    day = date.fromisoformat(value[:10])
    if of_month:
        return (day if day <= today else day - relativedelta(months=1)).isoformat()
    while day > today and (day - today).days <= 7:
        day -= timedelta(days=7)
    return day.isoformat()


def spoken(slot: Slot, value: str, today: date) -> Words:
    """Return a value as it is read back."""
    if slot.kind == "telephone":
        return dictated_number(value)
    if slot.kind == "reference":
        return spelled(value)
    if slot.kind == "date":
        return near_date(date.fromisoformat(value[:10]), today)
    if slot.kind == "creneau":
        return Offer.parse(value).words()
    if slot.kind == "email":
        ear = value.replace("@", " arobase ").replace(".", " point ").replace("-", " tiret ").replace("_", " souligné ")
        return Words(" ".join(ear.split()), value)
    if slot.kind == "choix":
        found = next((option for option in slot.choices if option.id == value), None)
        return Words(found.texts[0] if found else value)
    return Words(value)


@dataclass(frozen=True, slots=True, order=True)
class Offer:
    """One appointment that can be offered."""

    day: date
    moment: str

    @property
    def value(self) -> str:
        """The form kept in a slot."""
        return f"{self.day.isoformat()}|{self.moment}"

    @classmethod
    def parse(cls, value: str) -> "Offer":
        """Read back ``value``."""
        day, _, moment = value.partition("|")
        return cls(date.fromisoformat(day), moment)

    @property
    def moment_name(self) -> str:
        """The moment without its article or its hours: "apres midi", folded."""
        first, _, rest = fold(self.moment.split(",")[0]).partition(" ")
        return rest if first in ("le", "l", "la") else f"{first} {rest}".strip()

    def words(self) -> Words:
        """Say it: "mercredi 2 décembre, le matin"."""
        day = full_date(self.day)
        return Words(f"{day.ear}, {self.moment}", f"{day.written}, {self.moment}")

    def brief(self) -> Words:
        """Say it without the hours of the moment: "mercredi 2 décembre le matin"."""
        day, moment = full_date(self.day), self.moment.split(",")[0]
        return Words(f"{day.ear} {moment}", f"{day.written} {moment}")

    def option(self, key: int, others: Sequence["Offer"]) -> Option:
        """Return it as an option among ``others``: a word shared with another is left out."""
        day = full_date(self.day)
        texts = [day.ear, day.written, f"le {self.day.day} {MONTHS[self.day.month - 1]}", f"le {self.day.day}"]
        if self.day.day == 1:
            texts.append("le premier")
        texts.append(WEEKDAYS[self.day.weekday()])
        rest = [other for other in others if other != self]
        if any(other.day == self.day for other in rest):
            texts = [f"{text} {self.moment.split(',')[0]}" for text in texts]
        elif any(other.day.weekday() == self.day.weekday() for other in rest):
            texts = texts[:-1]
        if not any(other.moment == self.moment for other in rest):
            texts.append(self.moment.split(",")[0])
        return Option(self.value, tuple(dict.fromkeys(texts)), self.words().written, str(key))


def offers(appointments: Appointments, today: date, taken: Callable[[date, str], int]) -> Iterator[Offer]:
    """Yield the appointments still free, in order, public holidays left out."""
    first = today + timedelta(days=appointments.notice_days)
    last = today + timedelta(days=appointments.horizon_days)
    rule = rrulestr(appointments.rule, dtstart=datetime.combine(today - timedelta(days=7), time()))
    for moment in rule.between(datetime.combine(first, time()), datetime.combine(last, time()), inc=True):
        day = moment.date()
        if holiday_name(day):
            continue
        for name in appointments.moments:
            if taken(day, name) < appointments.places:
                yield Offer(day, name)
