"""Another community is another folder: what differs is what it says, and nothing of the first shows through."""

import shutil
from datetime import datetime
from pathlib import Path

import pytest

from tests.conftest import LEARNT
from tests.dialog.scripted import context, converse
from voicebot.app import new_dialogue
from voicebot.clock import PARIS
from voicebot.dialog.knowledge import load_knowledge
from voicebot.dialog.turns import Heard, Transfer
from voicebot.hours import load_hours
from voicebot.profile import ProfileError, check_profile, load_menus_of, load_profile

ROOT = Path(__file__).resolve().parents[2]
NAME = "vallee-de-l-ombelle"
FOLDERS = [ROOT / "profiles" / "base", ROOT / "tests" / "profiles" / NAME]


@pytest.fixture(scope="module")
def profiles(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("profiles")
    (folder / "base").symlink_to(ROOT / "profiles" / "base")
    shutil.copytree(FOLDERS[1], folder / NAME)
    return folder


def test_it_is_valid_as_a_whole(profiles: Path) -> None:
    check_profile(NAME, profiles)


def test_its_hours_are_its_own() -> None:
    advisers = load_hours(FOLDERS).calendar("conseillers")
    assert advisers.is_open(datetime(2026, 11, 24, 8, 45, tzinfo=PARIS))
    assert not advisers.is_open(datetime(2026, 11, 24, 15, tzinfo=PARIS))
    assert advisers.is_open(datetime(2026, 11, 28, 10, tzinfo=PARIS)), "every Saturday, not in school holidays only"


def test_its_menus_voice_targets_and_answers_are_its_own(profiles: Path) -> None:
    knowledge = load_knowledge(FOLDERS)
    assert knowledge.identity.voice.speed == 0.9
    assert [choice.name for choice in load_menus_of(NAME, profiles).menu("nuit").choices] == [
        "déchèterie",
        "fontainier",
        "être rappelé",
    ]
    _, replies = converse(
        knowledge,
        "le compost [tri.compost]",
        "les ordures à Roquefleur [collecte.jours flux=ordures_menageres commune=Roquefleur]",
        "une fuite dans la rue [eau.fuite]",
        "(touches 1)",
        at=context(open_=False),
    )
    said = " ".join(reply.text for reply in replies)
    assert "Camille" in said
    assert "La vallée prête un composteur" in said
    assert "lundi" in replies[2].text
    assert [action.target for action in replies[-1].actions if isinstance(action, Transfer)] == ["fontainier"]
    for of_the_first in ("Sophie", "Cœur", "Deauville", "Toulouse"):
        assert of_the_first not in said


def test_its_own_places_are_understood_in_ordinary_words(profiles: Path) -> None:
    valley = load_profile(NAME, profiles, LEARNT)
    morning = datetime(2026, 11, 24, 10, tzinfo=PARIS)
    dialogue = new_dialogue(valley, lambda: morning, seed="valley")
    assert "lundi" in dialogue.respond(Heard("c'est quel jour les poubelles à Roquefleur")).text
    assert "Roquefleur" in dialogue.respond(Heard("et la déchèterie, c'est où ?")).text


def test_three_communes_are_read_out_at_once_to_whoever_types() -> None:
    _, replies = converse(load_knowledge(FOLDERS), "les ordures [collecte.jours flux=ordures_menageres]", "(touches 2)")
    assert "Roquefleur" in replies[-1].text


def test_a_menu_that_names_an_unknown_target_is_refused(profiles: Path, tmp_path: Path) -> None:
    shutil.copytree(profiles, tmp_path / "profiles", symlinks=True)
    menu = tmp_path / "profiles" / NAME / "menus" / "nuit.toml"
    menu.write_text(menu.read_text(encoding="utf-8").replace('transfert = "fontainier"', 'transfert = "pompier"'))
    with pytest.raises(ProfileError, match="« pompier » n’existe pas ; connus : conseillers, fontainier"):
        check_profile(NAME, tmp_path / "profiles")
