"""Whether an utterance is about the service at all: a logistic judgement on what the views disagree about.

A classifier of intents is sure of itself on sentences it has never met ("quel jour on est"). What tells them apart is
how far the best intent leads ``hors_sujet`` in each view, how near its examples are, and how many words are strangers.
The weights live in ``calibration.toml``, fitted by ``calibrate.py`` on examples the views had not learnt.
"""

import math
from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from voicebot.dialog.nlu.features import Known, Sighted, content_stems
from voicebot.dialog.nlu.semantic import Meaning
from voicebot.dialog.nlu.views import Views

Floats = npt.NDArray[np.float32]
_LEAST = 1e-9
_FAINT = 1e-4
_TWICE = 2


@dataclass(frozen=True, slots=True)
class Scope:
    """Weights of the judgement, one a clue; ``bias`` alone decides when all clues are 0.

    ``pooled``, ``words``, ``meaning``: lead of the best intent over ``hors_sujet`` in the pooled score, in the words,
    in meaning; ``lead``: over the second intent. ``likeness`` and ``near`` (and ``_other``): to the examples of the
    best intent (of ``hors_sujet``), in words and in meaning. ``strangers``, ``rare``: content words in no example in
    scope, in one or two; ``strange_share``: their share. ``ideas``, ``keywords``, ``elsewhere``, ``thing``: what was
    recognised (a neighbouring town is no clue: those who ask about it are told where we serve). ``length``: logarithm
    of the number of content words. ``act``: the best intent is a conversational act. ``odds``, ``odds_least``: mean and
    least logarithm of how much oftener a content word is said in scope than out of it; ``foreign``: those only ever
    said out of it. ``other_words``, ``other_sounds``: log-odds of ``hors_sujet`` in these views; ``other_meaning``: its
    score in meaning.
    """

    bias: float = 0.0
    pooled: float = 1.0
    lead: float = 0.0
    words: float = 0.0
    likeness: float = 0.0
    likeness_other: float = 0.0
    meaning: float = 0.0
    near: float = 0.0
    near_other: float = 0.0
    strangers: float = 0.0
    strange_share: float = 0.0
    rare: float = 0.0
    ideas: float = 0.0
    keywords: float = 0.0
    elsewhere: float = 0.0
    thing: float = 0.0
    length: float = 0.0
    act: float = 0.0
    odds: float = 0.0
    odds_least: float = 0.0
    foreign: float = 0.0
    other_words: float = 0.0
    other_sounds: float = 0.0
    other_meaning: float = 0.0


CLUES = tuple(f.name for f in fields(Scope) if f.name != "bias")
"""The clues, in the order of ``clues``."""


@dataclass(frozen=True, slots=True)
class Looked:
    """An utterance seen by the views: what the clues are drawn from."""

    seen: Sighted
    views: Views
    meaning: Meaning | None = None


def clues(looked: Looked, scores: Floats, other: int, acts: frozenset[int], known: Known) -> list[float]:
    """Return the value of every clue of ``CLUES``.

    Args:
        looked: what the views say.
        scores: the pooled scores of the intents.
        other: the number of ``hors_sujet``.
        acts: the numbers of the conversational acts.
        known: in how many examples each stem occurs.
    """
    scoped = scores.copy()
    scoped[other] = -np.inf
    best, second = (int(n) for n in np.argsort(-scoped, kind="stable")[:2])
    views, meaning = looked.views, looked.meaning
    stems = content_stems(looked.seen.stems)
    familiar = known.inside
    strangers = sum(1 for stem in stems if familiar.get(stem, 0) <= 0)
    foreign = sum(1 for stem in stems if familiar.get(stem, 0) <= 0 and known.outside.get(stem, 0) >= _TWICE)
    odds = [known.odds(stem) for stem in stems] or [0.0]
    marks = looked.seen.marks

    def counted(prefix: str) -> int:
        return sum(mark.startswith(prefix) for mark in marks)

    return [
        float(scores[best] - scores[other]),
        min(float(scores[best] - scores[second]), -math.log(_LEAST)),
        float(views.words[best] - views.words[other]),
        float(views.likeness[best]),
        float(views.likeness[other]),
        0.0 if meaning is None else float(meaning.scores[best] - meaning.scores[other]),
        0.0 if meaning is None else float(meaning.near[best]),
        0.0 if meaning is None else float(meaning.near[other]),
        float(min(strangers, 4)),
        strangers / max(len(stems), 1),
        float(min(sum(1 for stem in stems if 0 < familiar.get(stem, 0) <= 2), 3)),
        float(min(counted("i:"), 4)),
        float(min(counted("k:"), 3)),
        float(min(counted("e:ailleurs"), 2)),
        float("e:objet" in marks or "e:flux" in marks),
        math.log(1 + len(stems)),
        float(best in acts),
        sum(odds) / len(odds),
        min(odds),
        float(min(foreign, 3)),
        _log_odds(float(views.words[other])),
        _log_odds(float(views.sounds[other])),
        0.0 if meaning is None else float(meaning.scores[other]),
    ]


def _log_odds(log_probability: float) -> float:
    likely = min(max(math.exp(log_probability), _FAINT), 1.0 - _FAINT)
    return math.log(likely / (1.0 - likely))


def within(scope: Scope, values: list[float]) -> float:
    """Return the probability that an utterance with these clues is within the scope of the service."""
    score = scope.bias + sum(getattr(scope, name) * value for name, value in zip(CLUES, values, strict=True))
    return 1.0 / (1.0 + math.exp(-max(min(score, 30.0), -30.0)))


def scoped(probabilities: Floats, other: int, probability: float) -> Floats:
    """Return ``probabilities`` with what is left to ``hors_sujet`` replaced by 1 - ``probability``."""
    result = probabilities.copy()
    result[other] = 0.0
    result *= np.float32(probability / max(float(result.sum()), _LEAST))
    result[other] = np.float32(1.0 - probability)
    return result
