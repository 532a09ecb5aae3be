"""The tables and how they come to be; keys that go with them."""

import asyncio
import stat
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, text

from tests.journal.conftest import Base, kept_open
from tests.journal.samples import CALLER, whole_contact
from voicebot.journal.database import HEAD, Database
from voicebot.journal.errors import JournalAway, JournalError, KeyTrouble
from voicebot.journal.journal import Journal
from voicebot.journal.opening import DATABASE_VARIABLE, open_archive, open_journal
from voicebot.journal.schema import metadata
from voicebot.journal.seal import ENCRYPTION_VARIABLE, PSEUDONYM_VARIABLE
from voicebot.journal.settings import JournalSettings


def test_the_steps_make_the_tables_that_the_code_speaks_of(empty_url: str) -> None:
    def ours(_object: object, name: str | None, *_more: object) -> bool:
        return not (name or "").startswith(("turn_words", "ix_turns_words"))  # each database searches words its own way

    def differences(connection: Connection) -> object:
        options = {"compare_type": True, "include_object": ours}
        return compare_metadata(MigrationContext.configure(connection, opts=options), metadata)

    async def compare() -> object:
        database = Database(empty_url)
        await database.prepare()
        async with database.reading() as connection:
            found = await connection.run_sync(differences)
        await database.close()
        return found

    assert asyncio.run(compare()) == []


def test_several_nodes_may_open_an_empty_database_at_once(empty_url: str) -> None:
    async def prepare_four() -> list[str]:
        databases = [Database(empty_url) for _ in range(4)]
        await asyncio.gather(*(database.prepare() for database in databases))
        async with databases[0].reading() as connection:
            found = list(await connection.scalars(text("SELECT version_num FROM alembic_version")))
        for database in databases:
            await database.close()
        return found

    assert asyncio.run(prepare_four()) == [HEAD]


def test_tables_of_a_later_version_are_left_alone(base: Base) -> None:
    kept_open(base, lambda journal: asyncio.sleep(0))

    async def make_later() -> None:
        database = Database(base.settings.url)
        async with database.writing() as connection:
            await connection.execute(text("UPDATE alembic_version SET version_num = 'r9999'"))
        await database.close()

    asyncio.run(make_later())
    with pytest.raises(JournalError, match="another version"):
        kept_open(base, lambda journal: asyncio.sleep(0))


def test_the_keys_are_made_once_for_this_user_alone(base: Base) -> None:
    async def pseudonym(journal: Journal) -> str | None:
        return journal.pseudonym(CALLER)

    first = kept_open(base, pseudonym)
    assert kept_open(base, pseudonym) == first
    for path in (base.settings.pseudonym_key, base.settings.encryption_key):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_missing_keys_are_not_made_again_beside_data_written_with_others(base: Base, tmp_path: Path) -> None:
    kept_open(base, lambda journal: asyncio.sleep(0))
    with pytest.raises(KeyTrouble, match="put them back"):
        kept_open(base.with_data(tmp_path / "other"), lambda journal: asyncio.sleep(0))


def test_one_missing_key_is_told(base: Base) -> None:
    kept_open(base, lambda journal: asyncio.sleep(0))
    base.settings.encryption_key.unlink()
    with pytest.raises(KeyTrouble, match=r"encryption\.key"):
        kept_open(base, lambda journal: asyncio.sleep(0))


@pytest.mark.parametrize("key", ["pseudonym_key", "encryption_key"])
def test_another_key_than_the_data_were_written_with_is_refused(base: Base, key: str, tmp_path: Path) -> None:
    kept_open(base, lambda journal: asyncio.sleep(0))
    path: Path = getattr(base.settings, key)
    path.write_bytes(b"A" * 43 + b"=")
    with pytest.raises(KeyTrouble, match=rf"{key.partition('_')[0]} key is not the one"):
        kept_open(base, lambda journal: asyncio.sleep(0))
    assert list(base.settings.spool.iterdir()) == []


@pytest.mark.parametrize(
    ("key", "value", "told"), [("pseudonym_key", b"short", "shorter"), ("encryption_key", b"x" * 44, "32 bytes")]
)
def test_a_key_that_is_none_is_refused(tmp_path: Path, key: str, value: bytes, told: str) -> None:
    settings = JournalSettings().within(tmp_path)

    async def opened() -> None:
        await (await open_journal(settings, {})).close()

    asyncio.run(opened())
    path: Path = getattr(settings, key)
    path.write_bytes(value)
    with pytest.raises(KeyTrouble, match=told):
        asyncio.run(opened())


def test_keys_and_address_may_come_from_the_environment(base: Base, tmp_path: Path) -> None:
    settings = JournalSettings().within(tmp_path / "node")
    environment = {
        DATABASE_VARIABLE: base.settings.url,
        PSEUDONYM_VARIABLE: "p" * 40,
        ENCRYPTION_VARIABLE: "A" * 43 + "=",
    }

    async def work() -> int:
        journal = await open_journal(settings, environment)
        whole_contact(journal, "c1")
        await journal.close()
        return journal.state.stored

    assert asyncio.run(work()) == 3
    assert not settings.pseudonym_key.exists()


def test_without_keys_nor_database_the_journal_does_not_open(server: Base) -> None:
    server.goes_away()
    try:
        with pytest.raises(JournalAway):
            kept_open(server, lambda journal: asyncio.sleep(0))
    finally:
        server.comes_back()
    assert not server.settings.pseudonym_key.exists()


def test_the_password_of_the_address_is_never_shown(tmp_path: Path) -> None:
    settings = JournalSettings(url="postgresql://voicebot:hunter2@localhost:1/voicebot").within(tmp_path)
    assert "hunter2" not in repr(settings)

    async def opened() -> None:
        async with open_archive(settings, {}):
            pass

    with pytest.raises(JournalAway) as told:
        asyncio.run(opened())
    assert "hunter2" not in str(told.value)
    assert "localhost" in str(told.value)


@pytest.mark.parametrize("url", ["mysql://host/base", "journal.sqlite", "/var/journal"])
def test_an_address_of_another_kind_is_a_mistake_of_configuration(url: str) -> None:
    with pytest.raises(ValueError, match="sqlite:/// or postgresql://"):
        JournalSettings(url=url)
