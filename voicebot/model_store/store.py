"""The installed models: where they are, whether they are whole, and what was recorded about them."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from voicebot.model_store.download import sha256_of
from voicebot.model_store.errors import ModelMissing, told_when_full
from voicebot.model_store.manifest import Manifest, Model, ModelFile, load_manifest, safe_path
from voicebot.model_store.progress import Progress, Silent

RECORD = ".installed.json"


class State(StrEnum):
    """What is known of a model without reading its files through."""

    INSTALLED = "installed"
    UNVERIFIED = "unverified"
    """It is there, brought by hand, and nothing tells what it should be until ``verify`` records it."""
    DAMAGED = "damaged"
    MISSING = "missing"

    @property
    def usable(self) -> bool:
        """Whether an engine may load the model."""
        return self in (State.INSTALLED, State.UNVERIFIED)


@dataclass(frozen=True, slots=True)
class Record:
    """What ``.installed.json`` keeps: the files as they were first installed or verified, and their source."""

    files: tuple[ModelFile, ...]
    source: str


@dataclass(frozen=True, slots=True)
class ModelStatus:
    """A model's state, the files it must have as far as that is known, its size on disk in bytes, and what is wrong."""

    model: Model
    state: State
    folder: Path
    files: tuple[ModelFile, ...]
    size: int
    source: str
    problem: str = ""


class ModelStore:
    """The models of ``manifest`` under ``models_dir``, a folder each; ``cache_dir`` keeps downloads between runs."""

    def __init__(self, manifest: Manifest, models_dir: Path, cache_dir: Path) -> None:
        self.manifest = manifest
        self.models_dir = models_dir
        self.cache_dir = cache_dir

    def folder(self, model_id: str) -> Path:
        """Return where the model is, or would be.

        Raises:
            UnknownModel: the manifest has no such model.
        """
        return self.models_dir / self.manifest.model(model_id).id

    def status(self, model_id: str) -> ModelStatus:
        """Return the model's state, judged by the names and sizes of its files.

        Raises:
            UnknownModel: the manifest has no such model.
        """
        model = self.manifest.model(model_id)
        folder = self.models_dir / model.id
        record = read_record(folder)
        files = expected_files(model, record)
        present = _present_files(folder)
        state, problem = _judge(files, present)
        size = sum(present.values())
        return ModelStatus(model, state, folder, files, size, record.source if record else "", problem)

    def path(self, model_id: str) -> Path:
        """Return the folder of an installed model, for an engine to load.

        Raises:
            UnknownModel: the manifest has no such model.
            ModelMissing: it is not installed or not whole; the message gives the command to run.
        """
        status = self.status(model_id)
        if not status.state.usable:
            what = "not installed" if status.state is State.MISSING else f"damaged ({status.problem})"
            raise ModelMissing(f"the model {model_id} is {what}: run `voicebot models install {model_id}`")
        return status.folder

    def verify(self, model_id: str, progress: Progress | None = None) -> ModelStatus:
        """Read every file of the model through and compare it with its SHA-256.

        What neither the manifest nor an earlier installation tells is recorded now, and compared from then on.

        Raises:
            UnknownModel: the manifest has no such model.
        """
        progress = progress or Silent()
        status = self.status(model_id)
        if not status.state.usable:
            return status
        present = _present_files(status.folder)
        expected = {file.path: file for file in status.files} or {path: ModelFile(path) for path in present}
        progress.stage(f"verifying {model_id}", sum(present[path] for path in expected))
        files, wrong, done = [], [], 0
        for path, file in expected.items():
            sha256 = sha256_of(status.folder / path)
            done += present[path]
            progress.at(done)
            files.append(ModelFile(path, present[path], sha256))
            if file.sha256 is not None and file.sha256 != sha256:
                wrong.append(f"{path} has another SHA-256 ({sha256[:12]}...)")
        if wrong:
            return ModelStatus(
                status.model, State.DAMAGED, status.folder, status.files, status.size, status.source, ", ".join(wrong)
            )
        write_record(status.folder, Record(tuple(files), status.source or "brought by hand"))
        return self.status(model_id)


def expected_files(model: Model, record: Record | None) -> tuple[ModelFile, ...]:
    """Return what the manifest says of the model's files, completed by what was recorded at the first installation."""
    if record is None:
        return model.files
    if not model.files:
        return record.files
    known = {file.path: file for file in record.files}
    return tuple(
        ModelFile(
            file.path,
            file.size or (known[file.path].size if file.path in known else None),
            file.sha256 or (known[file.path].sha256 if file.path in known else None),
        )
        for file in model.files
    )


def read_record(folder: Path) -> Record | None:
    """Return what was recorded in ``folder``, or None when there is nothing, or nothing that can be read."""
    try:
        document = json.loads((folder / RECORD).read_text(encoding="utf-8"))
        files = tuple(ModelFile(entry["path"], entry["size"], entry["sha256"]) for entry in document["files"])
        source = str(document["source"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return Record(files, source) if all(safe_path(file.path) for file in files) else None


def write_record(folder: Path, record: Record) -> None:
    """Write ``record`` into ``folder``, whole or not at all."""
    files: list[Mapping[str, Any]] = [
        {"path": file.path, "size": file.size, "sha256": file.sha256} for file in record.files
    ]
    target = folder / RECORD
    fresh = target.with_suffix(".new")
    with told_when_full(target):
        fresh.write_text(json.dumps({"source": record.source, "files": files}, indent=1) + "\n", encoding="utf-8")
        os.replace(fresh, target)


def open_store(
    models_dir: Path, cache_dir: Path | None = None, environment: Mapping[str, str] = os.environ
) -> ModelStore:
    """Return the store of ``models_dir``, which holds ``manifest.toml``; the cache is the user's unless given.

    Raises:
        ManifestError: the manifest cannot be used.
    """
    manifest = load_manifest(models_dir / "manifest.toml")
    return ModelStore(manifest, models_dir, cache_dir or default_cache_dir(environment))


def default_cache_dir(environment: Mapping[str, str]) -> Path:
    """Return VOICEBOT_CACHE, or else ``voicebot`` in the user's cache folder (XDG Base Directory Specification)."""
    if own := environment.get("VOICEBOT_CACHE"):
        return Path(own).expanduser().absolute()
    users = environment.get("XDG_CACHE_HOME", "")
    return (Path(users) if Path(users).is_absolute() else Path.home() / ".cache") / "voicebot"


def _present_files(folder: Path) -> dict[str, int]:
    """Return the sizes of the files below ``folder``, hidden ones aside, by relative path."""
    return {
        path.relative_to(folder).as_posix(): path.stat().st_size
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.name.startswith(".")
    }


def _judge(files: tuple[ModelFile, ...], present: Mapping[str, int]) -> tuple[State, str]:
    if not present:
        return State.MISSING, ""
    for file in files:
        if file.path not in present:
            return State.DAMAGED, f"{file.path} is missing"
        if file.size is not None and present[file.path] != file.size:
            return State.DAMAGED, f"{file.path} has {present[file.path]} bytes instead of {file.size}"
    known = bool(files) and all(file.sha256 for file in files)
    return (State.INSTALLED if known else State.UNVERIFIED), ""
