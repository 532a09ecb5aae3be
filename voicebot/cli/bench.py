"""``voicebot bench turn|calls|asr|nlu|pages``: figures of the whole service; slow, run by hand."""

import json
from contextlib import AsyncExitStack
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from voicebot.cli.bench_pages import pages
from voicebot.cli.bench_turn import turn
from voicebot.cli.failures import WorkFailed, WrongUsage
from voicebot.cli.options import CONFIG, ConfigOption, JsonOption, console, expected_errors, print_json, run
from voicebot.clock import PARIS

if TYPE_CHECKING:
    from voicebot.cli.bench_calls import Sizes
    from voicebot.dialog.nlu.evaluate import Report, Score

EXPECTED_ERRORS = expected_errors()

TEST_SET = Path("tests/nlu/test.tsv")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    bench = typer.Typer(no_args_is_help=True, help="Measure the service on this machine.")
    bench.callback()(_bench)
    bench.command("turn")(turn)
    bench.command("nlu")(nlu)
    bench.command("asr")(asr)
    bench.command("calls")(calls)
    bench.command("pages")(pages)
    app.add_typer(bench, name="bench")


def _bench() -> None:
    """Measure the service on this machine."""


def calls(
    parts: Annotated[
        list[str] | None, typer.Option("--part", help="load, delays, spoken, row or restart (default: all).")
    ] = None,
    simultaneous: Annotated[int, typer.Option("--calls", min=1, max=100, help="Simultaneous calls.")] = 50,
    seconds: Annotated[int, typer.Option("--seconds", min=5, help="How long they are held.")] = 60,
    callers: Annotated[int, typer.Option("--callers", min=1, help="Callers who ask aloud at the same time.")] = 10,
    each: Annotated[int, typer.Option("--questions", min=1, help="Questions that each of them asks.")] = 3,
    row: Annotated[int, typer.Option("--row", min=30, help="Calls placed one after another.")] = 1000,
    config: ConfigOption = CONFIG,
    as_json: JsonOption = False,
) -> None:
    """Measure what the telephone line bears: real calls over loopback, answered by a service of its own."""
    from voicebot.cli.bench_calls import PARTS, Sizes, calls_table, missed

    chosen = parts or list(PARTS)
    if unknown := [part for part in chosen if part not in PARTS]:
        raise WrongUsage(f"--part {unknown[0]}: choose among {', '.join(PARTS)}")
    report = run(_calls(config, chosen, Sizes(simultaneous, seconds, callers, each, row)))
    if as_json:
        print_json(report)
    else:
        for table in calls_table(report):
            console().print(table)
    if beyond := missed(report):
        raise WorkFailed("beyond the target: " + "; ".join(beyond))


async def _calls(config: Path, parts: list[str], sizes: "Sizes") -> dict[str, Any]:
    from rich.progress import Progress

    from voicebot.bench.questions import questions
    from voicebot.cli.bench_calls import measure
    from voicebot.config import load_settings

    settings = load_settings(config)
    asked = await questions(settings, sizes.callers * sizes.questions) if "spoken" in parts else []
    with Progress(console=console(), transient=True) as bars:
        report = await measure(config, parts, sizes, asked, bars)
    report["at"] = datetime.now(PARIS).isoformat(timespec="seconds")
    settings.paths.data.mkdir(parents=True, exist_ok=True)
    with (settings.paths.data / "bench-calls.jsonl").open("a", encoding="utf-8") as history:
        history.write(json.dumps(report, ensure_ascii=False) + "\n")
    return report


def nlu(
    labelled: Annotated[Path, typer.Option("--set", metavar="FILE.tsv", help="The labelled utterances.")] = TEST_SET,
    audio: Annotated[bool, typer.Option("--audio", help="Spoken, sent down a line and recognised first.")] = False,
    limit: Annotated[int, typer.Option("--limit", help="Draw that many utterances (0: all).")] = 0,
    page: Annotated[Path | None, typer.Option("--html", metavar="OUT.html", help="Write the report there.")] = None,
    cheap: Annotated[bool, typer.Option("--no-meaning", help="Without the semantic view.")] = False,
    strings: Annotated[int, typer.Option("--strings", help="Instead, throw that many random texts.")] = 0,
    config: ConfigOption = CONFIG,
    as_json: JsonOption = False,
) -> None:
    """Measure how well requests are understood, on utterances kept apart from the examples."""
    if strings:
        _throw(strings, cheap, config)
        return
    report, voices = run(_nlu(labelled, audio, limit, cheap, config))
    target = page or _default_page(config)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(report.to_html(), encoding="utf-8")
    document = {
        "set": str(labelled),
        "audio": audio,
        "outright": _share(report.outright),
        "acceptable": _share(report.acceptable),
        "false_accepts": _share(report.false_accepts),
        "entities": _share(report.entities),
        "calibration_error": round(report.calibration_error, 3),
        "median_ms": round(report.median_ms, 2),
        "p99_ms": round(report.p99_ms, 2),
        "confusions": [list(pair) for pair in report.confusions[:10]],
        "per_entity": {name: str(score) for name, score in report.per_entity.items()},
        "page": str(target),
    }
    for name, one in voices.items():
        document[name] = f"outright {one.outright}, acceptable {one.acceptable}, false accepts {one.false_accepts}"
    if as_json:
        print_json(document)
        return
    _show_nlu(report, document)


