"""Data export: requests with their list cost, cells, tiers and bill lines, as tables."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Literal, cast

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from llmaudit.catalog import Catalog
from llmaudit.cells import KEYS, PricedCell, price
from llmaudit.cellsfile import save
from llmaudit.csvfile import FORMULA_START, safe, write_cells
from llmaudit.facts import Facts, facts_of
from llmaudit.focus import focus_rows
from llmaudit.listcost import priced_requests
from llmaudit.parquetfile import whole, write_parquet
from llmaudit.period import ALL, Period
from llmaudit.request import COLUMNS, COUNTERS
from llmaudit.store import Store

Form = Literal["parquet", "csv", "focus"]

_REQUESTS = f"""
    SELECT s.path AS file, s.content_sha256 AS file_sha256, r.row_id, {", ".join(f"r.{name}" for name in COLUMNS)},
        coalesce(r.started_at, s.assumed_at) AS dated_at, s.assumed_gateway, t.tier, t.task, t.signal, p.list_usd,
        p.list_low_usd, p.list_high_usd, p.why_unpriced
    FROM requests r JOIN priced_requests p ON p.row_id = r.row_id
        JOIN sources s ON s.source_id = r.source_id
        LEFT JOIN tiers t ON t.row_id = r.row_id AND t.row_id >= $1 AND t.row_id < $2
    WHERE r.row_id >= $1 AND r.row_id < $2 AND p.row_id >= $1 AND p.row_id < $2
    ORDER BY r.row_id
"""
_TIERS = """
    SELECT r.request_id, t.* EXCLUDE (row_id)
    FROM tiers t JOIN period_requests r ON r.row_id = t.row_id
    WHERE r.row_id >= $1 AND r.row_id < $2 AND t.row_id >= $1 AND t.row_id < $2
    ORDER BY t.row_id
"""
_BILLS = """
    SELECT s.path AS file, b.* EXCLUDE (row_id, source_id)
    FROM bill_lines b JOIN sources s ON s.source_id = b.source_id
    WHERE (CAST(? AS TIMESTAMP) IS NULL OR b.period_start >= ?) AND (CAST(? AS TIMESTAMP) IS NULL OR b.period_start < ?)
    ORDER BY b.row_id
"""
_BY_ROW = {"requests": _REQUESTS, "tiers": _TIERS}
"""What is written by row, some rows at a time: `$1` is the first, `$2` the end."""

ROWS_AT_ONCE = 100_000
"""Requests that are put in order at a time: in one go, a million of them with all they have take 3 GB."""

ROWS_AS_OBJECTS = 10_000
"""Requests that stand in memory as Python objects at a time."""


class Exported(msgspec.Struct, frozen=True):
    """One file that was written.

    Attributes:
        name: Its name in the folder.
        rows: How many rows it has.
    """

    name: str
    rows: int


def export(store: Store, catalog: Catalog, folder: Path, form: Form, period: Period = ALL) -> list[Exported]:
    """Write what a database holds to a folder; each file whole or not at all, in place of one of that name.

    Args:
        store: The database; its tags must be up to date.
        catalog: The prices.
        folder: Where to write; it must exist.
        form: parquet and csv: `requests`, `cells`, `tiers` and `bills`; focus: one `focus.csv`.
        period: Only requests that started, and bill lines that begin, in it.

    Raises:
        StorageFailedError: The folder may not be written to.
    """
    facts = facts_of(store, catalog, period)
    if form == "focus":
        rows = list(focus_rows(price(facts.cells, catalog), period.timezone))
        cells = ([safe(value) for value in row.values()] for row in rows)
        return [_csv(folder / "focus.csv", list(rows[0]) if rows else [], cells)]
    with priced_requests(store, catalog, period):
        done = [_table(_in_order(store, sql), folder / f"{name}.{form}") for name, sql in _BY_ROW.items()]
        bounds = [period.since, period.since, period.until, period.until]
        done.append(_table(store.batches(_BILLS, bounds), folder / f"bills.{form}"))
    return [*done, _cells(facts, catalog, folder, form)]


def _in_order(store: Store, sql: str) -> pa.RecordBatchReader:
    """Return the rows of a query by `row_id`, some at a time: to sort them all would take all of them into memory."""
    first, last = store.one("SELECT coalesce(min(row_id), 0), coalesce(max(row_id), -1) FROM requests")
    schema = store.batches(sql, [0, 0]).schema

    def batches() -> Iterator[pa.RecordBatch]:
        for start in range(first, last + 1, ROWS_AT_ONCE):
            yield from store.batches(sql, [start, start + ROWS_AT_ONCE])

    return pa.RecordBatchReader.from_batches(schema, batches())


def _table(batches: pa.RecordBatchReader, out: Path) -> Exported:
    if out.suffix == ".csv":
        return _csv(out, batches.schema.names, _rows(batches))
    count = 0

    def counted() -> Iterator[pa.RecordBatch]:
        nonlocal count
        for batch in batches:
            count += batch.num_rows
            yield batch

    write_parquet(pa.RecordBatchReader.from_batches(batches.schema, counted()), out)
    return Exported(out.name, count)


def _rows(batches: Iterable[pa.RecordBatch]) -> Iterator[Sequence[Any]]:
    """Yield rows of cells; column by column, since most columns hold nothing that has to be changed."""
    for batch in batches:
        for start in range(0, batch.num_rows, ROWS_AS_OBJECTS):
            yield from zip(*(_safe(column) for column in batch.slice(start, ROWS_AS_OBJECTS).columns), strict=True)


def _safe(column: pa.Array) -> Sequence[Any]:
    """Return the values of a column as `csvfile.safe` does."""
    kind, values = column.type, column.to_pylist()
    if pa.types.is_null(kind) or pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind):
        return cast("list[Any]", values)
    if pa.types.is_string(kind) and not pc.any(pc.match_substring_regex(column, FORMULA_START)).as_py():
        return cast("list[Any]", values)
    return [safe(value) for value in values]


def _csv(out: Path, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> Exported:
    """Write rows of cells that are safe already."""
    count = 0

    def counted() -> Iterator[Sequence[Any]]:
        nonlocal count
        for row in rows:
            count += 1
            yield row

    with whole(out) as part, part.open("w", encoding="utf-8", newline="") as sink:
        write_cells(sink, columns, counted())
    return Exported(out.name, count)


def _cells(facts: Facts, catalog: Catalog, folder: Path, form: Form) -> Exported:
    """Write the cells: as a cells file, which an audit reads, or as CSV with their list cost."""
    if form == "parquet":
        save(facts, catalog, folder / "cells.parquet")
        return Exported("cells.parquet", len(facts.cells))
    columns = [*KEYS, "requests", "calls", *COUNTERS, "billed_usd", "list_usd", "spend_usd", "why_unpriced"]
    cells = ([safe(value) for value in _cell(one)] for one in price(facts.cells, catalog))
    return _csv(folder / "cells.csv", columns, cells)


def _cell(priced: PricedCell) -> list[Any]:
    cell = priced.cell
    return [
        *(getattr(cell, name) for name in KEYS),
        *(cell.requests, cell.calls, *cell.tokens, cell.billed_usd),
        *(priced.list_usd, priced.spend_usd, priced.why_unpriced),
    ]
