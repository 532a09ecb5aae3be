"""What the messages left after the beep say, worked out after the calls, while nobody is on the line.

Recognition shares its workers with live calls, and one of them must never wait for a message. So a message is cut at
its pauses into pieces of a few seconds, and each piece is only begun while no call is in progress: a call that comes
meanwhile finds the recogniser free again before its greeting is over. On a line that is never quiet the transcription
waits; the ticket does not (see ``delivery.announce``).
"""

import asyncio
import io
import logging
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import soundfile

from voicebot.asr.base import Hints, RecognitionError, Recognizer
from voicebot.audio.frames import Pcm, frame_samples
from voicebot.journal.errors import JournalError, KeyTrouble
from voicebot.journal.voicemail import StoredVoice, Voicemail
from voicebot.journal.voices import VoiceFiles, VoiceTrouble

log = logging.getLogger(__name__)

LONGEST_PIECE_S = 15.0
_SHORTEST_PIECE_S = 6.0
_QUIET_S = 0.3
LOOK_S = 2.0
"""How often to look for a message to transcribe, and whether the line is quiet."""


def pieces(pcm: Pcm, rate_hz: int) -> Iterator[Pcm]:
    """Cut ``pcm`` into pieces of at most ``LONGEST_PIECE_S``, where it is quietest; joined, they are ``pcm``."""
    longest, shortest = round(LONGEST_PIECE_S * rate_hz), round(_SHORTEST_PIECE_S * rate_hz)
    start = 0
    while pcm.size - start > longest:
        cut = start + shortest + _quietest(pcm[start + shortest : start + longest], rate_hz)
        yield pcm[start:cut]
        start = cut
    yield pcm[start:]


def _quietest(pcm: Pcm, rate_hz: int) -> int:
    """Return the sample in the middle of the quietest ``_QUIET_S`` of ``pcm``."""
    size = frame_samples(rate_hz)
    frames = pcm[: pcm.size // size * size].astype(np.float64).reshape(-1, size)
    width = max(1, round(_QUIET_S * rate_hz / size))
    energy = np.convolve((frames**2).sum(axis=1), np.ones(width), "valid")
    return int((int(energy.argmin()) + width / 2) * size)


async def transcribe(recognizer: Recognizer, pcm: Pcm, rate_hz: int, hints: Hints) -> str:
    """Return what ``pcm`` says, piece by piece.

    Raises:
        RecognitionError: the engine failed.
    """
    return _joined([await _recognise(recognizer, piece, rate_hz, hints) for piece in pieces(pcm, rate_hz)])


async def _recognise(recognizer: Recognizer, piece: Pcm, rate_hz: int, hints: Hints) -> str:
    stream = recognizer.open(rate_hz, hints)
    try:
        stream.feed(piece)
        return (await stream.finish()).text.strip()
    finally:
        stream.cancel()


def _joined(texts: Sequence[str]) -> str:
    return " ".join(text for text in texts if text)


def wav_pcm(wav: bytes) -> tuple[Pcm, int]:
    """Return the sound of a WAV file of one channel, and its rate."""
    samples, rate_hz = soundfile.read(io.BytesIO(wav), dtype="int16")
    return np.asarray(samples, dtype=np.int16), int(rate_hz)


class Transcriber:
    """Transcribes the messages that the journal holds. ``hints`` gives the vocabulary of a profile.

    ``quiet`` tells that no call is in progress.
    """

    def __init__(
        self,
        voicemail: Voicemail,
        files: VoiceFiles,
        recognizer: Recognizer,
        hints: Callable[[str], Hints],
        quiet: Callable[[], bool],
    ) -> None:
        self._voicemail = voicemail
        self._files = files
        self._recognizer = recognizer
        self._hints = hints
        self._quiet = quiet
        self._begun: dict[str, list[str]] = {}  # what was understood of a message before a call came

    async def run(self) -> None:
        """Transcribe what comes, until cancelled. Nothing that fails ends it."""
        trouble = ""
        while True:
            try:
                await self.transcribe_waiting()
                trouble = ""
            except JournalError as error:
                if str(error) != trouble:
                    log.warning("messages are not transcribed for now: %s", error)
                trouble = str(error)
            except Exception:
                log.exception("messages cannot be transcribed")
            await asyncio.sleep(LOOK_S)

    async def transcribe_waiting(self) -> int:
        """Transcribe the messages that wait, as long as nobody is on the line; return how many were.

        Those whose sound is in the folder of another node are left to it.

        Raises:
            JournalAway: the database does not answer.
        """
        done = 0
        for stored in await self._voicemail.waiting() if self._quiet() else ():
            if await asyncio.to_thread(self._files.there, stored.voice):
                done += await self._transcribe(stored)
        return done

    async def _transcribe(self, stored: StoredVoice) -> bool:
        try:
            pcm, rate_hz = await asyncio.to_thread(self._read, stored.voice)
        except (VoiceTrouble, KeyTrouble, soundfile.LibsndfileError) as error:
            log.error("message %s cannot be transcribed: %s", stored.voice, error)
            await self._voicemail.failed(stored.record, for_good=True)
            return False
        texts, cut = self._begun.setdefault(stored.voice, []), list(pieces(pcm, rate_hz))
        try:
            hints = self._hints(stored.profile)
            while len(texts) < len(cut) and self._quiet():
                texts.append(await _recognise(self._recognizer, cut[len(texts)], rate_hz, hints))
        except RecognitionError as error:
            log.warning("message %s was not transcribed: %s", stored.voice, error)
            await self._voicemail.failed(stored.record)
            return False
        if len(texts) < len(cut):
            return False
        await self._voicemail.transcribed(stored.record, _joined(texts))
        del self._begun[stored.voice]
        return True

    def _read(self, voice: str) -> tuple[Pcm, int]:
        return wav_pcm(self._files.read(voice))
