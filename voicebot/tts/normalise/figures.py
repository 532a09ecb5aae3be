"""What is dictated rather than counted: telephone numbers, short numbers, references, addresses of the web."""

import re

from voicebot.tts.clauses import NO_BREAK
from voicebot.tts.normalise.numbers import bind, cardinal, figures, group, groups
from voicebot.tts.normalise.words import french_words

_PHONE = re.compile(r"(?<![\d+])(?:(?:\+|00) ?33[ .-]?(?:\(0\) ?)?|0)([1-9])((?:[ .\-/]?\d\d){4})(?!\d)")
_FREE_PHONE = re.compile(r"(?<!\d)0 ?([89]\d\d)[ .](\d{3})[ .](\d{3})(?!\d)")
_FOREIGN = re.compile(r"\+(\d{1,3})((?:[ .-]?\d){6,12})(?!\d)")
_SIX = re.compile(r"(?<!\d)(11[68])[ .]?(\d{3})(?!\d)")
_EMAIL = re.compile(r"(?<![\w.])[\w+-]+(?:\.[\w+-]+)*@[\w-]+(?:\.[\w-]+)+")
_URL = re.compile(
    r"(?<![\w@.])(?:https?://)?(?:www\.)?((?:[a-zA-Z0-9](?:[\w-]*\w)?\.)+"
    r"(?:fr|org|com|net|eu|info|bzh|gouv|app|io|be|ch))((?:/[\w.%~-]*)*)(?:[?#][^\s,;]*)?(?![\w@])"
)
_HYPHENATED = re.compile(r"(?<![\w-])(?=[A-Z0-9-]*[A-Z])(?=[A-Z0-9-]*\d)[A-Z0-9]{1,8}(?:-[A-Z0-9]+)+(?![\w-])")
_ROAD = re.compile(r"(?<![\w-])([A-Z]{1,2})(\d{1,4})(?![\w-])")
_MIXED = re.compile(r"(?<![\w-])(?!\d+[A-Za-z]{1,2}(?!\w))(?=\w*[A-Z])(?=\w*\d)[A-Z0-9]{3,}(?![\w-])")
_WORD_AND_NUMBER = re.compile(r"(?<![\w-])([A-Z]{5,})-(\d+)(?![\w-])")
_FLAT = re.compile(r"(?<![\w-])(\d{1,4})([A-KM-SU-Z])(?![\w'-])")


def speak_addresses(text: str) -> str:
    """Return ``text`` with its e-mail and web addresses read aloud: "point", "arobase", known names as words."""
    text = _EMAIL.sub(lambda match: _address(match[0]), text)

    def url(match: re.Match[str]) -> str:
        path = match[2].rstrip("/.")
        ending = "." if match[2].endswith(".") else ""
        return _address(match[1] + path) + ending

    return _URL.sub(url, text)


def _address(written: str) -> str:
    names = french_words().tables["addresses"]
    letters = french_words().tables["letters"]
    spoken: list[str] = []
    for part in re.findall(r"[^\W_]+(?:-[^\W_]+)*|\W|_", written):
        if part in letters:
            spoken.append(letters[part])
        elif part.lower() in names:
            spoken.append(names[part.lower()])
        elif "-" in part:
            spoken.append(
                f" {letters['-']} ".join(names.get(piece.lower(), _piece(piece)) for piece in part.split("-"))
            )
        else:
            spoken.append(_piece(part))
    return bind(re.sub(r" +", " ", " ".join(spoken)).strip())


def _piece(written: str) -> str:
    """A part of an address: up to three letters are spelt, figures are named, the rest is read as a word."""
    parts = re.findall(r"\d+|[^\W\d_]+", written)
    return " ".join(
        " ".join(cardinal(int(digit)) for digit in part)
        if part.isdecimal()
        else (" ".join(part.upper()) if len(part) <= 2 else part.lower())
        for part in parts
    )


def speak_telephones(text: str) -> str:
    """Return ``text`` with its telephone numbers as they are dictated in France, two figures at a time."""
    text = _FREE_PHONE.sub(lambda match: _free_phone(match[1], match[2], match[3]), text)

    def phone(match: re.Match[str]) -> str:
        digits = "0" + match[1] + re.sub(r"\D", "", match[2])
        return groups([digits[at : at + 2] for at in range(0, 10, 2)])

    text = _PHONE.sub(phone, text)

    def foreign(match: re.Match[str]) -> str:
        digits = re.sub(r"\D", "", match[2])
        pairs = [digits[at : at + 2] for at in range(0, len(digits), 2)]
        return f"plus{NO_BREAK}{groups([match[1], *pairs])}"

    text = _FOREIGN.sub(foreign, text)
    text = _SIX.sub(lambda match: groups([match[1], match[2]]), text)
    return _short_numbers(text)


def _free_phone(first: str, second: str, third: str) -> str:
    return f"zéro{NO_BREAK}{groups([first, second, third])}"


def _short_numbers(text: str) -> str:
    words = french_words()
    known = "|".join(f"{number[:2]} ?{number[2:]}" for number in words.lists["short_numbers"])
    called = "|".join(words.lists["calls"])

    def pairs(match: re.Match[str]) -> str:
        digits = re.sub(r"\D", "", match["digits"])
        return f"{match['before'] or ''}{group(digits[:2])}{NO_BREAK}{group(digits[2:])}"

    text = re.sub(
        rf"(?P<before>\b(?:{called})(?: :| est| le| au)* )(?P<digits>(?:3\d|10) ?\d\d)(?![\d,. ]\d)",
        pairs,
        text,
        flags=re.IGNORECASE,
    )
    return re.sub(rf"(?P<before>\b(?:le|au|du) |(?<![\d,.]))(?P<digits>{known})(?![\d,]|[ .]\d)", pairs, text)


def speak_references(text: str) -> str:
    """Return ``text`` with its references spelt ("D-472": "D, quatre, sept, deux") and its roads read ("A 13")."""
    text = _WORD_AND_NUMBER.sub(lambda match: f"{match[1]} {match[2]}", text)
    text = _HYPHENATED.sub(lambda match: _spelt(match[0]), text)
    text = _ROAD.sub(lambda match: f"{match[1]}{NO_BREAK}{match[2]}", text)
    text = _FLAT.sub(lambda match: f"{match[1]}{NO_BREAK}{match[2]}", text)
    text = _MIXED.sub(lambda match: _spelt(match[0]), text)
    after = "|".join(sorted(french_words().lists["dictated_after"], key=len, reverse=True))
    dictated = re.compile(
        rf"\b((?:{after})(?: (?:est|numéro|no|le|la))*(?: ?:)? ?(?:le |la )?)(\d{{3,}})(?![\d,]|[ .]\d)", re.IGNORECASE
    )
    return dictated.sub(lambda match: match[1] + figures(match[2]), text)


def _spelt(reference: str) -> str:
    named = (
        cardinal(int(character)) if character.isdecimal() else character for character in reference.replace("-", "")
    )
    return f",{NO_BREAK}".join(named)
