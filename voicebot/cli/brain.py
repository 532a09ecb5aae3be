"""Conversations with the brain alone, without a telephone."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from voicebot.clock import PARIS

if TYPE_CHECKING:
    from voicebot.calls.ports import Dialogue


class FreshBrain:
    """The brain of one profile, loaded once, and the settings it was loaded with.

    Raises:
        ConfigError, ProfileError: the configuration or the profile has mistakes.
    """

    def __init__(self, config: Path, profile: str) -> None:
        from voicebot.app import open_profile
        from voicebot.config import load_settings

        self.settings = load_settings(config)
        self._profile = open_profile(self.settings, profile)

    def open(self, at: datetime | None) -> "Dialogue":
        """Begin a conversation that takes place at ``at``, now by default."""
        from voicebot.app import new_dialogue

        moment = at or datetime.now(PARIS)
        return new_dialogue(self._profile, lambda: moment, seed="ask")
