"""Conversational acts and the turns that must never fail: emergency, adviser, help, goodbye, repetition."""

from collections.abc import Mapping
from dataclasses import replace

from voicebot.dialog.knowledge.identity import Target
from voicebot.dialog.nlu.base import Understanding, Verdict
from voicebot.dialog.policy.bulletins import at_greeting
from voicebot.dialog.policy.questions import ClarifyQuestion, FollowUp, MoreQuestion, Suggestions
from voicebot.dialog.policy.talk import Draft, Talk
from voicebot.dialog.turns import Clarify, HangUp, Heard, LeaveMessage, OpenMenu, Say, Transfer
from voicebot.dialog.wording import contains, fold, of_group

_LEAVING = 0.8
_REQUESTS = ("reclamation", "suivi", "rappel", "rgpd")
_ALARM = 0.45
_URGENT = "urgence"
_WAY_OUT = "conseiller.attente.sortie"
_ON_CALL = "conseiller.astreinte"
_MANY = 2
_OUTBURST_WORDS = 5
_FAINT = 0.02
"""A subject so much less likely than the first is not proposed beside it."""
_PROPOSED_ALARM = 0.35
"""Below this likelihood, a doubt does not name an emergency: it would alarm somebody who asked about tyres."""


def greeting(talk: Talk) -> Draft:
    """Greet: an automatic assistant, which keys work, and, when closed, hours, website and callback."""
    direct = talk.knowledge.identity.policy.direct
    if talk.context.channel == "chat":
        draft = talk.text("accueil.chat")
    elif not talk.open:
        draft = talk.text("accueil.ferme")
    elif direct and talk.knowledge.identity.target_for("conseiller") is not None:
        return transfer(talk, talk.text("accueil.direct"), "conseiller", announced=True)
    else:
        draft = talk.text("accueil.ouvert")
    if talk.context.channel == "chat":
        draft.question = Suggestions(talk.knowledge.suggestions)
    return at_greeting(talk, draft)


def is_urgent(talk: Talk, understood: Understanding, text: str) -> bool:
    """Tell whether danger is likely enough to interrupt everything: a false alarm costs less than a missed one.

    A number with nothing but small words ("au 125") names no danger.
    """
    if understood.intent != "urgence" or understood.confidence < _ALARM:
        return False
    idle = {fold(word) for word in talk.knowledge.marks["vides"]}
    return any(word not in idle and not word.isdigit() for word in fold(text).split())


def is_meant(understood: Understanding) -> bool:
    """Tell whether an act may be done at once: what ends the call must be likelier than what can be taken back."""
    sure = understood.verdict is Verdict.SURE
    return sure and (understood.intent != "au_revoir" or understood.confidence >= _LEAVING)


def is_request(intent: str) -> bool:
    """Tell whether an intent asks for something to be answered or done, rather than goes with the conversation."""
    return "." in intent or intent in _REQUESTS


def emergency(talk: Talk) -> Draft:
    """Give the emergency numbers, to be heard out, then the on-call target if there is one."""
    talk.memory.urgent = True
    draft = talk.text("urgence")
    draft.settled = True
    target = talk.knowledge.identity.target_for("urgence", urgent=True)
    if target is not None and talk.context.channel == "voice":
        _to(talk, talk.tell(draft, "urgence.astreinte"), target, _URGENT, announced=True)
    draft.says = [replace(say, barge_in=False) for say in draft.says]
    return draft


def distress(talk: Talk) -> Draft:
    """Answer despair calmly and hand over."""
    talk.memory.urgent = True
    draft = talk.text("detresse")
    draft.says = [replace(say, barge_in=False) for say in draft.says]
    return transfer(talk, draft, "conseiller", announced=True) if talk.open else draft


