"""Closed questions: which of the expected answers fits the sound, and how surely.

Two witnesses are heard. The phoneme head tells how each wording of each answer sounds like what was said, for all of
them, in milliseconds. Whisper's decoder then tells, for the few best, how likely it is to write that wording given the
sound, less how likely it is to write it given silence. A logistic model of both, fitted on synthetic telephone calls,
weighs them against "none of these": the free transcription, and the best any phonemes could do.
"""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Any

import numpy as np
import numpy.typing as npt

from voicebot.asr.base import Choice, ChoiceScore
from voicebot.asr.features import log_mel
from voicebot.asr.guards import plain
from voicebot.asr.phoneme_head import PhonemeHeads
from voicebot.asr.phonemes import readings
from voicebot.asr.whisper_model import Hypothesis, WhisperModel

CHOICES_KEPT = 4
WORDINGS_KEPT = 2
_EASE_DISCOUNT = 0.5
"""Share of a wording's ease (``PhonemeHeads.ease``) taken off its likelihood."""
_SILENCE_SAMPLES = 16000
_SILENCE_FRAMES = 50
_UNHEARD = -1e9
_INSTEAD = "\0instead"
"""The id of what is no answer: no profile can have it."""


@dataclass(frozen=True, slots=True)
class Wording:
    """One way to give one answer, carrier included."""

    choice: int
    text: str
    tokens: tuple[int, ...]
    sounds: tuple[tuple[int, ...], ...]
    ease: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Sound:
    """One utterance as the model heard it: its states, how many hold sound, and the free transcriptions."""

    states: npt.NDArray[np.float32]
    frames: int
    language: str
    free: tuple[Hypothesis, ...]


@dataclass(frozen=True, slots=True)
class Evidence:
    """What speaks for each choice, and against them all; log probabilities.

    ``written`` is ``_UNHEARD`` for the choices the phonemes rule out. ``sounded`` is zero without a phoneme head.
    ``spelt`` is 1 for a choice whose words stand in the free transcription, and no other choice's do.
    """

    written: npt.NDArray[np.float64]
    sounded: npt.NDArray[np.float64]
    spelt: npt.NDArray[np.float64]
    free_written: float
    free_sounded: float
    frames: int


@dataclass(frozen=True, slots=True)
class Weights:
    """The logistic model: weight of each witness, and of what speaks for "none of these"."""

    written: float
    sounded: float
    spelt: float
    none: float
    none_written: float
    none_sounded: float


WITH_HEAD = Weights(written=0.285, sounded=0.328, spelt=4.0, none=5.3, none_written=0.0, none_sounded=0.12)
WITHOUT_HEAD = Weights(written=0.5, sounded=0.0, spelt=3.0, none=2.0, none_written=0.1, none_sounded=0.0)


