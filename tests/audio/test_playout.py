"""The output queue: exact frames, no lost sample, no click, honest accounts."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.audio.sounds import tone
from voicebot.audio.frames import Pcm
from voicebot.audio.playout import Heard, Playout, PlayoutFull

RATE_HZ = 8000
FRAME = 160


def ramp(samples: int, start: int = 1) -> Pcm:
    """Quiet, distinct samples: no join of them clicks, so nothing is faded."""
    return (np.arange(start, start + samples) % 150 + 1).astype(np.int16)


def drain(playout: Playout) -> list[Pcm]:
    frames = []
    while (frame := playout.next_frame()) is not None:
        frames.append(frame)
    return frames


def largest_step(pcm: Pcm) -> int:
    return int(np.max(np.abs(np.diff(np.concatenate([[0], pcm.astype(np.int32), [0]])))))


def test_nothing_queued_gives_nothing() -> None:
    playout = Playout(RATE_HZ)
    assert playout.next_frame() is None
    assert not playout.busy
    assert playout.stop() == Heard("", 0, True)
    assert playout.stats.starved_slots == 0


def test_every_frame_is_exactly_20_ms_and_the_last_is_padded() -> None:
    playout = Playout(RATE_HZ)
    clip = ramp(400)
    playout.enqueue(clip, "a")
    frames = drain(playout)
    assert [frame.size for frame in frames] == [FRAME, FRAME, FRAME]
    assert np.array_equal(np.concatenate(frames)[:400], clip)
    assert not frames[-1][80:].any()


def test_clauses_of_one_utterance_are_joined_without_a_gap() -> None:
    playout = Playout(RATE_HZ)
    playout.enqueue(ramp(250), "a", more=True)
    playout.enqueue(ramp(250, 251), "a")
    assert np.array_equal(np.concatenate(drain(playout))[:500], ramp(500))


def test_an_open_utterance_without_data_is_starved_and_a_finished_one_is_not() -> None:
    playout = Playout(RATE_HZ)
    playout.enqueue(ramp(160), "a", more=True)
    assert playout.next_frame() is not None
    assert playout.next_frame() is None
    assert playout.next_frame() is None
    assert playout.busy
    assert playout.stats.starved_slots == 2
    assert playout.heard == Heard("a", 20, False)
    playout.finish("a")
    assert playout.next_frame() is None
    assert playout.stats.starved_slots == 2
    assert playout.heard == Heard("a", 20, True)
    assert not playout.busy


def test_waiting_for_the_first_clause_is_no_gap_in_the_utterance() -> None:
    playout = Playout(RATE_HZ)
    playout.enqueue(np.zeros(0, dtype=np.int16), "a", more=True)
    assert playout.next_frame() is None
    assert playout.busy
    assert (playout.stats.starved_slots, playout.stats.waited_slots) == (0, 1)
    assert playout.heard == Heard("a", 0, False)


def test_what_is_queued_right_after_a_stop_begins_without_a_click() -> None:
    playout = Playout(RATE_HZ)
    high = np.full(800, 9000, dtype=np.int16)
    playout.enqueue(high, "a")
    played = [playout.next_frame()]
    playout.stop()
    playout.enqueue(high, "b")
    played += drain(playout)
    assert largest_step(np.concatenate([frame for frame in played if frame is not None])) < 900


def test_stop_tells_what_was_heard_of_the_utterance_in_progress() -> None:
    playout = Playout(RATE_HZ)
    playout.enqueue(ramp(1600), "a")
    playout.enqueue(ramp(1600), "b")
    for _ in range(13):
        playout.next_frame()
    assert playout.stop() == Heard("b", 60, False)
    assert playout.stats.flushed_ms == 140
    assert playout.pending_ms == 0


def test_what_the_line_dropped_unsent_was_not_heard() -> None:
    playout = Playout(RATE_HZ)
    playout.enqueue(ramp(1600), "a")
    for _ in range(5):
        playout.next_frame()
    assert playout.stop(unsent_ms=40) == Heard("a", 60, False)


def test_stop_fades_in_one_frame_and_leaves_no_click() -> None:
    playout = Playout(RATE_HZ)
    sound = tone(440, 1.0, RATE_HZ, level_dbfs=-10)
    playout.enqueue(sound, "a")
    played = [playout.next_frame() for _ in range(7)]
    playout.stop()
    played += drain(playout)
    assert len(played) == 8
    heard = np.concatenate([frame for frame in played if frame is not None])
    assert largest_step(heard) <= largest_step(sound) + 50
    assert abs(int(heard[-1])) < 300
    assert playout.next_frame() is None


def test_stop_in_silence_adds_no_frame() -> None:
    playout = Playout(RATE_HZ)
    playout.enqueue(np.zeros(1600, dtype=np.int16), "a")
    playout.next_frame()
    playout.stop()
    assert playout.next_frame() is None


def test_a_join_that_would_click_is_faded_on_both_sides() -> None:
    playout = Playout(RATE_HZ)
    high = np.full(480, 9000, dtype=np.int16)
    playout.enqueue(high, "a", more=True)
    playout.enqueue(-high, "a")
    heard = np.concatenate(drain(playout))
    assert heard.size == 960
    assert largest_step(heard) < 900
    assert playout.stats.joins_faded == 3


def test_a_starved_utterance_stops_and_starts_again_without_a_click() -> None:
    playout = Playout(RATE_HZ)
    high = np.full(FRAME, 9000, dtype=np.int16)
    playout.enqueue(high, "a", more=True)
    first = playout.next_frame()
    assert playout.next_frame() is None
    playout.enqueue(high, "a")
    second = playout.next_frame()
    assert first is not None
    assert second is not None
    assert largest_step(np.concatenate([first, second])) < 900


def test_what_does_not_fit_is_refused_whole() -> None:
    playout = Playout(RATE_HZ, capacity_s=0.1)
    playout.enqueue(ramp(480), "a")
    with pytest.raises(PlayoutFull, match="'b'"):
        playout.enqueue(ramp(480), "b")
    assert playout.pending_ms == 60
    assert playout.room_ms == 40


def test_the_high_water_mark_is_the_most_ever_pending() -> None:
    playout = Playout(RATE_HZ)
    playout.enqueue(ramp(800), "a")
    drain(playout)
    playout.enqueue(ramp(160), "b")
    drain(playout)
    assert playout.stats.high_water_ms == 100
    assert playout.stats.played_ms == 120


steps = st.lists(
    st.one_of(
        st.tuples(st.just("enqueue"), st.integers(0, 700), st.booleans()),
        st.tuples(st.just("frame"), st.just(0), st.booleans()),
        st.tuples(st.just("stop"), st.just(0), st.booleans()),
    ),
    max_size=60,
)


@given(steps)
def test_samples_are_conserved_played_plus_flushed_plus_pending_is_what_was_queued(
    actions: list[tuple[str, int, bool]],
) -> None:
    playout = Playout(RATE_HZ)
    queued = 0
    expected: list[Pcm] = []
    heard: list[Pcm] = []
    for number, (action, samples, flag) in enumerate(actions):
        if action == "enqueue":
            clip = ramp(samples, start=queued + 1)
            playout.enqueue(clip, f"u{number}" if flag else "same", more=flag)
            queued += samples
            expected.append(clip)
        elif action == "frame":
            before = playout.pending_ms
            frame = playout.next_frame()
            if frame is not None:
                assert frame.size == FRAME
                heard.append(frame[frame > 0])
            else:
                assert before == 0
        else:
            lost_ms = playout.pending_ms
            playout.stop()
            assert playout.pending_ms == 0
            rest = sum(clip.size for clip in expected) - sum(frame.size for frame in heard)
            assert rest * 1000 // RATE_HZ == lost_ms
            expected = [np.concatenate(heard)] if heard else []
            assert playout.next_frame() is None  # the ramp is too quiet to need a fade
    heard.extend(frame[frame > 0] for frame in drain(playout))
    sent = np.concatenate(expected) if expected else np.zeros(0, dtype=np.int16)
    got = np.concatenate(heard) if heard else np.zeros(0, dtype=np.int16)
    assert np.array_equal(sent, got)


@given(steps, st.integers(0, 20))
def test_what_is_looked_at_before_its_turn_is_what_is_given_then(
    actions: list[tuple[str, int, bool]], count: int
) -> None:
    playout = Playout(RATE_HZ)
    promised: list[Pcm] = []
    queued, given_out = [np.zeros(0, dtype=np.int16)], [np.zeros(0, dtype=np.int16)]
    for number, (action, samples, flag) in enumerate(actions):
        if action == "enqueue":
            queued.append(ramp(samples, start=number))
            playout.enqueue(queued[-1], f"u{number}" if flag else "same", more=flag)
        elif action == "frame":
            frame = playout.next_frame()
            assert frame is promised.pop(0) if promised else True
            if frame is not None:
                given_out.append(frame[frame > 0])
        elif flag:
            playout.stop()
            promised.clear()
            queued = [np.concatenate(given_out)]
        seen = list(playout.upcoming(count))
        assert all(one is promise for one, promise in zip(seen, promised, strict=False))
        promised = max(promised, seen, key=len)
    given_out.extend(frame[frame > 0] for frame in drain(playout))
    assert np.array_equal(np.concatenate(queued), np.concatenate(given_out))


def test_the_unfinished_end_of_an_open_utterance_is_not_promised() -> None:
    playout = Playout(RATE_HZ)
    playout.enqueue(ramp(2 * FRAME), "u", more=True)
    assert len(playout.upcoming(5)) == 1
    playout.enqueue(ramp(FRAME), "u")
    assert len(playout.upcoming(5)) == 3


def test_after_sound_that_the_line_dropped_no_fade_of_what_would_have_followed_is_heard() -> None:
    playout = Playout(RATE_HZ)
    playout.enqueue(tone(400, 0.2, RATE_HZ), "u")
    playout.next_frame()
    playout.stop(unsent_ms=20)
    assert playout.next_frame() is None
