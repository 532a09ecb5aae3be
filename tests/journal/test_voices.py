"""Messages left after the beep at rest: encrypted, kept no longer than told, given to and erased with a person."""

import asyncio
import base64
import errno
import os
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from tests.journal.conftest import Base
from tests.journal.samples import AT, CALLER, ended, kept, rows, started
from voicebot.journal.errors import KeyTrouble
from voicebot.journal.events import KeptVoice
from voicebot.journal.journal import Journal
from voicebot.journal.seal import Keys, Seal
from voicebot.journal.settings import JournalSettings, Retention
from voicebot.journal.voicemail import MOST_ATTEMPTS, Voicemail
from voicebot.journal.voices import VoiceFiles, VoiceTrouble

WAV = b"RIFF\x24\x08\x00\x00WAVEfmt " + bytes(range(256)) * 8
SEAL = Seal(Keys(b"p" * 32, base64.urlsafe_b64encode(b"e" * 32)))


async def leave(journal: Journal, wav: bytes = WAV) -> str:
    """Have a message in the journal; return the id of its sound."""
    files = journal.archive.files
    assert files is not None
    voice = files.keep(wav, AT.date())
    journal.contact_started(started())
    slots = {"telephone": CALLER}
    left = KeptVoice(voice, 12.5, "pause")
    journal.record(kept("c1", 2, "D-472", type="message", form="message", slots=slots, voice=left))
    journal.contact_ended(ended())
    await journal.settled()
    return voice


def test_the_disk_never_holds_the_clear_sound(tmp_path: Path) -> None:
    files = VoiceFiles(tmp_path / "voices", SEAL)
    voice = files.keep(WAV, date(2026, 11, 24))
    (path,) = (tmp_path / "voices").iterdir()
    on_disk = path.read_bytes()
    assert b"RIFF" not in on_disk
    assert b"WAVE" not in on_disk
    assert bytes(range(64)) not in base64.urlsafe_b64decode(on_disk)
    assert path.stat().st_mode & 0o077 == 0
    assert files.read(voice) == WAV


def test_a_message_is_not_read_with_another_key_nor_passed_off_as_another(tmp_path: Path) -> None:
    files = VoiceFiles(tmp_path, SEAL)
    one, other = (files.keep(sound, date(2026, 11, 24)) for sound in (WAV, WAV[::-1]))
    with pytest.raises(KeyTrouble):
        VoiceFiles(tmp_path, Seal(Keys(b"p" * 32, base64.urlsafe_b64encode(b"x" * 32)))).read(one)
    (tmp_path / f"{one}.voice").write_bytes((tmp_path / f"{other}.voice").read_bytes())
    with pytest.raises(KeyTrouble, match="another"):
        files.read(one)


def test_without_the_key_nothing_is_written(tmp_path: Path) -> None:
    files = VoiceFiles(tmp_path, None)
    assert not files.ready()
    with pytest.raises(KeyTrouble):
        files.keep(WAV, date(2026, 11, 24))
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_leaves_nothing_half_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(file: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(VoiceTrouble, match="No space"):
        VoiceFiles(tmp_path, SEAL).keep(WAV, date(2026, 11, 24))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["../etc/passwd", "", "20261124-" + "g" * 32])
def test_only_a_message_can_be_read(tmp_path: Path, name: str) -> None:
    with pytest.raises(VoiceTrouble):
        VoiceFiles(tmp_path, SEAL).read(name)


def test_retention_takes_the_row_and_the_sound_and_leaves_the_request(base: Base) -> None:
    async def work() -> None:
        journal = await base.open()
        voice = await leave(journal)
        files, archive = journal.archive.files, journal.archive
        assert files is not None
        periods = replace(Retention(), voices=30)
        await archive.purge(AT + timedelta(days=29), periods)
        assert files.there(voice)
        counts = await archive.purge(AT + timedelta(days=31), periods)
        assert (counts["voices"], counts["voice_files"]) == (1, 1)
        assert not files.there(voice)
        await journal.close()
        assert await rows(base.settings.url, "voices") == []
        assert len(await rows(base.settings.url, "records")) == 1

    asyncio.run(work())


