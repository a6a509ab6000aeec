"""Records to canonical rows: decode each, convert it, and account for every one that is not a request.

This runs per row, at a dozen microseconds each: what looks like an odd turn of phrase here is one that was measured
(benchmarks/README.md).
"""

from __future__ import annotations

import types
import typing
from collections.abc import Callable, Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec
import pyarrow as pa
from msgspec.structs import astuple

from llmaudit.features import pseudonym
from llmaudit.formats.base import Context, Format
from llmaudit.ingest.records import Numbered, Tally
from llmaudit.period import Period
from llmaudit.request import Ignored, Reject, Request

Row = tuple[Any, ...]
"""The fields of a `Request`, in order. Cheaper to keep than the request: it is what columns are made of."""

LINE = Request.__struct_fields__.index("line")
OUTSIDE = "outside the period asked for"
ROWS_PER_TURN = 1000
"""Rows turned into columns at a time: few enough that they are still in the processor's cache."""

UNDECODABLE = (msgspec.DecodeError, ArithmeticError, ValueError, RecursionError)
"""What decoding a stranger's record can raise: bad JSON or UTF-8, numbers beyond all bounds, nesting without end."""

_UNSTORABLE = (pa.ArrowInvalid, OverflowError, UnicodeEncodeError)
_ARROW_TYPES: dict[Any, pa.DataType] = {
    str: pa.string(),
    int: pa.int64(),
    bool: pa.bool_(),
    datetime: pa.timestamp("us"),
    Decimal: pa.decimal128(18, 12),
}


def _arrow_type(hint: Any) -> pa.DataType:
    """Return the Arrow type of one field of `Request` (`X | None`, or a `Literal` of words)."""
    kinds = [kind for kind in typing.get_args(hint) if kind is not types.NoneType] or [hint]
    return _ARROW_TYPES.get(kinds[0], pa.string())


SCHEMA = pa.schema([(name, _arrow_type(hint)) for name, hint in typing.get_type_hints(Request).items()])
"""The columns of a decoded batch, in the order of `requests`."""


class Decoder:
    """Turns the records of one format into rows.

    Args:
        form: The format.
        context: What the format may use besides the record.
        period: Requests outside it are ignored.
    """

    def __init__(self, form: Format, context: Context, period: Period) -> None:
        self._convert = form.convert
        self._context = context
        self._period = period
        self._decode: Callable[[bytes], Any] | None = (
            None if form.record is None else msgspec.json.Decoder(form.record).decode
        )

    def batch(self, records: Numbered, tally: Tally) -> pa.RecordBatch:
        """Return the requests among the records as rows; what is not one is noted in the tally.

        Args:
            records: Line number and record: a JSON value still encoded, or a CSV row as column name to cell.
            tally: Filled in place.
        """
        batches: list[pa.RecordBatch] = []
        rows: list[Row] = []
        for request in self._requests(records, tally):
            rows.append(astuple(request))
            if len(rows) == ROWS_PER_TURN:
                batches.append(_columns(rows, tally))
                rows.clear()
        batches.append(_columns(rows, tally))
        return pa.concat_batches(batches) if len(batches) > 1 else batches[0]

    def _requests(self, records: Numbered, tally: Tally) -> Iterator[Request]:
        convert, decode, context = self._convert, self._decode, self._context
        hash_key = context.hash_key
        unbounded = self._period.since is None and self._period.until is None
        for line, raw in records:
            try:
                made = convert(raw if decode is None else decode(raw), context)
            except Reject as reject:
                tally.reject(line, reject.reason, reject.field)
            except UNDECODABLE as error:
                tally.reject(line, *_reason(error))
            else:
                if isinstance(made, Ignored):
                    tally.ignored[made.reason] += 1
                elif unbounded or self._period.holds(made.started_at):
                    made.line = line
                    if made.user_id is not None:
                        made.user_id = pseudonym(made.user_id, hash_key)
                    yield made
                else:
                    tally.ignored[OUTSIDE] += 1


def _reason(error: Exception) -> tuple[str, str | None]:
    """Name the reason of a decoding error and the field. The path inside the record is kept, its text is not."""
    if isinstance(error, RecursionError):
        return "nested-too-deep", None
    if isinstance(error, UnicodeDecodeError):
        return "not-utf8", None
    if not isinstance(error, msgspec.DecodeError):
        return "out-of-range", None
    text, _, path = str(error).partition(" - at `")
    where = path.rstrip("`").removeprefix("$.") or None
    if "out of range" in text or "Expected `int` " in text or "Expected `float` " in text:  # a bound: `int` <= 599
        return "out-of-range", where
    if not isinstance(error, msgspec.ValidationError):
        return "malformed-json", None
    if "RFC3339" in text:
        return "not-a-time", where
    if "missing required field" in text:
        return "missing-field", text.rpartition("`")[0].rpartition("`")[2] or where
    return "wrong-type", where


def _columns(rows: list[Row], tally: Tally) -> pa.RecordBatch:
    """Return rows as columns; a row with a value that no column can hold becomes a reject."""
    try:
        return _arrays(rows)
    except _UNSTORABLE:
        kept = []
        for row in rows:
            try:
                _arrays([row])
            except _UNSTORABLE:
                tally.reject(row[LINE], "out-of-range")
            else:
                kept.append(row)
        return _arrays(kept)


def _arrays(rows: list[Row]) -> pa.RecordBatch:
    if not rows:
        return pa.RecordBatch.from_pylist([], schema=SCHEMA)
    columns = zip(*rows, strict=True)
    arrays = [_array(column, kind) for column, kind in zip(columns, SCHEMA.types, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, schema=SCHEMA)


def _array(column: tuple[Any, ...], kind: pa.DataType) -> pa.Array:
    """Return one column. Many hold one value all the way down, mostly None: counting is cheaper than converting."""
    first = column[0]
    if first is column[-1] and column.count(first) == len(column):
        return pa.nulls(len(column), kind) if first is None else pa.repeat(pa.scalar(first, kind), len(column))
    return pa.array(column, kind)
