"""How much there is to take away: cubic metres, or a number of items."""

import re

from voicebot.dialog.nlu.entities.numbers import digits
from voicebot.dialog.nlu.normalise import bound, fold

_CUBIC = re.compile(r"(\d+(?:[.,]\d+)?)\s*(?:m3|m 3|metres? cubes?|cubes?\b|metres? cube)")
_HALF = re.compile(r"\b(?:un )?demi[- ](?:m3|metre cube)\b")
_COUNTED = re.compile(
    r"\b(\d{1,3}|une?|des)\s+(?!heures?|h\b|rue|avenue|demi)(?:(?:gros|grosse|grosses|petit|petits|"
    r"petite|vieux|vieille|vieilles|grand|grande|grands)\s+)?[a-z]{3,}"
)
_UNCOUNTED = frozenset(["peu", "fois", "metre", "metres"])


def find_volume(text: str) -> str | None:
    """Return ``2 m3`` or ``3 objets``, or ``None`` when no quantity was said."""
    plain = fold(digits(bound(text))).replace("'", " ")
    plain = re.sub(r"\b(?:un|1) metre cube et demi\b", "1.5 m3", plain)
    cubic = _CUBIC.search(plain)
    if cubic:
        return f"{cubic.group(1).replace(',', '.')} m3"
    if _HALF.search(plain):
        return "0.5 m3"
    if re.search(r"\b(?:un|1) metre cube\b", plain):
        return "1 m3"
    total = 0
    for match in _COUNTED.finditer(plain):
        if match.group().split()[-1] in _UNCOUNTED:
            continue
        number = match.group(1)
        total += int(number) if number.isdigit() else 2 if number == "des" else 1
    if total == 0:
        alone = re.fullmatch(r"\D*\b(\d{1,3})\b\D*", plain)
        total = int(alone.group(1)) if alone else 0
    return None if total == 0 else f"{total} objet{'s' if total > 1 else ''}"
