"""Whether a call is let in: pure decisions, taken before it is answered.

The order is that of what costs least to say: a service that is stopping, a number that is not ours, a house that is
full, one whose callers wait too long already, a caller who calls too often. What the answer can carry depends on the
engine: baresip only knows "busy".
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from voicebot.clock import Clock
from voicebot.telephony.settings import AdmissionSettings

_CALLERS_KEPT = 10_000


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a call is not let in: the SIP status to answer, the reason to log, and how long to stay away."""

    status: int
    reason: str
    retry_after_s: int | None = None


class Admission:
    """The door of one line. ``leaked`` and ``drain`` close it for good; ``overloaded`` closes it while it is true."""

    def __init__(
        self, settings: AdmissionSettings, clock: Clock, overloaded: Callable[[], bool] = lambda: False
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._overloaded = overloaded
        self._calls: dict[str, deque[float]] = {}
        self._draining = False
        self._leaks = 0

    @property
    def leaks(self) -> int:
        """Calls the engine has lost so far."""
        return self._leaks

    @property
    def exhausted(self) -> bool:
        """Whether so many calls were lost that the process must be replaced."""
        return self._leaks >= self._settings.leak_limit

    @property
    def closed(self) -> bool:
        """Whether no call is let in any more."""
        return self._draining or self.exhausted

    def drain(self) -> None:
        """Refuse every call from now on."""
        self._draining = True

    def leaked(self) -> bool:
        """Count a call that the engine has lost; return whether the line is now worn out."""
        self._leaks += 1
        return self.exhausted

    def decide(self, known: bool, caller: str, live: int) -> Refusal | None:
        """Return why a call is refused, ``None`` when it is let in (and then counted as one of its caller's).

        Args:
            known: whether the number called is ours.
            caller: who calls, empty when withheld: such calls are not limited by caller.
            live: calls in progress or being set up, this one not counted.
        """
        settings = self._settings
        if self.closed:
            return Refusal(503, "stopping" if self._draining else "worn out", settings.retry_after_s)
        if not known:
            return Refusal(404, "unknown number")
        if live >= settings.capacity:
            return Refusal(486, f"all {settings.capacity} lines are taken", settings.retry_after_s)
        if self._overloaded():
            return Refusal(503, "callers wait too long already", settings.retry_after_s)
        if caller and settings.caller_calls and self._calls_too_often(caller):
            return Refusal(486, "this caller calls too often", settings.retry_after_s)
        return None

    def _calls_too_often(self, caller: str) -> bool:
        now_s = self._clock.monotonic()
        self._forget(now_s)
        times = self._calls.setdefault(caller, deque())
        while times and now_s - times[0] >= self._settings.caller_window_s:
            times.popleft()
        if len(times) >= self._settings.caller_calls:
            return True
        times.append(now_s)
        return False

    def _forget(self, now_s: float) -> None:
        """Keep the memory bounded whoever calls: drop those whose last call is out of the window."""
        if len(self._calls) < _CALLERS_KEPT:
            return
        window_s = self._settings.caller_window_s
        recent = [(who, times) for who, times in self._calls.items() if times and now_s - times[-1] < window_s]
        # half at least goes, so that this is not done again at each call
        self._calls = dict(recent[-_CALLERS_KEPT // 2 :])
