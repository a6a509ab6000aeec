"""Keys with too many values: beyond a limit, the values with the least spend are merged into `(other)`.

A feature name that contains an id would turn every request into a cell of its own. Merging changes no money: features
and teams have no price, and of the models only those are merged that the catalog does not know and cannot price.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

import pyarrow as pa

from llmaudit.catalog import Catalog
from llmaudit.listcost import priced_requests
from llmaudit.money import shown
from llmaudit.period import ALL, Period
from llmaudit.resolve import NAME, OTHER
from llmaudit.store import Store

TOP = 5_000
"""Values of a key that are kept apart by default."""

_VALUES = {"feature": "feature", "team": "team", "model": NAME}
_WHICH = {"feature": "TRUE", "team": "TRUE", "model": "count(p.sku) = 0"}
"""Which values may be merged: a model name that has a price under one seller keeps its name under all."""

_SURE = 0.8
"""Share of the limit below which an estimate of how many values there are (within some percent) settles it."""


@dataclass(frozen=True)
class Crowd:
    """A key with more values than are kept apart.

    Attributes:
        key: feature, team or model.
        top: How many values are kept apart.
        folded: The others, in a column `name`.
        requests: Requests that have one of the others.
        spend_usd: What is known of their cost.
    """

    key: str
    top: int
    folded: pa.Table
    requests: int
    spend_usd: Decimal

    @property
    def note(self) -> str:
        """What a reader must know, in a sentence."""
        what = "model names that the catalog does not know" if self.key == "model" else f"values of {self.key}"
        return (
            f"{self.folded.num_rows:,} {what} beyond the {self.top:,} with most spend stand together as {OTHER}:"
            f" {self.requests:,} requests, {shown(self.spend_usd)}; no total changes"
        )


def crowded(store: Store, catalog: Catalog, period: Period = ALL, top: int = TOP) -> list[Crowd]:
    """Return the keys of a period's requests that have more values than are kept apart.

    Args:
        store: The database.
        catalog: The prices that decide which values have most spend.
        period: Only requests that started in it.
        top: How many values of each are kept apart.
    """
    # Every request of the database, not of the period: too many never hurts, it only means that it is counted exactly.
    estimates = ", ".join(f"approx_count_distinct({value})" for value in _VALUES.values())
    found = store.one(f"SELECT {estimates} FROM requests")
    keys = [key for key, count in zip(_VALUES, found, strict=True) if count > top * _SURE]
    if not keys:
        return []
    with priced_requests(store, catalog, period):
        return [crowd for key in keys if (crowd := _crowd(store, key, top))]


def _crowd(store: Store, key: str, top: int) -> Crowd | None:
    ranked = f"""
        WITH spent AS (
            SELECT {_VALUES[key]} AS name, count(*) AS requests,
                sum(CASE WHEN r.billed_kind IS NOT NULL AND r.billed_currency = 'USD' THEN r.billed_amount
                         ELSE p.list_usd END) AS spend_usd
            FROM priced_requests p JOIN period_requests r ON r.row_id = p.row_id
            WHERE {_VALUES[key]} IS NOT NULL
            GROUP BY 1 HAVING {_WHICH[key]}
        )
        SELECT name, requests, spend_usd FROM spent
        ORDER BY spend_usd DESC NULLS LAST, requests DESC, name OFFSET {int(top)}
    """
    rest = store.arrow(ranked)
    if not rest.num_rows:
        return None
    with store.table("rest", rest):
        requests, spent = store.one("SELECT sum(requests)::BIGINT, coalesce(sum(spend_usd), 0) FROM rest")
    return Crowd(key, top, rest.select(["name"]), requests, Decimal(spent))
