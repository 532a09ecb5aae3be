"""Charts: what is drawn stands in proportion, fits, and shows hostile names as text."""

import re
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicebot.web.charts import Bar, columns, paired, ranks, written

SVG = "{http://www.w3.org/2000/svg}"
bars = st.lists(
    st.builds(Bar, st.text(max_size=40), st.integers(0, 10**7), st.none() | st.integers(0, 10**7)), max_size=70
)


def drawn(svg: str, kind: str = "bar", size: str = "height") -> list[float]:
    found = re.findall(rf'<rect class="{kind}"[^>]*? {size}="([\d.]+)"', svg)
    return [float(one) for one in found]


def test_columns_are_as_tall_as_their_values_are_great() -> None:
    low, high = drawn(columns("Contacts", [Bar("lundi", 10), Bar("mardi", 20)]))
    assert high == pytest.approx(2 * low, rel=0.01)


def test_ranked_bars_are_as_long_as_their_values_are_great() -> None:
    long, short = drawn(ranks("Thèmes", [Bar("tri", 40), Bar("eau", 10)]), size="width")
    assert long == pytest.approx(4 * short, rel=0.01)


@given(bars)
def test_every_chart_is_whole_and_keeps_within_its_frame(some: list[Bar]) -> None:
    clean = [Bar("".join(c for c in bar.name if c.isprintable()), bar.value, bar.before) for bar in some]
    for chart in (columns("Titre", clean), ranks("Titre", clean)):
        root = ElementTree.fromstring(chart)  # noqa: S314 - our own drawing
        width, height = map(float, root.attrib["viewBox"].split()[2:])
        for box in root.iter("rect"):
            at = {name: float(box.attrib[name]) for name in ("x", "y", "width", "height")}
            assert -0.1 <= at["x"] <= at["x"] + at["width"] <= width + 0.1
            assert -0.1 <= at["y"] <= at["y"] + at["height"] <= height + 0.1


def test_a_hostile_name_is_text() -> None:
    assert "<script>" not in ranks("<script>", [Bar("<script>alert(1)</script>", 1)])


def test_a_chart_is_one_image_named_by_its_title() -> None:
    assert 'role="img" aria-label="Contacts par jour"' in columns("Contacts par jour", [])


def test_a_shorter_period_before_leaves_the_last_bars_alone() -> None:
    assert paired([("a", 1), ("b", 2)], [5]) == [Bar("a", 1, 5), Bar("b", 2, None)]


def test_numbers_are_written_as_the_french_do() -> None:
    assert (written(1234), written(0.5)) == ("1\u202f234", "0,5")
