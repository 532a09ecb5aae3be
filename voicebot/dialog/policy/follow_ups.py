"""What is asked right after an answer or a record, and only makes sense there ("quand est-ce qu'elle sera vidée ?").

Each such question is known by what has just been spoken of and by the words of a mark of the profile; its answer is one
of the profile's. What is asked of septic tanks is told apart here too: nothing of theirs goes through the sewer.
"""

from dataclasses import dataclass

from voicebot.dialog.nlu.base import Understanding
from voicebot.dialog.policy.talk import Draft, Talk
from voicebot.dialog.turns import Heard
from voicebot.dialog.wording import contains, fold

_SEWAGE = "assainissement."
_BLOCKED = "assainissement.probleme"
_LONGEST = 14


@dataclass(frozen=True, slots=True)
class _After:
    """A question that follows one of ``intents`` (a beginning of their ids), its mark and its answer.

    ``kept``: only once a request was kept in this conversation.
    """

    intents: tuple[str, ...]
    mark: str
    answer: str
    kept: bool = False


_AFTER = (
    _After(("signalement.", "bac.demande", "reclamation"), "suite_delai", "suite.delai", kept=True),
    _After(("tri.objet", "decheterie.acces"), "suite_quantite", "suite.quantite"),
    _After(("assainissement.conformite",), "suite_rendez_vous", "suite.controle"),
)


def asked_after(talk: Talk, heard: Heard, understood: Understanding) -> Draft | None:
    """Return the answer to a question that follows what has just been dealt with; ``None`` when it is another."""
    folded = fold(heard.text)
    tank = _septic_tank(talk, heard, understood)
    if tank is not None:
        return tank
    before = talk.memory.intent or ""
    if understood.entities.get("objet") or len(folded.split()) > _LONGEST:
        return None
    for one in _AFTER:
        follows = before.startswith(one.intents) and (talk.memory.references or not one.kept)
        if follows and _says(talk, folded, one.mark):
            talk.memory.requests.append(heard.text)
            talk.memory.misunderstood = 0
            return talk.tell(Draft(settled=True), one.answer)
    return None


def _septic_tank(talk: Talk, heard: Heard, understood: Understanding) -> Draft | None:
    """Answer what is asked of a septic tank, but the inspection of a sale, which is the same for all.

    A tank just spoken of is still meant by a turn that only adds where it is.
    """
    folded = fold(heard.text)
    intent = understood.intent if understood.intent.startswith(_SEWAGE) else ""
    before = talk.memory.intent or ""
    said = " ".join([*talk.memory.requests[-1:], folded]) if understood.elliptic else folded
    about = _says(talk, fold(said), "fosse") or (before.startswith(_SEWAGE) and _says(talk, folded, "vidange"))
    if not about or not (intent or before.startswith(_SEWAGE)) or _says(talk, folded, "controle_vente"):
        return None
    talk.memory.requests.append(heard.text)
    talk.memory.intent = intent or before
    talk.memory.misunderstood = 0
    overflowing = intent == _BLOCKED and not _says(talk, folded, "vidange")
    return talk.tell(Draft(settled=True), "assainissement.fosse.pleine" if overflowing else "assainissement.fosse")


def _says(talk: Talk, folded: str, mark: str) -> bool:
    return any(contains(folded, phrase) for phrase in talk.knowledge.marks[mark])
