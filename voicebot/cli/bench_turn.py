"""``voicebot bench turn``: how long callers wait for an answer, alone, together, and what it costs."""

import time
from contextlib import AsyncExitStack
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from voicebot.bench.chosen import Chosen
from voicebot.cli.bench_peer import NOBODY, Asking, peer_beside, peer_table, plan_beside
from voicebot.cli.options import CONFIG, ConfigOption, JsonOption, console, print_json, run
from voicebot.clock import PARIS

HISTORY = "bench-turn.jsonl"
_EVERY_S = 12.0


def turn(
    limit: Annotated[int, typer.Option("--limit", help="Ask that many of the questions (0: all).")] = 0,
    calls: Annotated[int, typer.Option("--calls", min=1, help="Simultaneous callers.")] = 1,
    every: Annotated[float, typer.Option("--every", min=0.0, help="Seconds between a caller's turns.")] = _EVERY_S,
    together: Annotated[bool, typer.Option("--together", help="All callers fall silent at the same moment.")] = False,
    seed: Annotated[int, typer.Option("--seed", help="Draws the moments at which callers speak.")] = 1,
    peer: Annotated[str, typer.Option("--peer", metavar="NAME", help="Ask this one too, in turn: pipecat.")] = "",
    peer_python: Annotated[
        Path | None, typer.Option("--peer-python", metavar="PATH", help="The interpreter that has the peer.")
    ] = None,
    chosen: Annotated[
        Chosen, typer.Option("--questions", help="The fixed set, or one held out from all tuning.")
    ] = Chosen.FIXED,
    config: ConfigOption = CONFIG,
    as_json: JsonOption = False,
) -> None:
    """Measure how long callers wait for an answer, from the true end of their speech, in real time."""
    from voicebot.bench.turn import Plan

    plan = Plan(calls, every, seed, together)
    asking = (peer, peer_python) if peer else NOBODY
    report, notice = run(_turn((chosen, limit), plan_beside(peer, plan) if peer else plan, config, asking))
    if as_json:
        print_json(report)
    else:
        _show(report)
        if "peer" in report:
            console().print(peer_table(report))
    if notice:
        console().print(notice)


async def _turn(which: tuple[Chosen, int], plan: Any, config: Path, asking: Asking) -> tuple[dict[str, Any], str]:
    from rich.progress import Progress

    from voicebot.app import open_service
    from voicebot.bench.interruptions import interruptions
    from voicebot.bench.peer import compared, in_turn
    from voicebot.bench.questions import questions
    from voicebot.bench.turn import rehearse_answers, set_stage, strike
    from voicebot.bench.turn import run as ask_all
    from voicebot.bench.turn_report import remember
    from voicebot.config import load_settings
    from voicebot.load import Load

    settings = load_settings(config)
    async with AsyncExitStack() as stack:
        beside = await stack.enter_async_context(peer_beside(settings, asking))
        load = Load(time.monotonic, settings.load)
        service = await open_service(settings, stack, load=load)
        chosen, limit = which
        asked = await questions(settings, limit, chosen)
        stage = await set_stage(service)
        stack.push_async_callback(strike, stage)
        with Progress(console=console(), transient=True) as bars:
            bar = bars.add_task("answers rendered", total=len(asked))
            known = await rehearse_answers(stage, asked, lambda: bars.advance(bar))
            bar = bars.add_task("questions", total=len(asked))
            around = in_turn(stage, beside)
            measured = await ask_all(stage, known, plan, lambda: bars.advance(bar), around)
        report: dict[str, Any] = {
            "at": datetime.now(PARIS).isoformat(timespec="seconds"),
            "recognition": service.recognizer.name,
            "voice": service.voice.name,
            "calls": plan.calls,
            "every_s": plan.every_s,
            "together": plan.together,
            **({} if chosen is Chosen.FIXED else {"questions": chosen.value}),
            "load_step_s": {str(int(step)): round(seconds, 1) for step, seconds in load.spent_s().items()},
            **measured.to_json(),
            **(await interruptions(stage, asked)).to_json(),
            "worst": [
                {
                    "text": one.text,
                    "heard": one.heard,
                    "delay_ms": None if one.delay_s is None else round(one.delay_s * 1000),
                    "cut_off": one.cut_off,
                    "rendered": one.rendered,
                    "parts_ms": {part: round(value * 1000) for part, value in one.parts_s.items()},
                }
                for one in measured.worst()
            ],
            **compared(beside, measured, around),
        }
    return report, remember(settings.paths.data / HISTORY, report)


def _show(report: dict[str, Any]) -> None:
    table = Table("ms", "p50", "p90", "p95", "max", title=f"{report['recognition']}, {report['voice']}")
    rows = [
        ("answer delay", report["answer_delay_ms"]),
        ("  rendered", report["rendered_ms"]),
        ("  not rendered", report["unrendered_ms"]),
        *report["parts_ms"].items(),
    ]
    for name, spread in rows:
        table.add_row(name, *(str(spread.get(cut, "")) for cut in ("p50", "p90", "p95", "max")))
    screen = console()
    screen.print(table)
    for key, value in report.items():
        if value is not None and not isinstance(value, dict | list):
            screen.print(f"{key}: {value}")
    screen.print(f"seconds at each step of load: {report['load_step_s']}")
    screen.print(_work(report))
    for one in report["worst"]:
        screen.print(f"{one['delay_ms']} ms{' CUT' if one['cut_off'] else ''}: {one['text']} | {one['heard']}")


def _work(report: dict[str, Any]) -> Table:
    """Where the time of a turn goes: by stage, and the processor's by thread."""
    table = Table("a turn", "times", "ms", title="work")
    for name, spent in report["work_per_turn"].items():
        table.add_row(name, str(spent["times"]), str(spent["ms"]))
    for name, cpu_s in report["cpu_s_per_turn_by_thread"].items():
        table.add_row(f"processor, {name}", "", str(round(1000 * cpu_s)))
    return table
