"""Which engine carries the calls; nothing heavy is imported before it is asked for."""

from collections.abc import Callable

from voicebot.clock import Clock, WallClock
from voicebot.telephony.base import Line
from voicebot.telephony.settings import SipSettings


def load_line(
    settings: SipSettings, clock: Clock | None = None, overloaded: Callable[[], bool] = lambda: False
) -> Line:
    """Return the line that ``settings`` asks for, not yet started; it refuses new calls while ``overloaded``."""
    clock = clock or WallClock()
    if settings.engine == "pyvoip":
        from voicebot.telephony.pyvoip_line import PyvoipLine

        return PyvoipLine(settings, clock, overloaded)
    from voicebot.telephony.baresip_line import BaresipLine

    return BaresipLine(settings, clock, overloaded)
