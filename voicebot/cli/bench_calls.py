"""``voicebot bench calls``: what the telephone line bears, against what it must."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.progress import Progress
from rich.table import Table

if TYPE_CHECKING:
    from voicebot.bench.questions import Question

PARTS = ("load", "delays", "spoken", "row", "restart")


@dataclass(frozen=True, slots=True)
class Target:
    """What a figure must not exceed; ``where`` names it: the part, then its keys."""

    where: tuple[str, ...]
    most: float
    unit: str
    what: str


TARGETS = (
    Target(("load", "starved_frames"), 0, "", "starved frames, all calls together"),
    Target(("load", "late_ms_p99"), 19, "ms", "frame lateness, 99 % of the frames of the worst call"),
    Target(("load", "core_percent_per_call"), 1.8, "%", "of a core per call"),
    Target(("delays", "wire_to_recogniser_ms", "p95"), 60, "ms", "wire to recogniser, 95 % of the frames"),
    Target(("delays", "prompt_to_wire_ms", "p95"), 65, "ms", "beginning of a prompt to wire, 95 % of them"),
    Target(("delays", "relay_to_wire_ms", "p95"), 75, "ms", "running sound to wire, 95 % of the frames"),
    Target(("spoken", "unanswered"), 0, "", "spoken questions unanswered"),
    Target(("spoken", "dropped"), 0, "", "spoken callers dropped"),
    Target(("row", "not_answered"), 0, "", "calls in a row not answered"),
    Target(("row", "calls_left"), 0, "", "calls left after they ended"),
    Target(("row", "files_left"), 0, "", "files left open"),
    Target(("row", "threads_left"), 0, "", "threads left running"),
    Target(("row", "tasks_left"), 0, "", "tasks left running"),
    Target(("row", "kb_per_call"), 1.0, "kB", "memory not given back per call"),
    Target(("spoken", "memory_mb"), 700, "MB", "resident once the spoken calls are over, models included"),
    Target(("restart", "answered_after_s"), 4.0, "s", "from a new start to the first answer"),
)


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much to measure."""

    calls: int
    seconds: int
    callers: int
    questions: int
    row: int


async def measure(
    config: Path, parts: Sequence[str], sizes: Sizes, questions: Sequence["Question"], bars: Progress
) -> dict[str, Any]:
    """Run the ``parts`` asked for, each with its bar; return their figures by part."""
    from voicebot.bench import calls

    def tracked(name: str, total: int) -> Callable[[int], None]:
        bar = bars.add_task(name, total=total)
        return lambda done: bars.advance(bar, done)

    runs: Mapping[str, Callable[[], Awaitable[dict[str, Any]]]] = {
        "load": lambda: calls.load(config, sizes.calls, sizes.seconds, tracked("load", sizes.seconds)),
        "delays": lambda: calls.delays(config, 4, 15, tracked("delays", 15)),
        "spoken": lambda: calls.spoken(
            config, sizes.callers, sizes.questions, questions, tracked("spoken", sizes.callers * sizes.questions)
        ),
        "row": lambda: calls.row(config, sizes.row, 10, tracked("row", sizes.row)),
        "restart": lambda: calls.restart(config, 3),
    }
    return {part: await runs[part]() for part in parts}


def figure(report: Mapping[str, Any], where: Sequence[str]) -> float | None:
    """Return the figure of a report, ``None`` when its part was not measured."""
    found: Any = report
    for key in where:
        if not isinstance(found, Mapping) or key not in found:
            return None
        found = found[key]
    return float(found)


def missed(report: Mapping[str, Any]) -> list[str]:
    """Return what is beyond its target."""
    return [
        target.what for target in TARGETS if (value := figure(report, target.where)) is not None and value > target.most
    ]


def calls_table(report: Mapping[str, Any]) -> list[Table]:
    """Return the tables to show: figures against targets, then everything measured."""
    verdict = Table("figure", "measured", "at most", "", title="The line, on this machine")
    for target in TARGETS:
        value = figure(report, target.where)
        if value is not None:
            good = "[green]good[/]" if value <= target.most else "[red]beyond[/]"
            verdict.add_row(target.what, f"{value:g} {target.unit}", f"{target.most:g} {target.unit}", good)
    details = Table("part", "figure", "value", title="Everything measured")
    for part in PARTS:
        for key, value in report.get(part, {}).items():
            details.add_row(part, key, str(value))
    return [verdict, details]
