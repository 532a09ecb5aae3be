"""Whole conversations, read as documentation. ``python -m tests.dialog.test_golden`` writes them again, to be read."""

from pathlib import Path

import pytest

from tests.dialog.scripted import coast, played, words_per_sentence
from voicebot.dialog.knowledge import Knowledge

GOLDEN = Path(__file__).parent / "golden"
SCRIPTS = sorted(GOLDEN.glob("*.txt"))


@pytest.fixture(scope="module")
def knowledge() -> Knowledge:
    return coast()


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_conversation_goes_as_written(path: Path, knowledge: Knowledge) -> None:
    script = path.read_text(encoding="utf-8")
    assert played(knowledge, script) == script


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_sentences_are_short_enough_for_the_ear(path: Path) -> None:
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("<"):
            for count, sentence in words_per_sentence(line[2:]):
                assert count <= 24, sentence


if __name__ == "__main__":
    for each in SCRIPTS:
        each.write_text(played(coast(), each.read_text(encoding="utf-8")), encoding="utf-8")
