"""Messages that a person may agree to receive later: whom the question is put to, and how they say that it is enough.

It is asked at most once, at the end of a request that was settled, never after an emergency or a complaint, and only
of someone who can be reached by a means that this service has. A French number is called a mobile by its numbering
plan (ARCEP decision 2018-0881: 06 and 07): a text message to another is never read.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from voicebot.dialog.turns import Heard, Record
from voicebot.dialog.wording import contains, fold
from voicebot.journal.archive import SUBSCRIBED as SUBSCRIBED

DECLINED = "sans_nouvelles"
"""Among the preferences of a person: they declined, and are not asked at every call."""

STOP_MARKS = "desabonnement"
"""The words of the profile that ask for no more messages."""

_MOBILE = re.compile(r"\+33[67]\d{8}")
_MOST_WORDS = 16
_COMPLAINTS = ("reclamation", "collecte.oubli")
_UPSET = ("detresse", "insultes")


@dataclass(frozen=True, slots=True)
class NewsSetting:
    """How news can be sent to this caller (a number in E.164, or nothing).

    ``known``: they receive them already, or declined.
    """

    caller: str = ""
    by_sms: bool = False
    by_mail: bool = False
    writing: bool = False
    known: bool = False


@dataclass(frozen=True, slots=True)
class Way:
    """A means to reach someone: ``question`` names the sentence that offers it; no ``address``: it is asked next."""

    question: str
    channel: Literal["email", "sms"]
    address: str = ""


def way_of(setting: NewsSetting, kept: Sequence[Record]) -> Way | None:
    """Return how the caller may be told of news, given what they left in this conversation; ``None``: they cannot."""
    if setting.known:
        return None
    numbers = [setting.caller, *(record.slots.get("telephone", "") for record in reversed(kept))]
    mobile = next((number for number in numbers if _MOBILE.fullmatch(number)), "")
    if mobile and setting.by_sms:
        return Way("nouvelles_sms" if mobile == setting.caller else "nouvelles_numero", "sms", mobile)
    if not setting.by_mail:
        return None
    email = next((record.slots["email"] for record in reversed(kept) if record.slots.get("email")), "")
    if email:
        return Way("nouvelles_adresse", "email", email)
    return Way("nouvelles_courriel", "email") if setting.writing else None


def forbids(heard: Heard, intent: str | None, marks: Mapping[str, tuple[str, ...]]) -> bool:
    """Return whether a turn makes it no moment to offer anything: a complaint, distress, anger."""
    folded = fold(heard.text)
    return intent in _COMPLAINTS or any(contains(folded, mark) for name in _UPSET for mark in marks.get(name, ()))


def asks_to_stop(heard: Heard, marks: Mapping[str, tuple[str, ...]]) -> bool:
    """Return whether the caller says that they want no more messages."""
    folded = fold(heard.text)
    return len(folded.split()) <= _MOST_WORDS and any(contains(folded, mark) for mark in marks.get(STOP_MARKS, ()))
