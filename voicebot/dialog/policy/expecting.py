"""What the caller is expected to say next, from the question being asked."""

from voicebot.dialog.policy.doubts import clarify_options
from voicebot.dialog.policy.form_run import FormRun, form_expect, yes_no
from voicebot.dialog.policy.questions import (
    ClarifyQuestion,
    ConfirmSlot,
    FollowUp,
    FormQuestion,
    MoreQuestion,
    Question,
    SlotQuestion,
    Suggestions,
)
from voicebot.dialog.policy.slots import slot_expect
from voicebot.dialog.policy.talk import Talk
from voicebot.dialog.turns import Expect


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
    more = isinstance(question, MoreQuestion)
    return Expect(phrases=talk.knowledge.vocabulary, no_input_s=patience, more=more)
