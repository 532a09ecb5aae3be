"""The order in which French is normalised: the most particular writings first, what is left last."""

import re
from functools import cache

from voicebot.tts.clauses import NO_BREAK
from voicebot.tts.normalise.amounts import speak_amounts
from voicebot.tts.normalise.figures import speak_addresses, speak_references, speak_telephones
from voicebot.tts.normalise.numbers import bind
from voicebot.tts.normalise.times import speak_dates, speak_hours
from voicebot.tts.normalise.unicode import clean, pronounceable
from voicebot.tts.normalise.words import french_words

_CAPITALS = re.compile(r"(?<!\w)(?<![A-ZÀ-Þ]')[A-ZÀ-Þ][A-ZÀ-Þ'&]*[A-ZÀ-Þ](?![\w])")
_DOTTED = re.compile(r"(?<!\w)(?:[A-Z]\.){2,}(?!\w)")
_SHOUTED_SHARE = 0.8
_SHOUTED_LETTERS = 14
_LONGEST_SPELT = 3
_LONGEST_CONSONANTS = 5


def speak_french(text: str) -> str:
    """Return ``text`` in French words, bound where they must be said in one breath."""
    text = clean(text)
    text = speak_addresses(text)
    text = _unshouted(text)
    text = speak_telephones(text)
    text = _abbreviations(text)
    text = speak_dates(text)
    text = speak_hours(text)
    text = speak_references(text)
    text = _acronyms(speak_amounts(text))
    text = _symbols(text)
    text = pronounceable(text)
    return _bound_names(text)


def _unshouted(text: str) -> str:
    """Return a text written in capitals in small letters; a sentence with acronyms is left alone."""
    letters = [character for character in text if character.isalpha()]
    capitals = sum(character.isupper() for character in letters)
    if len(letters) < _SHOUTED_LETTERS or capitals < _SHOUTED_SHARE * len(letters) or " " not in text:
        return text
    known = french_words().tables["acronyms"]
    words = [word if word.strip(".,;:!?()") in known else word.lower() for word in text.split(" ")]
    joined = " ".join(words)
    return joined[:1].upper() + joined[1:]


@cache
def _abbreviation_pattern() -> re.Pattern[str]:
    written = sorted(french_words().tables["abbreviations"], key=len, reverse=True)
    # a capital or a hyphen after "St" is still that abbreviation; a letter is not
    return re.compile(
        rf"(?<![\w'])(?<!\w-)(?:{'|'.join(re.escape(word) for word in written)})"
        rf"(?:(?<=[°.])|(?![\w.])|(?=\.(?!\w)))(?![^\W\d_])"
    )


def _abbreviations(text: str) -> str:
    spoken = french_words().tables["abbreviations"]

    def replaced(match: re.Match[str]) -> str:
        words = spoken[match[0]]
        rest = match.string[match.end() :]
        # the full stop of "etc." or of a last abbreviation also ends the sentence
        ends = match[0].endswith(".") and (not rest.strip() or (match[0] == "etc." and re.match(r" +[A-ZÀ-Þ]", rest)))
        if words in ("monsieur", "madame", "mademoiselle", "docteur", "maître", "professeur") and rest.startswith(" "):
            # never a breath between a title and a name
            return words + NO_BREAK
        if re.match(r"\d", rest):
            words += " "
        return words + ("." if ends else "")

    return _abbreviation_pattern().sub(replaced, text)


def _acronyms(text: str) -> str:
    words = french_words()
    known, as_words = words.tables["acronyms"], words.lists["words"]
    listed = "|".join(sorted(map(re.escape, known), key=len, reverse=True))
    text = re.sub(rf"(?<![\w'-])(?:{listed})(?![\w-])", lambda match: known[match[0]].replace(" ", NO_BREAK), text)
    text = re.sub(rf"(?<=')(?:{listed})(?![\w-])", lambda match: known[match[0]].replace(" ", NO_BREAK), text)
    text = _DOTTED.sub(lambda match: NO_BREAK.join(match[0].replace(".", "")), text)

    def spelt(match: re.Match[str]) -> str:
        word = match[0]
        if word in as_words or "'" in word:
            return word.lower()
        if "&" in word:
            return word
        vowels = re.search(r"[AEIOUYÀ-Þ]", word)
        if len(word) <= _LONGEST_SPELT or (vowels is None and len(word) <= _LONGEST_CONSONANTS):
            return NO_BREAK.join(word)
        return word.capitalize()

    return _CAPITALS.sub(spelt, text)


def _symbols(text: str) -> str:
    for symbol, words in french_words().tables["symbols"].items():
        if symbol in text:
            text = text.replace(symbol, f" {words} ")
    # "papier/carton" is a list, "et/ou" is not
    text = re.sub(r"\bet/ou\b", "et ou", text)
    return re.sub(r"(?<=\w)/(?=\w)", ", ", text)


@cache
def _names_pattern() -> re.Pattern[str]:
    names = sorted(french_words().lists["bound_names"], key=len, reverse=True)
    return re.compile(rf"\b(?:{'|'.join(map(re.escape, names))})\b", re.IGNORECASE)


def _bound_names(text: str) -> str:
    return _names_pattern().sub(lambda match: bind(match[0]), text)
