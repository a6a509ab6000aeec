"""Pairs files to rows: JSON lines, CSV or Parquet, read from an open file and checked value by value.

Two ways give the same rows. Arrow's typed readers take a file whose every line is as it should be, at a million lines a
second. Where they stumble, or their row count is not the file's line count, the file is read again record by record,
and every record that cannot be used is named by its line.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as arrow_csv
import pyarrow.json as arrow_json
import pyarrow.parquet as arrow_parquet

from llmaudit.errors import InputError, printable
from llmaudit.ingest.delimited import CsvReader
from llmaudit.ingest.documents import json_documents
from llmaudit.ingest.layout import layout_of
from llmaudit.ingest.read import HEAD_BYTES, UTF8_BOM, Content, blocks, file_name, opened
from llmaudit.ingest.records import Rejected, Tally, text_lines
from llmaudit.shadow.columns import ARROW, TIME, USAGE, BadValue, Field, field_of, read_value

PARQUET = b"PAR1"
MOST_REJECTED = 0.01
"""Share of records that may be unusable: what is left out is seldom left out at random."""

SAMPLE = 200
BLOCK_BYTES = 2 << 20


@dataclass
class Rows:
    """The rows of one file.

    Attributes:
        table: Columns by their own names, canonical types, and `line`.
        records: Records in the file.
        rejected: Those that cannot be used.
    """

    table: pa.Table
    records: int
    rejected: list[Rejected] = field(default_factory=list)


PAIR = ("pair_id", "arm")
"""What every row of a pairs file has."""


def read_rows(path: Path, needs: tuple[str, ...] = PAIR) -> Rows:
    """Return the rows of a pairs file, or of another file of answers.

    Args:
        path: The file.
        needs: Columns that every row must have.

    Raises:
        InputError: Missing, damaged, empty, no such file as was meant, without the columns it needs, or with more
            than 1% of its records unusable; the message names the first lines.
    """
    with opened(path) as content:
        head = content.read(HEAD_BYTES).removeprefix(UTF8_BOM)
    if not head.strip():
        raise InputError(
            f"{printable(file_name(path))} is empty", next_step="Check the export that wrote it.", slug="empty-file"
        )
    if head.startswith(PARQUET):
        found = _parquet(path, needs)
    else:
        is_json = head.lstrip()[:1] in {b"{", b"["}
        fast = _fast(path, head, needs, is_json=is_json)
        found = fast if fast is not None else _slow(path, head, needs, is_json=is_json)
    _check(path, found, needs)
    return Rows(_encoded(found.table), found.records, found.rejected)


LABELS = ("arm", "model", "status")
"""Text of few values: as codes they take a tenth of the memory of a million rows."""


def _encoded(table: pa.Table) -> pa.Table:
    for name in LABELS:
        if name in table.column_names:
            place = table.column_names.index(name)
            table = table.set_column(place, name, pc.dictionary_encode(table[name]).unify_dictionaries())
    return table


def _check(path: Path, rows: Rows, needs: tuple[str, ...]) -> None:
    name = printable(file_name(path))
    if len(rows.rejected) > MOST_REJECTED * rows.records or not rows.table.num_rows:
        first = "; ".join(reject_text(one) for one in rows.rejected[:3])
        raise InputError(
            f"{name}: {len(rows.rejected):,} of {rows.records:,} records cannot be used ({first})",
            next_step="Mend them; docs/shadow.md has the columns. Up to 1% may be bad, and is then counted and shown.",
            slug="bad-pairs",
        )
    missing = [column for column in needs if column not in rows.table.column_names]
    if missing:
        raise InputError(
            f"{name} has no column {' and no column '.join(missing)}",
            next_step="docs/shadow.md has the columns of such a file.",
            slug="no-pairs",
        )


def reject_text(one: Rejected) -> str:
    """Return where and why a record cannot be used; never its text."""
    where = f": {printable(one.field, 80)}" if one.field else ""
    return f"line {one.line}{where} {one.reason}"


def _fast(path: Path, head: bytes, needs: tuple[str, ...], *, is_json: bool) -> Rows | None:
    """Read with Arrow's typed readers; None where anything at all is not as it should be."""
    with opened(path) as content:
        counted = _Counted(content)
        try:
            table = _arrow_json(counted, head) if is_json else _arrow_csv(counted, head)
        except (pa.ArrowException, UnicodeDecodeError, ValueError, KeyError):
            return None
        if table is None or table.num_rows != counted.lines - (0 if is_json else 1):
            return None
    try:
        found = _canonical(table, 1 if is_json else 2)
    except (pa.ArrowException, BadValue):
        return None
    whole = all(name in found.column_names and not found[name].null_count for name in needs)
    return Rows(found, found.num_rows) if whole else None


