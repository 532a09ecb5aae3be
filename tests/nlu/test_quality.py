"""The floor under the figures on the development set, without the semantic view, and the report that tells them."""

from pathlib import Path

import pytest

from voicebot.dialog.nlu.engine import NluEngine
from voicebot.dialog.nlu.errors import NluDataError
from voicebot.dialog.nlu.evaluate import Report, Score, evaluate, read_rows, same_value

DEV = Path(__file__).with_name("dev.tsv")


@pytest.fixture(scope="module")
def report(engine: NluEngine) -> Report:
    return evaluate(engine, read_rows(DEV))


def test_the_development_set_is_large_and_varied() -> None:
    rows = read_rows(DEV)
    others = [row for row in rows if row.intents[0] == "hors_sujet"]
    assert len(rows) >= 400
    assert len(others) >= 0.15 * len(rows)


def test_ordinary_french_is_understood(report: Report) -> None:
    assert report.outright.share >= 0.90
    assert report.acceptable.share >= 0.95
    assert report.entities.share >= 0.95


def test_other_subjects_are_refused(report: Report) -> None:
    assert report.false_accepts.share <= 0.03


def test_confidence_is_calibrated(report: Report) -> None:
    assert report.calibration_error <= 0.06


def test_the_report_is_one_page_with_the_figures_and_failures(report: Report) -> None:
    page = report.to_html()
    assert page.startswith("<!doctype html>")
    assert str(report.outright) in page
    assert all(title in page for title in ("Par intention", "Confusions", "Calibration", "Échecs"))


def test_a_wrong_line_of_a_labelled_set_is_told(tmp_path: Path) -> None:
    file = tmp_path / "set.tsv"
    file.write_text("bonjour\tsaluer\t{}\nbonsoir\tsaluer\t{\n", encoding="utf-8")
    with pytest.raises(NluDataError, match="line 2"):
        read_rows(file)


def test_values_are_compared_by_meaning() -> None:
    assert same_value("objet", "une bouteille plastique", "bouteille en plastique")
    assert same_value("reference", "D-472", "D472")
    assert not same_value("commune", "Touques", "Deauville")
    assert str(Score(9, 10)) == "90.0 % (9/10)"
