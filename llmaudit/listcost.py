"""The list cost of every request, computed in SQL: what `quote` does for one usage, for millions of rows.

Rates are looked up once per combination of names and conditions that occurs in the log, by the same function that
prices a single usage; SQL then joins and multiplies. So there is only one implementation of pricing, and the sums are
exact whatever the order of the rows or the number of threads.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

import pyarrow as pa

from llmaudit.catalog import Catalog, Conditions, NoRates, Rates, rates_for
from llmaudit.catalog.units import PRICED, SUB_COUNTS
from llmaudit.cells import PRICED_USAGE
from llmaudit.period import ALL, Period
from llmaudit.request import GATEWAY_CACHE
from llmaudit.resolve import NO_TIME, resolved_requests
from llmaudit.store import Store


class RateKey(NamedTuple):
    """What the rates of a request depend on: a row of `conditioned_requests`, and the columns of the rate table.

    Attributes:
        seller: Who bills; None if the catalog does not know the model.
        sku: The seller's model id; None under the same condition.
        unresolved: Why the catalog does not know the model; None if it does.
        price_slot: First instant of the span in which no price changes (naive UTC); `NO_TIME` if there is no time.
        slot_by: The time that chose the slot: `start`, `completion`, or `assumed` (`--assume-time`).
        is_thinking: Whether the model reasoned, for prices that differ by it; None if unknown or if they do not.
        band_from: Lower edge of the band of prompt sizes, in tokens.
        service_tier: As logged; None if the log does not say.
        is_batch: Whether it went through the batch interface.
        region_class: Where it was processed; None if the log does not say.
        usage: `known`, `nothing used`, or why the usage is not known.
    """

    seller: str | None
    sku: str | None
    unresolved: str | None
    price_slot: datetime
    slot_by: str
    is_thinking: bool | None
    band_from: int
    service_tier: str | None
    is_batch: bool
    region_class: str | None
    usage: str


ARROW_TYPES = {
    "price_slot": pa.timestamp("us"),
    "is_thinking": pa.bool_(),
    "band_from": pa.int64(),
    "is_batch": pa.bool_(),
}
"""Types of the columns of rate tables that are no text."""

BOUNDS = ("expected", "low", "high")
RATE = pa.decimal128(20, 18)
"""US dollars per one of a quantity, to 1e-18."""

_COUNTED = {name: "1" if name == "requests" else f"COALESCE(z.{name}, 0)" for name in PRICED}


@contextmanager
def priced_requests(store: Store, catalog: Catalog, period: Period = ALL) -> Iterator[None]:
    """Make the view `priced_requests` for the length of a block: one row per request of a period.

    Columns: `row_id`, `seller`, `sku`, `list_usd`, `list_low_usd`, `list_high_usd` (exact US dollars, NULL where
    unpriced), `why_unpriced` (NULL if priced).

    Args:
        store: The database.
        catalog: The prices.
        period: Only requests that started in it.
    """
    with resolved_requests(store, catalog, period):
        store.execute(_conditioned(catalog.price_edges()))
        columns = ", ".join(f"z.{name}" for name in RateKey._fields)
        keys = [
            RateKey(*row) for row in store.rows(f"SELECT DISTINCT {columns} FROM conditioned_requests z ORDER BY ALL")
        ]
        rates = [condition_rates(catalog, key) for key in keys]
        with store.table("condition_rates", _table(keys, rates)):
            in_log = present(store)
            live = [index for index in _live(rates) if index in in_log]
            store.execute(_priced(live, has_bounds=any(_has_bounds(one) for one in rates)))
            yield


def _conditioned(edges: list[int]) -> str:
    """Return the view of requests with their conditions; what used nothing (`cells.is_unused`) has nothing to price."""
    bands = " ".join(f"WHEN s.prompt_tokens >= {edge} THEN {edge}" for edge in sorted(edges, reverse=True))
    counts = ", ".join(f"s.{name}" for name in PRICED if name != "requests")
    usage = ", ".join(f"'{word}'" for word in sorted(PRICED_USAGE))
    return f"""
        CREATE OR REPLACE TEMP VIEW conditioned_requests AS
        SELECT
            s.row_id, s.sold_seller AS seller, s.sold_sku AS sku, s.unresolved, s.price_slot, s.slot_by, s.is_thinking,
            CASE {bands} END AS band_from,
            s.service_tier, COALESCE(s.is_batch, FALSE) AS is_batch, s.region_class,
            CASE WHEN s.usage_status = '{GATEWAY_CACHE}' OR (s.usage_status = 'missing' AND s.status <> 'ok')
                 THEN 'nothing used'
                 WHEN s.usage_status IN ({usage}) THEN 'known' ELSE 'usage ' || s.usage_status END AS usage,
            {counts}
        FROM resolved_requests s
    """


def condition_rates(catalog: Catalog, key: RateKey) -> Rates | NoRates | None:
    """Return the rates of one combination of conditions; None if nothing was used that could cost."""
    if key.usage != "known":
        return None if key.usage == "nothing used" else NoRates(key.usage)
    offer = catalog.offer(key.seller, key.sku)
    if offer is None:
        return NoRates(key.unresolved or "unknown-model")
    if key.price_slot == NO_TIME:
        return NoRates("no time")
    conditions = Conditions(
        key.price_slot,
        key.band_from,
        key.service_tier,
        key.is_batch,
        key.region_class,
        at_is_start=key.slot_by != "completion",
        is_thinking=key.is_thinking,
        is_folded=True,
    )
    return rates_for(catalog, offer, conditions)


def _table(keys: list[RateKey], rates: list[Rates | NoRates | None]) -> pa.Table:
    """Return the conditions with their rates: NULL if a quantity has no price, so that using it makes NULL."""
    columns: dict[str, Any] = {
        name: pa.array([getattr(key, name) for key in keys], ARROW_TYPES.get(name, pa.string()))
        for name in RateKey._fields
    }
    for bound in BOUNDS:
        for index, name in enumerate(PRICED):
            columns[f"{bound}_{index}"] = pa.array([_factor(one, bound, index, name) for one in rates], RATE)
    columns["why_unpriced"] = pa.array([one.reason if isinstance(one, NoRates) else None for one in rates], pa.string())
    return pa.table(columns)


def _factor(rates: Rates | NoRates | None, bound: str, index: int, name: str) -> Decimal | None:
    if not isinstance(rates, Rates):
        return Decimal(0)
    if name not in rates.used and name not in SUB_COUNTS and name != "requests":
        return None
    factor: Decimal = getattr(rates, bound)[index]
    return factor


def _live(rates: list[Rates | NoRates | None]) -> list[int]:
    """Return the quantities that have a price, or lack one, in some combination; the others add nothing anywhere."""
    every = [one for one in rates if isinstance(one, Rates)]
    optional = {*SUB_COUNTS, "requests"}
    return [
        index
        for index, name in enumerate(PRICED)
        if any(one.high[index] or one.low[index] or (name not in one.used and name not in optional) for one in every)
    ]


def present(store: Store) -> set[int]:
    """Return the quantities that some request of the period has at all: most logs know neither audio nor searches."""
    names = [name for name in PRICED if name != "requests"]
    most = store.one(f"SELECT {', '.join(f'max({name})' for name in names)} FROM period_requests")
    return {PRICED.index("requests"), *(PRICED.index(name) for name, top in zip(names, most, strict=True) if top)}


def _has_bounds(rates: Rates | NoRates | None) -> bool:
    return isinstance(rates, Rates) and not rates.low == rates.expected == rates.high


def _priced(live: list[int], *, has_bounds: bool) -> str:
    """Return the view of priced requests."""
    same = " AND ".join(f"c.{name} IS NOT DISTINCT FROM z.{name}" for name in RateKey._fields)
    amounts = {bound: _amount(live, bound if has_bounds else "expected") for bound in BOUNDS}
    columns = ", ".join(
        f"CASE WHEN c.why_unpriced IS NULL THEN {amounts[bound]} END AS {column}"
        for bound, column in zip(BOUNDS, ("list_usd", "list_low_usd", "list_high_usd"), strict=True)
    )
    return f"""
        CREATE OR REPLACE TEMP VIEW priced_requests AS
        SELECT z.row_id, z.seller, z.sku, {columns},
            CASE WHEN c.why_unpriced IS NOT NULL THEN c.why_unpriced
                 WHEN {amounts["expected"]} IS NULL THEN 'a quantity without a price' END AS why_unpriced
        FROM conditioned_requests z JOIN condition_rates c ON {same}
    """


def _amount(live: list[int], bound: str) -> str:
    """Return the sum over the quantities, NULL if one that was used has no price."""
    parts = [
        f"CASE WHEN {_COUNTED[PRICED[index]]} = 0 THEN 0 ELSE "
        f"{_COUNTED[PRICED[index]]}::DECIMAL(12, 0) * c.{bound}_{index} END"
        for index in live
    ]
    return f"({' + '.join(parts) or '0'})::DECIMAL(38, 18)"


def list_costs(store: Store, catalog: Catalog, period: Period = ALL) -> pa.Table:
    """Return the list cost of every request, in row order: `priced_requests` with the `request_id`."""
    with priced_requests(store, catalog, period):
        return store.arrow(
            "SELECT p.row_id, r.request_id, p.seller, p.sku, p.list_usd, p.list_low_usd, p.list_high_usd,"
            " p.why_unpriced"
            " FROM priced_requests p JOIN requests r ON r.row_id = p.row_id ORDER BY p.row_id"
        )
