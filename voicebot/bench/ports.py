"""Ports for a program that must be told which one to open: nobody else takes them between the choice and the opening.

A port that the kernel gave (``bind`` to port 0) and that was closed again may be given to anyone, above all where tests
and calls open hundreds. These lie below the range that the kernel gives from (ip(7), ``ip_local_port_range``) and what
lines use for sound (``rtp_ports``), in blocks that each process claims by an abstract socket (unix(7)), which it holds
as long as it lives.
"""

import itertools
import os
import socket
from functools import cache

HOST = "127.0.0.1"
_FIRST, _LAST = 10_240, 16_383
_BLOCK = 128


def free_port() -> int:
    """Return an even port that is free for UDP and TCP on loopback, its successor too (RTCP, TLS).

    Raises:
        OSError: every port that this process may take is in use.
    """
    ports = _ports(os.getpid())
    for port in itertools.islice(ports, _BLOCK // 2):
        if _is_free(port) and _is_free(port + 1):
            return port
    raise OSError(f"no port is free: all {_BLOCK} of this process are in use")


@cache
def _ports(process: int) -> "itertools.cycle[int]":
    """The even ports of this process, round and round: one that was used is given again as late as possible."""
    blocks = (_LAST + 1 - _FIRST) // _BLOCK
    for number in range(blocks):
        block = (process + number) % blocks
        if _claimed(block):
            first = _FIRST + block * _BLOCK
            return itertools.cycle(range(first, first + _BLOCK, 2))
    raise OSError(f"no ports are left: {blocks} processes have claimed theirs")


def _claimed(block: int) -> bool:
    claim = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    try:
        claim.bind(f"\0voicebot-ports-{block}")
    except OSError:
        claim.close()
        return False
    claim.detach()  # held until the process ends
    return True


def _is_free(port: int) -> bool:
    for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
        with socket.socket(socket.AF_INET, kind) as probe:
            if kind == socket.SOCK_STREAM:  # connections that are closing do not count
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except OSError:
                return False
    return True
