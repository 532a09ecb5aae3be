"""A telephone line made of a script: the same Leg as a real call, on a virtual clock or in real time.

On the virtual clock a tick waits for whatever the conversation is computing (``settle``), then advances the clock by
20 ms: computing takes no time in the call, and the same script gives the same call, byte for byte. In real time each
tick aims at its own deadline and computing takes the time it takes.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from voicebot.audio.frames import FRAME_S, LINE_HZ, Pcm, Upcoming, frame_samples, silence
from voicebot.clock import Clock, VirtualClock
from voicebot.telephony.base import ON_HOLD, CallInfo, LegStats, Tick, TransferOrder, TransferResult

REACTION_S = 0.4
"""How long a scripted caller takes to start after the assistant has finished."""
KEY_GAP_S = 0.2
LINGER_S = 3.0
"""How long the caller stays after the last turn once the assistant has finished."""
PATIENCE_S = 300.0
"""A scripted caller hangs up when nothing has let them act for this long."""
_ADVISER_PICKS_UP_S = 4.0
_ADVISER_REFUSES_S = 2.0
_SPLICING_S = 1.0
"""From the last word told to the adviser until the caller is connected."""


@dataclass(frozen=True, slots=True, eq=False)
class SpokenTurn:
    """A script's turn with its sound ready: exactly one of ``pcm`` (at the leg's rate), ``keys``, ``silence_s``.

    ``speech_samples`` is where speech truly ends inside ``pcm``, for measuring the answer delay.
    """

    pcm: Pcm | None = None
    keys: str = ""
    silence_s: float = 0.0
    barge_in_s: float | None = None
    slot: str | None = None
    hangup: bool = False
    speech_samples: int = 0


@dataclass(frozen=True, slots=True)
class CallerScript:
    """A caller whose sound is ready, and how the advisers behave: at each attempt the next result, then the last.

    ``background`` is what their line carries while they say nothing, played over and over; ``None`` is digital silence.
    """

    turns: tuple[SpokenTurn, ...]
    advisers: TransferResult | tuple[TransferResult, ...] = TransferResult.ANSWERED
    background: Pcm | None = None


class ReplayLeg:
    """One scripted call. ``spoken_ends_s`` collects when the caller's speech truly ended, in call time."""

    def __init__(
        self,
        info: CallInfo,
        script: CallerScript,
        clock: Clock,
        settle: Callable[[], Awaitable[None]],
        rate_hz: int = LINE_HZ,
    ) -> None:
        self._info = info
        results = script.advisers if isinstance(script.advisers, tuple) else (script.advisers,)
        self._results = deque(results)
        self._on_hold = False
        self._turns = deque(script.turns)
        self._background = script.background
        self._clock = clock
        self._settle = settle
        self._rate_hz = rate_hz
        self._silence = silence(frame_samples(rate_hz))
        self._start_s = clock.monotonic()
        self._frames = 0
        self._open = True
        self._cue = _Cue()
        self._sound: Pcm | None = None
        self._sound_at = 0
        self._sound_end_s = 0.0
        self._sending: deque[tuple[int, str]] = deque()
        self._quiet_until = 0
        self._hangup_at: int | None = None
        self._waiters: list[tuple[int, asyncio.Event]] = []
        self.spoken_ends_s: list[float] = []
        self.sound_began_s: float | None = None
        """When the sound being played, or the last one, began, in call time."""
        self.late_ms: list[float] = []

    @property
    def info(self) -> CallInfo:
        """Who calls whom."""
        return self._info

    @property
    def rate_hz(self) -> int:
        """The sample rate, in Hz."""
        return self._rate_hz

    async def answer(self) -> None:
        """Start the call's time."""
        self._start_s = self._clock.monotonic()

    async def tick(self) -> Tick | None:
        """Advance the call by 20 ms and return what the scripted caller does in it; ``None`` after the end."""
        await self._pace()
        self._frames += 1
        self._wake()
        if not self._open:
            return None
        self._act()
        if self._hangup_at is not None and self._frames >= self._hangup_at:
            self._open = False
            return None
        return Tick(self._next_sound(), self._next_keys())

    def play(self, pcm: Pcm, upcoming: Upcoming | None = None) -> None:
        """Hear one frame from the assistant; anything but silence cues a caller who means to interrupt."""
        if pcm.any() and not self._on_hold:
            self._cue.heard_speech(self._frames)

    def flush(self) -> int:
        """Return 0: a script's line holds nothing back."""
        return 0

    def awaiting(self, slot: str | None) -> None:
        """Learn that the assistant listens: the next turn may start, unless one is being played.

        On hold what plays from now on is music, which no caller takes for an answer.
        """
        self._on_hold = slot == ON_HOLD
        if self._sound is None and not self._sending:
            self._cue.listens(self._frames, slot)

    async def transfer(self, order: TransferOrder) -> TransferResult:
        """Let the scripted advisers answer, refuse, or ring until ``order.ring_s``."""
        result = self._results.popleft() if len(self._results) > 1 else self._results[0]
        wait_s = {
            TransferResult.ANSWERED: min(_ADVISER_PICKS_UP_S, order.ring_s),
            TransferResult.NO_ANSWER: order.ring_s,
        }.get(result, _ADVISER_REFUSES_S)
        await self._after(wait_s)
        if self._open and result is TransferResult.ANSWERED:
            if order.on_answer is not None:
                order.on_answer()
                await self._after(_SPLICING_S + (0.0 if order.whisper is None else order.whisper.size / LINE_HZ))
            self._open = False
        return result

    async def _after(self, wait_s: float) -> None:
        """Wait in call time, or until the end."""
        done = asyncio.Event()
        self._waiters.append((self._frames + round(wait_s / FRAME_S), done))
        await done.wait()

    async def hang_up(self) -> None:
        """End the call from the assistant's side."""
        self.leave()

    def leave(self) -> None:
        """End the call from the caller's side, at once."""
        self._open = False
        self._wake()

    def stats(self) -> LegStats:
        """Return the statistics of a perfect line."""
        return LegStats(packets_received=self._frames)

    async def _pace(self) -> None:
        if isinstance(self._clock, VirtualClock):
            await self._settle()
            self._clock.advance(FRAME_S)
            return
        due_s = self._start_s + (self._frames + 1) * FRAME_S
        wait_s = due_s - self._clock.monotonic()
        await asyncio.sleep(max(wait_s, 0.0))
        self.late_ms.append(max(0.0, (self._clock.monotonic() - due_s) * 1000))

    def _wake(self) -> None:
        for frame, event in self._waiters:
            if frame <= self._frames or not self._open:
                event.set()
        self._waiters = [waiter for waiter in self._waiters if not waiter[1].is_set()]

    def _busy(self) -> bool:
        return self._sound is not None or bool(self._sending) or self._frames < self._quiet_until

    def _act(self) -> None:
        if self._busy() or self._hangup_at is not None:
            return
        turn = self._due_turn()
        if turn is not None:
            self._turns.remove(turn)
            self._start(turn)
        elif self._nothing_left():
            self._hangup_at = self._frames

    def _nothing_left(self) -> bool:
        done = not self._turns and self._cue.silent_for(self._frames) * FRAME_S >= LINGER_S
        return done or (self._frames - self._cue.last) * FRAME_S >= PATIENCE_S

    def _due_turn(self) -> SpokenTurn | None:
        if not self._turns:
            return None
        first = self._turns[0]
        if first.barge_in_s is not None:
            return first if self._cue.speaking_for(self._frames) * FRAME_S >= first.barge_in_s else None
        if self._cue.silent_for(self._frames) * FRAME_S < REACTION_S:
            return None
        slot = self._cue.slot
        asked = next((turn for turn in self._turns if slot is not None and turn.slot == slot), None)
        unbound = next((turn for turn in self._turns if turn.slot is None), None)
        chosen = asked or unbound or first
        return None if chosen.barge_in_s is not None else chosen

    def _start(self, turn: SpokenTurn) -> None:
        self._cue.turn_started()
        if turn.pcm is not None:
            self._sound, self._sound_at = turn.pcm, 0
            self.sound_began_s = self._frames * FRAME_S
            speech = turn.speech_samples or turn.pcm.size
            self._sound_end_s = self._frames * FRAME_S + speech / self._rate_hz
        for index, key in enumerate(turn.keys):
            self._sending.append((self._frames + round(index * KEY_GAP_S / FRAME_S), key))
        self._quiet_until = self._frames + round(turn.silence_s / FRAME_S)
        if turn.silence_s:
            self._cue.keep_listening(self._frames)
        if turn.hangup:
            length_s = (turn.pcm.size / self._rate_hz if turn.pcm is not None else 0.0) + len(turn.keys) * KEY_GAP_S
            self._hangup_at = self._frames + round((length_s + turn.silence_s) / FRAME_S)

    def _next_sound(self) -> Pcm:
        size = self._silence.size
        if self._sound is None:
            if self._background is None:
                return self._silence
            at = self._frames * size % max(1, self._background.size - size)
            return self._background[at : at + size]
        frame = self._sound[self._sound_at : self._sound_at + size]
        self._sound_at += size
        if self._sound_at >= self._sound.size:
            self._sound = None
            self.spoken_ends_s.append(self._sound_end_s)
        if frame.size < size:
            padded = self._silence.copy()
            padded[: frame.size] = frame
            return padded
        return frame

    def _next_keys(self) -> str:
        keys = ""
        while self._sending and self._sending[0][0] <= self._frames:
            keys += self._sending.popleft()[1]
        return keys


class _Cue:
    """What a caller knows from listening: since when the assistant speaks, or waits. Frames count from the answer."""

    def __init__(self) -> None:
        self._speaking_since: int | None = None
        self._listening_since: int | None = None
        self.slot: str | None = None
        self.last = 0

    def heard_speech(self, frame: int) -> None:
        self._listening_since = None
        self.last = frame
        if self._speaking_since is None:
            self._speaking_since = frame

    def listens(self, frame: int, slot: str | None) -> None:
        self._speaking_since = None
        self._listening_since = frame
        self.last = frame
        self.slot = slot

    def turn_started(self) -> None:
        self._listening_since = None
        self._speaking_since = None

    def keep_listening(self, frame: int) -> None:
        self._listening_since = frame

    def speaking_for(self, frame: int) -> int:
        return -1 if self._speaking_since is None else frame - self._speaking_since

    def silent_for(self, frame: int) -> int:
        return -1 if self._listening_since is None else frame - self._listening_since
