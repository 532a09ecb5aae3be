"""Files from the web, resumed where they stopped.

A download is written to ``NAME.part`` beside its destination, with the server's validator (ETag or Last-Modified) in
``NAME.part.json``; the next attempt, in this run or another, asks for what is missing with ``Range`` and ``If-Range``
(RFC 9110, sections 14.2 and 13.1.5), so that a file that changed on the server starts again. The destination appears
only whole, by a rename.
"""

import hashlib
import http.client
import json
import os
import re
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from email.message import Message
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from voicebot.model_store.errors import ChecksumMismatch, FetchFailed, Offline, told_when_full
from voicebot.model_store.progress import Progress

CHUNK_BYTES = 1 << 18
ATTEMPTS_WITHOUT_PROGRESS = 4
FIRST_WAIT_S = 1.0
TIMEOUT_S = 30.0
USER_AGENT = "voicebot-models/1"
RETRIED_STATUSES = frozenset({408, 425, 429, 500, 502, 503, 504})


class _Response(Protocol):
    @property
    def status(self) -> int: ...

    @property
    def headers(self) -> Message: ...

    def read(self, amount: int, /) -> bytes: ...

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class WebFile:
    """A file to be had: its address, and its size in bytes and SHA-256 where they are known."""

    url: str
    size: int | None = None
    sha256: str | None = None

    @property
    def host(self) -> str:
        """The server's name, for messages."""
        return urlsplit(self.url).hostname or self.url


class _Cut(Exception):
    """The connection failed or ended before the file was whole; another attempt may go on."""


class _NoServer(_Cut):
    """There is nobody to ask: no network, no such name, nothing listening."""


class Downloader:
    """Fetches web files; ``sleep`` waits between attempts (seconds), so that tests need not."""

    def __init__(self, progress: Progress, sleep: Callable[[float], None] = time.sleep) -> None:
        self._progress = progress
        self._sleep = sleep

    def fetch(self, file: WebFile, destination: Path) -> Path:
        """Return ``destination``, downloaded unless it is there already.

        Raises:
            Offline: the server cannot be reached.
            FetchFailed: the server refuses, or keeps cutting the connection.
            ChecksumMismatch: the file is whole and is not the one described; it is removed.
            DiskFull: there is no room left; what was received is kept.
        """
        if destination.exists():
            return destination
        part = destination.with_name(destination.name + ".part")
        with told_when_full(part):
            part.parent.mkdir(parents=True, exist_ok=True)
            self._progress.stage(f"{destination.name} from {file.host}", file.size)
            self._until_whole(file, part)
            self._check(file, part)
            os.replace(part, destination)
            _validator_path(part).unlink(missing_ok=True)
        return destination

    def _until_whole(self, file: WebFile, part: Path) -> None:
        attempts_left, wait_s, received = ATTEMPTS_WITHOUT_PROGRESS, FIRST_WAIT_S, False
        while True:
            had = _size(part)
            try:
                self._receive(file, part)
                return
            except _Cut as cut:
                if _size(part) > had:
                    attempts_left, wait_s, received = ATTEMPTS_WITHOUT_PROGRESS, FIRST_WAIT_S, True
                attempts_left -= 1
                # A machine without a network is told at once; one that loses it half-way is given time to find it.
                if not attempts_left or (isinstance(cut, _NoServer) and not received):
                    raise self._given_up(file, part, cut) from cut
            self._sleep(wait_s)
            wait_s *= 2

    def _given_up(self, file: WebFile, part: Path, cut: _Cut) -> FetchFailed:
        kept = "; what was received is kept" if _size(part) else ""
        if isinstance(cut, _NoServer) or not kept:
            return Offline(f"{file.host} cannot be reached ({cut}){kept}")
        return FetchFailed(f"{file.host} keeps cutting the connection ({cut}){kept}")

    def _receive(self, file: WebFile, part: Path) -> None:
        """Make one request and append what it gives to ``part``."""
        if file.size is not None and _size(part) > file.size:
            _forget(part)
        have = _size(part)
        if file.size is not None and have == file.size:
            return
        headers = {"User-Agent": USER_AGENT, "Accept-Encoding": "identity"}
        validator = _read_validator(part)
        if have and (validator or file.sha256):  # a checksum tells a file that changed as well as a validator
            headers |= {"Range": f"bytes={have}-"} | ({"If-Range": validator} if validator else {})
        response = self._open(urllib.request.Request(file.url, headers=headers), file)  # noqa: S310 - http(s) only: the manifest is checked
        try:
            if response.status == http.client.REQUESTED_RANGE_NOT_SATISFIABLE:
                if response.headers.get("Content-Range") == f"bytes */{have}":
                    return
                _forget(part)
                raise _Cut("the server no longer has the rest of the file")
            resumed = response.status == http.client.PARTIAL_CONTENT
            if resumed and _range_start(response.headers) != have:
                _forget(part)
                raise _Cut("the server sent another range than the one asked for")
            start = have if resumed else 0
            if not resumed:
                _write_validator(part, response.headers)
            self._append(response, part, start, _total(response.headers, start) or file.size)
        finally:
            response.close()

    def _append(self, response: _Response, part: Path, start: int, total: int | None) -> None:
        done = start
        self._progress.at(done, total)
        with part.open("ab" if start else "wb") as out:
            while True:
                try:
                    chunk = response.read(CHUNK_BYTES)
                except (http.client.HTTPException, OSError) as error:
                    out.flush()
                    raise _Cut(str(error) or type(error).__name__) from error
                if not chunk:
                    break
                out.write(chunk)
                done += len(chunk)
                self._progress.at(done, total)
        if total is not None and done < total:
            raise _Cut(f"{done} of {total} bytes came")

    def _open(self, request: urllib.request.Request, file: WebFile) -> _Response:
        try:
            response: _Response = urllib.request.urlopen(request, timeout=TIMEOUT_S)  # noqa: S310 - see above
        except urllib.error.HTTPError as error:
            if error.code == http.client.REQUESTED_RANGE_NOT_SATISFIABLE:
                return _Refusal(error)
            error.close()
            if error.code in RETRIED_STATUSES:
                raise _Cut(f"status {error.code}") from error
            raise FetchFailed(f"{file.url} was refused (status {error.code} {error.reason})") from error
        except (urllib.error.URLError, http.client.HTTPException, OSError) as error:
            reason = getattr(error, "reason", "") or error
            kind = _NoServer if isinstance(reason, ConnectionRefusedError | socket.gaierror) else _Cut
            raise kind(str(reason) or type(error).__name__) from error
        return response

    def _check(self, file: WebFile, part: Path) -> None:
        """Compare the received file with its description and remove it when it is another."""
        wrong = ""
        if file.size is not None and (size := _size(part)) != file.size:
            wrong = f"has {size} bytes instead of {file.size}"
        elif file.sha256 is not None and (sha256 := sha256_of(part)) != file.sha256:
            wrong = f"has the SHA-256 {sha256} instead of {file.sha256}"
        if wrong:
            _forget(part)
            raise ChecksumMismatch(f"{file.url} {wrong}: it was removed")


