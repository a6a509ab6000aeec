"""Requests, failures and their consequences by hour and route: the basis for outages and missing fallbacks.

A failed attempt ends in one of five ways. Its call was answered later by the same seller (`answered_again`), by another
one (`answered_elsewhere`), by nobody (`unanswered`), by nobody because the request itself was refused (`unanswerable`),
or the log has no call id to tell (`unlinked`).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

import msgspec

from llmaudit.money import total
from llmaudit.store import Store
from llmaudit.summaries.base import Summary

ROUTES = 200
"""Routes (gateway, seller, model) that keep their name; the rest of a gateway is one route without seller."""

OTHER = "(other models)"


class HourRow(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One hour of one route.

    Attributes:
        hour: Its first instant (naive UTC); None for requests without a time.
        gateway: None where there is none.
        seller: Who was asked; None where it is not known.
        model: Canonical name.
        requests: Attempts.
        rate_limited: Failed with a 429 or its like.
        timeout: Failed by a time limit.
        server_error: Failed with a 5xx.
        other: Failed otherwise, cut streams among them.
        refused: Failed by the caller's own doing: a bad request, a content filter.
        retries: Attempts at the same model and seller after a failure.
        retries_ok: Of those, answered.
        fallbacks: Attempts at another model or seller after a failure.
        fallbacks_ok: Of those, answered.
        repeated_usd: Amounts in the log of retries and fallbacks.
        repeats_unbilled: Retries and fallbacks with tokens and without an amount.
        answered_again: Failed attempts whose call the same seller then answered.
        answered_elsewhere: Failed attempts whose call another seller then answered.
        unanswered: Failed attempts after which nobody answered.
        unanswerable: The same by the caller's own doing: a bad request, a content filter.
        unlinked: Failed attempts without a call id.
        abandoned: Calls that ended here, with a failure.
        failed_usd: Amounts in the log of failed attempts.
        lost_usd: Amounts in the log of failed attempts after which nobody answered, as far as the log links them.
        lost_unbilled: Of those attempts, how many have tokens and no amount.
    """

    hour: datetime | None
    gateway: str | None
    seller: str | None
    model: str
    requests: int
    rate_limited: int = 0
    timeout: int = 0
    server_error: int = 0
    other: int = 0
    refused: int = 0
    retries: int = 0
    retries_ok: int = 0
    fallbacks: int = 0
    fallbacks_ok: int = 0
    repeated_usd: Decimal = Decimal(0)
    repeats_unbilled: int = 0
    answered_again: int = 0
    answered_elsewhere: int = 0
    unanswered: int = 0
    unanswerable: int = 0
    unlinked: int = 0
    abandoned: int = 0
    failed_usd: Decimal = Decimal(0)
    lost_usd: Decimal = Decimal(0)
    lost_unbilled: int = 0

    @property
    def outside(self) -> int:
        """Failures that are not the caller's own doing."""
        return self.rate_limited + self.timeout + self.server_error + self.other


KEYS = ("hour", "gateway", "seller", "model")
SUMS = tuple(name for name in HourRow.__struct_fields__ if name not in KEYS)

