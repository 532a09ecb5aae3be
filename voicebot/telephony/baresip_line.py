"""Where SIP calls arrive, on the baresip engine (libre, native threads; one ``Runtime`` a process).

One user agent is opened for each way of writing each number and each transport: the engine itself answers 404 to
anything else. It knows
two more answers to an INVITE, "ringing" and "busy" (486): every refusal decided here is that one. Requests to transfer
us (REFER) are always refused, so nobody makes us dial.

The engine loses a call, for good, at each INVITE whose Contact or Record-Route is malformed: a line of its log is the
only sign. They are counted; at the limit the line drains, ends, and says that the process must be replaced.
"""

import asyncio
import atexit
import logging
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

from baresip import Account, BaresipError, Call, Config, RegistrationError, Runtime, UserAgent

from voicebot.clock import Clock
from voicebot.telephony.admission import Admission
from voicebot.telephony.arrivals import Arrivals
from voicebot.telephony.baresip_dial import Dialler
from voicebot.telephony.baresip_leg import BaresipLeg
from voicebot.telephony.baresip_transfer import hand_over
from voicebot.telephony.base import CallInfo, TelephonyError, TransferOrder, TransferResult
from voicebot.telephony.identity import caller_number, user_part
from voicebot.telephony.settings import MediaSettings, NumberSettings, SecretMissing, SipSettings
from voicebot.telephony.source_filter import restrict_ports

log = logging.getLogger(__name__)

_HEADERS = ("From", "To", "P-Asserted-Identity", "Privacy", "User-to-User", "Diversion", "User-Agent")
_CODEC_NAMES = {"pcma": "pcma", "pcmu": "pcmu", "g722": "g722/16000/1", "opus": "opus/48000/2"}
_SRTP_PARAMS = {"off": (), "offered": ("mediaenc=srtp",), "required": ("mediaenc=srtp-mand",)}
_LEAK_SIGN = "sipsess_accept"
_STOP_S = 5.0


def engine_config(settings: SipSettings) -> Config:
    """Return the engine's configuration for ``settings``."""
    listen, media = settings.listen, settings.media
    host = f"[{listen.address}]" if ":" in listen.address else listen.address
    lines = [
        f"sip_listen {host}:{listen.port}",
        f"sip_transports {','.join(listen.transports)}",
        f"rtp_ports {listen.rtp_ports[0]}-{listen.rtp_ports[1]}",
        f"audio_jitter_buffer_ms {media.jitter_ms[0]}-{media.jitter_ms[1]}",
    ]
    if media.jitter_ms[1] == 0:
        lines[-1] = "audio_jitter_buffer_type off"
    if listen.certificate is not None:
        lines.append(f"sip_certificate {listen.certificate}")
    return Config(
        net_interface=listen.address,
        max_concurrent_calls=None,  # leaked calls count against the engine's own limit: ours is Admission's
        rtp_timeout=media.silent_peer_s,
        expose_headers=_HEADERS,
        extra_config_text="\n".join(lines) + "\n",
    )


def account_params(media: MediaSettings) -> tuple[str, ...]:
    """Return what every account needs: no video (its offer would be a useless re-INVITE), and encryption as asked."""
    return ("video_codecs=", *_SRTP_PARAMS[media.srtp])


def codec_names(media: MediaSettings) -> tuple[str, ...]:
    """Return the codecs as the engine names them."""
    return tuple(_CODEC_NAMES[codec] for codec in media.codecs)


class _LeakWatch(logging.Handler):
    """Counts the engine's log lines that tell a lost call. Called from the engine's log thread."""

    def __init__(self, loop: asyncio.AbstractEventLoop, line: "BaresipLine") -> None:
        super().__init__(logging.WARNING)
        self._loop = loop
        self._line = line

    def emit(self, record: logging.LogRecord) -> None:
        """Count one line."""
        if _LEAK_SIGN in record.getMessage() and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._line.note_leak)


