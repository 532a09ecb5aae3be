"""Spoken French for dates, hours, places and numbers."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicebot.dialog import wording
from voicebot.dialog.templates import Template
from voicebot.dialog.wording import Words

TUESDAY = date(2026, 11, 24)


@pytest.mark.parametrize(
    ("day", "ear", "eye"),
    [
        (date(2026, 11, 24), "aujourd’hui, mardi 24 novembre", ""),
        (date(2026, 11, 25), "demain, mercredi 25 novembre", ""),
        (date(2026, 12, 1), "le mardi premier décembre", "le mardi 1er décembre"),
        (date(2028, 1, 3), "le lundi 3 janvier 2028", ""),
    ],
)
def test_day_is_told_as_people_say_it(day: date, ear: str, eye: str) -> None:
    words = wording.near_date(day, TUESDAY)
    assert words.ear == ear
    assert words.written == (eye or ear)


@pytest.mark.parametrize(
    ("days", "rule", "said"),
    [
        ((0, 3), "FREQ=WEEKLY", "le lundi et le jeudi"),
        ((0, 1, 2, 3, 4, 5), "FREQ=WEEKLY", "du lundi au samedi"),
        (tuple(range(7)), "FREQ=WEEKLY", "tous les jours"),
        ((4,), "FREQ=WEEKLY;INTERVAL=2", "un vendredi sur deux"),
        ((2,), "FREQ=MONTHLY;BYDAY=1WE", "le premier mercredi du mois"),
        ((2,), "FREQ=MONTHLY;BYDAY=-1WE", "le dernier mercredi du mois"),
    ],
)
def test_recurrence_is_told_in_words(days: tuple[int, ...], rule: str, said: str) -> None:
    assert wording.recurrence(days, rule) == said


def test_prepositions_contract_with_articles() -> None:
    assert wording.at_place("Le Havre") == "au Havre"
    assert wording.of_place("Honfleur") == "d’Honfleur"
    assert wording.of_place("Touques") == "de Touques"
    assert wording.of_group("les emballages") == "des emballages"
    assert wording.of_group("la collecte") == "de la collecte"
    assert wording.of_group("l’adresse") == "de l’adresse"
    assert wording.of_group("un conseiller") == "d’un conseiller"


def test_number_is_read_back_in_pairs() -> None:
    words = wording.dictated_number("+33612345678")
    assert (words.ear, words.written) == ("06, 12, 34, 56, 78", "06 12 34 56 78")


def test_reference_is_spelled_for_the_ear_only() -> None:
    assert wording.spelled("D-472") == Words("D, 4, 7, 2", "D-472")


@pytest.mark.parametrize(("minutes", "said"), [(540, "9 h"), (720, "midi"), (810, "13 h 30"), (545, "9 h 05")])
def test_hour_is_told_in_words(minutes: int, said: str) -> None:
    assert wording.hour(minutes) == said


@given(st.text())
def test_folding_is_stable_and_plain(text: str) -> None:
    folded = wording.fold(text)
    assert wording.fold(folded) == folded
    assert folded == folded.strip()


def test_template_capitalises_each_sentence_and_keeps_both_forms() -> None:
    words = Template("{a_commune}, c’est {jour}. {reste}.").render(
        {"a_commune": Words("à Touques"), "jour": Words("le premier", "le 1er"), "reste": Words("fini.")}
    )
    assert words == Words("À Touques, c’est le premier. Fini.", "À Touques, c’est le 1er. Fini.")


def test_template_is_cut_so_that_fixed_sentences_stand_alone() -> None:
    parts = [part.text for part in Template("Bonjour. Bienvenue. Voici {a}. À bientôt.").parts()]
    assert parts == ["Bonjour. Bienvenue.", "Voici {a}.", "À bientôt."]


@given(st.text(alphabet=st.characters(max_codepoint=127), max_size=40))
def test_an_accent_elsewhere_changes_nothing_in_how_a_text_is_folded(text: str) -> None:
    assert wording.fold(f"{text} é") == f"{wording.fold(text)} e".strip()
