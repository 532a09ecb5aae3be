"""A linear classifier (softmax regression) on sparse rows, in numpy: small, quick to train, the same every time."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Training:
    """How to train: passes over the examples, rows a step, step size (AdaGrad), pull towards zero."""

    epochs: int = 6
    batch: int = 128
    rate: float = 0.25
    decay: float = 2e-5
    seed: int = 7


@dataclass(frozen=True, slots=True)
class _Batch:
    """Rows laid out once for all epochs: entries by row for the sum, by feature for the gradient."""

    numbers: Numbers
    values: Floats
    starts: Numbers
    by_feature: Numbers
    rows_by_feature: Numbers
    features: Numbers
    feature_starts: Numbers
    targets: Numbers
    weights: Floats


def softmax(scores: Floats) -> Floats:
    """Return the probabilities of rows of scores."""
    shifted = scores - scores.max(axis=-1, keepdims=True)
    grown: Floats = np.exp(shifted)
    result: Floats = grown / grown.sum(axis=-1, keepdims=True)
    return result


class LinearClassifier:
    """Scores of classes from a sparse row: ``row @ weights + bias``."""

    def __init__(self, weights: Floats, bias: Floats) -> None:
        self.weights = weights
        self.bias = bias

    def scores(self, numbers: Numbers, values: Floats) -> Floats:
        """Return the score of every class for one row."""
        if not len(numbers):
            return self.bias.copy()
        result: Floats = values @ self.weights[numbers] + self.bias
        return result


def _layout(
    rows: Sequence[tuple[Numbers, Floats]], targets: Numbers, weights: Floats, order: Numbers, size: int
) -> list[_Batch]:
    batches: list[_Batch] = []
    for begin in range(0, len(order), size):
        chosen = [int(i) for i in order[begin : begin + size] if len(rows[int(i)][0])]
        if not chosen:
            continue
        numbers = np.concatenate([rows[i][0] for i in chosen])
        values = np.concatenate([rows[i][1] for i in chosen])
        lengths = np.array([len(rows[i][0]) for i in chosen])
        starts = np.concatenate([[0], np.cumsum(lengths)[:-1]]).astype(np.int64)
        owners = np.repeat(np.arange(len(chosen)), lengths)
        by_feature = np.argsort(numbers, kind="stable")
        features, feature_starts = np.unique(numbers[by_feature], return_index=True)
        batches.append(
            _Batch(numbers, values, starts, by_feature, owners[by_feature], features, feature_starts,
                   targets[chosen], weights[chosen])
        )  # fmt: skip
    return batches


def train(
    rows: Sequence[tuple[Numbers, Floats]],
    targets: Numbers,
    shape: tuple[int, int],
    importance: Floats | None = None,
    training: Training | None = None,
) -> LinearClassifier:
    """Train on sparse ``rows`` whose classes are ``targets``.

    Args:
        rows: per example, numbers of features and their values.
        targets: per example, the number of its class.
        shape: numbers of features and of classes.
        importance: per example, its weight (1 by default).
        training: the settings.
    """
    how = training or Training()
    generator = np.random.default_rng(how.seed)
    given = np.ones(len(rows), dtype=np.float32) if importance is None else importance
    batches = _layout(rows, targets, given, generator.permutation(len(rows)), how.batch)
    weights = np.zeros(shape, dtype=np.float32)
    bias = np.zeros(shape[1], dtype=np.float32)
    seen = np.full(shape, 1e-3, dtype=np.float32)
    seen_bias = np.full(shape[1], 1e-3, dtype=np.float32)
    for _ in range(how.epochs):
        for number in generator.permutation(len(batches)):
            batch = batches[number]
            scores = np.add.reduceat(weights[batch.numbers] * batch.values[:, None], batch.starts, axis=0) + bias
            error = softmax(scores)
            error[np.arange(len(batch.targets)), batch.targets] -= 1.0
            error *= batch.weights[:, None] / len(batch.targets)
            entries = error[batch.rows_by_feature] * batch.values[batch.by_feature][:, None]
            gradient = np.add.reduceat(entries, batch.feature_starts, axis=0)
            gradient += how.decay * weights[batch.features]
            seen[batch.features] += gradient * gradient
            weights[batch.features] -= how.rate * gradient / np.sqrt(seen[batch.features])
            slope = error.sum(axis=0)
            seen_bias += slope * slope
            bias -= 0.5 * how.rate * slope / np.sqrt(seen_bias)
    return LinearClassifier(weights, bias)