def is_rude(talk: Talk, understood: Understanding, folded: str, filling: bool) -> bool:
    """Tell whether anger is all there is: an insult beside a clear request, or in a long story, leaves these.

    ``filling``: while a form is filled in, where only an outburst counts.
    """
    if not any(contains(folded, mark) for mark in talk.knowledge.marks["insultes"]):
        return False
    if filling:
        return len(folded.split()) <= _OUTBURST_WORDS
    return not (understood.verdict is Verdict.SURE and "." in understood.intent)


def insult(talk: Talk) -> Draft:
    """Answer insults calmly and hand over."""
    draft = talk.text("insulte")
    return transfer(talk, draft, "conseiller") if talk.open else talk.tell(draft, "conseiller.ferme")


def transfer(talk: Talk, draft: Draft, subject: str, announced: bool = False) -> Draft:
    """Hand over to the advisers when they are there, else offer a callback."""
    if talk.context.channel == "chat":
        return talk.tell(draft, "conseiller.chat" if talk.open else "conseiller.chat.ferme")
    identity = talk.knowledge.identity
    urgent = identity.target_for(subject, urgent=True)
    if urgent is not None and (subject in urgent.subjects or subject.split(".")[0] in urgent.subjects):
        return _to(talk, draft, urgent, subject, announced)
    there = talk.reachable
    target = identity.target_for(subject, there=there) or identity.target_for("conseiller", there=there)
    if target is None:
        some = any(not one.always for one in identity.targets)
        return talk.tell(draft, "conseiller.ferme" if some else "conseiller.absent")
    return _to(talk, draft, target, subject, announced)


def to_target(talk: Talk, target_id: str) -> Draft:
    """Hand over to one target of the profile, or offer a callback when it cannot be reached now."""
    target = next((one for one in talk.knowledge.identity.targets if one.id == target_id), None)
    if target is None:
        return talk.text("conseiller.absent")
    if not talk.reachable(target):
        return talk.text("conseiller.ferme")
    return _to(talk, Draft(), target, talk.memory.intent or "conseiller", announced=False)


def _to(talk: Talk, draft: Draft, target: Target, subject: str, announced: bool) -> Draft:
    if not announced:
        talk.tell(draft, "astreinte.transfert" if target.always else "conseiller.transfert")
    talk.memory.on_call = subject if target.always else ""
    draft.actions.append(Transfer(target.id, subject, context_of(talk)))
    draft.question = None
    return draft


def returned(talk: Talk, result: str) -> Draft:
    """Take back a caller whom nobody answered; who could not reach the one on call is told where else to turn."""
    if talk.memory.on_call:
        theme = talk.memory.on_call.split(".")[0]
        known = f"{_ON_CALL}.{theme}" in talk.knowledge.answers
        return talk.text(f"{_ON_CALL}.{theme}" if known else _ON_CALL)
    answer = {"busy": "conseiller.occupe", "no_answer": "conseiller.sans_reponse"}.get(result, "conseiller.echec")
    return talk.text(answer)


def on_hold(talk: Talk, queued: tuple[int, int | None] | None) -> Draft:
    """Tell where a waiting caller is in the queue, and offer a callback; say nothing while telephones ring."""
    if queued is None:
        way_out = talk.answer(_WAY_OUT)
        return Draft(question=FollowUp(way_out.id, way_out.choices))
    ahead, minutes = queued
    draft = talk.text("conseiller.attente")
    rank = ("premier", "second")[ahead] if ahead < _MANY else "rang"
    talk.tell(draft, f"conseiller.attente.{rank}", {"devant": str(ahead)})
    if minutes is None:
        talk.tell(draft, "conseiller.attente.inconnue")
    else:
        talk.tell(draft, f"conseiller.attente.{'minute' if minutes == 1 else 'minutes'}", {"minutes": str(minutes)})
    return talk.tell(draft, _WAY_OUT)


def leave_message() -> Draft:
    """Have a spoken message taken by whoever can record it."""
    return Draft(actions=[LeaveMessage()])


