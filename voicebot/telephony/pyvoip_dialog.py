"""One dialog of the pyvoip engine (RFC 3261 12, 13, 14): what is sent, repeated, awaited and answered within a call."""

import asyncio
import logging
import re
import secrets
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from voicebot.telephony.base import CallEnded, TransferOrder, TransferResult
from voicebot.telephony.outcomes import transfer_result
from voicebot.telephony.pyvoip_leg import PyvoipLeg
from voicebot.telephony.refer import refer_target
from voicebot.telephony.rtp import RtpSession
from voicebot.telephony.sdp import Offer, answer
from voicebot.telephony.sip_message import Message, request

log = logging.getLogger(__name__)

T1_S = 0.5
T2_S = 4.0
GIVE_UP_S = 32.0
ALLOW = ("Allow", "INVITE, ACK, BYE, CANCEL, OPTIONS, INFO, REFER, NOTIFY")


@dataclass(frozen=True, slots=True)
class Wire:
    """How a dialog reaches its peer: our address, how to send bytes, and how to answer a request."""

    address: str
    port: int
    send: Callable[[bytes, tuple[str, int]], None]
    reply: Callable[..., None]

    @property
    def contact(self) -> tuple[str, str]:
        """Our Contact."""
        return ("Contact", f"<sip:voicebot@{self.address}:{self.port}>")


