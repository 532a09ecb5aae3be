"""The default menus, read once."""

import pytest

from voicebot.ivr_menus import DEFAULT_MENUS, Menus, load_menus


@pytest.fixture(scope="session")
def menus() -> Menus:
    return load_menus([DEFAULT_MENUS])
