"""Ticket references: letters then digits ("B douze trente-quatre", "D comme Denis 45"), as printed on the ticket."""

import re

from voicebot.dialog.nlu.entities.numbers import LETTER_NAMES, digits, spelled
from voicebot.dialog.nlu.normalise import bound

_NAMES = "|".join(sorted((n for n in LETTER_NAMES if len(n) > 1), key=len, reverse=True))
_CODE = re.compile(
    r"(?<![a-z0-9])((?:[a-z][\s.-]+){0,2}[a-z]|[a-z]{2,3}(?=-?\d))[\s.,-]*((?:\d[\s.,-]*){2,10})(?![a-z])"
)
_DASH = re.compile(r"\s+(?:tiret|trait d.union|moins)\s+(?=\d)")
_SPOKEN = re.compile(rf"\b({_NAMES})(?=[\s-]*\d)")
_ALONE = re.compile(r"(?:r[ée]f[ée]rence|dossier|ticket|num[ée]ro)\D{0,25}((?:\d[\s.-]*){3,10})")
_NOT_LETTERS = re.compile(
    r"\b(?:[lncsjmty]|a|y)(?=\s+\d+\s*(?:heures?|h|jours?|semaines?|mois|rue|avenue|euros?|ans|personnes?)\b)"
)


def find_reference(text: str) -> str | None:
    """Return the reference said in ``text`` (upper case, no spaces), or ``None``."""
    plain = spelled(digits(bound(text)))
    plain = digits(plain)
    plain = _NOT_LETTERS.sub("", _DASH.sub("-", plain))
    plain = _SPOKEN.sub(lambda match: LETTER_NAMES[match.group(1)], plain)
    match = _CODE.search(plain)
    if match and not re.search(r"\d\s*(?:heures?|h\b|jours?|rue|avenue)", plain[match.start() : match.end() + 8]):
        letters = re.sub(r"[^a-z]", "", match.group(1)).upper()
        return letters + re.sub(r"\D", "", match.group(2))
    alone = _ALONE.search(plain)
    return re.sub(r"\D", "", alone.group(1)) if alone else None
