"""What ``voicebot bench turn`` found: the delays, their parts, the mistakes, the cost; and whether it got worse."""

import json
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from voicebot.effort import Spent

PARTS = ("end_of_turn", "recognition", "understanding", "voice")
_WORSE_RATIO, _WORSE_MS = 1.15, 50
_HOLE_S = 0.3
_COMPARED = ("calls", "every_s", "turns_asked", "recognition", "voice", "together", "questions")


@dataclass(frozen=True, slots=True)
class Answered:
    """What one question gave. Seconds. ``delay_s`` is ``None`` when no answer came.

    ``cut_off``: the assistant began to answer, or took the turn as over, before the caller had finished; ``joined``: it
    fell silent at once and answered the whole. ``understood``: the intent is the one the words have when typed.
    ``hole_s``: the longest silence in the answer for want of sound. ``cpu_s``: what the process used during the call,
    when it was alone.
    """

    text: str
    rendered: bool = True
    heard: str = ""
    delay_s: float | None = None
    cut_off: bool = False
    joined: bool = False
    hesitant: bool = False
    understood: bool = False
    turns: int = 0
    parts_s: Mapping[str, float] = field(default_factory=dict)
    hole_s: float = 0.0
    cpu_s: float | None = None


@dataclass(frozen=True, slots=True)
class Cost:
    """What a run took. ``call_s`` is the length of all calls together; ``late``: how far a frame missed its time.

    ``threads_s``: processor time by kind of thread; ``stages``: how often each stage of the work was done, and how long
    it took.
    """

    cpu_s: float
    wall_s: float
    call_s: float
    peak_mb: float
    late_ms_p99: float
    late_frames: int
    frames: int
    loop_ms_max: float
    loop_over_2_ms: int
    loop_slowest: Mapping[str, float] = field(default_factory=dict)
    threads_s: Mapping[str, float] = field(default_factory=dict)
    stages: Mapping[str, Spent] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TurnReport:
    """The delays of a whole run with their parts, and what they cost."""

    answered: Sequence[Answered]
    cost: Cost

    def delays_s(self, rendered: bool | None = None) -> list[float]:
        """Return the delays, shortest first: all, or those of answers rendered beforehand or not."""
        kept = [one for one in self.answered if rendered is None or one.rendered is rendered]
        return sorted(one.delay_s for one in kept if one.delay_s is not None)

    def to_json(self) -> dict[str, Any]:
        """Return the report as the command prints it."""
        answered, cost = self.answered, self.cost
        turns = max(1, len(answered))
        return {
            "turns_asked": len(answered),
            "unanswered": sum(one.delay_s is None for one in answered),
            "cut_off_early": sum(one.cut_off for one in answered),
            "cut_off_then_joined": sum(one.joined for one in answered),
            "understood_as_typed": sum(one.understood for one in answered),
            "answer_delay_ms": spread(self.delays_s()),
            "rendered_ms": spread(self.delays_s(rendered=True)),
            "holes_over_300_ms": sum(one.hole_s > _HOLE_S for one in answered),
            "longest_hole_ms": round(1000 * max((one.hole_s for one in answered), default=0.0)),
            "unrendered_ms": spread(self.delays_s(rendered=False)),
            "parts_ms": {
                part: spread(sorted(one.parts_s[part] for one in answered if part in one.parts_s)) for part in PARTS
            },
            "cpu_s_per_turn": round(cost.cpu_s / turns, 3),
            "cpu_s_per_rendered_turn": self._cpu_s(rendered=True),
            "cpu_s_per_unrendered_turn": self._cpu_s(rendered=False),
            "cpu_s_per_turn_by_thread": {
                name: round(cpu_s / turns, 3) for name, cpu_s in sorted(cost.threads_s.items(), key=lambda one: -one[1])
            },
            "work_per_turn": {
                name: {"times": round(spent.count / turns, 2), "ms": round(1000 * spent.seconds / turns)}
                for name, spent in sorted(cost.stages.items(), key=lambda one: -one[1].seconds)
            },
            "cpu_s_per_call_minute": round(cost.cpu_s / max(1.0, cost.call_s) * 60.0, 2),
            "peak_memory_mb": round(cost.peak_mb),
            "frame_late_ms_p99": round(cost.late_ms_p99, 1),
            "frames_late_20_ms": cost.late_frames,
            "frames": cost.frames,
            "loop_held_ms_max": round(cost.loop_ms_max, 1),
            "loop_held_over_2_ms": cost.loop_over_2_ms,
            "loop_slowest_ms": {name: round(ms, 1) for name, ms in cost.loop_slowest.items()},
        }

    def _cpu_s(self, rendered: bool) -> float | None:
        """The mean processor time of calls that were alone, by whether their answer was rendered beforehand."""
        known = [one.cpu_s for one in self.answered if one.rendered is rendered and one.cpu_s is not None]
        return round(statistics.fmean(known), 3) if known else None

    def worst(self, count: int = 5) -> list[Answered]:
        """Return the questions that were cut off, unanswered, or answered last."""
        return sorted(self.answered, key=lambda one: (not one.cut_off, one.delay_s is not None, -(one.delay_s or 0)))[
            :count
        ]


def spread(values_s: Sequence[float]) -> dict[str, int]:
    """Return the middle and the far end of sorted values, in ms; nothing of nothing."""
    if not values_s:
        return {}
    cuts = statistics.quantiles(values_s, n=100, method="inclusive") if len(values_s) > 1 else [values_s[0]] * 99
    return {name: round(cuts[cut] * 1000) for name, cut in (("p50", 49), ("p90", 89), ("p95", 94))} | {
        "max": round(values_s[-1] * 1000)
    }


def remember(history: Path, report: Mapping[str, Any]) -> str:
    """Add a report to the history; return a notice when it is worse than the last one of the same kind, else "".

    Raises:
        OSError: the history cannot be written.
    """
    before = _last_like(history, report)
    history.parent.mkdir(parents=True, exist_ok=True)
    with history.open("a", encoding="utf-8") as file:
        file.write(json.dumps(report, ensure_ascii=False) + "\n")
    return "" if before is None else _worse(before, report)


def _last_like(history: Path, report: Mapping[str, Any]) -> Mapping[str, Any] | None:
    if not history.is_file():
        return None
    for line in reversed(history.read_text(encoding="utf-8").splitlines()):
        try:
            kept = json.loads(line)
        except json.JSONDecodeError:
            continue
        if isinstance(kept, dict) and all(kept.get(key) == report.get(key) for key in _COMPARED):
            return kept
    return None


def _worse(before: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    slower = [
        f"{cut} {before['answer_delay_ms'][cut]} -> {now['answer_delay_ms'][cut]} ms"
        for cut in ("p50", "p95")
        if cut in before.get("answer_delay_ms", {})
        and cut in now["answer_delay_ms"]
        and now["answer_delay_ms"][cut]
        > max(before["answer_delay_ms"][cut] * _WORSE_RATIO, before["answer_delay_ms"][cut] + _WORSE_MS)
    ]
    slower += [
        f"{key} {before[key]} -> {now[key]}"
        for key in ("cut_off_early", "unanswered", "false_barge_ins")
        if key in before and key in now and now[key] > before[key]
    ]
    return f"worse than on {before.get('at', 'an earlier day')}: {', '.join(slower)}" if slower else ""
