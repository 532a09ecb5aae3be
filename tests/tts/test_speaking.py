"""A text becomes sound, one clause ahead of what is played."""

import asyncio
import threading
from collections.abc import AsyncGenerator
from typing import cast

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.tts.voices import WAIT_S, WatchedPico, spoken
from voicebot.audio.frames import Pcm, silence
from voicebot.audio.level import active_level_dbfs
from voicebot.tts.base import Manner, SynthesisError
from voicebot.tts.cache import CachedVoice, PromptCache
from voicebot.tts.clauses import Clause
from voicebot.tts.normalise import Normaliser, load_lexicon
from voicebot.tts.speaking import SpokenVoice, stream, whole
from voicebot.tts.worker import Urgency

TWO = "Le bac jaune est collecté. Le bac gris aussi."
THREE = f"{TWO} Bonne journée à vous."
SENTENCES = (
    "Bonjour, je suis Sophie, l'assistante automatique de votre service des déchets.",
    "La déchèterie de Touques est ouverte du lundi au samedi, de 9h à 12h et de 14h à 18h.",
    "Votre demande est enregistrée sous la référence D-472.",
    "Le prix est de 12,50 € par m3.",
    "Sortez votre bac la veille, après 19 heures.",
    "Villers-sur-Mer, Saint-Arnoult ou Blonville-sur-Mer ?",
)


def said(text: str, rate_hz: int = 8000, manner: Manner = Manner()) -> Pcm:
    async def scenario() -> Pcm:
        voice = spoken(WatchedPico())
        try:
            return await whole(voice.speak(text, rate_hz, manner))
        finally:
            await voice.close()

    return asyncio.run(scenario())


def test_the_next_clause_is_synthesised_while_the_first_is_played() -> None:
    async def scenario() -> list[str]:
        engine = WatchedPico(hold="gris")
        voice = spoken(engine)
        sounds = voice.speak(TWO, 8000)
        first = await anext(sounds)
        assert first.size > 8000
        # nothing more was asked of the stream, and the second clause is under way
        assert await asyncio.to_thread(engine.held.wait, WAIT_S)
        engine.let_go.set()
        rest = [part async for part in sounds]
        assert len(rest) == 1
        await voice.close()
        return engine.said

    assert len(asyncio.run(scenario())) == 2


def test_a_clause_that_follows_is_needed_once_those_before_it_have_been_played() -> None:
    a_sample_a_second, needed = 1, []

    async def plan() -> tuple[Clause, ...]:
        return tuple(Clause(text, 0.0) for text in ("un", "deux", "trois"))

    async def fetch(clause: Clause, urgency: Urgency, within_s: float) -> Pcm:
        needed.append((urgency, within_s))
        return silence(1000)

    async def scenario() -> None:
        assert len(await whole(stream(plan, fetch, a_sample_a_second, Manner()))) == 3000

    asyncio.run(scenario())
    assert [urgency for urgency, _ in needed] == [Urgency.NOW, Urgency.SOON, Urgency.SOON]
    assert needed[0][1] == 0.0
    assert 0.0 < needed[1][1] <= 1000.0 < needed[2][1] <= 2000.0


def test_sentences_are_planned_beside_the_event_loop_and_their_plans_kept() -> None:
    planning: list[int] = []

    class Watched(Normaliser):
        def bound(self, text: str, language: str = "fr") -> str:
            planning.append(threading.get_ident())
            return super().bound(text, language)

    async def scenario() -> None:
        voice = SpokenVoice(WatchedPico(), Watched(load_lexicon()), -7.8)
        kept = CachedVoice(voice, PromptCache(None, 0))
        for _ in range(2):
            await whole(voice.speak(TWO, 8000))
            await whole(kept.speak(TWO, 8000))
        await kept.render([TWO, SENTENCES[0]], 8000)
        await kept.close()

    asyncio.run(scenario())
    assert len(planning) == 2
    assert threading.get_ident() not in planning


def test_leaving_early_stops_the_synthesis() -> None:
    async def scenario() -> list[str]:
        engine = WatchedPico(hold="gris")
        voice = spoken(engine)
        sounds = cast(AsyncGenerator[Pcm, None], voice.speak(THREE, 8000))
        await anext(sounds)
        assert await asyncio.to_thread(engine.held.wait, WAIT_S)
        await sounds.aclose()
        # the held clause was told to stop; the third one was never begun
        assert await asyncio.to_thread(engine.let_go.wait, WAIT_S)
        await voice.close()
        return engine.said

    assert not any("journée" in text for text in asyncio.run(scenario()))


def test_a_failure_in_mid_sentence_is_told_after_what_was_said() -> None:
    async def scenario() -> int:
        voice = spoken(WatchedPico(fail="gris"))
        sounds = voice.speak(TWO, 8000)
        first = await anext(sounds)
        with pytest.raises(SynthesisError, match="the engine broke"):
            await anext(sounds)
        await voice.close()
        return first.size

    assert asyncio.run(scenario()) > 8000


def test_slower_is_longer_and_keeps_its_level() -> None:
    normal, slow = said(SENTENCES[1]), said(SENTENCES[1], manner=Manner(speed=0.8))
    assert 1.15 < slow.size / normal.size < 1.35
    assert abs(active_level_dbfs(slow, 8000) - active_level_dbfs(normal, 8000)) < 1.5


def test_louder_is_louder() -> None:
    normal, soft = said(SENTENCES[0]), said(SENTENCES[0], manner=Manner(gain_db=-6.0))
    assert abs(active_level_dbfs(normal, 8000) - active_level_dbfs(soft, 8000) - 6.0) < 0.5


def test_the_line_rate_changes_the_number_of_samples_only() -> None:
    narrow, wide = said(SENTENCES[3], 8000), said(SENTENCES[3], 16_000)
    assert abs(wide.size / narrow.size - 2.0) < 0.1


def test_no_click_where_clauses_join() -> None:
    sound = said(" ".join(SENTENCES)).astype(np.int32)
    silent = np.flatnonzero(np.convolve(np.abs(sound) == 0, np.ones(160), mode="valid") == 160)
    edges = [at for at in range(1, silent.size) if silent[at] != silent[at - 1] + 1]
    assert len(edges) >= len(SENTENCES) - 2
    jumps = np.abs(np.diff(sound))
    assert all(jumps[max(0, silent[at] - 40) : silent[at] + 40].max() < 700 for at in edges)


def test_sentences_have_one_level() -> None:
    levels = [active_level_dbfs(said(sentence), 8000) for sentence in SENTENCES]
    assert max(levels) - min(levels) < 4.0
    assert abs(float(np.mean(levels)) + 20.0) < 1.0


def test_nothing_to_say_yields_nothing() -> None:
    async def scenario() -> int:
        voice = spoken(WatchedPico())
        count = len([part async for part in voice.speak(" ... 🙂 ", 8000)])
        with pytest.raises(SynthesisError, match="nothing to say"):
            await whole(voice.speak("", 8000))
        await voice.close()
        return count

    assert asyncio.run(scenario()) == 0


@given(st.text(max_size=40))
@settings(max_examples=25)
def test_any_text_can_be_asked_for(text: str) -> None:
    async def scenario() -> list[Pcm]:
        voice = spoken(WatchedPico())
        parts = [part async for part in voice.speak(text, 8000)]
        await voice.close()
        return parts

    assert all(part.dtype == np.int16 for part in asyncio.run(scenario()))
