"""A profile edited while the service runs: the new version is in force at once, a bad one never is."""

import asyncio
import logging
import shutil
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest

from tests.conftest import LEARNT
from voicebot.app import new_dialogue
from voicebot.clock import PARIS
from voicebot.dialog.turns import Heard
from voicebot.profile import Profile, ProfileError, load_profile
from voicebot.reloading import Shelf, run_apart

ROOT = Path(__file__).resolve().parents[1]
NAME = "coeur-cote-fleurie"
MORNING = datetime(2026, 11, 24, 10, 0, tzinfo=PARIS)


@pytest.fixture
def profiles(tmp_path: Path) -> Path:
    """A copy of the profiles, to edit."""
    return Path(shutil.copytree(ROOT / "profiles", tmp_path / "profiles"))


@pytest.fixture
def shelf(profiles: Path) -> Shelf:
    """The shelf of these profiles, the first community in force."""
    shelf = Shelf(profiles, lambda name: load_profile(name, profiles, LEARNT))
    shelf.profile(NAME)
    return shelf


def edit(path: Path, before: str, after: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert before in text
    path.write_text(text.replace(before, after), encoding="utf-8")


def greet(profiles: Path) -> None:
    edit(
        profiles / "base" / "answers" / "conversation.toml", "Bonjour ! Quelle est votre question ?", "Bien le bonjour."
    )


def spoil(profiles: Path) -> None:
    edit(profiles / NAME / "collecte.toml", "BYDAY=TH", "BYDAY=JEUDI")


def answer(profile: Profile) -> str:
    return new_dialogue(profile, lambda: MORNING, seed="reload").respond(Heard("bonjour")).text


def test_an_edit_answers_the_next_caller_and_live_calls_keep_their_version(shelf: Shelf, profiles: Path) -> None:
    live = new_dialogue(shelf.profile(NAME), lambda: MORNING, seed="reload")
    told: list[Profile] = []
    shelf.on_change(told.append)
    greet(profiles)
    assert asyncio.run(shelf.reload(NAME)) == ()
    assert "Bien le bonjour" in answer(shelf.profile(NAME))
    assert "Quelle est votre question" in live.respond(Heard("bonjour")).text
    assert told == [shelf.profile(NAME)]


def test_a_bad_edit_is_refused_with_its_place_and_the_previous_version_stays(shelf: Shelf, profiles: Path) -> None:
    before = shelf.profile(NAME)
    spoil(profiles)
    mistakes = asyncio.run(shelf.reload(NAME))
    assert len(mistakes) == 1
    assert "collecte.toml" in mistakes[0]
    assert shelf.profile(NAME) is before
    assert shelf.versions[NAME].refused == mistakes


def test_mistakes_of_every_kind_of_file_are_told_together(shelf: Shelf, profiles: Path) -> None:
    spoil(profiles)
    edit(profiles / "base" / "lexique" / "flux.toml", "noms", "nons")
    (profiles / NAME / "hours.toml").write_text("[calendrier\n", encoding="utf-8")
    mistakes = "\n".join(asyncio.run(shelf.reload(NAME)))
    assert all(file in mistakes for file in ("collecte.toml", "flux.toml", "hours.toml"))


def test_a_mended_edit_clears_the_refusal(shelf: Shelf, profiles: Path) -> None:
    spoil(profiles)
    asyncio.run(shelf.reload(NAME))
    edit(profiles / NAME / "collecte.toml", "BYDAY=JEUDI", "BYDAY=TH")
    assert asyncio.run(shelf.reload(NAME)) == ()
    assert shelf.versions[NAME].refused == ()


def test_the_watch_waits_until_the_editor_has_finished(shelf: Shelf, profiles: Path) -> None:
    greet(profiles)
    asyncio.run(shelf.look())
    assert shelf.versions[NAME].number == 1
    asyncio.run(shelf.look())
    assert shelf.versions[NAME].number == 2


def test_a_refused_edit_is_told_once(shelf: Shelf, profiles: Path, caplog: pytest.LogCaptureFixture) -> None:
    spoil(profiles)
    with caplog.at_level(logging.ERROR):
        for _ in range(4):
            asyncio.run(shelf.look())
    assert len(caplog.records) == 1
    assert "collecte.toml" in caplog.text


def test_a_hint_has_the_edit_taken_at_once(shelf: Shelf, profiles: Path) -> None:
    async def watched() -> None:
        changed = asyncio.Event()
        shelf.on_change(lambda profile: changed.set())
        watch = asyncio.create_task(shelf.watch(every_s=3600.0))
        greet(profiles)
        shelf.hint()
        await asyncio.wait_for(changed.wait(), 120)
        watch.cancel()

    asyncio.run(watched())
    assert "Bien le bonjour" in answer(shelf.profile(NAME))


def test_a_folder_that_vanishes_keeps_the_version_in_force(shelf: Shelf, profiles: Path) -> None:
    before = shelf.profile(NAME)
    shutil.rmtree(profiles / NAME)
    asyncio.run(shelf.look(settled=True))
    assert shelf.profile(NAME) is before
    assert NAME in shelf.versions[NAME].refused[0]


def test_a_profile_that_never_was_is_told(shelf: Shelf) -> None:
    with pytest.raises(ProfileError, match="nulle-part"):
        asyncio.run(shelf.reload("nulle-part"))


def _leave(path: Path) -> None:
    path.write_text("learnt", encoding="utf-8")


def _fail(path: Path) -> None:
    raise ValueError(path)


@pytest.mark.parametrize(("work", "left"), [(_leave, True), (_fail, False)])
def test_work_apart_leaves_its_result_on_disk_or_a_warning(
    work: Callable[[Path], None], left: bool, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    asyncio.run(run_apart(work, tmp_path / "result"))
    assert (tmp_path / "result").exists() is left
    assert ("ended with status" in caplog.text) is not left
