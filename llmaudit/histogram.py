"""Latency histograms with logarithmic buckets, as `latency.sql` counts them, and the quantiles read from them.

Bucket b holds the times from exp(b / 20) to exp((b + 1) / 20) milliseconds. Its edges are 5% apart, so its middle is
within 2.5% of every time in it. Histograms of several files or days are added bucket by bucket.
"""

from __future__ import annotations

import math

BUCKETS_PER_E = 20
"""Buckets per factor e."""

Histogram = dict[int, int]
"""Number of requests by bucket."""


def quantile_bucket(histogram: Histogram, share: float) -> int | None:
    """Return the bucket in which a share of the requests is reached; None where there are no requests."""
    needed, passed = math.ceil(share * sum(histogram.values())), 0
    for bucket in sorted(histogram):
        passed += histogram[bucket]
        if passed >= needed:
            return bucket
    return None


def middle_ms(bucket: int) -> float:
    """Return the middle of a bucket, in milliseconds."""
    return math.exp((bucket + 0.5) / BUCKETS_PER_E)


def upper_ms(bucket: int) -> float:
    """Return the upper edge of a bucket, in milliseconds."""
    return math.exp((bucket + 1) / BUCKETS_PER_E)


def quantile_ms(histogram: Histogram, share: float) -> float:
    """Return a quantile in milliseconds, within 2.5% of the true one; 0 where there are no requests."""
    bucket = quantile_bucket(histogram, share)
    return 0.0 if bucket is None else middle_ms(bucket)
