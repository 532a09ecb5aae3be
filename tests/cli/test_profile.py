"""``voicebot profile new``: a skeleton that the check accepts."""

from pathlib import Path

import pytest

from voicebot.cli.main import main
from voicebot.dialog.knowledge import load_knowledge
from voicebot.hours import load_hours
from voicebot.profile import check_profile

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def config(tmp_path: Path) -> Path:
    profiles = tmp_path / "profiles"
    profiles.mkdir()
    (profiles / "base").symlink_to(ROOT / "profiles" / "base")
    path = tmp_path / "config.toml"
    path.write_text(f'[paths]\nprofiles = "{profiles}"\n', encoding="utf-8")
    return path


def new(config: Path, name: str) -> int:
    try:
        main(["profile", "new", name, "--config", str(config)])
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 0
    return 0


def test_a_new_profile_is_valid_and_wholly_to_be_confirmed(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert new(config, "pays-d-exemple") == 0
    told = capsys.readouterr().out
    assert "voicebot check --profile pays-d-exemple" in told
    assert '[[sip.lines]], profile = "pays-d-exemple"' in told
    profiles = config.parent / "profiles"
    check_profile("pays-d-exemple", profiles)
    folders = [profiles / "base", profiles / "pays-d-exemple"]
    knowledge = load_knowledge(folders)
    assert knowledge.identity.community == "la collectivité Pays D Exemple"
    assert not knowledge.identity.demo
    assert {"site", "telephone", "adresse", "email"} <= {
        line.split()[1] for line in knowledge.unconfirmed() if line.startswith("fait")
    }
    assert len(load_hours(folders).unconfirmed()) == 2


@pytest.mark.parametrize("name", ["Pays", "pays_d", "../pays", "base", "pays-", ""])
def test_a_name_that_is_no_folder_name_is_refused(config: Path, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert new(config, name) == 2
    assert "lower case" in capsys.readouterr().err
    assert [path.name for path in (config.parent / "profiles").iterdir()] == ["base"]


def test_a_profile_that_exists_is_left_alone(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert new(config, "pays") == 0
    kept = config.parent / "profiles" / "pays" / "profile.toml"
    kept.write_text("# mine\n", encoding="utf-8")
    assert new(config, "pays") == 2
    assert "exists already" in capsys.readouterr().err
    assert kept.read_text(encoding="utf-8") == "# mine\n"
