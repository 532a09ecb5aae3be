"""The filter is tried on real sockets: loopback has sixteen million addresses to send from."""

import ipaddress
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicebot.telephony.base import TelephonyError
from voicebot.telephony.source_filter import Network, attach, filter_program, restrict_ports


def networks(*texts: str) -> list[Network]:
    return [ipaddress.ip_network(text) for text in texts]


def received_from(receiver: socket.socket, *senders: str) -> list[str]:
    """Send one datagram from each address, then say from which something came."""
    for sender in senders:
        with socket.socket(receiver.family, socket.SOCK_DGRAM) as sock:
            sock.bind((sender, 0))
            sock.sendto(sender.encode(), receiver.getsockname())
    receiver.setblocking(False)
    came = []
    while True:
        try:
            came.append(receiver.recvfrom(100)[0].decode())
        except BlockingIOError:
            return came


def test_only_allowed_sources_reach_a_udp_socket() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind(("127.0.0.1", 0))
        attach(receiver, networks("127.0.0.2/32", "127.3.0.0/16"))
        came = received_from(receiver, "127.0.0.1", "127.0.0.2", "127.0.0.3", "127.3.4.5", "127.4.0.1")
        assert came == ["127.0.0.2", "127.3.4.5"]


def test_an_address_of_the_other_family_opens_nothing() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind(("127.0.0.1", 0))
        attach(receiver, networks("::1/128"))
        assert received_from(receiver, "127.0.0.1") == []


def test_allowed_sources_of_ip_version_6_are_compared_whole() -> None:
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as receiver:
        try:
            receiver.bind(("::1", 0))
        except OSError:
            pytest.skip("this machine has no IPv6 loopback")
        attach(receiver, networks("2001:db8::/32", "::1/128"))
        assert received_from(receiver, "::1") == ["::1"]
        attach(receiver, networks("::2/128"))
        assert received_from(receiver, "::1") == []


def test_a_tcp_connection_from_elsewhere_gets_no_answer() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        assert restrict_ports([listener.getsockname()[1]], networks("127.0.0.2/32")) == 1
        with socket.socket() as allowed:
            allowed.bind(("127.0.0.2", 0))
            allowed.settimeout(2)
            allowed.connect(listener.getsockname())
        with socket.socket() as stranger:
            stranger.bind(("127.0.0.3", 0))
            stranger.settimeout(0.2)
            with pytest.raises(TimeoutError):
                stranger.connect(listener.getsockname())


def test_restricting_a_port_nobody_serves_is_an_error() -> None:
    with pytest.raises(TelephonyError, match="no socket found"):
        restrict_ports([1], networks("127.0.0.1/32"))


def runs(program: list[tuple[int, int, int, int]], packet: bytes) -> bool:
    """Interpret a filter the way the kernel does, on an IPv4 header."""
    at = accumulator = 0
    while True:
        code, on_true, on_false, value = program[at]
        at += 1
        if code == 0x20:
            offset = value - (0x100000000 - 0x100000)
            accumulator = int.from_bytes(packet[offset : offset + 4], "big")
        elif code == 0x54:
            accumulator &= value
        elif code == 0x15:
            at += on_true if accumulator == value else on_false
        else:
            return value != 0


@given(
    st.lists(st.tuples(st.ip_addresses(v=6), st.integers(0, 128)), max_size=6),
    st.ip_addresses(v=6),
)
def test_the_filter_agrees_with_the_networks_it_was_made_of(
    given_networks: list[tuple[ipaddress.IPv6Address, int]], source: ipaddress.IPv6Address
) -> None:
    allowed = [ipaddress.ip_network((address, prefix), strict=False) for address, prefix in given_networks]
    header = bytes(8) + source.packed + bytes(16)
    assert runs(filter_program(allowed, 6), header) is any(source in network for network in allowed)
