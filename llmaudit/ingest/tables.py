"""Parquet and SQLite files to rows, by the file that was opened and never by a path that an engine could expand."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from itertools import count, islice
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile
from typing import IO, Any
from urllib.parse import quote

import pyarrow as pa
import pyarrow.parquet as pq

from llmaudit.errors import InputError, printable
from llmaudit.ingest.read import CHUNK_BYTES, Content, file_name
from llmaudit.ingest.records import Numbered, Tally

ROWS_PER_BATCH = 20_000
MAX_STEPS = 2_000_000_000
"""Steps of SQLite's machine for one file: a table can be a trap that never ends."""

_STEPS_PER_CALL = 1_000_000


@contextmanager
def _seekable(content: Content) -> Iterator[IO[bytes]]:
    """Read the content to its end, which hashes it, and yield it from the start: the file itself, or unpacked."""
    if not content.packed:
        while content.read(CHUNK_BYTES):
            pass
        content.stream.seek(0)
        yield content.stream
        return
    with TemporaryFile(prefix="llmaudit-") as unpacked:
        while data := content.read(CHUNK_BYTES):
            unpacked.write(data)
        unpacked.seek(0)
        yield unpacked


def _damaged(content: Content, what: str, error: Exception) -> InputError:
    return InputError(
        f"{printable(file_name(content.path))} is a damaged {what}: {printable(str(error).splitlines()[0])}",
        next_step="Fetch the file again; nothing of it was read in.",
        slug="damaged-archive",
    )


@contextmanager
def parquet_file(content: Content) -> Iterator[pq.ParquetFile]:
    """Open the content as Parquet.

    Raises:
        InputError: It is damaged.
    """
    with _seekable(content) as stream:
        try:
            with pq.ParquetFile(stream) as opened:
                yield opened
        except (pa.ArrowException, OSError, UnicodeDecodeError) as error:  # the last: a name in the schema
            raise _damaged(content, "Parquet file", error) from error


def parquet_rows(content: Content) -> Iterator[tuple[Numbered, Tally]]:
    """Yield the rows of a Parquet file in batches, numbered from 1.

    Raises:
        InputError: It is damaged.
    """
    first = 1
    with parquet_file(content) as opened:
        for batch in opened.iter_batches(batch_size=ROWS_PER_BATCH):
            rows = rows_of(batch)
            yield iter(enumerate(rows, start=first)), Tally(records=len(rows))
            first += len(rows)


def rows_of(batch: pa.RecordBatch) -> list[dict[str, Any]]:
    """Return the rows of a batch; a value that Python has none for stands as a text that no column of a log holds."""
    plain = pa.RecordBatch.from_arrays([_datable(column) for column in batch.columns], batch.schema.names)
    try:
        rows: list[dict[str, Any]] = plain.to_pylist()
    except (ValueError, OverflowError):  # a time past the year 9999, text that is no UTF-8: one value, not the file
        columns = {name: [_value(scalar) for scalar in plain.column(name)] for name in plain.schema.names}
        rows = [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]
    return rows


def _datable(column: Any) -> Any:
    """Return a column or value of times as Python can hold it: in microseconds at the finest, in a zone that it knows.

    A time with a zone is an instant; which zone it is shown in does not matter.
    """
    kind = column.type
    if not pa.types.is_timestamp(kind) or (kind.unit != "ns" and kind.tz in {None, "UTC"}):
        return column
    return column.cast(pa.timestamp("us" if kind.unit == "ns" else kind.unit, kind.tz and "UTC"), safe=False)


def _value(scalar: pa.Scalar) -> Any:
    """Return a value for Python, those inside it one by one."""
    if isinstance(scalar, pa.StructScalar) and scalar.is_valid:
        return {name: _value(inner) for name, inner in scalar.items()}
    if isinstance(scalar, pa.ListScalar) and scalar.is_valid and not isinstance(scalar, pa.MapScalar):
        return [_value(inner) for inner in scalar]
    try:
        return _datable(scalar).as_py()
    except UnicodeDecodeError as error:
        return bytes(error.object).decode("utf-8", "replace")
    except (ValueError, OverflowError):
        return f"out of range: {getattr(scalar, 'value', scalar.type)}"


@contextmanager
def sqlite_database(content: Content) -> Iterator[sqlite3.Connection]:
    """Open the content as an SQLite database: a private copy, with the write-ahead log that lies beside the file.

    Raises:
        InputError: It is damaged, or a query on it does not end.
    """
    with TemporaryDirectory(prefix="llmaudit-") as folder:
        copy = Path(folder) / "copy.db"
        with copy.open("wb") as sink:
            while data := content.read(CHUNK_BYTES):
                sink.write(data)
        log = content.path.with_name(content.path.name + "-wal")
        if not content.packed and log.is_file():
            added = log.read_bytes()
            content.digest.update(added)
            Path(f"{copy}-wal").write_bytes(added)
        try:
            # DuckDB draws rows from whichever of its threads is free, one at a time.
            with closing(
                sqlite3.connect(f"file:{quote(str(copy))}?mode=rw", uri=True, check_same_thread=False)
            ) as database:
                steps = count(_STEPS_PER_CALL, _STEPS_PER_CALL)
                database.set_progress_handler(lambda: next(steps) > MAX_STEPS, _STEPS_PER_CALL)
                # Reading the schema runs nothing of it; untrusted from the start, older SQLite refuses a whole database
                # for an index on json_extract.
                database.execute("SELECT count(*) FROM sqlite_master").fetchone()
                database.execute("PRAGMA trusted_schema = OFF")
                database.row_factory = sqlite3.Row
                database.text_factory = lambda data: data.decode("utf-8", "replace")
                yield database
        except (sqlite3.Error, UnicodeDecodeError) as error:  # the last: the name of a column
            raise _damaged(content, "SQLite database", error) from error


def tables_of(database: sqlite3.Connection) -> dict[str, list[str]]:
    """Return the tables of a database (no views: a view is a query of the file's maker) and their columns."""
    names = [str(row[0]) for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    return {
        name: [str(row[0]) for row in database.execute("SELECT name FROM pragma_table_info(?)", (name,))]
        for name in names
    }


def sqlite_rows(content: Content, queries: Mapping[str, str]) -> Iterator[tuple[Numbered, Tally]]:
    """Yield the rows that a format's queries give, of the tables that are there, in batches numbered from 1.

    Raises:
        InputError: It is damaged.
    """
    first = 1
    with sqlite_database(content) as database:
        there = tables_of(database)
        for table, query in queries.items():
            if table not in there:
                continue
            found = database.execute(query)
            while rows := [{"_table": table, **dict(row)} for row in islice(found, ROWS_PER_BATCH)]:
                yield iter(enumerate(rows, start=first)), Tally(records=len(rows))
                first += len(rows)


def schema_keys(schema: pa.Schema) -> set[str]:
    """Return the column names of an Arrow schema, those inside structs dotted."""
    return {name for field in schema for name in _keys(field, "")}


def _keys(field: Any, before: str) -> Iterator[str]:
    yield before + field.name
    if pa.types.is_struct(field.type):
        for inner in field.type:
            yield from _keys(inner, f"{before}{field.name}.")
