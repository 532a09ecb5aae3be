"""How another assistant is asked the same questions: its process, the order of the sides, the ratio of their delays."""

import asyncio
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from voicebot.bench.peer import Alternation, Compared, Peer, PeerAnswer, PeerError, peer
from voicebot.bench.questions import Question
from voicebot.bench.turn import Asked, Plan
from voicebot.bench.turn_report import Answered
from voicebot.cli.bench_peer import peer_table, plan_beside
from voicebot.cli.failures import WrongUsage

SCRIPTED = "tests.bench.scripted_peer"
READY = {"ready": {"name": "scripted", "recognition": "whisper", "voice": "pico"}}
QUESTION = Question("Où ?", "pico", np.zeros(1600, np.int16), np.zeros(800, np.int16), 1200, hesitant=False)


def asked(text: str = "Où ?") -> Asked:
    return Asked(QUESTION, rendered=True, intent=text)


def asks(part: Mapping[str, Any], said: str = "Ici.") -> tuple[PeerAnswer, Peer]:
    async def ask() -> tuple[PeerAnswer, Peer]:
        async with peer("pipecat", Path(sys.executable), part, SCRIPTED) as ready:
            return await ready.ask(QUESTION, lambda heard: said), ready

    return asyncio.run(ask())


def test_the_peer_hears_the_very_sound_and_its_answer_is_ours() -> None:
    answer, ready = asks({"first": READY}, said="too early")
    assert ready.described["name"] == "scripted"
    assert answer == PeerAnswer("Où ?", "1600 samples", 1.5, cut_off=True, cpu_s=2.0)
    assert ready.peak_mb == 300.0


def test_a_peer_that_ends_half_way_is_told_with_its_last_words() -> None:
    with pytest.raises(PeerError, match=r"(?s)status 3.*out of luck"):
        asks({"first": READY, "dies": "out of luck"})


def test_a_peer_that_does_not_start_says_why() -> None:
    with pytest.raises(PeerError, match="no such model"):
        asks({"first": {"failed": "no such model"}})


def test_an_interpreter_that_is_not_there_is_told_with_how_to_have_one(tmp_path: Path) -> None:
    async def open_it() -> None:
        async with peer("pipecat", tmp_path / "python", {}):
            pass

    with pytest.raises(PeerError, match=r"--peer-python.*pip install -e '\.\[peer\]'"):
        asyncio.run(open_it())


def test_the_missing_extra_is_told_with_how_to_install_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hidden = tmp_path / "pipecat"
    hidden.mkdir()
    (hidden / "__init__.py").write_text("raise ModuleNotFoundError(\"No module named 'pipecat'\", name='pipecat')\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))

    async def open_it() -> None:
        async with peer("pipecat", Path(sys.executable), {"whisper": "w", "models": "m", "tts": {}}):
            pass

    with pytest.raises(PeerError, match=r"not installed.*-m venv.*'\.\[peer\]'.*--peer-python"):
        asyncio.run(open_it())


def test_each_question_is_asked_on_both_sides_and_the_first_side_changes() -> None:
    order: list[str] = []

    async def ours() -> None:
        order.append("ours")

    async def theirs(question: Asked) -> PeerAnswer:
        order.append("theirs")
        return PeerAnswer(question.question.text)

    async def both() -> Alternation:
        sides = Alternation(theirs)
        for _ in range(3):
            await sides(asked(), ours)
        return sides

    assert len(asyncio.run(both()).answers) == 3
    assert order == ["ours", "theirs", "theirs", "ours", "ours", "theirs"]


def test_without_a_peer_only_ours_are_asked() -> None:
    held: list[int] = []

    async def ours() -> None:
        held.append(1)

    sides = Alternation(None)
    asyncio.run(sides(asked(), ours))
    assert (held, sides.answers) == ([1], [])


def found(*delays_s: tuple[float | None, float | None]) -> dict[str, Any]:
    ours = [Answered(f"q{n}", rendered=n > 0, delay_s=one) for n, (one, _) in enumerate(delays_s)]
    theirs = [PeerAnswer(f"q{n}", delay_s=other, cpu_s=3.0) for n, (_, other) in enumerate(delays_s)]
    return Compared(ours, theirs, READY["ready"], 640.4).to_json()


def test_the_ratio_is_our_median_divided_by_the_peers() -> None:
    report = found((0.9, 3.0), (0.5, 2.0), (0.4, 1.0))
    assert report["ratio"]["p50"] == 0.25
    assert report["ratio_unrendered"]["p50"] == 0.3
    assert (report["cpu_s_per_turn"], report["peak_memory_mb"]) == (3.0, 640)


def test_a_question_the_peer_leaves_unanswered_is_counted_and_makes_no_ratio() -> None:
    report = found((0.5, None))
    assert report["unanswered"] == 1
    assert report["ratio"] == {"p50": None, "p95": None}


def test_the_table_shows_both_sides() -> None:
    report = {**found((0.5, 2.0)), "recognition": "whisper"}
    ours = {"answer_delay_ms": {"p50": 500}, "unanswered": 0, "cut_off_early": 0, "cpu_s_per_turn": 0.8}
    table = peer_table({**ours, "peak_memory_mb": 600, "peer": report})
    assert [next(iter(column.cells)) for column in table.columns] == ["answer delay p50, ms", "500", "2000"]


@pytest.mark.parametrize(
    ("name", "plan", "why"),
    [
        ("rasa", Plan(), "there is pipecat"),
        ("pipecat", Plan(calls=4), "--calls"),
        ("pipecat", Plan(together=True), "--together"),
    ],
)
def test_a_peer_that_cannot_be_compared_so_is_wrong_usage(name: str, plan: Plan, why: str) -> None:
    with pytest.raises(WrongUsage, match=why):
        plan_beside(name, plan)


def test_the_peer_takes_the_pause_between_our_questions() -> None:
    assert plan_beside("pipecat", Plan(seed=5)) == Plan(every_s=0.0, seed=5)
