"""The minute-long call starts with the first test of this folder, and is looked at when it has ended."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="session")
def whole_minute() -> Iterator["subprocess.Popen[str]"]:
    """The process that holds it."""
    command = [sys.executable, "-m", "tests.telephony.sip.long_call"]
    process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=-1, text=True)
    yield process
    if process.poll() is None:
        process.kill()
    process.communicate()


@pytest.fixture(autouse=True)
def _minute_begun(request: pytest.FixtureRequest) -> None:
    """Start it as soon as possible, when the session will look at it."""
    if any("test_whole_minute" in item.nodeid for item in request.session.items):
        request.getfixturevalue("whole_minute")
