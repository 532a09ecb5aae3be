"""A caller who speaks over the assistant is heard at once; the assistant's echo, a cough or a door is not a caller."""

from collections.abc import Callable

import numpy as np
import pytest

from tests.audio.sounds import at, cough, door, mix, noise, say, tone
from voicebot.audio.bargein import BargeIn
from voicebot.audio.frames import FRAME_S, Pcm, frame_samples, silence
from voicebot.audio.g711 import alaw_decode, alaw_encode
from voicebot.audio.settings import BargeInSettings
from voicebot.audio.turn import Ended, Paused, PreRoll, Resumed, SpeechStarted, TurnDetector, TurnEvent

RATE_HZ = 8000
ASSISTANT = (
    "Bonjour, vous êtes en relation avec l'assistante automatique de la communauté de communes. "
    "Vous pouvez parler librement ou utiliser les touches de votre téléphone. "
    "Les ordures ménagères sont collectées le lundi et le jeudi matin, sortez vos bacs la veille au soir. "
    "La déchetterie est ouverte du lundi au samedi, de neuf heures à midi et de quatorze heures à dix-huit heures."
)
INTERRUPTIONS = (
    "Oui, mais attendez.",
    "Non non, ce n'est pas ça.",
    "Je voudrais parler à un conseiller.",
    "Deauville.",
    "Bonjour madame.",
    "Allô, vous m'entendez ?",
    "Une question sur le verre.",
    "Mais non !",
    "Répétez, je vous prie.",
    "Attendez, pardon.",
)


def assistant(seconds: float) -> Pcm:
    return np.resize(say(ASSISTANT, RATE_HZ, level_dbfs=-20), round(seconds * RATE_HZ))


def echo(played: Pcm, gain_db: float, delay_ms: float) -> Pcm:
    """What a far end gives back: later, softer, blurred by 10 ms of reflections."""
    response = np.random.default_rng(7).standard_normal(80) * np.exp(-np.arange(80) / 20)
    response[0] += 2.0
    response *= 10 ** (gain_db / 20) / np.sqrt(np.sum(response**2))
    back = np.convolve(played.astype(float), response)[: played.size]
    delay = round(delay_ms * RATE_HZ / 1000)
    return np.concatenate([silence(delay), np.rint(back).astype(np.int16)])[: played.size]


def decision_s(caller: Pcm, played: Pcm, barge_in: BargeIn | None = None) -> float | None:
    """The time at which the interruption is decided, over an A-law line; ``None`` if it never is."""
    barge_in = barge_in or BargeIn(RATE_HZ)
    size = frame_samples(RATE_HZ)
    line = alaw_decode(alaw_encode(caller))
    for start in range(0, played.size - size + 1, size):
        if barge_in.feed(line[start : start + size], played[start : start + size]):
            return (start + size) / RATE_HZ
    return None


@pytest.mark.parametrize("echo_db", [None, -20.0])
def test_ninety_five_in_a_hundred_interruptions_are_decided_within_200_ms(echo_db: float | None) -> None:
    rng = np.random.default_rng(11)
    delays: list[float] = []
    for text in INTERRUPTIONS:
        for pitch, level in ((0.8, -18.0), (1.0, -21.0), (1.3, -24.0)):
            played = np.roll(assistant(5.0), -int(rng.integers(0, 40000)))
            when_s = float(rng.uniform(2.6, 4.2))
            sounds = [at(say(text, RATE_HZ, level, pitch=pitch), when_s, played.size), noise(played.size, -54, 1)]
            if echo_db is not None:
                sounds.append(echo(played, echo_db, float(rng.uniform(100, 300))))
            decided = decision_s(mix(*sounds), played)
            delays.append((decided - when_s) if decided is not None and decided >= when_s else 9.0)
    assert np.mean(np.array(delays) <= 0.2) >= 0.95, sorted(delays)[-5:]


@pytest.mark.parametrize("gain_db", [-26.0, -20.0, -17.0])
@pytest.mark.parametrize("delay_ms", [100.0, 170.0, 300.0])
def test_the_assistants_own_echo_never_interrupts_it(gain_db: float, delay_ms: float) -> None:
    played = assistant(20.0)
    heard = mix(echo(played, gain_db, delay_ms), noise(played.size, -54, seed=2))
    assert decision_s(heard, played) is None


