"""Which engine carries the calls; nothing heavy is imported before it is asked for."""

from voicebot.clock import Clock, WallClock
from voicebot.telephony.base import Line, TelephonyError
from voicebot.telephony.settings import SipSettings


def load_line(settings: SipSettings, clock: Clock | None = None) -> Line:
    """Return the line that ``settings`` asks for, not yet started.

    Raises:
        TelephonyError: there is no such engine here.
    """
    if settings.engine != "baresip":
        raise TelephonyError(f"sip.engine: {settings.engine} is not built into this release; use baresip")
    from voicebot.telephony.baresip_line import BaresipLine

    return BaresipLine(settings, clock or WallClock())
