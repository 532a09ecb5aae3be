"""What is given up when callers wait, in its order, and how it is taken back; time is a parameter."""

import logging

import pytest

from voicebot.load import Load, LoadSettings, Pressure, unpressed


class Seconds:
    """A timer that is moved by hand."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def timer() -> Seconds:
    return Seconds()


def waited(load: Load, timer: Seconds, seconds: float) -> None:
    """One caller waits so long, alone."""
    load.begin("caller")
    timer.now_s += seconds
    load.end("caller")


def press(load: Load, timer: Seconds, upto: Pressure) -> None:
    load.begin("one")
    load.begin("other")
    began_s = timer.now_s
    timer.now_s = began_s + LoadSettings().steps_s[upto - 1]
    assert load.pressure is upto
    load.end("one")
    load.end("other")


def test_things_are_given_up_in_order_as_callers_wait_longer(timer: Seconds) -> None:
    load = Load(timer)
    load.begin("one")
    load.begin("other")
    taken = {load.pressure: 0.0}
    for tenths in range(1, 60):
        timer.now_s = tenths / 10
        taken.setdefault(load.pressure, timer.now_s)
    assert list(taken.items()) == [
        (Pressure.NONE, 0.0),
        (Pressure.SHORTER, 0.8),
        (Pressure.KEYS, 1.5),
        (Pressure.QUEUE, 2.5),
        (Pressure.REFUSING, 4.0),
    ]


def test_a_long_sentence_alone_is_no_press(timer: Seconds) -> None:
    load = Load(timer)
    load.begin("caller")
    timer.now_s = 10.0
    assert load.pressure is Pressure.NONE


def test_one_long_wait_among_short_ones_refuses_nobody_but_three_in_a_row_do(timer: Seconds) -> None:
    load = Load(timer)
    waited(load, timer, 6.0)
    assert load.pressure < Pressure.REFUSING
    waited(load, timer, 6.0)
    waited(load, timer, 6.0)
    assert load.pressure is Pressure.REFUSING


def test_steps_are_taken_back_one_at_a_time_after_a_calm(timer: Seconds) -> None:
    load = Load(timer)
    press(load, timer, Pressure.REFUSING)
    seen = []
    for _ in range(4):
        timer.now_s += 9.9
        seen.append(load.pressure)
        timer.now_s += 0.2
        seen.append(load.pressure)
    assert seen == [4, 3, 3, 2, 2, 1, 1, 0]


def test_waits_that_are_not_short_yet_keep_the_step(timer: Seconds) -> None:
    load = Load(timer)
    press(load, timer, Pressure.KEYS)
    for _ in range(8):
        timer.now_s += 4.0
        waited(load, timer, 1.0)
    assert load.pressure is Pressure.KEYS


def test_a_wait_that_is_given_up_counts_once(timer: Seconds) -> None:
    load = Load(timer)
    waited(load, timer, 1.0)
    told = load.wait_s
    load.end("caller")
    assert (load.wait_s, load.waiting) == (told, 0)


def test_each_change_is_a_line_of_the_log(timer: Seconds, caplog: pytest.LogCaptureFixture) -> None:
    load = Load(timer)
    with caplog.at_level(logging.INFO, "voicebot.load"):
        press(load, timer, Pressure.SHORTER)
        timer.now_s += 11.0
        assert load.pressure is Pressure.NONE
    assert [(line.levelname, line.getMessage()) for line in caplog.records] == [
        ("WARNING", "load: step 1, recognition takes its first reading in a shorter window (callers wait 0.8 s)"),
        ("INFO", "load: step 0, back to normal (callers wait 0.0 s)"),
    ]


def test_what_is_replayed_is_never_pressed() -> None:
    load = unpressed()
    load.begin("one")
    load.begin("other")
    assert load.pressure is Pressure.NONE


@pytest.mark.parametrize(
    "fields", [{"shorter_s": 0.0}, {"keys_s": 0.5}, {"refusing_s": 2.5}, {"ease": 1.0}, {"calm_s": 0.0}]
)
def test_steps_that_are_out_of_order_are_refused(fields: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"\w+_s must grow|ease|calm_s"):
        LoadSettings(**fields)


def test_the_time_spent_at_each_step_is_told(timer: Seconds) -> None:
    load = Load(timer)
    press(load, timer, Pressure.SHORTER)
    timer.now_s += 11.0
    assert load.pressure is Pressure.NONE
    timer.now_s += 3.0
    assert {step: round(seconds, 3) for step, seconds in load.spent_s().items()} == {
        Pressure.NONE: 3.8,
        Pressure.SHORTER: 11.0,
    }
