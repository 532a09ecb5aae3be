"""Spoken numbers as digits (text2num), and the spelling of letters."""

import re
from functools import lru_cache

from text_to_num import alpha2digit

from voicebot.dialog.nlu.normalise import fold

LETTER_NAMES = {
    "be": "b", "bee": "b", "ce": "c", "de": "d", "effe": "f", "ef": "f", "ge": "g", "ache": "h", "hache": "h",
    "ji": "j", "gi": "j", "ka": "k", "cas": "k", "elle": "l", "el": "l", "aime": "m", "emme": "m", "enne": "n",
    "haine": "n", "pe": "p", "ku": "q", "cu": "q", "erre": "r", "air": "r", "esse": "s", "te": "t", "ve": "v",
    "ixe": "x", "zede": "z", "zed": "z", "igrec": "y", "hue": "u", "eux": "e", "euh": "e",
}  # fmt: skip
_SMALL_VALUES = {"zéro": "0", "deux": "2"}
_SMALL = re.compile(r"\b(?:zéro|deux)\b", re.IGNORECASE)  # text2num leaves the smallest as words when alone
_LIKE = re.compile(r"\b([a-z]+) comme ([a-z]+)\b")


@lru_cache(maxsize=2048)
def digits(text: str) -> str:
    """Return ``text`` in lower case with spoken numbers as digits ("zéro six douze" -> "06 12")."""
    return digits_kept(text.lower())


@lru_cache(maxsize=2048)
def digits_kept(text: str) -> str:
    """Return ``text`` with spoken numbers as digits, its case kept. A lone "un" stays, as it may be an article."""
    spaced = re.sub(r"\bzero\b", "zéro", text)
    try:
        converted = str(alpha2digit(spaced, "fr"))
    except Exception:  # text2num is native code fed with whatever was said: a number not read is not an error
        converted = spaced
    return _SMALL.sub(lambda match: _SMALL_VALUES[match.group().lower()], converted)


def spelled(text: str) -> str:
    """Return the folded ``text`` with "D comme Denis" as "d" and names of letters as letters, where clear."""
    plain = fold(text).replace("'", " ")
    plain = re.sub(r"\bdouble ve\b", "w", plain)
    plain = re.sub(r"\bi grec\b", "y", plain)

    def letter(match: re.Match[str]) -> str:
        name, word = match.group(1), match.group(2)
        return LETTER_NAMES.get(name, name)[0] if name[0] == word[0] or name in LETTER_NAMES else word[0]

    return _LIKE.sub(letter, plain)
