"""The commands as a user types them, on the real profile, models and voices."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from voicebot.cli.main import main

ROOT = Path(__file__).resolve().parents[2]
QUESTION = ROOT / "tests" / "calls" / "audio" / "quand-passe-le-camion.wav"
AT = "2026-11-24T10:00:00+01:00"

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A configuration with the plain voice, which needs no model, and a folder of its own to write to."""
    path = tmp_path / "config.toml"
    folders = {name: str(ROOT / name) for name in ("profiles", "models", "prompts")} | {"data": str(ROOT / "var")}
    lines = "\n".join(f'{name} = "{folder}"' for name, folder in folders.items())
    path.write_text(f'[paths]\n{lines}\n[tts]\nengine = "pico"\n', encoding="utf-8")
    return path


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], config: Path) -> Run:
    def command(*arguments: str | Path) -> tuple[int, str, str]:
        status = 0
        try:
            main([*map(str, arguments), "--config", str(config)])
        except SystemExit as end:
            status = end.code if isinstance(end.code, int) else 0
        shown = capsys.readouterr()
        return status, shown.out, shown.err

    return command


def lines(out: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in out.splitlines()]


def test_ask_answers_each_text_as_a_fresh_conversation(run: Run) -> None:
    status, out, _ = run("ask", "où jeter un pot de yaourt ?", "je veux un conseiller", "--json", "--at", AT)
    first, second = lines(out)
    assert status == 0
    assert set(first) == {"text", "intent", "confidence", "alternatives", "entities", "reply", "actions"}
    assert first["intent"] == "tri.objet"
    assert first["entities"]["objet"] == "pot de yaourt"
    assert second["actions"][0]["type"] == "transfer"


def test_ask_takes_texts_from_a_file_and_recordings(run: Run, tmp_path: Path) -> None:
    texts = tmp_path / "texts.txt"
    texts.write_text("bonjour\n\nla déchèterie ouvre quand ?\n", encoding="utf-8")
    status, out, _ = run("ask", "--file", texts, "--wav", QUESTION, "--json", "--at", AT)
    recorded, *typed = lines(out)
    assert status == 0
    assert recorded["file"] == str(QUESTION)
    assert recorded["intent"] == "collecte.jours"
    assert [answer["intent"] for answer in typed] == ["saluer", "decheterie.horaires"]


def test_ask_without_anything_says_what_to_give(run: Run) -> None:
    status, out, err = run("ask")
    assert (status, out) == (2, "")
    assert err.startswith("voicebot: ask: give texts")


def test_a_wrong_date_is_told(run: Run) -> None:
    status, _, err = run("ask", "bonjour", "--at", "demain")
    assert status == 2
    assert "--at 'demain'" in err


def test_transcribe_takes_any_wav_and_tells_what_is_not_one(run: Run, tmp_path: Path) -> None:
    sound, rate = soundfile.read(QUESTION)
    stereo = np.stack([np.repeat(sound, 6), np.repeat(sound, 6)], axis=1)
    soundfile.write(tmp_path / "stereo.wav", stereo, rate * 6, subtype="FLOAT")
    (tmp_path / "text.wav").write_text("not a sound", encoding="utf-8")
    status, out, err = run("transcribe", tmp_path / "text.wav", tmp_path / "stereo.wav", "--json")
    (heard,) = lines(out)
    assert status == 1
    assert set(heard) == {"file", "text", "confidence", "duration_s", "compute_s", "engine"}
    assert "camion" in heard["text"].lower()
    assert "text.wav" in err
    assert "Traceback" not in err


def test_say_writes_a_wav_at_the_rate_asked(run: Run, tmp_path: Path) -> None:
    out_path = tmp_path / "said.wav"
    status, out, _ = run("say", "Bonjour, il est 9 h 30.", "-o", out_path, "--rate", "16000", "--json")
    info = soundfile.info(out_path)
    assert status == 0
    assert (info.samplerate, info.channels, info.subtype) == (16000, 1, "PCM_16")
    assert lines(out)[0]["duration_s"] == pytest.approx(info.duration, abs=0.02)


