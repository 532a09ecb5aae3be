"""The cheap views of an utterance, trained from the examples: words, sounds and nearest examples.

Training takes a few seconds; what was learnt is kept on disk under the hash of everything it came from (the data and
the code that reads it), so that a start with a warm cache only reads it.
"""

import hashlib
import logging
import os
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt

from voicebot.dialog.nlu import augment, classifier
from voicebot.dialog.nlu.classifier import LinearClassifier, softmax
from voicebot.dialog.nlu.confusions import Confusions
from voicebot.dialog.nlu.data import NluData
from voicebot.dialog.nlu.examples import OTHER, Example, chance_of, examples_of
from voicebot.dialog.nlu.features import Known, Sighted, Vectoriser, sound_features, word_features
from voicebot.dialog.nlu.neighbours import Neighbours
from voicebot.dialog.nlu.normalise import word_set

Floats = npt.NDArray[np.float32]

ACTS = word_set("saluer au_revoir merci oui non repeter plus_lentement aide menu annuler anglais")
"""Conversational acts: they are the whole turn, or they are not what the turn is about."""

_LOG = logging.getLogger(__name__)
_MADE_UP_WEIGHT = 0.5
_HEARD_WEIGHT = 1.0


@dataclass(frozen=True, slots=True)
class Views:
    """What each view thinks of an utterance: log-probabilities, and likeness to the nearest example of each intent."""

    words: Floats
    sounds: Floats
    likeness: Floats


