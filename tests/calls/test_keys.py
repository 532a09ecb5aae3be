"""Keys: answers by themselves, characters in a dictation."""

from hypothesis import given
from hypothesis import strategies as st

from voicebot.audio.frames import FRAME_S
from voicebot.calls.keys import Keypad
from voicebot.dialog.turns import Dictation, Expect

NUMBER = Expect(slot="telephone", dictation=Dictation.DIGITS, max_keys=10)


def _typed(keypad: Keypad, keys: str) -> list[str]:
    return [entry for key in keys if (entry := keypad.feed(key)) is not None]


def test_outside_a_dictation_each_key_is_an_answer() -> None:
    assert _typed(Keypad(), "1*0") == ["1", "*", "0"]


def test_in_a_dictation_zero_is_a_digit_and_hash_ends_the_entry() -> None:
    keypad = Keypad()
    keypad.expect(NUMBER)
    assert _typed(keypad, "061#") == ["061"]


def test_while_a_name_is_asked_the_keys_without_letters_keep_their_meaning() -> None:
    keypad = Keypad()
    keypad.expect(Expect(slot="commune", dictation=Dictation.LETTERS, max_keys=3))
    assert _typed(keypad, "0*868") == ["0", "*", "868"]


def test_a_star_erases_what_was_typed() -> None:
    keypad = Keypad()
    keypad.expect(NUMBER)
    assert _typed(keypad, "99*061#") == ["061"]


def test_enough_keys_end_the_entry_by_themselves() -> None:
    keypad = Keypad()
    keypad.expect(NUMBER)
    assert _typed(keypad, "0612345678") == ["0612345678"]


def test_a_hash_pressed_by_habit_after_the_last_digit_is_not_an_answer() -> None:
    keypad = Keypad()
    keypad.expect(NUMBER)
    assert _typed(keypad, "0612345678") == ["0612345678"]
    keypad.expect(Expect())
    assert keypad.meant("#") == ""
    assert keypad.meant("#") == "#"


def test_keys_pressed_ahead_of_an_answer_wait_for_it_and_mean_what_it_asks() -> None:
    keypad = Keypad()
    assert keypad.feed("061#", hold=True) is None
    assert keypad.typing
    keypad.expect(NUMBER)
    assert keypad.feed("") == "061"
    assert not keypad.typing


def test_several_keys_of_one_frame_are_as_many_answers() -> None:
    keypad = Keypad()
    assert [keypad.feed("12"), keypad.feed(""), keypad.feed("")] == ["1", "2", None]


def test_a_pause_after_the_last_key_ends_the_entry() -> None:
    keypad = Keypad()
    keypad.expect(NUMBER)
    keypad.feed("0")
    waited = 0
    while (entry := keypad.feed("")) is None:
        waited += 1
        assert waited < 1000
    assert entry == "0"
    assert 2.9 < waited * FRAME_S < 3.1


@given(st.text(alphabet="0123456789*#", max_size=40))
def test_no_digit_is_lost_or_doubled(keys: str) -> None:
    keypad = Keypad()
    keypad.expect(Expect(dictation=Dictation.DIGITS, max_keys=0))
    entries = _typed(keypad, keys + "#")
    expected = [part.rpartition("*")[2] or "#" for part in (keys + "#").split("#")[:-1]]
    assert entries == expected
