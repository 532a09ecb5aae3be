import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicebot.audio.frames import Pcm, Upcoming, silence
from voicebot.telephony.pace import Inbound, Lateness, Outbound, Pace

SIZE = 160


def frame(value: int) -> Pcm:
    return np.full(SIZE, value, dtype=np.int16)


def test_deadlines_are_absolute() -> None:
    pace = Pace(100.0)
    assert [round(pace.next(), 3) for _ in range(3)] == [100.02, 100.04, 100.06]


def test_deadlines_follow_an_engine_that_is_later_but_never_go_back() -> None:
    pace = Pace(0.0)
    pace.next()
    pace.follow(0.026)
    assert round(pace.next(), 3) == 0.046
    pace.follow(0.001)
    assert round(pace.next(), 3) == 0.066


def test_deadlines_draw_near_to_an_engine_that_is_early_and_settle_there() -> None:
    pace, engine_s, waits = Pace(0.0), 0.003, []
    for index in range(1000):
        due_s = pace.next()
        ready_s = engine_s + 0.02 * index
        if ready_s <= due_s:
            pace.draw_near(0.0)
        else:
            pace.follow(ready_s)
        waits.append(max(due_s, ready_s) - ready_s)
    assert waits[0] > 0.015
    assert max(waits[500:]) < 0.001
    assert pace.due_s == pytest.approx(engine_s + 0.02 * 999, abs=0.001)


def test_a_late_tick_draws_nothing_nearer() -> None:
    pace = Pace(0.0)
    pace.next()
    pace.draw_near(0.01)
    assert pace.due_s == 0.02


def test_after_a_stall_that_lost_nothing_whole_frames_are_skipped() -> None:
    pace = Pace(0.0)
    pace.next()
    assert pace.skip_missed(0.115) == 4
    assert round(pace.next(), 3) == 0.12
    assert pace.skip_missed(0.1) == 0


