"""Charts as SVG, drawn on the server: columns over time and ranked bars. No script, no style of their own.

Colours come from the page's style sheet by class. A chart is one image to a screen reader, named by its title: the
figures themselves are read in the table that every page puts behind its chart.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest

from markupsafe import Markup

_WIDTH = 520
_HEIGHT = 230
_LEFT, _RIGHT, _TOP, _BOTTOM = 46, 8, 14, 26
_ROW, _NAME, _VALUE = 30, 186, 44
_LONGEST_NAME = 25
"""Characters that ``_NAME`` holds, even of wide letters."""

_LABELS = 8
_STEPS = (1, 2, 2.5, 5, 10)


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: its ``name`` under or beside it, its ``value``, and that of the period before, if there is one."""

    name: str
    value: float
    before: float | None = None


def columns(title: str, bars: Sequence[Bar]) -> Markup:
    """Draw ``bars`` from left to right over a scale that starts at zero."""
    top = _round_up(max((max(bar.value, bar.before or 0) for bar in bars), default=0))
    inner, height = _WIDTH - _LEFT - _RIGHT, _HEIGHT - _TOP - _BOTTOM
    parts = [_grid_line(top * share, top, height) for share in (0, 0.25, 0.5, 0.75, 1)]
    slot = inner / max(len(bars), 1)
    every = max(1, -(-len(bars) // _LABELS))
    for place, bar in enumerate(bars):
        left = _LEFT + place * slot
        drawn = [("bar-before", bar.before), ("bar", bar.value)] if bar.before is not None else [("bar", bar.value)]
        width = slot * 0.8 / len(drawn)
        for rank, (kind, value) in enumerate(drawn):
            tall = height * (value or 0) / top
            parts.append(
                Markup('<rect class="{}" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}" rx="2"/>').format(
                    kind, left + slot * 0.1 + rank * width, _TOP + height - tall, max(width - 1, 0.5), tall
                )
            )
        if place % every == 0:
            parts.append(
                Markup('<text x="{:.1f}" y="{}" text-anchor="middle">{}</text>').format(
                    left + slot / 2, _HEIGHT - 8, bar.name
                )
            )
    return _drawing(title, _HEIGHT, parts)


def ranks(title: str, bars: Sequence[Bar]) -> Markup:
    """Draw ``bars`` one under the other, each with its name before it and its value after it."""
    top = max((max(bar.value, bar.before or 0) for bar in bars), default=0) or 1
    inner = _WIDTH - _NAME - _VALUE
    parts = []
    for place, bar in enumerate(bars):
        y = place * _ROW
        if bar.before is not None:
            parts.append(_across("bar-before", y + 19, inner * bar.before / top, 6))
        parts.append(_across("bar", y + 5, inner * bar.value / top, 14))
        name = bar.name if len(bar.name) <= _LONGEST_NAME else f"{bar.name[: _LONGEST_NAME - 1].rstrip()}…"
        parts.append(
            Markup('<text x="{}" y="{}" text-anchor="end">{}</text>').format(_NAME - 8, y + 17, name)
            + Markup('<text x="{:.1f}" y="{}">{}</text>').format(
                _NAME + inner * bar.value / top + 6, y + 17, written(bar.value)
            )
        )
    return _drawing(title, max(len(bars), 1) * _ROW, parts)


def paired(values: Sequence[tuple[str, float]], before: Sequence[float]) -> list[Bar]:
    """Return bars that compare the places of two series; where the former is shorter it has nothing to show."""
    return [Bar(now[0], now[1], then) for now, then in zip_longest(values, before[: len(values)]) if now is not None]


def written(value: float) -> str:
    """Write a value on a chart, as the French do: ``1 234`` or ``0,5``."""
    text = f"{value:,.0f}" if value == round(value) else f"{value:,.1f}"
    return text.replace(",", "\u202f").replace(".", ",")


def _grid_line(value: float, top: float, height: float) -> Markup:
    y = _TOP + height * (1 - value / top)
    return Markup('<line class="grid-line" x1="{}" y1="{:.1f}" x2="{}" y2="{:.1f}"/>').format(
        _LEFT, y, _WIDTH - _RIGHT, y
    ) + Markup('<text x="{}" y="{:.1f}" text-anchor="end">{}</text>').format(_LEFT - 6, y + 4, written(value))


def _across(kind: str, y: float, width: float, height: float) -> Markup:
    return Markup('<rect class="{}" x="{}" y="{}" width="{:.1f}" height="{}" rx="2"/>').format(
        kind, _NAME, y, max(width, 1.0), height
    )


def _drawing(title: str, height: float, parts: Sequence[Markup]) -> Markup:
    return Markup('<svg class="chart" viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>').format(
        _WIDTH, height, title, Markup("").join(parts)
    )


def _round_up(value: float) -> float:
    """Return the end of a scale whose four steps are easy to read."""
    size = 4.0
    while size < value:
        for step in _STEPS[1:]:
            if size * step >= value:
                return size * step
        size *= 10
    return size
