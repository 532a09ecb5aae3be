"""``voicebot models`` as its users run it: a process of its own, its output and its exit status."""

import json
import os
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.model_store.conftest import entry, sha256
from tests.model_store.local_web import Site, unreachable_address

CONTENT = b"weights " * 100_000


def toml_of(entries: list[dict[str, Any]]) -> str:
    """Write entries as TOML: a JSON string, number or list is one too, and so is a table of them with '='."""

    def value(item: Any) -> str:
        if isinstance(item, dict):
            return "{" + ", ".join(f"{json.dumps(key)} = {value(of)}" for key, of in item.items()) + "}"
        if isinstance(item, list):
            return "[" + ", ".join(value(of) for of in item) + "]"
        return json.dumps(item)

    return "\n".join("[[model]]\n" + "\n".join(f"{key} = {value(of)}" for key, of in one.items()) for one in entries)


class Machine:
    """A folder with a manifest, and the command run in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.models = folder / "models"
        self.models.mkdir()

    def manifest(self, *entries: dict[str, Any]) -> None:
        (self.models / "manifest.toml").write_text(toml_of(list(entries)), encoding="utf-8")

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-m", "voicebot.cli.main", "models", *arguments],
            cwd=self.folder,
            env={**os.environ, "VOICEBOT_CACHE": str(self.folder / "cache")},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def run(self, *arguments: str, largest_file: int | None = None) -> subprocess.CompletedProcess[str]:
        def limit() -> None:
            if largest_file is not None:
                resource.setrlimit(resource.RLIMIT_FSIZE, (largest_file, largest_file))

        return subprocess.run(
            [sys.executable, "-m", "voicebot.cli.main", "models", *arguments],
            cwd=self.folder,
            env={**os.environ, "VOICEBOT_CACHE": str(self.folder / "cache"), "PYTHONWARNINGS": ""},
            capture_output=True,
            text=True,
            preexec_fn=limit,
            check=False,
        )


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def voice(site: Site, model_id: str = "voice", **changes: Any) -> dict[str, Any]:
    site.files["/voice.onnx"] = CONTENT
    files = [{"path": "voice.onnx", "size": len(CONTENT), "sha256": sha256(CONTENT)}]
    return entry(model_id, files=files, sources=[{"files": {"voice.onnx": [site.url("/voice.onnx")]}}], **changes)


def lines(output: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in output.splitlines()]


def test_install_list_and_verify_tell_json_lines_on_standard_output_alone(machine: Machine, site: Site) -> None:
    machine.manifest(voice(site), voice(site, "other"))
    installed = machine.run("install", "voice", "--json")
    assert installed.returncode == 0, installed.stderr
    (told,) = lines(installed.stdout)
    assert (told["id"], told["state"], told["fresh"]) == ("voice", "installed", True)
    listed = machine.run("list", "--json")
    assert {model["id"]: model["state"] for model in lines(listed.stdout)} == {"voice": "installed", "other": "missing"}
    (verified,) = lines(machine.run("verify", "--json").stdout)
    assert verified["files"] == [{"path": "voice.onnx", "size": len(CONTENT), "sha256": sha256(CONTENT)}]


def test_a_wrong_checksum_ends_with_one_line_and_status_1(machine: Machine, site: Site) -> None:
    machine.manifest(voice(site))
    site.files["/voice.onnx"] = CONTENT[::-1]
    failed = machine.run("install", "voice")
    assert failed.returncode == 1
    (line,) = [line for line in failed.stderr.splitlines() if line.startswith("voicebot:")]
    assert "the model voice could not be fetched" in line
    assert "Traceback" not in failed.stderr


def test_a_disk_that_fills_while_a_model_is_written_ends_with_one_line(machine: Machine, site: Site) -> None:
    machine.manifest(voice(site))
    failed = machine.run("install", "voice", largest_file=100_000)
    assert failed.returncode == 1
    assert "no space left while writing" in failed.stderr
    assert "free some space" in failed.stderr
    assert "Traceback" not in failed.stderr
    assert not (machine.models / "voice").exists()
    mended = machine.run("install", "voice")
    assert mended.returncode == 0, mended.stderr
    assert site.ranges_asked()[-1] == "bytes=100000-", "what was received before the disk was full is kept"


def test_a_process_killed_half_way_leaves_no_model_and_the_next_one_ends_the_work(machine: Machine, site: Site) -> None:
    machine.manifest(voice(site))
    site.stall_after = 600_000
    with machine.start("install", "voice") as process:
        assert site.stalled.wait(120)
        process.kill()
    site.go_on.set()
    assert not (machine.models / "voice").exists()
    assert machine.run("install", "voice").returncode == 0
    assert (machine.models / "voice" / "voice.onnx").read_bytes() == CONTENT


def test_offline_a_default_model_with_a_substitute_is_no_failure(machine: Machine, site: Site) -> None:
    away = [{"files": {"v": [unreachable_address() + "/v"]}}]
    spare = entry("natural", purpose="default", without="the plain voice speaks instead", sources=away)
    machine.manifest(voice(site, purpose="default"), {**spare, "files": [{"path": "v"}]})
    told = machine.run("install")
    assert told.returncode == 0, told.stderr
    assert "natural could not be fetched: 127.0.0.1 cannot be reached" in told.stderr
    assert "It is not indispensable: the plain voice speaks instead." in told.stderr
    assert machine.run("install", "natural").returncode == 1, "asked for by name, it must be had"
    assert machine.run("install", "--tests").returncode == 1, "the tests need it"


def test_offline_an_indispensable_default_model_is_a_failure(machine: Machine) -> None:
    away = [{"files": {"v": [unreachable_address() + "/v"]}}]
    machine.manifest(entry("ears", purpose="default", files=[{"path": "v"}], sources=away))
    failed = machine.run("install")
    assert failed.returncode == 1
    assert "voicebot: the model ears could not be fetched" in failed.stderr


def test_verify_tells_a_damaged_model_and_how_to_mend_it(machine: Machine, site: Site) -> None:
    machine.manifest(voice(site))
    machine.run("install", "voice")
    (machine.models / "voice" / "voice.onnx").write_bytes(CONTENT[::-1])
    failed = machine.run("verify")
    assert failed.returncode == 1
    assert "voice.onnx has another SHA-256" in failed.stderr
    assert "run `voicebot models install --again voice`" in failed.stderr
    assert machine.run("install", "--again", "voice").returncode == 0
    assert machine.run("verify").returncode == 0


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["install", "unknown"], "no model is called 'unknown'"),
        (["list", "--models", "elsewhere"], "elsewhere/manifest.toml cannot be read"),
        (["list", "--config", "absent.toml"], "absent.toml: cannot be read"),
        (["list", "--colour"], "No such option"),
    ],
)
def test_wrong_usage_ends_with_status_2(machine: Machine, site: Site, arguments: list[str], told: str) -> None:
    machine.manifest(voice(site))
    failed = machine.run(*arguments)
    assert failed.returncode == 2
    assert told in failed.stderr
    assert "Traceback" not in failed.stderr


def test_the_mistakes_of_a_manifest_are_told_one_a_line(machine: Machine, site: Site) -> None:
    machine.manifest(voice(site, purpose="never", engine="none"))
    failed = machine.run("list")
    assert failed.returncode == 2
    assert len([line for line in failed.stderr.splitlines() if line.startswith("voicebot: ")]) == 2
