"""Written text made into the words a voice says.

``normalise`` gives plain text. ``Normaliser`` is what a voice uses: it binds with no-break spaces the words that must
be said in one breath, and respells what an engine mispronounces. Pure; never raises, whatever the text; never leaves a
figure or a sign that an engine would skip.
"""

from voicebot.tts.clauses import NO_BREAK
from voicebot.tts.normalise.english import speak_english
from voicebot.tts.normalise.french import speak_french
from voicebot.tts.normalise.lexicon import Lexicon, LexiconError, load_lexicon

_MOST_CHARACTERS = 6000

__all__ = ["Lexicon", "LexiconError", "Normaliser", "load_lexicon", "normalise"]


def normalise(text: str, language: str = "fr") -> str:
    """Return ``text`` in words, without any figure, sign or abbreviation: "9 h 30" is "neuf heures trente".

    Text longer than 6,000 characters, seven minutes of speech, is cut there.
    """
    return _bound(text, language).replace(NO_BREAK, " ")


class Normaliser:
    """Normalisation with a lexicon of pronunciations."""

    def __init__(self, lexicon: Lexicon) -> None:
        self._lexicon = lexicon

    def bound(self, text: str, language: str = "fr") -> str:
        """Return ``text`` in words, those that must not be parted bound by no-break spaces."""
        return _bound(text, language)

    def pronounced(self, words: str, spelling: str, language: str = "fr") -> str:
        """Return normalised ``words`` respelt for an engine that reads by ``spelling`` (``espeak`` or ``pico``)."""
        return self._lexicon.respell(words, spelling) if language == "fr" else words


def _bound(text: str, language: str) -> str:
    cut = text[:_MOST_CHARACTERS]
    return speak_english(cut) if language == "en" else speak_french(cut)
