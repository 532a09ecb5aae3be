"""Scripts: what a caller says, pressed into a file, and every mistake in it told at once."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicebot.telephony.script import ScriptError, load_script, parse_script


def test_a_json_script_is_read(tmp_path: Path) -> None:
    (tmp_path / "q.wav").write_bytes(b"RIFF")
    path = tmp_path / "call.json"
    path.write_text(
        json.dumps(
            {
                "at": "2026-11-24T10:00:00+01:00",
                "caller": "+33612345678",
                "turns": [
                    {"wav": "q.wav"},
                    {"say": "à Deauville", "slot": "commune"},
                    {"keys": "1#"},
                    {"silence_s": 7},
                ],
            }
        ),
        encoding="utf-8",
    )
    script = load_script(path)
    assert script.at is not None
    assert script.at.isoformat() == "2026-11-24T10:00:00+01:00"
    assert script.turns[0].wav == tmp_path / "q.wav"
    assert script.turns[1].slot == "commune"
    assert script.advisers == ("answer",)


def test_a_toml_script_says_the_same_as_its_json(tmp_path: Path) -> None:
    toml = tmp_path / "call.toml"
    toml.write_text('caller = "+336"\n[[turns]]\nsay = "bonjour"\n', encoding="utf-8")
    document = {"caller": "+336", "turns": [{"say": "bonjour"}]}
    assert load_script(toml).digest == parse_script(document, source="x", folder=tmp_path).digest


def test_every_mistake_is_told_at_once_with_its_place(tmp_path: Path) -> None:
    document = {
        "caler": "+336",
        "advisers": "asleep",
        "turns": [
            {"say": "oui", "keys": "1"},
            {"keys": "1z"},
            {"wav": "none.wav"},
            {"barge_in_s": -1, "say": "non"},
            3,
        ],
    }
    with pytest.raises(ScriptError) as caught:
        parse_script(document, source="bad.json", folder=tmp_path)
    lines = str(caught.value).splitlines()
    assert len(lines) == 7
    assert all(line.startswith("bad.json: ") for line in lines)
    assert any("'caler'" in line for line in lines)
    assert any("turn 2" in line and "keys" in line for line in lines)


def test_a_script_that_is_not_a_file_says_what_to_give(tmp_path: Path) -> None:
    with pytest.raises(ScriptError, match="give the path"):
        load_script(tmp_path / "nowhere.json")


def test_changing_a_recording_changes_the_call(tmp_path: Path) -> None:
    document = {"turns": [{"wav": "a.wav"}]}
    (tmp_path / "a.wav").write_bytes(b"one")
    before = parse_script(document, source="x", folder=tmp_path).digest
    (tmp_path / "a.wav").write_bytes(b"two")
    assert parse_script(document, source="x", folder=tmp_path).digest != before


_ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(["at", "caller", "called", "advisers", "turns", "x"]), _ANY))
def test_any_document_is_a_script_or_a_told_mistake(document: dict[str, object]) -> None:
    try:
        parse_script(document, source="x", folder=Path())
    except ScriptError as error:
        told = str(error)
    else:
        told = "valid"
    assert told
