"""The last questions of a call: who is asked, what is kept, and how the caller gets away."""

from pathlib import Path

import pytest

from tests.dialog.scripted import Scripted, coast, context, guide, heard
from voicebot.calls.closing import ClosingDialogue, ClosingSetting, load_closing, remembered
from voicebot.dialog.brain import Brain
from voicebot.dialog.turns import HangUp, Opinion, Prefer, Reply, Transfer
from voicebot.words import WordsError

KNOWLEDGE = coast()
SENTENCES = load_closing(Path(__file__).parents[2] / "prompts" / "closing.toml")
SERVED = ("vos horaires [service.horaires]", "non merci [non]")


class Caller:
    """Someone on the line; ``wishes`` are what is remembered of them."""

    def __init__(
        self, *, open_: bool = True, survey: bool = True, remember: bool = True, wishes: dict[str, str] | None = None
    ) -> None:
        self._understander = Scripted()
        known = wishes or {}
        brain = Brain(KNOWLEDGE, self._understander).open(remembered(context(open_=open_), known))
        setting = ClosingSetting(SENTENCES, KNOWLEDGE.marks, survey, remember, known)
        self.dialogue = ClosingDialogue(guide(brain, KNOWLEDGE, open_), setting)
        self.greeting = self.dialogue.greet()

    def turns(self, *said: str) -> Reply:
        return [self.dialogue.respond(heard(one, self._understander)) for one in said][-1]


def ends(reply: Reply) -> bool:
    return any(isinstance(action, HangUp) for action in reply.actions)


def opinions(*replies: Reply) -> dict[str, int | str]:
    return {one.question: one.answer for reply in replies for one in reply.actions if isinstance(one, Opinion)}


def test_whoever_was_answered_is_asked_and_may_decline() -> None:
    caller = Caller()
    asked = caller.turns(*SERVED)
    assert SENTENCES.accord in asked.text
    assert not ends(asked)
    goodbye = caller.turns("non [non]")
    assert ends(goodbye)
    assert "evoir" in goodbye.text


@pytest.mark.parametrize(
    "answers",
    [
        ("(touches 1)", "(touches 1)", "(touches 2)", "(touches 4)"),
        ("oui [oui]", "oui [oui]", "non pas du tout [non]", "quatre [?]"),
    ],
    ids=["by keys", "by voice"],
)
def test_three_questions_are_answered_by_key_or_by_voice_then_a_comment(answers: tuple[str, ...]) -> None:
    caller = Caller()
    caller.turns(*SERVED)
    replies = [caller.turns(answer) for answer in answers]
    assert opinions(*replies) == {"facile": 1, "resolu": 0, "global": 4}
    assert SENTENCES.commentaire in replies[-1].text
    last = caller.turns("c'était très bien, mais un peu long [?]")
    assert opinions(last) == {"commentaire": "c'était très bien, mais un peu long"}
    assert SENTENCES.merci in last.text
    assert ends(last)


TO_THE_COMMENT = ("(touches 1)", "(touches 1)", "(touches 1)", "(touches 5)")


def test_who_is_asked_for_a_comment_knows_that_it_is_written_down_and_is_given_time() -> None:
    asked = Caller().turns(*SERVED, *TO_THE_COMMENT)
    assert "mis par écrit, et votre voix ne sera pas gardée" in asked.text
    assert asked.patient


@pytest.mark.parametrize("yes", ["Oui. [oui]", "oui, je veux bien [oui]", "(touches 1)"])
def test_yes_alone_begins_a_comment(yes: str) -> None:
    caller = Caller()
    begun = caller.turns(*SERVED, *TO_THE_COMMENT, yes)
    assert begun.text == SENTENCES.commentaire_oui
    assert not ends(begun)
    assert opinions(caller.turns("oui, bravo [oui]")) == {"commentaire": "oui, bravo"}


@pytest.mark.parametrize(
    "no", ["non merci [non]", "C’est tout, merci, au revoir. [au_revoir]", "rien à ajouter [?]", "(touches 2)"]
)
def test_no_and_goodbye_are_no_comment(no: str) -> None:
    last = Caller().turns(*SERVED, *TO_THE_COMMENT, no)
    assert opinions(last) == {}
    assert SENTENCES.merci in last.text
    assert ends(last)


IN_A_FORM = ("vos horaires [service.horaires]", "rappelez-moi [rappel]")


def test_what_could_not_be_kept_is_told_before_the_questions() -> None:
    asked = Caller().turns(*IN_A_FORM, "au revoir [au_revoir]")
    assert asked.text.index("je n’ai pas pu enregistrer") < asked.text.index(SENTENCES.accord)
    assert not ends(asked)


def test_what_is_kept_at_goodbye_is_kept_whether_or_not_the_questions_are_answered() -> None:
    caller = Caller()
    asked = caller.turns(*IN_A_FORM, "oui [oui]", "au revoir [au_revoir]")
    assert [action.type for action in asked.actions] == ["callback"]
    assert asked.text.index("Votre référence") < asked.text.index(SENTENCES.accord)
    goodbye = caller.turns("non [non]")
    assert [action.type for action in goodbye.actions] == ["hangup"]
    assert "référence" not in goodbye.text


