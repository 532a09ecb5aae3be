"""Fixtures of the model store's tests: a local web server, a recorder of progress, a store in a new folder."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.model_store.local_web import Site, served
from voicebot.model_store.install import Installer
from voicebot.model_store.manifest import parse_manifest
from voicebot.model_store.store import ModelStore


@dataclass
class Told:
    """A progress that remembers what it was told."""

    stages: list[tuple[str, int | None]] = field(default_factory=list)
    points: list[int] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def stage(self, what: str, total_bytes: int | None) -> None:
        self.stages.append((what, total_bytes))

    def at(self, done_bytes: int, total_bytes: int | None = None) -> None:
        self.points.append(done_bytes)

    def note(self, text: str) -> None:
        self.notes.append(text)


def never_waits(seconds: float) -> None:
    """Stand in for ``time.sleep`` between two attempts."""


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def entry(model_id: str = "voice", **changes: Any) -> dict[str, Any]:
    """Return a manifest entry; ``changes`` gives at least files and sources."""
    base = {"id": model_id, "title": "T", "engine": "piper", "language": "fr", "licence": "MIT", "purpose": "optional"}
    return {**base, **changes}


@pytest.fixture
def site() -> Iterator[Site]:
    with served(Site()) as running:
        yield running


@pytest.fixture
def told() -> Told:
    return Told()


StoreOf = Callable[..., ModelStore]


@pytest.fixture
def store_of(tmp_path: Path) -> StoreOf:
    """Make a store of the given manifest entries, with its folders below ``tmp_path``."""

    def make(*entries: dict[str, Any]) -> ModelStore:
        manifest = parse_manifest({"model": list(entries)}, tmp_path / "models" / "manifest.toml")
        return ModelStore(manifest, tmp_path / "models", tmp_path / "cache")

    return make


def installer(store: ModelStore, told: Told) -> Installer:
    return Installer(store, told, sleep=never_waits)
