"""How long the default prompts last in the slowest of the voices, spoken for real."""

from datetime import date, timedelta
from pathlib import Path

import py_nanotts
import pytest

from voicebot.hours import load_hours
from voicebot.ivr_menus import DEFAULT_MENUS, LONGEST_VALUES, load_menus, spoken_seconds
from voicebot.ivr_menus.check import MAX_PROMPT_S
from voicebot.ivr_menus.menus import fill

BYTES_PER_S = 16_000 * 2
MENUS = load_menus([DEFAULT_MENUS])


@pytest.fixture(scope="module")
def pico() -> py_nanotts.NanoTTS:
    return py_nanotts.NanoTTS()


@pytest.mark.parametrize("menu_id", sorted(MENUS.menus))
def test_a_prompt_spoken_by_the_slowest_voice_is_under_twenty_seconds(pico: py_nanotts.NanoTTS, menu_id: str) -> None:
    text = fill(MENUS.menu(menu_id).prompt(), LONGEST_VALUES)
    spoken_s = len(pico.speak(text, voice="fr-FR")) / BYTES_PER_S
    assert spoken_s < MAX_PROMPT_S
    assert spoken_seconds(text) == pytest.approx(spoken_s, rel=0.25), "the estimate is of use"


def test_no_hours_of_the_year_are_longer_than_those_the_prompts_are_judged_with() -> None:
    profiles = Path(__file__).resolve().parents[2] / "profiles"
    advisers = load_hours([profiles / "base", profiles / "coeur-cote-fleurie"]).calendar("conseillers")
    told = {advisers.weekly_words(date(2026, 11, 24) + timedelta(days=day)) for day in range(366)}
    assert len(told) == 2, "with and without the Saturday of the holidays"
    assert max(map(len, told)) <= len(LONGEST_VALUES["horaires"])
