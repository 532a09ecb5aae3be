"""What the caller is expected to say next, from the question being asked."""

from voicebot.dialog.policy.form_run import FormRun, form_expect, yes_no
from voicebot.dialog.policy.questions import (
    ClarifyQuestion,
    ConfirmSlot,
    FollowUp,
    FormQuestion,
    Question,
    SlotQuestion,
    Suggestions,
)
from voicebot.dialog.policy.slots import slot_expect
from voicebot.dialog.policy.talk import Draft, Talk
from voicebot.dialog.turns import Candidate, Clarify, Expect, Option


def expected(talk: Talk, question: Question | None, form: FormRun | None) -> Expect:
    """Return the options, the patience and the meaning of keys that go with ``question``."""
    patience = talk.knowledge.identity.policy.no_input_s
    if isinstance(question, SlotQuestion):
        return slot_expect(talk, question)
    if isinstance(question, FormQuestion) and form is not None:
        return form_expect(talk, form)
    if isinstance(question, ConfirmSlot):
        return Expect("oui_non", yes_no(talk), no_input_s=patience)
    if isinstance(question, (FollowUp, Suggestions)):
        return Expect(None, talk.options(question.choices), no_input_s=patience)
    if isinstance(question, ClarifyQuestion):
        return Expect(None, clarify_options(talk, question), no_input_s=patience)
    return Expect(phrases=talk.knowledge.vocabulary, no_input_s=patience)


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
