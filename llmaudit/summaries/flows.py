"""Times by feature, as histograms: good answers, first tokens, and how long the caller waited for failed attempts.

The buckets are those of latency.sql (`llmaudit.histogram`).
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from llmaudit.store import Store
from llmaudit.summaries.base import Summary

FEATURES = 100
"""Features that keep their name, those with most requests first."""

OTHER = "(other features)"


class FlowBucket(msgspec.Struct, frozen=True):
    """Requests of one feature through one gateway whose time falls into one bucket.

    Attributes:
        gateway: None where there is none.
        feature: None is not attributed.
        measure: latency (good answers), ttft (their first token), timeout (until an attempt was given up) or cut
            (until a stream ended without its answer).
        bucket: The whole part of 20 x ln(milliseconds).
        requests: How many.
    """

    gateway: str | None
    feature: str | None
    measure: str
    bucket: int
    requests: int


SQL = f"""
WITH named AS (
    SELECT r.feature AS feature FROM period_requests AS r WHERE r.feature IS NOT NULL
    GROUP BY r.feature ORDER BY COUNT(*) DESC, r.feature LIMIT {FEATURES}
),
told AS (
    SELECT
        r.sold_gateway AS gateway,
        CASE WHEN r.feature IS NOT NULL THEN COALESCE(n.feature, '{OTHER}') END AS feature,
        CASE
            WHEN r.status = 'ok' THEN 'latency'
            WHEN r.status = 'error' AND r.error_class = 'timeout' THEN 'timeout'
            WHEN r.is_streamed AND (r.status = 'cancelled' OR r.error_class = 'other') THEN 'cut'
        END AS measure,
        CAST(EPOCH_MS(r.ended_at) - EPOCH_MS(r.started_at) AS DOUBLE) AS whole_ms,
        CASE
            WHEN r.status = 'ok' THEN CAST(EPOCH_MS(r.first_token_at) - EPOCH_MS(r.started_at) AS DOUBLE)
        END AS first_ms
    FROM resolved_requests AS r
    LEFT JOIN named AS n ON n.feature = r.feature
),
timed AS (
    SELECT t.gateway AS gateway, t.feature AS feature, t.measure AS measure, t.whole_ms AS ms FROM told AS t
    WHERE t.measure IS NOT NULL
    UNION ALL
    SELECT t.gateway AS gateway, t.feature AS feature, 'ttft' AS measure, t.first_ms AS ms FROM told AS t
)
SELECT
    t.gateway AS gateway, t.feature AS feature, t.measure AS measure,
    CAST(FLOOR(LN(t.ms) * 20) AS INTEGER) AS bucket,
    COUNT(*) AS requests
FROM timed AS t
WHERE t.ms >= 1
GROUP BY t.gateway, t.feature, t.measure, CAST(FLOOR(LN(t.ms) * 20) AS INTEGER)
"""


def build(store: Store) -> list[FlowBucket]:
    """Return the histograms, in a fixed order."""
    return [FlowBucket(**row) for row in store.dicts(f"SELECT * FROM ({SQL}) ORDER BY ALL")]


def merge(rows: Sequence[FlowBucket]) -> list[FlowBucket]:
    """Return histograms added up, in the order of `build`."""
    counts: dict[tuple[str | None, str | None, str, int], int] = {}
    for row in rows:
        key = (row.gateway, row.feature, row.measure, row.bucket)
        counts[key] = counts.get(key, 0) + row.requests
    ordered = sorted(counts, key=lambda key: [(part is None, part) for part in key])
    return [FlowBucket(*key, counts[key]) for key in ordered]


SUMMARY = Summary("flows", FlowBucket, build, merge)
