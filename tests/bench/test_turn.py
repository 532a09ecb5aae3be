"""What ``bench turn`` reads out of a run, without running one."""

from pathlib import Path
from typing import Any

import pytest

from voicebot.bench.questions import pieces
from voicebot.bench.turn_report import Answered, Cost, TurnReport, remember, spread


def report(*delays_s: float | None, cut: int = 0) -> TurnReport:
    answered = [Answered("q", delay_s=delay, cut_off=index < cut) for index, delay in enumerate(delays_s)]
    return TurnReport(answered, Cost(2.0, 60.0, 120.0, 500.0, 1.0, 0, 6000, 1.5, 0))


def kept(delay_s: float, **more: Any) -> dict[str, Any]:
    same = {"calls": 1, "every_s": 12.0, "recognition": "w", "voice": "k", "together": False}
    return {**report(delay_s, delay_s).to_json(), **same, **more}


def test_silences_are_written_between_brackets() -> None:
    assert pieces("Bonjour, [0.5] euh, [1.0] le verre ?") == [("Bonjour,", 0.5), ("euh,", 1.0), ("le verre ?", 0.0)]


def test_the_spread_is_that_of_the_answers_that_came() -> None:
    found = report(0.4, 0.6, None, cut=1).to_json()
    assert found["unanswered"] == 1
    assert found["cut_off_early"] == 1
    assert found["answer_delay_ms"]["p50"] == 500
    assert spread([]) == {}


def test_processor_time_is_told_by_turn_and_by_minute_of_call() -> None:
    found = report(0.4, 0.6).to_json()
    assert (found["cpu_s_per_turn"], found["cpu_s_per_call_minute"]) == (1.0, 1.0)


@pytest.mark.parametrize(("before_s", "now_s", "worse"), [(0.5, 0.52, False), (0.5, 0.7, True), (0.7, 0.5, False)])
def test_a_run_worse_than_the_last_of_its_kind_is_told(
    tmp_path: Path, before_s: float, now_s: float, worse: bool
) -> None:
    history = tmp_path / "history.jsonl"
    assert remember(history, kept(before_s)) == ""
    assert bool(remember(history, kept(now_s))) is worse
    assert len(history.read_text().splitlines()) == 2


def test_runs_of_another_kind_are_not_compared(tmp_path: Path) -> None:
    history = tmp_path / "history.jsonl"
    remember(history, kept(0.5, calls=8))
    assert remember(history, kept(0.9)) == ""
