"""Playing a script: gives a scripted caller a voice, puts them on a replayed line, and lets the call happen.

Used by ``voicebot replay``, by the demonstration, by the benchmarks and by the tests of whole calls.
"""

import dataclasses
import hashlib
from collections.abc import Sequence
from contextlib import AsyncExitStack
from datetime import datetime
from pathlib import Path

import numpy as np

from voicebot.app import Service, call_info, open_call
from voicebot.asr.base import Hints, Recognizer, Transcript
from voicebot.audio.channel import Channel
from voicebot.audio.frames import LINE_HZ, AudioError, Pcm, frame_samples, level_dbfs
from voicebot.audio.resample import resample
from voicebot.audio.wav import StereoRecorder, read_wav
from voicebot.calls.ports import Witness
from voicebot.calls.record import CallRecord, TurnRecord
from voicebot.calls.transcription import transcribe as transcribe_message
from voicebot.calls.transcription import wav_pcm
from voicebot.calls.voice_store import ReplayedVoices
from voicebot.calls.work import Work
from voicebot.clock import PARIS, Clock, VirtualClock, WallClock
from voicebot.telephony.replay import CallerScript, ReplayLeg, SpokenTurn
from voicebot.telephony.script import ADVISERS, Script, ScriptTurn, load_script
from voicebot.tts.base import Manner, Voice

SCRIPT_SUFFIXES = (".json", ".toml")
_STUDIO_HZ = 16000
_SPEECH_BELOW_PEAK_DB = 35.0
_PARTING_SILENCE_S = 2.0
_LINE_SNR_DB = 30.0


@dataclasses.dataclass(frozen=True, slots=True)
class Rehearsal:
    """A script whose sound is ready to be played."""

    script: Script
    caller: CallerScript


async def rehearse(path: Path, caller_voice: Voice) -> Rehearsal:
    """Read a script or a WAV and give it sound.

    Raises:
        ScriptError, AudioError: the file or one of its WAVs cannot be used.
        SynthesisError: the caller's voice failed.
    """
    if path.suffix.lower() in SCRIPT_SUFFIXES:
        return await give_voice(load_script(path), caller_voice)
    return from_wav(path)


async def give_voice(script: Script, caller_voice: Voice) -> Rehearsal:
    """Render what a script's caller says, through a telephone channel, and read their WAVs.

    Raises:
        AudioError: a WAV cannot be used.
        SynthesisError: the caller's voice failed.
    """
    turns = [await _spoken(turn, caller_voice, seed) for seed, turn in enumerate(script.turns)]
    return Rehearsal(script, CallerScript(tuple(turns), tuple(ADVISERS[one] for one in script.advisers)))


def from_wav(path: Path) -> Rehearsal:
    """Make a script of a caller's recording: each stretch of speech parted by two seconds of silence is a turn.

    Raises:
        AudioError: the file is not a WAV, is empty...
    """
    clip = read_wav(path)
    pcm = resample(clip.pcm, clip.rate_hz, LINE_HZ)
    digest = _digest(pcm)
    turns = tuple(SpokenTurn(pcm=part, speech_samples=part.size) for part in _utterances(pcm))
    if not turns:
        raise AudioError(f"{path}: holds no speech (level {level_dbfs(pcm):.0f} dBFS); record the caller's side")
    return Rehearsal(Script(turns=(), digest=digest), CallerScript(turns))


def speech_end(pcm: Pcm, rate_hz: int) -> int:
    """Return the sample after the last 20 ms that are within 35 dB of the loudest: where clean speech truly ends."""
    levels = _frame_levels(pcm, rate_hz)
    if not levels:
        return 0
    floor = max(levels) - _SPEECH_BELOW_PEAK_DB
    last = max((index for index, level in enumerate(levels) if level > floor), default=len(levels) - 1)
    return min(pcm.size, (last + 1) * frame_samples(rate_hz))


async def transcribe(recognizer: Recognizer, path: Path, hints: Hints = Hints()) -> Transcript:
    """Recognise a whole WAV as one turn.

    Raises:
        AudioError: the WAV cannot be read.
        RecognitionError: the engine failed.
    """
    clip = read_wav(path)
    stream = recognizer.open(clip.rate_hz, hints)
    stream.feed(clip.pcm)
    return await stream.finish()


