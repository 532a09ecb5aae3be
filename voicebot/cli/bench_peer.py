"""``voicebot bench turn --peer``: the same questions asked to another voice assistant, in turn with ours."""

import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.table import Table

from voicebot.cli.failures import WorkFailed, WrongUsage

if TYPE_CHECKING:
    from voicebot.bench.peer import Peer
    from voicebot.bench.turn import Plan
    from voicebot.config import Settings

Asking = tuple[str, Path | None]
"""The name of the peer, empty for none, and its interpreter."""
NOBODY: Asking = ("", None)


def plan_beside(peer: str, plan: "Plan") -> "Plan":
    """Return ``plan`` as it is when each question is asked to the peer too: the pause between ours is its turn.

    Raises:
        WrongUsage: there is no such peer, or several callers are asked for.
    """
    from voicebot.bench.peer import PEERS
    from voicebot.bench.turn import Plan

    if peer not in PEERS:
        raise WrongUsage(f"--peer {peer!r}: there is {', '.join(PEERS)}")
    if plan.calls > 1 or plan.together:
        raise WrongUsage("--peer asks one caller's questions in turn with ours: leave out --calls and --together")
    return Plan(every_s=0.0, seed=plan.seed)


@asynccontextmanager
async def peer_beside(settings: "Settings", asking: Asking) -> "AsyncIterator[Peer | None]":
    """Open the peer that is asked for; to be done before our own models set the environment of this process.

    Raises:
        WorkFailed: it is not installed, or cannot be asked.
    """
    from voicebot.bench.peer import PeerError, peer, what_it_loads

    name, python = asking
    if not name:
        yield None
        return
    try:
        async with peer(name, python or Path(sys.executable), what_it_loads(settings)) as ready:
            yield ready
    except PeerError as error:
        raise WorkFailed(str(error)) from error


def peer_table(report: Mapping[str, Any]) -> Table:
    """Return both sides and the ratio, ours divided by the peer's, as a table."""
    theirs = report["peer"]
    ours = {**report, "name": "voicebot"}
    table = Table(theirs["recognition"], "voicebot", theirs["name"], title=f"the same questions, {theirs['voice']}")
    for cut in ("p50", "p90", "p95", "max"):
        table.add_row(f"answer delay {cut}, ms", *(str(one["answer_delay_ms"].get(cut, "")) for one in (ours, theirs)))
    for key in ("unanswered", "cut_off_early", "cpu_s_per_turn", "peak_memory_mb"):
        table.add_row(key, str(ours[key]), str(theirs[key]))
    for name, ratio in (("ratio", theirs["ratio"]), ("ratio, not rendered", theirs["ratio_unrendered"])):
        table.add_row(f"{name} of p50", str(ratio["p50"]), f"at most {theirs['asked_ratio_p50']} asked")
    return table
