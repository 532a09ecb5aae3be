"""The process that ``bench calls`` measures: the service itself, seen from outside as an operator sees it.

It is started on ports and with a journal of its own, with the rest of the configuration as it is. What it costs is read
from /proc; what became of each call, from the line it logs when a call ends; its tasks, from what SIGUSR1 makes it log.
"""

import asyncio
import contextlib
import json
import os
import signal
import sys
import time
import tomllib
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from voicebot.bench.far import FarCall, FarEnd, NotTaken
from voicebot.bench.ports import HOST, free_port
from voicebot.telephony.base import TelephonyError

SERVICE = ("-m", "voicebot.cli.main", "serve", "--config")
DELAYS = ("-m", "voicebot.bench.near")
NUMBER = "bench"
_START_S = 300.0
"""A first start after an edit of the examples learns them again: a minute or two."""
_REPEAT_S = 0.4
_TICKS = os.sysconf("SC_CLK_TCK")
_ENDED = "call ended "
_STATE = "state "
_KEPT = ("paths", "call", "asr", "tts", "turn", "sip")
_DATABASE = "VOICEBOT_DATABASE_URL"


def own_config(config: Path, folder: Path, changes: Mapping[str, Mapping[str, Any]]) -> tuple[Path, int]:
    """Write a copy of ``config`` into ``folder`` with ports and a journal of its own; return it and the SIP port.

    ``changes`` are laid over its tables.
    """
    whole = tomllib.loads(config.read_text(encoding="utf-8"))
    # nothing that reaches out: no message leaves a benchmark
    document: dict[str, Any] = {table: whole[table] for table in _KEPT if table in whole}
    home = config.resolve().parent
    paths = {"profiles": "profiles", "models": "models", "prompts": "prompts", "data": "var"}
    paths |= document.get("paths", {})
    port = free_port()
    document["paths"] = {name: str((home / path).resolve()) for name, path in paths.items()}
    sip = {key: value for key, value in document.get("sip", {}).items() if key not in ("trunk", "admission", "lines")}
    sip["listen"] = {"address": HOST, "port": port, "transports": ["udp"]}
    sip["lines"] = [{"number": NUMBER}]
    sip["admission"] = {"capacity": 200, "drain_s": 5.0}
    document |= {"sip": sip, "web": {"host": HOST, "port": free_port()}}
    # what callers of a benchmark say is not the service's business
    keys = {"pseudonym_key": str(folder / "pseudonym.key"), "encryption_key": str(folder / "encryption.key")}
    document["journal"] = {"url": f"sqlite:///{folder}/journal.sqlite", "spool": str(folder / "spool"), **keys}
    document["log"] = {"format": "text", "level": "INFO"}
    for table, over in changes.items():
        document[table] = {**document.get(table, {}), **over}
    path = folder / "config.toml"
    path.write_text("".join(f"{key} = {_inline(value)}\n" for key, value in document.items()), encoding="utf-8")
    return path, port


def _inline(value: Any) -> str:
    """A value as TOML writes it on one line."""
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{json.dumps(str(key))} = {_inline(one)}" for key, one in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(_inline(one) for one in value) + "]"
    return json.dumps(value, ensure_ascii=False)


@dataclass(frozen=True, slots=True)
class Cost:
    """What the process has used at ``at_s``: CPU seconds, resident MB then and at most, open files, sockets."""

    cpu_s: float
    resident_mb: float
    peak_mb: float
    files: int
    sockets: int
    threads: int
    at_s: float