class _Refusal:
    """A 416 answer, which urllib raises as an error, in the form of a response."""

    def __init__(self, error: urllib.error.HTTPError) -> None:
        self.status = error.code
        self.headers = error.headers
        self.close = error.close

    def read(self, amount: int, /) -> bytes:
        """Return nothing: the body of a refusal is not the file."""
        return b""


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of the file at ``path``, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def cache_name(url: str) -> str:
    """Return the name under which the file at ``url`` is cached: readable, and different for different addresses."""
    readable = re.sub(r"[^A-Za-z0-9._-]", "_", urlsplit(url).path.rpartition("/")[2])[-80:]
    return f"{hashlib.sha256(url.encode()).hexdigest()[:12]}-{readable}"


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _validator_path(part: Path) -> Path:
    return part.with_name(part.name + ".json")


def _read_validator(part: Path) -> str:
    try:
        validator = json.loads(_validator_path(part).read_text(encoding="utf-8"))["validator"]
    except (OSError, ValueError, KeyError, TypeError):
        return ""
    return validator if isinstance(validator, str) else ""


def _write_validator(part: Path, headers: Message) -> None:
    etag = headers.get("ETag", "")
    validator = etag if etag and not etag.startswith("W/") else headers.get("Last-Modified", "")
    _validator_path(part).write_text(json.dumps({"validator": validator}), encoding="utf-8")


def _forget(part: Path) -> None:
    part.unlink(missing_ok=True)
    _validator_path(part).unlink(missing_ok=True)


def _range_start(headers: Message) -> int | None:
    match = re.fullmatch(r"bytes (\d+)-\d+/(?:\d+|\*)", headers.get("Content-Range", ""))
    return int(match[1]) if match else None


def _total(headers: Message, start: int) -> int | None:
    length = headers.get("Content-Length", "")
    return start + int(length) if length.isdigit() else None
