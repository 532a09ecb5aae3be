"""How well the engine understands a labelled set: accuracy, confusions, false accepts, calibration, milliseconds."""

import html
import json
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from voicebot.dialog.nlu.base import Background, Understander, Understanding, Verdict
from voicebot.dialog.nlu.errors import NluDataError
from voicebot.dialog.nlu.examples import OTHER
from voicebot.dialog.nlu.lexicon import stems_of

NOW = datetime(2026, 11, 24, 10, 0, tzinfo=ZoneInfo("Europe/Paris"))
"""The moment labelled sets are spoken at, for the dates they hold."""

_BINS = 10

Guide = Callable[[str], str | None]
"""The sorting guide's name of an object, or ``None`` when it does not know it."""


@dataclass(frozen=True, slots=True)
class Row:
    """One labelled utterance: the first intent is the right one, the others are acceptable too."""

    text: str
    intents: tuple[str, ...]
    entities: dict[str, str]
    alternatives: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one row. ``cpu_ms`` is processor time, ``wall_ms`` what a caller would wait."""

    row: Row
    understood: Understanding
    right: bool
    acceptable: bool
    false_accept: bool
    entities_right: int
    missed: tuple[str, ...]
    cpu_ms: float
    wall_ms: float


@dataclass(frozen=True, slots=True)
class Score:
    """How many of how many."""

    good: int = 0
    total: int = 0

    @property
    def share(self) -> float:
        """The share, 0 to 1 (1 of nothing)."""
        return self.good / self.total if self.total else 1.0

    def __str__(self) -> str:
        return f"{100 * self.share:.1f} % ({self.good}/{self.total})"


@dataclass(frozen=True, slots=True)
class Report:
    """The figures of an evaluation.

    ``outright``: right intent, acted upon. ``acceptable``: that, or a clarification that offers it. Both in scope.
    ``false_accepts``: out-of-scope utterances answered as if understood. ``calibration``: per tenth of confidence,
    mean confidence, share right and count, and ``calibration_error`` the weighted mean gap.
    """

    outright: Score
    acceptable: Score
    false_accepts: Score
    entities: Score
    per_intent: dict[str, Score]
    per_entity: dict[str, Score]
    confusions: tuple[tuple[str, str, int], ...]
    calibration: tuple[tuple[float, float, int], ...]
    calibration_error: float
    median_ms: float
    p99_ms: float
    failures: tuple[Outcome, ...] = field(default=())

    def to_html(self) -> str:
        """Return the report as one self-contained page, in French."""
        return _page(self)


def read_rows(file: Path) -> list[Row]:
    """Return the labelled utterances of a TSV file: text, ``intent|acceptable``, entities as JSON.

    Raises:
        NluDataError: a line does not have these columns.
    """
    return [row for conversation in read_conversations(file) for row in conversation]


def read_conversations(file: Path) -> list[list[Row]]:
    """Return the turns of each conversation of a TSV file, told apart by empty lines; columns as in ``read_rows``.

    Raises:
        NluDataError: a line does not have these columns.
    """
    conversations: list[list[Row]] = [[]]
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
        if not line.strip():
            conversations.append([])
        if not line.strip() or line.startswith(("#", "text\tintent")):
            continue
        cells = line.split("\t")
        try:
            entities = json.loads(cells[2]) if len(cells) > 2 and cells[2].strip() else {}
            intents = tuple(part.strip() for part in cells[1].split("|") if part.strip())
        except (IndexError, json.JSONDecodeError) as problem:
            raise NluDataError(file, f"line {number}", "needs text, intent and JSON separated by tabs") from problem
        if not intents or not isinstance(entities, dict):
            raise NluDataError(file, f"line {number}", "needs text, intent and a JSON object separated by tabs")
        conversations[-1].append(Row(cells[0], intents, {str(k): str(v) for k, v in entities.items()}))
    return [turns for turns in conversations if turns]


def evaluate(engine: Understander, rows: Iterable[Row], now: datetime = NOW, guide: Guide | None = None) -> Report:
    """Return how well ``engine`` understands ``rows``, each taken as the first turn of a conversation at ``now``.

    ``guide`` gives the sorting guide's own name of an object, which counts as right when the caller used another.
    """
    return summarise([_measured(engine, row, Background(now), guide) for row in rows])


def followed(
    engine: Understander, turns: Iterable[Row], now: datetime = NOW, guide: Guide | None = None
) -> list[Outcome]:
    """Return what came of the turns of one conversation, each heard after the last request that was understood."""
    background = Background(now)
    outcomes: list[Outcome] = []
    for row in turns:
        outcomes.append(_measured(engine, row, background, guide))
        understood = outcomes[-1].understood
        if understood.verdict is Verdict.SURE and "." in understood.intent:
            last = understood.next or understood
            background = Background(now, None, last.intent, last.entities)
    return outcomes


def _measured(engine: Understander, row: Row, background: Background, guide: Guide | None) -> Outcome:
    wall, cpu = time.perf_counter(), time.process_time()
    understood = engine.understand(row.text, row.alternatives, background)
    cpu_ms, wall_ms = (time.process_time() - cpu) * 1e3, (time.perf_counter() - wall) * 1e3
    return _outcome(row, understood, cpu_ms, wall_ms, guide)


def _outcome(row: Row, understood: Understanding, cpu_ms: float, wall_ms: float, guide: Guide | None) -> Outcome:
    accepted = understood.verdict is Verdict.SURE and understood.intent != OTHER
    right = understood.intent in row.intents and (accepted or OTHER in row.intents)
    offered = {candidate.intent for candidate in understood.candidates[:2]}
    clarified = understood.verdict is Verdict.UNSURE and bool(offered.intersection(row.intents))
    found = _all_entities(understood)
    missed = tuple(
        f"{name}={value} (heard {found.get(name)})"
        for name, value in row.entities.items()
        if not same_value(name, value, found.get(name))
        and not (
            name == "objet" and guide is not None and (known := guide(value)) is not None and known == found.get(name)
        )
    )
    return Outcome(
        row,
        understood,
        right,
        right or clarified,
        false_accept=row.intents[0] == OTHER and accepted and understood.intent not in row.intents,
        entities_right=len(row.entities) - len(missed),
        missed=missed,
        cpu_ms=cpu_ms,
        wall_ms=wall_ms,
    )


def _all_entities(understood: Understanding) -> dict[str, str]:
    merged: dict[str, str] = {}
    current: Understanding | None = understood
    while current is not None:
        merged = {**current.entities, **merged}
        current = current.next
    return merged


def same_value(name: str, wanted: str, found: str | None) -> bool:
    """Tell whether an entity was found. A waste object is a free noun: its words count, not their form."""
    if found is None:
        return False
    if name in ("objet", "adresse"):
        one, two = set(stems_of(wanted)), set(stems_of(found))
        return one == two or one <= two or two <= one
    if name == "reference":
        return [c for c in wanted.casefold() if c.isalnum()] == [c for c in found.casefold() if c.isalnum()]
    return wanted.casefold() == found.casefold()


def summarise(outcomes: Sequence[Outcome]) -> Report:
    """Return the figures of ``outcomes``."""
    scoped = [o for o in outcomes if o.row.intents[0] != OTHER]
    others = [o for o in outcomes if o.row.intents[0] == OTHER]
    per_intent: dict[str, Score] = {}
    per_entity: dict[str, Score] = {}
    confusions: Counter[tuple[str, str]] = Counter()
    for outcome in outcomes:
        intent = outcome.row.intents[0]
        per_intent[intent] = _add(per_intent.get(intent, Score()), outcome.right)
        missed = {text.split("=", 1)[0] for text in outcome.missed}
        for name in outcome.row.entities:
            per_entity[name] = _add(per_entity.get(name, Score()), name not in missed)
        if not outcome.right:
            confusions[(intent, outcome.understood.intent)] += 1
    calibration, error = _calibration(outcomes)
    times = sorted(o.cpu_ms for o in outcomes) or [0.0]
    return Report(
        outright=Score(sum(o.right for o in scoped), len(scoped)),
        acceptable=Score(sum(o.acceptable for o in scoped), len(scoped)),
        false_accepts=Score(sum(o.false_accept for o in others), len(others)),
        entities=Score(sum(o.entities_right for o in outcomes), sum(len(o.row.entities) for o in outcomes)),
        per_intent=dict(sorted(per_intent.items())),
        per_entity=dict(sorted(per_entity.items())),
        confusions=tuple((a, b, count) for (a, b), count in confusions.most_common(40)),
        calibration=calibration,
        calibration_error=error,
        median_ms=times[len(times) // 2],
        p99_ms=times[min(len(times) - 1, int(0.99 * len(times)))],
        failures=tuple(o for o in outcomes if not o.acceptable or o.missed or o.false_accept),
    )


def _add(score: Score, good: bool) -> Score:
    return Score(score.good + good, score.total + 1)


def _calibration(outcomes: Sequence[Outcome]) -> tuple[tuple[tuple[float, float, int], ...], float]:
    """Return per tenth (mean confidence, share right, count), and the expected calibration error."""
    bins: list[list[tuple[float, bool]]] = [[] for _ in range(_BINS)]
    for outcome in outcomes:
        best = max(outcome.understood.candidates, key=lambda c: c.confidence)
        bins[min(int(best.confidence * _BINS), _BINS - 1)].append((best.confidence, best.intent in outcome.row.intents))
    rows: list[tuple[float, float, int]] = []
    error = 0.0
    for items in bins:
        if items:
            mean = sum(confidence for confidence, _ in items) / len(items)
            share = sum(right for _, right in items) / len(items)
            rows.append((mean, share, len(items)))
            error += abs(mean - share) * len(items) / max(len(outcomes), 1)
    return tuple(rows), error


def _table(title: str, heads: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    head = "".join(f"<th>{html.escape(text)}</th>" for text in heads)
    body = "".join("<tr>" + "".join(f"<td>{html.escape(str(cell))}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<h2>{html.escape(title)}</h2><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _page(report: Report) -> str:
    summary = _table(
        "Synthèse",
        ("mesure", "valeur"),
        (
            ("intention juste", report.outright),
            ("juste ou clarification acceptable", report.acceptable),
            ("hors sujet traité comme compris", report.false_accepts),
            ("entités", report.entities),
            ("erreur de calibration", f"{100 * report.calibration_error:.1f} %"),
            ("temps médian", f"{report.median_ms:.2f} ms"),
            ("temps, 99e centile", f"{report.p99_ms:.2f} ms"),
        ),
    )
    failures = (
        (
            o.row.text,
            "|".join(o.row.intents),
            o.understood.verdict.value,
            " ".join(f"{c.intent} {c.confidence:.2f}" for c in o.understood.candidates[:3]),
            "; ".join(o.missed),
        )
        for o in report.failures
    )
    parts = (
        summary,
        _table("Par intention", ("intention", "juste"), report.per_intent.items()),
        _table("Par entité", ("entité", "juste"), report.per_entity.items()),
        _table("Confusions", ("attendu", "compris", "nombre"), report.confusions),
        _table(
            "Calibration",
            ("confiance moyenne", "part juste", "nombre"),
            ((f"{mean:.2f}", f"{share:.2f}", count) for mean, share, count in report.calibration),
        ),
        _table("Échecs", ("phrase", "attendu", "verdict", "candidats", "entités manquées"), failures),
    )
    style = (
        "body{font:16px/1.5 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem}"
        "table{border-collapse:collapse;width:100%}th,td{border:1px solid #767676;padding:.3rem .6rem;text-align:left}"
    )
    return (
        '<!doctype html><html lang="fr"><head><meta charset="utf-8"><title>Compréhension : évaluation</title>'
        f"<style>{style}</style></head><body><h1>Compréhension : évaluation</h1>{''.join(parts)}</body></html>"
    )
