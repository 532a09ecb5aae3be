"""Log-mel spectrogram of 16 kHz speech, as Whisper was trained on.

Follows ``whisper/audio.py`` of OpenAI's Whisper (Radford et al., "Robust Speech Recognition via Large-Scale Weak
Supervision", 2022): 400-point Hann windows every 160 samples, Slaney's mel scale, log10 clamped to 8 below the
maximum.
"""

from functools import lru_cache

import numpy as np
import numpy.typing as npt

WHISPER_HZ = 16000
HOP_SAMPLES = 160
FRAMES_PER_S = WHISPER_HZ // HOP_SAMPLES
LONGEST_S = 30.0
_FFT = 400

Spectrogram = npt.NDArray[np.float32]
"""Shape [bands, frames], one frame every 10 ms."""


@lru_cache(maxsize=2)
def mel_filters(bands: int) -> Spectrogram:
    """Return the triangular filters, shape [bands, 201], each of constant energy."""
    bin_hz = np.fft.rfftfreq(_FFT, 1.0 / WHISPER_HZ)
    mels = np.linspace(0.0, 45.245640471924965, bands + 2)
    edges_hz = mels * (200.0 / 3.0)
    logarithmic = mels >= 15.0
    edges_hz[logarithmic] = 1000.0 * np.exp(np.log(6.4) / 27.0 * (mels[logarithmic] - 15.0))
    widths = np.diff(edges_hz)
    ramps = edges_hz[:, None] - bin_hz[None, :]
    rising = -ramps[:-2] / widths[:-1, None]
    falling = ramps[2:] / widths[1:, None]
    filters = np.maximum(0.0, np.minimum(rising, falling))
    filters *= (2.0 / (edges_hz[2:] - edges_hz[:-2]))[:, None]
    result: Spectrogram = filters.astype(np.float32)
    return result


@lru_cache(maxsize=1)
def _window() -> npt.NDArray[np.float32]:
    return np.hanning(_FFT + 1)[:-1].astype(np.float32)


def log_mel(samples: npt.NDArray[np.float32], pad_s: float, bands: int = 80) -> Spectrogram:
    """Return the features of ``samples`` (16 kHz, -1 to 1) followed by ``pad_s`` seconds of digital silence.

    The whole is cut to Whisper's 30 s.
    """
    limit = int(LONGEST_S * WHISPER_HZ)
    padded = np.concatenate([samples, np.zeros(int(pad_s * WHISPER_HZ), dtype=np.float32)])[:limit]
    if len(padded) < _FFT:
        padded = np.pad(padded, (0, _FFT - len(padded)))
    padded = np.pad(padded, _FFT // 2, mode="reflect")
    frames = np.lib.stride_tricks.sliding_window_view(padded, _FFT)[::HOP_SAMPLES]
    spectrum = np.fft.rfft(frames * _window(), axis=-1).astype(np.complex64)[:-1]
    power = (np.abs(spectrum) ** 2).T
    logs = np.log10(np.maximum(mel_filters(bands) @ power, 1e-10))
    logs = np.maximum(logs, logs.max() - 8.0)
    return np.ascontiguousarray((logs + 4.0) / 4.0, dtype=np.float32)
