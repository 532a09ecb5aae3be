"""Downloads from a real server on the loopback: resumed, checked, and whole or absent."""

import errno
from pathlib import Path

import pytest

from tests.model_store.conftest import Told, never_waits, sha256
from tests.model_store.local_web import Site, unreachable_address
from voicebot.model_store.download import Downloader, WebFile, cache_name
from voicebot.model_store.errors import ChecksumMismatch, DiskFull, FetchFailed, Offline, told_when_full

CONTENT = bytes(range(256)) * 4096  # 1 MiB
BODY = "/model.bin"


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "downloads" / "model.bin"


def fetch(url: str, target: Path, told: Told, *, size: int | None = None, checksum: str | None = None) -> Path:
    return Downloader(told, never_waits).fetch(WebFile(url, size, checksum), target)


def test_a_file_arrives_whole_with_its_progress(site: Site, target: Path, told: Told) -> None:
    site.files[BODY] = CONTENT
    fetch(site.url(BODY), target, told, size=len(CONTENT), checksum=sha256(CONTENT))
    assert target.read_bytes() == CONTENT
    assert told.stages == [("model.bin from 127.0.0.1", len(CONTENT))]
    assert told.points == sorted(told.points)
    assert told.points[-1] == len(CONTENT)
    assert [path.name for path in target.parent.iterdir()] == ["model.bin"]


def test_a_file_that_is_there_is_not_asked_for_again(site: Site, target: Path, told: Told) -> None:
    site.files[BODY] = CONTENT
    fetch(site.url(BODY), target, told)
    fetch(site.url(BODY), target, told)
    assert len(site.asked) == 1


def test_a_cut_connection_is_resumed_where_it_stopped(site: Site, target: Path, told: Told) -> None:
    site.files[BODY] = CONTENT
    site.cuts = [300_000, 400_000]
    fetch(site.url(BODY), target, told)
    assert target.read_bytes() == CONTENT
    assert site.ranges_asked() == ["", "bytes=300000-", "bytes=700000-"]


def test_another_run_resumes_what_the_first_one_left(site: Site, target: Path, told: Told) -> None:
    site.files[BODY] = CONTENT
    site.cuts = [500_000, 0, 0, 0, 0]
    with pytest.raises(FetchFailed, match=r"keeps cutting the connection .*; what was received is kept"):
        fetch(site.url(BODY), target, told)
    assert not target.exists()
    site.cuts, site.asked = [], []
    fetch(site.url(BODY), target, told)
    assert target.read_bytes() == CONTENT
    assert site.ranges_asked() == ["bytes=500000-"]


def test_a_file_that_changed_meanwhile_starts_again(site: Site, target: Path, told: Told) -> None:
    site.files[BODY] = CONTENT
    site.cuts = [500_000, 0, 0, 0, 0]
    with pytest.raises(FetchFailed):
        fetch(site.url(BODY), target, told)
    site.cuts, site.files[BODY] = [], CONTENT[::-1]
    fetch(site.url(BODY), target, told)
    assert target.read_bytes() == CONTENT[::-1]


def test_a_server_without_ranges_starts_again(site: Site, target: Path, told: Told) -> None:
    site.files[BODY], site.ranges, site.cuts = CONTENT, False, [500_000]
    fetch(site.url(BODY), target, told)
    assert target.read_bytes() == CONTENT


def test_without_validator_nor_checksum_nothing_is_resumed(site: Site, target: Path, told: Told) -> None:
    site.files[BODY], site.validators, site.cuts = CONTENT, False, [500_000]
    fetch(site.url(BODY), target, told)
    assert target.read_bytes() == CONTENT
    assert site.ranges_asked() == ["", ""]


def test_without_validator_a_known_checksum_allows_resuming(site: Site, target: Path, told: Told) -> None:
    site.files[BODY], site.validators, site.cuts = CONTENT, False, [500_000]
    fetch(site.url(BODY), target, told, checksum=sha256(CONTENT))
    assert target.read_bytes() == CONTENT
    assert site.ranges_asked() == ["", "bytes=500000-"]


