"""Choosing a commune by its first letters on the keypad."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicebot.dialog.keypad import MAX_READ_OUT, KeypadNames, KeypadSearch, Typing, TypingStep, keys_of

COMMUNES = (
    "Bénerville-sur-Mer",
    "Blonville-sur-Mer",
    "Deauville",
    "Saint-Arnoult",
    "Saint-Gatien-des-Bois",
    "Saint-Pierre-Azif",
    "Touques",
    "Tourgéville",
    "Trouville-sur-Mer",
    "Vauville",
    "Villers-sur-Mer",
    "Villerville",
)
NAMES = KeypadNames(COMMUNES)


@pytest.fixture
def search() -> KeypadSearch:
    return KeypadSearch(NAMES)


def press(search: KeypadSearch, keys: str, played: float = 0.0) -> TypingStep:
    for key in keys:
        search.press(key, played)
    return search.step


@pytest.mark.parametrize(
    ("name", "keys"),
    [
        ("VILLERS", "8455377"),
        ("VILLERVILLE", "84553784553"),
        ("Bénerville-sur-Mer", "2363784553787637"),
        ("L’Œil d’Or", "56345367"),
        ("Saint-Arnoult", "724682766858"),
    ],
)
def test_a_name_is_typed_by_its_letters_alone(name: str, keys: str) -> None:
    assert keys_of(name) == keys


def test_villers_and_villerville_part_only_at_the_seventh_letter() -> None:
    villers, villerville = keys_of("Villers-sur-Mer"), keys_of("Villerville")
    for length in range(2, 7):
        assert NAMES.matches(villers[:length]) == ("Villers-sur-Mer", "Villerville")
    assert NAMES.matches(villers[:7]) == ("Villers-sur-Mer",)
    assert NAMES.matches(villerville[:7]) == ("Villerville",)


def test_every_commune_is_read_out_after_two_letters_at_most() -> None:
    assert {name: NAMES.presses(name) for name in COMMUNES} == {name: 2 if name[0] in "TV" else 1 for name in COMMUNES}


def test_six_names_are_too_many_and_the_second_letter_reads_out_the_two(search: KeypadSearch) -> None:
    step = search.press("8")
    assert step.state is Typing.MORE
    assert len(step.names) == 6
    step = search.press("4")
    assert (step.state, step.names) == (Typing.CHOOSE, ("Villers-sur-Mer", "Villerville"))
    found = search.press("2")
    assert (found.state, found.name) == (Typing.FOUND, "Villerville")


def test_whoever_types_on_before_hearing_a_name_is_followed(search: KeypadSearch) -> None:
    assert press(search, "84553", played=0.1).names == ("Villers-sur-Mer", "Villerville")
    alone = press(search, "77", played=0.1)
    assert (alone.state, alone.names) == (Typing.CHOOSE, ("Villers-sur-Mer",))
    assert search.press("1").name == "Villers-sur-Mer"


def test_a_number_that_is_also_a_letter_is_a_letter_until_the_first_name_was_heard() -> None:
    early, late = (KeypadSearch(NAMES) for _ in range(2))
    early.first_heard = late.first_heard = 0.4
    saints = ("Saint-Arnoult", "Saint-Gatien-des-Bois", "Saint-Pierre-Azif")
    assert early.press("7").names == saints
    assert early.press("2", played=0.1).names == saints
    assert late.press("7").names == saints
    assert late.press("2", played=0.8).name == "Saint-Gatien-des-Bois"


def test_a_number_that_continues_no_name_is_a_number_however_early(search: KeypadSearch) -> None:
    press(search, "84")
    assert search.press("2", played=0.0).name == "Villerville"


def test_a_key_that_is_neither_changes_nothing(search: KeypadSearch) -> None:
    press(search, "84")
    before = search.step
    assert search.press("9", played=1.0) == before
    assert search.press("0", played=1.0) == before


def test_letters_that_begin_no_name_start_again(search: KeypadSearch) -> None:
    step = search.press("9")
    assert step.state is Typing.NONE
    assert search.typed == ""
    assert press(search, "3").state is Typing.CHOOSE


def test_the_star_erases_and_the_hash_ends_the_entry(search: KeypadSearch) -> None:
    press(search, "84")
    assert search.press("*").state is Typing.MORE
    assert search.typed == ""
    search.press("8")
    assert search.press("#").state is Typing.MORE
    search.press("4")
    assert search.press("#").state is Typing.CHOOSE
    press(search, "55377")
    found = search.press("#")
    assert (found.state, found.name) == (Typing.FOUND, "Villers-sur-Mer")


def test_a_name_that_begins_another_is_taken_when_spelled_and_ended() -> None:
    search = KeypadSearch(KeypadNames(["Ver", "Verson", "Vire", "Caen", "Bayeux", "Dives"]))
    assert press(search, "837").names == ("Ver", "Verson")
    assert search.press("#").name == "Ver"


def test_few_names_are_to_choose_from_at_once() -> None:
    search = KeypadSearch(KeypadNames(["Caen", "Vire"]))
    assert (search.step.state, search.step.names) == (Typing.CHOOSE, ("Caen", "Vire"))
    assert search.press("2").name == "Vire"


@pytest.mark.parametrize("names", [[], ["Caen", "Caen"], ["Caen", "14"]])
def test_names_that_cannot_be_typed_or_told_apart_are_refused(names: list[str]) -> None:
    with pytest.raises(ValueError, match="names"):
        KeypadNames(names)


names_lists = st.lists(
    st.text("abcdefghijklmnopqrstuvwxyzéèêàçœ -'", min_size=1, max_size=12).filter(lambda text: bool(keys_of(text))),
    min_size=1,
    max_size=60,
    unique=True,
)


@given(names_lists, st.data())
def test_any_name_is_found_by_typing_it(names: list[str], data: st.DataObject) -> None:
    wanted = data.draw(st.sampled_from(names))
    known = KeypadNames(names)
    search = KeypadSearch(known)
    for number, key in enumerate(keys_of(wanted), start=1):
        search.press(key, played=0.0)
        assert wanted in search.step.names
        assert (search.step.state is Typing.CHOOSE) is (len(known.matches(keys_of(wanted)[:number])) <= MAX_READ_OUT)
    final = search.press("#")
    if final.state is Typing.CHOOSE:
        final = search.press(str(final.names.index(wanted) + 1))
    if final.state is Typing.FOUND:
        assert keys_of(final.name) == keys_of(wanted)
    else:
        assert len(known.matches(keys_of(wanted))) > MAX_READ_OUT


@given(names_lists, st.text("0123456789*#", max_size=20), st.floats(0, 1))
def test_whatever_is_pressed_what_remains_begins_with_what_was_typed(
    names: list[str], keys: str, played: float
) -> None:
    search = KeypadSearch(KeypadNames(names))
    for key in keys:
        step = search.press(key, played)
        if step.state is Typing.FOUND:
            assert step.name in names
            return
        if step.state is Typing.CHOOSE:
            assert 1 <= len(step.names) <= MAX_READ_OUT
        assert all(keys_of(name).startswith(search.typed) for name in step.names)


@given(st.text("0123456789", max_size=10))
def test_the_matches_are_those_that_begin_alike(typed: str) -> None:
    letters = typed.replace("0", "").replace("1", "")
    assert NAMES.matches(typed) == tuple(name for name in COMMUNES if keys_of(name).startswith(letters))
