"""Reads pairs files in which every record is valid, a million a second: JSON lines and CSV to columns at once.

JSON lines that differ only in their values are cut into columns; the others go through Arrow's reader. If anything is
odd, there is no result: then the file is read record by record, and every error is reported with its line.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.csv as arrow_csv
import pyarrow.json as arrow_json

from llmaudit.formats.alike import Alike, Shapes
from llmaudit.ingest.blocks import Block, blocks
from llmaudit.ingest.read import Content, opened
from llmaudit.ingest.records import Tally
from llmaudit.shadow.columns import ARROW, BY_NAME, CODES, ENCODED, USAGE, BadValue, Field, field_of
from llmaudit.shadow.record import Collected, fields_in, flat
from llmaudit.shadow.type_casts import canonical, cast, encoded, numbers

SAMPLE = 200
BLOCK_BYTES = 2 << 20
WORKERS = 2
FEW = 5000
"""Lines of a block that may be read one by one, of some 40,000; with more, the whole file is."""


class _Odd(Exception):  # noqa: N818 -- not an error: this file is for the reader of single records
    """The file is not one that this module can read."""


def fast(path: Path, head: bytes, needs: tuple[str, ...], *, is_json: bool) -> pa.Table | None:
    """Return the rows of a file, or None if anything in it is odd.

    Args:
        path: The file.
        head: Its first bytes.
        needs: Columns in which every row must have a value.
        is_json: Whether it holds JSON lines; else it is CSV.
    """
    with opened(path) as content:
        content.hashed = False
        try:
            table = _json_lines(content, head) if is_json else _csv(content, head)
        except (pa.ArrowException, ValueError, KeyError, BadValue, _Odd):  # a UnicodeDecodeError is a ValueError
            return None
    lines = np.arange(table.num_rows) + (1 if is_json else 2)
    table = table.append_column("line", pa.array(lines, pa.int64()))
    whole = all(name in table.column_names and not table[name].null_count for name in needs)
    return table if whole else None


def _json_lines(content: Content, head: bytes) -> pa.Table:
    lines = head.splitlines()[: SAMPLE + 1]
    sample = [msgspec.json.decode(line) for line in (lines[:-1] or lines) if line.strip()]
    if not all(isinstance(row, dict) for row in sample):
        raise _Odd
    names = dict.fromkeys(name for row in sample for name in row)
    known = {name: ARROW[one.kind] for name, one in BY_NAME.items()}
    known |= dict.fromkeys(USAGE, pa.string())  # an object is no text: Arrow fails, and records are read one by one
    seen = {name: _seen_type(one, [row.get(name) for row in sample]) for name in names if (one := field_of(name))}
    schema = pa.schema(list((known | seen).items()))
    with ThreadPoolExecutor(WORKERS) as pool:  # numpy and Arrow leave Python's lock
        tables = list(_in_turn(pool, blocks(content), schema))
    return pa.concat_tables(tables, promote_options="default").unify_dictionaries()


def _in_turn(pool: ThreadPoolExecutor, parts: Iterable[Block], schema: pa.Schema) -> Iterator[pa.Table]:
    """Yield the rows of blocks in order, few blocks at a time in memory."""
    rest = iter(parts)
    waiting: deque[Future[pa.Table]] = deque(pool.submit(_block, part, schema) for part in islice(rest, WORKERS + 1))
    while waiting:
        yield waiting.popleft().result()
        waiting.extend(pool.submit(_block, part, schema) for part in islice(rest, 1))


def _block(block: Block, schema: pa.Schema) -> pa.Table:
    """Return the rows of a block of lines.

    Raises:
        _Odd: A line that is not one record.
        BadValue: A value that its column cannot hold.
    """
    data = block.data
    if data is None:
        raise _Odd
    if not data.isascii():
        data.decode()  # only to check it: lines are cut without a look at their content
    count = len(block)
    tables, places = [], []
    for lines in Shapes().of(data):  # of this block alone: blocks are read in parallel
        tables.append(_cut(lines))
        places.append(lines.places)
    cut = np.concatenate(places) if places else np.empty(0, np.int64)
    if len(cut) < count:
        rest = np.setdiff1d(np.arange(count), cut)
        tables.append(_uncut(data, rest, schema))
        cut = np.concatenate([cut, rest])
    if len(tables) == 1:
        return encoded(tables[0])
    return encoded(pa.concat_tables(tables, promote_options="default").take(pa.array(np.argsort(cut))))


def _cut(lines: Alike) -> pa.Table:
    """Return the columns of lines that are alike.

    Raises:
        _Odd: They are no records, or a value is an object or a list.
        BadValue: A value that its column cannot hold.
    """
    first = msgspec.json.decode(lines.first)
    if not isinstance(first, dict):
        raise _Odd
    columns: dict[str, pa.ChunkedArray] = {}
    for path, name, value in flat(first):
        one = field_of(name)
        if one is not None and one.name not in columns:
            columns[one.name] = cast(one, pa.chunked_array([_values(lines, path, one, value)]))
    return pa.table(columns)


def _values(lines: Alike, path: tuple[str, ...], one: Field, first: Any) -> pa.Array:
    match first:
        case None:
            return pa.nulls(len(lines), ARROW[one.kind])
        case bool():
            return pa.repeat(pa.scalar(first), len(lines))
        case str():
            found = lines.values(*path)
        case int() | float():
            texts = lines.values(*path)
            found = None if texts is None else numbers(one, texts)
        case _:
            found = None
    if found is None:
        raise _Odd
    return found


def _uncut(data: bytes, places: Any, schema: pa.Schema) -> pa.Table:
    """Return the rows of single lines of a block."""
    lines = data.split(b"\n")
    chosen = [lines[place] for place in places]
    try:
        found = arrow_json.read_json(
            pa.BufferReader(b"\n".join(chosen)),
            read_options=arrow_json.ReadOptions(use_threads=False, block_size=len(data) + 1),
            parse_options=arrow_json.ParseOptions(explicit_schema=schema, unexpected_field_behavior="ignore"),
        )
        if found.num_rows == len(chosen):
            return canonical(
                found.select([name for name in found.column_names if found[name].null_count < len(chosen)])
            )
    except (pa.ArrowException, BadValue):
        pass
    if len(chosen) > FEW:
        raise _Odd
    return _singly(chosen)


def _singly(lines: list[bytes]) -> pa.Table:
    """Return the rows of lines that have little in common."""
    tally, found = Tally(), Collected()
    for place, line in enumerate(lines):
        found.add(place, fields_in(place, line, (), tally))
    if tally.rejects or tally.ignored:
        raise _Odd
    return found.table().drop_columns("line")


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


class _Counted:
    """A binary file that counts the lines that are read from it, with the methods that `pyarrow.PythonFile` calls."""

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
        """Lines read so far, a last one without a line end included."""
        return self._ends + (self._last != b"\n")


def _csv(content: Content, head: bytes) -> pa.Table:
    source = _Counted(content)
    table = _arrow_csv(source, head)
    if table.num_rows != source.lines - 1:
        raise _Odd
    return canonical(table).unify_dictionaries()


def _csv_type(one: Field) -> pa.DataType:
    if one.name in ENCODED:
        return CODES
    return pa.string() if one.kind in {"time", "tier"} else ARROW[one.kind]


def _arrow_csv(source: _Counted, head: bytes) -> pa.Table:
    names = [name.strip().strip('"') for name in head.splitlines()[0].decode("utf-8").split(",")]
    if len(set(names)) < len(names):
        raise _Odd
    wanted = {name: one for name in names if (one := field_of(name))}
    types = {name: _csv_type(one) for name, one in wanted.items()}
    return arrow_csv.read_csv(
        pa.PythonFile(source, mode="r"),
        read_options=arrow_csv.ReadOptions(block_size=BLOCK_BYTES),
        parse_options=arrow_csv.ParseOptions(ignore_empty_lines=False),
        convert_options=arrow_csv.ConvertOptions(
            column_types=types, include_columns=list(wanted), strings_can_be_null=True, null_values=["", "null", "NaN"]
        ),
    )
