"""A caller who only has keys: every way through the menus is walked to its end, knowing nothing but what is said."""

from collections.abc import Iterator

import pytest

from tests.dialog.scripted import MENUS, Scripted, coast, context, guide
from voicebot.calls.menus import GuidedDialogue
from voicebot.dialog.brain import Brain
from voicebot.dialog.keypad import keys_of
from voicebot.dialog.turns import Dictation, HangUp, Heard, Record, Reply, Transfer
from voicebot.ivr_menus import Do

KNOWLEDGE = coast()
NUMBER = "0639981234"
MOST_TURNS = 24


def ways(menu_id: str, above: str = "") -> Iterator[str]:
    for choice in MENUS.menu(menu_id).choices:
        if choice.action.do is Do.MENU:
            yield from ways(choice.action.id, above + choice.key)
        else:
            yield above + choice.key


WAYS = [(menu, keys) for menu in ("jour", "nuit") for keys in ways(menu)]


class Caller:
    """Presses keys only, and only those that were announced; ``wanted`` is their commune."""

    def __init__(self, *, open_: bool, wanted: str = "Villerville", caller: str = "") -> None:
        brain = Brain(KNOWLEDGE, Scripted()).open(context(open_=open_, caller=caller))
        self.dialogue: GuidedDialogue = guide(brain, KNOWLEDGE, open_)
        self.reply = self.dialogue.greet()
        self.pressed: list[str] = []
        self._letters = keys_of(wanted)
        self._wanted = wanted

    def press(self, keys: str) -> Reply:
        self.pressed.append(keys)
        self.reply = self.dialogue.respond(Heard(keys=keys))
        return self.reply

    def answer(self) -> Reply:
        """Answer the question put, with a key that what was said makes known."""
        expect, text = self.reply.expect, self.reply.text
        keyed = [option for option in expect.options if option.key]
        if keyed:
            chosen = next((option for option in keyed if option.id == self._wanted), keyed[0])
            assert f"{(chosen.label or chosen.texts[0]).lower()}, {chosen.key}" in text.lower() or "tapez 1" in text
            return self.press(chosen.key)
        if expect.slot == "commune":
            typed = len([keys for keys in self.pressed if keys == "letter"])
            assert typed or "lettres" in text
            self.pressed.append("letter")
            return self.press(self._letters[typed])
        if expect.dictation is Dictation.DIGITS:
            assert "chiffres" in text
            return self.press(NUMBER)
        assert "tapez 1" in text, (text, expect)
        return self.press("1")


def is_over(reply: Reply) -> bool:
    leaves = any(isinstance(action, (Transfer, HangUp, Record)) for action in reply.actions)
    return leaves or (reply.answered and not reply.expect.options) or reply.expect.more


def follow(caller: Caller, keys: str) -> Reply:
    for key in keys:
        assert not is_over(caller.reply), "a prompt, not an answer"
        caller.press(key)
    while not is_over(caller.reply):
        assert len(caller.pressed) < MOST_TURNS, caller.reply.text
        caller.answer()
    return caller.reply


@pytest.mark.parametrize(("menu", "keys"), WAYS, ids=[f"{menu}-{keys}" for menu, keys in WAYS])
@pytest.mark.parametrize("number", ["", "+33612345678"], ids=["number withheld", "number known"])
def test_every_way_is_walked_to_an_answer_a_request_or_an_adviser(menu: str, keys: str, number: str) -> None:
    caller = Caller(open_=menu == "jour", caller=number)
    if menu == "jour":
        caller.press("*")
    reply = follow(caller, keys)
    assert reply.text
    if reply.expect.more:
        assert "tapez 1" in reply.text
        assert caller.press("1").expect.options, "the menu again"


@pytest.mark.parametrize(("menu", "keys"), WAYS, ids=[f"{menu}-{keys}" for menu, keys in WAYS])
def test_an_answer_is_at_most_three_presses_away_plus_what_is_asked_for(menu: str, keys: str) -> None:
    caller = Caller(open_=menu == "jour")
    if menu == "jour":
        caller.press("*")
    before = len(caller.pressed)
    for key in keys:
        caller.press(key)
    assert len(caller.pressed) - before <= 3
    assert is_over(caller.reply) or caller.reply.expect.slot or caller.reply.expect.options


@pytest.mark.parametrize("commune", KNOWLEDGE.communes)
def test_every_commune_can_be_chosen_by_keys(commune: str) -> None:
    caller = Caller(open_=False, wanted=commune)
    follow(caller, "111")
    assert f"À {commune}" in caller.reply.text


def test_a_choice_that_was_wrong_is_corrected_by_keys() -> None:
    caller = Caller(open_=True, caller="+33612345678")
    caller.press("*")
    for key in "131":
        caller.press(key)
    while "Je résume" not in caller.reply.text:
        caller.answer()
    asked = caller.press("2")
    assert "date, " in asked.text
    date = next(option for option in asked.expect.options if option.id == "creneau")
    offered = caller.press(date.key)
    others = next(option for option in offered.expect.options if not option.id)
    assert caller.press(others.key).expect.options[0].id != offered.expect.options[0].id
    caller.press("1")
    assert "Je résume" in caller.reply.text
    assert [action.type for action in caller.press("1").actions if isinstance(action, Record)] == ["appointment"]


def test_a_call_is_ended_by_key() -> None:
    caller = Caller(open_=False)
    follow(caller, "23")
    assert any(isinstance(action, HangUp) for action in caller.press("2").actions)
