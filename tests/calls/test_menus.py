"""The menus in a conversation: what is the menu's, what is the brain's, and how one leads to the other."""

from dataclasses import replace

import pytest

from tests.dialog.scripted import Scripted, coast, context, guide, heard
from voicebot.calls.menus import GuidedDialogue
from voicebot.dialog.brain import Brain
from voicebot.dialog.turns import HangUp, Heard, Record, Reply, Transfer

KNOWLEDGE = coast()


class Caller:
    """Someone on the line, whose words are understood as the turn says (see ``tests.dialog.scripted``)."""

    def __init__(self, *, open_: bool = True) -> None:
        self._understander = Scripted()
        self._brain = Brain(KNOWLEDGE, self._understander).open(context(open_=open_))
        self.dialogue: GuidedDialogue = guide(self._brain, KNOWLEDGE, open_)
        self.greeting = self.dialogue.greet()

    def turn(self, said: str) -> Reply:
        return self.dialogue.respond(heard(said, self._understander))

    def turns(self, *said: str) -> Reply:
        return [self.turn(one) for one in said][-1]


def test_after_hours_the_call_begins_in_the_menu_with_hours_and_website() -> None:
    caller = Caller(open_=False)
    assert caller.dialogue.in_menu
    for words in ("une assistante automatique", "demain, mercredi", "ouvre du lundi", "point org", "déchets, 1"):
        assert words in caller.greeting.text
    assert [option.key for option in caller.greeting.expect.options] == ["1", "2", "3", "4", "5"]
    assert caller.greeting.answered, "the hours and the website are an answer"


def test_during_the_day_there_is_no_menu_until_it_is_asked_for() -> None:
    caller = Caller()
    assert not caller.dialogue.in_menu
    assert not caller.greeting.expect.options
    for asked in ("(touches *)", "le menu [menu]"):
        reply = Caller().turn(asked)
        assert "déchets, 1" in reply.text
        assert reply.actions == ()
        assert reply.expect.options


def test_two_turns_not_understood_bring_the_menu_and_a_third_an_adviser() -> None:
    caller = Caller()
    assert "déchets, 1" not in caller.turn("blabla [?]").text
    assert "déchets, 1" in caller.turn("blibli [?]").text
    assert caller.dialogue.in_menu
    reply = caller.turn("bloblo [?]")
    assert any(isinstance(action, Transfer) for action in reply.actions)
    assert not caller.dialogue.in_menu


def test_what_is_said_in_full_in_a_menu_is_answered_by_the_brain() -> None:
    caller = Caller(open_=False)
    reply = caller.turn("quand passent les poubelles jaunes à Touques [collecte.jours flux=emballages commune=Touques]")
    assert "À Touques" in reply.text
    assert reply.intent == "collecte.jours"
    assert not caller.dialogue.in_menu


@pytest.mark.parametrize("said", ["déchets [?]", "les déchets [tri.consignes]", "le un [?]", "(touches 1)"])
def test_a_bare_choice_is_the_menus_whatever_the_brain_makes_of_it(said: str) -> None:
    assert "collecte, 1" in Caller(open_=False).turn(said).text


def test_a_sentence_that_the_brain_doubts_but_that_names_a_choice_follows_the_choice() -> None:
    caller = Caller(open_=False)
    reply = caller.turn("alors je voudrais signaler quelque chose [signalement.depot_sauvage ou reclamation]")
    assert "Pour un signalement" in reply.text


def test_the_recognisers_sure_score_chooses_where_the_brain_is_at_a_loss() -> None:
    caller = Caller(open_=False)
    assert "Pour vos déchets" in caller.turn("dé chez (scores dechets 0.9) [?]").text
    assert "Pour vos déchets" not in Caller(open_=False).turn("dé chez (scores dechets 0.3) [?]").text


def test_danger_is_never_taken_for_a_choice() -> None:
    reply = Caller(open_=False).turn("il y a une fuite de gaz [urgence]")
    assert "112" in reply.text


def test_a_choice_is_answered_as_if_it_had_been_asked_for() -> None:
    caller = Caller(open_=False)
    caller.turns("(touches 1)", "(touches 1)")
    reply = caller.turn("(touches 3)")
    assert (reply.intent, reply.entities) == ("collecte.jours", {"flux": "verre"})
    assert "commune" in reply.text


def test_a_callback_and_a_message_are_taken_from_the_menus() -> None:
    callback = Caller(open_=False).turns("(touches 5)", "(touches 1)", "(touches 1)")
    assert [action.type for action in callback.actions if isinstance(action, Record)] == ["callback"]
    message = Caller().turns("(touches *)", "(touches 5)", "(touches 5)")
    assert "numéro" in message.text


