"""The recording after the beep: what ends it, what is worth keeping, and what becomes of it when the caller is gone."""

import asyncio
import io
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from voicebot.audio.frames import FRAME_S, LINE_HZ, Pcm
from voicebot.calls.ports import VoiceLost
from voicebot.calls.settings import MessageSettings
from voicebot.calls.transcription import LONGEST_PIECE_S, pieces
from voicebot.calls.voicemail import Recording, Voicemail, beep, wav_bytes
from voicebot.dialog.turns import Record, VoiceEnding

SIZE = round(LINE_HZ * FRAME_S)
SPEECH, _ = soundfile.read(Path(__file__).parent / "audio" / "quand-passe-le-camion.wav", dtype="int16")
SILENCE = np.zeros(SIZE, np.int16)
QUICK = MessageSettings(longest_s=12, warning_s=4)
RECORD = Record("message", "M471", "message", {"telephone": "+33612345678"})


class Shelf:
    """A store in memory; ``full`` loses everything."""

    def __init__(self, *, full: bool = False) -> None:
        self.full, self.kept, self.dropped = full, [b""][:0], [""][:0]

    def ready(self) -> bool:
        return True

    async def keep(self, wav: bytes) -> str:
        if self.full:
            raise VoiceLost("no space left")
        self.kept.append(wav)
        return f"v{len(self.kept)}"

    async def drop(self, voice: str) -> None:
        self.dropped.append(voice)


def frames(pcm: Pcm) -> list[Pcm]:
    return [pcm[start : start + SIZE] for start in range(0, pcm.size - SIZE + 1, SIZE)]


def listen(recording: Recording, sound: list[Pcm], longest_s: float = 60.0, key_at: int = -1) -> VoiceEnding | None:
    """Play the tones to the end, then give ``sound`` and silence until the recording ends."""
    while recording.tone() is not None:
        assert recording.take(SILENCE, "") is None
    for number in range(round(longest_s / FRAME_S)):
        recording.tone()
        frame = sound[number] if number < len(sound) else SILENCE
        ended = recording.take(frame, "5" if number == key_at else "")
        if ended is not None:
            return ended
    return None


def test_what_was_said_ends_with_a_long_pause_and_is_kept_without_it() -> None:
    recording = Recording(LINE_HZ, QUICK)
    assert listen(recording, frames(SPEECH)) == "pause"
    clip_s = recording.clip().size / LINE_HZ
    assert SPEECH.size / LINE_HZ - 1.5 < clip_s < SPEECH.size / LINE_HZ + 1


def test_a_key_ends_it_at_once() -> None:
    recording = Recording(LINE_HZ, QUICK)
    assert listen(recording, frames(SPEECH), key_at=100) == "key"
    assert recording.clip().size / LINE_HZ <= 100 * FRAME_S


def test_the_longest_message_is_warned_of_and_cut() -> None:
    recording = Recording(LINE_HZ, QUICK)
    while recording.tone() is not None:
        recording.take(SILENCE, "")
    speech, warned = frames(np.tile(SPEECH, 6)), 0
    for frame in speech:
        warned += recording.tone() is not None
        if recording.take(frame, "") == "limit":
            break
    assert warned
    assert recording.frames * FRAME_S == pytest.approx(QUICK.longest_s)


def test_somebody_who_says_nothing_leaves_nothing() -> None:
    recording = Recording(LINE_HZ, QUICK)
    assert listen(recording, []) == "pause"
    assert recording.clip().size == 0


def test_a_knock_is_no_message() -> None:
    knock = (np.random.default_rng(1).normal(0, 9000, SIZE * 4)).astype(np.int16)
    recording = Recording(LINE_HZ, QUICK)
    listen(recording, frames(knock))
    assert recording.clip().size == 0


def test_our_own_beep_returned_by_the_line_is_not_the_caller() -> None:
    recording = Recording(LINE_HZ, QUICK)
    echo = beep(LINE_HZ, 1000.0, 0.4)
    while (tone := recording.tone()) is not None:
        recording.take(tone, "")
    for frame in frames(echo)[:5]:
        recording.take(frame, "")
    assert recording.clip().size == 0


def left_by_who_hangs_up(store: Shelf, said: Pcm) -> Record | None:
    voicemail = Voicemail(store, QUICK, LINE_HZ)
    voicemail.begin(RECORD)
    while voicemail.tone() is not None:
        voicemail.take(SILENCE, "")
    for frame in frames(said):
        voicemail.tone()
        voicemail.take(frame, "")
    return asyncio.run(voicemail.close([]))


def test_what_was_said_before_hanging_up_is_kept() -> None:
    store = Shelf()
    left = left_by_who_hangs_up(store, SPEECH)
    assert left is not None
    assert left.voice is not None
    assert (left.voice.id, left.voice.ended) == ("v1", "hung_up")
    sound, rate_hz = soundfile.read(io.BytesIO(store.kept[0]))
    assert (rate_hz, sound.ndim) == (LINE_HZ, 1)


def test_a_word_before_hanging_up_is_not_a_message() -> None:
    store = Shelf()
    assert left_by_who_hangs_up(store, SPEECH[: LINE_HZ * 2]) is None
    assert store.kept == []


def test_a_message_that_a_full_disk_loses_becomes_a_callback() -> None:
    left = left_by_who_hangs_up(Shelf(full=True), SPEECH)
    assert left is not None
    assert (left.type, left.form, left.slots) == ("callback", "rappel", RECORD.slots)


def test_an_erased_message_is_taken_out_of_the_store() -> None:
    async def erased() -> Shelf:
        store = Shelf()
        voicemail = Voicemail(store, QUICK, LINE_HZ)
        voicemail.begin(RECORD)
        while voicemail.tone() is not None:
            voicemail.take(SILENCE, "")
        voice = next(done for frame in [*frames(SPEECH), *[SILENCE] * 400] if (done := voicemail.take(frame, "")))
        assert voice.duration_s
        await voicemail.keep()
        voicemail.drop()
        assert await voicemail.close([]) is None
        return store

    assert asyncio.run(erased()).dropped == ["v1"]


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 60 * LINE_HZ), st.integers(0, 2**32 - 1))
def test_pieces_to_transcribe_are_short_and_together_the_whole(length: int, seed: int) -> None:
    pcm = np.random.default_rng(seed).integers(-500, 500, length).astype(np.int16)
    cut = list(pieces(pcm, LINE_HZ))
    assert np.array_equal(np.concatenate(cut), pcm)
    assert all(piece.size <= LONGEST_PIECE_S * LINE_HZ for piece in cut)


def test_the_sound_is_a_wav_that_anybody_can_open() -> None:
    sound, rate_hz = soundfile.read(io.BytesIO(wav_bytes(SPEECH, LINE_HZ)), dtype="int16")
    assert rate_hz == LINE_HZ
    assert np.array_equal(sound, SPEECH)
