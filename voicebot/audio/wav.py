"""WAV files in and out: any WAV becomes one channel of 16-bit samples; a call is recorded in two channels.

Nothing here keeps more than a second of a recording in memory. Reading loads the whole clip: it is for prompts, scripts
and tests, not for archives of hours.
"""

import logging
import os
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
import soundfile

from voicebot.audio.frames import FULL_SCALE, AudioError, Pcm

log = logging.getLogger(__name__)

_STREAMED_SIZES = (0, 0x7FFFF000, 0xFFFFFFFF, 0x7FFFFFFF)


@dataclass(frozen=True, slots=True)
class Clip:
    """A sound and its rate. ``truncated``: the file was cut short and holds less than its header announces."""

    pcm: Pcm
    rate_hz: int
    truncated: bool = False

    @property
    def duration_s(self) -> float:
        """The duration in seconds."""
        return self.pcm.size / self.rate_hz


def read_wav(path: str | os.PathLike[str]) -> Clip:
    """Return the sound of a WAV file of any rate, width, codec and number of channels, mixed down to one.

    Raises:
        AudioError: the file is missing, unreadable, not a sound or holds no sample.
    """
    name = Path(path)
    try:
        with name.open("rb") as file:
            truncated = _is_truncated(file)
            file.seek(0)
            with soundfile.SoundFile(file) as sound:
                rate_hz = int(sound.samplerate)
                samples = sound.read(dtype="float32", always_2d=True)
    except FileNotFoundError:
        raise AudioError(f"{name}: no such file") from None
    except IsADirectoryError:
        raise AudioError(f"{name}: a directory, not a WAV file") from None
    except OSError as error:
        raise AudioError(f"{name}: cannot be read ({error.strerror or error})") from error
    except soundfile.LibsndfileError as error:
        raise AudioError(f"{name}: not a WAV file, or one that cannot be decoded ({error.error_string})") from error
    if samples.shape[0] == 0:
        raise AudioError(f"{name}: the file holds no sound")
    mono = samples[:, 0] if samples.shape[1] == 1 else samples.mean(axis=1)
    return Clip(_to_pcm(mono), rate_hz, truncated)


def write_wav(path: str | os.PathLike[str], pcm: Pcm, rate_hz: int) -> None:
    """Write ``pcm`` as a 16-bit mono WAV file, whole or not at all.

    Raises:
        AudioError: the file cannot be written (no such folder, disk full...).
    """
    name = Path(path)
    partial = name.with_name(f".{name.name}.partial")
    try:
        with partial.open("wb") as file:
            soundfile.write(file, pcm, rate_hz, subtype="PCM_16", format="WAV")
        partial.replace(name)
    except (OSError, soundfile.LibsndfileError) as error:
        partial.unlink(missing_ok=True)
        raise AudioError(f"{name}: cannot be written ({error})") from error


class StereoRecorder:
    """A call being written to a 16-bit stereo WAV: the caller on the left, the assistant on the right.

    Fed one frame of each at a time. Written every ``flush_s`` with a header that is right each time, so that a
    process killed in mid-call leaves a valid file at most that much shorter. A disk that fails must not end the call:
    recording stops, the first error is kept in ``error`` and logged.
    """

    def __init__(self, path: str | os.PathLike[str], rate_hz: int, flush_s: float = 1.0) -> None:
        self.path = Path(path)
        self.error: AudioError | None = None
        self._rate_hz = rate_hz
        self._flush_samples = max(1, int(flush_s * rate_hz))
        self._pending: list[bytes] = []
        self._pending_samples = 0
        self._written_samples = 0
        self._open = True
        try:
            self._file = self.path.open("wb", buffering=0)
            self._file.write(self._header())
        except OSError as error:
            raise AudioError(f"{self.path}: cannot be recorded to ({error.strerror or error})") from error

    @property
    def duration_s(self) -> float:
        """Seconds recorded so far, those not yet on disk included."""
        return (self._written_samples + self._pending_samples) / self._rate_hz

    def feed(self, caller: Pcm, assistant: Pcm | None) -> None:
        """Add one frame of each side; the shorter one is completed with silence, ``None`` is silence. Never raises."""
        if not self._open:
            return
        length = max(caller.size, 0 if assistant is None else assistant.size)
        both = np.zeros((length, 2), dtype="<i2")
        both[: caller.size, 0] = caller
        if assistant is not None:
            both[: assistant.size, 1] = assistant
        self._pending.append(both.tobytes())
        self._pending_samples += length
        if self._pending_samples >= self._flush_samples:
            self._flush()

    def close(self) -> float:
        """Write what is left, close the file and return its duration in seconds. Idempotent."""
        self._flush()
        self._open = False
        self._file.close()
        return self._written_samples / self._rate_hz

    def _header(self) -> bytes:
        data = self._written_samples * 4
        chunks = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 2, self._rate_hz, self._rate_hz * 4, 4, 16)
        return struct.pack("<4sI4s", b"RIFF", 36 + data, b"WAVE") + chunks + struct.pack("<4sI", b"data", data)

    def _flush(self) -> None:
        if not self._open or not self._pending:
            return
        written = self._written_samples
        try:
            # sound first, header after: killed in between, the file is valid and a second shorter
            self._file.seek(44 + written * 4)
            self._write(b"".join(self._pending))
            self._written_samples += self._pending_samples
            self._file.seek(0)
            self._write(self._header())
        except OSError as error:
            self._written_samples = written
            self._open = False
            self._file.close()
            self.error = AudioError(f"{self.path}: recording stopped after {written / self._rate_hz:.1f} s ({error})")
            log.error("%s", self.error)
        self._pending.clear()
        self._pending_samples = 0

    def _write(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            view = view[self._file.write(view) :]


def _to_pcm(samples: np.ndarray[tuple[int, ...], np.dtype[np.float32]]) -> Pcm:
    finite = np.nan_to_num(samples, nan=0.0, posinf=1.0, neginf=-1.0)
    pcm: Pcm = np.clip(np.rint(finite * FULL_SCALE), -32768, 32767).astype(np.int16)
    return pcm


def _is_truncated(file: BinaryIO) -> bool:
    """Whether the RIFF data chunk of ``file`` announces more bytes than follow (streamed headers announce none)."""
    end = file.seek(0, os.SEEK_END)
    file.seek(0)
    head = file.read(12)
    if len(head) < 12 or head[:4] != b"RIFF" or head[8:12] != b"WAVE":
        return False
    while len(chunk := file.read(8)) == 8:
        size = int(struct.unpack("<I", chunk[4:])[0])
        if chunk[:4] == b"data":
            return size not in _STREAMED_SIZES and file.tell() + size > end
        file.seek(size + size % 2, os.SEEK_CUR)
    return True
