"""Commitments: what a period reached, against the targets of the service."""

from datetime import date

import pytest

from voicebot.journal.figures import Delays, Report, Score, Volumes
from voicebot.web.commitments import Commitments, measure


def report(**figures: object) -> Report:
    known: dict[str, object] = {
        "first": date(2026, 11, 1),
        "last": date(2026, 11, 30),
        "contacts": 10,
        "ended": 10,
        "containment": 0.7,
        "transferred": 0.1,
        "abandoned": 0.05,
        "first_call": 0.8,
        "no_match": 0.1,
        "complaints": 0,
        "delays": Delays(10, 600, 1200),
        "volumes": Volumes(),
        "satisfaction": {"global": Score(4, 4.5)},
    }
    return Report(**known | figures)  # type: ignore[arg-type]


def kept(**figures: object) -> dict[str, bool | None]:
    return {one.name: one.kept for one in measure(report(**figures), Commitments())}


def test_a_good_month_keeps_every_commitment() -> None:
    assert set(kept().values()) == {True}


@pytest.mark.parametrize(
    ("name", "figures"),
    [
        ("containment", {"containment": 0.59}),
        ("first_call", {"first_call": 0.5}),
        ("abandoned", {"abandoned": 0.11}),
        ("no_match", {"no_match": 0.2}),
        ("delays_p95_ms", {"delays": Delays(1, 600, 1501)}),
        ("satisfaction", {"satisfaction": {"global": Score(1, 3.9)}}),
    ],
)
def test_one_figure_beyond_its_target_is_not_kept(name: str, figures: dict[str, object]) -> None:
    assert [one for one, state in kept(**figures).items() if state is False] == [name]


def test_with_nothing_to_measure_nothing_is_said_to_be_kept() -> None:
    empty = kept(containment=None, first_call=None, abandoned=None, no_match=None, delays=Delays(), satisfaction={})
    assert set(empty.values()) == {None}


def test_a_share_above_one_is_refused() -> None:
    with pytest.raises(ValueError, match="containment"):
        Commitments(containment=60)
