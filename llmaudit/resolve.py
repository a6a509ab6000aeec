"""Requests with their names resolved by the catalog: the start of the rollup and of pricing by row (resolved.sql)."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc

from llmaudit.catalog import Catalog
from llmaudit.catalog.units import PRICED
from llmaudit.period import ALL, Period
from llmaudit.request import GATEWAY_CACHE, OTHER
from llmaudit.sql import read_sql
from llmaudit.store import Store

NO_TIME = datetime(1970, 1, 1)  # noqa: DTZ001 -- naive UTC; stands for a request without a time

NAME = "COALESCE(model_served, model_requested, model_raw)"
"""The model of a request as logged."""

USED = tuple(name for name in PRICED if name != "requests")
"""The counts of a request that cost something."""

_NAMES_AT_ONCE = 50_000
"""Combinations of names that stand in memory as Python objects at a time."""


class Foldable(NamedTuple):
    """A key of requests whose values may be merged: its value, and the columns that then say `OTHER`."""

    value: str
    columns: tuple[str, ...]


FOLDABLE = {
    "feature": Foldable("feature", ("feature",)),
    "team": Foldable("team", ("team",)),
    "model": Foldable(NAME, ("model_served", "model_requested", "model_raw")),
    "gateway": Foldable("lower(gateway)", ("gateway",)),
    "seller": Foldable("seller", ("seller",)),
    "region": Foldable("region_class", ("region_class",)),
    "service_tier": Foldable("service_tier", ("service_tier",)),
}

Folded = Mapping[str, pa.Table]
"""By key (`FOLDABLE`): its values that are merged as `OTHER`, in a column `name`."""


@contextmanager
def resolved_requests(
    store: Store, catalog: Catalog, period: Period = ALL, folded: Folded | None = None
) -> Iterator[None]:
    """Make the views `period_requests` and `resolved_requests` (resolved.sql) for the length of a block.

    Args:
        store: The database.
        catalog: Decides which names mean which sku, and where prices change.
        period: Only requests that started in it; its zone decides their days.
        folded: Values that are merged.
    """
    with _folded_tables(store, folded or {}):
        store.execute(f"CREATE OR REPLACE TEMP VIEW period_requests AS {_requests_of(store, period, folded or {})}")
        with store.table("price_slots", _slots(store, catalog)):
            names = store.arrow(_NAMES_SQL)
            with store.table("sku_map", sku_map(catalog, names)):
                store.execute(read_sql("resolved.sql"))
                yield


@contextmanager
def _folded_tables(store: Store, folded: Folded) -> Iterator[None]:
    for key, names in folded.items():
        with store.table("folded_names", names):
            store.execute(f"CREATE OR REPLACE TEMP TABLE folded_{key} AS SELECT * FROM folded_names")
    try:
        yield
    finally:
        for key in folded:
            store.execute(f"DROP TABLE IF EXISTS folded_{key}")


def _requests_of(store: Store, period: Period, folded: Folded) -> str:
    """Return the query of a period's requests, with what engines have no common word for.

    Answers from a gateway's own cache have used nothing, so that whatever adds tokens up or prices them finds none
    here; `requests` keeps the counts of the stored answer. `dated_at` is the start, or where a log has none the time
    that the user said to assume: it decides day, period and price, but no statement about times.
    """
    hits = bool(store.rows(f"SELECT 1 FROM requests WHERE usage_status = '{GATEWAY_CACHE}' LIMIT 1"))
    bounds = [
        f"dated_at {sign} TIMESTAMP '{moment:%Y-%m-%d %H:%M:%S.%f}'"
        for sign, moment in ((">=", period.since), ("<", period.until))
        if moment is not None
    ]
    where = f" WHERE {' AND '.join(bounds)}" if bounds else ""
    zone = ZoneInfo(period.timezone).key  # a view takes no parameters: nothing but a zone's real name gets into it
    local = "dated_at" if zone == "UTC" else f"timezone('{zone}', timezone('UTC', dated_at))"
    replaced = ", ".join((*_replaced(folded), *(_used(name) for name in USED if hits)))
    return (
        f"SELECT * {f'REPLACE ({replaced})' if replaced else ''}, CAST({local} AS DATE) AS day,"
        f" {_after_start('ended_at')} AS latency_ms, {_after_start('first_token_at')} AS ttft_ms"
        f" FROM {_dated(store)}{where}"
    )


def _dated(store: Store) -> str:
    """Return `requests` with the time by which each is priced; a join only where some file has what is assumed."""
    timed, named = store.one("SELECT count(assumed_at), count(assumed_gateway) FROM sources")
    if not timed and not named:
        return "(SELECT *, started_at AS dated_at FROM requests)"
    gateway = " REPLACE (coalesce(r.gateway, f.assumed_gateway) AS gateway)" if named else ""
    return (
        f"(SELECT r.*{gateway}, coalesce(r.started_at, f.assumed_at) AS dated_at FROM requests r"
        " JOIN sources f ON f.source_id = r.source_id)"
    )


def _replaced(folded: Folded) -> Iterator[str]:
    for key in folded:
        value, columns = FOLDABLE[key]
        for column in columns:
            yield f"CASE WHEN {value} IN (SELECT name FROM folded_{key}) THEN '{OTHER}' ELSE {column} END AS {column}"


def _used(count: str) -> str:
    return f"CASE WHEN usage_status = '{GATEWAY_CACHE}' THEN 0 ELSE {count} END AS {count}"


def _after_start(moment: str) -> str:
    return f"CAST(epoch_us({moment}) - epoch_us(started_at) AS DOUBLE) / 1000"


_NAMES_SQL = f"""
    WITH logged AS (
        SELECT gateway, seller, {NAME} AS name, CAST(dated_at AS DATE) AS day_utc
        FROM period_requests GROUP BY 1, 2, 3, 4
    )
    SELECT DISTINCT
        COALESCE(n.gateway, '') AS gateway_raw, COALESCE(n.seller, '') AS seller_raw, COALESCE(n.name, '') AS model_raw,
        COALESCE(s.priced_at, TIMESTAMP '1970-01-01 00:00:00') AS price_slot
    FROM logged n LEFT JOIN price_slots s ON n.day_utc = s.slot_day
    ORDER BY ALL
