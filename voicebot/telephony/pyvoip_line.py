"""Where SIP calls arrive, on the pyvoip engine: pure Python, one UDP socket, incoming calls only.

pyVoIP reads the messages; transactions (RFC 3261 17.2: every answer kept, and repeated when its request is), dialogs
and sound are ours. No registration, no TCP, TLS nor SRTP, no calls of our own: so no attended nor bridged transfer.
"""

import asyncio
import ipaddress
import logging
import secrets
from collections.abc import AsyncIterator, Callable, Sequence
from typing import cast

from voicebot.clock import Clock
from voicebot.telephony.admission import Admission
from voicebot.telephony.arrivals import Arrivals
from voicebot.telephony.base import CallInfo, TelephonyError
from voicebot.telephony.identity import caller_number, user_part
from voicebot.telephony.presses import KeyPresses
from voicebot.telephony.pyvoip_dialog import ALLOW, GIVE_UP_S, Dialog, Wire
from voicebot.telephony.pyvoip_leg import PyvoipLeg
from voicebot.telephony.rtp import RtpSession
from voicebot.telephony.sdp import Offer, read_offer
from voicebot.telephony.settings import SipSettings
from voicebot.telephony.sip_message import METHODS, Malformed, Message, read_message, response
from voicebot.telephony.source_filter import attach

log = logging.getLogger(__name__)

_HEADERS = ("From", "To", "P-Asserted-Identity", "Privacy", "User-to-User", "Diversion", "User-Agent")
_ANSWERS_KEPT = 5000
_WATCH_S = 1.0
_PORT_TRIES = 200
_INFO_KINDS = ("application/dtmf-relay", "application/dtmf")


