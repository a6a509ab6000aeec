"""Cells: requests folded by everything that money and plans depend on, small enough to reason about in Python.

`build` folds the requests of a store with the portable SQL files; `price` puts the list cost of each cell beside it.
A cost is linear in a cell's token sums because every request of a cell has the same rates, so what is computed on
cells equals, to the last picodollar, what would be computed request by request.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import msgspec
import pyarrow as pa

from llmaudit.catalog import Catalog, Conditions, NoRates, Offer, Rates, rates_for
from llmaudit.money import ZERO, times, total
from llmaudit.request import COUNTERS
from llmaudit.sql import read_sql
from llmaudit.store import Store

NO_TIME = datetime(1970, 1, 1)  # noqa: DTZ001 -- naive UTC; stands for a request without a time
MAX_PROMPT = 10**18
PRICED_USAGE = {"reported", "estimated"}

KEYS = (
    "day", "price_slot", "gateway", "seller", "sku", "model", "unresolved", "tier", "task", "prompt_band",
    "service_tier", "is_batch", "region_class", "needs_tools", "needs_json", "needs_images", "has_pii", "feature",
    "team", "status", "error_class", "attempt_kind", "usage_status", "billed_kind",
)  # fmt: skip
"""What makes two requests fall into one cell, in the order of rollup.sql."""


class Cell(msgspec.Struct, frozen=True, kw_only=True):
    """Requests that share every key. Sums are NULL (None) where no request of the cell has the value.

    Attributes:
        day: UTC day of the start; None without a time.
        price_slot: First instant of the day with the same prices (naive UTC).
        gateway: Who passed the calls on; None where there is none.
        seller: Whose price list applies; None where it is not known.
        sku: The seller's id.
        model: Canonical name, or the name as logged where it is not in the catalog.
        unresolved: Why the model is not in the catalog; None where it is.
        prompt_band: Smallest prompt of the band, in tokens.
        attempt_kind: first, retry (same model again after a failure) or fallback (another).
        usage_status: reported, estimated, missing or inconsistent.
        billed_kind: How the billed amount is known; None where there is none.
        requests: Upstream calls.
        calls: Calls of the application that ended here.
        tokens: Sums of the six counters, in the order of `COUNTERS`.
        reasoning_tokens: Sum; a part of the output.
        billed_usd: Sum of what logs or bills say was charged.
    """

    day: date | None
    price_slot: datetime
    gateway: str | None
    seller: str | None
    sku: str | None
    model: str
    unresolved: str | None
    tier: int | None
    task: str | None
    prompt_band: int
    service_tier: str | None
    is_batch: bool
    region_class: str | None
    needs_tools: bool
    needs_json: bool
    needs_images: bool
    has_pii: bool
    feature: str | None
    team: str | None
    status: str
    error_class: str | None
    attempt_kind: str
    usage_status: str
    billed_kind: str | None
    requests: int
    calls: int
    tokens: tuple[int, int, int, int, int, int]
    reasoning_tokens: int | None
    billed_usd: Decimal | None

    @property
    def prompt_tokens(self) -> int:
        """All input of the cell, in tokens."""
        return sum(self.tokens[:-1])

    @property
    def output_tokens(self) -> int:
        """All output of the cell, in tokens."""
        return self.tokens[-1]


@dataclass(frozen=True)
class PricedCell:
    """A cell with its list cost.

    Attributes:
        cell: The cell.
        offer: What was bought, or None where the catalog does not know it.
        rates: Per-token list rates, or None.
        list_usd: Tokens x list rates; None where unpriced, 0 where nothing was used.
        list_high_usd: The same with the dearest rates that may apply.
        why_unpriced: Why there is no list cost; None where there is one.
    """

    cell: Cell
    offer: Offer | None
    rates: Rates | None
    list_usd: Decimal | None
    list_high_usd: Decimal | None
    why_unpriced: str | None = None

    @property
    def spend_usd(self) -> Decimal | None:
        """What the requests cost as far as is known: billed where a log or bill says so, else list."""
        return self.cell.billed_usd if self.cell.billed_kind else self.list_usd

    @property
    def model_class(self) -> str | None:
        """flagship, mid or budget; None where the catalog does not say."""
        return self.offer.sku.model_class if self.offer else None


def build(store: Store, catalog: Catalog, since: datetime | None = None, until: datetime | None = None) -> list[Cell]:
    """Fold the requests of a store into cells, in a fixed order.

    Args:
        store: The database; its tags must be up to date (`llmaudit.tiers.tag`).
        catalog: Decides which names mean which sku, and where prices change.
        since: Only requests that started from here on (naive UTC).
        until: Only requests that started before.
    """
    with keyed_requests(store, catalog, since, until):
        return [_cell(row) for row in store.dicts(f"SELECT * FROM ({read_sql('rollup.sql')}) ORDER BY ALL")]


def latencies(
    store: Store, catalog: Catalog, since: datetime | None = None, until: datetime | None = None
) -> list[dict[str, Any]]:
    """Return the latency histograms of latency.sql: gateway, model, tier, measure, bucket, requests."""
    with keyed_requests(store, catalog, since, until):
        return store.dicts(f"SELECT * FROM ({read_sql('latency.sql')}) ORDER BY ALL")


@contextmanager
def keyed_requests(
    store: Store, catalog: Catalog, since: datetime | None = None, until: datetime | None = None
) -> Iterator[None]:
    """Make the view `keyed_requests` (keyed.sql) for the length of a block, with the tables it reads."""
    bounds = [
        f"started_at {sign} TIMESTAMP '{moment:%Y-%m-%d %H:%M:%S.%f}'"
        for sign, moment in ((">=", since), ("<", until))
        if moment is not None
    ]
    where = f" WHERE {' AND '.join(bounds)}" if bounds else ""
    store.execute(f"CREATE OR REPLACE TEMP VIEW period_requests AS SELECT * FROM requests{where}")
    slots = _slots(store, catalog)
    with store.table("price_slots", slots), store.table("prompt_bands", _bands(catalog)):
        names = store.rows(_NAMES_SQL)
        with store.table("sku_map", _sku_map(catalog, names)):
            for view in ("resolved.sql", "attempts.sql", "keyed.sql"):
                store.execute(read_sql(view))
            yield


_NAMES_SQL = """
    SELECT DISTINCT
        COALESCE(r.gateway, ''), COALESCE(r.seller, ''),
        COALESCE(r.model_served, r.model_requested, r.model_raw, ''),
        COALESCE(s.priced_at, TIMESTAMP '1970-01-01 00:00:00')
    FROM period_requests r LEFT JOIN price_slots s ON r.started_at >= s.slot_from AND r.started_at < s.slot_to
    ORDER BY ALL
