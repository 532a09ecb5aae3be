"""Placing a call on the baresip engine without missing what happens at once.

The engine's Python face learns of a call it places only after the fact: an answer or a refusal that comes within a
millisecond is reported before it listens, and waiting for it would last until the time-out. So reports are kept from
before the call is placed, and given to it afterwards.
"""

import asyncio
import contextlib
from collections.abc import Mapping

from baresip import BaresipError, Call, Runtime, UserAgent
from baresip.events import StackEvent


class Dialler:
    """Places calls as one user agent of a runtime."""

    def __init__(self, runtime: Runtime, agent: UserAgent) -> None:
        self._runtime = runtime
        self._agent = agent

    async def dial(self, uri: str, headers: Mapping[str, str] | None = None) -> Call:
        """Place a call to ``uri``; returns once the INVITE is on its way, with the state the call has reached.

        Cancelled before that, it leaves no telephone ringing.

        Raises:
            BaresipError: the engine cannot place it.
            ValueError: the address or a header cannot be sent.
        """
        missed: list[StackEvent] = []
        keep = missed.append
        self._runtime.subscribe(keep)
        placing = asyncio.ensure_future(self._agent.dial(uri, dict(headers or {})))
        try:
            call = await asyncio.shield(placing)
        except asyncio.CancelledError:
            with contextlib.suppress(BaresipError, ValueError):
                await (await placing).hangup()
            raise
        finally:
            self._runtime.unsubscribe(keep)
        for event in missed:
            call._on_stack_event(event)  # filters by call; the release is pinned, see pyproject.toml
        return call
