"""What was said once is played again from memory or disk, and the disk never fails a call."""

import asyncio
import errno
import os
import wave
from pathlib import Path

import numpy as np
import pytest

from tests.tts.voices import WAIT_S, WatchedPico, spoken
from voicebot.audio.frames import Pcm
from voicebot.tts.base import Manner, SynthesisError
from voicebot.tts.cache import CachedVoice, PromptCache, is_personal
from voicebot.tts.clauses import cut
from voicebot.tts.normalise import Normaliser, load_lexicon
from voicebot.tts.speaking import Pace, SpokenVoice, whole

TEXT = "Le bac jaune est collecté. Le bac gris aussi."
BOUND = 10_000_000


def clip(seed: int, samples: int = 4000) -> Pcm:
    return np.random.default_rng(seed).integers(-9000, 9000, samples).astype(np.int16)


def speak(folder: Path | None, engine: WatchedPico, *texts: str, private: bool = False) -> list[Pcm]:
    """Say ``texts`` with a voice opened on ``folder`` anew, as after a restart."""

    async def scenario() -> list[Pcm]:
        voice = CachedVoice(spoken(engine), PromptCache(folder, BOUND))
        speaker = voice.private() if private else voice
        sounds = [await whole(speaker.speak(text, 8000)) for text in texts]
        await voice.close()
        return sounds

    return asyncio.run(scenario())


def test_what_was_said_is_not_synthesised_again_after_a_restart(tmp_path: Path) -> None:
    first, second = WatchedPico(), WatchedPico()
    said = speak(tmp_path, first, TEXT)
    again = speak(tmp_path, second, TEXT)
    assert len(first.said) == 2
    assert second.said == []
    np.testing.assert_array_equal(said[0], again[0])


def test_sentences_that_share_a_clause_share_its_sound(tmp_path: Path) -> None:
    engine = WatchedPico()
    speak(tmp_path, engine, TEXT, "Le bac jaune est collecté. Bonne journée.")
    assert len(engine.said) == 3


def test_another_rate_speed_gain_or_language_is_another_sound(tmp_path: Path) -> None:
    engine = WatchedPico()

    async def scenario() -> None:
        voice = CachedVoice(spoken(engine), PromptCache(tmp_path, BOUND))
        manners = (Manner(), Manner(speed=0.85), Manner(gain_db=3.0), Manner(language="en"))
        for manner in manners:
            await whole(voice.speak("Oui.", 8000, manner))
        await whole(voice.speak("Oui.", 16_000))
        await voice.close()

    asyncio.run(scenario())
    assert len(engine.said) == 5


def test_another_pace_of_the_profile_is_another_version() -> None:
    normaliser = Normaliser(load_lexicon())
    paces = (Pace(), Pace(speed=0.9), Pace(level_dbfs=-18.0))
    voices = [SpokenVoice(WatchedPico(), normaliser, -7.8, pace) for pace in paces]
    assert len({voice.version for voice in voices}) == 3
    for voice in voices:
        asyncio.run(voice.close())


