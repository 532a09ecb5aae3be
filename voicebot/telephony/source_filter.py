"""Allowed sources, kept by the kernel: what comes from elsewhere is dropped before the SIP engine sees it.

The engine has no list of allowed addresses of its own, and a datagram it reads has already cost something (see the
guard against leaks). So a socket filter (classic BPF, ``SO_ATTACH_FILTER`` of socket(7), no privilege needed) is
attached to its listening sockets: it compares the source address of each packet and lets nothing else in, no answer
given. Connections accepted on a TCP socket inherit it.
"""

import ctypes
import ipaddress
import os
import socket
import struct
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TypeAlias

from voicebot.telephony.base import TelephonyError

Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network
Instruction: TypeAlias = tuple[int, int, int, int]

_SO_ATTACH_FILTER = 26
_LOAD_WORD = 0x20
_AND = 0x54
_JUMP_IF_EQUAL = 0x15
_RETURN = 0x06
_NETWORK_HEADER = 0x100000000 - 0x100000
"""SKF_NET_OFF: offsets from here are in the IP header, whatever the protocol of the socket (linux/filter.h)."""
_SOURCE_V4 = _NETWORK_HEADER + 12
_SOURCE_V6 = _NETWORK_HEADER + 8
_WHOLE_PACKET = 0xFFFFFFFF
_MOST_INSTRUCTIONS = 4096


def filter_program(networks: Iterable[Network], version: int) -> list[Instruction]:
    """Return the filter that lets in only sources within ``networks``, for a socket of IP ``version`` 4 or 6.

    Raises:
        TelephonyError: more networks than a filter can hold.
    """
    program: list[Instruction] = []
    for network in networks:
        if network.version == version:
            program += _let_in(network)
    program.append((_RETURN, 0, 0, 0))
    if len(program) > _MOST_INSTRUCTIONS:
        raise TelephonyError(f"sip.admission.sources: too many networks ({len(program)} filter instructions)")
    return program


def _let_in(network: Network) -> list[Instruction]:
    """Instructions that return the whole packet when its source is in ``network``, else go on after them."""
    words = len(network.network_address.packed) // 4
    start = _SOURCE_V4 if words == 1 else _SOURCE_V6
    wanted = struct.unpack(f">{words}I", network.network_address.packed)
    masks = struct.unpack(f">{words}I", network.netmask.packed)
    compared = [index for index in range(words) if masks[index]]
    steps: list[Instruction] = []
    for position, index in enumerate(compared):
        remaining = len(compared) - position - 1
        # a mismatch skips the comparisons that remain (three instructions each) and the return
        steps += [
            (_LOAD_WORD, 0, 0, start + 4 * index),
            (_AND, 0, 0, masks[index]),
            (_JUMP_IF_EQUAL, 0, 3 * remaining + 1, wanted[index]),
        ]
    return [*steps, (_RETURN, 0, 0, _WHOLE_PACKET)]


def attach(sock: socket.socket, networks: Iterable[Network]) -> None:
    """Let only ``networks`` reach ``sock``, from now on.

    Raises:
        TelephonyError: the system refuses the filter.
    """
    program = filter_program(networks, 6 if sock.family == socket.AF_INET6 else 4)
    code = b"".join(struct.pack("HBBI", *instruction) for instruction in program)
    kept = ctypes.create_string_buffer(code)
    header = struct.pack("HL", len(program), ctypes.addressof(kept))
    try:
        sock.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, header)
    except OSError as error:
        raise TelephonyError(f"the system refuses to filter sources ({error}); leave sip.admission.sources") from error


def restrict_ports(ports: Sequence[int], networks: Sequence[Network]) -> int:
    """Filter every socket of this process bound to one of ``ports`` over UDP or listening there over TCP.

    Returns:
        How many sockets are now filtered.

    Raises:
        TelephonyError: none was found, so that the line would be open to all.
    """
    filtered = 0
    for sock in _sockets_of_this_process():
        with sock:
            if _serves(sock, ports):
                attach(sock, networks)
                filtered += 1
    if not filtered:
        raise TelephonyError(f"no socket found on ports {list(ports)} to restrict to sip.admission.sources")
    return filtered


def _serves(sock: socket.socket, ports: Sequence[int]) -> bool:
    if sock.family not in (socket.AF_INET, socket.AF_INET6):
        return False
    try:
        if sock.getsockname()[1] not in ports:
            return False
        listens = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
    except OSError:
        return False
    return sock.type == socket.SOCK_DGRAM or bool(listens)


def _sockets_of_this_process() -> Iterable[socket.socket]:
    for entry in Path("/proc/self/fd").iterdir():
        try:
            if not os.readlink(entry).startswith("socket:"):
                continue
            yield socket.socket(fileno=os.dup(int(entry.name)))
        except OSError:
            continue
