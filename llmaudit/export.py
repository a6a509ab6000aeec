"""Data export: requests with their list cost, cells, tiers and bill lines, as tables."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

import msgspec
import pyarrow as pa

from llmaudit.catalog import Catalog
from llmaudit.cells import KEYS, PricedCell, price
from llmaudit.cellsfile import save
from llmaudit.csvfile import write_rows
from llmaudit.facts import Facts, facts_of
from llmaudit.focus import focus_rows
from llmaudit.listcost import priced_requests
from llmaudit.parquetfile import whole, write_parquet
from llmaudit.period import ALL, Period
from llmaudit.request import COLUMNS, COUNTERS
from llmaudit.store import Store

Form = Literal["parquet", "csv", "focus"]

_REQUESTS = f"""
    SELECT s.path AS file, {", ".join(f"r.{name}" for name in COLUMNS)}, t.tier, t.task, p.list_usd, p.list_low_usd,
        p.list_high_usd, p.why_unpriced
    FROM requests r JOIN priced_requests p ON p.row_id = r.row_id
        JOIN sources s ON s.source_id = r.source_id LEFT JOIN tiers t ON t.row_id = r.row_id
    ORDER BY r.row_id
"""
_TIERS = """
    SELECT r.request_id, t.* EXCLUDE (row_id)
    FROM tiers t JOIN period_requests r ON r.row_id = t.row_id ORDER BY t.row_id
"""
_BILLS = """
    SELECT s.path AS file, b.* EXCLUDE (row_id, source_id)
    FROM bill_lines b JOIN sources s ON s.source_id = b.source_id
    WHERE (CAST(? AS TIMESTAMP) IS NULL OR b.period_start >= ?) AND (CAST(? AS TIMESTAMP) IS NULL OR b.period_start < ?)
    ORDER BY b.row_id
"""


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
        return [_csv(folder / "focus.csv", list(rows[0]) if rows else [], (list(row.values()) for row in rows))]
    with priced_requests(store, catalog, period):
        bounds = [period.since, period.since, period.until, period.until]
        readers: tuple[tuple[str, str, Sequence[object]], ...] = (
            ("requests", _REQUESTS, ()),
            ("tiers", _TIERS, ()),
            ("bills", _BILLS, bounds),
        )
        done = [_table(store.batches(sql, values), folder / f"{name}.{form}") for name, sql, values in readers]
    return [*done, _cells(facts, catalog, folder, form)]


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
    for batch in batches:
        yield from zip(*(column.to_pylist() for column in batch.columns), strict=True)


def _csv(out: Path, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> Exported:
    count = 0

    def counted() -> Iterator[Sequence[Any]]:
        nonlocal count
        for row in rows:
            count += 1
            yield row

    with whole(out) as part, part.open("w", encoding="utf-8", newline="") as sink:
        write_rows(sink, columns, counted())
    return Exported(out.name, count)


def _cells(facts: Facts, catalog: Catalog, folder: Path, form: Form) -> Exported:
    """Write the cells: as a cells file, which an audit reads, or as CSV with their list cost."""
    if form == "parquet":
        save(facts, catalog, folder / "cells.parquet")
        return Exported("cells.parquet", len(facts.cells))
    columns = [*KEYS, "requests", "calls", *COUNTERS, "billed_usd", "list_usd", "spend_usd", "why_unpriced"]
    return _csv(folder / "cells.csv", columns, (_cell(one) for one in price(facts.cells, catalog)))


def _cell(priced: PricedCell) -> list[Any]:
    cell = priced.cell
    return [
        *(getattr(cell, name) for name in KEYS),
        *(cell.requests, cell.calls, *cell.tokens, cell.billed_usd),
        *(priced.list_usd, priced.spend_usd, priced.why_unpriced),
    ]
