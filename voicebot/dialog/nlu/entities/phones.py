"""Phone numbers as they are dictated: any grouping, pauses, corrections; the value is E.164."""

import re
from collections.abc import Sequence

import phonenumbers

from voicebot.dialog.nlu.entities.numbers import digits
from voicebot.dialog.nlu.normalise import bound, fold

_REGION = "FR"
_NATIONAL = 10
_MOST_WORDS = 40
_MOST_STATES = 256
_TAKEN_BACK = re.compile(
    r"\b(?:non|pardon|je me trompe|plutot|excusez moi|erreur|je reprends|je recommence|rectification|enfin)\b"
)
_RESTART = re.compile(r"\b(?:je recommence|je reprends)\b")
_TENS = {"vingt": 20, "trente": 30, "quarante": 40, "cinquante": 50, "soixante": 60}
_UNITS = {"zero": 0, "un": 1, "une": 1, "deux": 2, "trois": 3, "quatre": 4, "cinq": 5, "six": 6, "sept": 7, "huit": 8,
          "neuf": 9, "dix": 10, "onze": 11, "douze": 12, "treize": 13, "quatorze": 14, "quinze": 15,
          "seize": 16}  # fmt: skip


def valid(number: str) -> str | None:
    """Return ``number`` (digits, perhaps with +) as E.164 when it is a possible and valid number, else ``None``."""
    try:
        parsed = phonenumbers.parse(number, _REGION)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(parsed):
        return None
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


def find_phone(text: str) -> str | None:
    """Return the phone number dictated in ``text``, as E.164, or ``None`` when no valid one is there."""
    clean = bound(text)
    if not re.search(r"\d", clean) and not any(
        word in _UNITS or word in _TENS for word in re.findall(r"[a-z]+", fold(clean))
    ):
        return None
    plus = re.search(r"(?:\+|\bplus |\b00 ?)(?=\s*(?:\d|trente|quarante))", fold(clean))
    repeated = _repeats(fold(clean))
    spoken = fold(digits(repeated)).replace("'", " ")
    spoken = re.sub(r"\(0\)", " ", spoken)
    groups = _corrected(spoken)
    for candidate in _readings(groups, plus is not None):
        found = valid(candidate)
        if found:
            return found
    for candidate in _other_readings(clean):
        found = valid(candidate)
        if found:
            return found
    return None


def digits_said(text: str) -> str:
    """Return the digits dictated in ``text``, those taken back left out: perhaps the beginning of a number."""
    return "".join(_corrected(fold(digits(_repeats(fold(bound(text))))).replace("'", " ")))


def _repeats(spoken: str) -> str:
    """Return "double zéro" and "triple sept", "deux fois six" as the numbers they stand for."""
    spoken = re.sub(r"\bdouble (\w+)\b", r"\1 \1", spoken)
    spoken = re.sub(r"\btriple (\w+)\b", r"\1 \1 \1", spoken)
    times = {"deux": 2, "2": 2, "trois": 3, "3": 3}
    return re.sub(
        r"\b(deux|trois|[23]) fois (?:le )?(\w+)\b", lambda match: " ".join([match[2]] * times[match[1]]), spoken
    )


def _corrected(spoken: str) -> list[str]:
    """Return the groups of digits, those taken back replaced by what follows ("douze, non treize")."""
    groups: list[str] = []
    pieces = _TAKEN_BACK.split(spoken)
    marks = [match.group() for match in _TAKEN_BACK.finditer(spoken)]
    for rank, piece in enumerate(pieces):
        fresh = re.findall(r"\d+", piece)
        if rank == 0 or not groups:
            groups = fresh or groups
            continue
        if not fresh:
            continue
        joined = "".join(fresh)
        if _RESTART.search(marks[rank - 1]) or len(joined) >= 9 or (joined[0] == "0" and len(joined) >= 6):
            groups = fresh
        elif len("".join(groups)) >= _NATIONAL and len(joined) < _NATIONAL:
            groups = _replaced_at_end(groups, fresh)
        else:
            groups = [*_without_last(groups, fresh[0]), *fresh]
    return groups


def _without_last(groups: list[str], replacement: str) -> list[str]:
    """Return ``groups`` without what ``replacement`` corrects: as many digits from the end, whole groups if alike."""
    if groups and len(groups[-1]) <= len(replacement):
        return groups[:-1]
    joined = "".join(groups)
    return [joined[: -len(replacement)]]


def _replaced_at_end(groups: list[str], fresh: list[str]) -> list[str]:
    joined, correction = "".join(groups), "".join(fresh)
    return [joined[: len(joined) - len(correction)] + correction]


def _readings(groups: Sequence[str], international: bool) -> list[str]:
    """Return the numbers these groups may be, likeliest first."""
    joined = "".join(groups)
    if not 8 <= len(joined) <= 40:
        return []
    found: list[str] = []
    if international:
        bare = joined.removeprefix("00")
        found += [f"+{bare}", f"+{bare[:2]}{bare[3:]}" if bare[2:3] == "0" else f"+{bare}"]
    if joined.startswith("0033"):
        found.append("+33" + joined[4:])
    if joined.startswith("33") and len(joined) >= 11:
        found.append("+33" + joined[2:].lstrip("0")[:9])
    if len(joined) == 9 and joined[0] != "0":
        found.append("0" + joined)
    if len(joined) == _NATIONAL:
        found.append(joined)
    for start in range(len(joined) - _NATIONAL, -1, -1):
        if joined[start] == "0" and joined[start + 1] != "0":
            found.append(joined[start : start + _NATIONAL])
    return found


def _other_readings(text: str) -> list[str]:
    """Return ten-digit numbers from other ways to hear the words: "soixante dix-huit" is 78, or 60 then 18."""
    words = [w for w in re.findall(r"[a-z]+|\d+", fold(text).replace("-", " ")) if w != "et"][:_MOST_WORDS]
    states: list[dict[str, None]] = [{"": None}, *({} for _ in words)]
    for index, word in enumerate(words):
        values = [(word, 1)] if word.isdigit() else _values(words, index) or [("", 1)]
        for value, size in sorted(values, key=lambda item: -item[1]):
            target = states[index + size]
            for state in states[index]:
                if len(state) + len(value) <= _NATIONAL and len(target) < _MOST_STATES:
                    target[state + value] = None
    return [state for state in states[-1] if len(state) == _NATIONAL and state[0] == "0"]


def _values(words: Sequence[str], index: int) -> list[tuple[str, int]]:
    """Return the numbers that may begin at ``index``, with how many words each takes."""
    word = words[index]
    found: list[tuple[str, int]] = []
    if word in _UNITS:
        found.append((str(_UNITS[word]), 1))
    following = words[index + 1] if index + 1 < len(words) else ""
    if word == "dix" and following in ("sept", "huit", "neuf"):
        found.append((str(10 + _UNITS[following]), 2))
    if word in _TENS:
        found.append((str(_TENS[word]), 1))
        limit = 19 if word == "soixante" else 9
        for value, size in _values(words, index + 1) if index + 1 < len(words) else ():
            if 1 <= int(value) <= limit:
                found.append((str(_TENS[word] + int(value)), size + 1))
    if word == "quatre" and following in ("vingt", "vingts"):
        found.append(("80", 2))
        for value, size in _values(words, index + 2) if index + 2 < len(words) else ():
            if 1 <= int(value) <= 19:
                found.append((str(80 + int(value)), size + 2))
    return found
