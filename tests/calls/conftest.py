"""The whole application without a telephone, with the quickest voice, for the calls that are replayed."""

import asyncio
from collections.abc import Iterator
from contextlib import AsyncExitStack

import pytest

from tests.conftest import ROOT
from voicebot.app import Service, open_service
from voicebot.config import Settings, parse_settings


@pytest.fixture(scope="session")
def quick_settings() -> Settings:
    return parse_settings({"tts": {"engine": "pico"}}, source="tests", folder=ROOT)


@pytest.fixture(scope="module")
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as running:
        yield running


@pytest.fixture(scope="module")
def service(runner: asyncio.Runner, quick_settings: Settings) -> Iterator[Service]:
    stack = AsyncExitStack()
    yield runner.run(open_service(quick_settings, stack))
    runner.run(stack.aclose())