SQL = f"""
WITH failing AS (
    SELECT DISTINCT r.call_id AS call_id FROM period_requests AS r WHERE r.status = 'error' AND r.call_id IS NOT NULL
),
fates AS (
    SELECT
        r.row_id AS row_id,
        COALESCE(r.sold_seller, '') AS seller,
        FIRST_VALUE(CASE WHEN r.status = 'ok' THEN COALESCE(r.sold_seller, '') END IGNORE NULLS) OVER (
            PARTITION BY r.call_id ORDER BY r.started_at, COALESCE(r.attempt, 0), r.row_id
            ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING
        ) AS answered_by
    FROM resolved_requests AS r
    JOIN failing AS f ON f.call_id = r.call_id
),
routes AS (
    SELECT r.sold_gateway AS gateway, r.sold_seller AS seller, r.sold_model AS model
    FROM resolved_requests AS r
    GROUP BY r.sold_gateway, r.sold_seller, r.sold_model
    ORDER BY COUNT(*) DESC, r.sold_gateway, r.sold_seller, r.sold_model
    LIMIT {ROUTES}
),
told AS (
    SELECT
        DATE_TRUNC('hour', r.started_at) AS hour,
        r.sold_gateway AS gateway,
        CASE WHEN n.model IS NOT NULL THEN r.sold_seller END AS seller,
        COALESCE(n.model, '{OTHER}') AS model,
        r.status AS status,
        CASE WHEN r.status = 'error' THEN COALESCE(r.error_class, 'other') END AS error,
        COALESCE(a.attempt_kind, 'first') AS kind,
        COALESCE(a.is_last, 1) AS is_last,
        CASE WHEN r.billed_currency = 'USD' THEN r.billed_amount END AS billed_usd,
        r.usage_status AS usage_status,
        CASE
            WHEN r.status <> 'error' THEN NULL
            WHEN r.call_id IS NULL THEN 'unlinked'
            WHEN d.answered_by IS NULL AND r.error_class IN ('client_error', 'content_filter') THEN 'unanswerable'
            WHEN d.answered_by IS NULL THEN 'unanswered'
            WHEN d.answered_by = d.seller THEN 'again'
            ELSE 'elsewhere'
        END AS fate
    FROM resolved_requests AS r
    LEFT JOIN routes AS n
        ON n.gateway IS NOT DISTINCT FROM r.sold_gateway AND n.seller IS NOT DISTINCT FROM r.sold_seller
        AND n.model = r.sold_model
    LEFT JOIN call_attempts AS a ON a.row_id = r.row_id
    LEFT JOIN fates AS d ON d.row_id = r.row_id
)
SELECT
    t.hour AS hour, t.gateway AS gateway, t.seller AS seller, t.model AS model,
    COUNT(*) AS requests,
    COUNT(*) FILTER (t.error = 'rate_limited') AS rate_limited,
    COUNT(*) FILTER (t.error = 'timeout') AS timeout,
    COUNT(*) FILTER (t.error = 'server_error') AS server_error,
    COUNT(*) FILTER (t.error = 'other') AS other,
    COUNT(*) FILTER (t.error IN ('client_error', 'content_filter')) AS refused,
    COUNT(*) FILTER (t.kind = 'retry') AS retries,
    COUNT(*) FILTER (t.kind = 'retry' AND t.status = 'ok') AS retries_ok,
    COUNT(*) FILTER (t.kind = 'fallback') AS fallbacks,
    COUNT(*) FILTER (t.kind = 'fallback' AND t.status = 'ok') AS fallbacks_ok,
    COALESCE(SUM(t.billed_usd) FILTER (t.kind <> 'first'), 0) AS repeated_usd,
    COUNT(*) FILTER (
        t.kind <> 'first' AND t.billed_usd IS NULL AND t.usage_status NOT IN ('missing', 'gateway_cache')
    ) AS repeats_unbilled,
    COUNT(*) FILTER (t.fate = 'again') AS answered_again,
    COUNT(*) FILTER (t.fate = 'elsewhere') AS answered_elsewhere,
    COUNT(*) FILTER (t.fate = 'unanswered') AS unanswered,
    COUNT(*) FILTER (t.fate = 'unanswerable') AS unanswerable,
    COUNT(*) FILTER (t.fate = 'unlinked') AS unlinked,
    COUNT(*) FILTER (t.is_last = 1 AND t.status = 'error') AS abandoned,
    COALESCE(SUM(t.billed_usd) FILTER (t.status = 'error'), 0) AS failed_usd,
    COALESCE(SUM(t.billed_usd) FILTER (t.fate IN ('unanswered', 'unlinked')), 0) AS lost_usd,
    COUNT(*) FILTER (
        t.fate IN ('unanswered', 'unlinked') AND t.billed_usd IS NULL AND t.usage_status <> 'missing'
    ) AS lost_unbilled
FROM told AS t
GROUP BY t.hour, t.gateway, t.seller, t.model
"""


def build(store: Store) -> list[HourRow]:
    """Return the hours of every route, in a fixed order."""
    return [HourRow(**row) for row in store.dicts(f"SELECT * FROM ({SQL}) ORDER BY ALL")]


def merge(rows: Sequence[HourRow]) -> list[HourRow]:
    """Return hours added up, in the order of `build`."""
    sums: dict[tuple[object, ...], list[HourRow]] = {}
    for row in rows:
        sums.setdefault(tuple(getattr(row, name) for name in KEYS), []).append(row)
    ordered = sorted(sums.items(), key=lambda item: [(part is None, part) for part in item[0]])
    return [_added(group) for _, group in ordered]


def _added(group: Sequence[HourRow]) -> HourRow:
    columns = {name: [getattr(row, name) for row in group] for name in SUMS}
    sums = {name: total(one) if isinstance(one[0], Decimal) else sum(one) for name, one in columns.items()}
    return msgspec.structs.replace(group[0], **sums)


SUMMARY = Summary("hours", HourRow, build, merge)
