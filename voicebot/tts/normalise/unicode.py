"""Typography reduced to what the rules know, before; and to what an engine pronounces, after."""

import re
import unicodedata

from voicebot.tts.clauses import NO_BREAK

_BEFORE = str.maketrans(
    {
        **dict.fromkeys("’‘ʼ`´′＇", "'"),
        **dict.fromkeys("‐‑‒−", "-"),
        **dict.fromkeys("–—―", "–"),
        **dict.fromkeys('«»“”„‟″"‹›', " "),
        **dict.fromkeys("…", ". "),
        **dict.fromkeys("\N{SOFT HYPHEN}\N{ZERO WIDTH SPACE}\N{ZERO WIDTH JOINER}\N{ZERO WIDTH NON-JOINER}\ufeff", ""),
        "º": "°",
        "⁄": "/",
    }
)
_STRENGTH = ".?!:;,"
_MARKS = re.compile(rf"[ {NO_BREAK}]*([.?!:;,](?:[ {NO_BREAK}]*[.?!:;,])*)")
_SPACES = re.compile(r"[^\S\n]+")


def clean(text: str) -> str:
    """Return ``text`` in NFKC with plain spaces, apostrophes, hyphens and fractions; new lines end sentences."""
    # superscripts first: NFKC would glue the exponent of "10²" to its number; units and ordinals are known as "m2"
    spaced = re.sub(r"(?<=\d)([²³])", r" \1", text.translate(_BEFORE))
    spaced = re.sub(r" ([²³])", lambda match: " au carré" if match[1] == "²" else " au cube", spaced)
    plain = unicodedata.normalize("NFKC", spaced).translate(_BEFORE)
    lines = [_SPACES.sub(" ", line).strip() for line in plain.splitlines()]
    return (
        " ".join(line if line[-1] in ".?!:;," else f"{line}." for line in lines if line)
        if len(lines) > 1
        else (lines[0] if lines else "")
    )


def pronounceable(text: str) -> str:
    """Return ``text`` with Latin letters, apostrophes and hyphens inside words, and single punctuation marks only."""
    kept = "".join(_kept(character) for character in unicodedata.normalize("NFC", text))
    kept = re.sub(r"(?<![^\W_])['-]+|['-]+(?![^\W_])", " ", kept)
    # "l' eau" lost its apostrophe above only when nothing followed
    kept = re.sub(rf"[ \t\n]*{NO_BREAK}[ \t\n{NO_BREAK}]*", NO_BREAK, kept)
    kept = re.sub(r"[ \t\n]+", " ", kept)
    kept = _MARKS.sub(_strongest, kept)
    kept = re.sub(rf"([.?!:;,])(?=[^ {NO_BREAK}])", r"\1 ", kept)
    return kept.strip(f" {NO_BREAK},;:").lstrip(".?!,;: ")


def _strongest(match: re.Match[str]) -> str:
    marks = match[1]
    for mark in "?!.:;,":
        if mark in marks:
            return mark
    return " "


def _kept(character: str) -> str:
    if character in " '-.?!:;,\n" or character == NO_BREAK:
        return character
    if character.isalpha() and _latin(character):
        return character
    if character in "()[]{}|/–":
        return ", "
    base = unicodedata.normalize("NFKD", character)[0]
    return base if base.isalpha() and base.isascii() else " "


def _latin(character: str) -> bool:
    return character.isascii() or "\u00c0" <= character <= "\u017f"