class TrainedViews:
    """The three cheap views.

    Args:
        data: the examples.
        look: how an utterance is seen, entities marked.
        cache: folder where what was learnt is kept; ``None`` trains every time.
        examples: those learnt from, all of ``data`` by default; give no ``cache`` with a part of them.
    """

    def __init__(
        self,
        data: NluData,
        look: Callable[[str], Sighted],
        cache: Path | None,
        examples: Sequence[Example] | None = None,
    ) -> None:
        self.intents = tuple(intent.id for intent in data.intents)
        self.number = {id_: number for number, id_ in enumerate(self.intents)}
        scoped = (intent for intent in data.intents if intent.id != OTHER and intent.id not in ACTS)
        self._keywords = tuple(word for intent in scoped for word in intent.keywords)
        self._look = look
        self._heard = data.heard
        self.examples = examples_of(data) if examples is None else list(examples)
        self._words, self._sounds = Vectoriser(True, least=2), Vectoriser(False, least=3)
        file = None if cache is None else cache / f"views-{_fingerprint(data)}.npz"
        kept = None if file is None else _read(file)
        if kept is not None:
            stems = [tuple(line.split(" ")) for line in kept["stems"].tolist()]
            self.familiar = self._count_familiar(stems)
            self._words.restore(kept["word_features"], kept["word_weights"])
            self._sounds.restore(kept["sound_features"], kept["sound_weights"])
            self._word_model = LinearClassifier(kept["word_model"], kept["word_bias"])
            self._sound_model = LinearClassifier(kept["sound_model"], kept["sound_bias"])
        else:
            if file is not None:
                _LOG.info("learning how people ask from %d examples: about a minute, once", len(self.examples))
            sighted = [look(example.text) for example in self.examples]
            stems = [seen.stems for seen in sighted]
            self.familiar = self._count_familiar(stems)
            self._word_model, self._sound_model = self._train(sighted)
            if file is not None:
                self._write(file, stems)
        self.known = self._known(stems)
        numbers = [self.number[example.intent] for example in self.examples]
        self._neighbours = Neighbours(stems, numbers, len(self.intents))

    def __call__(self, seen: Sighted) -> Views:
        """Return what the views think of an utterance."""
        words = self._word_model.scores(*self._words.row(word_features(seen, self.familiar)))
        sounds = self._sound_model.scores(*self._sounds.row(sound_features(seen)))
        return Views(_log(words), _log(sounds), self._neighbours.likeness(seen.stems))

    def _count_familiar(self, stems: Sequence[tuple[str, ...]]) -> Counter[str]:
        """Return in how many in-scope examples each stem occurs."""
        pairs = zip(stems, self.examples, strict=True)
        written = ((row, example) for row, example in pairs if not example.heard)
        return Counter(s for row, example in written if example.intent != OTHER for s in set(row))

    def _known(self, stems: Sequence[tuple[str, ...]]) -> Known:
        """Return in how many examples each stem occurs, of the service's subjects and of others."""
        others = [row for row, example in zip(stems, self.examples, strict=True) if example.intent == OTHER]
        outside = Counter(s for row in others for s in set(row))
        return Known(self.familiar, outside, (len(self.examples) - len(others), len(others)))

    def _train(self, sighted: Sequence[Sighted]) -> tuple[LinearClassifier, LinearClassifier]:
        written = [example for example in self.examples if not example.heard]
        vocabulary = sorted({word for example in written for word in example.text.lower().split()})
        noise = augment.Noise(vocabulary, Confusions((one.said, one.heard) for one in self._heard))
        service = sorted({word for phrase in self._keywords for word in phrase.lower().split() if len(word) > 3})
        rows: list[list[str]] = []
        sounds: list[list[str]] = []
        targets: list[int] = []
        weights: list[float] = []
        for example, seen in zip(self.examples, sighted, strict=True):
            chance = chance_of(example.text)
            own = example.intent != OTHER and not example.heard
            relatives = [] if example.heard else augment.variants(example.text, chance, noise, example.intent in ACTS)
            if example.intent == OTHER and service and not example.made:
                relatives += augment.near_misses(example.text, chance, service)
            for rank, view in enumerate([seen, *(self._look(relative) for relative in relatives)]):
                rows.append(word_features(view, self.familiar, own))
                sounds.append(sound_features(view))
                targets.append(self.number[example.intent])
                weights.append((_HEARD_WEIGHT if example.heard else 1.0) if rank == 0 else _MADE_UP_WEIGHT)
        goals = np.array(targets, dtype=np.int64)
        importance = np.array(weights, dtype=np.float32)
        models: list[LinearClassifier] = []
        for vectoriser, given in ((self._words, rows), (self._sounds, sounds)):
            vectoriser.fit(given)
            shape = (len(vectoriser.index), len(self.intents))
            models.append(classifier.train([vectoriser.row(row) for row in given], goals, shape, importance))
        return models[0], models[1]

    def _write(self, file: Path, stems: Sequence[tuple[str, ...]]) -> None:
        """Keep what was learnt; a disk that refuses costs only a slower next start."""
        word_features_, word_weights = self._words.kept()
        sound_features_, sound_weights = self._sounds.kept()
        arrays: dict[str, Any] = {
            "stems": np.array([" ".join(row) for row in stems]),
            "word_features": word_features_,
            "word_weights": word_weights,
            "sound_features": sound_features_,
            "sound_weights": sound_weights,
            "word_model": self._word_model.weights,
            "word_bias": self._word_model.bias,
            "sound_model": self._sound_model.weights,
            "sound_bias": self._sound_model.bias,
        }
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            partial = file.with_suffix(f".{os.getpid()}.partial.npz")
            np.savez(partial, **arrays)
            partial.replace(file)
        except OSError as problem:
            _LOG.warning("cannot keep the trained views in %s: %s; the next start will be slow", file, problem)


def _fingerprint(data: NluData) -> str:
    """Return the hash of everything the views are learnt from: the data and the code of this package."""
    digest = hashlib.sha256(np.__version__.encode())
    here = Path(__file__).parent
    for module in (*sorted(here.glob("entities/*.py")), *(here / f"{name}.py" for name in _MODULES)):
        digest.update(module.read_bytes())
    digest.update(repr(data).encode())
    return digest.hexdigest()[:20]


_MODULES = (
    "views", "examples", "features", "classifier", "augment", "normalise", "phonetic", "lexicon", "data", "neighbours",
    "confusions",
)  # fmt: skip


def _log(scores: Floats) -> Floats:
    result: Floats = np.log(np.maximum(softmax(scores), 1e-6))
    return result


def _read(file: Path) -> dict[str, npt.NDArray[Any]] | None:
    """Return what was learnt before, or ``None`` when there is nothing usable."""
    try:
        with file.open("rb") as opened, np.load(opened, allow_pickle=False) as kept:
            return {name: kept[name] for name in kept.files}
    except (OSError, ValueError, KeyError, EOFError, BadZipFile):
        return None
