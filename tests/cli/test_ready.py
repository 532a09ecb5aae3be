"""What a mistake in a profile leaves on the page that anybody can read."""

import asyncio
from types import SimpleNamespace
from typing import Any

from voicebot.cli.serve import _health
from voicebot.reloading import Version

SECRET = "profile.toml:12: cible accueil: « 06 12 34 56 78 » n’est pas une adresse"


def test_ready_tells_that_an_edit_was_refused_and_not_what_is_written_in_it() -> None:
    version: Any = Version(3, SimpleNamespace(), refused=(SECRET, "autre"))  # type: ignore[arg-type]
    shelf = SimpleNamespace(versions={"coeur-cote-fleurie": version})
    named = SimpleNamespace(name="x")
    service: Any = SimpleNamespace(recognizer=named, voice=named, shelf=shelf)
    board: Any = SimpleNamespace(live=0)
    health = _health(service, board, asyncio.Event())()
    assert "refusée (2 à corriger)" in health.parts["contenu coeur-cote-fleurie"]
    assert SECRET not in str(health.parts)
    assert SECRET in health.details["à corriger dans coeur-cote-fleurie"]
