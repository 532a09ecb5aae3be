"""What a contact was about, from its intents, its records and what was said of the caller. Pure.

Intents are ``theme.subject``; conversational ones have no dot and say nothing of the theme.
"""

from collections import Counter
from collections.abc import Iterable, Mapping

from voicebot.journal.events import Category, Nature, Typing

_COMPLAINTS = frozenset({"reclamation", "collecte.oubli"})
_REPORTS = frozenset({"eau.fuite", "eau.coupure", "assainissement.probleme", "urgence"})
_OWN_THEME = frozenset({"reclamation", "suivi", "rappel", "conseiller", "rgpd", "urgence"})


def classify(turns: Iterable[tuple[str | None, Mapping[str, str]]], records: Iterable[str], public: str = "") -> Typing:
    """Return the typing of a contact whose turns gave these (intent, entities) and which left records of these types.

    ``public`` is who the caller said they are, in passing; it wins over the entities of the turns, which have it too.
    The theme and subject are those of the most frequent request, the earliest when several are as frequent. The nature
    is the first that applies of appointment, complaint, report, transaction, information.
    """
    intents: list[str] = []
    entities: dict[str, str] = {}
    for intent, found in turns:
        entities.update({name: value for name, value in found.items() if value})
        if intent and ("." in intent or intent in _OWN_THEME):
            intents.append(intent)
    kinds = set(records)
    entities |= {"public": public} if public else {}
    theme, _, sub_theme = (Counter(intents).most_common(1)[0][0] if intents else "").partition(".")
    return Typing(theme, sub_theme, _nature(intents, kinds), _category(intents, entities), entities.get("commune", ""))


def _nature(intents: list[str], kinds: set[str]) -> Nature:
    if "appointment" in kinds:
        return "appointment"
    if _COMPLAINTS.intersection(intents):
        return "complaint"
    if any(intent.startswith("signalement.") or intent in _REPORTS for intent in intents):
        return "report"
    return "transaction" if kinds else "information"


def _category(intents: list[str], entities: Mapping[str, str]) -> Category:
    match entities.get("public", ""):
        case "professionnel":
            return "professional"
        case "residence_secondaire":
            return "second_home"
        case "particulier":
            return "resident"
    return "professional" if "redevance.pro" in intents else ""
