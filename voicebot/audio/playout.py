"""What the assistant has still to say, given out 20 ms at a time.

Clips are queued end to end; a tag names the utterance they belong to. The line asks for one frame a tick. The queue is
bounded: what would not fit is refused, never dropped silently, and all that is decided is counted in ``PlayoutStats``.
Frames can be looked at before their turn (``upcoming``): from then on they do not change. ``stop`` silences the
assistant within one faded frame and says how much of the utterance was heard.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from voicebot.audio.frames import AudioError, Pcm, frame_samples
from voicebot.audio.level import fade_in, fade_out

_CLICK = 400
_JOIN_FADE_MS = 4


class PlayoutFull(AudioError):
    """The queue cannot take this clip; play what is pending first."""


@dataclass(frozen=True, slots=True)
class Heard:
    """How much of an utterance was played. ``tag`` is empty when nothing was ever queued."""

    tag: str
    played_ms: int
    complete: bool


@dataclass(frozen=True, slots=True)
class PlayoutStats:
    """What happened so far.

    ``starved_slots`` counts the frames that were missing inside an utterance, ``waited_slots`` those before its first
    sound came. ``flushed_ms`` was queued
    and thrown away by ``stop``. ``high_water_ms`` is the most that was ever pending. ``joins_faded`` counts the clips
    whose edge would have clicked.
    """

    played_ms: int = 0
    starved_slots: int = 0
    waited_slots: int = 0
    flushed_ms: int = 0
    high_water_ms: int = 0
    joins_faded: int = 0


@dataclass(slots=True)
class _Utterance:
    """One tag's sound: the clips not yet cut into frames, the samples cut and not yet played, whether more may come."""

    tag: str
    clips: deque[Pcm]
    open: bool
    cut: int = 0
    played: int = 0


@dataclass(slots=True)
class _Cut:
    """A frame that waits for its turn, and how many samples of it each utterance gave."""

    frame: Pcm
    parts: list[tuple[_Utterance, int]]


