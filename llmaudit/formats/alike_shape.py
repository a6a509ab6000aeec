"""Where the values of a line of JSON lie between its quotes, told from one line for all that are like it."""

from __future__ import annotations

import re

Path = tuple[str | int, ...]

_TOKEN = re.compile(rb'"[^"]*"|-?[0-9][-+.0-9eE]*|true|false|null|[{}\[\],]')
_EMPTY = re.compile(rb"\{\s*\}|\[\s*\]")


class Shapeless(Exception):  # noqa: N818 -- not an error: lines like this one have no shape
    """Where the values lie cannot be told from the quotes alone, there are none, or a key comes twice."""


class Shape:
    """Where the values of a line lie, told from one line.

    Each value has a slot. A slot begins and ends at a bound: a quote of the line and the distance to it.

    Attributes:
        slots: Number of the slot of each text or number, by its path.
        numbers: Slots that are numbers, not texts.
        fixed: The bytes of what has no slot (`null`, `true`, `{}`), by path.
        quotes: The quote of each slot's start and end, in turn; one past the last stands for the line's end.
        offsets: The distance to it.
        between: What lies before, between and after the slots.
        count: How many quotes the line has.

    Raises:
        Shapeless: Lines like this one have no shape.
    """

    def __init__(self, line: bytes) -> None:
        self.slots: dict[Path, int] = {}
        self.numbers: list[int] = []
        self.fixed: dict[Path, bytes] = {}
        self.quotes: list[int] = []
        self.offsets: list[int] = []
        self.between: list[bytes] = []
        self._seen: set[Path] = set()
        self._path: list[str | int] = []
        self._quotes: list[int] = []
        self._last = 0  # where the last slot ended
        self._in_number = False  # that was a number: its bound is told from the next quote, which has not come
        self._key_follows = False
        for token in _TOKEN.finditer(line):
            start, end = token.span()
            match line[start]:
                case 0x22:
                    self._text(line, start, end)
                case 0x7B | 0x5B:  # { [
                    self._begin(line, start)
                case 0x7D | 0x5D:  # } ]
                    self._path.pop()
                    self._key_follows = False
                case 0x2C:
                    self._next()
                case 0x74 | 0x66 | 0x6E:  # t f n
                    self.fixed[self._here()] = token[0]
                case _:
                    self._number(line, start, end)
        if not self.slots:
            raise Shapeless
        self._bound_number(len(line))
        self.between.append(line[self._last :])
        self.count = len(self._quotes)

    def _text(self, line: bytes, start: int, end: int) -> None:
        self._bound_number(start)
        self._quotes += (start, end - 1)
        if self._key_follows:
            self._path[-1] = line[start + 1 : end - 1].decode()
            self._key_follows = False
            return
        self._open(line, start + 1, len(self._quotes) - 2, 1)
        self._bound(len(self._quotes) - 1, 0)
        self._last = end - 1

    def _number(self, line: bytes, start: int, end: int) -> None:
        if self._in_number:
            raise Shapeless
        self.numbers.append(len(self.slots))
        self._open(line, start, len(self._quotes) - 1, start - self._quotes[-1])
        self._last, self._in_number = end, True

    def _bound_number(self, next_quote: int) -> None:
        if self._in_number:
            self._bound(len(self._quotes), self._last - next_quote)
            self._in_number = False

    def _here(self) -> Path:
        here = tuple(self._path)
        if here in self._seen:
            raise Shapeless
        self._seen.add(here)
        return here

    def _begin(self, line: bytes, start: int) -> None:
        here, kind = self._here(), line[start : start + 1]
        if empty := _EMPTY.match(line, start):
            self.fixed[here] = empty[0]
        self._key_follows = kind == b"{"
        self._path.append("" if self._key_follows else 0)

    def _next(self) -> None:
        inside = self._path[-1]
        if isinstance(inside, int):
            self._path[-1] = inside + 1
        else:
            self._key_follows = True

    def _open(self, line: bytes, start: int, quote: int, offset: int) -> None:
        self.slots[self._here()] = len(self.slots)
        self.between.append(line[self._last : start])
        self._bound(quote, offset)

    def _bound(self, quote: int, offset: int) -> None:
        self.quotes.append(quote)
        self.offsets.append(offset)
