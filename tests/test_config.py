"""The configuration: typed, relative to its file, every mistake told at once."""

from pathlib import Path

import pytest

from voicebot.config import ConfigError, Settings, load_settings, parse_settings

ROOT = Path(__file__).resolve().parent.parent


def test_the_configuration_of_the_repository_is_valid() -> None:
    settings = load_settings(ROOT / "config.toml")
    assert settings.call.profile == "coeur-cote-fleurie"


def test_an_empty_configuration_is_all_defaults_with_paths_beside_it(tmp_path: Path) -> None:
    settings = parse_settings({}, source="config.toml", folder=tmp_path)
    assert settings.paths.models == tmp_path / "models"
    assert settings.web == Settings().web


def test_an_absolute_path_stays_where_it_is(tmp_path: Path) -> None:
    settings = parse_settings({"paths": {"models": "/srv/models"}}, source="c", folder=tmp_path)
    assert settings.paths.models == Path("/srv/models")


def test_every_mistake_is_told_at_once_with_its_key(tmp_path: Path) -> None:
    document = {
        "wbe": {},
        "web": {"port": "eighty", "hots": "x"},
        "asr": {"engine": "siri"},
        "tts": 3,
    }
    with pytest.raises(ConfigError) as caught:
        parse_settings(document, source="config.toml", folder=tmp_path)
    told = str(caught.value)
    assert len(told.splitlines()) == 5
    assert "config.toml: wbe: unknown table (did you mean web?)" in told
    assert "web.hots: unknown key (did you mean host?)" in told
    assert "web.port" in told
    assert "asr" in told
    assert "tts: must be a table" in told


def test_a_file_that_is_not_toml_says_where(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text("[web\n", encoding="utf-8")
    with pytest.raises(ConfigError, match="not valid TOML"):
        load_settings(path)


def test_a_missing_file_says_which_option_gives_another(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="--config"):
        load_settings(tmp_path / "none.toml")
