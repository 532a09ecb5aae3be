"""A call answered by a Pipecat pipeline with our models: what ``bench turn`` is compared with.

The pipeline is the one Pipecat's own examples build, with its defaults: Silero VAD, its smart-turn model at the end of
a turn, its Whisper service on faster-whisper (base in int8, its beam of 5, its number of threads), sentences handed to
the voice one by one. Ours are the words of the answer (the very conversation that answers on our side), the voice
(Pico or Kokoro through our engine) and the line: the same WAV in real time, brought to the 16 kHz that its models want.
Models are loaded once for all calls, which Pipecat itself does not do: loading is no part of what is measured.

Imported by the interpreter in which Pipecat is installed, and by no other.
"""

import asyncio
import importlib.metadata
import sys
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from faster_whisper import WhisperModel
from loguru import logger
from pipecat.audio.vad.silero import SileroVADAnalyzer
from pipecat.frames.frames import (
    Frame,
    InputAudioRawFrame,
    LLMContextFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    LLMTextFrame,
    OutputAudioRawFrame,
    StartFrame,
    TTSAudioRawFrame,
)
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import LLMContextAggregatorPair, LLMUserAggregatorParams
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.services.settings import TTSSettings
from pipecat.services.tts_service import TTSService
from pipecat.services.whisper.stt import WhisperSTTService
from pipecat.transcriptions.language import Language
from pipecat.transports.base_input import BaseInputTransport
from pipecat.transports.base_output import BaseOutputTransport
from pipecat.transports.base_transport import TransportParams
from pipecat.workers.runner import WorkerRunner

from voicebot.audio.frames import FRAME_S, LINE_HZ, Pcm
from voicebot.audio.resample import resample
from voicebot.audio.wav import read_wav
from voicebot.tts.base import Manner
from voicebot.tts.clauses import Clause
from voicebot.tts.engines import load_spoken
from voicebot.tts.settings import TtsSettings
from voicebot.tts.speaking import SpokenVoice
from voicebot.tts.worker import Urgency

Brain = Callable[[str], Awaitable[str]]
"""What the caller was heard to say in, what to answer out."""
_MODEL_HZ = 16_000
_BEFORE_S = 1.0
"""The line's own noise comes first, as it does to a call that has been greeted."""
_GIVES_UP_S = 15.0
_LANGUAGE = "fr"


@dataclass(slots=True)
class _Timing:
    """When things happened in a call, by ``time.monotonic``; ``None``: not yet."""

    began_s: float | None = None
    asked_s: float | None = None
    """When the first turn was taken as over."""
    spoke_s: float | None = None
    """When the first sound of the assistant left."""
    answered_s: float | None = None
    """When the first sound of the assistant left after the end of the caller's speech."""


