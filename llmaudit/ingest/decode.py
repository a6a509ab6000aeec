"""Records to canonical rows: decode each, convert it, and account for every one that is not a request.

This runs per row, at a dozen microseconds each: what looks like an odd turn of phrase here is one that was measured
(benchmarks/README.md).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from itertools import islice
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
from msgspec.structs import astuple

from llmaudit.formats.base import Context, Format, Held, Refused
from llmaudit.formats.cells import encoded_row, kinds_of, text_row
from llmaudit.ingest import blocks
from llmaudit.ingest.arrays import BILL_SCHEMA, SCHEMA, Row, column_batch, in_line_order, row_batch
from llmaudit.ingest.blocks import Block
from llmaudit.ingest.clean import cleaned
from llmaudit.ingest.cutting import Cutter, lines_at
from llmaudit.ingest.layout import READ_AS, UNDECODABLE, Layout, records_in
from llmaudit.ingest.prompts import fill_hints, kept_texts
from llmaudit.ingest.reasons import reason_of
from llmaudit.ingest.records import Numbered, Tally, is_utf8
from llmaudit.period import Period
from llmaudit.request import Ignored, Reject, Request

OUTSIDE = "outside the period asked for"
EMPTY = "page, batch or record without entries"
ROWS_PER_TURN = 1000
"""Rows turned into columns at a time: few enough that they are still in the processor's cache."""


def _as_it_is(record: Any) -> Any:
    return record