"""


def _slots(store: Store, catalog: Catalog) -> pa.Table:
    first, last = store.one("SELECT min(started_at), max(started_at) FROM period_requests")
    slots = catalog.slots(first, last) if first else []
    kind = pa.timestamp("us")
    return pa.table(
        {
            "slot_from": pa.array([slot.start for slot in slots], kind),
            "slot_to": pa.array([slot.end for slot in slots], kind),
            "priced_at": pa.array([slot.priced_at for slot in slots], kind),
        }
    )


def _bands(catalog: Catalog) -> pa.Table:
    edges = catalog.prompt_edges()
    return pa.table(
        {"band_from": pa.array(edges, pa.int64()), "band_to": pa.array([*edges[1:], MAX_PROMPT], pa.int64())}
    )


def _sku_map(catalog: Catalog, names: Iterable[tuple[str, str, str, datetime]]) -> pa.Table:
    """Return what each combination of logged names means in each price slot."""
    columns: dict[str, list[Any]] = {name: [] for name in _SKU_MAP_SCHEMA.names}
    for gateway, seller, model, slot in names:
        match = catalog.find(model, seller=seller or None, at=None if slot == NO_TIME else slot)
        offer = match.offer
        row = {
            "gateway_raw": gateway,
            "seller_raw": seller,
            "model_raw": model,
            "price_slot": slot,
            "gateway": catalog.gateway_id(gateway),
            "seller": offer.seller if offer else catalog.seller_id(seller) or seller or None,
            "sku": offer.sku.sku if offer else None,
            "model": offer.sku.model if offer else model or "unknown",
            "reason": None if offer else match.reason,
        }
        for name, value in row.items():
            columns[name].append(value)
    return pa.table(columns, schema=_SKU_MAP_SCHEMA)


_SKU_MAP_SCHEMA = pa.schema(
    [
        *((name, pa.string()) for name in ("gateway_raw", "seller_raw", "model_raw")),
        ("price_slot", pa.timestamp("us")),
        *((name, pa.string()) for name in ("gateway", "seller", "sku", "model", "reason")),
    ]
)


def cell_of(store: Store, catalog: Catalog, row_id: int) -> Cell:
    """Return one request as a cell of its own, for `explain`: the keys and the arithmetic of the rollup."""
    with keyed_requests(store, catalog):
        (row,) = store.dicts("SELECT *, 1 AS requests, is_last AS calls FROM keyed_requests WHERE row_id = ?", [row_id])
    sums = (*COUNTERS, "reasoning_tokens", "billed_usd")
    return _cell(row | {f"sum_{name}": row[name] for name in sums})


def _cell(row: dict[str, Any]) -> Cell:
    first, read, write_5m, write_1h, write_other, output = (int(row[f"sum_{counter}"] or 0) for counter in COUNTERS)
    reasoning = row["sum_reasoning_tokens"]
    return Cell(
        **{name: row[name] for name in KEYS},
        requests=row["requests"],
        calls=int(row["calls"]),
        tokens=(first, read, write_5m, write_1h, write_other, output),
        reasoning_tokens=None if reasoning is None else int(reasoning),
        billed_usd=row["sum_billed_usd"],
    )


def price(cells: Iterable[Cell], catalog: Catalog) -> list[PricedCell]:
    """Return cells with their list cost. Unknown is None: never 0, never a neighbour's price."""
    known: dict[tuple[object, ...], Rates | NoRates] = {}
    return [_priced(cell, catalog, known) for cell in cells]


