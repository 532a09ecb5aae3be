"""The whole service as a caller meets it: ``voicebot serve`` in a process of its own, real speech on real RTP."""

import asyncio
import contextlib
import sqlite3
from pathlib import Path

import numpy as np

from tests.audio.sounds import say
from tests.telephony.sip.peers import HANGS_S, eventually
from voicebot.asr.base import Hints
from voicebot.asr.engines import load_recognizer
from voicebot.asr.settings import AsrSettings
from voicebot.audio.frames import LINE_HZ, Pcm, level_dbfs, silence
from voicebot.audio.g711 import alaw_decode, alaw_encode
from voicebot.bench.far import Arrived, FarCall, FarEnd, open_far_end
from voicebot.bench.measured import NUMBER, SERVICE, Measured, first_call, measured, own_config

ROOT = Path(__file__).resolve().parents[3]
QUESTION = "Quels sont vos horaires d'ouverture ?"
ANSWER = {"ouvert", "ouverts", "ouverte", "heures", "heure", "lundi", "vendredi", "samedi"}
CUT = 3


class Recorder:
    """What a caller hears of the next words: ``most_s`` of them at most, or until a second and a half of quiet."""

    def __init__(self, call: FarCall, most_s: float) -> None:
        self._most_frames = round(most_s * 50)
        self._heard: list[Pcm] = []
        self._quiet_frames = 0
        self._done = asyncio.Event()
        call.sound.on_packet = self._take

    def _take(self, packet: Arrived) -> None:
        pcm = alaw_decode(packet.codes)
        loud = level_dbfs(pcm) > -50
        if loud or self._heard:
            self._heard.append(pcm)
            self._quiet_frames = 0 if loud else self._quiet_frames + 1
        if len(self._heard) >= self._most_frames or self._quiet_frames >= 75:
            self._done.set()

    async def words(self) -> Pcm:
        """Wait for them; return their sound."""
        await asyncio.wait_for(self._done.wait(), HANGS_S)
        return np.concatenate(self._heard)


async def words_of(pcm: Pcm, models_dir: Path) -> set[str]:
    recognizer = load_recognizer(AsrSettings(engine="whisper"), models_dir)
    try:
        stream = recognizer.open(LINE_HZ, Hints())
        stream.feed(pcm)
        heard = (await stream.finish()).text.lower()
    finally:
        await recognizer.close()
    return set(heard.replace(",", " ").replace(".", " ").split())


async def ask(service: Measured, far: FarEnd) -> Pcm:
    """Ask the question aloud, over the greeting; return the sound of the answer."""
    call = await first_call(service, far)
    await Recorder(call, 1.0).words()
    asked = say(QUESTION, LINE_HZ)
    codes = alaw_encode(np.concatenate((asked, silence(-asked.size % 160))))
    call.sound.to_say.extend(codes[at : at + 160] for at in range(0, len(codes), 160))
    await asyncio.sleep(asked.size / LINE_HZ)
    answer = await Recorder(call, 8.0).words()
    await far.hang_up(call)
    return answer


def begun(journal: Path) -> int:
    """Return how many contacts the journal knows that have not ended."""
    with contextlib.closing(sqlite3.connect(f"file:{journal}?mode=ro", uri=True, timeout=HANGS_S)) as base:
        (count,) = base.execute("SELECT count(*) FROM contacts WHERE ended_at IS NULL").fetchone()
    return int(count)


def test_a_spoken_question_is_answered_aloud_and_calls_cut_by_a_crash_are_told_on_restart(
    tmp_path: Path, models_dir: Path
) -> None:
    async def story() -> tuple[Pcm, Measured]:
        config, port = own_config(ROOT / "config.toml", tmp_path, {"tts": {"engine": "pico"}})
        async with measured(SERVICE, config, port) as service, open_far_end(service.address) as far:
            answer = await ask(service, far)
            for _ in range(CUT):
                await far.dial(NUMBER)
            await eventually(lambda: begun(tmp_path / "journal.sqlite") == CUT)
            await service.kill()
        async with measured(SERVICE, config, port) as again, open_far_end(again.address) as far:
            call = await first_call(again, far)
            await far.hang_up(call)
        return answer, again

    answer, again = asyncio.run(story())
    assert asyncio.run(words_of(answer, models_dir)) & ANSWER
    assert any(f"{CUT} contacts were cut" in line for line in again.last_words)
