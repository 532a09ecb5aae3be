"""The REST API on a real journal: tokens and scopes, pages, contacts of other channels, one person's data."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from tests.journal.samples import AT, CALLER, ended, kept, started, turn, whole_contact
from tests.web.test_openapi import check
from tests.web.visitors import run
from voicebot.cli.main import main
from voicebot.clock import VirtualClock
from voicebot.journal.journal import Journal
from voicebot.journal.listing import Listing
from voicebot.journal.opening import open_journal
from voicebot.journal.people import People, e164
from voicebot.journal.settings import JournalSettings
from voicebot.journal.tokens import SCOPES, Tokens
from voicebot.web.api import PREFIX, ApiPorts, api_application

NUMBER = "06 12 34 56 78"
LETTER = {
    "external_id": "mail-1",
    "channel": "email",
    "at": "2026-11-23T09:00:00+01:00",
    "number": NUMBER,
    "said": "Rappelez-moi au 06 12 34 56 78 <script>",
    "theme": "eau",
    "nature": "complaint",
    "commune": "Touques",
}


@dataclass
class Program:
    """A program with a token that calls the API."""

    client: "TestClient[web.Request, web.Application]"
    journal: Journal
    tokens: Tokens
    clock: VirtualClock
    token: str = ""

    async def call(self, method: str, path: str, body: Any = None, **more: Any) -> tuple[int, Any]:
        """Call the API; every response must be what the OpenAPI document says."""
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        answer = await self.client.request(method, PREFIX + path, json=body, headers=headers, **more)
        document = await answer.json()
        check(method, PREFIX + path, answer.status, answer.content_type, document)
        return answer.status, document


@asynccontextmanager
async def calling(folder: Path, *scopes: str, per_minute: int = 6000) -> AsyncIterator[Program]:
    """Serve the API on a journal in ``folder``, and give a program a token with ``scopes``."""
    journal = await open_journal(JournalSettings().within(folder), {})
    archive, clock = journal.archive, VirtualClock(AT)
    assert archive.seal is not None
    tokens = Tokens(archive.database)
    people = People(archive.database, archive.seal)
    ports = ApiPorts(journal, tokens, Listing(archive.database), people, "coeur-cote-fleurie")
    site = web.Application()
    site.add_subapp(PREFIX, api_application(ports, clock, per_minute))
    try:
        async with TestClient(TestServer(site)) as client:
            program = Program(client, journal, tokens, clock)
            if scopes:
                program.token = await tokens.new("CRM", scopes, clock.now())
            yield program
    finally:
        await journal.close()


def test_contacts_are_read_page_by_page_without_loss_or_repeat(tmp_path: Path) -> None:
    async def work() -> Any:
        async with calling(tmp_path, "contacts:read") as program:
            for number in range(5):
                whole_contact(program.journal, f"c{number}", AT + timedelta(hours=number // 2))
            await program.journal.settled()
            seen: list[str] = []
            cursor = ""
            while True:
                _, page = await program.call("get", "/contacts", params={"limit": "2", "cursor": cursor})
                whole_contact(program.journal, f"new{len(seen)}", AT + timedelta(days=1))
                await program.journal.settled()
                seen += [contact["id"] for contact in page["items"]]
                cursor = page["cursor"]
                if not cursor:
                    return seen

    assert run(work()) == ["c4", "c3", "c2", "c1", "c0"]


def test_contacts_are_filtered(tmp_path: Path) -> None:
    async def work() -> Any:
        async with calling(tmp_path, "contacts:read") as program:
            whole_contact(program.journal, "c1", AT)
            whole_contact(program.journal, "c2", AT + timedelta(days=1))
            await program.journal.settled()
            found = []
            for query in (
                {"commune": "Deauville"},
                {"commune": "Touques"},
                {"since": "2026-11-25T00:00:00+01:00"},
                {"until": "2026-11-25T00:00:00+01:00", "channel": "phone"},
            ):
                _, page = await program.call("get", "/contacts", params=query)
                found.append([contact["id"] for contact in page["items"]])
            return found

    assert run(work()) == [["c2", "c1"], [], ["c2"], ["c1"]]


@pytest.mark.parametrize(
    "query", [{"colour": "red"}, {"limit": "many"}, {"since": "yesterday"}, {"cursor": "x"}, {"cursor": "MQ=="}]
)
def test_a_wrong_question_is_told(tmp_path: Path, query: dict[str, str]) -> None:
    async def work() -> Any:
        async with calling(tmp_path, "contacts:read") as program:
            return await program.call("get", "/contacts", params=query)

    status, problem = run(work())
    assert (status, problem["code"]) == (400, "invalid")
    assert next(iter(query)) in problem["detail"]


@pytest.mark.parametrize("scopes", [(), ("transcripts:read", "records:read")])
def test_words_and_records_need_their_scopes(tmp_path: Path, scopes: tuple[str, ...]) -> None:
    async def work() -> Any:
        async with calling(tmp_path, "contacts:read", *scopes) as program:
            journal = program.journal
            journal.contact_started(started())
            journal.turn(turn(heard="mon numéro est le 06 12 34 56 78"))
            journal.record(kept())
            journal.contact_ended(ended())
            await journal.settled()
            return (await program.call("get", "/contacts/c1"))[1]

    found = run(work())
    assert (found["turns"] is not None, len(found["records"])) == (bool(scopes), len(scopes) // 2)
    assert "06 12 34" not in json.dumps(found)


def test_a_contact_of_another_channel_joins_the_history_of_the_person(tmp_path: Path) -> None:
    async def work() -> Any:
        async with calling(tmp_path, "contacts:write", "people:read", "transcripts:read", "contacts:read") as program:
            whole_contact(program.journal, "c1", AT)
            first = await program.call("post", "/contacts", LETTER)
            again = await program.call("post", "/contacts", LETTER)
            await program.journal.settled()
            _, history = await program.call("post", "/people/history", {"number": "+33 6 12 34 56 78"})
            _, letter = await program.call("get", f"/contacts/{first[1]['id']}")
            return first, again, history, letter

    first, again, history, letter = run(work())
    assert first == again
    assert first[0] == 201
    assert [(contact["channel"], contact["theme"]) for contact in history["contacts"]] == [
        ("phone", "collecte"),
        ("email", "eau"),
    ]
    assert letter["turns"][0]["heard"] == "Rappelez-moi au •• 78 <script>"


def test_a_record_moves_on_in_the_name_of_the_token_and_shows_coordinates_by_scope(tmp_path: Path) -> None:
    async def work(*scopes: str) -> Any:
        async with calling(tmp_path, "records:read", "records:write", *scopes) as program:
            program.journal.contact_started(started())
            program.journal.record(kept(slots={"telephone": "+33612345678"}))
            await program.journal.settled()
            status, record = await program.call("put", "/records/c1:2/state", {"state": "done"})
            missing, _ = await program.call("put", "/records/none/state", {"state": "done"})
            _, page = await program.call("get", "/records", params={"state": "done"})
            return status, missing, record, len(page["items"])

    status, missing, record, found = run(work())
    assert (status, missing, record["state"], record["coordinates"], found) == (200, 404, "done", None, 1)
    assert run(work("coordinates:read"))[2]["coordinates"] == {"telephone": "+33612345678"}


def test_consents_are_noted_shown_used_and_withdrawn(tmp_path: Path) -> None:
    consent = {"number": NUMBER, "purpose": "information", "channel": "email", "source": "accueil"}

    async def work() -> Any:
        async with calling(tmp_path, "people:read", "people:write") as program:
            archive = program.journal.archive
            assert archive.seal is not None
            people = People(archive.database, archive.seal)
            wrong, _ = await program.call("post", "/people/consents", consent)
            for address in ("old@example.org", "marie@example.org"):
                given, _ = await program.call("post", "/people/consents", consent | {"address": address})
            await program.call("post", "/people/consents", consent | {"channel": "sms"})
            reachable = [(one.channel, one.address) for one in await people.reachable("information")]
            _, history = await program.call("post", "/people/history", {"number": NUMBER})
            _, export = await program.call("post", "/people/export", {"number": NUMBER})
            _, gone = await program.call(
                "post", "/people/consents/withdraw", {"number": NUMBER, "purpose": "information"}
            )
            return (
                wrong,
                given,
                reachable,
                history["consents"],
                export["data"],
                gone,
                await people.reachable("information"),
            )

    wrong, given, reachable, shown, data, gone, left = run(work())
    assert (wrong, given) == (400, 201)
    assert reachable == [("email", "marie@example.org"), ("sms", "+33612345678")]
    assert [(one["channel"], one["source"]) for one in shown] == [("email", "accueil"), ("sms", "accueil")]
    assert data["consents"][0]["coordinates"] == {"email": "marie@example.org"}
    assert gone == {"erased": {"consents": 2}}
    assert left == []


def test_a_person_is_erased_with_what_was_just_noted(tmp_path: Path) -> None:
    async def work() -> Any:
        async with calling(tmp_path, "people:read", "people:write") as program:
            whole_contact(program.journal, "c1")
            _, erased = await program.call("post", "/people/erase", {"number": NUMBER})
            _, export = await program.call("post", "/people/export", {"number": NUMBER})
            return erased["erased"], export["data"]

    erased, left = run(work())
    assert (erased["contacts"], erased["turns"]) == (1, 1)
    assert not any(rows for name, rows in left.items() if name != "pseudonym")


def test_a_token_that_is_none_revoked_or_expired_is_refused(tmp_path: Path) -> None:
    async def work() -> Any:
        async with calling(tmp_path, "contacts:read") as program:
            good = program.token
            statuses = []
            for token in ("", "nonsense", "vb_000000000000_x", good[:-1] + ("a" if good[-1] != "a" else "b"), good):
                program.token = token
                statuses.append((await program.call("get", "/contacts"))[0])
            program.token = await program.tokens.new("short", ["contacts:read"], program.clock.now(), days=1)
            statuses.append((await program.call("get", "/contacts"))[0])
            program.clock.advance(86_401)
            statuses.append((await program.call("get", "/contacts"))[0])
            await program.tokens.revoke(good.split("_")[1], program.clock.now())
            program.token = good
            statuses.append((await program.call("get", "/contacts"))[0])
            return statuses

    assert run(work()) == [401, 401, 401, 401, 200, 200, 401, 401]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("get", "/contacts", None),
        ("get", "/contacts/c1", None),
        ("post", "/contacts", LETTER),
        ("get", "/records", None),
        ("get", "/records/r", None),
        ("put", "/records/r/state", {"state": "done"}),
        ("post", "/people/history", {"number": NUMBER}),
        ("post", "/people/export", {"number": NUMBER}),
        ("post", "/people/erase", {"number": NUMBER}),
        ("post", "/people/consents", {}),
        ("post", "/people/consents/withdraw", {}),
    ],
)
def test_every_operation_needs_its_scope(tmp_path: Path, method: str, path: str, body: Any) -> None:
    async def work() -> Any:
        async with calling(tmp_path, "metrics:read") as program:
            return await program.call(method, path, body)

    status, problem = run(work())
    assert (status, problem["code"]) == (403, "scope_missing")


def test_a_token_that_asks_too_often_waits(tmp_path: Path) -> None:
    async def work() -> Any:
        async with calling(tmp_path, "contacts:read", per_minute=4) as program:
            statuses = [(await program.call("get", "/contacts"))[0] for _ in range(3)]
            program.clock.advance(15)
            return [*statuses, (await program.call("get", "/contacts"))[0]]

    assert run(work()) == [200, 200, 429, 200]


def test_whoever_guesses_tokens_waits(tmp_path: Path) -> None:
    async def work() -> Any:
        async with calling(tmp_path) as program:
            program.token = "vb_guess_guess"
            return [(await program.call("get", "/contacts"))[0] for _ in range(21)]

    assert run(work()) == [401] * 20 + [429]


def test_only_a_digest_of_a_token_is_stored(tmp_path: Path) -> None:
    async def work() -> str:
        async with calling(tmp_path, "contacts:read") as program:
            await program.call("get", "/contacts")
            return program.token

    token = run(work())
    stored = b"".join(path.read_bytes() for path in tmp_path.rglob("journal.sqlite*"))
    assert token.split("_")[1].encode() in stored
    assert token.split("_", 2)[2].encode() not in stored


@pytest.mark.parametrize(
    ("written", "found"),
    [("06 12 34 56 78", CALLER), ("+33612345678", CALLER), ("0033 6 12 34 56 78", CALLER), ("12", None), ("abc", None)],
)
def test_a_number_is_the_same_however_it_is_written(written: str, found: str | None) -> None:
    assert e164(written) == found


@pytest.fixture
def config(tmp_path: Path) -> str:
    """A configuration whose data are in a folder of their own."""
    path = tmp_path / "config.toml"
    path.write_text('[paths]\ndata = "data"\n', encoding="utf-8")
    return str(path)


def command(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as end:
        main(list(arguments))
    shown = capsys.readouterr()
    return int(end.value.code or 0), shown.out, shown.err


def test_tokens_are_made_listed_and_revoked_from_the_command_line(
    capsys: pytest.CaptureFixture[str], config: str
) -> None:
    made = command(capsys, "tokens", "new", "--name", "CRM", "--scope", "contacts:read", "--json", "--config", config)
    token_id = json.loads(made[1])["token"].split("_")[1]
    listed = command(capsys, "tokens", "list", "--json", "--config", config)
    assert json.loads(listed[1])["state"] == "valid"
    assert command(capsys, "tokens", "revoke", token_id, "--config", config)[0] == 0
    assert json.loads(command(capsys, "tokens", "list", "--json", "--config", config)[1])["state"] == "revoked"
    assert command(capsys, "tokens", "revoke", token_id, "--config", config)[0] == 1


def test_an_unknown_scope_is_told_with_those_there_are(capsys: pytest.CaptureFixture[str], config: str) -> None:
    status, _, err = command(capsys, "tokens", "new", "--name", "x", "--scope", "all", "--config", config)
    assert status == 2
    assert "unknown scope all" in err
    assert all(scope in err for scope in SCOPES)


def test_one_person_is_exported_and_erased_from_the_command_line(
    capsys: pytest.CaptureFixture[str], config: str, tmp_path: Path
) -> None:
    async def fill() -> None:
        journal = await open_journal(JournalSettings().within(tmp_path / "data"), {})
        whole_contact(journal, "c1")
        await journal.close()

    run(fill())
    _, out, _ = command(capsys, "person", "export", NUMBER, "--config", config)
    assert [contact["id"] for contact in json.loads(out)["contacts"]] == ["c1"]
    _, out, _ = command(capsys, "person", "erase", NUMBER, "--yes", "--json", "--config", config)
    assert json.loads(out)["contacts"] == 1
    assert json.loads(command(capsys, "person", "export", NUMBER, "--config", config)[1])["contacts"] == []
    assert command(capsys, "person", "erase", "12", "--yes", "--config", config)[0] == 2
