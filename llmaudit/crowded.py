"""Keys with too many values: beyond a limit, the values with the least spend are merged into `(other)`.

A feature or a host name that contains an id would turn every request into a cell of its own. Merging changes no money:
features and teams have no price, and of models, gateways, sellers, regions and service tiers only those are merged that
the catalog does not know: they have no price of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from decimal import Decimal

import pyarrow as pa

from llmaudit.catalog import Catalog
from llmaudit.listcost import priced_requests
from llmaudit.money import shown
from llmaudit.period import ALL, Period
from llmaudit.request import OTHER
from llmaudit.resolve import FOLDABLE
from llmaudit.store import Store

TOP = 5_000
"""Values of a key that are kept apart by default."""

MOST_CELLS = 500_000
"""Cells that an audit is to hold at most: where there are more, fewer values of a key that has too many are kept."""

STRICTER = (1, 5, 25)
"""The limits are divided by these in turn until there are few enough cells."""

_SURE = 0.8
"""Share of the limit below which an estimate of how many values there are (within some percent) settles it."""


@dataclass(frozen=True)
class _Key:
    """How a key is merged.

    Attributes:
        name: A key of `FOLDABLE`.
        values: What a reader calls those that may be merged.
        most: How many are kept apart at most: of what a report has a line or a verdict for, fewer than of features.
        least: How many are kept apart however many cells there are.
        is_known: Whether the catalog knows a value, which then keeps its name. None: no value has a price.
    """

    name: str
    values: str
    most: int
    least: int
    is_known: Callable[[Catalog, str], bool] | None = None

    def limit(self, top: int, divisor: int) -> int:
        """Return how many values are kept apart."""
        limit = min(top, self.most)
        return max(limit // divisor, min(limit, self.least))


_KEYS = (
    _Key("feature", "values of feature", 10**9, 200),
    _Key("team", "values of team", 10**9, 200),
    _Key("model", "model names that the catalog does not know", 10**9, 200),
    _Key("gateway", "gateways that the catalog does not know", 100, 25, Catalog.knows_gateway),
    _Key(
        "seller", "sellers that the catalog does not know", 200, 50, lambda catalog, name: bool(catalog.seller_id(name))
    ),
    _Key("region", "regions without a price of their own", 100, 50, Catalog.has_region),
    _Key("service_tier", "service tiers without a price of their own", 100, 50, Catalog.has_service_tier),
)

_WHICH = {"model": "count(p.sku) = 0"}
"""A model name that has a price under one seller keeps its name under all."""

_CELL = (
    "CAST(started_at AS DATE)", "status", "error_class", "is_batch", "needs_tools", "needs_json", "needs_images",
    "has_pii", "usage_status", "billed_kind",
)  # fmt: skip
"""What divides cells beside the keys that are merged and what is worked out of a request (tier, band, attempt)."""


@dataclass(frozen=True)
class Crowd:
    """A key with more values than are kept apart.

    Attributes:
        key: Its name (`FOLDABLE`).
        values: What a reader calls its values.
        top: How many of them are kept apart.
        folded: The others, in a column `name`.
        requests: Requests that have one of the others.
        spend_usd: What is known of their cost.
    """

    key: str
    values: str
    top: int
    folded: pa.Table
    requests: int
    spend_usd: Decimal

    @property
    def note(self) -> str:
        """What a reader must know, in a sentence."""
        return (
            f"{self.folded.num_rows:,} {self.values} beyond the {self.top:,} with most spend stand together as {OTHER}:"
            f" {self.requests:,} requests, {shown(self.spend_usd)}; no total changes"
        )


def crowded(
    store: Store, catalog: Catalog, period: Period = ALL, top: int = TOP, gateway: str | None = None
) -> list[Crowd]:
    """Return the keys of a period's requests that have more values than are kept apart.

    Args:
        store: The database.
        catalog: The prices that decide which values have most spend, and which may be merged.
        period: Only requests that started in it.
        top: How many values of a key are kept apart; of gateways, sellers, regions and service tiers fewer.
        gateway: One that is asked for by name, and keeps it whatever it costs.
    """
    # Every request of the database, not of the period: too many never hurts, it only means that it is counted exactly.
    estimates = ", ".join(f"approx_count_distinct({FOLDABLE[key.name].value})" for key in _KEYS)
    found = store.one(f"SELECT {estimates}, {_cells()} FROM requests")
    counts = dict(zip(_KEYS, found, strict=False))
    with ExitStack() as stack:
        cells, crowds, ranks = found[-1], list[Crowd](), _Ranks(store, catalog, period, gateway, stack)
        for divisor in STRICTER:
            if divisor > 1 and cells <= MOST_CELLS:
                break
            limits = {key: key.limit(top, divisor) for key in counts}
            crowded_keys = [key for key, count in counts.items() if count > limits[key] * _SURE]
            crowds = [crowd for key in crowded_keys if (crowd := ranks.beyond(key, limits[key]))]
            if crowds and cells > MOST_CELLS:
                cells = _cells_left(store, crowds)
        return crowds


def _cells(value_of: Callable[[str], str] = lambda key: FOLDABLE[key].value) -> str:
    """Return the estimate of how many cells there are at least."""
    return f"approx_count_distinct(hash({', '.join((*_CELL, *(value_of(key.name) for key in _KEYS)))}))"


def _cells_left(store: Store, crowds: Sequence[Crowd]) -> int:
    """Return the estimate of how many cells are left once some values are merged."""
    merged = {crowd.key for crowd in crowds}

    def value_of(key: str) -> str:
        value = FOLDABLE[key].value
        return (
            f"CASE WHEN {value} IN (SELECT name FROM rest_{key}) THEN '' ELSE {value} END" if key in merged else value
        )

    with ExitStack() as stack:
        for crowd in crowds:
            stack.enter_context(store.table(f"rest_{crowd.key}", crowd.folded))
        merged_values = ", ".join(f"{value_of(key.name)} AS merged_{key.name}" for key in _KEYS)
        cells = _cells(lambda key: f"merged_{key}")
        return int(store.one(f"SELECT {cells} FROM (SELECT *, {merged_values} FROM requests)")[0])


class _Ranks:
    """The values of each key that may be merged, those with most spend first; each key is put in order once.

    Args:
        store: The database.
        catalog: The prices.
        period: Only requests that started in it.
        gateway: One that keeps its name.
        stack: What the view of priced requests lasts as long as; it is made when it is first needed.
    """

    def __init__(self, store: Store, catalog: Catalog, period: Period, gateway: str | None, stack: ExitStack) -> None:
        self._store, self._catalog, self._period, self._stack = store, catalog, period, stack
        self._kept = {"gateway": {(gateway or "").lower()}}
        self._ranked: dict[str, pa.Table] = {}

    def beyond(self, key: _Key, top: int) -> Crowd | None:
        """Return the values of a key beyond the first ones, or None where there are none."""
        if key.name not in self._ranked:
            self._ranked[key.name] = self._rank(key)
        rest = self._ranked[key.name].slice(top)
        if not rest.num_rows:
            return None
        with self._store.table("rest", rest):
            requests, spent = self._store.one("SELECT sum(requests)::BIGINT, coalesce(sum(spend_usd), 0) FROM rest")
        return Crowd(key.name, key.values, top, rest.select(["name"]), requests, Decimal(spent))

    def _rank(self, key: _Key) -> pa.Table:
        if not self._ranked:
            self._stack.enter_context(priced_requests(self._store, self._catalog, self._period))
        value = FOLDABLE[key.name].value
        table = self._store.arrow(f"""
            WITH named AS (
                SELECT row_id, {value} AS name,
                    CASE WHEN billed_kind IS NOT NULL AND billed_currency = 'USD' THEN billed_amount END AS billed_usd
                FROM period_requests WHERE {value} IS NOT NULL
            ),
            spent AS (
                SELECT r.name, count(*) AS requests, sum(coalesce(r.billed_usd, p.list_usd)) AS spend_usd
                FROM priced_requests p JOIN named r ON r.row_id = p.row_id
                GROUP BY r.name HAVING {_WHICH.get(key.name, "TRUE")}
            )
            SELECT name, requests, spend_usd FROM spent ORDER BY spend_usd DESC NULLS LAST, requests DESC, name
        """)
        if key.is_known is None:
            return table
        is_known, kept = key.is_known, self._kept.get(key.name, ())
        names = table["name"].to_pylist()
        return table.filter(pa.array([name not in kept and not is_known(self._catalog, name) for name in names]))
