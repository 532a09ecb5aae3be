"""Fitting of the pool's weights and temperature on a labelled development set.

The views are asked once for every row; the weights are then found by coordinate search on the log-likelihood of the
acceptable intents, which calibrates the probabilities at the same time (a common factor of all weights is the
temperature). Run as
``python -m voicebot.dialog.nlu.calibrate DEV.tsv[,DEV2.tsv] CACHE FOLDER...``: it writes ``calibration.toml``.
"""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from voicebot.dialog.nlu.combine import DEFAULT_FILE, Calibration, Pool, load_calibration, pooled
from voicebot.dialog.nlu.data import load_nlu_data
from voicebot.dialog.nlu.engine import NluEngine
from voicebot.dialog.nlu.evaluate import Row, read_rows
from voicebot.dialog.nlu.semantic import best_semantic
from voicebot.dialog.nlu.views import OTHER, Views

Floats = npt.NDArray[np.float32]
_FACTORS = (0.5, 0.8, 0.9, 1.1, 1.25, 2.0)
_SHIFTS = (-0.5, -0.1, 0.1, 0.5)
_ROUNDS = 12
_PULL = 0.002
_SOFTEN = 0.75  # examples were written with an eye on the development sets: fresh callers are less well known


@dataclass(frozen=True, slots=True)
class Seen:
    """What the views said of a row, and the numbers of its acceptable intents."""

    views: Views
    semantic: Floats | None
    goals: tuple[int, ...]


def look(engine: NluEngine, rows: Sequence[Row]) -> list[Seen]:
    """Return what the views of ``engine`` say of ``rows``."""
    number = {intent: n for n, intent in enumerate(engine.intents)}
    seen: list[Seen] = []
    for row in rows:
        views, semantic = engine.opinions(row.text)
        seen.append(Seen(views, semantic, tuple(number[i] for i in row.intents if i in number)))
    return seen


def fit(seen: Sequence[Seen], start: Pool, other: int, with_semantic: bool) -> Pool:
    """Return the pool that makes the acceptable intents of ``seen`` likeliest, found from ``start``."""
    views = Views(
        np.stack([s.views.words for s in seen]),
        np.stack([s.views.sounds for s in seen]),
        np.stack([s.views.likeness for s in seen]),
    )
    semantic = np.stack([s.semantic for s in seen if s.semantic is not None]) if with_semantic else None

    def loss(pool: Pool) -> float:
        probabilities = pooled(views, semantic, pool, other)
        chosen = [max(float(probabilities[n, list(s.goals)].sum()), 1e-6) for n, s in enumerate(seen)]
        size = sum(float(getattr(pool, f.name)) ** 2 for f in fields(pool) if f.name != "likeness")
        return -float(np.mean(np.log(chosen))) + _PULL * size

    return _search(start, loss, with_semantic)


def _search(start: Pool, loss: Callable[[Pool], float], with_semantic: bool) -> Pool:
    best, lowest = start, loss(start)
    for _ in range(_ROUNDS):
        before = lowest
        for f in fields(best):
            if f.name == "semantic" and not with_semantic:
                continue
            value = float(getattr(best, f.name))
            tries = [value + s for s in _SHIFTS] if f.name == "other" else [value * k for k in _FACTORS]
            for candidate in tries:
                pool = replace(best, **{f.name: round(candidate, 4)})
                score = loss(pool)
                if score < lowest:
                    best, lowest = pool, score
        if before - lowest < 1e-5:
            break
    return best


def _softened(pool: Pool) -> Pool:
    return Pool(**{f.name: round(_SOFTEN * float(getattr(pool, f.name)), 4) for f in fields(pool)})


def write(calibration: Calibration, file: Path) -> None:
    """Write ``calibration`` as TOML."""
    lines = ["# Fitted on the development sets by voicebot.dialog.nlu.calibrate; thresholds are chosen by hand."]
    for name in ("cheap", "full", "thresholds"):
        table = getattr(calibration, name)
        lines += ["", f"[{name}]", *[f"{f.name} = {getattr(table, f.name)}" for f in fields(table)]]
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")


def main(arguments: Sequence[str]) -> int:
    """Fit the pools on a development set and write them, thresholds unchanged."""
    rows = [row for file in arguments[0].split(",") for row in read_rows(Path(file))]
    data = load_nlu_data([Path(folder) for folder in arguments[2:]])
    engine = NluEngine(data, best_semantic(), Path(arguments[1]))
    other = engine.intents.index(OTHER)
    seen = look(engine, rows)
    now = load_calibration()
    full = now.full
    if all(s.semantic is not None for s in seen):
        full = fit(seen, now.full, other, True)
    write(replace(now, cheap=_softened(fit(seen, now.cheap, other, False)), full=_softened(full)), DEFAULT_FILE)
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
