"""Blocks to numbered records, for each container: JSON lines, CSV, and one JSON document that holds an array.

A record that cannot even be told apart is rejected here, and a blank line ignored; both are noted in the `Tally`.
"""

from __future__ import annotations

import csv
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import msgspec

from llmaudit.errors import InputError, printable
from llmaudit.ingest.read import MAX_LINE_BYTES, UTF8_BOM, Block, Content, file_name

csv.field_size_limit(MAX_LINE_BYTES)

BLANK = "blank line"
MAX_DOCUMENT_BYTES = 256 << 20
"""A JSON array is decoded whole; a larger one must come as JSON lines."""

MAX_RECORD_LINES = 1000
"""A CSV cell may hold line ends. A quote that is still open after so many lines was never meant to close."""

ENVELOPES = ("data", "value", "Records", "logEvents", "results", "requests")
"""Keys under which an export wraps its records in one JSON object."""

Numbered = Iterator[tuple[int, Any]]
"""Line number and record: a JSON value still encoded, or a CSV row as column name to cell."""


@dataclass(frozen=True)
class Rejected:
    """One rejected record: where, why, and in which field; never its text."""

    line: int
    reason: str
    field: str | None = None


@dataclass
class Tally:
    """Every record that did not become a request.

    Attributes:
        records: Records seen, requests included.
        rejects: Those that cannot be used.
        ignored: Counts by reason of those that are no requests.
    """

    records: int = 0
    rejects: list[Rejected] = field(default_factory=list)
    ignored: Counter[str] = field(default_factory=Counter)

    def reject(self, line: int, reason: str, where: str | None = None) -> None:
        """Note a record that cannot be used."""
        self.rejects.append(Rejected(line, reason, where))


def json_lines(block: Block, tally: Tally) -> Numbered:
    """Yield the records of a block of JSON lines."""
    lines = block.lines()
    tally.records += len(lines) or 1
    if block.data is None:
        tally.reject(block.first_line, "line-too-long")
    for line, raw in enumerate(lines, start=block.first_line):
        if not raw or raw.isspace():
            tally.ignored[BLANK] += 1
        elif len(raw) > MAX_LINE_BYTES:
            tally.reject(line, "line-too-long")
        else:
            yield line, raw


def json_elements(content: Content) -> list[msgspec.Raw]:
    """Return the records of a JSON array, or of the array that an export wraps in one object, still encoded.

    Raises:
        InputError: Too large to decode whole, or not JSON.
    """
    data = content.read(MAX_DOCUMENT_BYTES + 1)
    if len(data) > MAX_DOCUMENT_BYTES:
        raise InputError(
            f"{printable(file_name(content.path))} is one JSON document of more than {MAX_DOCUMENT_BYTES >> 20} MB",
            next_step="Write it as JSON lines, for instance with `jq -c '.[]'`.",
            slug="document-too-large",
        )
    try:
        return elements_of(data.removeprefix(UTF8_BOM))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InputError(
            f"{printable(file_name(content.path))} opens a JSON document that is not whole: {printable(str(error))}",
            next_step="Fetch the file again; nothing of it was taken in.",
            slug="malformed-document",
        ) from None


def elements_of(data: bytes) -> list[msgspec.Raw]:
    """Return the records of a JSON document: of an array, of an envelope's array, or the document itself.

    Raises:
        msgspec.DecodeError: Not JSON, or neither an array nor an object.
    """
    whole = msgspec.json.decode(data, type=list[msgspec.Raw] | dict[str, msgspec.Raw])
    if isinstance(whole, list):
        return whole
    for name in ENVELOPES:
        if name in whole and bytes(memoryview(whole[name])[:1]) == b"[":
            return msgspec.json.decode(whole[name], type=list[msgspec.Raw])
    return [msgspec.Raw(data)]


class CsvReader:
    """Reads CSV rows from blocks, by the names in the header.

    A row ends where its quotes are balanced. A quote that is opened and never closed would swallow the rest of the
    file: so a row of several lines counts only if it fits the header; if not, its first line is rejected and reading
    goes on with the second. Two such quotes can swallow whole rows between them and still fit: where a line inside a
    row has as many commas as a row, all of its lines are rejected (to read them as rows would let a cell forge some).

    Args:
        source: The file's blocks, from its first line on.
        name: The file, for messages.
    """

    def __init__(self, source: Iterable[Block], name: str) -> None:
        self._source = source
        self._name = printable(name)
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
                f"the first line of {self._name} is no CSV header", next_step="Check the export.", slug="no-header"
            )
        self._header = [name.strip() for name in cells]
        twice = sorted(name for name, count in Counter(self._header).items() if count > 1)
        if twice:
            raise InputError(
                f"the CSV header of {self._name} names a column twice: {printable(', '.join(twice))}",
                next_step="Keep one of them; which holds the right values cannot be told.",
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
                return dict(zip(self._header, cells, strict=True))
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
        return any((line or b"").count(b",") >= len(self._header) - 1 for _, line in inner)

    def _parse(self) -> tuple[list[str] | None, int]:
        """Return the cells of the next row, or None where it is no CSV, and how many lines it takes."""
        parts: list[bytes] = []
        quotes = size = 0
        for _, line in islice(self._waiting, MAX_RECORD_LINES):
            if line is None:
                break
            parts.append(line)
            quotes += line.count(b'"')
            size += len(line)
            if size > MAX_LINE_BYTES:
                break
            if quotes % 2 == 0:
                return _cells(b"\n".join(parts)), len(parts)
        return None, 1

    def _drop(self, lines: int) -> None:
        for _ in range(lines):
            _, line = self._waiting.popleft()
            self._waiting_bytes -= len(line or b"")


def _cells(row: bytes) -> list[str] | None:
    try:
        found = list(csv.reader([row.decode("utf-8").removesuffix("\r")], strict=True))
    except (csv.Error, UnicodeDecodeError):
        return None
    return found[0] if len(found) == 1 else None


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