def _priced(cell: Cell, catalog: Catalog, known: dict[tuple[object, ...], Rates | NoRates]) -> PricedCell:
    offer = catalog.offer(cell.seller, cell.sku)
    if cell.usage_status == "missing" and cell.status != "ok":
        return PricedCell(cell, offer, None, ZERO, ZERO)  # a failure without usage: nothing was used that could cost
    if cell.usage_status not in PRICED_USAGE:
        return PricedCell(cell, offer, None, None, None, f"usage {cell.usage_status}")
    if offer is None:
        return PricedCell(cell, None, None, None, None, cell.unresolved or "unknown-model")
    if cell.day is None:
        return PricedCell(cell, offer, None, None, None, "no time")
    rates = rates_of(cell, offer, catalog, known)
    if isinstance(rates, NoRates):
        return PricedCell(cell, offer, None, None, None, rates.reason)
    low, high = cost(cell.tokens, rates.expected), cost(cell.tokens, rates.high)
    return PricedCell(cell, offer, rates, low, max(low, high))


def rates_of(
    cell: Cell, offer: Offer, catalog: Catalog, known: dict[tuple[object, ...], Rates | NoRates]
) -> Rates | NoRates:
    """Return the rates an offer has for a cell, its own or another's; `known` remembers them."""
    key = (*offer.key, cell.price_slot, cell.prompt_band, cell.service_tier, cell.is_batch, cell.region_class)
    if key not in known:
        conditions = Conditions(cell.price_slot, cell.prompt_band, cell.service_tier, cell.is_batch, cell.region_class)
        known[key] = rates_for(catalog, offer, conditions)
    return known[key]


def cost(tokens: Iterable[int], rates: Iterable[Decimal]) -> Decimal:
    """Return the exact sum of tokens x rate over the counters, in US dollars."""
    return total(times(rate, count) for rate, count in zip(rates, tokens, strict=True) if count)
