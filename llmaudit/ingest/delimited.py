"""Tables of text to rows: separated values with a header, and the COPY blocks of a Postgres dump."""

from __future__ import annotations

import csv
import re
from collections import Counter, deque
from collections.abc import Collection, Iterable, Iterator
from itertools import islice

from llmaudit.errors import InputError, printable
from llmaudit.ingest.blocks import MAX_LINE_BYTES, Block
from llmaudit.ingest.layout import COPY, Layout
from llmaudit.ingest.records import BLANK, Numbered, Tally, text_lines

csv.field_size_limit(MAX_LINE_BYTES)

MAX_RECORD_LINES = 1000
"""A CSV cell may hold line ends. A quote that is still open after so many lines was never meant to close."""

OUTSIDE_COPY = "line of the dump outside the rows"
OTHER_TABLE = "row of another table"
_ESCAPED = re.compile(r"\\(?:x[0-9A-Fa-f]{1,2}|[0-7]{1,3}|.)", re.DOTALL)
_ESCAPES = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


Cells = list[str | None]
"""The cells of a row; None is NULL, which only COPY can tell from an empty text."""


class CsvReader:
    """Reads CSV rows from blocks, by the names in the header.

    A row ends where its quotes are balanced. A quote that is opened and never closed would swallow the rest of the
    file: so a row of several lines counts only if it fits the header; if not, its first line is rejected and reading
    goes on with the second. Two such quotes can swallow whole rows between them and still fit: where a line inside a
    row has as many commas as a row, all of its lines are rejected (to read them as rows would let a cell forge some).

    Args:
        source: The file's blocks, from its first line on.
        name: The file, for messages.
        layout: How cells are separated and quoted.
    """

    def __init__(self, source: Iterable[Block], name: str, layout: Layout) -> None:
        self._source = source
        self._name = printable(name)
        self._layout = layout
        self._separator = layout.delimiter.encode()
        self._waiting: deque[tuple[int, bytes | None]] = deque()
        self._waiting_bytes = 0
        self._header: list[str] = []

    def batches(self) -> Iterator[tuple[Numbered, Tally]]:
        """Yield the rows block by block, each with the tally of what became of the others.

        Raises:
            InputError: The header names a column twice.
        """
        for block in self._source:
            lines = block.lines() if block.data is not None else [None]
            self._waiting.extend(enumerate(lines, start=block.first_line))
            self._waiting_bytes += len(block.data or b"")
            tally = Tally()
            yield self._rows(tally, last=False), tally
        tally = Tally()
        yield self._rows(tally, last=True), tally

    def _rows(self, tally: Tally, *, last: bool) -> Numbered:
        """Yield the rows that are whole; what may go on in the next block stays for it, unless this is the last."""
        while self._waiting and (last or self._holds_a_row()):
            number, first = self._waiting[0]
            if first is not None and (not first or first.isspace()):
                self._drop(1)
                tally.records += 1
                tally.ignored[BLANK] += 1
            elif self._header:
                tally.records += 1
                row = self._row(tally)
                if row is not None:
                    yield number, row
            else:
                self._read_header()

    def _holds_a_row(self) -> bool:
        return len(self._waiting) > MAX_RECORD_LINES or self._waiting_bytes > 2 * MAX_LINE_BYTES

    def _read_header(self) -> None:
        cells, lines = self._parse()
        if cells is None:
            raise InputError(
                f"the first line of {self._name} is not a CSV header", next_step="Check the export.", slug="no-header"
            )
        self._header = [(name or "").strip() for name in cells]
        twice = sorted(name for name, count in Counter(self._header).items() if count > 1)
        if twice:
            raise InputError(
                f"the CSV header of {self._name} names a column twice: {printable(', '.join(twice))}",
                next_step="Keep one of them; the file does not show which has the right values.",
                slug="column-twice",
            )
        self._drop(lines)

    def _row(self, tally: Tally) -> dict[str, str] | None:
        """Take the next row; None where it was rejected."""
        number, first = self._waiting[0]
        cells, lines = self._parse()
        if cells is not None and len(cells) == len(self._header):
            swallowed = self._swallows_rows(lines)
            self._drop(lines)
            if not swallowed:
                return {name: cell for name, cell in zip(self._header, cells, strict=True) if cell is not None}
            tally.records += lines - 1
            for line in range(number, number + lines):
                tally.reject(line, "malformed-csv")
            return None
        self._drop(1)
        if first is None:
            tally.reject(number, "line-too-long")
        elif cells is not None and lines == 1:
            tally.reject(number, "field-count")
        else:
            tally.reject(number, "malformed-csv" if _is_utf8(first) else "not-utf8")
        return None

    def _swallows_rows(self, lines: int) -> bool:
        """Say whether a row of several lines holds a line that could be a row itself."""
        inner = islice(self._waiting, 1, lines)
        return any((line or b"").count(self._separator) >= len(self._header) - 1 for _, line in inner)

    def _parse(self) -> tuple[Cells | None, int]:
        """Return the cells of the next row, or None where it is no CSV, and how many lines it takes."""
        parts: list[bytes] = []
        quotes = size = 0
        for _, line in islice(self._waiting, MAX_RECORD_LINES):
            if line is None:
                break
            parts.append(line)
            quotes += 0 if self._layout.escapes else line.count(b'"')
            size += len(line)
            if size > MAX_LINE_BYTES:
                break
            if quotes % 2 == 0:
                return _cells(b"\n".join(parts), self._layout), len(parts)
        return None, 1

    def _drop(self, lines: int) -> None:
        for _ in range(lines):
            _, line = self._waiting.popleft()
            self._waiting_bytes -= len(line or b"")


