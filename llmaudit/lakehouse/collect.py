"""The cells that an engine made, checked and made into facts."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pyarrow as pa

from llmaudit.catalog import Catalog
from llmaudit.cells import KEYS, PARTS
from llmaudit.cellsfile import kind_of
from llmaudit.errors import InputError, printable
from llmaudit.evidence import LedgerRow
from llmaudit.facts import Facts, Source
from llmaudit.lakehouse.job import ASKED, CELLS, LATENCY, PLANNED, Planned, no_job, stamped
from llmaudit.lakehouse.names import Names, rows_of
from llmaudit.request import COUNTERS
from llmaudit.rollup import folded_cell
from llmaudit.summaries.latency import LatencyBucket, merge


def collected(folder: Path, names: Names, catalog: Catalog) -> Facts:
    """Read the cells that an engine made.

    Args:
        folder: The job's folder.
        names: What the engine found out beforehand.
        catalog: The prices; those that the engine was told of.

    Raises:
        InputError: They are not there, are others, do not hold the requests of the table, or the catalog is another.
    """
    try:
        planned = msgspec.json.decode((folder / PLANNED).read_bytes(), type=Planned)
    except (OSError, msgspec.MsgspecError) as error:
        raise no_job(folder, str(error)) from None
    if planned.asked != names.asked:
        raise no_job(folder, f"{PLANNED} is of another table or period than {ASKED}")
    if planned.catalog_version != catalog.version:
        raise InputError(
            f"the cells were made by catalog {printable(planned.catalog_version)}, and this one is {catalog.version}",
            next_step="Use the same --catalog, or run `llmaudit lakehouse rollup` and its SQL again.",
            slug="cells-of-another-catalog",
        )
    cells = [folded_cell(row) for row in rows_of(folder, stamped(CELLS, planned), _columns()).to_pylist()]
    held = sum(cell.requests for cell in cells)
    if held != names.requests:
        raise InputError(
            f"the cells hold {held:,} requests, and the table held {names.requests:,} when its names were listed",
            next_step="It has changed since: run names.sql, `llmaudit lakehouse rollup` and rollup.sql again.",
            slug="cells-do-not-add-up",
        )
    buckets = rows_of(folder, stamped(LATENCY, planned), _LATENCY).to_pylist()
    return Facts(
        cells=cells,
        sources=[_source(names, *file) for file in names.files],
        summaries={LatencyBucket: merge([LatencyBucket(**row) for row in buckets])},
        tagged_by=names.tagged_by,
        period=names.asked.period,
        edges=planned.edges,
        notes=(
            f"the files are shown with the requests that {printable(names.asked.table)} holds of them, not as read",
            *planned.notes,
        ),
    )


def _columns() -> pa.Schema:
    """Return the columns of rollup.sql."""
    sums = [(f"sum_{name}", pa.int64()) for name in (*COUNTERS, "reasoning_tokens", *PARTS, "web_searches")]
    counts = [("requests", pa.int64()), ("calls", pa.int64())]
    keys = [(name, kind_of(name)) for name in KEYS]
    return pa.schema([*keys, *counts, *sums, ("sum_billed_usd", pa.decimal128(38, 12))])


_LATENCY = pa.schema(
    [
        *((name, pa.string()) for name in ("gateway", "model")),
        ("tier", pa.int32()),
        ("measure", pa.string()),
        ("bucket", pa.int32()),
        ("requests", pa.int64()),
    ]
)
"""The columns of latency.sql."""


def _source(names: Names, path: str, content: str, requests: int) -> Source:
    """Return a file as the table has it: what else was in it, the ledger knows of the database that read it."""
    row = LedgerRow(path, "exported", requests, requests, 0, 0, 0, 0, {})
    return Source(row, content, names.asked.since, names.asked.until, 0)
