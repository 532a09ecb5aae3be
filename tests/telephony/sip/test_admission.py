from datetime import datetime

import pytest

from voicebot.clock import VirtualClock
from voicebot.telephony.admission import Admission
from voicebot.telephony.settings import AdmissionSettings

START = datetime(2026, 11, 24, 10, 0)  # noqa: DTZ001 - VirtualClock gives it its zone


def door(**settings: float) -> tuple[Admission, VirtualClock]:
    clock = VirtualClock(START)
    return Admission(AdmissionSettings(**settings), clock), clock  # type: ignore[arg-type]


def test_a_call_to_our_number_is_let_in() -> None:
    admission, _ = door()
    assert admission.decide(True, "+33612345678", 0) is None


def test_an_unknown_number_does_not_exist() -> None:
    admission, _ = door()
    refusal = admission.decide(False, "", 0)
    assert refusal is not None
    assert refusal.status == 404


def test_a_full_house_is_busy_and_says_when_to_come_back() -> None:
    admission, _ = door(capacity=2, retry_after_s=7)
    assert admission.decide(True, "", 1) is None
    refusal = admission.decide(True, "", 2)
    assert refusal is not None
    assert (refusal.status, refusal.retry_after_s) == (486, 7)


def test_a_caller_may_call_so_often_within_the_window_and_no_more() -> None:
    admission, clock = door(caller_calls=2, caller_window_s=60)
    assert admission.decide(True, "+33600000000", 0) is None
    clock.advance(30)
    assert admission.decide(True, "+33600000000", 0) is None
    assert admission.decide(True, "+33600000000", 0) is not None
    assert admission.decide(True, "+33611111111", 0) is None
    clock.advance(31)
    assert admission.decide(True, "+33600000000", 0) is None


def test_callers_who_withhold_their_number_are_not_taken_for_one_another() -> None:
    admission, _ = door(caller_calls=1)
    assert all(admission.decide(True, "", 0) is None for _ in range(5))


def test_a_line_that_stops_refuses_everything() -> None:
    admission, _ = door()
    admission.drain()
    refusal = admission.decide(True, "", 0)
    assert refusal is not None
    assert refusal.status == 503


def test_lost_calls_close_the_door_at_the_limit() -> None:
    admission, _ = door(leak_limit=3)
    assert [admission.leaked() for _ in range(3)] == [False, False, True]
    assert admission.exhausted
    assert admission.decide(True, "", 0) is not None


@pytest.mark.parametrize("callers", [25_000])
def test_the_memory_of_callers_is_bounded(callers: int) -> None:
    admission, _ = door(caller_calls=1)
    for number in range(callers):
        admission.decide(True, f"+336{number:08d}", 0)
    assert len(admission._calls) <= 10_000


def test_while_callers_wait_too_long_new_calls_are_sent_elsewhere_and_let_in_again_after() -> None:
    overloaded = [True]
    admission = Admission(AdmissionSettings(retry_after_s=9), VirtualClock(START), lambda: overloaded[0])
    refusal = admission.decide(True, "", 0)
    assert refusal is not None
    assert (refusal.status, refusal.retry_after_s) == (503, 9)
    overloaded[0] = False
    assert admission.decide(True, "", 0) is None
