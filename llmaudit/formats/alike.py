"""Lines of JSON that differ in nothing but their values, as columns cut out of the bytes they lie in.

A program writes the same keys in the same order again and again. So one line of a kind is read key by key; of the
others it is proven, many at once, that every byte outside the values is the same. Then a value lies between the same
two quotes in all of them, and a column is a cut at known places: no object is made per row.

So the other lines are well-formed JSON of the same kinds of values if the first one is, and that one goes through the
strict decoder. Lines with an escape or a control character in them are left to it too.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from llmaudit.formats.alike_shape import Shape, Shapeless

Places = npt.NDArray[np.int64]
_Bounds = npt.NDArray[np.int32]

MIN_ALIKE = 64
"""Fewer lines of a new shape are not worth it: to learn a shape costs as much as some hundred lines."""

MAX_SHAPES = 32
"""New shapes tried in a block; a log whose lines are of more kinds is better read line by line."""

MAX_IN_VAIN = 256
"""Shapes tried that too few lines had, before only known ones are looked for: one costs as much as a hundred lines."""

MAX_KNOWN = 512
"""Shapes remembered of a log: each is looked for in every block that has lines with as many quotes."""

_QUOTE, _LINE_END, _ESCAPE, _SPACE = b'"\n\\ '
_NOUGHT, _POINT = b"0."
_NUMBER = r"^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?$"


class Odd(Exception):  # noqa: N818 -- not an error: one of these lines is for the reader of single lines
    """A value is out of the ordinary, so that the columns cannot be made; without its line they may be."""


@dataclass(frozen=True)
class Alike:
    """Lines of one shape.

    Attributes:
        places: Their places among the lines of the block, ascending.
    """

    places: Places
    _data: bytes
    _shape: Shape
    _bounds: _Bounds

    def __len__(self) -> int:
        return len(self.places)

    @property
    def shape(self) -> Hashable:
        """What tells lines of this shape again in other blocks of the log."""
        return self._shape

    @property
    def some(self) -> Iterator[bytes]:
        """A few of the lines, for what they have in common: one of them may be out of the ordinary."""
        for number in sorted({0, len(self) // 2, len(self) - 1}):
            yield self._data[self._bounds[number, 0] : self._bounds[number, -1]]

    @property
    def first(self) -> bytes:
        """The first of the lines."""
        return next(iter(self.some))

    def has_text(self, *path: str | int) -> bool:
        """Say whether a text lies at a path in all lines."""
        slot = self._shape.slots.get(path)
        return slot is not None and slot not in self._shape.numbers

    def has_number(self, *path: str | int) -> bool:
        """Say whether a number lies at a path in all lines."""
        return self._shape.slots.get(path) in self._shape.numbers

    def has_nothing(self, *path: str | int) -> bool:
        """Say whether null lies at a path in all lines, or nothing."""
        return path not in self._shape.slots and self._shape.fixed.get(path, b"null") == b"null"

    def ends(self, *path: str | int) -> _Bounds | None:
        """Return where the value at a path starts and ends in the block, a row a line; None without text or number."""
        slot = self._shape.slots.get(path)
        return None if slot is None else self._bounds[:, 2 * slot + 1 : 2 * slot + 3]

    def values(self, *path: str | int) -> pa.StringArray | None:
        """Return the texts or the numbers at a path as they are written; None where there is neither."""
        ends = self.ends(*path)
        return None if ends is None else _cut_out(self._data, ends, None)

    @property
    def starts(self) -> _Bounds:
        """Where the lines start in the block."""
        return self._bounds[:, :1]


class Together:
    """Lines of several shapes, in the order of the block: their values as columns.

    Args:
        data: The block.
        kinds: The lines, by shape.

    Attributes:
        places: Their places among the lines of the block, ascending.
        kinds: The lines, by shape.
        rows: Where those of each shape are among all of them.
    """

    def __init__(self, data: bytes, kinds: Sequence[Alike]) -> None:
        self._data = data
        self.kinds = kinds
        places = np.concatenate([each.places for each in kinds])
        order = np.argsort(places)
        self.places: Places = places[order]
        row_of = np.empty(len(places), np.int64)
        row_of[order] = np.arange(len(places))
        self.rows: list[Places] = np.split(row_of, np.cumsum([len(each) for each in kinds])[:-1])

    def __len__(self) -> int:
        return len(self.places)

    def values(self, *path: str | int) -> pa.StringArray | None:
        """Return the texts or numbers at a path as they are written; None instead of nothing but nulls."""
        found = [each.ends(*path) for each in self.kinds]
        missing = [each is None for each in found]
        if all(missing):
            return None
        if len(found) == 1:
            return self.kinds[0].values(*path)
        ends = np.empty((len(self), 2), np.int32)
        gaps = np.zeros(len(self), np.bool_) if any(missing) else None
        for kind, rows, each in zip(self.kinds, self.rows, found, strict=True):
            ends[rows] = kind.starts if each is None else each
            if each is None and gaps is not None:
                gaps[rows] = True
        return _cut_out(self._data, ends, gaps)


class Shapes:
    """The shapes of a log's lines, as they become known: those of one block are mostly those of the next."""

    def __init__(self) -> None:
        self._known: dict[int, list[Shape]] = {}  # by the number of quotes
        self._in_vain = self._learned = 0

    def of(self, data: bytes) -> Iterator[Alike]:
        r"""Yield the lines of a block by shape; those of rare shapes are in none.

        What is yielded is proven to be like its first line; whether that is JSON at all, the caller has to see.

        Args:
            data: Lines without the last `\n`, valid UTF-8.
        """
        block = _Block(data)
        tries = MAX_SHAPES
        for count in self._most_common(block.counts):
            left = np.flatnonzero(block.counts == count)
            shapes = self._known.setdefault(count, [])
            for shape in shapes:
                if not len(left):
                    break
                found, left = block.like(shape, left)
                if len(found):
                    yield found
            while len(left) >= MIN_ALIKE and tries and self._in_vain < MAX_IN_VAIN and self._learned < MAX_KNOWN:
                tries -= 1
                try:
                    shape = Shape(block.line(left[0]))
                except (Shapeless, IndexError):  # it is no object, or its brackets do not match
                    left = left[1:]
                    continue
                found, rest = block.like(shape, left)
                left = rest[rest != left[0]]  # whatever it is, it has been tried
                if len(found) < MIN_ALIKE:
                    self._in_vain += 1
                    continue
                shapes.append(shape)
                self._learned += 1
                yield found

    def _most_common(self, counts: npt.NDArray[np.int64]) -> list[int]:
        """Return how many quotes lines have, the most common number first, as far as enough lines have it."""
        numbers, times = np.unique(counts, return_counts=True)
        pairs = zip(numbers.tolist(), times.tolist(), strict=True)
        enough = [(seen, number) for number, seen in pairs if seen >= MIN_ALIKE or number in self._known]
        return [number for _, number in sorted(enough, reverse=True) if number]