def _cells(row: bytes, layout: Layout) -> Cells | None:
    """Return the cells of a row, or None where it is not well formed."""
    try:
        text = row.decode("utf-8").removesuffix("\r")
        if layout.escapes:
            return [unescaped(cell) for cell in text.split(layout.delimiter)]
        if layout.quoted_whole:
            text = next(csv.reader([text], strict=True))[0]
        found = list(csv.reader([text], strict=True, delimiter=layout.delimiter))
    except (csv.Error, UnicodeDecodeError, IndexError):
        return None
    return [*found[0]] if len(found) == 1 else None


def unescaped(cell: str) -> str | None:
    """Return a cell of COPY text as it was in the table; None for NULL."""
    if cell == "\\N":
        return None
    return _ESCAPED.sub(_meant, cell) if "\\" in cell else cell


def _meant(escape: re.Match[str]) -> str:
    code = escape[0][1:]
    if code[0] == "x" and len(code) > 1:
        return chr(int(code[1:], 16))
    return chr(int(code, 8)) if code[0].isdigit() and code[0] < "8" else _ESCAPES.get(code, code)


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


class CopyReader:
    """Reads the rows of a Postgres dump whose table has the columns that a format needs.

    Args:
        source: The file's blocks.
        needs: Columns without which a table is another one.
    """

    def __init__(self, source: Iterable[Block], needs: Collection[str]) -> None:
        self._source = source
        self._needs = needs
        self._columns: list[str] | None = None
        self._wanted = False

    def batches(self) -> Iterator[tuple[Numbered, Tally]]:
        """Yield the rows block by block, each with the tally of what became of the other lines."""
        for block in self._source:
            tally = Tally()
            yield self._rows(block, tally), tally

    def _rows(self, block: Block, tally: Tally) -> Numbered:
        for number, raw in text_lines(block, tally):
            line = raw.rstrip(b"\r")
            if self._columns is None:
                opening = COPY.match(line)
                if opening:
                    self._columns = copy_columns(opening["columns"])
                    self._wanted = all(name in self._columns for name in self._needs)
                tally.ignored[OUTSIDE_COPY] += 1
            elif line == b"\\.":
                self._columns = None
                tally.ignored[OUTSIDE_COPY] += 1
            elif not self._wanted:
                tally.ignored[OTHER_TABLE] += 1
            else:
                row = self._row(number, line, tally)
                if row is not None:
                    yield number, row

    def _row(self, number: int, line: bytes, tally: Tally) -> dict[str, str] | None:
        assert self._columns is not None  # noqa: S101 -- for mypy: the caller has looked
        if not _is_utf8(line):
            tally.reject(number, "not-utf8")
            return None
        cells = [unescaped(cell) for cell in line.decode("utf-8").split("\t")]
        if len(cells) != len(self._columns):
            tally.reject(number, "field-count")
            return None
        return {name: cell for name, cell in zip(self._columns, cells, strict=True) if cell is not None}


def copy_columns(listed: bytes) -> list[str]:
    """Return the column names of a COPY statement."""
    return [name.strip().strip('"') for name in listed.decode("utf-8", "replace").split(",")]
