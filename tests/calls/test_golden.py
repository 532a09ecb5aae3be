"""Whole calls, with real recognition, real understanding and a real voice, against what they must come to.

A golden file says the outcome and, turn by turn, the intent, the entities that must be there, and the words that must
be said; never a whole transcript, which another model may write otherwise.
"""

import asyncio
import json
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from voicebot.app import Service, open_caller_voice
from voicebot.rehearsal import play, rehearse

FOLDER = Path(__file__).parent
SCRIPTS = sorted([*FOLDER.glob("*.toml"), *FOLDER.glob("*.json")])


def hold(runner: asyncio.Runner, service: Service, script: Path) -> dict[str, Any]:
    async def call() -> dict[str, Any]:
        async with AsyncExitStack() as stack:
            caller = open_caller_voice("pico", service.settings, stack)
            record, _ = await play(service, await rehearse(script, caller))
        return record.to_json()

    return runner.run(call())


def test_there_are_enough_examples() -> None:
    assert len(SCRIPTS) >= 6
    assert {script.stem for script in SCRIPTS} == {golden.stem for golden in (FOLDER / "golden").glob("*.json")}


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_a_call_comes_to_what_its_golden_file_says(runner: asyncio.Runner, service: Service, script: Path) -> None:
    golden = json.loads((FOLDER / "golden" / f"{script.stem}.json").read_text(encoding="utf-8"))
    call = hold(runner, service, script)
    assert call["outcome"] == golden["outcome"]
    assert [turn["channel"] for turn in call["turns"]] == [turn["channel"] for turn in golden["turns"]]
    assert call["transfer"] == golden.get("transfer")
    for turn, expected in zip(call["turns"], golden["turns"], strict=True):
        assert turn["intent"] == expected["intent"], turn
        assert expected["entities"].items() <= turn["entities"].items(), turn
        assert turn["interrupted"] == expected.get("interrupted", False), turn
        for words in expected["says"]:
            assert words in turn["said"], turn
    for kind in ("tickets", "callbacks", "appointments"):
        assert [entry["slots"] for entry in call[kind]] == golden.get(kind, [])


def test_a_call_is_replayed_to_the_same_bytes(runner: asyncio.Runner, service: Service) -> None:
    script = FOLDER / "02-tri-interruption.toml"
    assert json.dumps(hold(runner, service, script)) == json.dumps(hold(runner, service, script))
