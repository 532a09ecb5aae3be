"""The sound of a message on the page of its request: who may listen, from where, and that it is noted."""

from tests.journal.conftest import Base
from tests.journal.samples import rows
from tests.journal.test_voices import WAV, leave
from tests.web.site_served import Site, run, site_of
from voicebot.profile import Profile


async def listened(site: Site, path: str, part: str = "") -> tuple[int, bytes, str]:
    headers = {"Range": part} if part else {}
    async with site.client.get(path, headers=headers, allow_redirects=False) as answer:
        return answer.status, await answer.read(), answer.headers.get("Content-Range", "")


async def left(site: Site, base: Base) -> str:
    """Have a message in the journal; return the address of its sound."""
    await leave(site.journal)
    [record] = await rows(base.settings.url, "records")
    return f"/demandes/{record['id']}/message"


def test_an_adviser_listens_on_the_page_of_the_request_and_it_is_noted(sqlite_base: Base, profile: Profile) -> None:
    async def visit() -> None:
        async with site_of(sqlite_base, profile) as site:
            path = await left(site, sqlite_base)
            await site.sign_in("ahmed")
            assert path in await site.read(path.removesuffix("/message"))
            assert await listened(site, path) == (200, WAV, "")
            actions = await rows(sqlite_base.settings.url, "actions")
            assert [one["who"] for one in actions if one["action"] == "listen"] == ["ahmed"]

    run(visit())


def test_a_player_may_begin_anywhere_in_it(sqlite_base: Base, profile: Profile) -> None:
    async def visit() -> None:
        async with site_of(sqlite_base, profile) as site:
            path, size = await left(site, sqlite_base), len(WAV)
            await site.sign_in("sylvie")
            assert await listened(site, path, "bytes=10-19") == (206, WAV[10:20], f"bytes 10-19/{size}")
            assert await listened(site, path, "bytes=-5") == (206, WAV[-5:], f"bytes {size - 5}-{size - 1}/{size}")
            for part in (f"bytes={size}-", "lignes=1-2"):
                assert (await listened(site, path, part))[0] == 416

    run(visit())


def test_neither_a_passer_by_nor_an_elected_official_listens(sqlite_base: Base, profile: Profile) -> None:
    async def visit() -> None:
        async with site_of(sqlite_base, profile) as site:
            path = await left(site, sqlite_base)
            assert (await listened(site, path))[0] == 303
            await site.sign_in("jeanne")
            assert (await listened(site, path))[0] == 403

    run(visit())


def test_a_sound_that_is_gone_is_told_to_whoever_asks(sqlite_base: Base, profile: Profile) -> None:
    async def visit() -> None:
        async with site_of(sqlite_base, profile) as site:
            path = await left(site, sqlite_base)
            await site.sign_in("ahmed")
            files = site.journal.archive.files
            assert files is not None
            for row in await rows(sqlite_base.settings.url, "voices"):
                files.remove(row["voice"])
            status, said, _ = await listened(site, path)
            assert status == 400
            assert "Prévenez" in said.decode()

    run(visit())
