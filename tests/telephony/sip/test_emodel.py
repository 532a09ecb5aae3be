import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicebot.telephony.emodel import mos, rating


def test_a_perfect_line_has_the_default_rating() -> None:
    assert rating(0, 0) == pytest.approx(93.2)


@pytest.mark.parametrize(("r", "score"), [(90, 4.34), (80, 4.03), (70, 3.60), (60, 3.10), (50, 2.58)])
def test_the_score_is_that_of_table_b1_of_g107(r: float, score: float) -> None:
    assert mos(r) == pytest.approx(score, abs=0.011)


@pytest.mark.parametrize("delay_ms", [20, 50, 100, 150, 177, 200, 250, 300])
def test_delay_costs_what_cole_and_rosenbluth_read_from_g107(delay_ms: float) -> None:
    # "Voice over IP Performance Monitoring", 2001: two lines fitted to the curve of G.107, up to 300 ms
    cost = 0.024 * delay_ms + 0.11 * max(0.0, delay_ms - 177.3)
    assert 93.2 - rating(delay_ms, 0) == pytest.approx(cost, abs=1.0)


@pytest.mark.parametrize(
    ("percent", "bpl", "cost"),
    [(1, 25.1, 3.64), (5, 25.1, 15.78), (1, 4.3, 17.92), (2, 4.3, 30.16)],
)
def test_loss_costs_what_g113_says_of_g711(percent: float, bpl: float, cost: float) -> None:
    assert 93.2 - rating(0, percent / 100, bpl=bpl) == pytest.approx(cost, abs=0.05)


@given(st.floats(0, 2000), st.floats(0, 1), st.floats(0, 500), st.floats(0, 0.5))
def test_more_delay_or_loss_is_never_better(delay_ms: float, loss: float, more_ms: float, more: float) -> None:
    assert rating(delay_ms + more_ms, loss + more) <= rating(delay_ms, loss) + 1e-9


@given(st.floats(-50, 150))
def test_a_score_is_between_one_and_four_and_a_half(r: float) -> None:
    assert 1.0 <= mos(r) <= 4.5