class _Block:
    """Where the lines of a block and their quotes lie.

    Args:
        data: The block.

    Attributes:
        counts: How many quotes each line has; 0 where the line is left to the reader of single lines.
    """

    def __init__(self, data: bytes) -> None:
        text = np.frombuffer(data, np.uint8)
        ends = np.flatnonzero(text == _LINE_END).astype(np.int32)
        self._data = data
        self._starts = np.concatenate((np.zeros(1, np.int32), ends + 1), dtype=np.int32)
        self._stops = np.append(ends, np.int32(len(data)))
        self._quotes = np.flatnonzero(text == _QUOTE).astype(np.int32)
        self._first = np.searchsorted(self._quotes, self._starts)
        self.counts = np.diff(self._first, append=len(self._quotes))
        self.counts[_lines_to_leave(text, data, self._starts)] = 0

    def line(self, place: int) -> bytes:
        """Return a line."""
        return self._data[self._starts[place] : self._stops[place]]

    def like(self, shape: Shape, places: Places) -> tuple[Alike, Places]:
        """Return the lines among some that have a shape, and the places of the others."""
        bounds = _bounds(shape, self._quotes, self._first[places], self._starts[places], self._stops[places])
        same = _same(shape, self._data, bounds)
        return Alike(places[same], self._data, shape, bounds[same]), places[~same]


def _lines_to_leave(text: npt.NDArray[np.uint8], data: bytes, starts: _Bounds) -> Places:
    """Return the lines that have an escape or a control character in them."""
    escapes = np.flatnonzero(text == _ESCAPE) if b"\\" in data else np.zeros(0, np.int64)
    controls = np.zeros(0, np.int64)
    if np.count_nonzero(text < _SPACE) >= len(starts):  # more than line ends
        controls = np.flatnonzero((text < _SPACE) & (text != _LINE_END))
    return np.searchsorted(starts, np.concatenate((escapes, controls)), side="right") - 1


