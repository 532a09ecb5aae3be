"""How the caller wants to be spoken to: again, slower, louder, more simply, with time to answer."""

from voicebot.dialog.policy.acts import more
from voicebot.dialog.policy.subjects import answer_request
from voicebot.dialog.policy.talk import MAX_GAIN_DB, MAX_PACE, Draft, Talk
from voicebot.dialog.wording import contains, fold

_LOUDER_DB = 6.0
_MOST_WORDS = 10


def asked(talk: Talk, text: str) -> Draft | None:
    """Take a request for simpler words, more time, certainty, or who is speaking; ``None`` for anything else."""
    folded, marks = fold(text), talk.knowledge.marks
    if len(folded.split()) > _MOST_WORDS:
        return None
    if any(contains(folded, mark) for mark in marks["plus_simplement"]):
        return simpler(talk)
    if any(contains(folded, mark) for mark in marks["plus_de_temps"]):
        talk.memory.patient = True
        return talk.text("plus_de_temps")
    if _asks_who(talk, folded):
        return talk.text("identite")
    if talk.memory.last and any(folded == fold(mark) for mark in marks["certitude"]):
        draft = talk.text("certitude")
        draft.lead = len(draft.says)
        draft.says += talk.memory.last
        return draft
    return None


def _asks_who(talk: Talk, folded: str) -> bool:
    """Tell whether the caller asks who, or what, speaks to them, and nothing else."""
    marks = talk.knowledge.marks
    found = next((fold(one) for one in marks["identite"] if contains(folded, one)), "")
    idle = {word for name in ("vides", "interpellations") for one in marks[name] for word in fold(one).split()}
    return bool(found) and idle.issuperset(folded.replace(found, " ", 1).split())


def simpler(talk: Talk) -> Draft:
    """Speak more simply for the rest of the call, and give the last answer again in those words."""
    memory = talk.memory
    memory.plain = True
    draft = talk.text("plus_simplement")
    if memory.intent and talk.knowledge.form_for(memory.intent) is None:
        again = answer_request(talk, memory.intent, dict(memory.entities))
        if again.settled:
            draft.lead = len(draft.says)
            return more(talk, draft.add(again)) if again.question is None else draft.add(again)
    draft.lead = len(draft.says)
    draft.says += memory.last
    return draft


def repeat(talk: Talk, text: str) -> Draft:
    """Say the last turn again, louder when that is what was asked."""
    memory = talk.memory
    draft = Draft()
    folded = fold(text)
    if any(contains(folded, mark) for mark in talk.knowledge.marks["plus_fort"]):
        memory.gain_db = min(memory.gain_db + _LOUDER_DB, MAX_GAIN_DB)
        talk.tell(draft, "plus_fort")
    if not memory.last:
        return talk.tell(draft, "rien_a_repeter")
    draft.lead = len(draft.says)
    draft.says += memory.last
    return draft


def slower(talk: Talk) -> Draft:
    """Slow down by a step, for the rest of the call, and say the last turn again."""
    memory = talk.memory
    answer = "plus_lentement" if memory.pace < MAX_PACE else "plus_lentement.limite"
    memory.pace = min(memory.pace + 1, MAX_PACE)
    draft = talk.text(answer)
    draft.lead = len(draft.says)
    draft.says += memory.last
    return draft
