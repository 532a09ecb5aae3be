"""What a menu does with keys, words and silences."""

import pytest

from voicebot.dialog.turns import Dictation
from voicebot.ivr_menus import LONGEST_VALUES, Choice, Do, Menu, MenuAction, Menus, MenuWalk, Sentences, UnknownMenu
from voicebot.ivr_menus.walk import MAX_TURNS


def walk(menus: Menus, start: str = "nuit") -> MenuWalk:
    return MenuWalk(menus, start, LONGEST_VALUES)


def test_the_hours_and_the_website_are_said_on_arrival_and_when_asked_to_repeat_only(menus: Menus) -> None:
    caller = walk(menus)
    assert "Notre site" in caller.prompt()
    caller.silence()
    assert "Notre site" not in caller.prompt()
    assert "déchets, 1" in caller.prompt()
    caller.press("#")
    assert "Notre site" in caller.prompt()
    caller.press("1")
    caller.press("*")
    assert "Notre site" not in caller.prompt()


def test_a_prompt_without_the_value_of_a_variable_says_which(menus: Menus) -> None:
    with pytest.raises(KeyError, match="horaires"):
        MenuWalk(menus, "nuit", {"site": "exemple point fr"}).prompt()


def test_a_walk_cannot_start_in_a_menu_that_is_not_there(menus: Menus) -> None:
    with pytest.raises(UnknownMenu, match=r"pas de menu « piscine » ; connus : .*nuit"):
        MenuWalk(menus, "piscine")


def test_each_choice_is_an_option_with_its_key_its_label_and_its_words(menus: Menus) -> None:
    expect = walk(menus).expect()
    assert [(option.id, option.key, option.label) for option in expect.options][:2] == [
        ("dechets", "1", "Déchets"),
        ("decheteries", "2", "Déchèteries"),
    ]
    assert "déchèterie" in expect.options[1].texts
    assert expect.dictation is Dictation.NONE
    assert expect.max_keys == 0, "a key is an answer at once"
    assert expect.no_input_s == 7.0
    assert "conseiller" in expect.phrases


def test_an_action_carries_the_entities_of_its_choice(menus: Menus) -> None:
    caller = walk(menus)
    for key in "11":
        caller.press(key)
    assert caller.press("3") == MenuAction(Do.INTENT, "collecte.jours", {"flux": "verre"}, choice="verre")


def test_back_goes_one_menu_up_and_menu_to_the_start(menus: Menus) -> None:
    caller = walk(menus)
    caller.press("1")
    caller.press("2")
    assert caller.path == ("nuit", "dechets", "tri")
    assert caller.heard("retour") == MenuAction(Do.BACK, "dechets")
    caller.press("2")
    assert caller.heard("Menu principal !") == MenuAction(Do.MENU, "nuit")
    assert caller.heard("retour") == MenuAction(Do.BACK, "nuit"), "above the start there is nothing: it is said again"


@pytest.mark.parametrize(
    ("words", "choice"),
    [
        ("je voudrais des renseignements sur les déchèteries", "decheteries"),
        ("il y a une fuite d'eau dans ma rue", "eau"),
        ("DÉCHÈTERIES.", "decheteries"),
        ("dechets", "dechets"),
        ("pas les déchets, les déchèteries", "decheteries"),
        ("trois", "eau"),
        ("le numéro quatre", "signaler"),
        ("tapez 5", "rappel"),
    ],
)
def test_words_that_hold_a_label_or_a_number_choose(menus: Menus, words: str, choice: str) -> None:
    caller = walk(menus)
    assert caller.recognises(words)
    assert caller.heard(words).choice == choice


@pytest.mark.parametrize(
    "words",
    [
        "",
        "bonjour",
        "quel temps fait-il",
        "pas les déchets",
        "la cantine de mon fils",
        "les déchèteries et les poubelles",
    ],
)
def test_words_that_name_no_single_choice_are_left_to_the_brain(menus: Menus, words: str) -> None:
    caller = walk(menus)
    assert not caller.recognises(words)
    assert caller.heard(words).do is Do.RETRY


def test_asking_whether_words_are_recognised_changes_nothing(menus: Menus) -> None:
    caller = walk(menus)
    before = caller.prompt()
    for _ in range(MAX_TURNS):
        caller.recognises("blabla")
        caller.recognises("déchets")
    assert (caller.path, caller.prompt()) == (("nuit",), before)
    assert caller.silence().do is Do.RETRY


@pytest.mark.parametrize("words", ["zéro", "un conseiller", "parler à quelqu'un"])
def test_an_adviser_can_be_asked_for_by_voice(menus: Menus, words: str) -> None:
    assert walk(menus, "jour").heard(words).do is Do.ADVISER


def test_the_second_failure_is_met_with_a_more_explicit_sentence(menus: Menus) -> None:
    caller = walk(menus)
    assert caller.silence().says == "Je ne vous entends pas."
    assert caller.silence().says == "Je ne vous entends toujours pas. Vous pouvez aussi taper un chiffre."
    assert "rappelez-nous" in caller.silence().says.lower()


def test_a_choice_in_between_forgives_earlier_failures(menus: Menus) -> None:
    caller = walk(menus)
    caller.silence()
    caller.silence()
    caller.press("1")
    assert caller.silence().do is Do.RETRY
    caller.press("#")
    assert caller.silence().says == "Je ne vous entends pas."


def test_a_key_without_a_choice_counts_as_not_understood(menus: Menus) -> None:
    action = walk(menus).press("9")
    assert action.do is Do.RETRY
    assert action.says == "Pardon, je n’ai pas compris."


def test_the_adviser_is_offered_once_then_it_is_goodbye(menus: Menus) -> None:
    caller = walk(menus)
    results = [caller.heard("blabla").do for _ in range(6)]
    assert results == [Do.RETRY, Do.RETRY, Do.ADVISER, Do.RETRY, Do.RETRY, Do.GOODBYE]


def test_a_machine_that_repeats_itself_is_not_listened_to_for_ever(menus: Menus) -> None:
    caller = walk(menus)
    results = [caller.press("#").do for _ in range(MAX_TURNS + 1)]
    assert results == [Do.REPEAT] * (MAX_TURNS - 1) + [Do.ADVISER, Do.GOODBYE]


def test_a_choice_may_go_back_repeat_transfer_change_language_or_run_a_form() -> None:
    kinds = [(Do.BACK, ""), (Do.REPEAT, ""), (Do.TRANSFER, "eau"), (Do.LANGUAGE, "en"), (Do.FORM, "depot")]
    choices = tuple(
        Choice(do.value, str(key), do.value, (), MenuAction(do, target, choice=do.value))
        for key, (do, target) in enumerate(kinds, start=1)
    )
    below = Menu("bas", "Bas", "{choix}", choices)
    down = Choice("bas", "1", "descendre", (), MenuAction(Do.MENU, "bas", choice="bas"))
    menus = Menus({"haut": Menu("haut", "Haut", "{choix}", (down,), root=True), "bas": below}, Sentences())
    for key, (do, target) in enumerate(kinds, start=1):
        caller = MenuWalk(menus, "haut")
        caller.press("1")
        action = caller.press(str(key))
        assert action.do is do
        assert action.choice == do.value
        if not action.stays:
            assert action.id == target
        assert caller.path == (("haut",) if do is Do.BACK else ("haut", "bas"))


def test_everything_that_is_said_can_be_listed_to_be_rendered_ahead(menus: Menus) -> None:
    texts = set(menus.texts())
    assert menus.menu("tri").prompt() in texts
    assert "Pardon, je n’ai pas compris." in texts
    assert all(texts)