"""
"""Names as logged with every slot of the days on which they occur: their own slots would need a join by request."""


def _slots(store: Store, catalog: Catalog) -> pa.Table:
    first, last = store.one("SELECT min(dated_at), greatest(max(dated_at), max(ended_at)) FROM period_requests")
    return slots_between(catalog, first, last)


def slots_between(catalog: Catalog, first: datetime | None, last: datetime | None) -> pa.Table:
    """Return the table `price_slots` (resolved.sql) for the days from the first to the last; empty without them."""
    slots = catalog.slots(first, last) if first and last else []
    kind = pa.timestamp("us")
    return pa.table(
        {
            "slot_day": pa.array([slot.start.date() for slot in slots], pa.date32()),
            "slot_from": pa.array([slot.start for slot in slots], kind),
            "slot_to": pa.array([slot.end for slot in slots], kind),
            "priced_at": pa.array([slot.priced_at for slot in slots], kind),
        }
    )


def sku_map(catalog: Catalog, names: pa.Table) -> pa.Table:
    """Return the table `sku_map` (resolved.sql): what each combination of logged names means in each price slot.

    What a name means does not depend on most of the gateways that it came through, and a log may have thousands of
    them: it is looked up once, and no object is made for a row.

    Args:
        catalog: Decides it.
        names: `gateway_raw, seller_raw, model_raw` (empty where there is none) and `price_slot`.
    """
    meanings: dict[tuple[str, str, str, datetime], int] = {}
    rows: list[dict[str, Any]] = []
    places = array("q")
    hosts = {raw: catalog.seller_of_host(raw) for raw in pc.unique(names["gateway_raw"]).to_pylist()}
    for batch in names.to_batches(max_chunksize=_NAMES_AT_ONCE):
        for gateway, seller, model, slot in zip(*(column.to_pylist() for column in batch.columns), strict=True):
            key = (seller or hosts[gateway] or "", seller, model, slot)
            if key not in meanings:
                meanings[key] = len(rows)
                rows.append(meaning(catalog, gateway, seller, model, slot))
            places.append(meanings[key])
    found = pa.Table.from_pylist(rows, _MEANING_SCHEMA).take(pa.array(places, pa.int64()))
    encoded = names["gateway_raw"].combine_chunks().dictionary_encode()
    ids = pa.array([catalog.gateway_id(raw) for raw in encoded.dictionary.to_pylist()], pa.string())
    gateways = ids.take(encoded.indices)
    place = found.column_names.index("gateway")
    return pa.table({**_columns(names), **_columns(found.set_column(place, "gateway", gateways))})


def _columns(table: pa.Table) -> dict[str, pa.ChunkedArray]:
    return dict(zip(table.column_names, table.columns, strict=True))


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


_MEANING_SCHEMA = pa.schema(
    [
        *((name, pa.string()) for name in ("gateway", "seller", "sku", "model", "reason")),
        *((name, pa.int32()) for name in ("by_completion", "by_thinking")),
    ]
)
