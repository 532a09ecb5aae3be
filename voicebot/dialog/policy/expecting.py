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
from voicebot.dialog.turns import Dictation, Expect, Heard

_PART_OF_NUMBER = 4


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


def dictated(talk: Talk, expect: Expect, heard: Heard) -> bool:
    """Tell whether the turn is the number being dictated: digits mean nothing else, whatever they resemble."""
    if expect.dictation is not Dictation.DIGITS or expect.slot is None:
        return False
    if not any(char.isalpha() for char in heard.text):
        return True
    background, read = talk.background(expect.slot), talk.understander.slot_value
    if read(expect.slot, heard.text, heard.alternatives, background) is not None:
        return True
    return len(read("chiffres", heard.text, (), background) or "") >= _PART_OF_NUMBER
