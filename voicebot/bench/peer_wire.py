"""How ``bench turn --peer`` and the process of the peer talk: one JSON object a line, over a pipe each way.

The peer says ``ready`` once, or why it cannot be (``missing``, ``failed``). For each question it is given, it says what
it ``heard``, is told what to ``say`` (as often as it takes a turn), and ends with ``answered``.
"""

import asyncio
import json
from collections.abc import Callable, Mapping
from typing import Any

LONGEST_LINE = 2**20


class Wire:
    """One end of the pipes.

    Args:
        reader: what the other end writes.
        write: takes the bytes of whole lines at once.
    """

    def __init__(self, reader: asyncio.StreamReader, write: Callable[[bytes], object]) -> None:
        self._reader = reader
        self._write = write

    def send(self, message: Mapping[str, Any]) -> None:
        """Send ``message``."""
        self._write(json.dumps(message, ensure_ascii=False).encode() + b"\n")

    async def receive(self) -> dict[str, Any] | None:
        """Return the next message; ``None`` when the other end has closed.

        Raises:
            ValueError: what came is no JSON object.
        """
        line = await self._reader.readline()
        if not line:
            return None
        message = json.loads(line)
        if not isinstance(message, dict):
            raise ValueError(f"a JSON object was expected, not {line[:200]!r}")
        return message
