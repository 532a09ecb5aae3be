"""Numbers in French words, with the gender of what is counted."""

import re

from num2words import num2words

from voicebot.tts.clauses import NO_BREAK

INTEGER = r"(?:\d{1,3}(?:[ .]\d{3})+(?![\d])|\d+)"
NUMBER = rf"(?<![\d,.])(?:{INTEGER}(?:,\d+)?|\d+[.]\d+)(?!\d)"
"""A number as the French write it: 1 234,5 or 1.234 or 3.5."""

_LARGEST = 10**12
_MOST_DIGITS = 40


def bind(words: str) -> str:
    """Return ``words`` bound together, to be said in one breath."""
    return words.replace(" ", NO_BREAK)


def cardinal(value: int, *, feminine: bool = False) -> str:
    """Return a whole number in words: 21 is "vingt et un", or "vingt et une"."""
    words = str(num2words(value, lang="fr"))
    if feminine and re.search(r"(^|[ -])un$", words):
        words += "e"
    return bind(words)


def ordinal(value: int, *, feminine: bool = False) -> str:
    """Return a rank in words: "premier", "première", "vingt et unième"."""
    if value == 1:
        return "première" if feminine else "premier"
    return bind(str(num2words(value, lang="fr", to="ordinal")))


def figures(digits: str) -> str:
    """Return each figure named, with a little pause between: "4072" is "quatre, zéro, sept, deux"."""
    return f",{NO_BREAK}".join(cardinal(int(digit)) for digit in digits)


def group(digits: str) -> str:
    """Return two or three figures as one number, the zeros before it named: "02" is "zéro deux"."""
    significant = digits.lstrip("0")
    zeros = [cardinal(0)] * (len(digits) - len(significant))
    return NO_BREAK.join([*zeros, cardinal(int(significant))] if significant else zeros)


def groups(parts: list[str]) -> str:
    """Return groups of figures, with a little pause between: "31", "14" is "trente et un, quatorze"."""
    return f",{NO_BREAK}".join(group(part) for part in parts)


def long_digits(digits: str) -> str:
    """Return figures too many to be one number, two by two."""
    odd = len(digits) % 2
    parts = [digits[:odd]] if odd else []
    return groups([*parts, *(digits[at : at + 2] for at in range(odd, len(digits), 2))])


def value_of(written: str) -> tuple[int, str]:
    """Return the whole part and the decimals, as written, of what ``NUMBER`` matched."""
    whole, _, decimals = written.partition(",")
    if not decimals and re.fullmatch(r"\d+\.\d+", whole) and not re.fullmatch(r"[1-9]\d{0,2}\.\d{3}", whole):
        whole, _, decimals = whole.partition(".")
    # Python refuses to convert thousands of digits; nobody counts beyond _LARGEST anyway
    return int(re.sub(r"[ .]", "", whole)[:_MOST_DIGITS]), decimals


def number(written: str, *, feminine: bool = False) -> str:
    """Return in words what ``NUMBER`` matched: "12,5" is "douze virgule cinq"."""
    whole, decimals = value_of(written)
    if not decimals:
        plain = re.sub(r"[ .]", "", written)
        if len(plain) > 1 and plain.startswith("0"):
            return group(plain) if len(plain) <= 3 else long_digits(plain)
        return cardinal(whole, feminine=feminine) if whole < _LARGEST else long_digits(plain)
    if whole >= _LARGEST:
        return long_digits(str(whole))
    significant = decimals.rstrip("0")
    if not significant:
        return cardinal(whole, feminine=feminine)
    after = group(significant) if len(significant) <= 3 else long_digits(significant).replace(",", "")
    return f"{cardinal(whole)}{NO_BREAK}virgule{NO_BREAK}{after}"


def is_plural(written: str) -> bool:
    """Whether what is counted is said in the plural: from two on, in French."""
    return value_of(written)[0] >= 2


_ROMAN = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100, "D": 500, "M": 1000}
_WELL_FORMED = re.compile(r"M{0,3}(CM|CD|D?C{0,3})(XC|XL|L?X{0,3})(IX|IV|V?I{0,3})")


def roman(numeral: str) -> int | None:
    """Return the value of a well-formed Roman numeral, else ``None``."""
    if not numeral or not _WELL_FORMED.fullmatch(numeral):
        return None
    values = [_ROMAN[letter] for letter in numeral]
    following = [*values[1:], 0]
    return sum(-value if value < after else value for value, after in zip(values, following, strict=True))
