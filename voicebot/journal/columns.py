"""Rows kept by column, as bytes: labels as numbers into their list, figures as they are. Counted with numpy.

A block begins with one line of JSON: the number of rows, then for each column its name, how its cells are written
(``u1``, ``u2``, ``i1``, ``i2`` or ``i4``, little endian; nothing when every row has the first label), and the labels it
has. The cells follow, in that order.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

Label: TypeAlias = str | None
Cells: TypeAlias = npt.NDArray[Any]
Mask: TypeAlias = npt.NDArray[np.bool_]

NOTHING = -(2**31)
"""The figure of a row that has none; the least number of its kind where cells are shorter."""

_CONSTANT = ""
_SHORTER = ("i1", "i2")
_LONGEST_COUNTED = 1_000_000


@dataclass(frozen=True, slots=True)
class Columns:
    """``size`` rows. ``labels`` are (what the codes stand for, a code a row) by name; ``figures`` a number a row."""

    size: int
    labels: Mapping[str, tuple[Sequence[Label], Cells]]
    figures: Mapping[str, Cells]

    def counts(self, name: str, mask: Mask | None = None) -> dict[Label, int]:
        """Return how many rows (of those that ``mask`` keeps) have each label; labels of no row are left out."""
        values, codes = self.labels[name]
        found = np.bincount(codes if mask is None else codes[mask], minlength=len(values))
        return {value: count for value, count in zip(values, found.tolist(), strict=True) if count}

    def among(self, name: str, wanted: Iterable[Label]) -> Mask:
        """Return which rows have one of the labels ``wanted``."""
        values, codes = self.labels[name]
        chosen = set(wanted)
        kept = np.fromiter((value in chosen for value in values), dtype=np.bool_, count=len(values))
        return kept[codes] if len(values) else np.zeros(self.size, dtype=np.bool_)

    def histogram(self, name: str, mask: Mask | None = None) -> list[tuple[int, int]]:
        """Return how often each figure is there, as (figure, times) in order; rows without one are left out."""
        cells = self.figures[name]
        cells = cells[cells != NOTHING] if mask is None else cells[mask & (cells != NOTHING)]
        if not len(cells):
            return []
        if cells.min() >= 0 and cells.max() < _LONGEST_COUNTED:  # much sooner than sorting them
            counts = np.bincount(cells)
            values = np.flatnonzero(counts)
            return list(zip(values.tolist(), counts[values].tolist(), strict=True))
        values, counts = np.unique(cells, return_counts=True)
        return list(zip(values.tolist(), counts.tolist(), strict=True))


def columns_of(rows: Sequence[Sequence[Any]], labels: Sequence[str], figures: Sequence[str]) -> Columns:
    """Return rows by column; each row has its labels first, then its figures (``None``: nothing)."""
    by_column: list[Sequence[Any]] = list(zip(*rows, strict=True)) if rows else [()] * (len(labels) + len(figures))
    coded: dict[str, tuple[Sequence[Label], Cells]] = {}
    for name, cells in zip(labels, by_column, strict=False):
        places = {value: place for place, value in enumerate(dict.fromkeys(cells))}
        codes = np.fromiter((places[cell] for cell in cells), dtype=np.uint16, count=len(cells))
        coded[name] = (tuple(places), codes)
    counted = {
        name: np.fromiter((NOTHING if cell is None else cell for cell in cells), dtype=np.int32, count=len(cells))
        for name, cells in zip(figures, by_column[len(labels) :], strict=True)
    }
    return Columns(len(rows), coded, counted)


def pack(columns: Columns) -> bytes:
    """Return columns as bytes."""
    heads: list[tuple[str, str, list[Label] | None]] = []
    parts: list[bytes] = []
    for name, (values, codes) in columns.labels.items():
        kind = _CONSTANT if len(values) <= 1 else "u1" if len(values) <= 256 else "u2"
        heads.append((name, kind, list(values)))
        parts += [codes.astype(f"<{kind}").tobytes()] if kind else []
    for name, cells in columns.figures.items():
        kind = next((one for one in _SHORTER if _fits(cells, one)), "i4")
        heads.append((name, kind, None))
        parts.append(np.where(cells == NOTHING, _least(kind), cells).astype(f"<{kind}").tobytes())
    head = json.dumps([columns.size, heads], ensure_ascii=False, separators=(",", ":"))
    return b"".join([head.encode(), b"\n", *parts])


def unpack(packed: bytes, wanted: Iterable[str]) -> Columns:
    """Return the columns ``wanted`` of what was packed."""
    end = packed.index(b"\n") + 1
    size, heads = json.loads(packed[:end])
    chosen, offset = set(wanted), end
    labels: dict[str, tuple[Sequence[Label], Cells]] = {}
    figures: dict[str, Cells] = {}
    for name, kind, values in heads:
        dtype = np.dtype(f"<{kind or 'u1'}")
        if name in chosen and values is not None and not kind:
            labels[name] = (values, np.zeros(size, dtype=dtype))
        elif name in chosen:
            cells = np.frombuffer(packed, dtype=dtype, count=size, offset=offset)
            if values is None:
                figures[name] = _lengthened(cells, kind)
            else:
                labels[name] = (values, cells)
        offset += dtype.itemsize * size if kind else 0
    return Columns(size, labels, figures)


def joined(blocks: Sequence[Columns], labels: Sequence[str], figures: Sequence[str]) -> Columns:
    """Return the rows of every block, one after the other, with these columns."""
    size = sum(block.size for block in blocks)
    coded: dict[str, tuple[Sequence[Label], Cells]] = {}
    for name in labels:
        places: dict[Label, int] = {}
        codes = np.empty(size, dtype=np.uint16)
        start = 0
        for block in blocks:
            values, own = block.labels[name]
            anew = [places.setdefault(value, len(places)) for value in values]
            stop = start + block.size
            if len(anew) == 1:
                codes[start:stop] = anew[0]
            elif anew:
                codes[start:stop] = np.array(anew, dtype=np.uint16)[own]
            start = stop
        coded[name] = (tuple(places), codes)
    empty = np.empty(0, dtype=np.int32)
    counted = {name: np.concatenate([empty, *(block.figures[name] for block in blocks)]) for name in figures}
    return Columns(size, coded, counted)


def _least(kind: str) -> int:
    return int(np.iinfo(kind).min)


def _fits(cells: Cells, kind: str) -> bool:
    there = cells[cells != NOTHING]
    return not len(there) or bool(there.min() > _least(kind) and there.max() <= np.iinfo(kind).max)


def _lengthened(cells: Cells, kind: str) -> Cells:
    long = cells.astype(np.int32)
    if kind != "i4":
        long[cells == _least(kind)] = NOTHING
    return long