def test_a_damaged_file_is_made_again(tmp_path: Path) -> None:
    speak(tmp_path, WatchedPico(), TEXT)
    for damage, path in enumerate(sorted(tmp_path.glob("??/*.wav"))):
        data = bytearray(path.read_bytes())
        if damage:
            path.write_bytes(data[: len(data) // 2])
        else:
            data[len(data) // 2] ^= 0x10
            path.write_bytes(data)
    engine = WatchedPico()
    made = speak(tmp_path, engine, TEXT)
    assert len(engine.said) == 2
    kept = speak(tmp_path, engine, TEXT)
    assert len(engine.said) == 2
    np.testing.assert_array_equal(made[0], kept[0])


def test_a_kept_clause_is_an_ordinary_wav(tmp_path: Path) -> None:
    speak(tmp_path, WatchedPico(), "Bonjour.")
    (path,) = tmp_path.glob("??/*.wav")
    with wave.open(str(path), "rb") as sound:
        assert (sound.getnchannels(), sound.getsampwidth(), sound.getframerate()) == (1, 2, 8000)
        assert sound.getnframes() > 2000


def test_a_full_disk_is_done_without(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: Path, data: bytes) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    engine = WatchedPico()
    speak(tmp_path, engine, TEXT, TEXT)
    assert len(engine.said) == 2
    assert not list(tmp_path.glob("??/*"))


def test_a_folder_that_cannot_be_made_is_done_without(tmp_path: Path) -> None:
    obstacle = tmp_path / "file"
    obstacle.write_text("in the way")
    assert speak(obstacle / "cache", WatchedPico(), TEXT)[0].size > 8000


def test_the_least_recently_used_goes_when_the_disk_bound_is_passed(tmp_path: Path) -> None:
    cache = PromptCache(tmp_path, most_bytes=3 * (8000 + 60), memory_bytes=0)
    for key in ("aa1", "bb2", "cc3"):
        cache.write(key, clip(1), 8000)
    assert cache.read("aa1", 8000) is not None
    cache.write("dd4", clip(2), 8000)
    assert [key for key in ("aa1", "bb2", "cc3", "dd4") if cache.on_disk(key)] == ["aa1", "cc3", "dd4"]
    assert cache.counts.evicted == 1


def test_the_bound_holds_over_a_restart(tmp_path: Path) -> None:
    for age, key in enumerate(("aa1", "bb2", "cc3")):
        PromptCache(tmp_path, BOUND).write(key, clip(age), 8000)
        os.utime(tmp_path / key[:2] / f"{key}.wav", (1_000_000 + age, 1_000_000 + age))
    cache = PromptCache(tmp_path, most_bytes=2 * (8000 + 60), memory_bytes=0)
    cache.write("dd4", clip(4), 8000)
    assert [key for key in ("aa1", "bb2", "cc3", "dd4") if cache.on_disk(key)] == ["cc3", "dd4"]


def test_memory_is_bounded_and_its_sounds_cannot_be_changed() -> None:
    cache = PromptCache(None, 0, memory_bytes=40_000)
    for key in range(8):
        cache.remember(str(key), clip(key))
    kept = [key for key in range(8) if cache.remembered(str(key)) is not None]
    assert kept == [3, 4, 5, 6, 7]
    sound = cache.remembered("7")
    assert sound is not None
    with pytest.raises(ValueError, match="read-only"):
        sound[0] = 1


def test_an_interrupted_sentence_keeps_only_its_whole_clauses(tmp_path: Path) -> None:
    async def scenario() -> None:
        engine = WatchedPico(hold="gris")
        voice = CachedVoice(spoken(engine), PromptCache(tmp_path, BOUND))
        speaking = asyncio.create_task(whole(voice.speak(TEXT, 8000)))
        assert await asyncio.to_thread(engine.held.wait, WAIT_S)
        speaking.cancel()
        await asyncio.gather(speaking, return_exceptions=True)
        await voice.close()

    asyncio.run(scenario())
    assert len(list(tmp_path.glob("??/*.wav"))) == 1


def test_personal_data_never_reaches_the_disk(tmp_path: Path) -> None:
    texts = ("Votre numéro est bien le 06 12 34 56 78 ?", "J'écris à jeanne@orange.fr.", "Référence D-472.")
    speak(tmp_path, WatchedPico(), *texts)
    kept = {path.name for path in tmp_path.glob("??/*.wav")}
    speak(tmp_path, WatchedPico(), "Merci madame Dupont.", private=True)
    assert kept == {path.name for path in tmp_path.glob("??/*.wav")}
    # only the harmless beginning of the first sentence was kept
    assert len(kept) <= 1


def test_dictated_figures_and_addresses_are_known_for_personal() -> None:
    bound = Normaliser(load_lexicon()).bound
    clauses = cut(bound("Le 06 12 34 56 78. Le bac est jaune, gris, vert. Le 15, le 18, le 112. À jeanne@orange.fr."))
    assert [is_personal(clause.text) for clause in clauses] == [True, False, False, True]


def test_rendering_makes_each_clause_once_and_tells_its_progress(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []

    async def scenario() -> tuple[int, int, list[str]]:
        engine = WatchedPico()
        voice = CachedVoice(spoken(engine), PromptCache(tmp_path, BOUND))
        progress = lambda done, total: told.append((done, total))  # noqa: E731
        made = await voice.render([TEXT, TEXT, "Le bac gris aussi."], 8000, progress=progress)
        again = await voice.render([TEXT], 8000)
        await voice.close()
        return made, again, engine.said

    made, again, said = asyncio.run(scenario())
    assert (made, again, len(said)) == (2, 0, 2)
    assert told == [(1, 2), (2, 2)]
    later = WatchedPico()
    speak(tmp_path, later, TEXT)
    assert later.said == []


def test_two_calls_that_want_the_same_clause_share_its_synthesis() -> None:
    async def scenario() -> list[str]:
        engine = WatchedPico(hold="jaune")
        voice = CachedVoice(spoken(engine), PromptCache(None, 0))
        calls = [asyncio.create_task(whole(voice.speak("Le bac jaune.", 8000))) for _ in range(3)]
        assert await asyncio.to_thread(engine.held.wait, WAIT_S)
        calls[0].cancel()
        await asyncio.gather(calls[0], return_exceptions=True)
        engine.let_go.set()
        sounds = await asyncio.gather(*calls[1:])
        assert sounds[0].size == sounds[1].size > 4000
        await voice.close()
        return engine.said

    assert len(asyncio.run(scenario())) == 1


def test_a_failed_synthesis_is_told_and_not_kept(tmp_path: Path) -> None:
    with pytest.raises(SynthesisError, match="the engine broke"):
        speak(tmp_path, WatchedPico(fail="gris"), "Le bac gris.")
    assert not list(tmp_path.glob("??/*.wav"))
    assert speak(tmp_path, WatchedPico(), "Le bac gris.")[0].size > 4000
