"""Pronunciations as data."""

from pathlib import Path

import pytest

from voicebot.tts.clauses import NO_BREAK
from voicebot.tts.normalise import LexiconError, Normaliser, load_lexicon


def test_a_name_is_respelt_for_its_sound() -> None:
    normaliser = Normaliser(load_lexicon())
    assert normaliser.pronounced("À Villers-sur-Mer et Saint-Arnoult.", "espeak") == "À Villère-sur-Mer et Saint-Arnou."


def test_only_whole_words_are_respelt() -> None:
    assert Normaliser(load_lexicon()).pronounced("Villerville, les mailles", "pico") == "Villerville, les mailles"


def test_english_is_left_alone() -> None:
    assert Normaliser(load_lexicon()).pronounced("by mail", "espeak", "en") == "by mail"


def test_bound_words_stay_bound() -> None:
    assert load_lexicon().respell(f"et{NO_BREAK}cetera", "espeak") == f"et{NO_BREAK}cétéra"


def test_a_profile_lays_its_words_over_the_default_ones(tmp_path: Path) -> None:
    profile = tmp_path / "lexicon.toml"
    profile.write_text('[all]\n"Villers" = "Vilère"\n[pico]\n"Azif" = "Azife"\n', encoding="utf-8")
    lexicon = load_lexicon(profile)
    assert lexicon.respell("Villers, Arnoult, Azif", "pico") == "Vilère, Arnou, Azife"
    assert lexicon.respell("Azif", "espeak") == "Azif"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[all\n", "not a TOML file"),
        ('[alls]\n"a" = "b"\n', "unknown table"),
        ('[all]\n"a" = 3\n', "letters only"),
        ('[all]\n"a" = "b4"\n', "letters only"),
        ('all = "a"\n', "must be a table"),
    ],
)
def test_a_wrong_file_is_told_with_its_name(tmp_path: Path, content: str, message: str) -> None:
    profile = tmp_path / "lexicon.toml"
    profile.write_text(content, encoding="utf-8")
    with pytest.raises(LexiconError, match=message) as raised:
        load_lexicon(profile)
    assert "lexicon.toml" in str(raised.value)


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(LexiconError, match="cannot be read"):
        load_lexicon(tmp_path / "none.toml")
