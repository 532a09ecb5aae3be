"""When each 20 ms of a call is due, and the sound of both directions around that moment. Pure: no clock is read here.

``Pace`` gives absolute deadlines, so a call never drifts; ``Inbound`` cuts what the engine delivers into frames;
``Outbound`` keeps the engine ahead of the wire, one to two frames, or more where what comes next is already known.
"""

from collections import deque

import numpy as np

from voicebot.audio.frames import FRAME_S, Pcm, Upcoming, level_dbfs, silence

_CALM_FRAMES = 50
_QUIET_DBFS = -45.0
_AHEAD_FRAMES = 2
_EARLY_FRAMES = 15
"""What is known of a sentence is given to the engine this much before its turn: a stall of 0.2 s is not heard then. It
makes no interruption later, since the engine can drop what it holds."""
_REFILL_FRAMES = 10
_BACKLOG_FRAMES = 50
_MOST_LATE_MS = 200
_ON_TIME_S = 0.003
_STEP_S = 0.0001


class Pace:
    """The deadlines of one call's frames, in seconds of the loop's clock."""

    def __init__(self, start_s: float) -> None:
        self._due_s = start_s

    @property
    def due_s(self) -> float:
        """When the frame being waited for is due."""
        return self._due_s

    def next(self) -> float:
        """Move to the next frame; return when it is due."""
        self._due_s += FRAME_S
        return self._due_s

    def follow(self, arrived_s: float) -> None:
        """Shift the deadlines to follow the engine, whose frame came at ``arrived_s``, a little after it was due."""
        self._due_s = max(self._due_s, arrived_s)

    def draw_near(self, late_s: float) -> None:
        """Come a little nearer to the engine, a frame having been on time; ``follow`` takes back what is too much.

        Deadlines start at any point between two of its frames, up to 20 ms later than need be.
        """
        if late_s < _ON_TIME_S:
            self._due_s -= _STEP_S

    def skip_missed(self, now_s: float) -> int:
        """Give up the deadlines already past, after a stall that lost nothing; return how many frames they were."""
        missed = int((now_s - self._due_s) / FRAME_S)
        if missed <= 0:
            return 0
        self._due_s += missed * FRAME_S
        return missed


class Lateness:
    """How late frames were handed over, counted by whole milliseconds: bounded however long the call."""

    def __init__(self) -> None:
        self._counts = [0] * (_MOST_LATE_MS + 1)
        self._total = 0

    def note(self, late_s: float) -> None:
        """Count one frame."""
        self._counts[min(_MOST_LATE_MS, max(0, int(late_s * 1000)))] += 1
        self._total += 1

    @property
    def counts(self) -> tuple[int, ...]:
        """Frames by milliseconds of lateness, the last entry holding all that were later."""
        return tuple(self._counts)

    def within_ms(self, share: float) -> int:
        """Return the least number of ms within which ``share`` (0 to 1) of the frames came; 0 when there were none."""
        passed = 0
        for late_ms, count in enumerate(self._counts):
            passed += count
            if passed >= share * self._total:
                return late_ms
        return _MOST_LATE_MS


class Inbound:
    """What was received and not yet handed over, in frames of ``samples``. Bounded: the oldest goes first."""

    def __init__(self, samples: int, most_frames: int = 100) -> None:
        self._samples = samples
        self._most = samples * most_frames
        self._pieces: deque[Pcm] = deque()
        self._held = 0
        self._least = 0
        self._taken = 0
        self.dropped_frames = 0

    @property
    def frames(self) -> int:
        """Whole frames held."""
        return self._held // self._samples

    def put(self, pcm: Pcm) -> None:
        """Add what was received."""
        if pcm.size == 0:
            return
        self._pieces.append(pcm)
        self._held += pcm.size
        while self._held > self._most:
            self._cut(self._samples)
            self.dropped_frames += 1

    def take(self) -> Pcm | None:
        """Return the next frame, ``None`` when no whole one is held.

        Sound that has stayed in excess for a second only makes every answer late: a frame of it is then dropped, at
        the first quiet one, so that a stall or a clock that runs fast leaves no lasting delay.
        """
        if self._held < self._samples:
            return None
        frame = self._cut(self._samples)
        self._least = min(self._least, self.frames) if self._taken else self.frames
        self._taken += 1
        if self._taken >= _CALM_FRAMES and self._least > 0 and level_dbfs(frame) < _QUIET_DBFS:
            frame = self._cut(self._samples)
            self.dropped_frames += 1
            self._taken = 0
        elif self._taken >= _CALM_FRAMES and self._least == 0:
            self._taken = 0
        return frame

    def clear(self) -> None:
        """Forget what is held."""
        self._pieces.clear()
        self._held = self._taken = 0

    def _cut(self, samples: int) -> Pcm:
        parts = []
        while samples:
            piece = self._pieces.popleft()
            if piece.size > samples:
                self._pieces.appendleft(piece[samples:])
                piece = piece[:samples]
            parts.append(piece)
            samples -= piece.size
            self._held -= piece.size
        return parts[0] if len(parts) == 1 else np.concatenate(parts)


