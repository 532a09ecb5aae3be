"""What a request brings with it: where it is asked from, the object it names, the choice it has already made."""

from dataclasses import replace

from voicebot.dialog.knowledge.answers import Choice
from voicebot.dialog.nlu.base import Understanding
from voicebot.dialog.policy import waste
from voicebot.dialog.policy.evidence import by_words
from voicebot.dialog.policy.questions import FollowUp
from voicebot.dialog.policy.subjects import answer_request
from voicebot.dialog.policy.talk import Draft, Talk
from voicebot.dialog.turns import Heard
from voicebot.dialog.wording import contains, fold

# Requests whose answer depends on where the caller lives: another town's must not be given for it.
_LOCAL_THEMES = "collecte. bac. apport. decheterie. encombrants. signalement. assainissement. commune. eau.fuite"
_LOCAL = tuple(f"{_LOCAL_THEMES} eau.coupure eau.qualite eau.prix interco.communes tri.dechets_verts".split())
_ELLIPSIS_WORDS = 5
_INSISTING = 3
_PROFESSIONAL = "professionnel"
_TAKEN_THERE = ("decheterie.acces", "encombrants.info")


def located(talk: Talk, intent: str, entities: dict[str, str]) -> Draft | None:
    """Settle in ``entities`` which commune is meant; return what to say when it is not one of ours."""
    if entities.get("flux") not in talk.knowledge.streams:
        entities.pop("flux", None)
    if entities.get("commune") and entities["commune"] not in talk.knowledge.communes:
        entities["hors_territoire"] = entities.pop("commune")
    outside = entities.get("hors_territoire", "")
    elsewhere = not entities.get("commune") or entities["commune"] == talk.memory.commune
    if outside and elsewhere and intent.startswith(_LOCAL):
        return talk.text("hors_territoire", {"lieu": outside})
    if entities.get("commune"):
        entities["nommee"] = entities["commune"]
        if entities["commune"] != talk.memory.commune:
            talk.memory.sector = ""
        talk.memory.commune = entities["commune"]
    elif talk.memory.commune:
        entities["commune"] = talk.memory.commune
    return None


def answered(talk: Talk, intent: str, entities: dict[str, str], text: str, before: str = "") -> Draft:
    """Answer a request of the caller's, ``text`` being its words (empty when it did not come in words).

    ``before``: the words of an earlier request that this one goes on from ("à Touques", about a leak in the street).
    """
    answer = _about_object(talk, intent, entities, text) or answer_request(talk, intent, entities, text, before)
    chosen = _foreseen(talk, answer, text) or _foreseen(talk, answer, before)
    if chosen is not None:
        answer = talk.tell(Draft(settled=True), chosen.goto.removeprefix("reponse:"))
    if text and _insisted(talk, intent, entities, answer):
        talk.tell(answer, "plus_de_precisions")
    return _led(talk, text, answer)


def _insisted(talk: Talk, intent: str, entities: dict[str, str], answer: Draft) -> bool:
    """Tell whether the same answer is given a third time: the caller wants to know more than it says."""
    if not answer.settled or answer.question is not None or talk.context.channel != "voice":
        return False
    key = " ".join(
        ["demande", intent, *(f"{name}={value}" for name, value in sorted(entities.items()) if name != "nommee")]
    )
    talk.memory.said[key] += 1
    return talk.memory.said[key] >= _INSISTING


def _about_object(talk: Talk, intent: str, entities: dict[str, str], text: str) -> Draft | None:
    """Answer "do they take tyres there?" for the object named: what is taken in general does not say it."""
    folded = fold(text)
    too = folded.startswith("et ") and len(folded.split()) <= _ELLIPSIS_WORDS
    asked = too or any(contains(folded, mark) for mark in talk.knowledge.marks["apporter"])
    if intent not in _TAKEN_THERE or not asked or entities.get("public") == _PROFESSIONAL:
        return None  # a professional is told how to be let in and that it has a price: that comes first
    name = entities.get("objet") or talk.understander.slot_value("objet", text, (), talk.background("objet"))
    if not name or talk.knowledge.guide.find(name) is None:
        return None
    return waste.sorting(talk, "tri.objet", {**entities, "objet": name})


def _foreseen(talk: Talk, answer: Draft, text: str) -> Choice | None:
    """Return the choice that the request had made before ``answer`` asked for it ("une fuite, dans la rue")."""
    question = answer.question
    if not isinstance(question, FollowUp) or not text:
        return None
    told = [choice for choice in question.choices if choice.goto.startswith("reponse:") and choice.texts]
    named = by_words(Heard(text), talk.options(told))
    return next((choice for choice in told if choice.id == named and named not in ("oui", "non")), None)


def with_object(talk: Talk, entities: dict[str, str], text: str) -> dict[str, str]:
    """Return ``entities`` with the object spoken of before, when ``text`` takes it up ("vous pouvez le chercher ?")."""
    before = talk.memory.before.get("objet", "")
    folded = fold(text)
    taken_up = any(contains(folded, mark) for mark in talk.knowledge.marks["le_chercher"])
    return {**entities, "objet": before} if before and taken_up and not entities.get("objet") else entities


def says_more(heard: Heard, understood: Understanding, chosen: Choice) -> bool:
    """Tell whether a request surely understood counts for more than the choice its words also make.

    It is what that choice leads to, so its entities count; or it contradicts it ("d'accord, mais les huiles ?").
    """
    contradicts = "." in understood.intent and not heard.keys and "mais" in fold(heard.text).split()
    return contradicts or chosen.goto == f"intention:{understood.intent}"


def unasked(draft: Draft) -> Draft:
    """Take back the question that ends ``draft``, and its sentences."""
    if draft.asked:
        del draft.says[-draft.asked :]
    draft.question, draft.asked = None, 0
    return draft


def offers_form(draft: Draft) -> bool:
    """Tell whether the question of ``draft`` offers to fill a form."""
    question = draft.question
    return isinstance(question, FollowUp) and any(one.goto.startswith("formulaire:") for one in question.choices)


def _led(talk: Talk, text: str, answer: Draft) -> Draft:
    """Open a spoken answer with a word or two, unless it begins with yes or no."""
    blunt = fold(answer.says[0].text if answer.says else "").split(" ", 1)[0] in ("oui", "non", "je")
    if not text or blunt or talk.context.channel != "voice":
        return answer
    draft = talk.text("transition")
    draft.says = [replace(say, opening=True) for say in draft.says]
    draft.lead = len(draft.says)
    return draft.add(answer)