def test_silence_at_any_question_is_goodbye() -> None:
    for answers in ((), ("(touches 1)",), TO_THE_COMMENT):
        assert ends(Caller().turns(*SERVED, *answers, "(silence)"))


def test_what_is_not_understood_is_asked_once_more_then_let_go() -> None:
    caller = Caller()
    again = caller.turns(*SERVED, "(touches 1)", "bof [?]")
    assert SENTENCES.pardon in again.text
    assert SENTENCES.facile in again.text
    assert ends(caller.turns("bof [?]"))


def test_another_request_instead_of_an_answer_is_served_and_nothing_is_asked_twice() -> None:
    caller = Caller()
    reply = caller.turns(*SERVED, "ah si, et la déchèterie de Touques ? [decheterie.horaires commune=Touques]")
    assert "Touques" in reply.text
    assert ends(caller.turns("au revoir [au_revoir]"))


def test_the_menu_and_an_adviser_stay_one_key_away() -> None:
    assert "déchets, 1" in Caller().turns(*SERVED, "(touches *)").text
    assert any(isinstance(action, Transfer) for action in Caller().turns(*SERVED, "(touches 0)").actions)


@pytest.mark.parametrize("moment", ["before", "during"])
def test_nothing_is_asked_after_an_emergency(moment: str) -> None:
    caller = Caller()
    if moment == "during":
        caller.turns(*SERVED, "(touches 1)")
    emergency = caller.turns("au feu [urgence]")
    assert "112" in emergency.text
    assert ends(caller.turns("au revoir [au_revoir]"))


def test_goodbye_while_advisers_are_rung_ends_the_call_politely_and_at_once() -> None:
    caller = Caller()
    caller.turns(SERVED[0], "un conseiller [conseiller]")
    caller.dialogue.on_hold((1, None))
    goodbye = caller.turns("merci, au revoir [au_revoir]")
    assert ends(goodbye)
    assert "Au revoir" in goodbye.text


def test_whoever_comes_back_from_the_queue_is_asked_at_the_end() -> None:
    caller = Caller()
    caller.turns(SERVED[0], "un conseiller [conseiller]")
    caller.dialogue.on_hold(None)
    caller.dialogue.returned("no_answer")
    asked = caller.turns("merci, au revoir [au_revoir]")
    assert SENTENCES.accord in asked.text


def test_nothing_is_asked_of_whoever_was_not_served_left_the_line_or_where_the_profile_does_not_want_it() -> None:
    assert ends(Caller().turns("au revoir [au_revoir]"))
    assert ends(Caller().turns(SERVED[0], "(silence)", "(silence)"))
    assert ends(Caller(survey=False).turns(*SERVED))


def test_a_slower_voice_is_remembered_with_consent() -> None:
    caller = Caller(survey=False)
    asked = caller.turns("moins vite [plus_lentement]", *SERVED)
    assert "souvienne pour votre prochain appel" in asked.text
    accepted = caller.turns("oui [oui]")
    assert [action for action in accepted.actions if isinstance(action, Prefer)] == [Prefer("pace", "1")]
    assert ends(accepted)


def test_every_way_of_speaking_asked_for_is_remembered_and_then_the_survey_follows() -> None:
    caller = Caller()
    caller.turns("plus simplement [?]", "parlez plus fort [repeter]", "laissez-moi le temps [?]", *SERVED)
    accepted = caller.turns("(touches 1)")
    kept = {action.name: action.value for action in accepted.actions if isinstance(action, Prefer)}
    assert kept == {"gain_db": "6", "patient": "1", "plain": "1"}
    assert SENTENCES.accord in accepted.text


def test_nothing_is_remembered_without_consent_or_of_a_caller_who_withholds_their_number() -> None:
    refused = Caller(survey=False).turns("moins vite [plus_lentement]", *SERVED, "non [non]")
    assert not [action for action in refused.actions if isinstance(action, Prefer)]
    assert ends(Caller(survey=False, remember=False).turns("moins vite [plus_lentement]", *SERVED))


def test_what_is_remembered_holds_from_the_first_word_and_is_not_asked_again() -> None:
    caller = Caller(survey=False, wishes={"pace": "2", "gain_db": "6", "patient": "1", "plain": "1", "size": "big"})
    greeting = caller.greeting
    assert (greeting.pace, greeting.gain_db, greeting.patient, greeting.plain) == (2, 6.0, True, True)
    assert ends(caller.turns(*SERVED))


def test_a_fork_of_the_closing_answers_apart() -> None:
    caller = Caller()
    caller.turns(*SERVED, "(touches 1)")
    caller.dialogue.fork().respond(heard("(touches 1)", Scripted()))
    assert opinions(caller.turns("(touches 2)")) == {"facile": 0}


def test_sentences_that_are_missing_or_unknown_are_told(tmp_path: Path) -> None:
    path = tmp_path / "closing.toml"
    path.write_text('accord = "Oui ?"\nbonus = "x"\n', encoding="utf-8")
    with pytest.raises(WordsError, match=r"bonus: unknown(.|\n)*facile: must be a text"):
        load_closing(path)


def test_a_callback_asked_for_instead_of_an_opinion_is_taken() -> None:
    caller = Caller()
    caller.turns(*SERVED)
    reply = caller.turns("je veux être rappelé s’il vous plaît [rappel]")
    assert not ends(reply)
    assert "joindre" in reply.text or "rappel" in reply.text
