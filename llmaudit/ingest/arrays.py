"""Rows as Arrow columns: the schemas of requests and bill lines, and batches built from rows or from named columns."""

from __future__ import annotations

import types
import typing
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from llmaudit.bills.base import BillLine
from llmaudit.ingest.records import Tally
from llmaudit.request import Request

Row = tuple[Any, ...]
"""The fields of a `Request` or `BillLine`, in order. Cheaper to keep than the struct: columns are made of it."""

LINE = 0
"""Its first field is the line it was read from."""

_UNSTORABLE = (pa.ArrowInvalid, OverflowError, UnicodeEncodeError)
_ARROW_TYPES: dict[Any, pa.DataType] = {
    str: pa.string(),
    int: pa.int64(),
    bool: pa.bool_(),
    datetime: pa.timestamp("us"),
}


def _schema(struct: type, decimal: pa.DataType) -> pa.Schema:
    """Return a column for each field of a struct (`X | None`, or a `Literal` of words)."""
    kinds = {**_ARROW_TYPES, Decimal: decimal}
    fields = []
    for name, hint in typing.get_type_hints(struct).items():
        options = [option for option in typing.get_args(hint) if option is not types.NoneType] or [hint]
        fields.append((name, kinds.get(options[0], pa.string())))
    return pa.schema(fields)


SCHEMA = _schema(Request, pa.decimal128(18, 12))
"""The columns of a decoded batch of requests, in the order of `requests`."""

BILL_SCHEMA = _schema(BillLine, pa.decimal128(38, 12))
"""The columns of a decoded batch of bill lines, in the order of `bill_lines`."""


def row_batch(rows: list[Row], schema: pa.Schema, tally: Tally) -> pa.RecordBatch:
    """Return rows as columns; a row with a value that no column can hold becomes a reject."""
    try:
        return _arrays(rows, schema)
    except _UNSTORABLE:
        kept = []
        for row in rows:
            try:
                _arrays([row], schema)
            except _UNSTORABLE:
                tally.reject(row[LINE], "out-of-range")
            else:
                kept.append(row)
        return _arrays(kept, schema)


def _arrays(rows: list[Row], schema: pa.Schema) -> pa.RecordBatch:
    if not rows:
        return pa.RecordBatch.from_pylist([], schema=schema)
    columns = zip(*rows, strict=True)
    arrays = [_array(column, kind) for column, kind in zip(columns, schema.types, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _array(column: tuple[Any, ...], kind: pa.DataType) -> pa.Array:
    """Return one column. Many hold one value all the way down, mostly None: counting is cheaper than converting."""
    first = column[0]
    if first is column[-1] and column.count(first) == len(column):
        return pa.nulls(len(column), kind) if first is None else pa.repeat(pa.scalar(first, kind), len(column))
    return pa.array(column, kind)


def column_batch(
    made: Mapping[str, pa.Array], lines: Sequence[int] | npt.NDArray[np.int64], schema: pa.Schema
) -> pa.RecordBatch:
    """Return columns by name as a batch; a column that was not made is null."""
    size = len(lines)
    columns = {"line": pa.array(lines, pa.int64()), **made}
    arrays = [columns[f.name] if f.name in columns else pa.nulls(size, f.type) for f in schema]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def in_line_order(batches: Sequence[pa.RecordBatch]) -> pa.RecordBatch:
    """Return batches as one, in the order of their lines."""
    both = pa.Table.from_batches(batches).sort_by("line").combine_chunks()
    return both.to_batches()[0] if both.num_rows else batches[0]
