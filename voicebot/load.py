"""How hard pressed the process is, and what it gives up for callers to be answered all the same.

Told by how long callers wait for what they said to be recognised, from the end of their turn: the one thing that
nothing else hides. Each step gives up a little more; the sound itself is never among it. A step is taken as soon as
waits are long, one is taken back when they have been short for a while (hysteresis), so that the service does not
waver between two.
"""

import itertools
import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, ClassVar

log = logging.getLogger(__name__)

_WEIGHT = 0.4
"""Of the newest wait in their moving average: two or three long ones in a row are a press, a single one is not."""


class Pressure(IntEnum):
    """What is given up, everything before included."""

    NONE = 0
    SHORTER = 1
    """Recognition takes its first reading, in a shorter window, and makes no second try."""
    KEYS = 2
    """Callers who wait are offered the keys of their telephone."""
    QUEUE = 3
    """Callers who wait are told so again, until they are answered."""
    REFUSING = 4
    """New calls are refused (503), so that another node takes them."""


_GIVEN_UP = {
    Pressure.NONE: "back to normal",
    Pressure.SHORTER: "recognition takes its first reading in a shorter window",
    Pressure.KEYS: "callers who wait are offered the keys",
    Pressure.QUEUE: "callers who wait are told so until they are answered",
    Pressure.REFUSING: "new calls are refused with 503",
}


@dataclass(frozen=True, slots=True)
class LoadSettings:
    """The waits, in seconds, from which each step is taken, and how it is taken back.

    A step is taken back when waits have stayed under ``ease`` times its own for ``calm_s``, one step at a time.
    """

    __pydantic_config__: ClassVar[Mapping[str, Any]] = {"extra": "forbid"}

    shorter_s: float = 0.8
    keys_s: float = 1.5
    queue_s: float = 2.5
    refusing_s: float = 4.0
    ease: float = 0.5
    calm_s: float = 10.0

    def __post_init__(self) -> None:
        steps = self.steps_s
        if steps[0] <= 0 or any(one >= other for one, other in itertools.pairwise(steps)):
            raise ValueError("shorter_s, keys_s, queue_s and refusing_s must grow from one to the next, above 0")
        if not 0 < self.ease < 1:
            raise ValueError(f"ease: {self.ease} is not between 0 and 1")
        if self.calm_s <= 0:
            raise ValueError(f"calm_s: {self.calm_s} is not above 0")

    @property
    def steps_s(self) -> tuple[float, float, float, float]:
        """The wait from which each step is taken, in their order."""
        return (self.shorter_s, self.keys_s, self.queue_s, self.refusing_s)


class Load:
    """The pressure on one process. Told of waits and asked for the pressure from any thread.

    ``timer`` gives seconds that only grow.
    """

    def __init__(self, timer: Callable[[], float], settings: LoadSettings = LoadSettings()) -> None:
        self._timer = timer
        self._settings = settings
        self._lock = threading.Lock()
        self._waiting: dict[object, float] = {}
        self._mean_s = 0.0
        self._pressure = Pressure.NONE
        self._calm_since_s = self._since_s = timer()
        self._spent_s = dict.fromkeys(Pressure, 0.0)

    @property
    def wait_s(self) -> float:
        """How long callers wait now: the moving average, or the wait in progress that counts when that is longer."""
        with self._lock:
            return max(self._mean_s, self._in_progress_s(self._timer()))

    @property
    def waiting(self) -> int:
        """How many callers wait now."""
        with self._lock:
            return len(self._waiting)

    @property
    def pressure(self) -> Pressure:
        """What is given up now."""
        with self._lock:
            now_s = self._timer()
            return self._follow(now_s, self._in_progress_s(now_s))

    def spent_s(self) -> Mapping[Pressure, float]:
        """Return the seconds spent at each step since the beginning, steps never taken left out."""
        with self._lock:
            now_s = self._timer()
            spent_s = {**self._spent_s, self._pressure: self._spent_s[self._pressure] + now_s - self._since_s}
            return {step: seconds for step, seconds in spent_s.items() if seconds}

    def at_least(self, pressure: Pressure) -> bool:
        """Return whether ``pressure`` is reached."""
        return self.pressure >= pressure

    def begin(self, caller: object) -> None:
        """Count the wait of ``caller`` (anything that tells it from the others) from now on."""
        with self._lock:
            self._waiting[caller] = self._timer()

    def end(self, caller: object) -> None:
        """End the wait of ``caller``, whatever came of it; nothing when it did not wait."""
        with self._lock:
            now_s = self._timer()
            in_progress_s = self._in_progress_s(now_s)
            began_s = self._waiting.pop(caller, None)
            if began_s is not None:
                self._mean_s += _WEIGHT * (now_s - began_s - self._mean_s)
                self._follow(now_s, max(in_progress_s, self._mean_s))

    def forget(self, caller: object) -> None:
        """Count no wait of ``caller``: they had not finished; nothing when it did not wait."""
        with self._lock:
            self._waiting.pop(caller, None)

    def _in_progress_s(self, now_s: float) -> float:
        """The longest wait in progress but one: alone, a long one may be a long sentence rather than a press."""
        waits = sorted(now_s - began_s for began_s in self._waiting.values())
        return waits[-2] if len(waits) > 1 else 0.0

    def _follow(self, now_s: float, wait_s: float) -> Pressure:
        """Take the steps that a wait calls for, or one back after a calm; lock held."""
        called_for = Pressure(sum(wait_s >= step_s for step_s in self._settings.steps_s))
        if called_for > self._pressure:
            self._take(called_for, now_s, wait_s)
        elif self._pressure:
            easy_s = self._settings.ease * self._settings.steps_s[self._pressure - 1]
            if wait_s >= easy_s:
                self._calm_since_s = now_s
            elif now_s - self._calm_since_s >= self._settings.calm_s:
                self._take(Pressure(self._pressure - 1), now_s, wait_s)
                # waits of before the calm must not bring the step back
                self._mean_s = min(self._mean_s, easy_s)
        return self._pressure

    def _take(self, pressure: Pressure, now_s: float, wait_s: float) -> None:
        level = logging.WARNING if pressure > self._pressure else logging.INFO
        log.log(level, "load: step %d, %s (callers wait %.1f s)", pressure, _GIVEN_UP[pressure], wait_s)
        self._spent_s[self._pressure] += now_s - self._since_s
        self._pressure, self._calm_since_s, self._since_s = pressure, now_s, now_s


def unpressed() -> Load:
    """Return a load that is never pressed: what is replayed must not depend on the machine it is replayed on."""
    return Load(lambda: 0.0)
