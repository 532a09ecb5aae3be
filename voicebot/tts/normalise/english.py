"""English, for callers who asked for it: enough of it for the service's own sentences."""

import re

from num2words import num2words

from voicebot.tts.clauses import NO_BREAK
from voicebot.tts.normalise.unicode import clean, pronounceable

_PHONE = re.compile(r"(?<![\d+])(?:(?:\+|00)33 ?(?:\(0\) ?)?|0)[1-9](?:[ .-]?\d\d){4}(?!\d)")
_CLOCK = re.compile(r"(?<![\d:])(\d{1,2})(?::([0-5]\d))?(?: ?([ap])\.?m\.?(?!\w))?(?![\d:])")
_MONEY = re.compile(r"(?:€|£|\$) ?(\d+(?:\.\d\d)?)|(\d+(?:\.\d\d)?) ?(?:€|euros?\b)")
_ORDINAL = re.compile(r"\b(\d{1,4})(?:st|nd|rd|th)\b")
_NUMBER = re.compile(r"\d{1,3}(?:,\d{3})+(?!\d)|\d+(?:\.\d+)?")
_RANGE = re.compile(r"(?<=\d) ?[-–] ?(?=\d)")
_REFERENCE = re.compile(r"\b(?=[A-Z0-9-]*\d)[A-Z]+-[A-Z0-9-]*\b")
_YEAR = range(1900, 2100)
_SYMBOLS = {"&": "and", "@": "at sign", "%": "per cent", "+": "plus", "#": "hash key", "*": "star key", "=": "equals"}
_LARGEST = 10**12


def speak_english(text: str) -> str:
    """Return ``text`` in English words, bound where they must be said in one breath."""
    text = clean(text)
    text = re.sub(r"(?<=\w)\.(?=(?:org|com|net|fr|eu)\b)", " dot ", text)
    text = _PHONE.sub(lambda match: _digits(re.sub(r"^(?:\+|00)33 ?(?:\(0\) ?)?", "0", match[0])), text)
    text = _REFERENCE.sub(lambda match: _digits(match[0]), text)
    text = _MONEY.sub(_money, text)
    text = _CLOCK.sub(_hour, text)
    text = _RANGE.sub(" to ", text)
    text = _ORDINAL.sub(lambda match: _bound(str(num2words(int(match[1]), lang="en", to="ordinal"))), text)
    text = _NUMBER.sub(lambda match: _number(match[0]), text)
    for symbol, words in _SYMBOLS.items():
        text = text.replace(symbol, f" {words} ")
    return pronounceable(text)


def _bound(words: str) -> str:
    return words.replace(",", "").replace(" ", NO_BREAK)


def _digits(written: str) -> str:
    characters = [character for character in written if character.isalnum()]
    named = [str(num2words(int(one), lang="en")) if one.isdecimal() else one for one in characters]
    pairs = [NO_BREAK.join(named[at : at + 2]) for at in range(0, len(named), 2)]
    return f",{NO_BREAK}".join(pairs)


def _money(match: re.Match[str]) -> str:
    whole, _, cents = (match[1] or match[2]).partition(".")
    euros = f"{_number(whole)}{NO_BREAK}euro{'s' if whole != '1' else ''}"
    return f"{euros}{NO_BREAK}{_number(str(int(cents)))}" if cents and int(cents) else euros


def _hour(match: re.Match[str]) -> str:
    hour, minute, half = match[1], match[2], match[3]
    if minute is None and half is None:
        return match[0]
    spoken = _number(str(int(hour)))
    if minute and int(minute):
        spoken += NO_BREAK + ("oh" + NO_BREAK if minute.startswith("0") else "") + _number(str(int(minute)))
    elif half is None:
        spoken += NO_BREAK + "o'clock"
    return spoken + (f"{NO_BREAK}{half.upper()}{NO_BREAK}M" if half else "")


def _number(written: str) -> str:
    plain = written.replace(",", "")
    if "." in plain:
        return _bound(str(num2words(float(plain), lang="en"))) if len(plain) < 12 else _digits(plain)
    value = int(plain[:40])
    if value >= _LARGEST or (len(plain) > 1 and plain.startswith("0")):
        return _digits(plain)
    return _bound(str(num2words(value, lang="en", to="year" if value in _YEAR and "," not in written else "cardinal")))
