"""Fitting of the judgement of scope, on examples the views had not learnt and on labelled development sets.

The examples are cut in parts; each part is looked at by views learnt from the others. Sentences on other subjects are
cut by neighbourhood and whole tables, so that each part holds subjects its views have never met. Run as
``python -m voicebot.dialog.nlu.calibrate DEV.tsv[,DEV2.tsv] CACHE FOLDER...``: it writes ``calibration.toml``, the
weights of the pools unchanged, and the threshold of acting that costs least on the development sets. How much doubt of
the scope is let through (``outside``) stays chosen by hand: sets learnt from flatter it.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from voicebot.dialog.nlu.base import Verdict
from voicebot.dialog.nlu.combine import DEFAULT_FILE, Calibration, Thresholds, judge, load_calibration, pooled
from voicebot.dialog.nlu.data import NluData, load_nlu_data
from voicebot.dialog.nlu.engine import NluEngine
from voicebot.dialog.nlu.evaluate import Row, read_rows
from voicebot.dialog.nlu.examples import OTHER, Example, chance_of, examples_of
from voicebot.dialog.nlu.scope import CLUES, Looked, Scope, clues
from voicebot.dialog.nlu.semantic import Semantic, VectorStore, best_semantic
from voicebot.dialog.nlu.views import ACTS
from voicebot.dialog.turns import Candidate

_PARTS = 5
_NEIGHBOURHOOD = 8
_DEV_WEIGHT = 3.0
_STEPS = 60
_PULL = 1.0
_FALSE_ACCEPT = 4.0  # what an answer to somebody else's business costs, in questions too many
_SURE = tuple(round(0.5 + 0.05 * step, 2) for step in range(6))


class Remembered:
    """Embeddings that know the vectors of ``texts`` by heart (implements ``Semantic``)."""

    def __init__(self, semantic: Semantic, texts: Sequence[str], cache: Path) -> None:
        self.name = semantic.name
        self._semantic = semantic
        self._known = dict(zip(texts, VectorStore(semantic, cache).vectors(texts), strict=True))

    def embed(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """Return one unit vector a text, as rows."""
        return np.stack([self._known[t] if t in self._known else self._semantic.embed([t])[0] for t in texts])


@dataclass(frozen=True, slots=True)
class Case:
    """What the clues say of an utterance, whether it is in scope, and how much it counts."""

    values: tuple[float, ...]
    inside: bool
    weight: float


def part_of(example: Example) -> int:
    """Return the part an example belongs to; subjects outside the service stay together."""
    if example.intent == OTHER and not example.table:
        return (example.source // _NEIGHBOURHOOD) % _PARTS
    return chance_of(f"part {example.table or example.source}").randrange(_PARTS)


def unseen_cases(data: NluData, semantic: Semantic | None, cache: Path) -> dict[bool, list[Case]]:
    """Return a case for every example, looked at by an engine that learnt only the other parts.

    By whether the semantic view was asked.
    """
    every = examples_of(data)
    if semantic is not None:
        semantic = Remembered(semantic, [e.text for e in every if e.first], cache)
    found: dict[bool, list[Case]] = {False: [], True: []}
    for part in range(_PARTS):
        engine = NluEngine(data, semantic, cache, examples=[e for e in every if part_of(e) != part])
        held = [e for e in every if part_of(e) == part and e.first]
        for deep, cases in found.items():
            cases += [case(engine, e.text, e.intent != OTHER, deep, 1.0) for e in held]
    return found


def case(engine: NluEngine, text: str, inside: bool, deep: bool, weight: float) -> Case:
    """Return what the clues of ``engine`` say of ``text``."""
    looked: Looked = engine.looked(text, deep)
    number = {id_: n for n, id_ in enumerate(engine.intents)}
    pool, _ = load_calibration().weights(looked.meaning is not None)
    scores = pooled(looked.views, looked.meaning, pool, number[OTHER])
    acts = frozenset(n for id_, n in number.items() if id_ in ACTS)
    return Case(tuple(clues(looked, scores, number[OTHER], acts, engine.known)), inside, weight)


def chosen(engine: NluEngine, rows: Sequence[Row], thresholds: Thresholds) -> Thresholds:
    """Return ``thresholds`` with the ``sure`` that costs least on ``rows``, the strictest of equals."""
    told = [(row, engine.ranked(row.text)) for row in rows]
    tried = [replace(thresholds, sure=sure) for sure in reversed(_SURE)]
    return min(tried, key=lambda one: cost(told, one))


def cost(told: Sequence[tuple[Row, tuple[Candidate, ...]]], thresholds: Thresholds) -> float:
    """Return the share of requests not answered, plus that of other subjects answered, which counts several times."""
    held: list[bool] = []
    accepted: list[bool] = []
    for row, candidates in told:
        verdict, ordered = judge(candidates, thresholds)
        sure = verdict is Verdict.SURE
        if row.intents[0] == OTHER:
            accepted.append(sure and ordered[0].intent not in row.intents)
        else:
            held.append(not (sure and ordered[0].intent in row.intents))
    return sum(held) / max(len(held), 1) + _FALSE_ACCEPT * sum(accepted) / max(len(accepted), 1)


def fit(cases: Sequence[Case]) -> Scope:
    """Return the logistic regression of being in scope on the clues (Newton's method, slightly pulled to zero)."""
    values = np.array([one.values for one in cases])
    inside = np.array([float(one.inside) for one in cases])
    weights = np.array([one.weight for one in cases])
    mean, spread = values.mean(axis=0), values.std(axis=0) + 1e-9
    rows = np.hstack([(values - mean) / spread, np.ones((len(values), 1))])
    learnt: npt.NDArray[np.float64] = np.zeros(rows.shape[1])
    for _ in range(_STEPS):
        likely = 1.0 / (1.0 + np.exp(-rows @ learnt))
        slope = rows.T @ (weights * (likely - inside)) + _PULL * np.append(learnt[:-1], 0.0)
        bend = (rows * (weights * likely * (1.0 - likely))[:, None]).T @ rows + _PULL * np.eye(len(learnt))
        step = np.linalg.solve(bend, slope)
        learnt -= step
        if float(np.abs(step).max()) < 1e-6:
            break
    plain = learnt[:-1] / spread
    bias = float(learnt[-1] - plain @ mean)
    return Scope(round(bias, 4), **{name: round(float(w), 4) for name, w in zip(CLUES, plain, strict=True)})


def write(calibration: Calibration, file: Path) -> None:
    """Write ``calibration`` as TOML."""
    lines = ["# Written by voicebot.dialog.nlu.calibrate; pools, outside, margin, pair, other and danger by hand."]
    for table in fields(calibration):
        value = getattr(calibration, table.name)
        lines += ["", f"[{table.name}]", *[f"{f.name} = {getattr(value, f.name)}" for f in fields(value)]]
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")


def main(arguments: Sequence[str]) -> int:
    """Fit the scope without and with the semantic view, choose when to act, and write it."""
    rows = [row for file in arguments[0].split(",") for row in read_rows(Path(file))]
    cache = Path(arguments[1])
    data = load_nlu_data([Path(folder) for folder in arguments[2:]])
    semantic = best_semantic()
    engine = NluEngine(data, semantic, cache)
    now = load_calibration()
    scopes: list[Scope] = []
    for deep, cases in unseen_cases(data, semantic, cache).items():
        labelled = [case(engine, row.text, OTHER not in row.intents, deep, _DEV_WEIGHT) for row in rows]
        scopes.append(fit(cases + labelled))
    now = replace(now, scope_cheap=scopes[0])
    if semantic is not None:
        now = replace(now, scope_full=scopes[1])
    judging = NluEngine(data, semantic, cache, now)
    write(replace(now, thresholds=chosen(judging, rows, now.thresholds)), DEFAULT_FILE)
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