class _CallerLine(BaseInputTransport):
    """The caller's sound in frames of 20 ms, each at its own time; after ``pcm``, the noise of the line for good."""

    def __init__(self, params: TransportParams, pcm: Pcm, background: Pcm, timing: _Timing) -> None:
        super().__init__(params)
        self._pcm, self._background, self._timing = pcm, background, timing
        self._playing: asyncio.Task[None] | None = None

    async def start(self, frame: StartFrame) -> None:
        await super().start(frame)
        await self.set_transport_ready(frame)
        self._playing = self.create_task(self._play())

    async def cleanup(self) -> None:
        await super().cleanup()
        if self._playing is not None:
            await self.cancel_task(self._playing)
            self._playing = None

    async def _play(self) -> None:
        size = round(FRAME_S * _MODEL_HZ)
        lead = round(_BEFORE_S / FRAME_S)
        spoken = -(-self._pcm.size // size)
        start_s, index = time.monotonic(), 0
        while True:
            index += 1
            await asyncio.sleep(max(0.0, start_s + index * FRAME_S - time.monotonic()))
            at = index - 1 - lead
            if at == 0:
                self._timing.began_s = time.monotonic()
            if 0 <= at < spoken:
                part = self._pcm[at * size : (at + 1) * size]
            else:
                begin = index * size % (self._background.size - size)
                part = self._background[begin : begin + size]
            sound = np.zeros(size, dtype=np.int16)
            sound[: part.size] = part
            await self.push_audio_frame(InputAudioRawFrame(sound.tobytes(), _MODEL_HZ, 1))


class _AssistantLine(BaseOutputTransport):
    """What the assistant says, taken at the pace at which it is heard; notes when its first sound left."""

    def __init__(self, params: TransportParams, speech_s: float, timing: _Timing, answered: asyncio.Event) -> None:
        super().__init__(params)
        self._speech_s, self._timing, self._answered = speech_s, timing, answered
        self._free_s = 0.0

    async def start(self, frame: StartFrame) -> None:
        await super().start(frame)
        await self.set_transport_ready(frame)

    async def write_audio_frame(self, frame: OutputAudioRawFrame) -> bool:
        now_s = time.monotonic()
        timing = self._timing
        if np.frombuffer(frame.audio, dtype=np.int16).any():
            timing.spoke_s = timing.spoke_s or now_s
            if timing.began_s is not None and now_s >= timing.began_s + self._speech_s and not self._answered.is_set():
                timing.answered_s = now_s
                self._answered.set()
        self._free_s = max(self._free_s, now_s) + len(frame.audio) / 2 / LINE_HZ
        await asyncio.sleep(self._free_s - now_s)
        return True


class _Recognition(WhisperSTTService):
    """Pipecat's Whisper service on a model that is loaded already."""

    def __init__(self, model: WhisperModel, folder: Path) -> None:
        self._loaded = model
        settings = WhisperSTTService.Settings(model=str(folder), language=Language.FR)
        super().__init__(device="cpu", compute_type="int8", settings=settings)

    def _load(self) -> None:
        self._model = self._loaded


class _Conversation(FrameProcessor):
    """Where a language model would be: what the caller has said since the last answer in, the answer out."""

    def __init__(self, brain: Brain, timing: _Timing) -> None:
        super().__init__()
        self._brain, self._timing = brain, timing
        self.heard: list[str] = []

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if not isinstance(frame, LLMContextFrame):
            await self.push_frame(frame, direction)
            return
        self._timing.asked_s = self._timing.asked_s or time.monotonic()
        heard = _last_said(frame.context)
        self.heard.append(heard)
        text = await self._brain(heard)
        await self.push_frame(LLMFullResponseStartFrame())
        await self.push_frame(LLMTextFrame(text))
        await self.push_frame(LLMFullResponseEndFrame())


class _Speech(TTSService):
    """Our voice behind Pipecat's interface: a sentence at a time, as its own Kokoro service does."""

    def __init__(self, voice: SpokenVoice) -> None:
        settings = TTSSettings(model=None, voice=voice.name, language=Language.FR)
        super().__init__(push_start_frame=True, push_stop_frames=True, settings=settings)
        self._voice = voice

    async def run_tts(self, text: str, context_id: str) -> AsyncGenerator[Frame | None, None]:
        words = " ".join(clause.text for clause in self._voice.plan(text, _LANGUAGE))
        sound = await self._voice.sound(Clause(words, 0.0), self.sample_rate, Manner(), Urgency.NOW)
        yield TTSAudioRawFrame(sound.tobytes(), self.sample_rate, 1, context_id=context_id)


def _last_said(context: LLMContext) -> str:
    said: list[str] = []
    for message in reversed(context.get_messages()):
        if message.get("role") != "user":
            break
        said.append(str(message.get("content", "")))
    return " ".join(reversed(said)).strip()


class PipecatCalls:
    """The models, loaded once, and a pipeline for each call.

    Args:
        whisper: the folder of the Whisper model.
        models: the folder of all models.
        tts: how the voice is chosen, as ``TtsSettings`` takes it.
    """

    def __init__(self, whisper: Path, models: Path, tts: dict[str, Any]) -> None:
        logger.remove()
        logger.add(sys.stderr, level="ERROR")
        self._folder = whisper
        self._whisper = WhisperModel(str(whisper), device="cpu", compute_type="int8")
        lexicon = tts.get("lexicon")
        self._voice = load_spoken(TtsSettings(**{**tts, "lexicon": Path(lexicon) if lexicon else None}), models)

    def described(self) -> dict[str, str]:
        """Return what was built, for the report."""
        version = importlib.metadata.version
        return {
            "name": f"pipecat-ai {version('pipecat-ai')}",
            "recognition": f"{self._folder.name} int8, faster-whisper {version('faster-whisper')}",
            "voice": self._voice.name,
        }

    async def ask(self, wav: Path, line: Path, speech_s: float, brain: Brain) -> dict[str, Any]:
        """Hold the call of one question, spoken in ``wav``; ``line`` is what the line carries when nobody speaks."""
        caller, background = _sound(wav), _sound(line)
        timing, answered = _Timing(), asyncio.Event()
        params = TransportParams(audio_in_enabled=True, audio_out_enabled=True, audio_out_end_silence_secs=0)
        conversation = _Conversation(brain, timing)
        context = LLMContext()
        aggregators = LLMContextAggregatorPair(
            context, user_params=LLMUserAggregatorParams(vad_analyzer=SileroVADAnalyzer())
        )
        pipeline = Pipeline(
            [
                _CallerLine(params, caller, background, timing),
                _Recognition(self._whisper, self._folder),
                aggregators.user(),
                conversation,
                _Speech(self._voice),
                _AssistantLine(params, speech_s, timing, answered),
                aggregators.assistant(),
            ]
        )
        rates = PipelineParams(audio_in_sample_rate=_MODEL_HZ, audio_out_sample_rate=LINE_HZ)
        worker = PipelineWorker(pipeline, params=rates, enable_rtvi=False, idle_timeout_secs=None)
        runner = WorkerRunner(handle_sigint=False)
        cpu_s = time.process_time()
        running = asyncio.ensure_future(runner.run(worker))
        gives_up_s = _BEFORE_S + speech_s + _GIVES_UP_S
        waiting = asyncio.ensure_future(answered.wait())
        await asyncio.wait({running, waiting}, timeout=gives_up_s, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        cpu_s = time.process_time() - cpu_s
        if not running.done():
            await worker.cancel()
        await running
        return _read(timing, speech_s, conversation.heard, cpu_s)


def _sound(wav: Path) -> Pcm:
    clip = read_wav(wav)
    return resample(clip.pcm, clip.rate_hz, _MODEL_HZ)


def _read(timing: _Timing, speech_s: float, heard: list[str], cpu_s: float) -> dict[str, Any]:
    answer: dict[str, Any] = {"heard": heard[-1] if heard else "", "cpu_s": cpu_s, "delay_s": None, "cut_off": False}
    if timing.began_s is None:
        return answer
    end_s = timing.began_s + speech_s
    answer["cut_off"] = any(at is not None and at < end_s for at in (timing.asked_s, timing.spoke_s))
    if timing.answered_s is not None:
        answer["delay_s"] = timing.answered_s - end_s
    return answer