def _bounds(shape: Shape, quotes: _Bounds, first: Places, starts: _Bounds, stops: _Bounds) -> _Bounds:
    """Return where each line starts, its slots start and end in turn, and where it ends, if it has the shape."""
    bounds = np.empty((len(first), len(shape.quotes) + 2), np.int32)
    bounds[:, 0], bounds[:, -1] = starts, stops
    inner = bounds[:, 1:-1]
    which = np.array(shape.quotes)
    np.take(quotes, first[:, None] + which, out=inner, mode="clip")
    for after_last in np.flatnonzero(which == shape.count):
        inner[:, after_last] = stops
    inner += np.array(shape.offsets, np.int32)
    return bounds


def _same(shape: Shape, data: bytes, bounds: _Bounds) -> npt.NDArray[np.bool_]:
    """Say which lines have the shape: between the slots the same bytes, and numbers where numbers are expected."""
    lengths = np.diff(bounds, axis=1)
    same: npt.NDArray[np.bool_] = (lengths[:, ::2] == np.array([len(part) for part in shape.between])).all(axis=1)
    if shape.numbers:
        same &= (lengths[:, [2 * slot + 1 for slot in shape.numbers]] > 0).all(axis=1)
    rows = np.flatnonzero(same)
    if not len(rows):
        return same
    pieces = _pieces(data, bounds if len(rows) == len(same) else bounds[rows])
    size, stride = len(rows), bounds.shape[1]
    between = b"".join(shape.between)
    taken = pieces.take(pa.array(np.arange(0, size * stride, 2, dtype=np.int32)))
    found = taken.buffers()[2].slice(0, size * len(between))
    good = np.ones(size, np.bool_)
    if not found.equals(pa.py_buffer(between * size)):
        lines = np.frombuffer(found, np.uint8).reshape(size, len(between))
        good = (lines == np.frombuffer(between, np.uint8)).all(axis=1)
    if shape.numbers:
        places = np.arange(0, size * stride, stride, dtype=np.int32)[:, None]
        numbers = pieces.take(pa.array((places + (2 * np.array(shape.numbers, np.int32) + 1)).ravel()))
        good[_wrong_numbers(numbers) // len(shape.numbers)] = False
    same[rows[~good]] = False
    return same


def _cut_out(data: bytes, ends: _Bounds, gaps: npt.NDArray[np.bool_] | None) -> pa.StringArray:
    """Return what lies between starts and ends: every other piece of the block, cut at all of them; null in gaps."""
    every_other = np.arange(0, ends.size, 2, dtype=np.int32)
    return _pieces(data, ends).take(pa.array(every_other, mask=gaps))


def _pieces(data: bytes, bounds: _Bounds) -> pa.StringArray:
    """Return lines cut at their bounds: in turn what lies between slots and what is in one; nothing is copied."""
    return pa.StringArray.from_buffers(bounds.size - 1, pa.py_buffer(np.ascontiguousarray(bounds)), pa.py_buffer(data))


def _wrong_numbers(texts: pa.StringArray) -> Places:
    """Return which texts are no JSON numbers. Most are digits with at most one point, which is seen at once."""
    _, offsets, data = texts.buffers()
    bounds = np.frombuffer(offsets, np.int32, len(texts) + 1)
    starts, lasts = bounds[:-1], bounds[1:] - 1
    found = np.frombuffer(data, np.uint8, bounds[-1])
    others = np.flatnonzero(found - np.uint8(_NOUGHT) > 9)  # noqa: PLR2004 -- below nought it wraps round
    owners = np.searchsorted(bounds, others, side="right") - 1
    point = (found[others] == _POINT) & (others > starts[owners]) & (others < lasts[owners])
    points = np.bincount(owners[point], minlength=len(texts))
    doubtful = points > 1
    doubtful[owners[~point]] = True
    doubtful |= (found[starts] == _NOUGHT) & (lasts > starts) & (found[np.minimum(starts + 1, lasts)] != _POINT)
    which = np.flatnonzero(doubtful)
    passed = pc.match_substring_regex(texts.take(pa.array(which)), _NUMBER)
    wrong: Places = which[~passed.to_numpy(zero_copy_only=False)]
    return wrong
