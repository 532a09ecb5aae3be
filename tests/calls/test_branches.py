"""Every branch of a day and a night, replayed whole: hours, menus, advisers, callback, survey, silence.

``branches/attendu.json`` says what each call must come to: the greeting, the outcome, words that must be said. All are
spoken, but where it is the branch itself that nobody speaks.
"""

import asyncio
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.calls.test_golden import hold
from voicebot.app import Service
from voicebot.dialog.brain import Brain
from voicebot.reloading import Shelf
from voicebot.telephony.script import load_script

FOLDER = Path(__file__).parent / "branches"
WITHOUT_A_WORD = {"touches-seules", "silence-le-jour", "silence-le-soir"}
EXPECTED: dict[str, dict[str, Any]] = json.loads((FOLDER / "attendu.json").read_text(encoding="utf-8"))


def test_every_script_has_what_it_must_come_to() -> None:
    assert {path.stem for path in FOLDER.glob("*.toml")} == set(EXPECTED)


def passing_on_at_once(service: Service) -> Service:
    """The same service, whose profile has advisers take every call during opening hours."""
    profile = service.profile("")
    identity = profile.knowledge.identity
    direct = replace(identity, policy=replace(identity.policy, direct=True))
    version = replace(profile, knowledge=replace(profile.knowledge, identity=direct))
    version = replace(version, brain=Brain(version.knowledge, profile.understander))
    return replace(service, shelf=Shelf(service.settings.paths.profiles, lambda name: version))


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_a_branch_is_spoken(name: str) -> None:
    turns = load_script(FOLDER / f"{name}.toml").turns
    assert any(turn.wav or turn.say for turn in turns) != (name in WITHOUT_A_WORD)


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_a_branch_comes_to_what_is_expected(runner: asyncio.Runner, service: Service, name: str) -> None:
    expected = EXPECTED[name]
    answering = passing_on_at_once(service) if expected.get("direct") else service
    call = hold(runner, answering, FOLDER / f"{name}.toml")
    said = " ".join(turn["said"] for turn in call["turns"])
    assert expected.get("greeting", "") in call["greeting"]
    assert call["outcome"] == expected.get("outcome", call["outcome"])
    assert (call["transfer"] or {}).get("result") == expected.get("transfer")
    messages = [entry["voice"]["transcript"] for entry in call["tickets"] if entry["type"] == "message"]
    assert len(messages) == ("message" in expected)
    assert all(expected["message"] in message for message in messages)
    assert expected.get("survey", {}).items() <= call["survey"].items()
    assert len(call["turns"]) == expected.get("turns", len(call["turns"]))
    for words in expected.get("says", []):
        assert words in said
