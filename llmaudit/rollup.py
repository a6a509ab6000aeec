"""The rollup: the requests of a database grouped into cells, by the portable SQL files in `llmaudit.sql`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pyarrow as pa

from llmaudit.catalog import Catalog
from llmaudit.cells import KEYS, PARTS, Cell
from llmaudit.crowded import TOP, Crowd, crowded
from llmaudit.period import ALL, Period
from llmaudit.request import COUNTERS, GATEWAY_CACHE
from llmaudit.resolve import USED, resolved_requests
from llmaudit.sql import read_sql
from llmaudit.store import Store

MAX_PROMPT = 10**18
BLOCK, LAST_BLOCK = 1024, 1024 * 1024
"""Prompt sizes are joined with their bands by blocks of so many tokens (keyed.sql); the last block has no end."""


def build(store: Store, catalog: Catalog, period: Period = ALL) -> list[Cell]:
    """Fold the requests of a store into cells, in a fixed order.

    Args:
        store: The database; its tags must be up to date (`llmaudit.tiers.tag`).
        catalog: Decides which names mean which sku, and where prices change.
        period: Only requests that started in it; its zone decides their days.
    """
    with keyed_requests(store, catalog, period):
        return fold(store)


def fold(store: Store) -> list[Cell]:
    """Return the cells of the requests in the view `keyed_requests`, in a fixed order."""
    return [folded_cell(row) for row in store.dicts(f"SELECT * FROM ({read_sql('rollup.sql')}) ORDER BY ALL")]


@contextmanager
def keyed_requests(store: Store, catalog: Catalog, period: Period = ALL, top: int = TOP) -> Iterator[list[Crowd]]:
    """Make the views `keyed_requests` (keyed.sql), `sliced_requests` (slices.sql) and `spared_requests` for a block.

    Args:
        store: The database; its tags must be up to date.
        catalog: Decides which names mean which sku, and where prices change.
        period: Only requests that started in it; its zone decides their days.
        top: How many values of a key that a log may fill freely are kept apart.

    Yields:
        The keys that have more values than are kept apart.
    """
    crowds = crowded(store, catalog, period, top)
    folded = {crowd.key: crowd.folded for crowd in crowds}
    with (
        resolved_requests(store, catalog, period, folded),
        store.table("prompt_bands", prompt_bands(catalog)),
        store.table("sku_limits", _limits(store, catalog)),
    ):
        store.execute(read_sql("attempts.sql"))  # its joins are best in the order of sizes
        store.execute(read_sql("keyed.sql"))
        slices = _slices(catalog)
        store.execute(slices)
        _make_spared(store, slices)
        try:
            with store.joins_as_written():
                yield crowds
        finally:
            store.execute("DROP TABLE IF EXISTS call_attempts")


@contextmanager
def gateway_requests(store: Store, catalog: Catalog, period: Period, gateway: str | None) -> Iterator[list[Crowd]]:
    """Make the view `keyed_requests` of what gateways billed alone (gateways.sql), for the length of a block.

    Args:
        store: The database; tags are not needed.
        catalog: Decides which names mean which sku, and where prices change.
        period: Only requests that started in it; its zone decides their days.
        gateway: One that keeps its name, however many have more spend.

    Yields:
        The keys that have more values than are kept apart.
    """
    crowds = crowded(store, catalog, period, gateway=gateway)
    folded = {crowd.key: crowd.folded for crowd in crowds}
    with resolved_requests(store, catalog, period, folded), store.table("prompt_bands", prompt_bands(catalog)):
        store.execute(read_sql("gateways.sql"))
        with store.joins_as_written():
            yield crowds


def _slices(catalog: Catalog) -> str:
    """Return slices.sql for the edges of a catalog."""
    sql = read_sql("slices.sql").replace("{band} AS", f"{_edge_below(catalog.prompt_edges())} AS")
    return sql.replace("{step} AS", f"{_edge_below(catalog.price_edges())} AS")


def _edge_below(edges: list[int]) -> str:
    """Return the largest edge not above the prompt of a request, in SQL."""
    cases = (f"WHEN z.prompt_tokens >= {edge} THEN CAST({edge} AS BIGINT)" for edge in sorted(edges, reverse=True))
    return f"CASE {' '.join(cases)} END"


def _make_spared(store: Store, slices: str) -> None:
    """Make the view `spared_requests`: answers from a gateway's own cache with the counts of the stored answer.

    It has the columns of `sliced_requests`, of which these requests are no part: they were sent to nobody.
    """
    counts = ", ".join(f"r.{name} AS {name}" for name in USED)
    store.execute(
        f"CREATE OR REPLACE TEMP VIEW period_spared AS SELECT p.* REPLACE ({counts}) FROM period_requests p"
        f" JOIN (SELECT * FROM requests WHERE usage_status = '{GATEWAY_CACHE}') r ON r.row_id = p.row_id"
        f" WHERE p.usage_status = '{GATEWAY_CACHE}'"  # said of both: the right side is held in memory
    )
    resolved = read_sql("resolved.sql").replace("period_requests", "period_spared")
    store.execute(resolved.replace("resolved_requests", "resolved_spared"))
    store.execute(
        slices.replace("resolved_requests", "resolved_spared")
        .replace("sliced_requests", "spared_requests")
        .replace("z.usage_status <>", "z.usage_status =")
    )


def _limits(store: Store, catalog: Catalog) -> pa.Table:
    """Return the limits of every sku of the requests of which one is known, for oversize.sql."""
    keys = store.rows("SELECT DISTINCT seller, sku FROM sku_map WHERE sku IS NOT NULL ORDER BY ALL")
    offers = [offer for seller, sku in keys if (offer := catalog.offer(seller, sku))]
    rows = [
        (offer.seller, offer.sku.sku, offer.sku.max_output, catalog.longest_prompt(offer))
        for offer in offers
        if offer.sku.max_output or offer.sku.context
    ]
    kinds = {"seller": pa.string(), "sku": pa.string(), "max_output": pa.int64(), "longest_prompt": pa.int64()}
    columns = zip(*rows, strict=True) if rows else [()] * len(kinds)
    return pa.table([pa.array(column, kind) for column, kind in zip(columns, kinds.values(), strict=True)], list(kinds))


def prompt_bands(catalog: Catalog) -> pa.Table:
    """Return the table `prompt_bands` (keyed.sql): the bands that each block of sizes touches; the last has no end."""
    edges = catalog.prompt_edges()
    blocks = range(0, LAST_BLOCK + BLOCK, BLOCK)
    rows = [
        {"block": block, "band_from": low, "band_to": high}
        for low, high in zip(edges, [*edges[1:], MAX_PROMPT], strict=True)
        for block in blocks
        if low < (block + BLOCK if block < LAST_BLOCK else MAX_PROMPT) and high > block
    ]
    return pa.Table.from_pylist(rows, pa.schema([(name, pa.int64()) for name in ("block", "band_from", "band_to")]))


def cell_of(store: Store, catalog: Catalog, row_id: int) -> Cell:
    """Return one request as a cell of its own, for `explain`: the keys and the arithmetic of the rollup."""
    with keyed_requests(store, catalog):
        (row,) = store.dicts("SELECT *, 1 AS requests, is_last AS calls FROM keyed_requests WHERE row_id = ?", [row_id])
    sums = (*COUNTERS, "reasoning_tokens", *PARTS, "web_searches", "billed_usd")
    return folded_cell(row | {f"sum_{name}": row[name] for name in sums})


def folded_cell(row: dict[str, Any]) -> Cell:
    """Return a row of rollup.sql as a cell; tokens that nothing is known of are none."""
    first, read, write_5m, write_1h, write_other, output = (int(row[f"sum_{counter}"] or 0) for counter in COUNTERS)
    audio_in, image_in, audio_out, image_out, audio_read = (_known(row[f"sum_{name}"]) for name in PARTS)
    return Cell(
        **{name: row[name] for name in KEYS},
        requests=row["requests"],
        calls=int(row["calls"]),
        tokens=(first, read, write_5m, write_1h, write_other, output),
        reasoning_tokens=_known(row["sum_reasoning_tokens"]),
        parts=(audio_in, image_in, audio_out, image_out, audio_read),
        web_searches=_known(row["sum_web_searches"]),
        billed_usd=row["sum_billed_usd"],
    )


def _known(total: Any) -> int | None:
    return None if total is None else int(total)