def test_a_sound_that_no_row_tells_of_goes_with_its_period(tmp_path: Path) -> None:
    files = VoiceFiles(tmp_path, SEAL)
    old, new = files.keep(WAV, date(2026, 10, 1)), files.keep(WAV, date(2026, 11, 24))
    assert files.purge(date(2026, 11, 1)) == 1
    assert (files.there(old), files.there(new)) == (False, True)


def test_a_person_is_given_their_message_and_has_it_erased(base: Base) -> None:
    async def work() -> None:
        journal = await base.open()
        voice = await leave(journal)
        person = journal.pseudonym(CALLER) or ""
        await Voicemail(journal.database, journal.seal).transcribed("c1:2", "rappelez-moi au 06 12 34 56 78")
        (row,) = await rows(base.settings.url, "voices")
        assert "rappelez" not in row["token"]
        (given,) = (await journal.export_person(person))["voices"]
        assert given["transcript"] == "rappelez-moi au 06 12 34 56 78"
        assert base64.b64decode(given["wav"]) == WAV
        counts = await journal.erase_person(person)
        assert (counts["voices"], counts["voice_files"]) == (1, 1)
        assert journal.archive.files is not None
        assert not journal.archive.files.there(voice)
        await journal.close()

    asyncio.run(work())


def test_a_person_is_not_half_erased_when_a_sound_cannot_be_deleted(base: Base) -> None:
    async def work() -> None:
        journal = await base.open()
        voice = await leave(journal)
        person = journal.pseudonym(CALLER) or ""
        path = journal.archive.files._path(voice)  # type: ignore[union-attr]
        path.unlink()
        path.mkdir()
        with pytest.raises(VoiceTrouble, match="cannot be deleted"):
            await journal.erase_person(person)
        assert len(await rows(base.settings.url, "voices")) == 1
        path.rmdir()
        assert (await journal.erase_person(person))["voices"] == 1
        await journal.close()

    asyncio.run(work())


def test_a_person_is_given_the_rest_when_a_sound_was_altered(base: Base) -> None:
    async def work() -> None:
        journal = await base.open()
        voice = await leave(journal)
        journal.archive.files._path(voice).write_bytes(b"altered")  # type: ignore[union-attr]
        (given,) = (await journal.export_person(journal.pseudonym(CALLER) or ""))["voices"]
        assert given["wav"] is None
        assert given["duration_s"] == 12.5
        await journal.close()

    asyncio.run(work())


def test_a_sound_that_cannot_be_deleted_does_not_stop_the_purge(tmp_path: Path) -> None:
    files = VoiceFiles(tmp_path, SEAL)
    stuck, old = files.keep(WAV, date(2026, 10, 1)), files.keep(WAV, date(2026, 10, 2))
    (tmp_path / f"{stuck}.voice").unlink()
    (tmp_path / f"{stuck}.voice").mkdir()
    assert files.purge(date(2026, 11, 1)) == 1
    assert not files.there(old)


def test_a_transcription_that_fails_is_tried_a_few_times(base: Base) -> None:
    async def work() -> None:
        journal = await base.open()
        await leave(journal)
        voicemail = Voicemail(journal.database, journal.seal)
        for _ in range(MOST_ATTEMPTS):
            assert len(await voicemail.waiting()) == 1
            await voicemail.failed("c1:2")
        assert await voicemail.waiting() == []
        found = await voicemail.of("c1:2")
        assert found is not None
        assert found.state == "failed"
        await journal.close()

    asyncio.run(work())


def test_a_period_that_callers_cannot_be_told_is_refused() -> None:
    with pytest.raises(ValueError, match="voices"):
        Retention(voices=0)
    assert JournalSettings().voices == Path("voices")