def test_an_echo_that_changes_its_delay_in_mid_call_does_not_interrupt() -> None:
    played = assistant(16.0)
    half = played.size // 2
    moved = np.concatenate([echo(played, -20, 120)[:half], echo(played, -20, 260)[half:]])
    assert decision_s(mix(moved, noise(played.size, -54, seed=3)), played) is None


@pytest.mark.parametrize(("sound", "allowed"), [(cough, 0), (door, 1)])
def test_coughs_and_doors_do_not_interrupt(sound: Callable[[int], Pcm], allowed: int) -> None:
    played = assistant(3.0)
    background = mix(echo(played, -20, 150), noise(played.size, -54, seed=4))
    bursts = [at(sound(seed), 1.7, played.size) for seed in range(20)]
    hits = [seed for seed, burst in enumerate(bursts) if decision_s(mix(background, burst), played)]
    assert len(hits) <= allowed, hits


def test_a_click_does_not_interrupt_but_a_word_does() -> None:
    played = silence(2 * RATE_HZ)
    clicks = at(tone(3000, 0.01, RATE_HZ, -10), 1.0, played.size)
    assert decision_s(mix(clicks, noise(played.size, -54, 5)), played) is None
    assert decision_s(mix(at(say("Allô ?", RATE_HZ), 1.0, played.size), noise(played.size, -54, 5)), played)


def test_the_decision_comes_once_until_reset() -> None:
    barge_in = BargeIn(RATE_HZ)
    speech = np.concatenate([silence(RATE_HZ // 2), say("Non non, attendez, attendez un peu.", RATE_HZ)])
    frames = [speech[first : first + 160] for first in range(0, speech.size - 159, 160)]
    assert sum(barge_in.feed(frame, None) for frame in frames) == 1
    assert sum(barge_in.feed(frame, None) for frame in frames) == 0
    barge_in.reset()
    assert sum(barge_in.feed(frame, None) for frame in frames) == 1


def test_the_start_of_the_interruption_is_known_when_it_is_decided() -> None:
    barge_in = BargeIn(RATE_HZ)
    pcm = mix(at(say("Deauville.", RATE_HZ), 1.0, 2 * RATE_HZ), noise(2 * RATE_HZ, -54, seed=6))
    decided = decision_s(pcm, silence(pcm.size), barge_in)
    assert decided is not None
    assert decided - barge_in.speech_ago_s == pytest.approx(1.0, abs=2 * FRAME_S)


def test_settings_out_of_range_are_named() -> None:
    with pytest.raises(ValueError, match="echo_delay_ms"):
        BargeInSettings(echo_delay_ms=20)


def test_an_interruption_becomes_a_turn_whose_first_word_is_in_the_preroll() -> None:
    barge_in, turns, memory = BargeIn(RATE_HZ), TurnDetector(RATE_HZ), PreRoll(1.5)
    words = say("Attendez, je voudrais parler à un conseiller.", RATE_HZ)
    played = assistant(8.0)
    without_echo = mix(at(words, 3.0, played.size), noise(played.size, -54, 8))
    with_echo = mix(without_echo, echo(played, -20, 180))
    events: list[TurnEvent] = []
    speaking, decided_s, remembered = True, 0.0, silence(0)
    for first in range(0, played.size - 159, 160):
        frame = (with_echo if speaking else without_echo)[first : first + 160]
        memory.push(frame)
        events += turns.feed(frame, listening=not speaking)
        if barge_in.feed(frame, played[first : first + 160] if speaking else None):
            speaking, decided_s = False, turns.now_s
            (started,) = turns.begin(turns.now_s - barge_in.speech_ago_s)
            assert isinstance(started, SpeechStarted)
            events.append(started)
            remembered = memory.last(started.preroll_s)
    assert 3.0 < decided_s <= 3.2
    assert remembered.size / RATE_HZ >= decided_s - 3.0
    assert [type(event) for event in events if not isinstance(event, Paused | Resumed)] == [SpeechStarted, Ended]
    ended = events[-1]
    assert isinstance(ended, Ended)
    assert ended.speech_start_s == pytest.approx(3.0, abs=0.06)
    assert ended.speech_end_s == pytest.approx(3.0 + words.size / RATE_HZ, abs=0.2)