def _default_page(config: Path) -> Path:
    from voicebot.config import load_settings

    return load_settings(config).paths.data / "bench-nlu.html"


def _show_nlu(report: "Report", document: dict[str, Any]) -> None:
    from rich.table import Table

    screen = console()
    intents = Table("intent", "right", title="By intent, worst first")
    for intent, score in sorted(report.per_intent.items(), key=lambda item: item[1].share):
        intents.add_row(intent, str(score))
    screen.print(intents)
    pairs = Table("asked", "understood", "times", title="Confusions")
    for asked, understood, times in report.confusions[:20]:
        pairs.add_row(asked, understood, str(times))
    screen.print(pairs)
    sureness = Table("mean confidence", "share right", "utterances", title="Calibration")
    for mean, share, count in report.calibration:
        sureness.add_row(f"{mean:.2f}", f"{share:.2f}", str(count))
    screen.print(sureness)
    for name in ("outright", "acceptable", "false_accepts", "entities"):
        screen.print(f"{name}: {getattr(report, name)}")
    done = {"set", "audio", "outright", "acceptable", "false_accepts", "entities", "confusions"}
    for name in [key for key in document if key not in done]:
        screen.print(f"{name}: {document[name]}")


def _throw(count: int, cheap: bool, config: Path) -> None:
    from voicebot.app import open_profile
    from voicebot.bench.random_texts import throw
    from voicebot.config import load_settings

    profile = open_profile(load_settings(config), meaning=not cheap)
    thrown = throw(profile.understander, count, datetime.now(PARIS))
    console().print(f"{thrown.count} texts, {len(thrown.raised)} raised, slowest {thrown.slowest_ms:.0f} ms")
    if thrown.raised:
        raise WorkFailed("understanding raised: " + "; ".join(thrown.raised[:5]))


async def _nlu(
    labelled: Path, audio: bool, limit: int, cheap: bool, config: Path
) -> "tuple[Report, dict[str, Report]]":
    from rich.progress import Progress

    from voicebot.app import open_profile, open_service
    from voicebot.bench.nlu import by_voice, measure, sample, spoken
    from voicebot.config import load_settings

    settings = load_settings(config)
    rows = sample(labelled, limit)
    profile = open_profile(settings, meaning=not cheap)
    if audio:
        async with AsyncExitStack() as stack:
            service = await open_service(settings, stack)
            with Progress(console=console(), transient=True) as bars:
                bar = bars.add_task("utterances", total=len(rows))
                vocabulary = profile.knowledge.vocabulary
                rows = await spoken(service, rows, vocabulary, lambda: bars.advance(bar))
    return measure(profile, rows), by_voice(profile, rows) if audio else {}


def _share(score: "Score") -> dict[str, float | int]:
    return {"share": round(score.share, 4), "good": score.good, "total": score.total}


def asr(
    limit: Annotated[int, typer.Option("--limit", min=1, help="Human sentences to recognise.")] = 60,
    communes: Annotated[bool, typer.Option("--communes", help="Spoken names of communes instead.")] = False,
    phones: Annotated[bool, typer.Option("--phones", help="Dictated telephone numbers instead.")] = False,
    yesno: Annotated[bool, typer.Option("--yesno", help="Spoken yes and no instead.")] = False,
    config: ConfigOption = CONFIG,
    as_json: JsonOption = False,
) -> None:
    """Measure recognition: human telephone sentences (Debian's Asterisk prompts), communes, numbers, yes and no."""
    from voicebot.cli.bench_asr import ClipsMissing, asr_table

    try:
        if yesno:
            report = run(_yesno(limit, config))
        else:
            report = run(_phones(limit, config) if phones else _asr(limit, communes, config))
    except ClipsMissing as error:
        raise WorkFailed(str(error)) from error
    if as_json:
        print_json(report)
    else:
        console().print(asr_table(report))


async def _phones(limit: int, config: Path) -> dict[str, Any]:
    from voicebot.app import open_service
    from voicebot.bench.phones import dictations, figures, taken
    from voicebot.config import load_settings

    async with AsyncExitStack() as stack:
        service = await open_service(load_settings(config), stack)
        said = await taken(service, dictations(limit), datetime(2026, 11, 24, 10, 0, tzinfo=PARIS))
        return {"engine": service.recognizer.name, **figures(said)}


async def _yesno(limit: int, config: Path) -> dict[str, Any]:
    from voicebot.app import open_service
    from voicebot.bench.yesno import answers, figures
    from voicebot.config import load_settings

    async with AsyncExitStack() as stack:
        service = await open_service(load_settings(config), stack)
        return {"engine": service.recognizer.name, **figures([one async for one in answers(service, limit)])}


async def _asr(limit: int, communes: bool, config: Path) -> dict[str, Any]:
    from voicebot.app import open_recognizer, open_service
    from voicebot.bench.communes import choices, clips
    from voicebot.cli.bench_asr import Utterance, bench_asr, human_clips
    from voicebot.config import load_settings

    settings = load_settings(config)
    async with AsyncExitStack() as stack:
        if not communes:
            return await bench_asr(open_recognizer(settings, stack), human_clips(limit))
        service = await open_service(settings, stack)
        spoken = [
            Utterance(pcm, 8000, text, choice=commune, group=group)
            async for pcm, text, commune, group in clips(service)
        ]
        return await bench_asr(service.recognizer, spoken, choices(service))
