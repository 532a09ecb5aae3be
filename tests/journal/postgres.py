"""A private PostgreSQL server for the tests: its own cluster in a temporary folder, reached by a Unix socket."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

_OWNER = "postgres"
_OPTIONS = "-c fsync=off -c full_page_writes=off -c shared_buffers=16MB -c max_connections=40 -c listen_addresses="


class NoServer(RuntimeError):
    """PostgreSQL's programs are not installed."""


def programs() -> Path:
    """Return the folder of initdb and pg_ctl, the newest version installed."""
    found = [Path(path).parent for path in [shutil.which("initdb")] if path]
    found += sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name), reverse=True)
    for folder in found:
        real = (folder / "initdb").resolve().parent
        if (real / "pg_ctl").exists():
            return real
    raise NoServer("PostgreSQL is not installed: run scripts/system-packages test, or make test, which does")


class Cluster:
    """One server. ``stop`` and ``start`` make an outage."""

    def __init__(self) -> None:
        self._programs = programs()
        self.folder = Path(tempfile.mkdtemp(prefix="voicebot-pg-"))
        self._data = self.folder / "data"
        if os.geteuid() == 0:  # PostgreSQL refuses to run as root
            shutil.chown(self.folder, _OWNER, _OWNER)
        self._run("initdb", "-D", str(self._data), "-U", _OWNER, "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
        self.start()

    def start(self) -> None:
        """Start it and wait until it answers."""
        options = f"{_OPTIONS} -k {self.folder}"
        log = str(self.folder / "log")
        self._run("pg_ctl", "-D", str(self._data), "-l", log, "-o", options, "-w", "-t", "300", "-s", "start")

    def stop(self, mode: str = "immediate") -> None:
        """Stop it at once, connections and all."""
        self._run("pg_ctl", "-D", str(self._data), "-m", mode, "-w", "-t", "300", "-s", "stop")

    def create(self, base: str) -> str:
        """Create an empty database and return its URL."""
        self.run("postgres", f"CREATE DATABASE {base}")
        return self.url(base)

    def url(self, base: str) -> str:
        """Return the URL of a database."""
        return f"postgresql://{_OWNER}@/{base}?host={self.folder}"

    def run(self, base: str, words: str) -> None:
        """Run SQL on a database."""
        self._run("psql", "-h", str(self.folder), "-U", _OWNER, "-q", "-v", "ON_ERROR_STOP=1", "-c", words, base)

    def close(self) -> None:
        """Stop it and delete its folder."""
        self.stop("fast")
        shutil.rmtree(self.folder)

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(self._programs / program), *arguments]
        if os.geteuid() == 0:
            command = ["runuser", "-u", _OWNER, "--", *command]
        done = subprocess.run(command, cwd="/", stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"{program} failed ({done.returncode}): {done.stderr or done.stdout}")
