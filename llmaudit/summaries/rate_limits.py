"""Rate-limit refusals per minute, and the retries at the same seller that ran into them.

Only minutes with either have a row; the total number of requests in a minute is estimated from the hours.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

import msgspec

from llmaudit.money import total
from llmaudit.store import Store
from llmaudit.summaries.base import Summary

MINUTES = 100_000
"""Minutes that are kept, those with most refusals first."""


class LimitedMinute(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One minute of one gateway and seller.

    Attributes:
        minute: Its first instant (naive UTC).
        gateway: None where there is none.
        seller: Who was asked; None where it is not known.
        rate_limited: Requests refused.
        named: Of those, how many name the seller or the model that refused.
        retries: Attempts after a failed one of the same call at the same seller.
        retries_usd: Amounts in the log of those.
        retries_unbilled: How many of them have tokens and no amount.
    """

    minute: datetime
    gateway: str | None
    seller: str | None
    rate_limited: int
    named: int = 0
    retries: int = 0
    retries_usd: Decimal = Decimal(0)
    retries_unbilled: int = 0


SQL = f"""
WITH failing AS (
    SELECT DISTINCT r.call_id AS call_id FROM period_requests AS r WHERE r.status = 'error' AND r.call_id IS NOT NULL
),
steps AS (
    SELECT
        r.row_id AS row_id,
        LAG(r.status) OVER w = 'error' AND LAG(r.sold_seller) OVER w IS NOT DISTINCT FROM r.sold_seller AS is_retry
    FROM resolved_requests AS r
    JOIN failing AS f ON f.call_id = r.call_id
    WINDOW w AS (PARTITION BY r.call_id ORDER BY r.started_at, COALESCE(r.attempt, 0), r.row_id)
),
told AS (
    SELECT
        DATE_TRUNC('minute', r.started_at) AS minute,
        r.sold_gateway AS gateway,
        r.sold_seller AS seller,
        COALESCE(r.status = 'error' AND r.error_class = 'rate_limited', FALSE) AS is_limited,
        r.seller IS NOT NULL OR r.model_served IS NOT NULL AS is_named,
        COALESCE(s.is_retry, FALSE) AS is_retry,
        CASE WHEN r.billed_currency = 'USD' THEN r.billed_amount END AS billed_usd,
        r.usage_status AS usage_status
    FROM resolved_requests AS r
    LEFT JOIN steps AS s ON s.row_id = r.row_id
    WHERE r.started_at IS NOT NULL AND (s.is_retry OR (r.status = 'error' AND r.error_class = 'rate_limited'))
)
SELECT
    t.minute AS minute, t.gateway AS gateway, t.seller AS seller,
    COUNT(*) FILTER (t.is_limited) AS rate_limited,
    COUNT(*) FILTER (t.is_limited AND t.is_named) AS named,
    COUNT(*) FILTER (t.is_retry) AS retries,
    COALESCE(SUM(t.billed_usd) FILTER (t.is_retry), 0) AS retries_usd,
    COUNT(*) FILTER (
        t.is_retry AND t.billed_usd IS NULL AND t.usage_status NOT IN ('missing', 'gateway_cache')
    ) AS retries_unbilled
FROM told AS t
GROUP BY t.minute, t.gateway, t.seller
ORDER BY rate_limited DESC, minute, gateway, seller
LIMIT {MINUTES}
"""


def build(store: Store) -> list[LimitedMinute]:
    """Return the minutes, in a fixed order."""
    return [LimitedMinute(**row) for row in store.dicts(f"SELECT * FROM ({SQL}) ORDER BY ALL")]


def merge(rows: Sequence[LimitedMinute]) -> list[LimitedMinute]:
    """Return minutes added up, in the order of `build`."""
    groups: dict[tuple[datetime, str | None, str | None], list[LimitedMinute]] = {}
    for row in rows:
        groups.setdefault((row.minute, row.gateway, row.seller), []).append(row)
    ordered = sorted(groups.items(), key=lambda item: [(part is None, part) for part in item[0]])
    return [
        msgspec.structs.replace(
            group[0],
            rate_limited=sum(row.rate_limited for row in group),
            named=sum(row.named for row in group),
            retries=sum(row.retries for row in group),
            retries_usd=total(row.retries_usd for row in group),
            retries_unbilled=sum(row.retries_unbilled for row in group),
        )
        for _, group in ordered
    ]


SUMMARY = Summary("rate_limits", LimitedMinute, build, merge)
