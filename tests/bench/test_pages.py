"""A journal filled with made-up contacts, and every page of the site asked for over it."""

import asyncio
import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tests.journal.samples import rows
from voicebot.bench.made_up import FICTION_PREFIXES
from voicebot.bench.pages import TARGET_MS, CannotAsk, Found, Timed, addresses
from voicebot.cli.main import main

ROOT = Path(__file__).resolve().parents[2]
FILL = ("fill", "--contacts", "400", "--turns", "1600", "--since", "2026-09-01", "--until", "2026-11-20")


def run(*arguments: object) -> int:
    with pytest.raises(SystemExit) as ended:
        main([str(argument) for argument in arguments])
    return int(ended.value.code or 0)


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A configuration whose journal was filled."""
    folder = tmp_path_factory.mktemp("filled")
    path = folder / "config.toml"
    tables = {
        "paths": {name: ROOT / name for name in ("profiles", "models", "prompts")} | {"data": ROOT / "var"},
        "journal": {name: folder / name for name in ("spool", "pseudonym_key", "encryption_key")},
    }
    for name, values in tables.items():
        lines = "".join(f"{key} = {json.dumps(str(value))}\n" for key, value in values.items())
        with path.open("a") as out:
            out.write(f"[{name}]\n{lines}")
    url = f"sqlite:///{folder / 'journal.sqlite'}"
    with path.open("a") as out:
        out.write(f"url = {json.dumps(url)}\n")
    assert run("journal", *FILL, "--seed", 7, "--config", path) == 0
    return path


def table(config: Path, name: str) -> list[dict[str, Any]]:
    return asyncio.run(rows(f"sqlite:///{config.parent / 'journal.sqlite'}", name))


def test_a_journal_is_filled_with_as_many_contacts_and_turns_as_asked(filled: Path) -> None:
    contacts = table(filled, "contacts")
    assert len(contacts) == 400
    assert len(table(filled, "turns")) == 1600
    assert all("2026-09-01" <= contact["day"] <= "2026-11-20" for contact in contacts)
    assert all(contact["id"].startswith("demo-") and contact["ended_at"] for contact in contacts)
    assert {contact["channel"] for contact in contacts} >= {"phone", "chat", "email"}
    assert {contact["outcome"] for contact in contacts} >= {"answered", "ticket", "callback", "transferred", "hung_up"}
    assert max(contact["hour"] for contact in contacts if contact["channel"] == "desk") < 19


def test_nothing_made_up_is_told_to_the_outside(filled: Path) -> None:
    assert table(filled, "announcements") == []
    assert table(filled, "outbox") == []


def test_a_journal_that_holds_contacts_is_not_filled_by_mistake(
    filled: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("journal", *FILL, "--config", filled) == 1
    assert "holds 400 contacts" in capsys.readouterr().err


def test_a_journal_in_service_is_not_filled_without_a_yes(filled: Path, capsys: pytest.CaptureFixture[str]) -> None:
    public = filled.with_name("public.toml")
    public.write_text(filled.read_text() + '[web]\npublic_url = "https://appels.example.org"\n')
    assert run("journal", *FILL, "--into-existing", "--config", public) == 1
    assert "https://appels.example.org" in capsys.readouterr().out
    assert len(table(filled, "contacts")) == 400


def test_every_page_is_asked_for_and_timed(filled: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status = run("bench", "pages", "--rounds", 1, "--config", filled, "--json")
    report = json.loads(capsys.readouterr().out)
    slow = [page for page in report["pages"] if page["p95_ms"] > TARGET_MS]
    assert status == (1 if slow else 0)  # a machine that does other things as well may be slow
    asked = {page["page"] for page in report["pages"]}
    assert asked >= {"/contacts", "/contacts/{contact}", "/personnes/{person}", "/demandes/{record}", "/chiffres"}
    assert report["all"]["requests"] == len(report["pages"])
    assert table(filled, "users") == []  # the visitor is gone


def test_a_page_that_nothing_is_known_of_is_told() -> None:
    class Unknown:
        method, path = "GET", "/nouvelle/{chose}"

    with pytest.raises(CannotAsk, match=r"\{chose\}"):
        addresses([Unknown()], Found(date(2026, 11, 24)))  # type: ignore[list-item]


def test_what_was_made_up_is_taken_out_whole(filled: Path) -> None:
    assert run("journal", "unfill", "--config", filled) == 0
    for name in ("contacts", "turns", "records", "surveys", "coordinates", "comments"):
        assert table(filled, name) == [], name


def test_made_up_callers_have_numbers_that_are_nobodys() -> None:
    assert all(prefix.startswith("+33") and len(prefix) == len("+3363998") for prefix in FICTION_PREFIXES)


@pytest.mark.parametrize(("share", "least"), [(0.5, 10.0), (0.95, 19.0)])
def test_a_share_of_times_is_of_the_nearest_rank(share: float, least: float) -> None:
    timed = Timed(None, [float(ms) for ms in range(1, 21)])  # type: ignore[arg-type]
    assert timed.share_ms(share) == least