def test_replay_gives_the_same_call_twice_and_records_both_sides(run: Run, tmp_path: Path) -> None:
    record = tmp_path / "call.wav"
    status, first, _ = run("replay", QUESTION, "--json", "--at", AT, "--record", record)
    _, second, _ = run("replay", QUESTION, "--json", "--at", AT)
    call = lines(first)[0]
    assert status == 0
    assert first == second
    assert call["turns"][0]["intent"] == "collecte.jours"
    assert call["turns"][0]["answer_delay_ms"] is None
    info = soundfile.info(record)
    assert (info.channels, info.samplerate) == (2, 8000)
    assert info.duration == pytest.approx(call["duration_s"], abs=0.1)


def test_replay_of_a_wrong_script_lists_its_mistakes(run: Run, tmp_path: Path) -> None:
    script = tmp_path / "call.toml"
    script.write_text('calller = "x"\n[[turns]]\nsays = "bonjour"\n', encoding="utf-8")
    status, out, err = run("replay", script)
    assert (status, out) == (2, "")
    assert len(err.splitlines()) == 3


def test_a_missing_model_says_the_command_that_installs_it(run: Run, tmp_path: Path, config: Path) -> None:
    (tmp_path / "empty").mkdir()
    config.write_text(
        config.read_text(encoding="utf-8").replace(str(ROOT / "models"), str(tmp_path / "empty")), encoding="utf-8"
    )
    status, _, err = run("transcribe", QUESTION)
    assert status == 1
    assert "voicebot models install whisper-base" in err


def test_check_accepts_the_repository_and_lists_what_is_to_be_confirmed(run: Run) -> None:
    status, out, _ = run("check", "--json", "--at", "2026-11-24T10:00")
    found = lines(out)
    assert status == 0
    assert not [line for line in found if line["kind"] == "mistake"]
    assert [line for line in found if line["kind"] == "unconfirmed"]
    assert "vacances scolaires" not in " ".join(line["text"] for line in found if line["kind"] == "warning")


def test_check_warns_six_months_before_the_last_known_school_holidays_end(run: Run) -> None:
    status, out, _ = run("check", "--json", "--at", "2028-03-15T10:00")
    warnings = " ".join(line["text"] for line in lines(out) if line["kind"] == "warning")
    assert status == 0
    assert "les vacances scolaires de la zone C ne sont connues que jusqu’au" in warnings


@pytest.mark.parametrize(
    ("written", "why"), [("", "aucune clé de chiffrement"), ("\n[message]\nenabled = false\n", "enabled = false")]
)
def test_check_warns_of_a_menu_that_offers_a_message_which_cannot_be_recorded(
    run: Run, config: Path, written: str, why: str
) -> None:
    config.write_text(config.read_text(encoding="utf-8") + written, encoding="utf-8")
    status, out, _ = run("check", "--json")
    assert status == 0
    assert [
        line for line in lines(out) if "menu autre" in json.dumps(line) and why in json.dumps(line, ensure_ascii=False)
    ]


def test_check_refuses_a_broken_profile_naming_the_file(run: Run, tmp_path: Path, config: Path) -> None:
    profiles = tmp_path / "profiles"
    shutil.copytree(ROOT / "profiles", profiles)
    broken = profiles / "coeur-cote-fleurie" / "profile.toml"
    broken.write_text(broken.read_text(encoding="utf-8") + "\n[[cible\n", encoding="utf-8")
    config.write_text(
        config.read_text(encoding="utf-8").replace(str(ROOT / "profiles"), str(profiles)), encoding="utf-8"
    )
    status, out, err = run("check")
    assert status == 2
    assert "profile.toml" in out + err
    assert "Traceback" not in err
