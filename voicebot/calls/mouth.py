"""The assistant's mouth in one call: what to say goes in, 20 ms frames come out.

Sound is synthesised clause by clause in the background while the clauses before are being played. A reply may be
prepared before it is certain that it will be said: its first clause is then ready when it is. Words that only lead in
("D'accord.") are said when what follows is late, and left out otherwise. The mouth knows how much of a reply was heard,
and can take a reply up again where a false alarm cut it short.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field

import numpy as np

from voicebot.audio.frames import FRAME_S, Pcm, frame_samples, silence
from voicebot.audio.playout import Playout, PlayoutFull
from voicebot.calls.work import Work
from voicebot.dialog.turns import Reply, Say
from voicebot.tts.base import Manner, SynthesisError, Voice

log = logging.getLogger(__name__)

SLOWER_STEP = 0.85
"""Each slower step multiplies the pace by this."""
_PAUSE_BETWEEN_S = 0.25
_LEAD_IN_AFTER_FRAMES = 3


@dataclass(slots=True, eq=False)
class _Utterance:
    """One reply: its clips as they were made, to take up again after a false alarm.

    ``said`` turns true when it is given to the line: until then it is only prepared. ``waited`` counts the frames since
    during which there was nothing to play; ``lead_ms`` is the length of the words that led in; ``stopped`` says that
    the caller cut it short.
    """

    says: tuple[Say, ...]
    pace: float = 1.0
    gain_db: float = 0.0
    answer: bool = True
    tag: str = ""
    said: bool = False
    clips: list[Pcm] = field(default_factory=list)
    complete: bool = False
    stopped: bool = False
    waited: int = 0
    lead_ms: int = 0
    sounds: AsyncGenerator[Pcm, None] | None = None
    working: "asyncio.Task[None] | None" = None

    @property
    def content(self) -> tuple[Say, ...]:
        """What is said without the words that only lead in; those, when there is nothing else."""
        return tuple(say for say in self.says if not say.opening) or self.says

    @property
    def late(self) -> bool:
        """Whether there is more to come after what was made, if nothing is left to play."""
        return bool(self.clips) and not (self.complete or self.stopped)

    @property
    def openings(self) -> tuple[Say, ...]:
        """The words that only lead in."""
        return tuple(say for say in self.says if say.opening) if len(self.content) < len(self.says) else ()


class Mouth:
    """Speaks for one call at ``rate_hz``."""

    def __init__(self, voice: Voice, rate_hz: int, work: Work, pace: float = 1.0) -> None:
        self._voice = voice
        self._rate_hz = rate_hz
        self._work = work
        self._pace = pace
        self._playout = Playout(rate_hz)
        self._utterance: _Utterance | None = None
        self._prepared: tuple[Reply, _Utterance] | None = None
        self._count = 0
        self._interruptible = True
        self.failures = 0
        """Replies the voice could not say."""
        self.longest_hole_s = 0.0
        """The longest silence in the middle of a reply for want of its sound."""
        self._hole_frames = 0

    @property
    def busy(self) -> bool:
        """Whether something is being said or is still to come."""
        return self._playout.busy

    @property
    def about_to_speak(self) -> bool:
        """Whether something is to be said of which nothing has been heard yet."""
        return self._playout.busy and self._playout.heard.played_ms == 0

    @property
    def interruptible(self) -> bool:
        """Whether the caller may cut in now."""
        return self._interruptible

    @property
    def answering(self) -> bool:
        """Whether what is being played now is an answer rather than a filler or words that lead in."""
        utterance, heard = self._utterance, self._playout.heard
        if utterance is None or not utterance.answer or heard.tag != utterance.tag:
            return False
        return heard.played_ms > utterance.lead_ms

    def prepare(self, reply: Reply) -> None:
        """Make the first clause of a reply that will probably be said; ``answer`` then starts at once."""
        self.forget()
        utterance = self._utterance_of(reply)
        self._prepared = (reply, utterance)
        utterance.working = self._work.compute(self._begin(utterance), "prepare")

    def forget(self) -> None:
        """Drop what was prepared: it will not be said."""
        if self._prepared is not None:
            _, utterance = self._prepared
            self._prepared = None
            self._abandon(utterance)

    def answer(self, reply: Reply, *, interruptible: bool = True) -> None:
        """Say ``reply`` after what is being said, if anything, from what was prepared of it."""
        utterance = self._utterance_of(reply)
        if self._prepared is not None and self._prepared[0] is reply:
            utterance = self._prepared[1]
            self._prepared = None
        self.forget()
        self._say(utterance, interruptible)

    def say(self, says: Sequence[Say], *, answer: bool = True) -> None:
        """Say ``says`` after what is being said, if anything. ``answer`` False marks a filler."""
        self._say(_Utterance(tuple(says), self._pace, answer=answer), True)

    def play(self, clip: Pcm) -> None:
        """Play a sound as if it were said: it can be cut short."""
        utterance = _Utterance((), answer=False, clips=[clip], complete=True)
        self._say(utterance, True)
        self._playout.enqueue(clip, utterance.tag)

    async def render(self, text: str, rate_hz: int) -> Pcm | None:
        """Return ``text`` as sound for somebody else than the caller; ``None`` when it is empty or the voice fails."""
        if not text:
            return None
        try:
            return np.concatenate([clip async for clip in self._voice.speak(text, rate_hz, Manner(speed=self._pace))])
        except (SynthesisError, ValueError) as error:
            log.error("the voice failed: %s", error)
            return None

    def frame(self) -> Pcm | None:
        """Return the next 20 ms to play, ``None`` when there is nothing."""
        frame, utterance = self._playout.next_frame(), self._utterance
        if frame is None and utterance is not None and not utterance.clips and not utterance.complete:
            utterance.waited += 1
            if utterance.waited == _LEAD_IN_AFTER_FRAMES and utterance.openings:
                self._work.compute(self._lead_in(utterance), f"lead-in-{utterance.tag}")
        self._hole_frames = self._hole_frames + 1 if frame is None and utterance is not None and utterance.late else 0
        self.longest_hole_s = max(self.longest_hole_s, self._hole_frames * FRAME_S)
        return frame

    def upcoming(self, frames: int) -> Sequence[Pcm]:
        """Return at most so many of the frames that ``frame`` gives next, those that are certain."""
        return self._playout.upcoming(frames)

    def stop(self, unsent_samples: int = 0) -> float:
        """Fall silent at once; return the share (0 to 1) of the reply that was heard."""
        utterance, heard = self._utterance, self._playout.stop(unsent_samples * 1000 // self._rate_hz)
        if utterance is None or heard.complete:
            return 1.0
        utterance.stopped = True
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
        utterance.stopped = False
        for clip in rest:
            self._playout.enqueue(clip, utterance.tag, more=True)
        if utterance.complete:
            self._playout.finish(utterance.tag)

    def _utterance_of(self, reply: Reply) -> _Utterance:
        return _Utterance(reply.says, self._pace * SLOWER_STEP**reply.pace, reply.gain_db)

    def _say(self, utterance: _Utterance, interruptible: bool) -> None:
        before = self._utterance
        if before is not None and before.stopped and not before.complete:
            self._abandon(before)
        self._count += 1
        utterance.tag = str(self._count)
        utterance.said = True
        self._utterance = utterance
        self._interruptible = interruptible and all(say.barge_in for say in utterance.says)
        if not utterance.says:
            return
        self._playout.enqueue(silence(0), utterance.tag, more=True)
        for clip in utterance.clips:
            self._playout.enqueue(clip, utterance.tag, more=True)
        utterance.working = self._work.compute(self._speak(utterance, utterance.working), f"say-{utterance.tag}")

    def _abandon(self, utterance: _Utterance) -> None:
        if utterance.working is not None:
            utterance.working.cancel()
        self._work.compute(_close(utterance), "abandon")

    async def _begin(self, utterance: _Utterance) -> None:
        """Make the first clip, which is played when the utterance is said."""
        utterance.sounds = self._sounds(utterance)
        try:
            self._add(utterance, await anext(utterance.sounds))
        except StopAsyncIteration:
            return
        except SynthesisError as error:
            log.debug("a reply could not be prepared: %s", error)
            utterance.sounds = None

    async def _speak(self, utterance: _Utterance, begun: "asyncio.Task[None] | None") -> None:
        try:
            if begun is not None:
                await begun
            if utterance.sounds is None:
                utterance.sounds = self._sounds(utterance)
            async for clip in utterance.sounds:
                self._add(utterance, clip)
        except SynthesisError as error:
            self.failures += 1
            log.error("the voice failed: %s", error)
        except PlayoutFull as error:
            log.warning("a reply was cut: %s", error)
        finally:
            utterance.complete = True
            self._playout.finish(utterance.tag)

    async def _sounds(self, utterance: _Utterance) -> AsyncGenerator[Pcm, None]:
        for index, say in enumerate(utterance.content):
            if index:
                yield silence(round(_PAUSE_BETWEEN_S * self._rate_hz))
            manner = Manner(speed=utterance.pace, gain_db=utterance.gain_db, language=say.language)
            async for clip in self._voice.speak(say.text, self._rate_hz, manner):
                yield clip

    async def _lead_in(self, utterance: _Utterance) -> None:
        """Say the words that lead in, unless what they lead to has come first."""
        manner = Manner(speed=utterance.pace, gain_db=utterance.gain_db)
        try:
            openings = [
                clip for say in utterance.openings async for clip in self._voice.speak(say.text, self._rate_hz, manner)
            ]
        except SynthesisError as error:
            log.debug("no words to lead in: %s", error)
            return
        if not utterance.clips:
            utterance.lead_ms = sum(clip.size for clip in openings) * 1000 // self._rate_hz
            for clip in openings:
                self._add(utterance, clip)

    def _add(self, utterance: _Utterance, clip: Pcm) -> None:
        utterance.clips.append(clip)
        if utterance.said and self._utterance is utterance:
            self._playout.enqueue(clip, utterance.tag, more=True)


async def _close(utterance: _Utterance) -> None:
    """End what makes the sound of an utterance nobody will hear."""
    if utterance.working is not None:
        await asyncio.wait({utterance.working})
    if utterance.sounds is not None:
        await utterance.sounds.aclose()


def silent_frame(rate_hz: int) -> Pcm:
    """Return 20 ms of silence."""
    return silence(frame_samples(rate_hz))
