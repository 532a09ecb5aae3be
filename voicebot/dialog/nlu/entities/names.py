"""A person's name, said or spelled ("Dupont, D U P O N T", "D comme Denis, E accent aigu...")."""

import re

from voicebot.dialog.nlu.entities.numbers import LETTER_NAMES, spelled
from voicebot.dialog.nlu.normalise import bound, fold, word_set

_LEAD = re.compile(
    r"^(?:(?:alors|oui|donc|euh|bonjour|non|voilà|eh bien|ben)[\s,]+)*"
    r"(?:(?:je m'appelle|je m’appelle|je me nomme|mon nom(?: de famille)?,?\s*(?:c'est|est)|c'est(?: au nom de)?|"
    r"au nom de|ici|moi c'est|je suis|nom|le nom c'est|mettez|notez)\s+)?"
    r"(?:(?:monsieur|madame|mademoiselle|mme|mr|m\.|le docteur|docteur|maître|la famille)\s+(?:et\s+madame\s+)?)?",
    re.IGNORECASE,
)
_TAIL = re.compile(
    r"\s*(?:,|\b(?:s'il vous plaît|merci|voilà|je vous épelle|ça s'écrit|ça s'épelle|comme|à l'appareil)\b).*$", re.I
)
_REFUSED = word_set("non oui merci rien conseiller personne bonjour quoi pourquoi annuler stop menu repetez")
_LONGEST = 5


def find_name(text: str) -> str | None:
    """Return the name said in ``text``, each part capitalised; the spelling wins over the word heard."""
    clean = bound(text)
    letters = _spelling(clean)
    if letters:
        return letters.capitalize()
    clean = clean.strip(" .!?,;")
    rest = _TAIL.sub("", _LEAD.sub("", clean, count=1)).strip(" .!?,;")
    words = re.findall(r"[^\W\d_]+(?:['’-][^\W\d_]+)*", rest)[:_LONGEST]
    if not words or fold(words[0]) in _REFUSED or len("".join(words)) < 2:
        return None
    return " ".join(_capital(word) for word in words)


def _capital(word: str) -> str:
    return "-".join(part[:1].upper() + part[1:].lower() for part in word.split("-"))


def _spelling(clean: str) -> str | None:
    """Return the letters spelled in a row (three at least), or ``None``."""
    plain = re.sub(r"\b(?:accent (?:aigu|grave|circonflexe)|trema|cedille|majuscule)\b", " ", fold(clean))
    plain = re.sub(r"\b(?:avec|sans) (?:une?|l|le|la|de)?\s?[a-z]\b", " . ", plain)
    plain = re.sub(r"\bdeux ([a-z])\b", r"\1 \1", plain)
    plain = spelled(re.sub(r"[.,;!?-]", " ", plain))
    best: list[str] = []
    run: list[str] = []
    for word in [*plain.split(), "."]:
        letter = word if len(word) == 1 and word.isalpha() else LETTER_NAMES.get(word) if len(word) <= 4 else None
        if letter is not None:
            run.append(letter)
            continue
        if len(run) > len(best):
            best = run
        run = []
    return "".join(best) if len(best) >= 3 else None
