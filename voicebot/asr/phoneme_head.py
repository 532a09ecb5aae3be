"""A small network that reads French phonemes in Whisper's encoder states.

Whisper base cannot spell names it has hardly seen; its encoder hears them all the same. One hidden layer over the
states gives a probability for each phoneme every 20 ms, trained with CTC (Graves et al., 2006) on synthetic telephone
speech. It costs a few milliseconds, the states being there already. The weights belong to one Whisper model.

With the weights come the head's readings of a dozen unrelated utterances, the background: how well a sequence fits
them tells how easily it fits anything (short sequences of common phones do), which is no merit of the sound.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources

import numpy as np
import numpy.typing as npt

from voicebot.asr.phonemes import PHONES

_NEVER = -1e30
_FLOOR = 0.01
"""Probability spread over all phones, so that one frame misread does not rule a word out."""
_FILES = {"whisper-base": ("whisper_base_phonemes_1.npz", "whisper_base_phonemes_2.npz")}

Matrix = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class PhonemeHead:
    """The weights: standardisation of the states, hidden layer, output layer."""

    mean: Matrix
    scale: Matrix
    hidden: Matrix
    hidden_bias: Matrix
    output: Matrix
    output_bias: Matrix
    background: Matrix
    background_frames: npt.NDArray[np.int64]

    def log_posteriors(self, states: Matrix) -> npt.NDArray[np.float64]:
        """Return log probabilities, shape [frames, 1 + phones], for ``states`` of shape [frames, width]."""
        activity = np.maximum((states - self.mean) / self.scale @ self.hidden + self.hidden_bias, 0.0)
        logits = (activity @ self.output + self.output_bias).astype(np.float64)
        likely = np.exp(logits - logits.max(axis=1, keepdims=True))
        likely /= likely.sum(axis=1, keepdims=True)
        return np.asarray(np.log((1 - _FLOOR) * likely + _FLOOR / likely.shape[1]))

    def ease(self, sequences: Sequence[Sequence[int]]) -> npt.NDArray[np.float64]:
        """Return the mean log likelihood of each sequence of phones in utterances that do not hold it."""
        ends = np.cumsum(self.background_frames)
        utterances = np.split(self.background.astype(np.float64), ends[:-1])
        return np.asarray(np.mean([ctc_log_likelihoods(one, sequences) for one in utterances], axis=0))


@dataclass(frozen=True, slots=True)
class Hearing:
    """What the heads hear in one utterance: the posteriors of each."""

    posteriors: tuple[npt.NDArray[np.float64], ...]

    def likelihoods(self, sequences: Sequence[Sequence[int]]) -> npt.NDArray[np.float64]:
        """Return the log likelihood of each sequence of phones, averaged over the heads."""
        return np.asarray(np.mean([ctc_log_likelihoods(one, sequences) for one in self.posteriors], axis=0))

    def log_mean(self) -> npt.NDArray[np.float64]:
        """Return the log of the mean probability of each phone, shape [frames, 1 + phones]."""
        return np.asarray(np.logaddexp.reduce(np.stack(self.posteriors), axis=0) - np.log(len(self.posteriors)))

    def phones(self) -> float:
        """Return how many phones there are at all; speech has several a second, noises and music hardly any."""
        counts = []
        for one in self.posteriors:
            best = one.argmax(axis=1)
            begins = np.append(best[:1] > 0, (best[1:] > 0) & (best[1:] != best[:-1]))
            counts.append(int(begins.sum()))
        return float(np.mean(counts))

    def best_possible(self) -> float:
        """Return the log likelihood of what fits best, whatever it means."""
        return float(np.mean([one.max(axis=1).sum() for one in self.posteriors]))


@dataclass(frozen=True, slots=True)
class PhonemeHeads:
    """Heads trained on different voices; they err differently, so their mean errs less."""

    heads: tuple[PhonemeHead, ...]

    def hear(self, states: Matrix) -> Hearing:
        """Return what is heard in encoder ``states`` of shape [frames, width]."""
        return Hearing(tuple(head.log_posteriors(states) for head in self.heads))

    def ease(self, sequences: Sequence[Sequence[int]]) -> npt.NDArray[np.float64]:
        """Return how easily each sequence of phones fits any utterance, averaged over the heads."""
        return np.asarray(np.mean([head.ease(sequences) for head in self.heads], axis=0))


def load_heads(model: str) -> PhonemeHeads | None:
    """Return the heads trained for the Whisper model of that id, ``None`` when there are none."""
    if model not in _FILES:
        return None
    return PhonemeHeads(tuple(_load(name) for name in _FILES[model]))


def _load(file_name: str) -> PhonemeHead:
    with (resources.files("voicebot.asr") / file_name).open("rb") as file, np.load(file) as data:
        if int(data["output"].shape[1]) != len(PHONES) + 1:
            raise ValueError(f"{file_name} was trained for another list of phonemes")
        names = ("mean", "scale", "hidden", "hidden_bias", "output", "output_bias", "background")
        weights = {name: data[name].astype(np.float32) for name in names}
        return PhonemeHead(**weights, background_frames=data["background_frames"].astype(np.int64))


def ctc_log_likelihoods(
    log_posteriors: npt.NDArray[np.float64], sequences: Sequence[Sequence[int]]
) -> npt.NDArray[np.float64]:
    """Return the log probability of each sequence of phones given all the frames (CTC's forward recursion)."""
    if not sequences:
        return np.zeros(0)
    lengths = np.array([2 * len(sequence) + 1 for sequence in sequences])
    count, width = len(sequences), int(lengths.max())
    labels = np.zeros((count, width), dtype=np.intp)
    for row, sequence in enumerate(sequences):
        labels[row, 1 : 2 * len(sequence) : 2] = sequence
    skip = np.zeros((count, width), dtype=bool)
    skip[:, 2:] = (labels[:, 2:] != 0) & (labels[:, 2:] != labels[:, :-2])
    emissions = log_posteriors[:, labels]
    forward = np.full((count, width), _NEVER)
    forward[:, :2] = emissions[0, :, :2]
    for emission in emissions[1:]:
        # the best of the three predecessors factored out keeps the sum of exponentials in range
        one = np.full_like(forward, _NEVER)
        one[:, 1:] = forward[:, :-1]
        two = np.full_like(forward, _NEVER)
        two[:, 2:] = np.where(skip[:, 2:], forward[:, :-2], _NEVER)
        best = np.maximum(np.maximum(forward, one), two)
        forward = best + np.log(np.exp(forward - best) + np.exp(one - best) + np.exp(two - best)) + emission
    rows = np.arange(count)
    on_phone = np.where(lengths > 1, forward[rows, np.maximum(lengths - 2, 0)], _NEVER)
    return np.asarray(np.logaddexp(forward[rows, lengths - 1], on_phone))