def test_a_part_that_was_whole_already_is_kept(site: Site, target: Path, told: Told) -> None:
    site.files[BODY] = CONTENT
    target.parent.mkdir()
    target.with_name("model.bin.part").write_bytes(CONTENT)
    fetch(site.url(BODY), target, told, checksum=sha256(CONTENT))
    assert target.read_bytes() == CONTENT
    assert site.ranges_asked() == [f"bytes={len(CONTENT)}-"]


def test_a_part_longer_than_the_file_starts_again(site: Site, target: Path, told: Told) -> None:
    site.files[BODY] = CONTENT
    target.parent.mkdir()
    target.with_name("model.bin.part").write_bytes(CONTENT + b"more")
    fetch(site.url(BODY), target, told, size=len(CONTENT), checksum=sha256(CONTENT))
    assert target.read_bytes() == CONTENT


def test_a_busy_server_is_asked_again(site: Site, target: Path, told: Told) -> None:
    site.files[BODY], site.statuses = CONTENT, [503, 429]
    fetch(site.url(BODY), target, told)
    assert target.read_bytes() == CONTENT


def test_the_waits_between_attempts_grow_and_end(site: Site, target: Path, told: Told) -> None:
    site.files[BODY], site.statuses = CONTENT, [503] * 9
    waits: list[float] = []
    with pytest.raises(Offline, match=r"127.0.0.1 cannot be reached .status 503."):
        Downloader(told, waits.append).fetch(WebFile(site.url(BODY)), target)
    assert waits == [1.0, 2.0, 4.0]


def test_a_refusal_is_told_at_once_with_its_status(site: Site, target: Path, told: Told) -> None:
    with pytest.raises(FetchFailed, match=r"/absent was refused \(status 404"):
        fetch(site.url("/absent"), target, told)
    assert len(site.asked) == 1


def test_no_network_is_told_as_offline_at_once(target: Path, told: Told) -> None:
    waits: list[float] = []
    with pytest.raises(Offline, match=r"127.0.0.1 cannot be reached .*Connection refused"):
        Downloader(told, waits.append).fetch(WebFile(unreachable_address() + BODY), target)
    assert not target.exists()
    assert waits == []


@pytest.mark.parametrize("wrong", [{"checksum": "0" * 64}, {"size": 12}])
def test_another_file_than_described_is_removed(site: Site, target: Path, told: Told, wrong: dict[str, object]) -> None:
    site.files[BODY] = CONTENT
    with pytest.raises(ChecksumMismatch, match=r"instead of .*: it was removed"):
        fetch(site.url(BODY), target, told, **wrong)  # type: ignore[arg-type]
    assert list(target.parent.iterdir()) == []


def test_a_full_disk_is_told_and_nothing_is_put_in_place(site: Site, target: Path, told: Told) -> None:
    site.files[BODY] = CONTENT
    target.parent.mkdir()
    target.with_name("model.bin.part").symlink_to("/dev/full")  # every write there fails with ENOSPC
    with pytest.raises(DiskFull, match=r"no space left while writing .*model.bin.part: free some space"):
        fetch(site.url(BODY), target, told)
    assert not target.exists()


def test_another_error_of_the_system_is_not_taken_for_a_full_disk() -> None:
    with pytest.raises(PermissionError), told_when_full(Path("x")):
        raise PermissionError(errno.EACCES, "denied")


def test_cached_names_differ_for_different_addresses_and_stay_readable() -> None:
    first, second = cache_name("https://a.example/x/m.zip"), cache_name("https://b.example/x/m.zip")
    assert first != second
    assert first.endswith("-m.zip")
    assert "/" not in cache_name("https://a.example/..%2f..%2fm?token=/etc/passwd")
