"""The log-mel spectrogram is Whisper's."""

import numpy as np
from faster_whisper.feature_extractor import FeatureExtractor

from voicebot.asr.features import LONGEST_S, log_mel


def _speechlike(seconds: float) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    time_s = np.arange(int(16000 * seconds)) / 16000
    wave = sum(np.sin(2 * np.pi * hz * time_s) / (1 + k) for k, hz in enumerate((140, 280, 560, 1900, 3100)))
    return (0.1 * wave * (1 + np.sin(2 * np.pi * 4 * time_s))).astype(np.float32)


def test_features_equal_those_of_the_reference_implementation() -> None:
    samples = _speechlike(1.3)
    expected = FeatureExtractor()(np.concatenate([samples, np.zeros(32000, np.float32)]), padding=0)
    found = log_mel(samples, 2.0)
    assert found.shape == expected.shape
    np.testing.assert_allclose(found, expected, atol=2e-3)


def test_features_never_exceed_thirty_seconds() -> None:
    assert log_mel(_speechlike(31.0), 4.0).shape == (80, int(LONGEST_S * 100))


def test_a_sound_shorter_than_a_window_still_has_features() -> None:
    assert log_mel(np.zeros(10, np.float32), 0.0).shape[1] > 0
