"""From the opinions of the views to calibrated probabilities and a verdict.

The views are pooled log-linearly: a score is the weighted sum of their log-probabilities (and of the likeness to the
nearest example), with a bias for ``hors_sujet``; a softmax turns the scores into probabilities, and ``scope`` says how
much of them is left to ``hors_sujet``. Weights and thresholds live in ``calibration.toml``.
"""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from voicebot.dialog.nlu.base import Verdict
from voicebot.dialog.nlu.errors import NluDataError
from voicebot.dialog.nlu.examples import OTHER
from voicebot.dialog.nlu.scope import Scope
from voicebot.dialog.nlu.semantic import Meaning
from voicebot.dialog.nlu.views import Views
from voicebot.dialog.turns import Candidate

Floats = npt.NDArray[np.float32]
_NEAREST = 16.0
DEFAULT_FILE = Path(__file__).with_name("calibration.toml")


@dataclass(frozen=True, slots=True)
class Pool:
    """Weights of the views in the pooled score."""

    words: float = 0.6
    sounds: float = 0.4
    likeness: float = 4.0
    semantic: float = 0.0
    other: float = 0.0


@dataclass(frozen=True, slots=True)
class Thresholds:
    """When to act, to ask and to give up.

    ``sure``: least probability of the best to act; ``heard``: the same for the mean over the texts that may have been
    said, lower for being spread. ``outside``: greatest probability of ``hors_sujet`` to act: to answer what is not ours
    costs four times a question too many; ``outside_heard``: the same for the mean over several texts, as ``heard``.
    ``margin``: least lead over the second. ``pair``: least sum of the two best to
    ask which. ``other``: greatest probability of ``hors_sujet`` that still lets a pair be asked about. ``danger``:
    probability of ``urgence`` that is enough to put it first.
    """

    sure: float = 0.55
    heard: float = 0.5
    outside: float = 0.2
    outside_heard: float = 0.2
    margin: float = 0.1
    pair: float = 0.5
    other: float = 0.5
    danger: float = 0.3


@dataclass(frozen=True, slots=True)
class Calibration:
    """Weights without (``cheap``) and with the semantic view (``full``), and the thresholds."""

    cheap: Pool = Pool()
    full: Pool = Pool(semantic=0.5)
    scope_cheap: Scope = field(default_factory=Scope)
    scope_full: Scope = field(default_factory=Scope)
    thresholds: Thresholds = Thresholds()

    def weights(self, deep: bool) -> tuple[Pool, Scope]:
        """Return the weights with the semantic view (``deep``) or without it."""
        return (self.full, self.scope_full) if deep else (self.cheap, self.scope_cheap)


def load_calibration(file: Path = DEFAULT_FILE) -> Calibration:
    """Return the calibration kept in ``file``; the defaults when there is no file.

    Raises:
        NluDataError: a table or key is unknown or not a number.
    """
    if not file.exists():
        return Calibration()
    read: dict[str, Any] = tomllib.loads(file.read_text(encoding="utf-8"))
    kinds = {"cheap": Pool, "full": Pool, "scope_cheap": Scope, "scope_full": Scope, "thresholds": Thresholds}
    made: dict[str, Any] = {}
    for name, table in read.items():
        known = [f.name for f in fields(kinds[name])] if name in kinds else []
        for key, value in table.items():
            if key not in known or not isinstance(value, int | float):
                raise NluDataError(file, f"key {name}.{key}", f"must be a number named one of {', '.join(known)}")
        made[name] = kinds[name](**table)
    return Calibration(**made)


def pooled(views: Views, meaning: Meaning | None, pool: Pool, other: int) -> Floats:
    """Return the score of every intent; ``other`` is the number of ``hors_sujet``."""
    scores = pool.words * views.words + pool.sounds * views.sounds + pool.likeness * views.likeness
    if meaning is not None:
        scores = scores + pool.semantic * (meaning.scores + _NEAREST * meaning.near)
    scores[other] += pool.other
    result: Floats = scores.astype(np.float32)
    return result


def ranked(probabilities: Floats, intents: Sequence[str], count: int = 5) -> tuple[Candidate, ...]:
    """Return the ``count`` likeliest intents."""
    order = np.argsort(-probabilities, kind="stable")[:count]
    return tuple(Candidate(intents[int(n)], float(probabilities[int(n)])) for n in order)


def judge(
    candidates: Sequence[Candidate], thresholds: Thresholds, several: bool = False
) -> tuple[Verdict, tuple[Candidate, ...]]:
    """Return the verdict, and the candidates in the order it needs.

    Two likeliest in scope come first when unsure; ``hors_sujet`` comes first when unknown. ``several``: these are the
    means over several texts that may have been said.
    """
    sure = thresholds.heard if several else thresholds.sure
    outside = thresholds.outside_heard if several else thresholds.outside
    best = candidates[0]
    second = candidates[1].confidence if len(candidates) > 1 else 0.0
    other = next((c for c in candidates if c.intent == OTHER), Candidate(OTHER, 0.0))
    scoped = [c for c in candidates if c.intent != OTHER]
    inside = best.intent != OTHER and other.confidence <= outside
    if inside and best.confidence >= sure and best.confidence - second >= thresholds.margin:
        return Verdict.SURE, tuple(candidates)
    if (
        len(scoped) >= 2
        and other.confidence <= thresholds.other
        and scoped[0].confidence + scoped[1].confidence >= thresholds.pair
    ):
        return Verdict.UNSURE, (*scoped[:2], *[c for c in candidates if c not in scoped[:2]])
    return Verdict.UNKNOWN, (other, *[c for c in candidates if c.intent != OTHER])
