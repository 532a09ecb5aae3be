"""Every way through the default menus, generated: each leads somewhere, soon, by key and by voice; none is a trap."""

from collections.abc import Iterator
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicebot.ivr_menus import (
    DEFAULT_MENUS,
    LONGEST_VALUES,
    Do,
    MenuAction,
    Menus,
    MenuWalk,
    load_menus,
    spoken_seconds,
)
from voicebot.ivr_menus.walk import MAX_FAILURES, MAX_TURNS

MENUS = load_menus([DEFAULT_MENUS])
INTENTS = {
    word
    for line in (Path(__file__).parent / "intents.txt").read_text(encoding="utf-8").splitlines()
    for word in line.split()
}


def ways(menus: Menus, menu_id: str, above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The keys of every way from a menu to an action that leaves the menus."""
    for choice in menus.menu(menu_id).choices:
        keys = (*above, choice.key)
        if choice.action.do is Do.MENU:
            yield from ways(menus, choice.action.id, keys)
        else:
            yield keys


WAYS = [(root.id, keys) for root in MENUS.roots() for keys in ways(MENUS, root.id)]
LABELS = [
    (menu.id, choice.id, text)
    for menu in MENUS.menus.values()
    for choice in menu.choices
    for text in (choice.name, *choice.texts)
]


def arrivals(menu_id: str, start: str, keys: tuple[str, ...] = ()) -> Iterator[tuple[str, tuple[str, tuple[str, ...]]]]:
    """Every menu below one, with the start and the keys that lead there."""
    yield menu_id, (start, keys)
    for choice in MENUS.menu(menu_id).choices:
        if choice.action.do is Do.MENU:
            yield from arrivals(choice.action.id, start, (*keys, choice.key))


ARRIVALS = {menu_id: arrival for root in MENUS.roots() for menu_id, arrival in arrivals(root.id, root.id)}


def walk(start: str) -> MenuWalk:
    return MenuWalk(MENUS, start, LONGEST_VALUES)


@pytest.mark.parametrize(("start", "keys"), WAYS, ids=[f"{start}-{''.join(keys)}" for start, keys in WAYS])
def test_every_way_by_keys_ends_in_at_most_three_presses_with_every_prompt_short(
    start: str, keys: tuple[str, ...]
) -> None:
    caller = walk(start)
    assert len(keys) <= 3
    for key in keys[:-1]:
        assert spoken_seconds(caller.prompt()) < 20
        assert key in {option.key for option in caller.expect().options}
        assert caller.press(key).do is Do.MENU
    assert spoken_seconds(caller.prompt()) < 20
    action = caller.press(keys[-1])
    assert not action.stays
    assert action.do is not Do.GOODBYE


@pytest.mark.parametrize(("start", "keys"), WAYS, ids=[f"{start}-{''.join(keys)}" for start, keys in WAYS])
def test_every_way_by_keys_is_also_a_way_by_voice(start: str, keys: tuple[str, ...]) -> None:
    by_key, by_voice, by_option, by_number = (walk(start) for _ in range(4))
    for key in keys:
        choice = by_voice.menu.by_key(key)
        assert choice
        pressed = by_key.press(key)
        assert by_voice.heard(f"euh {choice.name} s'il vous plaît") == pressed
        assert by_option.heard(choice.id) == pressed
        assert by_number.heard(f"le {key}") == pressed


@pytest.mark.parametrize(("menu_id", "choice_id", "text"), LABELS)
def test_every_label_chooses_its_choice(menu_id: str, choice_id: str, text: str) -> None:
    start, keys = ARRIVALS[menu_id]
    caller = walk(start)
    for key in keys:
        caller.press(key)
    assert caller.menu.id == menu_id
    assert caller.heard(text).choice == choice_id


def test_the_after_hours_menu_is_the_one_that_was_ordered(menus: Menus) -> None:
    night = menus.menu("nuit")
    assert [(choice.key, choice.name) for choice in night.choices] == [
        ("1", "déchets"),
        ("2", "déchèteries"),
        ("3", "urgence sur l’eau"),
        ("4", "signalement"),
        ("5", "être rappelé"),
    ]
    assert [choice.name for choice in menus.menu("dechets").choices[:3]] == ["collecte", "tri", "encombrants"]
    prompt = MenuWalk(menus, "nuit", {"horaires": "du lundi au vendredi", "site": "exemple point fr"}).prompt()
    assert "ouvre du lundi au vendredi" in prompt
    assert "exemple point fr" in prompt


def test_the_answers_of_the_menus_are_intents_of_the_service() -> None:
    named = {
        choice.action.id for menu in MENUS.menus.values() for choice in menu.choices if choice.action.do is Do.INTENT
    }
    assert named <= INTENTS, named - INTENTS


def test_an_adviser_a_repetition_and_the_start_are_one_key_away_from_everywhere() -> None:
    for start, keys in WAYS:
        for depth in range(len(keys)):
            for key, expected in (("0", Do.ADVISER), ("#", Do.REPEAT), ("*", Do.MENU)):
                caller = walk(start)
                for pressed in keys[:depth]:
                    caller.press(pressed)
                place = caller.path
                assert caller.press(key).do is expected
                assert caller.path == (place[:1] if key == "*" else place)


Step = tuple[str, str]
STEPS: st.SearchStrategy[Step] = st.one_of(
    st.sampled_from("0123456789*#").map(lambda key: ("press", key)),
    st.sampled_from(["", "retour", "répétez", "menu", "déchets", "blabla", "zéro", "collecte"]).map(
        lambda words: ("heard", words)
    ),
    st.just(("silence", "")),
)


def take(caller: MenuWalk, step: Step) -> MenuAction:
    kind, value = step
    if kind == "silence":
        return caller.silence()
    return caller.press(value) if kind == "press" else caller.heard(value)


@given(st.sampled_from(["jour", "nuit"]), st.lists(STEPS, min_size=MAX_TURNS, max_size=MAX_TURNS))
def test_whatever_comes_a_walk_ends_within_its_turns(start: str, steps: list[Step]) -> None:
    caller = walk(start)
    stayed = 0
    for step in steps:
        action = take(caller, step)
        if not action.stays:
            break
        stayed += 1
        assert spoken_seconds(f"{action.says} {caller.prompt()}") < 20
        assert caller.path[0] == start
    assert stayed < MAX_TURNS


@given(st.sampled_from(["jour", "nuit"]), st.lists(STEPS, min_size=3 * MAX_TURNS, max_size=3 * MAX_TURNS))
def test_a_driver_that_always_comes_back_is_told_goodbye_in_the_end(start: str, steps: list[Step]) -> None:
    caller = walk(start)
    results = [take(caller, step) for step in steps]
    staying = [action for action in results if action.stays]
    assert len(staying) < MAX_TURNS
    finals = [caller.silence().do for _ in range(MAX_TURNS + MAX_FAILURES)]
    assert finals[-1] is Do.GOODBYE


@pytest.mark.parametrize("start", [root.id for root in MENUS.roots()])
@pytest.mark.parametrize("pattern", list(product(["silence", "heard"], repeat=3)), ids=str)
def test_three_failures_end_the_menu_with_goodbye_to_silence_and_an_adviser_to_a_voice(
    start: str, pattern: tuple[str, ...]
) -> None:
    caller = walk(start)
    results = [take(caller, (kind, "blabla")) for kind in pattern]
    assert [action.do for action in results[:2]] == [Do.RETRY, Do.RETRY]
    assert results[0].says
    assert results[1].says
    assert results[2].do is (Do.ADVISER if "heard" in pattern else Do.GOODBYE)
    assert results[2].says