class PyvoipLine(asyncio.DatagramProtocol):
    """The line. ``start``, iterate over ``calls``, ``stop``; in that order, once."""

    def __init__(self, settings: SipSettings, clock: Clock, overloaded: Callable[[], bool] = lambda: False) -> None:
        self._settings = settings
        self._admission = Admission(settings.admission, clock, overloaded)
        self._transport: asyncio.DatagramTransport | None = None
        self._wire = Wire(settings.listen.address, settings.listen.port, self._send, self._reply)
        self._arrivals: Arrivals[PyvoipLeg] = Arrivals()
        self._dialogs: dict[tuple[str, str], Dialog] = {}
        self._answers: dict[tuple[str, str, str], tuple[float, bytes]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._stopped = False

    @property
    def live(self) -> int:
        """Calls in progress or being set up."""
        return self._arrivals.count

    @property
    def worn_out(self) -> bool:
        """Whether the process must be replaced: never, with this engine."""
        return False

    @property
    def addresses(self) -> tuple[str, ...]:
        """The SIP addresses to dial, one a number."""
        listen = self._settings.listen
        return tuple(f"sip:{line.number}@{listen.address}:{listen.port}" for line in self._settings.lines)

    async def start(self) -> None:
        """Open the socket.

        Raises:
            TelephonyError: the address is taken.
        """
        listen = self._settings.listen
        loop = asyncio.get_running_loop()
        try:
            await loop.create_datagram_endpoint(lambda: self, local_addr=(listen.address, listen.port))
        except OSError as error:
            raise TelephonyError(
                f"the SIP engine cannot listen on {listen.address}:{listen.port} ({error.strerror}); "
                "free the port or choose another in [sip.listen]"
            ) from error
        task = loop.create_task(self._watch())
        self._tasks.add(task)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the socket, and have the kernel restrict it to the allowed sources."""
        self._transport = cast(asyncio.DatagramTransport, transport)
        networks = self._settings.admission.networks
        if networks:
            attach(transport.get_extra_info("socket")._sock, networks)

    def error_received(self, exc: Exception) -> None:
        """Ignore that a peer's port was closed (ICMP)."""

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Take one message; what cannot be read is dropped, no answer given."""
        networks = self._settings.admission.networks
        if networks and not any(ipaddress.ip_address(addr[0]) in network for network in networks):
            return
        if len(data) < 20:
            return  # a keep-alive
        try:
            message = read_message(data)
        except Malformed as error:
            log.info("malformed message from %s dropped: %s", addr[0], error)
            return
        if message.status:
            any(dialog.responded(message) for dialog in list(self._dialogs.values()))
            return
        kept = self._answers.get((message.branch, message.method, message.call_id))
        if kept is not None and message.method != "ACK":
            self._send(kept[1], addr)
            return
        self._take(message, addr)

    def _take(self, message: Message, addr: tuple[str, int]) -> None:
        """Act on a request that is not a repetition."""
        dialog = self._dialogs.get((message.call_id, message.tag("To")))
        if message.method == "ACK":
            if dialog is not None:
                dialog.confirm()
        elif message.method == "CANCEL":
            self._cancel(message, addr)
        elif message.method == "OPTIONS" and not message.tag("To"):
            self._reply(message, 200, addr, "", (ALLOW,))
        elif message.method not in METHODS:
            self._reply(message, 405, addr, "", (ALLOW,))
        elif message.tag("To"):
            self._within(dialog, message, addr)
        elif message.method == "INVITE":
            self._invited(message, addr)
        else:
            self._reply(message, 481 if message.method in ("BYE", "INFO", "NOTIFY") else 405, addr, "", (ALLOW,))

    def _cancel(self, message: Message, addr: tuple[str, int]) -> None:
        for dialog in list(self._dialogs.values()):
            if dialog.can_cancel(message):
                self._reply(message, 200, addr, dialog.tag)
                dialog.cancel()
                return
        self._reply(message, 481, addr)

    def _within(self, dialog: Dialog | None, message: Message, addr: tuple[str, int]) -> None:
        """Act on a request within a dialog."""
        if dialog is None or dialog.leg is None:
            self._reply(message, 481, addr)
            return
        if not dialog.in_order(message):
            self._reply(message, 500, addr)
            return
        match message.method:
            case "BYE":
                self._reply(message, 200, addr)
                dialog.ended()
            case "INVITE":
                self._reinvited(dialog, dialog.leg, message, addr)
            case "INFO":
                self._informed(dialog.leg, message, addr)
            case "NOTIFY":
                self._reply(message, 200, addr)
                dialog.notified(message)
            case "REFER":
                self._reply(message, 603, addr)  # nobody makes us dial
            case _:
                self._reply(message, 200, addr)

    def _informed(self, leg: PyvoipLeg, message: Message, addr: tuple[str, int]) -> None:
        kind = message.first("Content-Type").split(";")[0].strip().lower()
        if kind not in _INFO_KINDS:
            self._reply(message, 415, addr)
            return
        self._reply(message, 200, addr)
        text = message.body.lower().partition("signal=")[2] if kind == _INFO_KINDS[0] else message.body
        key = text.strip()[:1].upper()
        if key and key in "0123456789*#ABCD":
            leg.key(key)

    def _invited(self, message: Message, addr: tuple[str, int]) -> None:
        """Let a call in, or refuse it."""
        line = self._settings.line_of(user_part(message.uri))
        headers = {name: message.first(name) for name in _HEADERS if message.first(name)}
        caller = caller_number(
            headers.get("From", ""), headers.get("P-Asserted-Identity", ""), headers.get("Privacy", "")
        )
        if not message.first("Contact").strip("* "):
            self._reply(message, 400, addr, secrets.token_hex(8))
            return
        refusal = self._admission.decide(line is not None, caller, self.live)
        offer = read_offer(message.sdp, self._settings.media.codecs)
        if refusal is not None or line is None:
            status, wait_s = (refusal.status, refusal.retry_after_s) if refusal is not None else (404, None)
            log.warning("call to %s refused with %d", user_part(message.uri), status)
            extra = () if wait_s is None else (("Retry-After", str(wait_s)),)
            self._reply(message, status, addr, secrets.token_hex(8), extra)
            return
        if offer is None:
            self._reply(message, 488, addr, secrets.token_hex(8))
            return
        self._reply(message, 100, addr)  # kept: the same INVITE come again before it rings is not another call
        info = CallInfo(self._arrivals.fresh_id(message.call_id), caller, line.number, headers)
        task = asyncio.get_running_loop().create_task(self._ring(message, addr, offer, info))
        self._own(task)

    async def _ring(self, message: Message, addr: tuple[str, int], offer: Offer, info: CallInfo) -> None:
        """Open the sound, answer 180, and hand the leg over; then wait for its end."""
        presses = KeyPresses()

        def press(key: str) -> None:
            presses.signalled(key)
            presses.released()

        rtp = RtpSession(self._settings.media.jitter_ms, press)
        if not await self._open_sound(rtp):
            log.error("no port is free for sound in %s", self._settings.listen.rtp_ports)
            self._reply(message, 503, addr, secrets.token_hex(8))
            return
        rtp.agree((offer.address, offer.port), offer.codec, offer.codec_number, offer.events_number)
        dialog = Dialog(self._wire, message, addr, offer, rtp)
        leg = PyvoipLeg(info, rtp, presses)
        leg.want_sound(offer.wants_sound)
        leg.join(dialog)
        dialog.leg = leg
        self._dialogs[dialog.key] = dialog
        self._reply(message, 180, addr, dialog.tag, (self._wire.contact,))
        self._arrivals.add(leg)
        try:
            await leg.wait_closed()
            await dialog.finish()
        finally:
            leg.close()
            del self._dialogs[dialog.key]
            self._arrivals.gone(leg)

    async def _open_sound(self, rtp: RtpSession) -> bool:
        first, last = self._settings.listen.rtp_ports
        loop = asyncio.get_running_loop()
        for _ in range(_PORT_TRIES):
            port = first + 2 * secrets.randbelow((last - first) // 2)
            try:
                await loop.create_datagram_endpoint(lambda: rtp, local_addr=(self._settings.listen.address, port))
            except OSError:
                continue
            return True
        return False

    def _reinvited(self, dialog: Dialog, leg: PyvoipLeg, message: Message, addr: tuple[str, int]) -> None:
        offer = read_offer(message.sdp, self._settings.media.codecs)
        if offer is None:
            self._reply(message, 488, addr)
            return
        dialog.agree_sound(offer)
        leg.want_sound(offer.wants_sound)
        dialog.offered(message, addr, offer)

    def _reply(
        self,
        message: Message,
        status: int,
        addr: tuple[str, int],
        tag: str = "",
        headers: Sequence[tuple[str, str]] = (),
        body: str = "",
    ) -> None:
        """Answer a request, and keep the answer for when it is repeated."""
        data = response(message, status, addr, tag, headers, body)
        now_s = asyncio.get_running_loop().time()
        if len(self._answers) >= _ANSWERS_KEPT:
            self._forget(now_s)
        self._answers[(message.branch, message.method, message.call_id)] = (now_s, data)
        self._send(data, addr)

    def _forget(self, now_s: float) -> None:
        fresh = [(key, kept) for key, kept in self._answers.items() if now_s - kept[0] < GIVE_UP_S]
        self._answers = dict(fresh[-_ANSWERS_KEPT // 2 :])

    def _send(self, data: bytes, addr: tuple[str, int]) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.sendto(data, addr)

    def _own(self, task: "asyncio.Task[None]") -> None:
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _watch(self) -> None:
        """End calls whose peer has gone silent, and forget old answers."""
        loop = asyncio.get_running_loop()
        silent_s = self._settings.media.silent_peer_s
        while True:
            await asyncio.sleep(_WATCH_S)
            self._forget(loop.time())
            for dialog in list(self._dialogs.values()):
                leg = dialog.leg
                if leg is not None and silent_s and dialog.talking and loop.time() - leg.heard_s > silent_s:
                    log.info("call %s: nothing heard for %d s", leg.info.call_id, silent_s)
                    await leg.hang_up()

    def calls(self) -> AsyncIterator[PyvoipLeg]:
        """Yield each incoming call, unanswered, until the line is drained or stopped."""
        return self._arrivals.calls()

    async def drain(self) -> None:
        """Refuse new calls and wait, ``drain_s`` at most, until the live ones have ended; then ``calls`` ends."""
        await self._arrivals.drain(self._admission, self._settings.admission.drain_s)

    async def stop(self) -> None:
        """Refuse new calls, end live ones, close the socket. Idempotent."""
        if self._stopped:
            return
        self._stopped = True
        self._admission.drain()
        self._arrivals.close()
        await asyncio.gather(*(leg.hang_up() for leg in self._arrivals.live))
        await asyncio.gather(*(dialog.finish() for dialog in list(self._dialogs.values())))
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._transport is not None:
            self._transport.close()
