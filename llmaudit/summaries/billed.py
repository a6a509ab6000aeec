"""A bounded sample of requests with their billed amounts, for the analysis of markups.

For every gateway and model, the requests with the smallest hash of their id are kept. So the sample does not depend on
the order of the files, covers all days evenly, and the samples of several files combine into one.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import msgspec

from llmaudit.cells import PARTS
from llmaudit.money import ZERO
from llmaudit.request import BESIDES, COUNTERS, OTHER
from llmaudit.sql import read_sql
from llmaudit.store import Store
from llmaudit.summaries.base import Summary

if TYPE_CHECKING:
    import pyarrow as pa

PER_MODEL = 2000
"""Requests kept of one gateway and model: enough to see 0.2% through the rounding of a log."""

MODELS = 40
"""Models kept of one gateway, those with most requests first."""

MOST = 200_000
"""Requests kept in all: beyond a hundred pairs of gateway and model, each has an equal share of them."""


class BilledRequest(msgspec.Struct, frozen=True, kw_only=True):
    """One good answer through a gateway with usage and an amount in US dollars.

    Attributes:
        gateway: Who passed it on.
        seller: Whose price list applies; None where it is not known.
        sku: The seller's id.
        model: Canonical name.
        requested: The model as it was asked for, as the log names it.
        at: Its start (naive UTC).
        price_slot: First instant of the day with the same prices (naive UTC).
        slot_by: completion or start: what chose the price slot.
        tokens: The six counters, in the order of `COUNTERS`.
        reasoning_tokens: A part of the output; None where it is not stated.
        parts: Counts inside counters, in the order of `PARTS`.
        billed_usd: What the log says was charged, without `besides_usd`: what can be compared with a list price.
        besides_usd: The part of the charge that is for other things than tokens, as the log itself states it apart.
        group_ratio: What a relay of the one-api family says it multiplied the price with; None elsewhere.
        file: Where it was read.
        line: Line or record of the file.
        rank: Hash of its id; the sample is those with the smallest.
    """

    gateway: str
    seller: str | None
    sku: str | None
    model: str
    requested: str | None
    day: date | None
    at: datetime | None
    price_slot: datetime
    slot_by: str
    service_tier: str | None
    is_batch: bool | None
    region_class: str | None
    is_thinking: bool | None
    tokens: tuple[int, int, int, int, int, int]
    reasoning_tokens: int | None
    parts: tuple[int | None, int | None, int | None, int | None, int | None]
    web_searches: int | None
    billed_usd: Decimal
    group_ratio: str | None
    file: str
    line: int
    rank: int
    besides_usd: Decimal = ZERO

    @property
    def quantities(self) -> tuple[int, ...]:
        """Everything that list cost is linear in, in the order of `PRICED`."""
        known = (self.reasoning_tokens, *self.parts, self.web_searches)
        return (*self.tokens, *(count or 0 for count in known), 1)


COMPARABLE = (
    "sold_gateway IS NOT NULL AND status = 'ok' AND usage_status = 'reported' AND billed_kind IS NOT NULL"
    " AND billed_currency = 'USD' AND billed_amount IS NOT NULL AND sold_sku IS NOT NULL"
)
"""A good answer through a gateway that has usage, an amount in dollars, and a model the catalog knows."""

RANK = "hash(coalesce(request_id, concat_ws('|', line, started_at, billed_amount)))"
"""What decides who is in the sample: nothing that depends on which file was read first."""

_PICKED = f"""
    WITH grouped AS (
        SELECT sold_gateway AS gateway, sold_model AS model,
            arg_min(row_id, {RANK}, {PER_MODEL}) AS picked
        FROM resolved_requests WHERE {COMPARABLE} AND sold_gateway <> '{OTHER}' GROUP BY sold_gateway, sold_model
        QUALIFY row_number() OVER (PARTITION BY sold_gateway ORDER BY count(*) DESC, sold_model) <= {MODELS}
    ),
    shared AS (SELECT picked[1:{MOST} // count(*) OVER ()] AS picked FROM grouped)
    SELECT unnest(picked) AS row_id FROM shared
"""
"""Those of gateways that were merged have no verdict (`llmaudit.markup.gateway`) and are not drawn."""

_ROWS = """
    SELECT r.sold_gateway AS gateway, r.sold_seller AS seller, r.sold_sku AS sku, r.sold_model AS model,
        coalesce(r.model_requested, r.model_raw) AS requested, r.day AS day, r.started_at AS at, r.price_slot,
        r.slot_by, r.service_tier, r.is_batch, r.region_class, r.is_thinking,
        {counters}, r.reasoning_tokens, {parts}, r.web_searches,
        r.billed_amount - ({besides}) AS billed_usd, {besides} AS besides_usd,
        json_extract_string(CASE WHEN r.tags LIKE '{{%' THEN r.tags END, '$.group_ratio') AS group_ratio,
        s.path AS file, r.line,
        hash(coalesce(r.request_id, concat_ws('|', r.line, r.started_at, r.billed_amount))) AS rank
    FROM resolved_few r
    JOIN sources s ON s.source_id = r.source_id
    ORDER BY gateway, model, rank, r.row_id
""".format(
    counters=", ".join(f"coalesce(r.{name}, 0) AS {name}" for name in COUNTERS),
    parts=", ".join(f"r.{name}" for name in PARTS),
    besides=" + ".join(
        f"coalesce(try_cast(json_extract_string(CASE WHEN r.raw_usage LIKE '%\"{name}\"%' THEN r.raw_usage END,"
        f" '$.{name}') AS DECIMAL(18, 12)), 0)"
        for name in BESIDES
    ),
)


@contextmanager
def _resolved_few(store: Store, rows: pa.Table) -> Iterator[None]:
    """Make the view `resolved_few`: some requests of `resolved_requests`, at the cost of those alone.

    Joined to the whole view they would be found last, after every request has been resolved.

    Args:
        store: A database whose view `resolved_requests` is there.
        rows: Which requests, in a column `row_id`.
    """
    few = read_sql("resolved.sql").replace("period_requests", "period_few").replace("resolved_requests", "resolved_few")
    with store.table("few_rows", rows):
        store.execute(
            "CREATE OR REPLACE TEMP VIEW period_few AS"
            " SELECT r.* FROM period_requests r SEMI JOIN few_rows f ON f.row_id = r.row_id"
        )
        store.execute(few)
        yield


def build(store: Store) -> list[BilledRequest]:
    """Return the sample, in a fixed order."""
    with _resolved_few(store, store.arrow(_PICKED)):
        return [_row(row) for row in store.dicts(_ROWS)]


def _row(row: dict[str, Any]) -> BilledRequest:
    first, read, short, long, other, output = (int(row.pop(name)) for name in COUNTERS)
    parts = tuple(row.pop(name) for name in PARTS)
    return BilledRequest(**row, tokens=(first, read, short, long, other, output), parts=parts)


def merge(rows: Sequence[BilledRequest]) -> list[BilledRequest]:
    """Return one sample of samples: what drawing from everything at once would have kept."""
    groups: dict[tuple[str, str], list[BilledRequest]] = {}
    for row in rows:
        groups.setdefault((row.gateway, row.model), []).append(row)
    kept: list[BilledRequest] = []
    largest = _largest(groups)
    share = min(PER_MODEL, MOST // max(len(largest), 1))
    for key in largest:
        kept += heapq.nsmallest(share, groups[key], key=lambda row: (row.rank, row.file, row.line))
    return kept


def _largest(groups: dict[tuple[str, str], list[BilledRequest]]) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for gateway in sorted({gateway for gateway, _ in groups}):
        own = sorted((key for key in groups if key[0] == gateway), key=lambda key: (-len(groups[key]), key[1]))
        found += own[:MODELS]
    return sorted(found)


SUMMARY = Summary("billed", BilledRequest, build, merge)