class Dialog:
    """The signalling of one call we received. ``source`` is where its requests come from, and ours go."""

    def __init__(self, wire: Wire, invite: Message, source: tuple[str, int], offer: Offer, rtp: RtpSession) -> None:
        self._wire = wire
        self._invite = invite
        self._source = source
        self._offer = offer
        self._rtp = rtp
        self.tag = secrets.token_hex(8)
        self._session = secrets.randbits(31)
        self._version = 0
        self._sequence = 0
        self._seen = invite.number
        self._target = _address(invite.first("Contact"))
        self._answered = False
        self._confirmed = asyncio.Event()
        self._waiting: dict[str, asyncio.Future[int]] = {}
        self._outcome: asyncio.Future[int | None] | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self.leg: PyvoipLeg | None = None

    @property
    def key(self) -> tuple[str, str]:
        """What names the dialog in requests to us: Call-ID and our tag."""
        return (self._invite.call_id, self.tag)

    async def accept(self) -> None:
        """Answer 200, repeated until the ACK comes (RFC 3261 13.3.1.4).

        Raises:
            CallEnded: the caller gave up, or no ACK came in 32 s.
        """
        self._answered = True
        self._reply_with_sound(self._invite)
        try:
            async with asyncio.timeout(GIVE_UP_S):
                await self._repeat_until_confirmed(self._invite)
        except TimeoutError as error:
            await self.end()
            self._close()
            raise CallEnded("the caller's side never confirmed the answer") from error

    async def _repeat_until_confirmed(self, invite: Message) -> None:
        wait_s = T1_S
        while not self._confirmed.is_set() and self.leg is not None and not self.leg.over:
            try:
                await asyncio.wait_for(self._confirmed.wait(), wait_s)
            except TimeoutError:
                self._reply_with_sound(invite)
                wait_s = min(2 * wait_s, T2_S)

    def _reply_with_sound(self, invite: Message) -> None:
        body = answer(self._offer, self._wire.address, self._rtp.port, self._session, self._version)
        headers = (self._wire.contact, ALLOW, ("Content-Type", "application/sdp"))
        self._wire.reply(invite, 200, self._source, self.tag, headers, body)

    def offered(self, message: Message, source: tuple[str, int], offer: Offer) -> None:
        """Take a re-INVITE: hold, resume, a new address, or a session refresh."""
        self._source, self._offer = source, offer
        self._version += 1
        self._confirmed.clear()
        target = _address(message.first("Contact"))
        self._target = target or self._target
        self._reply_with_sound(message)
        self._own(self._repeat_until_confirmed(message))

    def agree_sound(self, offer: Offer) -> None:
        """Send our sound where a new offer says."""
        self._rtp.agree((offer.address, offer.port), offer.codec, offer.codec_number, offer.events_number)

    @property
    def talking(self) -> bool:
        """Whether the call is answered and the peer should be sending sound."""
        return self._answered and self._offer.direction in ("sendrecv", "sendonly")

    def in_order(self, message: Message) -> bool:
        """Whether a request is not older than one already taken (RFC 3261 12.2.2)."""
        if message.number < self._seen:
            return False
        self._seen = message.number
        return True

    def confirm(self) -> None:
        """Take the ACK."""
        self._confirmed.set()

    def can_cancel(self, message: Message) -> bool:
        """Whether ``message``, a CANCEL, is about this call and comes before its answer."""
        return not self._answered and self.key[0] == message.call_id and message.branch == self._invite.branch

    def cancel(self) -> None:
        """Take a CANCEL that ``can_cancel`` allows."""
        self._wire.reply(self._invite, 487, self._source, self.tag)
        self._close()

    def ended(self) -> None:
        """Take a BYE."""
        self._close()

    async def end(self) -> None:
        """Hang up, or refuse a call not answered yet."""
        if not self._answered:
            self._wire.reply(self._invite, 486, self._source, self.tag)
            self._close()
            return
        self._own(self._say_bye())
        await asyncio.sleep(0)

    async def _say_bye(self) -> None:
        await self._ask("BYE")

    async def refer(self, order: TransferOrder) -> TransferResult:
        """Ask the peer to call the adviser, and wait ``ring_s`` for the outcome it notifies (RFC 3515)."""
        loop = asyncio.get_running_loop()
        self._outcome = loop.create_future()
        target = refer_target(order.uri, order.headers)
        status = await self._ask("REFER", (("Refer-To", f"<{target}>"),))
        if not 200 <= status < 300:
            return transfer_result(status)
        try:
            found = await asyncio.wait_for(asyncio.shield(self._outcome), order.ring_s)
        except TimeoutError:
            return TransferResult.NO_ANSWER
        result = TransferResult.FAILED if found is None else transfer_result(found)
        if result is TransferResult.ANSWERED and self.leg is not None and not self.leg.over:
            await self.leg.hang_up()
        return result

    def notified(self, message: Message) -> None:
        """Take a report on a transfer: a status line in a body (RFC 3515 2.4.5)."""
        match = re.match(r"SIP/2\.0 (\d{3})", message.body)
        if match and int(match.group(1)) >= 200 and self._outcome is not None and not self._outcome.done():
            self._outcome.set_result(int(match.group(1)))

    def responded(self, message: Message) -> bool:
        """Take the answer to a request of ours; return whether it was one."""
        future = self._waiting.get(message.branch)
        if future is None:
            return False
        if message.status >= 200 and not future.done():
            future.set_result(message.status)
        return True

    async def _ask(self, method: str, headers: tuple[tuple[str, str], ...] = ()) -> int:
        """Send a request within the dialog, repeated until answered (RFC 3261 17.1.2); 408 when nothing came."""
        self._sequence += 1
        branch = f"z9hG4bK{secrets.token_hex(8)}"
        invite = self._invite
        fields = [
            ("Via", f"SIP/2.0/UDP {self._wire.address}:{self._wire.port};branch={branch};rport"),
            *(("Route", route) for route in invite.all("Record-Route")),
            ("Max-Forwards", "70"),
            ("From", f"{invite.first('To')};tag={self.tag}"),
            ("To", invite.first("From")),
            ("Call-ID", invite.call_id),
            ("CSeq", f"{self._sequence} {method}"),
            self._wire.contact,
            *headers,
        ]
        data = request(method, self._target, fields)
        future: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._waiting[branch] = future
        wait_s, waited_s = T1_S, 0.0
        try:
            while waited_s < GIVE_UP_S:
                self._wire.send(data, self._source)
                try:
                    return await asyncio.wait_for(asyncio.shield(future), wait_s)
                except TimeoutError:
                    waited_s += wait_s
                    wait_s = min(2 * wait_s, T2_S)
            return 408
        finally:
            del self._waiting[branch]

    def _own(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def finish(self) -> None:
        """Let the last BYE be answered, a second at most, and end what still runs."""
        if self._tasks:
            await asyncio.wait(list(self._tasks), timeout=1.0)
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _close(self) -> None:
        if self._outcome is not None and not self._outcome.done():
            self._outcome.set_result(None)
        self._confirmed.set()
        if self.leg is not None:
            self.leg.close()


def _address(contact: str) -> str:
    """The URI of a Contact header, empty when there is none."""
    match = re.search(r"<\s*(sips?:[^>\s]+)\s*>|^\s*(sips?:[^;\s]+)", contact)
    return (match.group(1) or match.group(2)) if match else ""