class Decoder:
    """Turns the records of one format into rows.

    Args:
        form: The format.
        context: What the format may use besides the record.
        period: Requests outside it are ignored.
        layout: How the records lie.
        keep_users: Leave addresses of people as they are.
    """

    def __init__(
        self, form: Format, context: Context, period: Period, layout: Layout, *, keep_users: bool = False
    ) -> None:
        self.form = form
        self.schema = BILL_SCHEMA if form.kind == "bill" else SCHEMA
        self._context = context
        self._period = period
        self._keep_users = keep_users
        self._layout = layout
        self._reader = _reader(form, layout)
        self._batch = _json_decoder(form.batch).decode if form.batch is not None else None
        self._unbounded = period.since is None and period.until is None
        plain = layout.container == "lines" and not layout.envelope and not layout.wrapper
        self._by_columns = form.columns is not None and plain and self._unbounded
        self._lines = _json_decoder(form.record).decode_lines if self._by_columns else None
        self._cutter = Cutter(form.cut, self._reader) if self._by_columns and form.cut is not None else None

    @property
    def cuts(self) -> bool:
        """Whether columns are cut out of lines that are alike, as far as it goes."""
        return self._cutter is not None

    def batch(self, records: Numbered, tally: Tally) -> pa.RecordBatch:
        """Return the requests among the records as rows; what is not one is noted in the tally.

        Args:
            records: Line number and record: a JSON value still encoded, or a row as column name to cell.
            tally: Filled in place.
        """
        if self._by_columns:
            return self._clean(self._columns_of(records, tally), tally)
        return self._clean(self._rows(self._requests(self._parts(records, tally), tally), tally), tally)

    def whole_block(self, block: Block, tally: Tally) -> pa.RecordBatch | None:
        """Return the requests of a block whose lines are decoded in one go.

        That is possible where the format makes columns and every line is one whole object; else None, and nothing has
        been noted.
        """
        if not self._by_columns or block.data is None:
            return None
        if (done := self._cut(block, block.data, tally)) is not None:
            return done
        if not _is_an_object_a_line(block.data):
            return None
        try:
            decoded = self._lines(block.data) if self._lines else []
        except UNDECODABLE:
            return None
        if len(decoded) != len(block):
            return None
        tally.records += len(decoded)
        lines = range(block.first_line, block.first_line + len(decoded))
        return self._clean(self._made_as_columns(lines, decoded, tally), tally)

    def _cut(self, block: Block, data: bytes, tally: Tally) -> pa.RecordBatch | None:
        """Return the requests of a block as columns cut out of its lines; None where too few are alike."""
        if self._cutter is None or len(data) > blocks.MAX_LINE_BYTES or not is_utf8(data):
            return None
        size = len(block)
        made = self._cutter.columns(data, size)
        if made is None:
            self._cutter = None  # a log of lines of many kinds, or of few and long ones
            return None
        columns, places, odd = made
        batch = column_batch(columns, block.first_line + places, self.schema)
        left = np.ones(size, np.bool_)
        left[places] = odd
        tally.records += size - int(np.count_nonzero(left))
        if left.any():
            rest = self._columns_of(lines_at(block, data, left, tally), tally)
            batch = in_line_order([batch.filter(pa.array(~odd)), rest])
        return self._clean(batch, tally)

    def _columns_of(self, records: Numbered, tally: Tally) -> pa.RecordBatch:
        """Return the requests among the records as the format's `columns` makes them."""
        return self._made_as_columns(*self._decoded(records, tally), tally)

    def _decoded(self, records: Numbered, tally: Tally) -> tuple[list[int], list[Any]]:
        """Return the records that can be decoded, and their lines."""
        read = self._reader
        lines: list[int] = []
        decoded: list[Any] = []
        for line, raw in records:
            try:
                decoded.append(read(raw))
            except UNDECODABLE as error:
                tally.reject(line, *reason_of(error))
            else:
                lines.append(line)
        return lines, decoded

    def _made_as_columns(self, lines: Sequence[int], decoded: list[Any], tally: Tally) -> pa.RecordBatch:
        """Return records as the format's `columns` makes them, those that it leaves one by one, in order."""
        assert self.form.columns is not None  # noqa: S101 -- for mypy: the callers have looked
        made, left = self.form.columns(decoded, self._context)
        if not left:
            return column_batch(made, lines, self.schema)
        behind = set(left)
        done = column_batch(made, [line for place, line in enumerate(lines) if place not in behind], self.schema)
        rest = self._rows(self._converted([(lines[place], decoded[place]) for place in left], tally), tally)
        return in_line_order([done, rest])

    def finish(self, tally: Tally) -> pa.RecordBatch:
        """Return what the format's state holds when the file has ended; those records are no longer held."""
        made = self.form.finish(self._context) if self.form.finish else ()
        return self._clean(self._rows(self._kept(made, tally), tally), tally)

    def rows(self, records: Numbered, tally: Tally, *, fold: bool) -> tuple[list[Row], int]:
        """Return what `batch` does, as rows that are not in columns yet: those of many small files are put together.

        Args:
            records: All records of a file, as `batch` takes them.
            tally: Filled in place.
            fold: Leave records out of which another one of the same call is sure to count (`Format.fold`).

        Returns:
            The rows, and how many more there were.
        """
        parts = self._parts(records, tally)
        if not fold or self.form.fold is None or not self._unbounded:
            return self._tuples(self._requests(parts, tally)), 0
        lines, decoded = self._decoded(parts, tally)
        left = self.form.fold(decoded)
        kept = [record for place, record in enumerate(zip(lines, decoded, strict=True)) if place not in left]
        return self._tuples(self._converted(kept, tally)), len(left)

    def last_rows(self, tally: Tally) -> list[Row]:
        """Return what `finish` does, as rows that are not in columns yet."""
        made = self.form.finish(self._context) if self.form.finish else ()
        return self._tuples(self._kept(made, tally))

    def columns(self, rows: list[Row], tally: Tally) -> pa.RecordBatch:
        """Return rows as columns that may be kept; those that no column can hold are noted in the tally."""
        return self._clean(row_batch(rows, self.schema, tally), tally)

    def _tuples(self, made: Iterator[Any]) -> list[Row]:
        rows: list[Row] = []
        while turn := list(islice(made, ROWS_PER_TURN)):
            fill_hints(self._context)
            rows += [astuple(request) for request in turn]
        return rows

    def texts(self) -> pa.Table | None:
        """Return the texts that are to be kept of the requests made since the last call; None where there are none."""
        return kept_texts(self._context)

    def _rows(self, made: Iterator[Any], tally: Tally) -> pa.RecordBatch:
        batches: list[pa.RecordBatch] = []
        while turn := list(islice(made, ROWS_PER_TURN)):
            fill_hints(self._context)
            batches.append(row_batch([astuple(request) for request in turn], self.schema, tally))
        if not batches:
            return row_batch([], self.schema, tally)
        return pa.concat_batches(batches) if len(batches) > 1 else batches[0]

    def _clean(self, batch: pa.RecordBatch, tally: Tally) -> pa.RecordBatch:
        batch, masks = cleaned(batch, self._context.hash_key, keep_users=self._keep_users, plain=self.form.plain)
        tally.masked += masks
        return batch

    def _parts(self, records: Numbered, tally: Tally) -> Numbered:
        """Take records out of envelopes and batches; each entry counts as a record of its own."""
        if self._layout.container == "lines" and (self._layout.envelope or self._layout.wrapper):
            records = self._counted(records, lambda raw: records_in(raw, self._layout), tally)
        if self._batch is not None:
            records = self._counted(records, self._unfolded, tally)
        return records

    def _counted(self, records: Numbered, split: Callable[[Any], Iterator[Any]], tally: Tally) -> Numbered:
        for line, raw in records:
            entries = 0
            try:
                for entry in split(raw):
                    entries += 1
                    yield line, entry
            except Reject as reject:  # of what the entries share, such as the time of a bucket
                tally.reject(line, reject.reason, reject.field)
                entries += 1
            except UNDECODABLE as error:
                tally.reject(line, *reason_of(error))
                entries += 1
            if not entries:
                tally.ignored[EMPTY] += 1
            tally.records += max(entries - 1, 0)

    def _unfolded(self, raw: Any) -> Iterator[Any]:
        assert self._batch is not None  # noqa: S101 -- for mypy: the caller has looked
        assert self.form.unfold is not None  # noqa: S101 -- a batch without it is a mistake in the format
        for entry, shared in self.form.unfold(self._batch(raw)):
            self._context.shared = shared
            yield entry

    def _requests(self, records: Numbered, tally: Tally) -> Iterator[Any]:
        return self._converted(records, tally, self._reader)

    def _converted(
        self, records: Iterable[tuple[int, Any]], tally: Tally, read: Callable[[Any], Any] = _as_it_is
    ) -> Iterator[Any]:
        convert, context = self.form.convert, self._context
        bill, unbounded = self.form.kind == "bill", self._unbounded
        for line, raw in records:
            try:
                made = convert(read(raw), context)
            except Reject as reject:
                tally.reject(line, reject.reason, reject.field)
            except UNDECODABLE as error:
                tally.reject(line, *reason_of(error))
            else:
                if made.__class__ is Request and unbounded:
                    made.line = line
                    yield made
                elif isinstance(made, Ignored):
                    tally.ignored[made.reason] += 1
                elif isinstance(made, Held):
                    tally.held += 1
                else:
                    yield from self._several(made, line, tally, bill=bill)

    def _several(self, made: Any, line: int, tally: Tally, *, bill: bool) -> Iterator[Any]:
        """Yield what a record holds, which may be several requests or lines; each counts as a record."""
        entries = made if isinstance(made, list) else [made]
        tally.records += len(entries) - 1
        if not entries:
            tally.records += 1
            tally.ignored[EMPTY] += 1
        for entry in entries:
            if isinstance(entry, Ignored):
                tally.ignored[entry.reason] += 1
                continue
            moment = entry.period_start if bill else entry.started_at
            if not self._period.holds(moment):
                tally.ignored[OUTSIDE] += 1
                continue
            entry.line = line
            yield entry

    def _kept(self, made: Iterable[Any], tally: Tally) -> Iterator[Any]:
        """Yield the requests that a format's state gave, each in place of one record that was held."""
        for request in made:
            if tally.held > 0:
                tally.held -= 1
            else:
                tally.records += 1
            if isinstance(request, Refused):
                tally.reject(request.line, request.reject.reason, request.reject.field)
            else:
                yield from self._several([request], request.line, tally, bill=self.form.kind == "bill")


def _reader(form: Format, layout: Layout) -> Callable[[Any], Any]:
    """Return what turns one record as it lies in the file into the format's record type."""
    if READ_AS.get(layout.container) in {"table", "sqlite", "text"}:
        if form.record is None:
            return text_row
        kinds, decode_row = kinds_of(form.record), _json_decoder(form.record).decode
        return lambda row: decode_row(encoded_row(row, kinds))
    return _json_decoder(dict[str, Any] if form.record is None else form.record).decode


@cache
def _json_decoder(record: Any) -> msgspec.json.Decoder[Any]:
    """Return the decoder of a record type: made once, and not for each of thousands of small files."""
    return msgspec.json.Decoder(record)


def _is_an_object_a_line(data: bytes) -> bool:
    """Say whether every line begins and ends as an object does.

    Then as many values as lines means one value a line: between the `}` and the `{` of two lines no JSON value can go
    on, so none of them spans lines.
    """
    if not data.startswith(b"{") or not data.endswith(b"}") or len(data) > blocks.MAX_LINE_BYTES:
        return False
    text = np.frombuffer(data, np.uint8)
    ends = np.flatnonzero(text == ord("\n"))
    return bool((text[ends - 1] == ord("}")).all() and (text[ends + 1] == ord("{")).all())
