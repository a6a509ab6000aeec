"""95th percentiles of latency from the log's own answers, for plans that have to keep a budget."""

from __future__ import annotations

from collections.abc import Iterable
from math import exp

from llmaudit.plans.optimize import ALL_TIERS
from llmaudit.summaries.latency import LatencyBucket

LEAST_ANSWERS = 100
"""Answers below which a 95th percentile is left unknown: five of them would decide it."""

PER_STEP = 20
"""Buckets of latency.sql lie 1 / 20 apart on the scale of the natural logarithm."""


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
    return {key: _p95(buckets) for key, buckets in counts.items() if sum(buckets.values()) >= LEAST_ANSWERS}


def _p95(buckets: dict[int, int]) -> float:
    remaining = 0.95 * sum(buckets.values())
    for bucket in sorted(buckets):
        remaining -= buckets[bucket]
        if remaining <= 0:
            return exp((bucket + 1) / PER_STEP)
    return exp((max(buckets) + 1) / PER_STEP)
