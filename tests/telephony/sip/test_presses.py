from hypothesis import given
from hypothesis import strategies as st

from voicebot.telephony.presses import RELEASE_MS, TONE_HOLD_MS, KeyPresses


def live(presses: KeyPresses, frames: int) -> str:
    return "".join(presses.take() for _ in range(frames))


def test_a_signalled_key_is_told_at_once() -> None:
    presses = KeyPresses()
    presses.signalled("5")
    assert presses.take() == "5"


def test_a_tone_is_told_after_the_time_a_signal_may_take() -> None:
    presses = KeyPresses()
    presses.heard("5")
    assert live(presses, TONE_HOLD_MS // 20 - 1) == ""
    assert presses.take() == "5"


def test_a_press_that_is_both_heard_and_signalled_is_told_once() -> None:
    presses = KeyPresses()
    presses.heard("5")
    live(presses, 4)
    presses.signalled("5")
    presses.released()
    assert live(presses, 30) == "5"


def test_once_a_call_signals_its_tones_no_longer_matter() -> None:
    presses = KeyPresses()
    presses.signalled("1")
    assert not presses.tones_matter
    presses.heard("1")
    assert live(presses, 30) == "1"


def test_a_press_signalled_twice_without_release_is_told_once() -> None:
    presses = KeyPresses()
    presses.signalled("1")
    presses.signalled("1")
    assert live(presses, 3) == "1"


def test_the_same_key_pressed_again_after_release_is_told_again() -> None:
    presses = KeyPresses()
    presses.signalled("1")
    presses.released()
    presses.signalled("1")
    assert live(presses, 1) == "11"


def test_a_release_that_was_lost_does_not_swallow_a_later_press() -> None:
    presses = KeyPresses()
    presses.signalled("1")
    live(presses, RELEASE_MS // 20 + 1)
    presses.signalled("1")
    assert live(presses, 1) == "1"


@given(st.lists(st.tuples(st.sampled_from("0123456789*#"), st.integers(1, 40))))
def test_presses_properly_signalled_all_come_in_order(presses_made: list[tuple[str, int]]) -> None:
    presses, got = KeyPresses(), ""
    for key, frames in presses_made:
        presses.signalled(key)
        got += live(presses, frames)
        presses.released()
    assert got == "".join(key for key, _ in presses_made)