async def play(
    service: Service,
    rehearsal: Rehearsal,
    *,
    profile: str = "",
    at: datetime | None = None,
    realtime: bool = False,
    record_to: Path | None = None,
) -> tuple[CallRecord, ReplayLeg]:
    """Hold the whole call and return what happened, with the leg it happened on.

    Raises:
        ProfileError: the profile is missing or has mistakes.
        OSError, AudioError: the recording cannot be written.
        RecognitionError: a message left after the beep cannot be transcribed.
    """
    script = rehearsal.script
    moment = at or script.at or datetime.now(PARIS)
    clock: Clock = WallClock() if realtime else VirtualClock(moment)
    shown: Clock = _Dated(clock, moment) if realtime else clock
    work = Work()
    info = call_info(script.digest, script.caller, script.called)
    leg = ReplayLeg(info, rehearsal.caller, clock, work.settle)
    async with AsyncExitStack() as stack:
        witnesses: list[Witness] = []
        if record_to is not None:
            recorder = StereoRecorder(record_to, LINE_HZ)
            stack.callback(recorder.close)
            witnesses.append(Recording(recorder))
        voices = ReplayedVoices()
        profiled = service.profile(profile)
        session = open_call(dataclasses.replace(service, voices=voices), profiled, leg, work, shown, witnesses)
        record = await session.run()
    hints = Hints(phrases=profiled.knowledge.vocabulary)
    for voice, wav in voices.wavs.items():
        record.transcripts[voice] = await transcribe_message(service.recognizer, *wav_pcm(wav), hints)
    record.realtime = realtime
    if realtime:
        _measure_from_true_ends(record, leg.spoken_ends_s)
    return record, leg


class Recording:
    """A witness that writes both sides of the call to a stereo WAV."""

    def __init__(self, recorder: StereoRecorder) -> None:
        self._recorder = recorder

    def frame(self, caller: Pcm, assistant: Pcm) -> None:
        """Write one frame: caller left, assistant right."""
        self._recorder.feed(caller, assistant)

    def turn(self, call: CallRecord, turn: TurnRecord) -> None:
        """Nothing to write for a turn."""

    def ended(self, call: CallRecord) -> None:
        """The file is closed by its owner."""


class _Dated:
    """A clock that runs in real time from a chosen date."""

    def __init__(self, clock: Clock, start: datetime) -> None:
        self._clock = clock
        self._origin_s = clock.monotonic()
        self._start = VirtualClock(start)

    def monotonic(self) -> float:
        return self._clock.monotonic()

    def now(self) -> datetime:
        elapsed_s = self._clock.monotonic() - self._origin_s
        self._start.advance(max(0.0, elapsed_s - self._start.monotonic()))
        return self._start.now()


def _measure_from_true_ends(record: CallRecord, ends_s: Sequence[float]) -> None:
    """Count delays from when the caller truly fell silent rather than from when we thought they did."""
    for turn in record.turns:
        if turn.channel != "voice" or turn.answer_s is None:
            continue
        before = [end_s for end_s in ends_s if turn.t_s < end_s < turn.answer_s]
        if before:
            turn.speech_end_s = before[-1]


async def _spoken(turn: ScriptTurn, voice: Voice, seed: int) -> SpokenTurn:
    common = SpokenTurn(
        keys=turn.keys or "",
        silence_s=turn.silence_s or 0.0,
        barge_in_s=turn.barge_in_s,
        slot=turn.slot,
        hangup=turn.hangup,
    )
    if turn.wav is not None:
        clip = read_wav(turn.wav)
        pcm = resample(clip.pcm, clip.rate_hz, LINE_HZ)
        return dataclasses.replace(common, pcm=pcm, speech_samples=speech_end(pcm, LINE_HZ))
    if turn.say is None:
        return common
    parts = [part async for part in voice.speak(turn.say, _STUDIO_HZ, Manner(language=turn.lang))]
    clean = np.concatenate(parts) if parts else np.zeros(0, dtype=np.int16)
    pcm = Channel(snr_db=_LINE_SNR_DB, seed=seed).apply(clean, _STUDIO_HZ)
    return dataclasses.replace(common, pcm=pcm, speech_samples=speech_end(clean, _STUDIO_HZ) * LINE_HZ // _STUDIO_HZ)


def _frame_levels(pcm: Pcm, rate_hz: int) -> list[float]:
    size = frame_samples(rate_hz)
    return [level_dbfs(pcm[start : start + size]) for start in range(0, pcm.size, size)]


def _utterances(pcm: Pcm) -> list[Pcm]:
    """Cut a recording at its long silences; a little of the silence around each stretch is kept."""
    levels = _frame_levels(pcm, LINE_HZ)
    if not levels or max(levels) < -55.0:
        return []
    size = frame_samples(LINE_HZ)
    noise = sorted(levels)[len(levels) // 10]
    floor = max(max(levels) - _SPEECH_BELOW_PEAK_DB, min(noise + 6.0, max(levels) - 10.0))
    loud = [index for index, level in enumerate(levels) if level > floor]
    parting, margin = round(_PARTING_SILENCE_S * LINE_HZ / size), 15
    found, start = [], loud[0]
    for before, after in zip(loud, [*loud[1:], loud[-1] + 2 * parting], strict=True):
        if after - before >= parting:
            found.append(pcm[max(0, start - margin) * size : (before + margin) * size])
            start = after
    return found


def _digest(pcm: Pcm) -> str:
    """Return a name for a sound's content."""
    return hashlib.sha256(pcm.tobytes()).hexdigest()