class BaresipLine:
    """The line of this process. ``start``, iterate over ``calls``, ``stop``; in that order, once."""

    def __init__(self, settings: SipSettings, clock: Clock, overloaded: Callable[[], bool] = lambda: False) -> None:
        self._settings = settings
        self._admission = Admission(settings.admission, clock, overloaded)
        self._runtime = Runtime()
        self._arrivals: Arrivals[BaresipLeg] = Arrivals()
        self._tasks: set[asyncio.Task[None]] = set()
        self._agents: dict[int, UserAgent] = {}
        self._watch: _LeakWatch | None = None
        self._stopped = False

    @property
    def live(self) -> int:
        """Calls in progress or being set up."""
        return self._arrivals.count

    @property
    def leaks(self) -> int:
        """Calls that the engine has lost since the start."""
        return self._admission.leaks

    @property
    def worn_out(self) -> bool:
        """Whether the engine has lost so many calls that this process must be replaced."""
        return self._admission.exhausted

    @property
    def addresses(self) -> tuple[str, ...]:
        """The SIP addresses to dial, one a number, on the first transport."""
        listen = self._settings.listen
        host = f"[{listen.address}]" if ":" in listen.address else listen.address
        kind = listen.transports[0]
        port = listen.port + 1 if kind == "tls" else listen.port
        suffix = "" if kind == "udp" else f";transport={kind}"
        return tuple(f"sip:{line.number}@{host}:{port}{suffix}" for line in self._settings.lines)

    async def start(self) -> None:
        """Open the sockets, restrict them to the allowed sources, and register.

        Raises:
            TelephonyError: an address is taken, a secret is missing, or the registrar refuses.
        """
        settings = self._settings
        try:
            secret = settings.trunk.secret()
        except SecretMissing as error:
            raise TelephonyError(f"sip.{error}") from error
        loop = asyncio.get_running_loop()
        self._watch = _LeakWatch(loop, self)
        native = logging.getLogger("baresip.native")
        native.addHandler(self._watch)
        if not native.isEnabledFor(logging.WARNING):  # the guard needs these lines whatever is printed
            native.setLevel(logging.WARNING)
        self._runtime.on_dead = self._engine_died
        try:
            await self._runtime.start(engine_config(settings))
        except BaresipError as error:
            self._unwatch()
            listen = settings.listen
            raise TelephonyError(
                f"the SIP engine cannot listen on {listen.address}:{listen.port} ({error}); "
                "free the port or choose another in [sip.listen]"
            ) from error
        try:
            if settings.admission.networks:
                ports = (settings.listen.port, settings.listen.port + 1)
                restrict_ports(ports, settings.admission.networks)
            await self._open_lines()
            if settings.trunk.configured:
                await self._join_trunk(secret.reveal())
        except BaseException as error:
            await self.stop()
            if isinstance(error, BaresipError):
                raise TelephonyError(f"the SIP engine refuses its configuration: {error}") from error
            raise

    async def _open_lines(self) -> None:
        """Open an agent for each way to call each number: the engine compares the transport as well as the user."""
        settings = self._settings
        for line in settings.lines:
            for user in line.users:
                for transport in settings.listen.transports:
                    account = Account(
                        user=user,
                        domain=settings.listen.address,
                        password="",
                        reg_interval=0,
                        transport=transport,
                        audio_codecs=codec_names(settings.media),
                        extra_params=account_params(settings.media),
                    )
                    await self._open_agent(account, line)

    async def _open_agent(self, account: Account, line: NumberSettings | None) -> UserAgent:
        agent = await UserAgent.create(self._runtime, account, transfer_policy="reject")
        self._agents[agent.handle] = agent
        agent.on_incoming(lambda call: self._arrived(call, agent, line))
        return agent

    async def _join_trunk(self, password: str) -> None:
        """Open the operator's account; register there if it wants that."""
        trunk, media = self._settings.trunk, self._settings.media
        account = Account(
            user=trunk.user,
            domain=trunk.domain,
            password=password,
            registrar=trunk.proxy or None,
            reg_interval=trunk.register_s,
            transport=self._settings.listen.transports[0],
            audio_codecs=codec_names(media),
            auth_user=trunk.auth_user or None,
            extra_params=account_params(media),
        )
        agent = await self._open_agent(account, None)
        if trunk.register_s == 0:
            return
        try:
            await agent.register()
        except RegistrationError as error:
            if error.status in (401, 403, 404, 407):
                raise TelephonyError(
                    f"the registrar {trunk.domain} refuses {trunk.user} ({error.status} {error.reason}); "
                    "check sip.trunk: user, auth_user and the secret"
                ) from error
            log.warning("not registered with %s yet (%s); the engine keeps trying", trunk.domain, error)

    def _arrived(self, call: Call, agent: UserAgent, line: NumberSettings | None) -> None:
        """Let a call in, or refuse it. On the event loop, at the engine's report."""
        headers = {name: value for name, value in call.headers.items() if name in _HEADERS}
        if line is None:  # the trunk's own account: the number is in To
            line = self._settings.line_of(user_part(headers.get("To", "")))
        caller = caller_number(
            headers.get("From") or call.peer or "", headers.get("P-Asserted-Identity", ""), headers.get("Privacy", "")
        )
        called = line.number if line is not None else user_part(headers.get("To", ""))
        info = CallInfo(self._arrivals.fresh_id(call.call_id or ""), caller, called, headers)
        refusal = self._admission.decide(line is not None, caller, self.live)
        if refusal is not None:
            log.warning("call %s to %s refused: %s", info.call_id, called, refusal.reason)
            self._own(self._refuse(call))
            return

        async def transfer(leg: BaresipLeg, order: TransferOrder) -> TransferResult:
            return await hand_over(leg, order, Dialler(self._runtime, agent))

        leg = BaresipLeg(call, info, transfer)
        self._own(self._follow(leg))
        self._arrivals.add(leg)

    def _own(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _refuse(self, call: Call) -> None:
        try:
            await call.reject()
        except BaresipError as error:
            log.info("a refused call was already gone: %s", error)

    async def _follow(self, leg: BaresipLeg) -> None:
        await leg.wait_closed()
        self._arrivals.gone(leg)

    def note_leak(self) -> None:
        """Count a call that the engine has lost; at the limit, drain and end ``calls``."""
        if self.worn_out:
            return
        worn_out = self._admission.leaked()
        log.warning("the engine has lost a call (%d so far)", self._admission.leaks)
        if worn_out:
            log.error("%d calls lost: no more are accepted, the process must be restarted", self._admission.leaks)
            self._own(self.drain())

    def _engine_died(self) -> None:
        log.critical("the SIP engine died: the process must be restarted")
        while not self._admission.leaked():
            pass
        self._arrivals.close()

    def calls(self) -> AsyncIterator[BaresipLeg]:
        """Yield each incoming call, unanswered, until the line is drained or stopped."""
        return self._arrivals.calls()

    async def drain(self) -> None:
        """Refuse new calls and wait, ``drain_s`` at most, until the live ones have ended; then ``calls`` ends."""
        await self._arrivals.drain(self._admission, self._settings.admission.drain_s)

    async def stop(self) -> None:
        """Refuse new calls, end live ones, close the sockets. Idempotent; takes a few seconds at most."""
        if self._stopped:
            return
        self._stopped = True
        self._admission.drain()
        self._arrivals.close()
        if legs := self._arrivals.live:
            await asyncio.wait([asyncio.ensure_future(leg.hang_up()) for leg in legs], timeout=_STOP_S)
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._unwatch()
        if self._admission.leaks:
            # closing an engine that has lost calls aborts the process: leave its threads to the end of the process
            atexit.unregister(self._runtime._forced_teardown)
            log.warning("the engine is left as it is: it has lost %d calls", self._admission.leaks)
            return
        try:
            await self._runtime.close()
        except BaresipError as error:
            log.error("the engine did not close: %s", error)

    def _unwatch(self) -> None:
        if self._watch is not None:
            logging.getLogger("baresip.native").removeHandler(self._watch)
            self._watch = None
