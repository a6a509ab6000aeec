"""The rollup: requests of a store folded into cells by the portable SQL files of `llmaudit.sql`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa

from llmaudit.catalog import Catalog
from llmaudit.cells import KEYS, PARTS, Cell
from llmaudit.period import ALL, Period
from llmaudit.request import COUNTERS
from llmaudit.sql import read_sql
from llmaudit.store import Store

NO_TIME = datetime(1970, 1, 1)  # noqa: DTZ001 -- naive UTC; stands for a request without a time
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
    return [_cell(row) for row in store.dicts(f"SELECT * FROM ({read_sql('rollup.sql')}) ORDER BY ALL")]


@contextmanager
def resolved_requests(store: Store, catalog: Catalog, period: Period = ALL) -> Iterator[None]:
    """Make the views `period_requests` and `resolved_requests` (resolved.sql) for the length of a block."""
    bounds = [
        f"started_at {sign} TIMESTAMP '{moment:%Y-%m-%d %H:%M:%S.%f}'"
        for sign, moment in ((">=", period.since), ("<", period.until))
        if moment is not None
    ]
    where = f" WHERE {' AND '.join(bounds)}" if bounds else ""
    zone = ZoneInfo(period.timezone).key  # a view takes no parameters: nothing but a zone's real name gets into it
    local = "started_at" if zone == "UTC" else f"timezone('{zone}', timezone('UTC', started_at))"
    store.execute(
        f"CREATE OR REPLACE TEMP VIEW period_requests AS SELECT *, CAST({local} AS DATE) AS day,"
        f" {_after_start('ended_at')} AS latency_ms, {_after_start('first_token_at')} AS ttft_ms FROM requests{where}"
    )
    with store.joins_as_written(), store.table("price_slots", _slots(store, catalog)):
        names = store.rows(_NAMES_SQL)
        with store.table("sku_map", _sku_map(catalog, names)):
            store.execute(read_sql("resolved.sql"))
            yield


def _after_start(moment: str) -> str:
    return f"CAST(epoch_us({moment}) - epoch_us(started_at) AS DOUBLE) / 1000"


@contextmanager
def keyed_requests(store: Store, catalog: Catalog, period: Period = ALL) -> Iterator[None]:
    """Make the view `keyed_requests` (keyed.sql) for the length of a block, with the tables it reads."""
    with resolved_requests(store, catalog, period), store.table("prompt_bands", _bands(catalog)):
        for file in ("attempts.sql", "keyed.sql"):
            store.execute(read_sql(file))
        try:
            yield
        finally:
            store.execute("DROP TABLE IF EXISTS call_attempts")


_NAMES_SQL = """
    SELECT DISTINCT
        COALESCE(r.gateway, ''), COALESCE(r.seller, ''),
        COALESCE(r.model_served, r.model_requested, r.model_raw, ''),
        COALESCE(s.priced_at, TIMESTAMP '1970-01-01 00:00:00')
    FROM period_requests r LEFT JOIN price_slots s
        ON CAST(r.started_at AS DATE) = s.slot_day AND r.started_at >= s.slot_from AND r.started_at < s.slot_to
    ORDER BY ALL