class Outbound:
    """What is still to be sent, given to the engine at the pace of the wire.

    Sound that is only known as it comes keeps the engine one to two frames ahead: with none, the least lateness is
    heard; with more, all of it is late. What comes too early waits here, where it can still be dropped; frames of
    silence in excess are shed, so that after a stall the call is soon on time again. Sound whose next frames are known
    (``Upcoming``) begins at once, and its frames are given up to 0.3 s before their turn. In silence nothing is given:
    the engine makes its own.
    """

    def __init__(self, samples: int) -> None:
        self._samples = samples
        self._waiting: deque[Pcm] = deque()
        self._early: deque[Pcm] = deque()
        self.shed_frames = 0
        self.lost_frames = 0

    @property
    def waiting_samples(self) -> int:
        """Samples that wait here."""
        return len(self._waiting) * self._samples

    @property
    def early_samples(self) -> int:
        """Samples that the engine was given and whose turn has not come."""
        return len(self._early) * self._samples

    def idle(self, frame: Pcm) -> bool:
        """Return whether ``frame`` is silence between sounds, which the engine makes by itself."""
        return not self._early and not self._waiting and not frame.any()

    def expects(self, frame: Pcm) -> bool:
        """Return whether ``frame`` is what was given before its turn, if anything was."""
        return not self._early or self._early[0] is frame or np.array_equal(self._early[0], frame)

    def push(self, frame: Pcm, ahead: int, starved: bool, upcoming: Upcoming | None = None) -> list[Pcm]:
        """Take one frame to play; return the frames to give the engine now.

        Args:
            frame: what to play.
            ahead: samples that the engine has not yet sent.
            starved: whether the wire has had nothing to send since the last frame: a gap was heard already, so one
                frame of silence may be put first to be ahead again. Otherwise that waits for a silent frame.
            upcoming: tells what is played next, where that is known.
        """
        give: list[Pcm] = []
        if self._early:
            self._early.popleft()
        else:
            give = self._in_turn(frame, ahead, starved, _AHEAD_FRAMES if upcoming is None else _EARLY_FRAMES)
        if upcoming is not None and not self._waiting:
            give += self._before_turn(ahead // self._samples + len(give), upcoming)
        return give

    def _in_turn(self, frame: Pcm, ahead: int, starved: bool, most_frames: int) -> list[Pcm]:
        if self.idle(frame):
            return []
        self._waiting.append(frame)
        give: list[Pcm] = []
        if ahead == 0 and most_frames == _AHEAD_FRAMES and (starved or not frame.any()):
            give.append(silence(self._samples))
            ahead = self._samples
        while self._waiting and ahead + self._samples <= most_frames * self._samples:
            give.append(self._waiting.popleft())
            ahead += self._samples
        if self._waiting and not self._waiting[-1].any():
            self._waiting.pop()
            self.shed_frames += 1
        self._bound()
        return give

    def _before_turn(self, ahead_frames: int, upcoming: Upcoming) -> list[Pcm]:
        if ahead_frames > _REFILL_FRAMES:
            return []
        known = upcoming(len(self._early) + _EARLY_FRAMES - ahead_frames)
        fresh = list(known[len(self._early) :])
        self._early.extend(fresh)
        return fresh

    def wait(self, frame: Pcm) -> None:
        """Take one frame to play while the engine takes nothing; silence is shed."""
        if self._early:
            self._early.popleft()
        if frame.any():
            self._waiting.append(frame)
            self._bound()

    def pass_over(self) -> None:
        """Let the turn of one frame pass: nobody is to hear it."""
        if self._early:
            self._early.popleft()

    def again(self) -> list[Pcm]:
        """Return what to give an engine that has lost what it held."""
        give = [*self._waiting, *self._early]
        self._waiting.clear()
        return give

    def _bound(self) -> None:
        if len(self._waiting) > _BACKLOG_FRAMES:
            self._waiting.popleft()
            self.lost_frames += 1

    def flush(self) -> int:
        """Drop what waits; return how many samples that was. What the engine holds is the caller's to drop."""
        dropped = self.waiting_samples
        self._waiting.clear()
        self._early.clear()
        return dropped