def test_the_menu_key_leads_back_to_the_menu_after_an_answer() -> None:
    caller = Caller(open_=False)
    answer = caller.turns("(touches 2)", "(touches 3)")
    assert not answer.expect.options
    reply = caller.turn("(touches *)")
    assert caller.dialogue.in_menu
    assert "déchets, 1" in reply.text


def test_an_adviser_is_one_key_away_and_a_callback_when_closed() -> None:
    by_day = Caller().turns("(touches *)", "(touches 1)", "(touches 0)")
    assert [action.target for action in by_day.actions if isinstance(action, Transfer)] == ["conseillers"]
    by_night = Caller(open_=False).turn("(touches 0)")
    assert "rappelle" in by_night.text
    assert [option.id for option in by_night.expect.options] == ["oui", "non"]


def test_the_menu_is_repeated_slower_for_the_rest_of_the_call() -> None:
    caller = Caller(open_=False)
    slower = caller.turn("moins vite [plus_lentement]")
    assert slower.pace == 1
    assert "déchets, 1" in slower.text
    assert slower.expect.options
    assert caller.turn("(touches 1)").pace == 1


def test_help_leaves_the_caller_in_the_menu() -> None:
    caller = Caller(open_=False)
    caller.turn("comment ça marche votre machine [aide]")
    assert "collecte, 1" in caller.turn("(touches 1)").text


def test_three_silences_in_a_menu_end_the_call_with_goodbye() -> None:
    caller = Caller(open_=False)
    first, second, third = (caller.turn("(silence)") for _ in range(3))
    assert "déchets, 1" in first.text
    assert "déchets, 1" in second.text
    assert first.text != second.text
    assert "Au revoir" in third.text
    assert third.actions == (HangUp(),)


def test_closing_time_during_a_call_is_seen_at_the_next_menu() -> None:
    moments = iter([True, True, False])
    understander = Scripted()
    brain = Brain(KNOWLEDGE, understander).open(context())
    guided = guide(brain, KNOWLEDGE)
    guided._setting = replace(guided._setting, open=lambda: next(moments))
    guided.greet()
    assert "autre demande, 5" in guided.respond(Heard(keys="*")).text
    guided.returned("busy")
    assert "être rappelé, 5" in guided.respond(Heard(keys="*")).text


def test_a_form_in_progress_is_taken_up_again_after_the_menu() -> None:
    caller = Caller()
    caller.turns("un dépôt sauvage [signalement.depot_sauvage]", "le menu [menu]")
    reply = caller.turns("(touches 5)", "(touches 1)")
    assert "votre signalement" in reply.text
    assert "commune" in reply.text


def test_back_from_the_advisers_the_brain_speaks_first() -> None:
    caller = Caller()
    caller.turns("(touches *)", "(touches 0)")
    assert "Tous nos conseillers" in caller.dialogue.returned("busy").text


def test_a_step_taken_in_a_fork_leaves_the_caller_where_they_were() -> None:
    caller = Caller(open_=False)
    stays = caller.dialogue.fork().respond(Heard(keys="1"))
    assert caller.dialogue.fork().respond(Heard(keys="1")) == stays
    caller.turn("(touches 9)")
    assert caller.dialogue.in_menu


def test_back_from_the_advisers_whoever_uses_keys_is_told_which() -> None:
    caller = Caller()
    caller.turn("(touches 0)")
    assert "oui, 1 ; non, 2" in caller.dialogue.returned("busy").text
    spoken = Caller()
    spoken.turn("un conseiller [conseiller]")
    assert "oui, 1" not in spoken.dialogue.returned("busy").text


ASKED_WHEN = ("rappelez-moi [rappel]", "oui [oui]")
KEYS = "Au clavier : le matin, 1 ; l’après-midi, 2 ; peu importe, 3."


@pytest.mark.parametrize("missed", ["brr [?]", "(silence)"])
def test_a_choice_that_failed_by_voice_is_put_again_with_its_keys(missed: str) -> None:
    caller = Caller()
    assert "Au clavier" not in caller.turns(*ASKED_WHEN).text
    assert KEYS in caller.turn(missed).text


def test_who_speaks_is_told_no_keys_for_what_is_repeated_nor_for_the_next_question() -> None:
    assert "Au clavier" not in Caller().turns(*ASKED_WHEN, "pardon ? [repeter]").text
    assert "Au clavier" not in Caller().turns(*ASKED_WHEN, "le matin [=matin]").text