class _Counted:
    """A binary file for Arrow that counts the lines that pass through it."""

    closed = False
    mode = "rb"

    def __init__(self, content: Content) -> None:
        self._content = content
        self._last = b"\n"
        self._ends = 0

    def read(self, size: int = -1) -> bytes:
        data = self._content.read(size if size and size > 0 else BLOCK_BYTES)
        if data:
            self._ends += data.count(b"\n")
            self._last = data[-1:]
        return data

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return False

    def writable(self) -> bool:
        return False

    def close(self) -> None:
        return None

    @property
    def lines(self) -> int:
        """Lines that have passed, the last one also where it has no end."""
        return self._ends + (self._last != b"\n")


def _arrow_json(source: _Counted, head: bytes) -> pa.Table | None:
    lines = head.splitlines()[: SAMPLE + 1]
    sample = [msgspec.json.decode(line) for line in (lines[:-1] or lines) if line.strip()]
    if not all(isinstance(row, dict) for row in sample):
        return None
    names = dict.fromkeys(name for row in sample for name in row)
    schema = [(name, _seen_type(one, [row.get(name) for row in sample])) for name in names if (one := field_of(name))]
    if any(key in names for key in USAGE):
        return None  # objects inside a row are taken apart record by record
    return arrow_json.read_json(
        pa.PythonFile(source, mode="r"),
        read_options=arrow_json.ReadOptions(block_size=BLOCK_BYTES),
        parse_options=arrow_json.ParseOptions(explicit_schema=pa.schema(schema), unexpected_field_behavior="ignore"),
    )


def _seen_type(one: Field, values: list[Any]) -> pa.DataType:
    """Return the type in which a column arrives: ids and tiers come as numbers or as text, scores as true and false."""
    known = {type(value) for value in values if value is not None}
    if known == {bool}:
        return pa.bool_()
    if one.kind in {"text", "time"}:
        return pa.int64() if known == {int} else pa.float64() if known <= {int, float} and known else pa.string()
    if known == {str} and one.kind != "money":
        return pa.string()
    return ARROW[one.kind]


def _arrow_csv(source: _Counted, head: bytes) -> pa.Table:
    names = [name.strip().strip('"') for name in head.splitlines()[0].decode("utf-8").split(",")]
    if len(set(names)) < len(names):
        raise ValueError("a column twice")
    wanted = {name: one for name in names if (one := field_of(name))}
    types = {name: pa.string() if one.kind in {"time", "tier"} else ARROW[one.kind] for name, one in wanted.items()}
    return arrow_csv.read_csv(
        pa.PythonFile(source, mode="r"),
        read_options=arrow_csv.ReadOptions(block_size=BLOCK_BYTES),
        parse_options=arrow_csv.ParseOptions(ignore_empty_lines=False),
        convert_options=arrow_csv.ConvertOptions(
            column_types=types, include_columns=list(wanted), strings_can_be_null=True, null_values=["", "null", "NaN"]
        ),
    )


