"""Street addresses as they are said: number, kind of way, name. The commune is an entity of its own."""

import re

from voicebot.dialog.nlu.entities.numbers import digits_kept
from voicebot.dialog.nlu.normalise import bound, fold, word_set

_WAYS = (
    r"rue|avenue|boulevard|chemin|impasse|place|all[ée]e|route|quai|square|cours|r[ée]sidence|lotissement|sente|ruelle|"
    r"hameau|villa|promenade|faubourg|passage|esplanade|rond[- ]point|venelle|voie|cit[ée]|clos|"
    r"domaine|cour|parc|mont[ée]e"
)
_ADDRESS = re.compile(
    rf"(?:(?P<number>\d{{1,4}})\s*,?\s*(?P<suffix>bis|ter|quater)?\s*,?\s*)?\b(?P<way>{_WAYS})\s+(?P<name>[^,.;!?\n]+)",
    re.IGNORECASE,
)
_STOP = re.compile(
    r"\s(?:à|a|au|aux|depuis|pour|s'il|s il|svp|c'est|c est|est|il|elle|elles|ils|on|je|j'|qui|que|"
    r"qu'|et|mais|parce|vers|"
    r"merci|voilà|près|devant|derrière|en face|n'a|n'ont|ne|n'|sur|dans|demain|hier|ce|cette|ça|sont|"
    r"ont|a été|quand|où|"
    r"sinon|donc|alors|y|là|juste|toujours|lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche|\d{5}|euh|déborde|fuit|"
    r"pas|non|oui|num[ée]ro|n°|en allant|en venant)(?=\s|$|[,.])",
    re.IGNORECASE,
)
_NUMBER_AFTER = re.compile(r"\b(?:au|num[ée]ro|n°)\s+(?:num[ée]ro\s+)?(?P<number>\d{1,4})\b", re.IGNORECASE)
_NOT_NAMES = word_set("est a qui que et il elle on y ou n pas se s c ici entiere voisine pleine non barree")
_SMALL = word_set("de du des la le les d l et en sur sous aux au à")
_LONGEST_NAME = 7
_ELIDED = re.compile(r"(?<= )([ld]) (?=\w)", re.IGNORECASE)
"""An elision written apart: "rue de l église"."""
_KEEP_A = re.compile(r"^(?:de la |du |des |de l'|de |d'|à |aux )?", re.IGNORECASE)


def find_address(text: str) -> str | None:
    """Return the address said in ``text`` ("12 bis rue des Bains"), or ``None``.

    The name stops at what can no longer belong to it (a preposition of place, a verb, a pause).
    """
    clean = re.sub(r"(?<=[a-zéèà]) -(?=[a-z])", "-", bound(text))
    spoken = digits_kept(clean)
    for match in _ADDRESS.finditer(spoken):
        name = " " + match["name"].strip()
        stop = _STOP.search(name)
        if stop:
            name = name[: stop.start()]
        words = name.split()[:_LONGEST_NAME]
        while words and fold(words[-1]) in ("de", "du", "des", "la", "le", "les", "l'", "d'"):
            words.pop()
        if not words or fold(words[0]) in _NOT_NAMES:
            continue
        after = None if match["number"] else _NUMBER_AFTER.search(spoken, match.start("name"))
        number = after["number"] if after else match["number"]
        parts = [number, match["suffix"], match["way"].lower(), *map(_proper, words)]
        return _ELIDED.sub(r"\1'", " ".join(part for part in parts if part))
    return None


def _proper(word: str) -> str:
    """Write one word of a way's name: "rue des Bains", "rue de l'Église"."""
    head, mark, tail = word.rpartition("'")
    if mark:
        return f"{head}'{_proper(tail)}" if tail else word
    return word if word.lower() in _SMALL else word[:1].upper() + word[1:]
