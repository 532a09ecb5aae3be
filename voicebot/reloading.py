"""The profiles in force, replaced while calls go on.

A ``Shelf`` holds one version of each profile. An edit is read and checked as a whole, what it changes for understanding
is learnt in another process (so that live calls keep the interpreter), then the new version takes the place of the old
one between two calls: conversations keep the profile they began with. A bad edit is refused with its mistakes, and the
previous version stays. All methods belong to the event loop; the work is done in threads.
"""

import asyncio
import contextlib
import hashlib
import logging
import multiprocessing
import os
import signal
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from pathlib import Path

from voicebot.profile import Profile, ProfileError, check_profile, profile_folders

log = logging.getLogger(__name__)

WATCH_EVERY_S = 2.0
_CONTENT = {".toml", ".csv"}
_NICE = 10


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a profile in force: its ``number`` from 1, and the mistakes of the last edit if it was refused."""

    profile: Profile
    number: int = 1
    refused: tuple[str, ...] = ()


async def _nothing_to_prepare(name: str) -> None:
    """Leave everything to the loading."""


class Shelf:
    """The profiles in force, by name.

    Args:
        profiles_dir: the folder of the profiles.
        load: builds a profile from its folder; raises ``ProfileError``.
        prepare: what is awaited between the check and the loading: learning in another process.
    """

    def __init__(
        self,
        profiles_dir: Path,
        load: Callable[[str], Profile],
        prepare: Callable[[str], Awaitable[None]] = _nothing_to_prepare,
    ) -> None:
        self._dir = profiles_dir
        self._load = load
        self._prepare = prepare
        self._versions: dict[str, Version] = {}
        self._read: dict[str, str] = {}
        self._editing: dict[str, str] = {}
        self._changed: list[Callable[[Profile], None]] = []
        self._lock = asyncio.Lock()
        self._hint = asyncio.Event()

    @property
    def versions(self) -> dict[str, Version]:
        """The versions in force, by name of profile."""
        return dict(self._versions)

    def profile(self, name: str) -> Profile:
        """Return the version of ``name`` in force, loaded on first use.

        Raises:
            ProfileError: it is missing or has mistakes.
        """
        if name not in self._versions:
            before = self._fingerprint(name)
            self._versions[name] = Version(self._load(name))
            self._read[name] = before
        return self._versions[name].profile

    def on_change(self, call: Callable[[Profile], None]) -> None:
        """Have ``call`` told of every new version put in force."""
        self._changed.append(call)

    async def reload(self, name: str) -> tuple[str, ...]:
        """Read ``name`` again; put the new version in force and return ``()``, or return its mistakes and keep the old.

        Raises:
            ProfileError: the profile was never in force and cannot be.
        """
        async with self._lock:
            if name not in self._versions:
                await asyncio.to_thread(self.profile, name)
                return ()
            before = await asyncio.to_thread(self._fingerprint, name)
            self._read[name] = before
            try:
                await asyncio.to_thread(check_profile, name, self._dir)
                await self._prepare(name)
                fresh = await asyncio.to_thread(self._load, name)
            except ProfileError as error:
                return self._refuse(name, error.mistakes)
            except OSError as error:
                return self._refuse(name, (str(error),))
            version = Version(fresh, self._versions[name].number + 1)
            self._versions[name] = version
            log.info("profile %s: version %d in force", name, version.number)
            for call in self._changed:
                call(fresh)
            return ()

    async def look(self, settled: bool = False) -> None:
        """Reload the profiles whose files changed and stopped changing since the last look.

        ``settled`` takes every change at once, without waiting for the editor to finish.
        """
        for name in tuple(self._versions):
            found = await asyncio.to_thread(self._fingerprint, name)
            if found == self._read[name]:
                self._editing.pop(name, None)
            elif settled or self._editing.get(name) == found:
                self._editing.pop(name, None)
                await self.reload(name)
            else:
                self._editing[name] = found

    def hint(self) -> None:
        """Have ``watch`` look at once (SIGHUP)."""
        self._hint.set()

    async def watch(self, every_s: float = WATCH_EVERY_S) -> None:
        """Look every ``every_s`` seconds, or at a hint, until cancelled."""
        while True:
            hinted = False
            with contextlib.suppress(TimeoutError):
                hinted = await asyncio.wait_for(self._hint.wait(), every_s)
            self._hint.clear()
            try:
                await self.look(settled=hinted)
            except Exception:
                log.exception("the profiles could not be looked at; the versions in force stay")

    def _refuse(self, name: str, mistakes: tuple[str, ...]) -> tuple[str, ...]:
        self._versions[name] = replace(self._versions[name], refused=mistakes)
        for mistake in mistakes:
            log.error("profile %s: edit refused, the previous version stays: %s", name, mistake)
        return mistakes

    def _fingerprint(self, name: str) -> str:
        """Return the hash of all content of the profile and of what it extends; a folder that is gone has its own."""
        digest = hashlib.sha256()
        try:
            for folder in profile_folders(name, self._dir):
                for path in sorted(path for path in folder.rglob("*") if path.suffix in _CONTENT):
                    digest.update(f"\0{path.relative_to(self._dir)}\0".encode())
                    digest.update(path.read_bytes())
        except (ProfileError, OSError) as error:
            digest.update(str(error).encode())
        return digest.hexdigest()


async def run_apart(work: Callable[..., object], *arguments: object) -> None:
    """Run ``work`` in a process of its own, at low priority, and wait for it; its failure is only logged.

    For work whose result is kept on disk and which would hold the interpreter for seconds.
    """
    process = multiprocessing.get_context("spawn").Process(target=_apart, args=(work, *arguments), daemon=True)
    await asyncio.to_thread(process.start)
    try:
        await asyncio.to_thread(process.join)
    finally:
        if process.is_alive():
            process.kill()
    if process.exitcode:
        log.warning("learning apart ended with status %s; it will be done in this process", process.exitcode)


def _apart(work: Callable[..., object], *arguments: object) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.nice(_NICE)
    work(*arguments)
