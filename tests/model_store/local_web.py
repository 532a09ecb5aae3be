"""A real web server on the loopback that can be told to misbehave, and packages for the registries' clients."""

import hashlib
import http.server
import io
import json
import re
import socket
import tarfile
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any


@dataclass
class Site:
    """What a local server gives, and how.

    ``cuts`` holds, for each of the next requests, after how many body bytes the connection is cut; ``statuses`` the
    statuses that the next requests are refused with; ``ranges`` False ignores Range headers, ``validators`` False
    sends no ETag.
    """

    address: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    cuts: list[int] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    ranges: bool = True
    validators: bool = True
    stall_after: int | None = None
    """After how many body bytes the next answer waits for ``go_on``, having set ``stalled``."""
    stalled: threading.Event = field(default_factory=threading.Event)
    go_on: threading.Event = field(default_factory=threading.Event)
    asked: list[tuple[str, str]] = field(default_factory=list)
    """Path and Range header of every request."""

    def url(self, path: str) -> str:
        return f"{self.address}{path}"

    def ranges_asked(self) -> list[str]:
        return [requested for _, requested in self.asked]


@contextmanager
def served(site: Site) -> Iterator[Site]:
    class Responder(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer(self, site)

        def log_message(self, *arguments: Any) -> None:
            return None

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Responder)
    site.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield site
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def answer(request: http.server.BaseHTTPRequestHandler, site: Site) -> None:
    path, requested = request.path, request.headers.get("Range", "")
    site.asked.append((path, requested))
    body = site.files.get(path)
    if site.statuses or body is None:
        request.send_error(site.statuses.pop(0) if site.statuses else 404)
        return
    tag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
    start = 0
    match = re.fullmatch(r"bytes=(\d+)-", requested)
    if match and site.ranges and request.headers.get("If-Range", tag) == tag:
        start = int(match[1])
    if start and start >= len(body):
        request.send_response(416)
        request.send_header("Content-Range", f"bytes */{len(body)}")
        request.send_header("Content-Length", "0")
        request.end_headers()
        return
    request.send_response(206 if start else 200)
    if start:
        request.send_header("Content-Range", f"bytes {start}-{len(body) - 1}/{len(body)}")
    if site.validators:
        request.send_header("ETag", tag)
    request.send_header("Content-Length", str(len(body) - start))
    request.end_headers()
    rest = body[start:]
    if site.stall_after is not None:
        first, rest, site.stall_after = rest[: site.stall_after], rest[site.stall_after :], None
        request.wfile.write(first)
        site.stalled.set()
        site.go_on.wait(120)
        request.close_connection = True
        return
    request.wfile.write(rest[: site.cuts.pop(0)] if site.cuts else rest)
    request.close_connection = True


@cache
def _silent() -> socket.socket:
    held = socket.socket()
    held.bind(("127.0.0.1", 0))
    return held


def unreachable_address() -> str:
    """Return the address of a port on which nothing listens: it is held, so that no other test comes to do so."""
    return f"http://127.0.0.1:{_silent().getsockname()[1]}"


def write_wheel(folder: Path, name: str, version: str, members: dict[str, bytes]) -> Path:
    """Write a wheel that pip accepts, holding ``members``."""
    module = name.replace("-", "_")
    info = f"{module}-{version}.dist-info"
    texts = {
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n".encode(),
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/RECORD": b"",
    }
    wheel = folder / f"{module}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as pack:
        for path, content in {**members, **texts}.items():
            pack.writestr(path, content)
    return wheel


def npm_tarball(name: str, version: str, members: dict[str, bytes]) -> bytes:
    """Return an npm package holding ``members`` (paths with their ``package/``)."""
    manifest = json.dumps({"name": name, "version": version}).encode()
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as pack:
        for path, content in {"package/package.json": manifest, **members}.items():
            entry = tarfile.TarInfo(path)
            entry.size = len(content)
            pack.addfile(entry, io.BytesIO(content))
    return packed.getvalue()


def publish_npm(site: Site, name: str, version: str, tarball: bytes) -> None:
    """Make ``site`` an npm registry that has this one package."""
    import base64

    integrity = "sha512-" + base64.b64encode(hashlib.sha512(tarball).digest()).decode()
    location = f"/{name}/-/{name}-{version}.tgz"
    entry = {"name": name, "version": version, "dist": {"tarball": site.url(location), "integrity": integrity}}
    document = {"name": name, "dist-tags": {"latest": version}, "versions": {version: entry}}
    site.files[f"/{name}"] = json.dumps(document).encode()
    site.files[location] = tarball
