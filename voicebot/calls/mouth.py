"""The assistant's mouth in one call: what to say goes in, 20 ms frames come out.

Sound is synthesised clause by clause in the background while the clauses before are being played. The mouth knows how
much of a reply was heard, and can take a reply up again where a false alarm cut it short.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field

from voicebot.audio.frames import Pcm, frame_samples, silence
from voicebot.audio.playout import Playout, PlayoutFull
from voicebot.calls.work import Work
from voicebot.dialog.turns import Say
from voicebot.tts.base import Manner, SynthesisError, Voice

log = logging.getLogger(__name__)

SLOWER_STEP = 0.85
"""Each slower step multiplies the pace by this."""
_PAUSE_BETWEEN_S = 0.25


@dataclass(slots=True)
class _Utterance:
    """One reply being spoken: its clips as they were made, to take up again after a false alarm."""

    tag: str
    answer: bool
    clips: list[Pcm] = field(default_factory=list)
    complete: bool = False
    failed: bool = False


class Mouth:
    """Speaks for one call at ``rate_hz``."""

    def __init__(self, voice: Voice, rate_hz: int, work: Work, pace: float = 1.0) -> None:
        self._voice = voice
        self._rate_hz = rate_hz
        self._work = work
        self._pace = pace
        self._playout = Playout(rate_hz)
        self._utterance: _Utterance | None = None
        self._count = 0
        self._interruptible = True
        self.failures = 0
        """Replies the voice could not say."""

    @property
    def busy(self) -> bool:
        """Whether something is being said or is still to come."""
        return self._playout.busy

    @property
    def interruptible(self) -> bool:
        """Whether the caller may cut in now."""
        return self._interruptible

    @property
    def answering(self) -> bool:
        """Whether what is being played now is an answer rather than a filler."""
        utterance = self._utterance
        return utterance is not None and utterance.answer and self._playout.heard.tag == utterance.tag

    def say(
        self,
        says: Sequence[Say],
        *,
        pace_steps: int = 0,
        gain_db: float = 0.0,
        answer: bool = True,
        interruptible: bool = True,
    ) -> None:
        """Say ``says`` after what is being said, if anything. ``answer`` False marks a filler."""
        self._count += 1
        utterance = _Utterance(str(self._count), answer)
        self._utterance = utterance
        self._interruptible = interruptible and all(say.barge_in for say in says)
        if not says:
            return
        self._playout.enqueue(silence(0), utterance.tag, more=True)
        pace = self._pace * SLOWER_STEP**pace_steps
        self._work.compute(self._speak(utterance, says, pace, gain_db), f"say-{utterance.tag}")

    def frame(self) -> Pcm | None:
        """Return the next 20 ms to play, ``None`` when there is nothing."""
        return self._playout.next_frame()

    def stop(self, unsent_samples: int = 0) -> float:
        """Fall silent at once; return the share (0 to 1) of the reply that was heard."""
        utterance, heard = self._utterance, self._playout.stop(unsent_samples * 1000 // self._rate_hz)
        if utterance is None or heard.complete:
            return 1.0
        total_ms = sum(clip.size for clip in utterance.clips) * 1000 // self._rate_hz
        return min(1.0, heard.played_ms / total_ms) if total_ms else 0.0

    def resume(self, played: float) -> None:
        """Take up the last reply again from the clause that ``played`` (from ``stop``) fell in."""
        utterance = self._utterance
        if utterance is None or not utterance.clips:
            return
        heard = played * sum(clip.size for clip in utterance.clips)
        rest = list(utterance.clips)
        while len(rest) > 1 and heard >= rest[0].size:
            heard -= rest.pop(0).size
        self._count += 1
        utterance.tag = str(self._count)
        for clip in rest:
            self._playout.enqueue(clip, utterance.tag, more=True)
        if utterance.complete:
            self._playout.finish(utterance.tag)

    async def _speak(self, utterance: _Utterance, says: Sequence[Say], pace: float, gain_db: float) -> None:
        pause = silence(round(_PAUSE_BETWEEN_S * self._rate_hz))
        try:
            for index, say in enumerate(says):
                if index:
                    self._add(utterance, pause)
                manner = Manner(speed=pace, gain_db=gain_db, language=say.language)
                async for clip in self._voice.speak(say.text, self._rate_hz, manner):
                    self._add(utterance, clip)
        except SynthesisError as error:
            self.failures += 1
            utterance.failed = True
            log.error("the voice failed: %s", error)
        except PlayoutFull as error:
            log.warning("a reply was cut: %s", error)
        finally:
            utterance.complete = True
            self._playout.finish(utterance.tag)

    def _add(self, utterance: _Utterance, clip: Pcm) -> None:
        utterance.clips.append(clip)
        if self._utterance is utterance:
            self._playout.enqueue(clip, utterance.tag, more=True)


def silent_frame(rate_hz: int) -> Pcm:
    """Return 20 ms of silence."""
    return silence(frame_samples(rate_hz))