def _parquet(path: Path, needs: tuple[str, ...]) -> Rows:
    try:
        with opened(path) as content:
            file = arrow_parquet.ParquetFile(content.stream)
            names = [name for name in file.schema_arrow.names if field_of(name)]
            table = file.read(columns=names)
        return _filled(_canonical(table, 1), needs)
    except BadValue as error:
        raise InputError(
            f"{printable(file_name(path))}: {error}",
            next_step="Mend the column; docs/shadow.md has the types.",
            slug="bad-pairs",
        ) from None
    except (pa.ArrowException, OSError, EOFError) as error:
        raise InputError(
            f"{printable(file_name(path))} is a damaged Parquet file: {printable(str(error))}",
            next_step="Write it again; nothing of it was taken in.",
            slug="damaged-parquet",
        ) from None


def _filled(table: pa.Table, needs: tuple[str, ...]) -> Rows:
    """Leave out rows without what every row must have, and note them."""
    rejected: list[Rejected] = []
    kept = table
    for name in needs:
        if name in kept.column_names and kept[name].null_count:
            missing = kept.filter(pc.is_null(kept[name]))["line"].to_pylist()
            rejected += [Rejected(int(line), "is missing", name) for line in missing]
            kept = kept.filter(pc.is_valid(kept[name]))
    return Rows(kept, table.num_rows, sorted(rejected, key=lambda one: one.line))


def _canonical(table: pa.Table, first_line: int) -> pa.Table:
    """Return columns under their own names and types, with the line of each row.

    Raises:
        BadValue: A value that its column cannot hold.
    """
    columns: dict[str, pa.ChunkedArray] = {}
    for name in table.column_names:
        one = field_of(name)
        if one is not None and one.name not in columns:
            columns[one.name] = _cast(one, table[name])
    columns["line"] = pa.chunked_array([pa.array(np.arange(table.num_rows) + first_line, pa.int64())])
    return pa.table(columns)


