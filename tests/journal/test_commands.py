"""``voicebot report`` and ``voicebot purge`` on a journal that a service has written."""

import csv
import importlib.util
import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.journal.conftest import Base, kept_open
from tests.journal.samples import AT, whole_contact
from voicebot.cli.main import main
from voicebot.clock import PARIS
from voicebot.journal.journal import Journal
from voicebot.journal.sheets import Row, inert, write_xlsx


@pytest.fixture
def config(base: Base, tmp_path: Path) -> Path:
    """A configuration file for a journal with two contacts of the 24th of November, one with a hostile intent."""

    async def work(journal: Journal) -> None:
        whole_contact(journal, "c1")
        whole_contact(journal, "c2", at=AT + timedelta(hours=1), intent="=HYPERLINK(0)", delay_ms=1200)
        whole_contact(journal, "today", at=datetime.now(PARIS) - timedelta(hours=1))

    kept_open(base, work)
    path = tmp_path / "config.toml"
    url = json.dumps(base.settings.url.partition("?timeout")[0])
    path.write_text(f"[paths]\ndata = {json.dumps(str(tmp_path))}\n[journal]\nurl = {url}\n", encoding="utf-8")
    return path


def run(*arguments: object) -> int:
    with pytest.raises(SystemExit) as ended:
        main([str(argument) for argument in arguments])
    return int(ended.value.code or 0)


DAY = ("--from", "2026-11-24", "--to", "2026-11-24")


def test_the_figures_as_json(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("report", "--config", config, *DAY, "--format", "json") == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert found["contacts"] == 2 + (datetime.now(PARIS).date() == AT.date())
    assert found["volumes"]["hours"]["11"] == 1
    assert found["delays"]["p95_ms"] == 1200


def test_the_figures_as_a_table(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("report", "--config", config, *DAY) == 0
    told = capsys.readouterr().out
    assert "Réglés sans conseiller" in told
    assert "100,0%" in told
    assert "répondu" in told


def test_without_dates_the_last_days_are_counted(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("report", "--config", config, "--format", "json") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["contacts"] >= 1
    assert found["last"] == datetime.now(PARIS).date().isoformat()


def test_no_cell_of_a_csv_is_a_formula(config: Path, tmp_path: Path) -> None:
    out = tmp_path / "bilan.csv"
    assert run("report", "--config", config, *DAY, "--format", "csv", "-o", out) == 0
    with out.open(encoding="utf-8-sig", newline="") as file:
        cells = list(csv.reader(file, delimiter=";"))
    assert ["Tours par demande", "'=HYPERLINK(0)", "1"] in cells
    assert not [cell for row in cells for cell in row if cell.startswith(("=", "+", "-", "@"))]


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_a_formula_is_made_inert(text: str) -> None:
    assert inert(text) == f"'{text}"


def test_a_workbook_holds_text_not_formulas_or_says_what_is_missing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], config: Path
) -> None:
    out = tmp_path / "bilan.xlsx"
    status = run("report", "--config", config, *DAY, "--format", "xlsx", "-o", out)
    if importlib.util.find_spec("openpyxl") is None:
        assert status == 1
        assert "openpyxl" in capsys.readouterr().err
        assert not out.exists()
        return
    openpyxl: Any = importlib.import_module("openpyxl")
    assert status == 0
    write_xlsx([Row("=1+1", "=cmd|' /C calc'!A0", 0.5, rate=True)], out)
    _heading, cells = openpyxl.load_workbook(out).active.iter_rows()
    assert [(cell.value, cell.data_type) for cell in cells] == [("=1+1", "s"), ("=cmd|' /C calc'!A0", "s"), (0.5, "n")]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--from", "24/11/2026"), "--from '24/11/2026': write an ISO date"),
        (("--from", "2026-11-25", "--to", "2026-11-24"), "exchange them"),
        (("--format", "xlsx"), "-o FILE.xlsx"),
        (("-o", "bilan.txt"), "--format json, csv or xlsx"),
    ],
)
def test_wrong_usage_says_what_to_write(
    arguments: tuple[str, ...], told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "config.toml"
    config.write_text("")
    assert run("report", "--config", config, *arguments) == 2
    assert told in capsys.readouterr().err


def test_a_database_that_does_not_answer_is_told_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "config.toml"
    config.write_text('[journal]\nurl = "postgresql://voicebot:hunter2@127.0.0.1:1/voicebot"\n')
    assert run("report", "--config", config) == 1
    [line] = capsys.readouterr().err.splitlines()
    assert "does not answer" in line
    assert "hunter2" not in line


def test_a_purge_says_how_much_of_each_kind_went(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with config.open("a", encoding="utf-8") as file:
        file.write("[journal.retention]\ntranscripts = 0\n")
    assert run("purge", "--config", config, "--json") == 0
    counts = json.loads(capsys.readouterr().out)
    assert counts["transcripts"] >= 1
    assert counts["contacts"] == 0
    assert run("purge", "--config", config) == 0
    assert "transcripts: 0" in capsys.readouterr().out