@dataclass(slots=True)
class Measured:
    """A running process. ``ended`` collects what it logged of each call, by call identifier."""

    process: asyncio.subprocess.Process
    address: tuple[str, int]
    ended: dict[str, dict[str, Any]] = field(default_factory=dict)
    printed: list[dict[str, Any]] = field(default_factory=list)
    states: "asyncio.Queue[dict[str, Any]]" = field(default_factory=asyncio.Queue)
    news: asyncio.Event = field(default_factory=asyncio.Event)
    last_words: list[str] = field(default_factory=list)

    def cost(self) -> Cost:
        """Read what it has used."""
        home = Path(f"/proc/{self.process.pid}")
        fields = (home / "stat").read_text().rpartition(")")[2].split()
        status = dict(line.split(":\t", 1) for line in (home / "status").read_text().splitlines() if ":\t" in line)
        links = []
        for entry in (home / "fd").iterdir():
            with contextlib.suppress(OSError):
                links.append(os.readlink(entry))
        return Cost(
            (int(fields[11]) + int(fields[12])) / _TICKS,
            int(status["VmRSS"].split()[0]) / 1024,
            int(status["VmHWM"].split()[0]) / 1024,
            len(links),
            sum(link.startswith("socket:") for link in links),
            int(status["Threads"]),
            time.monotonic(),
        )

    async def state(self) -> dict[str, Any]:
        """Ask it what it holds: calls, tasks."""
        try:
            self.process.send_signal(signal.SIGUSR1)
            return await asyncio.wait_for(self.states.get(), 10)
        except (TimeoutError, ProcessLookupError) as error:
            raise died(self) from error

    async def all_ended(self, calls: Sequence[str], within_s: float = 20.0) -> dict[str, dict[str, Any]]:
        """Wait until it has logged the end of ``calls``; return what it said of those it has."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                while any(call not in self.ended for call in calls):
                    self.news.clear()
                    await self.news.wait()
        return {call: self.ended[call] for call in calls if call in self.ended}

    async def kill(self) -> None:
        """End it as a power cut would."""
        self.process.kill()
        await self.process.wait()

    async def follow_log(self) -> None:
        """Read what it logs until it ends."""
        async for raw in _lines(self.process.stderr):
            line = raw.decode("utf-8", "replace").rstrip()
            _, found, text = line.partition(_ENDED)
            if found:
                call = _first_object(text)
                self.ended[call["call_id"]] = call
                self.news.set()
            elif _STATE in line and (text := line.partition(_STATE)[2]).startswith("{"):
                self.states.put_nowait(_first_object(text))
            elif " INFO " not in line:
                self.last_words = [*self.last_words[-20:], line]

    async def follow_output(self) -> None:
        """Read what it prints until it ends."""
        async for raw in _lines(self.process.stdout):
            if raw.startswith(b"{"):
                self.printed.append(json.loads(raw))


def _first_object(text: str) -> dict[str, Any]:
    """The JSON object that ``text`` begins with; the log may mark the call after it."""
    found: dict[str, Any] = json.JSONDecoder().raw_decode(text)[0]
    return found


async def _lines(stream: asyncio.StreamReader | None) -> AsyncIterator[bytes]:
    while stream is not None and (line := await stream.readline()):
        yield line


@asynccontextmanager
async def measured(command: Sequence[str], config: Path, port: int) -> AsyncIterator[Measured]:
    """Start ``command`` on ``config``; yield it at once, which may be before it answers; end it afterwards."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, *command, str(config)),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**{name: value for name, value in os.environ.items() if name != _DATABASE}, "VOICEBOT_LOG": "INFO"},
        limit=2**20,
    )
    running = Measured(process, (HOST, port))
    readers = [asyncio.ensure_future(running.follow_log()), asyncio.ensure_future(running.follow_output())]
    try:
        yield running
    finally:
        if process.returncode is None:
            process.terminate()
            try:
                await asyncio.wait_for(process.wait(), 20)
            except TimeoutError:
                await running.kill()
        await asyncio.gather(*readers, return_exceptions=True)


async def first_call(running: Measured, far: FarEnd, within_s: float = _START_S) -> FarCall:
    """Call a process that has just been started; return the call once it is answered.

    One INVITE is repeated until the process hears it: another at each try would leave it as many calls that nobody
    takes, the more the slower the machine is.

    Raises:
        TelephonyError: the process has ended, or did not answer in ``within_s``; its last words are told.
    """
    deadline_s = time.monotonic() + within_s
    ended = asyncio.ensure_future(running.process.wait())
    try:
        while (left_s := deadline_s - time.monotonic()) > 0 and not ended.done():
            dialled = asyncio.ensure_future(far.dial(NUMBER, left_s, _REPEAT_S))
            await asyncio.wait({dialled, ended}, return_when=asyncio.FIRST_COMPLETED)
            if not dialled.done():
                dialled.cancel()
            with contextlib.suppress(NotTaken, asyncio.CancelledError):
                return await dialled
            await asyncio.sleep(_REPEAT_S)  # refused: it is not ready
    finally:
        ended.cancel()
    raise died(running)


def died(running: Measured) -> TelephonyError:
    """Return the error to raise when the process has ended by itself, or answers no more."""
    words = "\n".join(running.last_words[-5:])
    status = running.process.returncode
    fate = "does not answer" if status is None else f"ended with {status}"
    return TelephonyError(f"the measured process {fate}; the last it said:\n{words}")
