"""Draws the menus as a tree, in SVG: each menu a card with its choices, its sub-menus to its right.

A layout of our own: a card is as high as its choices, a branch as high as its sub-menus together, columns are depths.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from xml.sax.saxutils import escape

from voicebot.ivr_menus.menus import Choice, Do, Menu, Menus

_CARD_W, _GAP_X, _GAP_Y, _MARGIN = 390, 70, 22, 24
_HEAD_H, _ROW_H = 34, 30
_LETTER_W = 7.0
_STYLE = """
    text { font: 13px system-ui, sans-serif; fill: #1b1f24 }
    .title { font-weight: 600; fill: #ffffff }
    .does { fill: #57606a; font-size: 11px; text-anchor: end }
    .key { font-weight: 600; text-anchor: middle; fill: #0b3d66 }
    .card { fill: #ffffff; stroke: #8c959f }
    .head { fill: #0b3d66 }
    .badge { fill: #dcebf7 }
    .way { fill: none; stroke: #0b3d66; stroke-width: 1.5 }
"""


@dataclass(frozen=True, slots=True)
class _Card:
    """A menu with its place: left and top in pixels, and the cards its choices lead to, by choice id."""

    menu: Menu
    left: int
    top: int
    below: dict[str, "_Card"]

    @property
    def height(self) -> int:
        """Its own height."""
        return _HEAD_H + _ROW_H * len(self.menu.choices) + 6

    @property
    def bottom(self) -> int:
        """The lowest point of its branch."""
        return max([self.top + self.height, *(card.bottom for card in self.below.values())])

    @property
    def right(self) -> int:
        """The rightmost point of its branch."""
        return max([self.left + _CARD_W, *(card.right for card in self.below.values())])

    def row(self, number: int) -> int:
        """The middle of the row of a choice, counted from 0."""
        return self.top + _HEAD_H + _ROW_H * number + _ROW_H // 2


def draw(menus: Menus) -> str:
    """Return the drawing of ``menus``, one tree for each menu a call may begin with, as an SVG document."""
    cards: list[_Card] = []
    top = _MARGIN
    for root in menus.roots():
        cards.append(_place(root, menus, _MARGIN, top))
        top = cards[-1].bottom + 2 * _GAP_Y
    width = max((card.right for card in cards), default=0) + _MARGIN
    height = max((card.bottom for card in cards), default=0) + _MARGIN
    body = "\n".join(line for card in cards for line in _lines(card))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" role="img">\n'
        f"<title>Menus : {escape(', '.join(card.menu.title for card in cards))}</title>\n"
        f"<style>{_STYLE}</style>\n"
        f'<rect width="{width}" height="{height}" fill="#f6f8fa"/>\n{body}\n</svg>\n'
    )


def _place(menu: Menu, menus: Menus, left: int, top: int) -> _Card:
    below: dict[str, _Card] = {}
    next_top = top
    for choice in menu.choices:
        if choice.action.do is Do.MENU:
            card = _place(menus.menu(choice.action.id), menus, left + _CARD_W + _GAP_X, next_top)
            below[choice.id] = card
            next_top = card.bottom + _GAP_Y
    return _Card(menu, left, top, below)


def _lines(card: _Card) -> Iterator[str]:
    left, top, menu = card.left, card.top, card.menu
    yield f'<g id="{escape(menu.id)}-{left}-{top}">'
    yield f'<rect class="card" x="{left}" y="{top}" width="{_CARD_W}" height="{card.height}" rx="6"/>'
    side = _HEAD_H - 6
    head = f"M{left} {top + _HEAD_H}v-{side}q0 -6 6 -6h{_CARD_W - 12}q6 0 6 6v{side}z"
    yield f'<path class="head" d="{head}"/>'
    yield f'<text class="title" x="{left + 12}" y="{top + 22}">{escape(menu.title)}</text>'
    for number, choice in enumerate(menu.choices):
        yield from _row(choice, left, card.row(number))
    yield "</g>"
    for number, choice in enumerate(menu.choices):
        target = card.below.get(choice.id)
        if target:
            yield _way(left + _CARD_W, card.row(number), target.left, target.top + _HEAD_H // 2)
            yield from _lines(target)


def _row(choice: Choice, left: int, middle: int) -> Iterator[str]:
    yield f'<rect class="badge" x="{left + 10}" y="{middle - 11}" width="22" height="22" rx="4"/>'
    yield f'<text class="key" x="{left + 21}" y="{middle + 5}">{escape(choice.key)}</text>'
    yield f'<text x="{left + 42}" y="{middle + 5}">{escape(choice.name)}</text>'
    room = int((_CARD_W - 60 - _LETTER_W * len(choice.name)) / (_LETTER_W * 0.9))
    yield f'<text class="does" x="{left + _CARD_W - 10}" y="{middle + 4}">{escape(_does(choice, room))}</text>'


def _does(choice: Choice, room: int) -> str:
    action = choice.action
    if action.do is Do.MENU:
        return "›"
    told = action.id or action.do.value
    if action.entities:
        told += f" ({', '.join(action.entities.values())})"
    if action.do not in (Do.INTENT, Do.MENU) and action.id:
        told = f"{action.do.value} : {told}"
    return told if len(told) <= room else told[: max(room - 1, 1)] + "…"


def _way(x1: int, y1: int, x2: int, y2: int) -> str:
    middle = (x1 + x2) // 2
    return f'<path class="way" d="M{x1} {y1}C{middle} {y1} {middle} {y2} {x2} {y2}"/>'
