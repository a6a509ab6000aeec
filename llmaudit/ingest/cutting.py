"""Columns cut out of the lines of a log that differ in nothing but their values (`llmaudit.formats.alike`)."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from llmaudit.formats.alike import Alike, Odd, Shapes, Together
from llmaudit.formats.base import Cut
from llmaudit.ingest.blocks import Block
from llmaudit.ingest.layout import UNDECODABLE
from llmaudit.ingest.records import Numbered, Tally, text_lines


class Cutter:
    """Cuts columns out of the blocks of one log; the shapes of its lines are remembered from block to block.

    Args:
        cut: How the format's columns are made of lines that are alike.
        read: Decodes one line strictly.
    """

    def __init__(self, cut: Cut, read: Callable[[Any], Any]) -> None:
        self._cut = cut
        self._read = read
        self._shapes = Shapes()
        self._firsts: dict[Hashable, Any] = {}

    def columns(
        self, data: bytes, size: int
    ) -> tuple[Mapping[str, Any], npt.NDArray[np.int64], npt.NDArray[np.bool_]] | None:
        """Return columns, the places of their lines, and which are odd; None where most of the block is left.

        Args:
            data: Lines without the last line end, valid UTF-8.
            size: How many they are.
        """
        kinds, firsts = self._fitting(data)
        if 2 * sum(map(len, kinds)) <= size:
            return None
        lines = Together(data, kinds)
        try:
            columns, odd = self._cut.columns(lines, firsts)
        except Odd:
            return None
        return None if 2 * np.count_nonzero(~odd) <= size else (columns, lines.places, odd)

    def _fitting(self, data: bytes) -> tuple[list[Alike], list[Any]]:
        """Return the lines of a block that the format cuts, by shape, and one line of each shape decoded."""
        kinds, firsts = [], []
        for lines in self._shapes.of(data):
            if lines.shape not in self._firsts:
                self._firsts[lines.shape] = self._first_of(lines)
            first = self._firsts[lines.shape]
            if first is not None:
                kinds.append(lines)
                firsts.append(first)
        return kinds, firsts

    def _first_of(self, lines: Alike) -> Any:
        """Return one of some lines decoded; None where the format does not cut lines of their shape."""
        for line in lines.some:
            try:
                first = self._read(line)
            except UNDECODABLE:
                continue
            return first if self._cut.fits(lines, first) else None
        return None


def lines_at(block: Block, data: bytes, wanted: npt.NDArray[np.bool_], tally: Tally) -> Numbered:
    """Yield some lines of a block, each run of them as a block of its own."""
    ends = np.flatnonzero(np.frombuffer(data, np.uint8) == ord("\n"))
    starts, stops = np.append(0, ends + 1), np.append(ends, len(data))
    edges = np.flatnonzero(np.diff(wanted, prepend=False, append=False))
    for first, behind in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        yield from text_lines(Block(block.first_line + first, data[starts[first] : stops[behind - 1]]), tally)
