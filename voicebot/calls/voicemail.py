"""The recording of a message in one call: the beep, the caller's voice until it ends, and what becomes of the sound.

``Recording`` is driven by 20 ms frames and knows nothing of the rest of the call. ``Voicemail`` holds the last
recording of a call until the caller has decided: it is put in the store when they keep it, and also when they hang up
before they have, since that is how people leave an answering machine.
"""

import io
import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import soundfile

from voicebot.audio.frames import FRAME_S, Pcm, frame_samples, silence
from voicebot.audio.level import fade_in, fade_out
from voicebot.audio.vad import Vad
from voicebot.calls.ports import VoiceLost, VoiceStore
from voicebot.calls.settings import MessageSettings
from voicebot.dialog.turns import Record, Voiced, VoiceEnding

log = logging.getLogger(__name__)

BEEP_HZ = 1000.0
_BEEP_S = 0.4
_WARNING_HZ = 660.0
_WARNING_S = 0.12
_TONE_AMPLITUDE = 5000
_TONE_FADE_S = 0.01
_NO_SPEECH_S = 8.0
"""A caller who has said nothing by then is not going to."""
_LEAST_SPEECH_S = 0.4
"""Less speech than this is a cough or a door."""
_LEAD_S = 0.4
_TAIL_S = 0.5
"""What is kept before the first sound of speech and after the last."""
_ECHO_S = 0.1
"""The line may return our tones this long."""


@dataclass(frozen=True, slots=True)
class _Speech:
    """Where speech was found, in frames: the first and the last, and how many."""

    first: int = -1
    last: int = -1
    count: int = 0

    def then(self, frame: int) -> "_Speech":
        return _Speech(frame if self.first < 0 else self.first, frame, self.count + 1)


class Recording:
    """One recording at ``rate_hz``. Each frame: play ``tone()``, then give ``take`` the caller's sound and keys."""

    def __init__(self, rate_hz: int, settings: MessageSettings) -> None:
        self._rate_hz = rate_hz
        self._settings = settings
        self._size = frame_samples(rate_hz)
        self._vad = Vad(rate_hz)
        self._tones = _framed(beep(rate_hz, BEEP_HZ, _BEEP_S), self._size)
        self._sound: list[Pcm] = []
        self._speech = _Speech()
        self._deaf_frames = len(self._tones) + round(_ECHO_S / FRAME_S)
        self._started = False

    @property
    def frames(self) -> int:
        """Frames recorded since the beep."""
        return len(self._sound)

    def tone(self) -> Pcm | None:
        """Return the 20 ms to play, ``None`` for silence."""
        if self._tones:
            return self._tones.pop(0)
        self._started = True
        return None

    def take(self, pcm: Pcm, keys: str) -> VoiceEnding | None:
        """Take 20 ms and the keys pressed in them; return what ended the recording, ``None`` while it goes on."""
        if keys and self._started:
            return "key"
        heard = self._vad.feed(pcm)
        self._deaf_frames = max(0, self._deaf_frames - 1)
        if not self._started:
            return None
        self._sound.append(pcm)
        if heard.speech and not self._deaf_frames:
            self._speech = self._speech.then(len(self._sound) - 1)
        self._warn()
        return self._over()

    def clip(self) -> Pcm:
        """Return what was said, without the silence before and after it; empty when nothing was."""
        if self._speech.count * FRAME_S < _LEAST_SPEECH_S:
            return silence(0)
        first = max(0, self._speech.first - round(_LEAD_S / FRAME_S))
        last = self._speech.last + 1 + round(_TAIL_S / FRAME_S)
        return np.concatenate(self._sound[first:last])

    def _warn(self) -> None:
        settings = self._settings
        if settings.warning_s and len(self._sound) == round((settings.longest_s - settings.warning_s) / FRAME_S):
            short = beep(self._rate_hz, _WARNING_HZ, _WARNING_S)
            self._tones = _framed(np.concatenate((short, silence(short.size), short)), self._size)
            self._deaf_frames = len(self._tones) + round(_ECHO_S / FRAME_S)

    def _over(self) -> VoiceEnding | None:
        frames = len(self._sound)
        if frames * FRAME_S >= self._settings.longest_s:
            return "limit"
        spoken = self._speech.count * FRAME_S >= _LEAST_SPEECH_S
        silent_s = (frames - 1 - self._speech.last) * FRAME_S
        limit_s = self._settings.pause_s if spoken else max(_NO_SPEECH_S, self._settings.pause_s)
        return "pause" if silent_s >= limit_s else None