def context_of(talk: Talk) -> Mapping[str, str]:
    """Return what an adviser should know, with ``phrase`` to be whispered."""
    memory = talk.memory
    found = {name: value for name, value in memory.entities.items() if value}
    if memory.commune:
        found["commune"] = memory.commune
    if memory.intent:
        found["intent"] = memory.intent
        subject = talk.knowledge.subjects.get(memory.intent)
        if subject is not None:
            found["sujet"] = subject.name
    if memory.requests:
        found["demande"] = memory.requests[-1]
    if memory.references:
        found["reference"] = memory.references[-1]
    draft = Draft()
    if "sujet" in found:
        talk.tell(draft, "resume.sujet", {"sujet": found["sujet"]})
    else:
        talk.tell(draft, "resume.sans")
    if memory.commune:
        talk.tell(draft, "resume.commune")
    found["phrase"] = " ".join(say.text for say in draft.says)
    return found


def goodbye(talk: Talk, answer: str = "au_revoir") -> Draft:
    """Take leave and hang up."""
    draft = talk.text(answer)
    draft.actions.append(HangUp())
    draft.farewell = len(draft.says)
    return draft


def menu(talk: Talk, answer: str = "menu") -> Draft:
    """Have the menus served; the chat shows its suggestions instead."""
    draft = talk.text(answer)
    if talk.context.channel == "chat":
        draft.question = Suggestions(talk.knowledge.suggestions)
    else:
        draft.actions.append(OpenMenu())
    return draft


def more(talk: Talk, draft: Draft) -> Draft:
    """Ask whether there is anything else."""
    asks = talk.knowledge.identity.policy.more and talk.context.channel == "voice"
    if asks or not draft.says:
        talk.tell(draft, "autre_chose")
    draft.question = MoreQuestion()
    return draft


def after_more(talk: Talk, heard: Heard, understood: Understanding | None) -> Draft | None:
    """Take the answer to "anything else?"; ``None`` when it is a request of its own."""
    if heard.keys in ("1", "2"):
        return menu(talk) if heard.keys == "1" else goodbye(talk)
    if understood is None or "." in understood.intent:
        return None
    intent = understood.intent
    if intent in ("non", "au_revoir"):
        return goodbye(talk)
    thanks = intent == "merci" or contains(fold(heard.text), "merci")
    if thanks and intent in ("merci", "oui"):
        draft = talk.text("merci")
        draft.question = MoreQuestion()
        return draft
    if intent != "oui":
        return None
    draft = talk.text("autre_chose.oui")
    draft.question = MoreQuestion()
    return draft


def english(talk: Talk) -> Draft:
    """Say one sentence in English, then an adviser or a callback."""
    answer = talk.knowledge.answers["anglais.phrase" if talk.open else "anglais.phrase.ferme"]
    says = talk.text(answer.id).says
    draft = Draft([Say(say.text, say.written, language="en") for say in says])
    if talk.open:
        return transfer(talk, draft, "conseiller", announced=True)
    draft.question = FollowUp("conseiller.ferme", talk.knowledge.answers["conseiller.ferme"].choices)
    return draft


def clarification(talk: Talk, understood: Understanding) -> Draft | None:
    """Ask which of the two likeliest subjects is meant; ``None`` when neither can be named."""
    subjects = talk.knowledge.subjects
    least = _FAINT * understood.confidence
    likely = [
        one
        for one in understood.candidates
        if one.confidence >= (_PROPOSED_ALARM if one.intent == "urgence" else least)
    ]
    names = [one.intent for one in likely if one.intent in subjects][:2]
    if not names:
        return None
    first = names[0]
    second = names[1] if len(names) > 1 else "hors_sujet"
    values = {"de_premier": of_group(subjects[first].name)}
    if second in subjects:
        values["de_second"] = of_group(subjects[second].name)
    draft = talk.text("clarifier" if second in subjects else "clarifier.un", values)
    draft.actions.append(Clarify(first, second))
    draft.question = ClarifyQuestion(first, second, dict(understood.entities))
    return draft