class ClosedQuestions:
    """Scores the choices of closed questions. Thread-safe: it only caches values that are always the same."""

    def __init__(self, model: WhisperModel, heads: PhonemeHeads | None) -> None:
        self._model = model
        self._heads = heads
        self._weights = WITHOUT_HEAD if heads is None else WITH_HEAD
        self._silence = model.encode(log_mel(np.zeros(_SILENCE_SAMPLES, dtype=np.float32), 0.0, model.bands))
        self._priors: dict[tuple[str, str], float] = {}
        self.wordings = lru_cache(maxsize=64)(self._wordings)

    def prepare(self, choices: Sequence[Choice], language: str) -> None:
        """Compute what ``choices`` need before any sound. Cached."""
        self.wordings((*choices, *instead(tuple(choices), language)), language)

    def score(self, sound: Sound, choices: Sequence[Choice]) -> tuple[ChoiceScore, ...]:
        """Return the probability of each choice, best first; what is missing to 1 is "none of these"."""
        heard = (*choices, *instead(tuple(choices), sound.language))
        found = probabilities(self.evidence(sound, heard), self._weights)
        scores = [ChoiceScore(choice.id, float(value)) for choice, value in zip(choices, found, strict=False)]
        return tuple(sorted(scores, key=lambda score: -score.probability))

    def evidence(self, sound: Sound, choices: tuple[Choice, ...]) -> Evidence:
        """Return what the sound says for and against each choice."""
        wordings = self.wordings(choices, sound.language)
        sounded, free_sounded = self._sounded(sound, wordings)
        by_choice = np.full(len(choices), _UNHEARD)
        for wording, value in zip(wordings, sounded, strict=True):
            by_choice[wording.choice] = np.logaddexp(by_choice[wording.choice], value)
        kept = self._kept(wordings, sounded, by_choice)
        written = np.full(len(choices), _UNHEARD)
        fits = self._model.fit(sound.states, sound.language, [wording.tokens for wording in kept], sound.frames)
        for wording, fit in zip(kept, fits, strict=True):
            value = fit.total - self.prior(wording, sound.language)
            written[wording.choice] = max(written[wording.choice], value)
        best = sound.free[0]
        spelt = spelt_choices(best.text, choices)
        return Evidence(
            written, by_choice, spelt, best.mean_log_prob * (len(best.tokens) + 1), free_sounded, sound.frames
        )

    def prior(self, wording: Wording, language: str) -> float:
        """Return the log probability of a wording when nothing is said. Cached."""
        key = (language, wording.text)
        if key not in self._priors:
            # one at a time: the value must not depend on what else is in the batch
            self._priors[key] = self._model.fit(self._silence, language, [wording.tokens], _SILENCE_FRAMES)[0].total
        return self._priors[key]

    def _wordings(self, choices: tuple[Choice, ...], language: str) -> tuple[Wording, ...]:
        spoken = {
            (position, _capitalised(carrier.format(text.strip()))): None
            for position, choice in enumerate(choices)
            for text in choice.texts
            for carrier in (carriers(language) if choice.id != _INSTEAD else ("{}",))
        }
        sounds = [readings(text) if language == "fr" and self._heads is not None else () for _, text in spoken]
        every = [sequence for variants in sounds for sequence in variants]
        ease = iter(self._heads.ease(every) if self._heads is not None and every else ())
        return tuple(
            Wording(choice, text, self._model.tokens(text), variants, tuple(float(next(ease)) for _ in variants))
            for (choice, text), variants in zip(spoken, sounds, strict=True)
        )

    def _sounded(self, sound: Sound, wordings: tuple[Wording, ...]) -> tuple[npt.NDArray[np.float64], float]:
        if self._heads is None or sound.language != "fr":
            return np.zeros(len(wordings)), 0.0
        hearing = self._heads.hear(sound.states[0, : max(1, sound.frames)])
        sequences = [sequence for wording in wordings for sequence in wording.sounds]
        likelihoods = iter(hearing.likelihoods(sequences))
        best = [
            max((next(likelihoods) - _EASE_DISCOUNT * ease for ease in wording.ease), default=_UNHEARD)
            for wording in wordings
        ]
        return np.array(best), hearing.best_possible()

    def _kept(
        self, wordings: tuple[Wording, ...], sounded: npt.NDArray[np.float64], by_choice: npt.NDArray[np.float64]
    ) -> list[Wording]:
        """Return the wordings worth asking the decoder about."""
        if self._heads is None or not any(wording.sounds for wording in wordings):
            return list(wordings)
        choices = np.argsort(-by_choice, kind="stable")[:CHOICES_KEPT]
        kept = []
        for choice in choices:
            own = [position for position, wording in enumerate(wordings) if wording.choice == choice]
            own.sort(key=lambda position: -sounded[position])
            kept += [wordings[position] for position in own[:WORDINGS_KEPT]]
        return kept


def spelt_choices(text: str, choices: Sequence[Choice]) -> npt.NDArray[np.float64]:
    """Return 1 for the choice that ``text`` names, 0 for the others; all 0 when it names none or several."""
    spaced = f" {plain(text)} "
    named = [{words for words in map(plain, choice.texts) if words and f" {words} " in spaced} for choice in choices]
    every = set().union(*named)
    # "oui" inside "mais oui" is no second answer
    alone = [
        {words for words in own if not any(f" {words} " in f" {other} " and words != other for other in every)}
        for own in named
    ]
    found = np.array([1.0 if own else 0.0 for own in alone])
    return found if found.sum() == 1.0 else np.zeros(len(choices))


def probabilities(evidence: Evidence, weights: Weights) -> npt.NDArray[np.float64]:
    """Return the probability of each choice; they sum to less than 1."""
    logits = weights.written * evidence.written + weights.sounded * (evidence.sounded - evidence.free_sounded)
    logits = logits + weights.spelt * evidence.spelt
    none = weights.none + weights.none_written * evidence.free_written + weights.none_sounded * evidence.free_sounded
    everything = np.append(logits, none)
    everything = np.exp(everything - everything.max())
    return np.asarray(everything[:-1] / everything.sum())


@lru_cache(maxsize=64)
def instead(choices: tuple[Choice, ...], language: str) -> tuple[Choice, ...]:
    """Return what may be said instead of ``choices``, as one more choice; nothing that one of them says."""
    said = " ".join(f" {plain(text)} " for choice in choices for text in choice.texts)
    texts = tuple(text for text in _spoken().get("instead", {}).get(language, ()) if f" {plain(text)} " not in said)
    return (Choice(_INSTEAD, texts),) if texts else ()


@lru_cache(maxsize=8)
def carriers(language: str) -> tuple[str, ...]:
    """Return the phrases an answer comes in, ``{}`` standing for it."""
    return tuple(_spoken().get(language, ["{}"]))


@lru_cache(maxsize=1)
def _spoken() -> dict[str, Any]:
    return tomllib.loads((resources.files("voicebot.asr") / "carriers.toml").read_text("utf-8"))


def _capitalised(text: str) -> str:
    return text[:1].upper() + text[1:]