def _cast(one: Field, column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return a column as the type of its field, or say which value does not fit."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        column = column.cast(kind.value_type)
        kind = column.type
    if one.kind == "time":
        return _times(one, column)
    target = ARROW[one.kind]
    awkward = (pa.types.is_string(kind) or pa.types.is_large_string(kind)) and one.kind != "text"
    awkward |= pa.types.is_boolean(kind) and one.kind not in {"flag", "score"}
    awkward |= one.kind == "flag" and not pa.types.is_boolean(kind)
    awkward |= one.kind == "money" and not (pa.types.is_decimal(kind) or pa.types.is_floating(kind))
    if awkward:
        return _by_value(one, column)
    try:
        found = column.cast(target) if kind != target else column
    except pa.ArrowException:
        return _by_value(one, column)
    _in_range(one, found)
    return _without_nan(found) if one.kind in {"score", "measure"} else found


def _without_nan(column: pa.ChunkedArray) -> pa.ChunkedArray:
    known = pc.is_nan(column)
    return pc.if_else(known, pa.scalar(None, column.type), column) if pc.any(known).as_py() else column


LIMITS: dict[str, tuple[float, float]] = {
    "tier": (0, 3),
    "count": (0, 1e9),
    "measure": (0, 1e15),
    "money": (0, 100_000),
}


def _in_range(one: Field, column: pa.ChunkedArray) -> None:
    if one.kind not in LIMITS or column.null_count == len(column):
        return
    low, high = LIMITS[one.kind]
    seen = pc.min_max(column).as_py()
    if float(seen["min"]) < low or float(seen["max"]) > high:
        raise BadValue(
            f"column {one.name} holds {seen['min']} to {seen['max']}; it has to lie in {low:g} to {high:,.0f}"
        )


def _times(one: Field, column: pa.ChunkedArray) -> pa.ChunkedArray:
    kind = column.type
    if pa.types.is_timestamp(kind):
        return column.cast(pa.timestamp("us", tz="UTC" if kind.tz else None), safe=False).cast(TIME)
    for zone in ("UTC", None):
        try:
            return column.cast(pa.timestamp("us", tz=zone)).cast(TIME)
        except pa.ArrowException:
            continue
    return _by_value(one, column)


def _by_value(one: Field, column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Convert distinct values one by one: there are few of them, or the file is small."""
    distinct = pc.unique(column)
    found = []
    for value in distinct.to_pylist():
        try:
            found.append(read_value(one.kind, value))
        except BadValue as error:
            raise BadValue(f"column {one.name}: {printable(repr(value), 60)} {error}") from None
    return pa.chunked_array([pa.array(found, ARROW[one.kind]).take(pc.index_in(column, distinct).combine_chunks())])


def _slow(path: Path, head: bytes, needs: tuple[str, ...], *, is_json: bool) -> Rows:
    """Read record by record; each that cannot be used is noted with its line."""
    columns: dict[str, list[Any]] = {}
    fields: dict[str, Field] = {}
    records, rejected = 0, []
    count = 0
    with opened(path) as content:
        for rows, tally in records_in(content, head, is_json=is_json):
            for line, raw in rows:
                row = _row(line, raw, needs, tally)
                if row is None:
                    continue
                for name, (one, value) in row.items():
                    fields.setdefault(name, one)
                    columns.setdefault(name, [None] * count).append(value)
                count += 1
                for values in columns.values():
                    if len(values) < count:
                        values.append(None)
            records += tally.records - tally.ignored.total()
            rejected += tally.rejects
    arrays = {name: pa.array(values, ARROW[fields[name].kind]) for name, values in columns.items() if name != "line"}
    arrays["line"] = pa.array(columns.get("line", []), pa.int64())
    return Rows(pa.table(arrays), records, sorted(rejected, key=lambda one: one.line))


def records_in(content: Content, head: bytes, *, is_json: bool) -> Iterator[tuple[Iterable[tuple[int, Any]], Tally]]:
    """Yield records with their numbers: a line, a row, or a place in an array."""
    if is_json and head.lstrip().startswith(b"["):
        for rows, tally in json_documents(content, layout_of(head)):
            yield [(number, bytes(raw)) for number, raw in rows], tally
    elif is_json:
        for block in blocks(content):
            tally = Tally()
            yield list(text_lines(block, tally)), tally
    else:
        reader = CsvReader(blocks(content), file_name(content.path), layout_of(head))
        for rows, tally in reader.batches():
            yield list(rows), tally


LINE = Field("line", "count")


def _row(line: int, raw: Any, needs: tuple[str, ...], tally: Tally) -> dict[str, tuple[Field, Any]] | None:
    """Return the fields of a record, or note why it cannot be used."""
    if isinstance(raw, dict):
        record = raw
    else:
        try:
            record = msgspec.json.decode(raw)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            tally.reject(line, "is not valid JSON")
            return None
        if not isinstance(record, dict):
            tally.reject(line, "is no JSON object")
            return None
    found: dict[str, tuple[Field, Any]] = {"line": (LINE, line)}
    for name, value in _flat(record):
        one = field_of(name)
        if one is None or one.name in found:
            continue
        try:
            found[one.name] = (one, read_value(one.kind, value))
        except BadValue as error:
            tally.reject(line, str(error), name)
            return None
    for needed in needs:
        if needed not in found or found[needed][1] is None:
            tally.reject(line, "is missing", needed)
            return None
    return found


def _flat(record: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield the fields of a record, those of a usage object among them under the names that count."""
    for name, value in record.items():
        if name in USAGE and isinstance(value, dict):
            yield from _usage(value)
        else:
            yield name, value


def _usage(usage: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield the counts of a provider's usage object.

    OpenAI's `prompt_tokens` includes cached tokens; Anthropic's `input_tokens` does not.
    """
    details = usage.get("prompt_tokens_details") or usage.get("input_tokens_details") or {}
    renamed = {
        "cache_read_input_tokens": "cache_read_tokens",
        "cache_creation_input_tokens": "cache_write_other_tokens",
    }
    for name, value in usage.items():
        if not isinstance(value, dict):
            yield renamed.get(name, name), value
    if isinstance(details, dict) and "cached_tokens" in details:
        yield "cached_tokens", details["cached_tokens"]
