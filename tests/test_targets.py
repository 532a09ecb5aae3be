"""The advisers of a profile: what may be written of them, told with its line, and the places it makes to ring."""

import shutil
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from voicebot.clock import PARIS
from voicebot.profile import Profile, ProfileError, check_profile
from voicebot.telephony.base import TransferMode

ROOT = Path(__file__).resolve().parent.parent
NAME = "coeur-cote-fleurie"
BLIND, ATTENDED, BRIDGED = TransferMode.BLIND, TransferMode.ATTENDED, TransferMode.BRIDGED


def with_target(profile: Profile, **changes: Any) -> Profile:
    identity = profile.knowledge.identity
    target = replace(identity.targets[0], id="eau", **changes)
    changed = replace(identity, targets=(*identity.targets, target))
    return replace(profile, knowledge=replace(profile.knowledge, identity=changed))


def places(profile: Profile) -> list[tuple[str, TransferMode, tuple[str, ...]]]:
    return [(order.uri, order.mode, order.also) for order in profile.orders("eau")]


def test_each_address_is_tried_by_each_way_in_order(profile: Profile) -> None:
    found = places(with_target(profile, uris=("sip:a@b", "sip:c@d"), modes=("bridged", "blind")))
    assert found == [
        ("sip:a@b", BRIDGED, ()),
        ("sip:a@b", BLIND, ()),
        ("sip:c@d", BRIDGED, ()),
        ("sip:c@d", BLIND, ()),
    ]


def test_addresses_that_ring_together_are_one_place_but_for_a_blind_transfer(profile: Profile) -> None:
    found = places(with_target(profile, uris=("sip:a@b", "sip:c@d"), parallel=True, modes=("attended", "blind")))
    assert found == [("sip:a@b", ATTENDED, ("sip:c@d",)), ("sip:a@b", BLIND, ()), ("sip:c@d", BLIND, ())]


def test_without_ways_of_its_own_a_target_has_those_of_the_profile(profile: Profile) -> None:
    assert [mode for _, mode, _ in places(with_target(profile, uris=("sip:a@b",)))] == [ATTENDED, BRIDGED, BLIND]


def test_a_target_is_open_by_its_own_calendar_and_on_call_always(profile: Profile) -> None:
    night = datetime(2026, 11, 24, 23, 0, tzinfo=PARIS)
    assert not profile.target_open("conseillers", night)
    assert profile.target_open("conseillers", night.replace(hour=10))
    assert profile.target_open("astreinte", night)
    assert not profile.target_open("sip:pirate@example.org", night.replace(hour=10))


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ('sip = ["sip:conseillers@', 'sip = ["conseillers@', "n’est pas une adresse comme sip:"),
        ('sujets = ["*"]', 'sujets = ["*"]\ncalendrier = "lune"', "pas de calendrier « lune »"),
        ('sujets = ["*"]', 'sujets = ["*"]\ntransfert = ["pigeon"]', "« pigeon » n’est pas prévu"),
        ('sujets = ["*"]', 'sujets = ["*"]\ncourriel = "voirie"', "n’est pas une adresse électronique"),
        ('sujets = ["*"]', 'sujets = ["*"]\ncapacites = 2', "capacites"),
    ],
)
def test_a_mistake_in_a_target_is_told_with_its_line(tmp_path: Path, before: str, after: str, told: str) -> None:
    shutil.copytree(ROOT / "profiles", tmp_path, dirs_exist_ok=True)
    file = tmp_path / NAME / "profile.toml"
    text = file.read_text(encoding="utf-8").replace(before, after, 1)
    file.write_text(text, encoding="utf-8")
    line = 1 + text[: text.index(after.splitlines()[-1])].count("\n")
    with pytest.raises(ProfileError) as caught:
        check_profile(NAME, tmp_path)
    assert any(told in mistake and f":{line}" in mistake for mistake in caught.value.mistakes), caught.value
