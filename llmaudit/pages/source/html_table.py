"""One HTML table to rows of cells, with the file's line of each row."""

from __future__ import annotations

import re

from llmaudit.pages.model import Table, TextBuilder

_BREAKS = frozenset({"br", "div", "li", "p", "ul", "ol"})
"""Elements that part words inside a cell."""


class TableReader:
    """Collects one table, filling cells that span rows or columns."""

    MAX_SPAN = 50
    MAX_CELLS = 100_000

    def __init__(self, heading: str, before: str) -> None:
        self.heading = heading
        self.before = before
        self.rows: list[list[str]] = []
        self.lines: list[int] = []
        self.cell = TextBuilder()
        self.in_cell = False
        self.span = (1, 1)
        self.pending: dict[tuple[int, int], str] = {}
        self.count = 0

    def start(self, tag: str, given: dict[str, str], line: int) -> None:
        """Open a row or a cell."""
        if tag == "tr":
            self.rows.append([])
            self.lines.append(line)
        elif tag in {"td", "th"} and self.count < self.MAX_CELLS:
            if not self.rows:
                self.rows.append([])
                self.lines.append(line)
            if not self.rows[-1]:
                self.lines[-1] = line  # where the row's words begin, and not its tag
            self.count += 1
            self.in_cell = True
            self.span = (_span(given.get("rowspan")), _span(given.get("colspan")))
        elif self.in_cell and (tag in _BREAKS or tag == "br"):
            self.cell.add(" ", line)

    def end(self, tag: str) -> None:
        """Close a cell."""
        if tag not in {"td", "th"} or not self.in_cell:
            return
        text, _ = self.cell.take()
        self.in_cell = False
        row, index = self.rows[-1], len(self.rows) - 1
        self._fill(row, index)
        for column in range(len(row), len(row) + self.span[1]):
            for below in range(1, self.span[0]):
                self.pending[index + below, column] = text
            row.append(text)

    def _fill(self, row: list[str], index: int) -> None:
        while (index, len(row)) in self.pending:
            row.append(self.pending.pop((index, len(row))))

    def table(self) -> Table | None:
        """Return the table, or None where it has no cell."""
        for index, row in enumerate(self.rows):
            self._fill(row, index)
        kept = [(tuple(row), line) for row, line in zip(self.rows, self.lines, strict=True) if row]
        if not kept:
            return None
        return Table(tuple(row for row, _ in kept), tuple(line for _, line in kept), self.heading, self.before)


def _span(text: str | None) -> int:
    number = int(text) if text and re.fullmatch(r"[0-9]{1,3}", text) else 1
    return max(1, min(number, TableReader.MAX_SPAN))