"""


def _slots(store: Store, catalog: Catalog) -> pa.Table:
    first, last = store.one("SELECT min(started_at), greatest(max(started_at), max(ended_at)) FROM period_requests")
    slots = catalog.slots(first, last) if first else []
    kind = pa.timestamp("us")
    return pa.table(
        {
            "slot_day": pa.array([slot.start.date() for slot in slots], pa.date32()),
            "slot_from": pa.array([slot.start for slot in slots], kind),
            "slot_to": pa.array([slot.end for slot in slots], kind),
            "priced_at": pa.array([slot.priced_at for slot in slots], kind),
        }
    )


def _bands(catalog: Catalog) -> pa.Table:
    """Return the bands that each block of prompt sizes touches; all sizes from the last block on are in it."""
    edges = catalog.prompt_edges()
    blocks = range(0, LAST_BLOCK + BLOCK, BLOCK)
    rows = [
        {"block": block, "band_from": low, "band_to": high}
        for low, high in zip(edges, [*edges[1:], MAX_PROMPT], strict=True)
        for block in blocks
        if low < (block + BLOCK if block < LAST_BLOCK else MAX_PROMPT) and high > block
    ]
    return pa.Table.from_pylist(rows, pa.schema([(name, pa.int64()) for name in ("block", "band_from", "band_to")]))


def _sku_map(catalog: Catalog, names: Iterable[tuple[str, str, str, datetime]]) -> pa.Table:
    """Return what each combination of logged names means in each price slot."""
    rows = [
        {"gateway_raw": gateway, "seller_raw": seller, "model_raw": model, "price_slot": slot}
        | meaning(catalog, gateway, seller, model, slot)
        for gateway, seller, model, slot in names
    ]
    return pa.Table.from_pylist(rows, schema=_SKU_MAP_SCHEMA)


def meaning(catalog: Catalog, gateway: str, seller: str, model: str, slot: datetime) -> dict[str, Any]:
    """Return what names as logged (empty where there is none) mean in a price slot: keys of a cell, and rules.

    Returns:
        `gateway, seller, sku, model`; `reason` why the model is not in the catalog; `by_completion` and `by_thinking`,
        1 where the seller's prices go by the completion of a request, or depend on reasoning.
    """
    sold_by = seller or catalog.seller_of_host(gateway)
    match = catalog.find(model, seller=sold_by, at=None if slot == NO_TIME else slot)
    offer = match.offer
    return {
        "gateway": catalog.gateway_id(gateway),
        "seller": offer.seller if offer else catalog.seller_id(seller) or seller or None,
        "sku": offer.sku.sku if offer else None,
        "model": offer.sku.model if offer else model or "unknown",
        "reason": None if offer else match.reason,
        "by_completion": int(offer is not None and catalog.goes_by_completion(offer)),
        "by_thinking": int(offer is not None and catalog.depends_on_thinking(offer)),
    }


_SKU_MAP_SCHEMA = pa.schema(
    [
        *((name, pa.string()) for name in ("gateway_raw", "seller_raw", "model_raw")),
        ("price_slot", pa.timestamp("us")),
        *((name, pa.string()) for name in ("gateway", "seller", "sku", "model", "reason")),
        *((name, pa.int32()) for name in ("by_completion", "by_thinking")),
    ]
)


def cell_of(store: Store, catalog: Catalog, row_id: int) -> Cell:
    """Return one request as a cell of its own, for `explain`: the keys and the arithmetic of the rollup."""
    with keyed_requests(store, catalog):
        (row,) = store.dicts("SELECT *, 1 AS requests, is_last AS calls FROM keyed_requests WHERE row_id = ?", [row_id])
    sums = (*COUNTERS, "reasoning_tokens", *PARTS, "web_searches", "billed_usd")
    return _cell(row | {f"sum_{name}": row[name] for name in sums})


def _cell(row: dict[str, Any]) -> Cell:
    first, read, write_5m, write_1h, write_other, output = (int(row[f"sum_{counter}"] or 0) for counter in COUNTERS)
    audio_in, image_in, audio_out, image_out = (_known(row[f"sum_{name}"]) for name in PARTS)
    return Cell(
        **{name: row[name] for name in KEYS},
        requests=row["requests"],
        calls=int(row["calls"]),
        tokens=(first, read, write_5m, write_1h, write_other, output),
        reasoning_tokens=_known(row["sum_reasoning_tokens"]),
        parts=(audio_in, image_in, audio_out, image_out),
        web_searches=_known(row["sum_web_searches"]),
        billed_usd=row["sum_billed_usd"],
    )


def _known(total: Any) -> int | None:
    return None if total is None else int(total)
