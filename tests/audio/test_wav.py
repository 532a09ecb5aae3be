"""Any WAV is read, what is wrong with it is told, and a call is recorded in bounded memory."""

import resource
import signal
import struct
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.audio.sounds import tone
from voicebot.audio.frames import AudioError, level_dbfs
from voicebot.audio.wav import StereoRecorder, read_wav, write_wav


def test_what_is_written_is_read_back_bit_for_bit(tmp_path: Path) -> None:
    pcm = np.array([0, 1, -1, 32767, -32768, 1234], dtype=np.int16)
    write_wav(tmp_path / "a.wav", pcm, 8000)
    clip = read_wav(tmp_path / "a.wav")
    assert np.array_equal(clip.pcm, pcm)
    assert (clip.rate_hz, clip.truncated) == (8000, False)
    assert clip.duration_s == pytest.approx(6 / 8000)


@pytest.mark.parametrize("subtype", ["PCM_24", "PCM_32", "FLOAT", "DOUBLE", "ALAW", "ULAW", "PCM_U8"])
@pytest.mark.parametrize("rate_hz", [8000, 44100])
def test_every_codec_and_rate_is_read(tmp_path: Path, subtype: str, rate_hz: int) -> None:
    pcm = tone(440, 0.2, rate_hz)
    soundfile.write(tmp_path / "a.wav", pcm / 32768, rate_hz, subtype=subtype)
    clip = read_wav(tmp_path / "a.wav")
    assert clip.rate_hz == rate_hz
    assert clip.pcm.dtype == np.int16
    assert np.max(np.abs(clip.pcm.astype(int) - pcm)) <= 260


def test_stereo_is_mixed_down(tmp_path: Path) -> None:
    left, right = np.full(100, 1000, dtype=np.int16), np.full(100, 3000, dtype=np.int16)
    soundfile.write(tmp_path / "a.wav", np.stack([left, right], axis=1), 8000)
    assert set(read_wav(tmp_path / "a.wav").pcm.tolist()) == {2000}


def test_a_float_file_beyond_full_scale_is_clipped_not_wrapped(tmp_path: Path) -> None:
    values = np.array([2.0, -2.0, float("nan"), 0.5])
    soundfile.write(tmp_path / "a.wav", values, 8000, subtype="FLOAT")
    assert read_wav(tmp_path / "a.wav").pcm.tolist() == [32767, -32768, 0, 16384]


def test_a_file_cut_short_is_read_as_far_as_it_goes_and_flagged(tmp_path: Path) -> None:
    write_wav(tmp_path / "a.wav", tone(440, 1.0, 8000), 8000)
    whole = (tmp_path / "a.wav").read_bytes()
    (tmp_path / "cut.wav").write_bytes(whole[: 44 + 8000])
    clip = read_wav(tmp_path / "cut.wav")
    assert clip.truncated
    assert clip.pcm.size == 4000


def test_a_streamed_file_without_a_size_is_read_and_not_flagged(tmp_path: Path) -> None:
    pcm = tone(440, 0.1, 8000)
    write_wav(tmp_path / "a.wav", pcm, 8000)
    data = bytearray((tmp_path / "a.wav").read_bytes())
    data[40:44] = struct.pack("<I", 0xFFFFFFFF)
    (tmp_path / "piped.wav").write_bytes(data)
    clip = read_wav(tmp_path / "piped.wav")
    assert np.array_equal(clip.pcm, pcm)
    assert not clip.truncated


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"", "not a WAV"), (b"hello, this is a text", "not a WAV"), (b"RIFF\x24\x00\x00\x00WAVE", "not a WAV")],
)
def test_what_is_not_a_wav_is_told(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "a.wav").write_bytes(content)
    with pytest.raises(AudioError, match=message) as caught:
        read_wav(tmp_path / "a.wav")
    assert "a.wav" in str(caught.value)


def test_a_wav_without_a_sample_is_told(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", np.zeros(0, dtype=np.int16), 8000)
    with pytest.raises(AudioError, match="holds no sound"):
        read_wav(tmp_path / "a.wav")


def test_a_missing_file_and_a_folder_are_told(tmp_path: Path) -> None:
    with pytest.raises(AudioError, match="no such file"):
        read_wav(tmp_path / "none.wav")
    with pytest.raises(AudioError, match="a directory"):
        read_wav(tmp_path)


def test_writing_where_it_cannot_be_is_told_and_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(AudioError, match="cannot be written"):
        write_wav(tmp_path / "missing" / "a.wav", tone(440, 0.1, 8000), 8000)
    assert list(tmp_path.iterdir()) == []


def test_recording_where_it_cannot_be_is_told(tmp_path: Path) -> None:
    with pytest.raises(AudioError, match="cannot be recorded to"):
        StereoRecorder(tmp_path / "missing" / "call.wav", 8000)


def test_a_recording_has_the_caller_on_the_left_and_the_assistant_on_the_right(tmp_path: Path) -> None:
    recorder = StereoRecorder(tmp_path / "call.wav", 8000)
    for _ in range(120):
        recorder.feed(np.full(160, 100, dtype=np.int16), np.full(160, -200, dtype=np.int16))
    recorder.feed(np.full(160, 100, dtype=np.int16), None)
    assert recorder.close() == pytest.approx(2.42)
    samples, rate_hz = soundfile.read(tmp_path / "call.wav", dtype="int16")
    assert rate_hz == 8000
    assert samples.shape == (121 * 160, 2)
    assert set(samples[:, 0].tolist()) == {100}
    assert set(samples[: 120 * 160, 1].tolist()) == {-200}
    assert not samples[120 * 160 :, 1].any()
    assert recorder.close() == pytest.approx(2.42)


def test_a_recording_never_closed_is_still_a_valid_file(tmp_path: Path) -> None:
    recorder = StereoRecorder(tmp_path / "call.wav", 8000, flush_s=0.5)
    for _ in range(60):
        recorder.feed(tone(440, 0.02, 8000), None)
    (tmp_path / "copy.wav").write_bytes((tmp_path / "call.wav").read_bytes())
    clip = read_wav(tmp_path / "copy.wav")
    assert clip.duration_s == pytest.approx(1.0)
    assert not clip.truncated
    assert level_dbfs(clip.pcm) == pytest.approx(-26, abs=0.5)
    recorder.close()


def test_a_recording_on_a_full_disk_stops_says_so_and_keeps_what_it_has(tmp_path: Path) -> None:
    hard_limit = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, hard_limit))
    try:
        recorder = StereoRecorder(tmp_path / "call.wav", 8000, flush_s=0.1)
        for _ in range(60):
            recorder.feed(np.ones(160, dtype=np.int16), None)
        kept_s = recorder.close()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (hard_limit, hard_limit))
        signal.signal(signal.SIGXFSZ, ignored)
    assert recorder.error is not None
    assert "recording stopped after 0.6 s" in str(recorder.error)
    clip = read_wav(tmp_path / "call.wav")
    assert clip.duration_s == pytest.approx(kept_s, abs=0.1)
    assert not clip.truncated
