"""The turn detector's decisions, on scripted voice and on synthetic speech."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.audio.sounds import at, cough, mix, noise, say, with_silence
from voicebot.audio.frames import FRAME_S, Pcm, frame_samples, silence
from voicebot.audio.settings import TurnSettings, TurnTaking
from voicebot.audio.turn import (
    Discarded,
    Ended,
    EndReason,
    Patience,
    Paused,
    PreRoll,
    Resumed,
    SpeechStarted,
    TurnDetector,
    TurnEvent,
    TurnMachine,
)

RATE_HZ = 8000


def feed(machine: TurnMachine, *runs: tuple[bool, float]) -> list[TurnEvent]:
    """Feed runs of (speech, seconds) and return all events."""
    return [
        event for speech, seconds in runs for _ in range(round(seconds / FRAME_S)) for event in machine.feed(speech)
    ]


def hear(detector: TurnDetector, pcm: Pcm) -> list[TurnEvent]:
    size = frame_samples(RATE_HZ)
    return [e for first in range(0, pcm.size - size + 1, size) for e in detector.feed(pcm[first : first + size])]


def only(kind: type, events: list[TurnEvent]) -> list[TurnEvent]:
    return [event for event in events if isinstance(event, kind)]


def test_a_turn_starts_pauses_and_ends_at_its_true_end() -> None:
    events = feed(TurnMachine(), (False, 1.0), (True, 1.0), (False, 1.0))
    started, paused, ended = events
    assert isinstance(started, SpeechStarted)
    assert started.at_s == pytest.approx(1.0)
    assert isinstance(paused, Paused)
    assert paused.at_s == pytest.approx(2.12)
    assert paused.speech_end_s == pytest.approx(2.0)
    assert isinstance(ended, Ended)
    assert (ended.speech_start_s, ended.speech_end_s) == pytest.approx((1.0, 2.0))
    assert ended.at_s == pytest.approx(2.74)
    assert ended.reason is EndReason.SILENCE


def test_the_preroll_reaches_back_before_the_first_speech_frame() -> None:
    settings = TurnSettings(start_ms=60, preroll_ms=240)
    started = feed(TurnMachine(settings), (False, 1.0), (True, 0.06))[0]
    assert isinstance(started, SpeechStarted)
    assert started.preroll_s == pytest.approx(0.06 + 0.24)


def test_the_preroll_never_reaches_before_the_first_frame() -> None:
    started = feed(TurnMachine(), (True, 0.06))[0]
    assert isinstance(started, SpeechStarted)
    assert started.preroll_s == pytest.approx(0.06)


@pytest.mark.parametrize(
    ("patience", "silence_s"),
    [(Patience.ASSURED, 0.38), (Patience.COMPLETE, 0.64), (Patience.NORMAL, 0.74), (Patience.DICTATION, 1.8)],
)
def test_patience_decides_the_silence_that_ends_the_turn(patience: Patience, silence_s: float) -> None:
    machine = TurnMachine()
    machine.set_patience(patience)
    (ended,) = only(Ended, feed(machine, (True, 1.0), (False, 3.0)))
    assert ended.at_s == pytest.approx(1.0 + silence_s, abs=FRAME_S)


def test_patience_scales_for_callers_with_long_pauses() -> None:
    machine = TurnMachine(TurnTaking.PATIENT.value)
    (ended,) = only(Ended, feed(machine, (True, 1.0), (False, 3.0)))
    assert ended.at_s == pytest.approx(1.0 + 0.74 * 1.6, abs=FRAME_S)


def test_a_complete_answer_heard_during_the_pause_ends_the_turn_at_once() -> None:
    machine = TurnMachine()
    machine.set_patience(Patience.DICTATION)
    assert not only(Ended, feed(machine, (True, 1.0), (False, 0.7)))
    machine.set_patience(Patience.COMPLETE)
    assert isinstance(machine.feed(False)[0], Ended)


def test_going_on_after_a_pause_resumes_the_same_turn() -> None:
    events = feed(TurnMachine(), (True, 0.5), (False, 0.4), (True, 0.5), (False, 1.0))
    assert [type(event) for event in events] == [SpeechStarted, Paused, Resumed, Paused, Ended]
    ended = events[-1]
    assert isinstance(ended, Ended)
    assert ended.speech_end_s == pytest.approx(1.4)


def test_a_single_frame_of_speech_in_a_silence_does_not_delay_the_end() -> None:
    events = feed(TurnMachine(), (True, 0.5), (False, 0.4), (True, 0.02), (False, 1.0))
    assert [type(event) for event in events] == [SpeechStarted, Paused, Ended]
    assert events[-1].at_s == pytest.approx(0.5 + 0.74)


def test_a_short_noise_is_discarded() -> None:
    events = feed(TurnMachine(), (False, 0.5), (True, 0.08), (False, 1.0))
    assert [type(event) for event in events] == [SpeechStarted, Discarded]


@pytest.mark.parametrize(
    ("frames", "expected"),
    [(20, []), (30, [SpeechStarted, Discarded]), (60, [SpeechStarted, Paused, Ended])],
)
def test_without_a_vowel_a_cough_begins_nothing_a_breath_is_discarded_and_a_whisper_is_a_turn(
    frames: int, expected: list[type]
) -> None:
    machine = TurnMachine()
    events = [e for i in range(150) for e in machine.feed(10 <= i < 10 + frames, voiced=False)]
    assert [type(event) for event in events] == expected


def test_a_first_fricative_belongs_to_the_turn() -> None:
    machine = TurnMachine()
    events = [e for i in range(100) for e in machine.feed(10 <= i < 50, voiced=20 <= i < 50)]
    assert [type(event) for event in events] == [SpeechStarted, Paused, Ended]
    started = events[0]
    assert isinstance(started, SpeechStarted)
    assert started.at_s == pytest.approx(0.2)
    assert started.preroll_s == pytest.approx(0.22 + 0.2)


def test_an_endless_turn_is_cut() -> None:
    events = feed(TurnMachine(TurnSettings(max_turn_s=5)), (True, 5.5))
    (ended,) = only(Ended, events)
    assert isinstance(ended, Ended)
    assert ended.reason is EndReason.TOO_LONG
    assert ended.at_s == pytest.approx(5.0)


def test_a_turn_begun_by_a_barge_in_starts_in_the_past_and_ends_as_usual() -> None:
    machine = TurnMachine()
    feed(machine, (False, 1.0))
    (started,) = machine.begin(0.84)
    assert isinstance(started, SpeechStarted)
    assert started.at_s == pytest.approx(0.84)
    assert started.preroll_s == pytest.approx(0.16 + 0.24)
    assert machine.begin(0.9) == ()
    events = feed(machine, (True, 0.5), (False, 1.0))
    assert [type(event) for event in events] == [Paused, Ended]


def test_a_barge_in_after_which_nothing_follows_is_a_false_alarm() -> None:
    machine = TurnMachine()
    feed(machine, (False, 1.0))
    machine.begin(0.84)
    assert [type(event) for event in feed(machine, (False, 1.0))] == [Discarded]


@given(
    runs=st.lists(st.tuples(st.booleans(), st.booleans(), st.integers(1, 80)), max_size=25),
    patience=st.sampled_from(Patience),
    scale=st.floats(0.5, 4),
)
def test_events_always_come_in_a_legal_order_with_growing_times(
    runs: list[tuple[bool, bool, int]], patience: Patience, scale: float
) -> None:
    legal: dict[type | None, set[type]] = {
        None: {SpeechStarted},
        SpeechStarted: {Paused, Discarded, Ended},
        Paused: {Resumed, Ended, Discarded},
        Resumed: {Paused, Ended, Discarded},
        Ended: {SpeechStarted},
        Discarded: {SpeechStarted},
    }
    machine = TurnMachine(TurnSettings(max_turn_s=10))
    machine.set_patience(patience, scale)
    events: list[TurnEvent] = []
    for speech, voiced, frames in runs:
        for _ in range(frames):
            new = machine.feed(speech, voiced)
            events += new
            assert machine.in_turn == (bool(events) and isinstance(events[-1], SpeechStarted | Paused | Resumed))
            for event in new:
                if isinstance(event, Ended):
                    assert 0 <= event.speech_start_s < event.speech_end_s <= event.at_s == pytest.approx(machine.now_s)
    order: list[type | None] = [None, *(type(event) for event in events)]
    assert all(after in legal[before] for before, after in pairwise(order))


@given(speech_frames=st.integers(6, 200), patience=st.sampled_from(Patience))
def test_any_real_turn_followed_by_a_long_silence_ends_exactly_once(speech_frames: int, patience: Patience) -> None:
    machine = TurnMachine()
    machine.set_patience(patience)
    events = feed(machine, (False, 0.4), (True, speech_frames * FRAME_S), (False, 4.0))
    (ended,) = only(Ended, events)
    assert isinstance(ended, Ended)
    assert ended.speech_end_s == pytest.approx(0.4 + speech_frames * FRAME_S)


def test_spoken_french_is_one_turn_with_accurate_bounds() -> None:
    speech = say("Bonjour, je voudrais connaître les jours de collecte.", RATE_HZ)
    pcm = with_silence(speech, 1.0, 1.5, RATE_HZ)
    events = hear(TurnDetector(RATE_HZ), pcm)
    (ended,) = only(Ended, events)
    assert isinstance(ended, Ended)
    assert ended.speech_start_s == pytest.approx(1.0, abs=0.08)
    assert ended.speech_end_s == pytest.approx(1.0 + speech.size / RATE_HZ, abs=0.14)


def test_a_call_that_begins_with_speech_is_heard_from_its_first_word() -> None:
    for text in ("Mais non.", "Bonjour, c'est pour les encombrants."):
        events = hear(TurnDetector(RATE_HZ), with_silence(say(text, RATE_HZ), 0.0, 1.0, RATE_HZ))
        (ended,) = only(Ended, events)
        assert isinstance(ended, Ended)
        assert ended.speech_start_s <= 0.12


@pytest.mark.parametrize("seed", range(5))
def test_a_cough_is_no_turn(seed: int) -> None:
    pcm = mix(at(cough(seed), 1.5, 4 * RATE_HZ), noise(4 * RATE_HZ, -54, seed))
    assert not only(Ended, hear(TurnDetector(RATE_HZ), pcm))


def test_a_very_short_answer_is_a_turn() -> None:
    for word in ("oui", "non", "Touques"):
        events = hear(TurnDetector(RATE_HZ), with_silence(say(word, RATE_HZ), 0.6, 1.0, RATE_HZ))
        assert len(only(Ended, events)) == 1, word


def test_speech_in_noise_at_ten_decibels_is_still_bounded() -> None:
    speech = say("Je voudrais prendre rendez-vous pour les encombrants.", RATE_HZ, level_dbfs=-20)
    pcm = with_silence(speech, 3.0, 2.0, RATE_HZ).astype(np.int32)
    noisy = np.clip(pcm + noise(pcm.size, -30, seed=4), -32768, 32767).astype(np.int16)
    (ended,) = only(Ended, hear(TurnDetector(RATE_HZ), noisy))
    assert isinstance(ended, Ended)
    assert ended.speech_start_s == pytest.approx(3.0, abs=0.2)
    assert ended.speech_end_s == pytest.approx(3.0 + speech.size / RATE_HZ, abs=0.3)


def test_noise_starting_in_mid_call_does_not_hold_a_turn_open() -> None:
    pcm = np.concatenate([silence(2 * RATE_HZ), noise(20 * RATE_HZ, -30, seed=1)])
    detector = TurnDetector(RATE_HZ)
    hear(detector, pcm)
    assert not detector.in_turn


def test_nothing_begins_while_the_caller_is_not_listened_to() -> None:
    detector = TurnDetector(RATE_HZ)
    pcm = say("Allô, allô, vous m'entendez ?", RATE_HZ)
    size = frame_samples(RATE_HZ)
    for start in range(0, pcm.size - size, size):
        assert detector.feed(pcm[start : start + size], listening=False) == ()
    assert detector.now_s == pytest.approx(pcm.size // size * FRAME_S, abs=FRAME_S)


def test_the_preroll_gives_back_the_last_frames_in_order() -> None:
    ring = PreRoll(capacity_s=0.1)
    for value in range(8):
        ring.push(np.full(160, value, dtype=np.int16))
    assert [int(v) for v in ring.last(0.06)[::160]] == [5, 6, 7]
    assert ring.last(5.0).size == 5 * 160
    ring.clear()
    assert ring.last(1.0).size == 0
