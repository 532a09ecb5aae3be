"""Archives are read without trusting the names in them."""

import io
import stat
import tarfile
import zipfile
from pathlib import Path

import pytest

from tests.model_store.conftest import Told
from tests.model_store.local_web import npm_tarball
from voicebot.model_store import archives
from voicebot.model_store.archives import extract_zip, open_member
from voicebot.model_store.errors import FetchFailed, UnsafeArchive


def write_zip(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as pack:
        for name, content in members.items():
            pack.writestr(name, content)
    return path


def files_below(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_what_is_below_the_folder_is_extracted_without_its_name(tmp_path: Path, told: Told) -> None:
    archive = write_zip(tmp_path / "m.zip", {"m-0.22/am/final.mdl": b"x" * 9, "m-0.22/README": b"r", "other/y": b"y"})
    paths = extract_zip(archive, "m-0.22", tmp_path / "out", told)
    assert sorted(paths) == ["README", "am/final.mdl"]
    assert files_below(tmp_path / "out") == {"README", "am/final.mdl"}
    assert told.points[-1] == 10


def test_without_folder_everything_is_extracted(tmp_path: Path, told: Told) -> None:
    archive = write_zip(tmp_path / "m.zip", {"a": b"1", "b/c": b"2"})
    assert extract_zip(archive, "", tmp_path / "out", told) == ["a", "b/c"]


@pytest.mark.parametrize(
    "name", ["../outside", "m/../../outside", "/etc/outside", "m/./x", "m\\..\\..\\outside", "C:/outside", "m//x"]
)
def test_a_member_that_would_leave_the_folder_refuses_the_whole_archive(tmp_path: Path, told: Told, name: str) -> None:
    archive = write_zip(tmp_path / "m.zip", {"m/good": b"1", name: b"2"})
    with pytest.raises(UnsafeArchive, match=r"m.zip is refused: its member .* would leave the model's folder"):
        extract_zip(archive, "m", tmp_path / "deep" / "out", told)
    assert files_below(tmp_path) == {"m.zip"}


def test_a_link_refuses_the_whole_archive(tmp_path: Path, told: Told) -> None:
    archive = tmp_path / "m.zip"
    with zipfile.ZipFile(archive, "w") as pack:
        link = zipfile.ZipInfo("m/link")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        pack.writestr(link, "/etc/passwd")
    with pytest.raises(UnsafeArchive, match=r"is a link or a device"):
        extract_zip(archive, "m", tmp_path / "out", told)


def test_an_archive_too_large_to_be_a_model_is_refused(
    tmp_path: Path, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archives, "LARGEST_MODEL_BYTES", 1000)
    archive = write_zip(tmp_path / "m.zip", {"m/bomb": b"\0" * 1001})
    with pytest.raises(UnsafeArchive, match=r"it would unpack to more than"):
        extract_zip(archive, "m", tmp_path / "out", told)
    assert files_below(tmp_path) == {"m.zip"}


def test_a_broken_archive_is_told(tmp_path: Path, told: Told) -> None:
    archive = write_zip(tmp_path / "m.zip", {"m/a": bytes(range(256)) * 40})
    damaged = bytearray(archive.read_bytes())
    damaged[60] ^= 0xFF
    archive.write_bytes(damaged)
    with pytest.raises(FetchFailed, match=r"m.zip is broken"):
        extract_zip(archive, "m", tmp_path / "out", told)
    archive.write_bytes(b"<html>not found</html>")
    with pytest.raises(FetchFailed, match=r"m.zip is broken"):
        extract_zip(archive, "m", tmp_path / "out", told)


def test_an_archive_without_the_folder_is_told(tmp_path: Path, told: Told) -> None:
    archive = write_zip(tmp_path / "m.zip", {"n/a": b"1"})
    with pytest.raises(FetchFailed, match=r"has nothing below 'm'"):
        extract_zip(archive, "m", tmp_path / "out", told)


def test_members_of_wheels_and_npm_packages_are_read(tmp_path: Path) -> None:
    wheel = write_zip(tmp_path / "w.whl", {"pkg/part.bin": b"wheel"})
    package = tmp_path / "p.tgz"
    package.write_bytes(npm_tarball("p", "1.0.0", {"package/voices/a.bin": b"npm"}))
    with open_member(wheel, "pkg/part.bin") as stream:
        assert stream.read() == b"wheel"
    with open_member(package, "package/voices/a.bin") as stream:
        assert stream.read() == b"npm"


def test_a_member_that_is_not_there_is_told(tmp_path: Path) -> None:
    wheel = write_zip(tmp_path / "w.whl", {"pkg/part.bin": b"wheel"})
    package = tmp_path / "p.tgz"
    package.write_bytes(npm_tarball("p", "1.0.0", {}))
    for archive in (wheel, package):
        with pytest.raises(FetchFailed, match=r"has no member absent"), open_member(archive, "absent"):
            pass


def test_a_broken_package_is_told(tmp_path: Path) -> None:
    for name in ("w.whl", "p.tgz"):
        broken = tmp_path / name
        broken.write_bytes(b"neither")
        with pytest.raises(FetchFailed, match=r"is broken"), open_member(broken, "x"):
            pass


def test_a_link_in_an_npm_package_gives_no_file_from_outside(tmp_path: Path) -> None:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as pack:
        link = tarfile.TarInfo("package/x")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/hostname"
        pack.addfile(link)
    package = tmp_path / "p.tgz"
    package.write_bytes(packed.getvalue())
    with pytest.raises(FetchFailed), open_member(package, "package/x"):
        pass
