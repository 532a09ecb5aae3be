"""A doubt between two subjects: how it is put, how it may be answered, and what settles it without an answer."""

from collections.abc import Mapping

from voicebot.dialog.nlu.base import Understanding, Verdict
from voicebot.dialog.policy.form_run import yes_no
from voicebot.dialog.policy.questions import ClarifyQuestion
from voicebot.dialog.policy.talk import Draft, Talk
from voicebot.dialog.turns import Candidate, Clarify, Option
from voicebot.dialog.wording import contains, fold

_OUT_OF_SCOPE = 0.6
_KINDS = ("horaires",)
_A_TOWN = "interco.communes"
_ASKING = frozenset(["combien", "comment", "pourquoi", "quand", "quel", "quelle", "quels", "quelles", "qui", "quoi"])
_WITH_OBJECTS = ("tri.objet", "encombrants", "apport", "decheterie.acces", "signalement", "collecte.oubli")
_SAME_SUBJECT = ("tri.objet", "tri.consignes")


def outside(understood: Understanding) -> bool:
    """Tell whether the turn was understood as another service's business, rather than not understood."""
    return understood.intent == "hors_sujet" and understood.confidence >= _OUT_OF_SCOPE


def elliptic_object(talk: Talk, understood: Understanding) -> str:
    """Return the intent of an unfinished sentence that names an object after a subject that has none."""
    name = understood.entities.get("objet", "")
    if (
        not understood.elliptic
        or understood.intent.startswith(_WITH_OBJECTS)
        or talk.knowledge.guide.find(name) is None
    ):
        return ""
    return "" if name == talk.memory.entities.get("objet") else "tri.objet"


def settled(talk: Talk, understood: Understanding) -> str:
    """Return the intent of a doubt that need not be put.

    An object of the guide is sorted, whatever its rules; hours asked after hours are wanted ("et la déchèterie ?").
    """
    names = [one.intent for one in understood.candidates[:2]]
    kind = (talk.memory.intent or "").rpartition(".")[2]
    alike = [name for name in names if kind in _KINDS and name.endswith(f".{kind}")]
    if alike:
        return alike[0]
    known = talk.knowledge.guide.find(understood.entities.get("objet", "")) is not None
    return "tri.objet" if known and sorted(names) == sorted(_SAME_SUBJECT) else ""


def other(question: ClarifyQuestion, understood: Understanding) -> bool:
    """Tell whether the answer to a doubt is rather another request ("non, je veux savoir quel jour c’est")."""
    known = understood.intent in (question.first, question.second) or understood.elliptic
    return not known and "." in understood.intent and understood.confidence >= _OUT_OF_SCOPE


def both(talk: Talk, question: ClarifyQuestion, text: str) -> bool:
    """Tell whether the answer to a doubt wants both subjects."""
    folded = fold(text)
    return question.second in talk.knowledge.subjects and any(
        contains(folded, m) for m in talk.knowledge.marks["les_deux"]
    )


def second(question: ClarifyQuestion) -> Understanding:
    """Return the second subject of a doubt as a request."""
    return Understanding(Verdict.SURE, (Candidate(question.second, 1.0),), dict(question.entities))


def told(understood: Understanding | None, text: str) -> dict[str, str]:
    """Return where, or which bin, an answer says that chooses no subject and asks for none; nothing otherwise."""
    if understood is None or (understood.verdict is Verdict.SURE and understood.intent != _A_TOWN):
        return {}
    if set(fold(text).split()) & _ASKING:
        return {}
    return {name: value for name in ("commune", "flux", "adresse") if (value := understood.entities.get(name, ""))}


def cheaper(talk: Talk, question: ClarifyQuestion, told: Mapping[str, str]) -> str:
    """Return the likelier subject of a doubt, but an answer rather than a form: less is lost if it is the wrong one.

    Whoever tells an address wants something done there.
    """
    if "adresse" in told:
        return question.first
    form_for, subjects = talk.knowledge.form_for, talk.knowledge.subjects
    asks_much = form_for(question.first) is not None and question.second in subjects
    return question.second if asks_much and form_for(question.second) is None else question.first


def clarify_options(talk: Talk, question: ClarifyQuestion) -> tuple[Option, ...]:
    """Return the two subjects of a doubt as options, by name, rank or key; one alone is a yes or no."""
    subjects, marks = talk.knowledge.subjects, talk.knowledge.marks
    if question.second not in subjects:
        yes = yes_no(talk)[0]
        return (Option(question.first, (*yes.texts, *subjects[question.first].texts), yes.label, "1"),)
    ranks = ((question.first, marks["premier"], "1"), (question.second, marks["second"], "2"))
    return tuple(Option(name, (*subjects[name].texts, *rank), subjects[name].name, key) for name, rank, key in ranks)


def pair_first(draft: Draft, candidates: tuple[Candidate, ...]) -> tuple[Candidate, ...]:
    """Return the candidates with the two of the clarification first."""
    pair = next((action.first, action.second) for action in draft.actions if isinstance(action, Clarify))
    known = {one.intent: one for one in candidates}
    first = tuple(known.get(name, Candidate(name, 0.0)) for name in pair)
    return (*first, *(one for one in candidates if one.intent not in pair))
