"""95th percentiles of latency, taken from the log, for plans with a latency budget."""

from __future__ import annotations

from collections.abc import Iterable

from llmaudit.histogram import quantile_bucket, upper_ms
from llmaudit.plans.optimize import ALL_TIERS
from llmaudit.summaries.latency import LatencyBucket

LEAST_ANSWERS = 100
"""Answers below which a 95th percentile is left unknown: five of them would decide it."""


def p95_ms(rows: Iterable[LatencyBucket]) -> dict[tuple[str, int | None], float]:
    """Return the 95th percentile of the time to the whole answer, in milliseconds, by canonical model and tier.

    The upper edge of the bucket it falls into: at most 5% above the true one, never below. `ALL_TIERS` stands for all
    tiers of a model together. A model (or a tier of it) with too few answers has no entry: it is unknown.
    """
    counts: dict[tuple[str, int | None], dict[int, int]] = {}
    for row in rows:
        if row.measure == "latency":
            for tier in (row.tier, ALL_TIERS):
                buckets = counts.setdefault((row.model, tier), {})
                buckets[row.bucket] = buckets.get(row.bucket, 0) + row.requests
    return {
        key: upper_ms(bucket)
        for key, buckets in counts.items()
        if sum(buckets.values()) >= LEAST_ANSWERS and (bucket := quantile_bucket(buckets, 0.95)) is not None
    }