@given(st.lists(st.integers(0, 500), max_size=40))
def test_received_sound_comes_out_in_order_whatever_the_pieces(sizes: list[int]) -> None:
    inbound = Inbound(SIZE, most_frames=1000)
    # loud, so that nothing is shed
    whole = (np.arange(sum(sizes)) % 1000 + 10_000).astype(np.int16)
    at = 0
    for size in sizes:
        inbound.put(whole[at : at + size])
        at += size
    out = []
    while (taken := inbound.take()) is not None:
        out.append(taken)
    assert inbound.frames == 0
    assert np.array_equal(np.concatenate([silence(0), *out]), whole[: whole.size // SIZE * SIZE])


def test_what_nobody_takes_is_bounded_and_the_oldest_goes_first() -> None:
    inbound = Inbound(SIZE, most_frames=3)
    for value in range(1, 6):
        inbound.put(frame(value * 1000))
    assert inbound.dropped_frames == 2
    first = inbound.take()
    assert first is not None
    assert first[0] == 3000


def test_a_lasting_excess_is_shed_at_the_first_quiet_frame() -> None:
    inbound = Inbound(SIZE)
    inbound.put(frame(9000))
    inbound.put(frame(9000))
    for _ in range(60):
        inbound.put(frame(9000))
        inbound.take()
    assert inbound.frames == 2
    for _ in range(120):
        inbound.put(silence(SIZE))
        inbound.take()
    assert inbound.frames <= 1


def test_the_engine_is_first_put_one_frame_ahead() -> None:
    given_out = Outbound(SIZE).push(frame(5), ahead=0, starved=True)
    assert [int(one[0]) for one in given_out] == [0, 5]


def test_speech_is_never_parted_by_silence_while_the_wire_is_fed() -> None:
    outbound = Outbound(SIZE)
    assert [int(one[0]) for one in outbound.push(frame(5), ahead=0, starved=False)] == [5]


@given(st.lists(st.tuples(st.integers(0, 3), st.booleans()), max_size=200))
def test_the_engine_is_never_more_than_two_frames_ahead(steps: list[tuple[int, bool]]) -> None:
    outbound, ahead = Outbound(SIZE), 0
    for sent, speech in steps:
        starved = sent * SIZE > ahead
        ahead = max(0, ahead - sent * SIZE)
        ahead += sum(one.size for one in outbound.push(frame(7) if speech else silence(SIZE), ahead, starved))
        assert ahead <= 2 * SIZE


def test_after_a_stall_silence_is_shed_and_speech_is_not() -> None:
    outbound = Outbound(SIZE)
    for value in range(1, 6):
        outbound.push(frame(value), ahead=2 * SIZE, starved=False)
    for _ in range(10):
        outbound.push(silence(SIZE), ahead=2 * SIZE, starved=False)
    assert outbound.waiting_samples == 5 * SIZE
    assert outbound.shed_frames == 10
    out = []
    while outbound.waiting_samples:
        out += outbound.push(silence(SIZE), ahead=SIZE, starved=False)
    assert [int(one[0]) for one in out] == [1, 2, 3, 4, 5]


def test_a_flush_drops_what_waits_and_says_how_much() -> None:
    outbound = Outbound(SIZE)
    for _ in range(3):
        outbound.push(frame(5), ahead=2 * SIZE, starved=False)
    assert outbound.flush() == 3 * SIZE
    assert outbound.waiting_samples == 0


def known(values: list[int]) -> Upcoming:
    return lambda count: [frame(value) for value in values[:count]]


def test_a_sentence_known_ahead_begins_at_once_and_is_given_before_its_turn() -> None:
    given_out = Outbound(SIZE).push(frame(1), 0, starved=True, upcoming=known([2, 3]))
    assert [int(one[0]) for one in given_out] == [1, 2, 3]


def test_what_was_given_before_its_turn_is_not_given_again() -> None:
    outbound = Outbound(SIZE)
    outbound.push(frame(1), 0, starved=True, upcoming=known([2, 3]))
    assert outbound.early_samples == 2 * SIZE
    given_out = outbound.push(frame(2), ahead=SIZE, starved=False, upcoming=known([3, 4]))
    assert [int(one[0]) for one in given_out] == [4]


def test_a_change_of_mind_is_noticed_before_it_is_heard() -> None:
    outbound = Outbound(SIZE)
    outbound.push(frame(1), 0, starved=True, upcoming=known([2, 3]))
    assert outbound.expects(frame(2))
    assert not outbound.expects(silence(SIZE))
    outbound.flush()
    assert outbound.expects(silence(SIZE))


@given(st.integers(1, 120), st.lists(st.integers(0, 9), max_size=200))
def test_a_sentence_is_sent_whole_in_order_and_without_a_gap_through_any_stall_of_180_ms(
    length: int, stalls: list[int]
) -> None:
    outbound, queue, wire = Outbound(SIZE), list[int](), list[int]()
    sentence = list(range(1, length + 1))
    for turn, value in enumerate(sentence):
        queue += [int(one[0]) for one in outbound.push(
            frame(value), len(queue) * SIZE, starved=not queue, upcoming=known(sentence[turn + 1 :])
        )]  # fmt: skip
        assert len(queue) <= 15
        # the conversation is held up now and then, and catches up; the wire never is
        stall = stalls.pop() if stalls and turn >= len(wire) else int(turn >= len(wire))
        wire += queue[:stall]
        del queue[:stall]
        assert len(wire) == length or queue
    assert wire + queue == sentence


def test_an_engine_that_lost_what_it_held_is_given_it_again() -> None:
    outbound = Outbound(SIZE)
    outbound.push(frame(1), 0, starved=True, upcoming=known([2, 3, 4]))
    outbound.wait(frame(2))
    assert [int(one[0]) for one in outbound.again()] == [2, 3, 4]


def test_silence_between_sounds_is_left_to_the_engine() -> None:
    outbound = Outbound(SIZE)
    assert outbound.idle(silence(SIZE))
    assert outbound.push(silence(SIZE), 0, starved=True) == []
    assert not outbound.idle(frame(1))


def test_lateness_is_told_by_share_of_the_frames() -> None:
    lateness = Lateness()
    for late_s in [0.0005] * 98 + [0.0125, 3.0]:
        lateness.note(late_s)
    assert (lateness.within_ms(0.5), lateness.within_ms(0.99), lateness.within_ms(1.0)) == (0, 12, 200)
    assert Lateness().within_ms(0.99) == 0
