"""What is counted: prices, percentages, measures, ranks, ranges, plain numbers."""

import re
from functools import cache

from voicebot.tts.clauses import NO_BREAK
from voicebot.tts.normalise.numbers import (
    NUMBER,
    cardinal,
    is_plural,
    number,
    ordinal,
    roman,
    value_of,
)
from voicebot.tts.normalise.words import french_words

_EURO = r"(?:€|euros?\b|EUR\b)"
_SIGNED = re.compile(rf"(?<![\w)–-])-(?={NUMBER})")
_PRICE = re.compile(rf"({NUMBER}) ?{_EURO}(\d\d(?!\d))?")
_MANY_EUROS = re.compile(rf"({NUMBER}) ?([kM]) ?€")
_EURO_FIRST = re.compile(rf"(?<![\d ])(?: ?)€ ?({NUMBER})")
_PERCENT = re.compile(rf"({NUMBER}) ?%")
_RANK = re.compile(r"(?<![\d,.])(\d{1,4}) ?(ers?|res?|ères?|eres?|nde?s?|èmes?|emes?|ièmes?|es?|è)(?![\w'])")
_ROMAN_RANK = re.compile(r"\b([IVX]+)(er|re|ère|e|ème)(?![\w'])")
_RANGE = re.compile(rf"({NUMBER}) ?[-–] ?(?={NUMBER})")
_YEARS = re.compile(r"(?<![\d,.-])((?:19|20)\d\d) ?[-–/] ?((?:19|20)\d\d)(?![\d,.-])")
_OUT_OF = re.compile(rf"({NUMBER}) ?/ ?(?={NUMBER})")
_TIMES = re.compile(r"(?<=\d) ?[x×] ?(?=\d)")
_TIMES_A = re.compile(r"(?<=\d) ?[x×](?= |/)")
_COUNTED = re.compile(rf"({NUMBER})(?: ([^\W\d_]+(?:-[^\W\d_]+)*))?")
_HUNDRED = 100


def speak_amounts(text: str) -> str:
    """Return ``text`` without any figure: prices, measures, ranks, ranges and numbers in words."""
    text = _SIGNED.sub("moins ", text)
    text = _prices(text)
    text = _PERCENT.sub(lambda match: f"{number(match[1])}{NO_BREAK}pour{NO_BREAK}cent", text)
    text = _fractions(text)
    text = _YEARS.sub(lambda match: f"{cardinal(int(match[1]))},{NO_BREAK}{cardinal(int(match[2]))}", text)
    text = _TIMES.sub(" par ", text)
    text = _TIMES_A.sub(" fois", text)
    text = _RANGE.sub(r"\1 à ", text)
    text = _measures(text)
    text = _OUT_OF.sub(r"\1 sur ", text)
    text = _RANK.sub(_rank, text)
    text = _romans(text)
    text = _COUNTED.sub(_counted, text)
    # what a stray separator kept apart from its number
    return re.sub(r"\d+", lambda match: f" {number(match[0])} ", text)


def _fractions(text: str) -> str:
    fractions = french_words().tables["fractions"]
    known = "|".join(re.escape(fraction) for fraction in fractions)
    # "1/2 journée" is one word, and of its noun's gender
    text = re.sub(
        r"(?<![\d,./])1/2[ -](?=([^\W\d_]+))",
        lambda match: "une demi-" if french_words().feminine(match[1]) else "un demi-",
        text,
    )
    return re.sub(rf"(?<![\d,./])(?:{known})(?![\d,./])", lambda match: fractions[match[0]], text)


def _prices(text: str) -> str:
    def many(match: re.Match[str]) -> str:
        scale = "mille euros" if match[2] == "k" else "millions d'euros"
        return f"{number(match[1])} {scale}"

    text = _MANY_EUROS.sub(many, text)
    text = _EURO_FIRST.sub(r"\1 €", text)
    return _PRICE.sub(lambda match: _price(match[1], match[2]), text)


def _price(written: str, cents_after: str | None) -> str:
    whole, decimals = value_of(written)
    if len(decimals.rstrip("0")) > 2:
        return f"{number(written)}{NO_BREAK}euros"
    cents = int(cents_after or (decimals + "00")[:2]) if cents_after or decimals else 0
    of = "d'" if whole and whole % 1_000_000 == 0 else ""
    euros = f"{number(str(whole))}{NO_BREAK}{of}euro{'s' if whole >= 2 else ''}"
    if not cents:
        return euros
    coins = f"{cardinal(cents)}{NO_BREAK}centime{'s' if cents > 1 else ''}"
    if not whole:
        return coins
    return f"{euros}{NO_BREAK}{cardinal(cents)}" if cents >= 10 else f"{euros}{NO_BREAK}et{NO_BREAK}{coins}"


@cache
def _measure_pattern() -> re.Pattern[str]:
    symbols = sorted(french_words().units, key=len, reverse=True)
    return re.compile(rf"({NUMBER}) ?({'|'.join(re.escape(symbol) for symbol in symbols)})(?![\w°'])")


def _measures(text: str) -> str:
    units = french_words().units

    def measure(match: re.Match[str]) -> str:
        unit = units[match[2]]
        name = unit.plural if is_plural(match[1]) else unit.singular
        return f"{number(match[1], feminine=unit.feminine)}{NO_BREAK}{name.replace(' ', NO_BREAK)}"

    text = _per(_measure_pattern().sub(measure, text))

    def alone(match: re.Match[str]) -> str:
        unit = units[match[2]]
        return (match[1] or "") + (unit.singular if match[1] else unit.plural).replace(" ", NO_BREAK)

    return re.sub(r"(\b(?:par|le|au|du|un|chaque) )?(?<![\w.-])([cdk]?m[23])(?![\w-]|\.\w)", alone, text)


def _per(text: str) -> str:
    per = french_words().tables["per"]
    names = "|".join(sorted(map(re.escape, per), key=len, reverse=True))
    return re.sub(rf"(?<=[^\W\d_]) ?/ ?({names})(?!\w)", lambda match: f" {per[match[1]]}", text)


def _rank(match: re.Match[str]) -> str:
    value, suffix = int(match[1]), match[2]
    if value == 0:
        return cardinal(0)
    if suffix.startswith("nd"):
        return {"nd": "second", "nds": "seconds", "nde": "seconde", "ndes": "secondes"}[suffix]
    plural = "s" if suffix.endswith("s") and suffix != "s" else ""
    return ordinal(value, feminine="r" in suffix and "er" not in suffix[:2]) + plural


def _romans(text: str) -> str:
    words = french_words()

    def rank(match: re.Match[str]) -> str:
        value = roman(match[1])
        followed = match.string[match.end() :].lstrip(f" {NO_BREAK}").lower()
        known = followed.startswith(words.lists["roman_before"]) or len(match[1]) > 1
        if value is None or not (known or match[2] in ("er", "re", "ère")):
            return match[0]
        return ordinal(value, feminine=match[2] in ("re", "ère"))

    text = _ROMAN_RANK.sub(rank, text)
    after = "|".join(map(re.escape, words.lists["roman_after"]))

    def plain(match: re.Match[str]) -> str:
        value = roman(match[2])
        return match[0] if value is None else f"{match[1]} {cardinal(value)}"

    return re.sub(rf"\b((?i:{after})) ([IVXLC]+)\b(?!['.-]\w)", plain, text)


def _counted(match: re.Match[str]) -> str:
    written, noun = match[1], match[2]
    spoken = number(written, feminine=noun is not None and french_words().feminine(noun))
    return spoken if noun is None else f"{spoken} {noun}"
