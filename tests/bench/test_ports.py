"""Ports that are named before they are opened, by several processes at the same time."""

import contextlib
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from voicebot.bench.ports import HOST, free_port

_ASK = "from voicebot.bench.ports import free_port; print(*[free_port() for _ in range(20)], flush=True); input()"
_KERNEL_GIVES = Path("/proc/sys/net/ipv4/ip_local_port_range")


def test_a_port_asked_for_is_not_given_again_soon() -> None:
    ports = [free_port() for _ in range(20)]
    assert len(set(ports)) == 20
    assert all(port % 2 == 0 for port in ports)


def test_processes_that_live_at_the_same_time_are_given_ports_of_their_own() -> None:
    asking = [
        subprocess.Popen([sys.executable, "-c", _ASK], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    given = [process.stdout.readline().split() for process in asking if process.stdout is not None]
    for process in asking:
        process.communicate("\n")
    ports = [int(port) for ports in given for port in ports] + [free_port() for _ in range(20)]
    assert len(set(ports)) == 80


def test_the_kernel_gives_such_a_port_to_nobody() -> None:
    if not _KERNEL_GIVES.exists():
        pytest.skip("Linux tells it")
    assert free_port() < int(_KERNEL_GIVES.read_text().split()[0])


@pytest.mark.parametrize("kind", [socket.SOCK_DGRAM, socket.SOCK_STREAM])
@pytest.mark.parametrize("which", [0, 1])
def test_a_port_in_use_or_whose_successor_is_in_use_is_passed_over(kind: socket.SocketKind, which: int) -> None:
    next_port = free_port() + 2
    with socket.socket(socket.AF_INET, kind) as taken:
        with contextlib.suppress(OSError):  # it is in use already
            taken.bind((HOST, next_port + which))
        assert free_port() != next_port