class Voicemail:
    """What one call records. ``store`` is where messages go; ``None``: nothing can be recorded."""

    def __init__(self, store: VoiceStore | None, settings: MessageSettings, rate_hz: int) -> None:
        self._store = store
        self._settings = settings
        self._rate_hz = rate_hz
        self._recording: Recording | None = None
        self._record: Record | None = None
        self._voice: Voiced | None = None
        self._dropped: list[str] = []
        self.clip = silence(0)
        """What was said, as long as it is not dropped."""

    @property
    def voice(self) -> Voiced | None:
        """What was recorded, if anything was and the caller has not dropped it."""
        return self._voice

    def begin(self, record: Record) -> None:
        """Begin to record for ``record``; what was recorded before is forgotten once something else is."""
        self._recording, self._record = Recording(self._rate_hz, self._settings), record

    def tone(self) -> Pcm | None:
        """Return the 20 ms to play while recording, ``None`` for silence."""
        return None if self._recording is None else self._recording.tone()

    @property
    def just_began(self) -> bool:
        """Whether the caller may speak since this very frame."""
        return self._recording is not None and self._recording.frames == 1

    def take(self, pcm: Pcm, keys: str) -> Voiced | None:
        """Take 20 ms of the caller; return what was recorded once it has ended."""
        if self._recording is None:
            return None
        ended = self._recording.take(pcm, keys)
        return None if ended is None else self._finish(self._recording, ended)

    async def keep(self) -> Voiced:
        """Put what was recorded in the store; return it with its place there, or as lost. Never raises."""
        voice = self._voice
        if voice is None or self._store is None:
            return Voiced(0.0, "hung_up", lost=True)
        if voice.id:
            return voice
        try:
            kept = await self._store.keep(wav_bytes(self.clip, self._rate_hz))
        except VoiceLost as error:
            log.error("a message could not be kept: %s", error)
            return replace(voice, lost=True)
        self._voice = replace(voice, id=kept)
        return self._voice

    def drop(self) -> None:
        """Forget what was recorded; ``close`` takes it out of the store if it is there."""
        voice, self._voice, self.clip, self._record = self._voice, None, silence(0), None
        if voice is not None and voice.id:
            self._dropped.append(voice.id)

    async def close(self, records: Sequence[Record]) -> Record | None:
        """End with the call, which left ``records``; return the message of a caller who hung up before they decided.

        One that cannot be kept becomes a callback, where there is a number to call.
        """
        for voice_id in self._dropped:
            if self._store is not None:
                await self._store.drop(voice_id)
        self._take_unfinished()
        record, voice = self._record, self._voice
        if record is None or voice is None or not voice.duration_s:
            return None
        if any(kept.reference == record.reference for kept in records):
            return None
        kept = await self.keep()
        if not kept.lost:
            return replace(record, voice=kept)
        return replace(record, type="callback", form="rappel") if record.slots else None

    def _take_unfinished(self) -> None:
        """Take what was said before the caller hung up, if it is worth keeping."""
        recording, self._recording = self._recording, None
        if recording is None:
            return
        clip = recording.clip()
        if clip.size >= self._settings.shortest_s * self._rate_hz:
            self._hold(clip, "hung_up")

    def _finish(self, recording: Recording, ended: VoiceEnding) -> Voiced:
        self._recording = None
        return self._hold(recording.clip(), ended)

    def _hold(self, clip: Pcm, ended: VoiceEnding) -> Voiced:
        self.clip = clip
        self._voice = Voiced(round(clip.size / self._rate_hz, 2), ended)
        return self._voice


def beep(rate_hz: int, pitch_hz: float, length_s: float) -> Pcm:
    """Return a soft tone."""
    times = np.arange(round(length_s * rate_hz)) / rate_hz
    tone = np.rint(_TONE_AMPLITUDE * np.sin(2 * np.pi * pitch_hz * times)).astype(np.int16)
    edge = round(_TONE_FADE_S * rate_hz)
    return fade_out(fade_in(tone, edge), edge)


def wav_bytes(pcm: Pcm, rate_hz: int) -> bytes:
    """Return ``pcm`` as a 16-bit mono WAV file."""
    file = io.BytesIO()
    soundfile.write(file, pcm, rate_hz, subtype="PCM_16", format="WAV")
    return file.getvalue()


def _framed(pcm: Pcm, size: int) -> list[Pcm]:
    padded = np.concatenate((pcm, silence(-pcm.size % size)))
    return [padded[start : start + size] for start in range(0, padded.size, size)]