class Playout:
    """The output queue of one call at ``rate_hz``, holding at most ``capacity_s`` of sound."""

    def __init__(self, rate_hz: int, capacity_s: float = 120.0) -> None:
        self._rate_hz = rate_hz
        self._frame = frame_samples(rate_hz)
        self._capacity = int(capacity_s * rate_hz)
        self._fade = rate_hz * _JOIN_FADE_MS // 1000
        self._queue: deque[_Utterance] = deque()
        self._ready: deque[_Cut] = deque()
        self._uncut = 0
        self._pending = 0
        self._tail: Pcm | None = None
        self._last_heard = Heard("", 0, True)
        self._last_sample = 0
        self._last_cut = 0
        self._played = self._flushed = self._high_water = self._joins = 0
        self._starved = self._waited = 0

    @property
    def pending_ms(self) -> int:
        """Milliseconds queued and not yet given out."""
        return self._ms(self._pending)

    @property
    def room_ms(self) -> int:
        """Milliseconds that can still be queued."""
        return self._ms(self._capacity - self._pending)

    @property
    def busy(self) -> bool:
        """Whether there is or will be something to play: sound is pending, or an utterance is open."""
        return bool(self._queue) or self._tail is not None

    @property
    def stats(self) -> PlayoutStats:
        """The counters so far."""
        return PlayoutStats(
            self._ms(self._played),
            self._starved,
            self._waited,
            self._ms(self._flushed),
            self._ms(self._high_water),
            self._joins,
        )

    @property
    def heard(self) -> Heard:
        """How much was played of the utterance in progress, or of the last one."""
        if not self._queue:
            return self._last_heard
        head = self._queue[0]
        return Heard(head.tag, self._ms(head.played), False)

    def enqueue(self, pcm: Pcm, tag: str, more: bool = False) -> None:
        """Queue a clip of utterance ``tag``. ``more`` says that other clips of it will follow.

        An utterance ends with a clip queued without ``more``, with ``finish``, or when a clip with another tag comes.

        Raises:
            PlayoutFull: the clip does not fit; nothing was queued.
        """
        if pcm.size > self._capacity - self._pending:
            raise PlayoutFull(
                f"{self._ms(pcm.size)} ms of {tag!r} do not fit: {self.room_ms} ms left of {self._ms(self._capacity)}"
            )
        tail = self._queue[-1] if self._queue else None
        if pcm.size:
            pcm = self._smooth_join(tail, pcm)
        if tail is None or tail.tag != tag:
            if tail is not None:
                tail.open = False
            tail = _Utterance(tag, deque(), more)
            self._queue.append(tail)
        tail.open = more
        if pcm.size:
            tail.clips.append(pcm)
            self._pending += pcm.size
            self._uncut += pcm.size
            self._high_water = max(self._high_water, self._pending)
        self._drop_finished()

    def finish(self, tag: str) -> None:
        """Say that no other clip of ``tag`` will follow; nothing happens if it is already over."""
        for utterance in self._queue:
            if utterance.tag == tag:
                utterance.open = False
        self._drop_finished()

    def next_frame(self) -> Pcm | None:
        """Return the next 20 ms, the very last ones padded with silence; ``None`` when there is nothing to play.

        When an utterance is open and its sound late, what is left is played, faded, then ``None`` is returned and
        counted as starved until more comes.
        """
        if self._tail is not None:
            frame, self._tail = self._tail, None
            self._last_sample = self._last_cut = 0
            return frame
        if not self._queue:
            return None
        if self._pending == 0:
            if self._queue[0].played:
                self._starved += 1
            else:
                self._waited += 1
            self._last_sample = self._last_cut = 0
            return None
        if not self._ready:
            self._cut_frame()
        cut = self._ready.popleft()
        for utterance, samples in cut.parts:
            utterance.played += samples
            utterance.cut -= samples
            self._pending -= samples
            self._played += samples
        self._drop_finished()
        self._last_sample = int(cut.frame[-1])
        return cut.frame

    def upcoming(self, count: int) -> Sequence[Pcm]:
        """Return at most ``count`` of the frames that ``next_frame`` gives next, without giving them.

        The end of what there is of an open utterance is left out: what comes after may change it.
        """
        if self._tail is not None:
            return ()
        while len(self._ready) < count and self._uncut:
            if self._queue[-1].open and self._uncut < self._frame + self._fade:
                break
            self._cut_frame()
        return tuple(cut.frame for cut, _ in zip(self._ready, range(count), strict=False))

    def _cut_frame(self) -> None:
        """Make the next frame ready, the very last samples padded with silence and faded."""
        pieces: list[Pcm] = []
        parts: list[tuple[_Utterance, int]] = []
        missing = self._frame
        for utterance in self._queue:
            while missing and utterance.clips:
                piece = _take(utterance.clips, missing)
                missing -= piece.size
                utterance.cut += piece.size
                pieces.append(piece)
                parts.append((utterance, piece.size))
        frame = pieces[0] if len(pieces) == 1 else np.concatenate(pieces)
        self._uncut -= frame.size
        if self._uncut == 0 and abs(int(frame[-1])) > _CLICK:
            frame = fade_out(frame, min(frame.size, self._fade))
            self._joins += 1
        if missing:
            frame = np.concatenate((frame, np.zeros(missing, dtype=np.int16)))
        self._last_cut = int(frame[-1])
        self._ready.append(_Cut(frame, parts))

    def stop(self, unsent_ms: int = 0) -> Heard:
        """Throw away what is pending and return what was heard of the utterance in progress.

        ``unsent_ms``, what the line had been given and has dropped unsent, counts as not heard. When there was none of
        it one more frame, the sound fading to nothing, is given by ``next_frame``: cutting at once would click. After
        sound that the line has dropped it would be a click of its own.
        """
        heard = self.heard
        if unsent_ms:
            heard = Heard(heard.tag, max(0, heard.played_ms - unsent_ms), False)
        next_pcm = None if unsent_ms else self._peek_frame()
        if next_pcm is not None and abs(self._last_sample) + int(np.max(np.abs(next_pcm.astype(np.int32)))) > _CLICK:
            faded = fade_out(next_pcm, next_pcm.size)
            self._tail = np.concatenate((faded, np.zeros(self._frame - faded.size, dtype=np.int16)))
        self._flushed += self._pending
        self._queue.clear()
        self._ready.clear()
        self._pending = self._uncut = 0
        self._last_sample = 0 if unsent_ms else self._last_sample
        self._last_cut = self._last_sample
        self._last_heard = heard
        return heard

    def _peek_frame(self) -> Pcm | None:
        """The sound that directly continues what was last given out, at most a frame of it."""
        if self._ready:
            return self._ready[0].frame
        if self._queue and self._queue[0].clips:
            return self._queue[0].clips[0][: self._frame]
        return None

    def _smooth_join(self, tail: _Utterance | None, pcm: Pcm) -> Pcm:
        """Fade both sides of a join that would click; return the new clip, the old one is changed in its queue."""
        before = tail.clips[-1] if tail is not None and tail.clips else None
        playing = 0 if self._tail is not None else self._last_cut
        last = playing if before is None else int(before[-1])
        if abs(int(pcm[0]) - last) <= _CLICK:
            return pcm
        self._joins += 1
        if before is not None and tail is not None:
            tail.clips[-1] = fade_out(before, min(before.size, self._fade))
        return fade_in(pcm, min(pcm.size, self._fade))

    def _drop_finished(self) -> None:
        while self._queue and not (self._queue[0].clips or self._queue[0].cut or self._queue[0].open):
            done = self._queue.popleft()
            self._last_heard = Heard(done.tag, self._ms(done.played), True)

    def _ms(self, samples: int) -> int:
        return samples * 1000 // self._rate_hz


def _take(clips: deque[Pcm], samples: int) -> Pcm:
    """Remove and return at most ``samples`` samples from the first clip."""
    first = clips[0]
    if first.size <= samples:
        clips.popleft()
        return first
    clips[0] = first[samples:]
    return first[:samples]
