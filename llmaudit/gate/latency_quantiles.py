"""Latency quantiles of two logs, compared through their histograms."""

from __future__ import annotations

from math import exp, log, sqrt

from scipy.special import ndtr, ndtri

from llmaudit.gate.compare import CLAIM_PCT, MIN_REQUESTS, POWER, Increase
from llmaudit.gate.model import Baseline, Latency
from llmaudit.histogram import BUCKETS_PER_E, quantile_ms


class Times:
    """One histogram."""

    def __init__(self, latency: Latency) -> None:
        self._histogram = {int(bucket): requests for bucket, requests in latency.buckets.items()}
        self.requests = sum(self._histogram.values())

    def quantile(self, share: float) -> float:
        """Return a quantile in milliseconds."""
        return quantile_ms(self._histogram, share)


def latency_of(log: Baseline, by: str, name: str | None) -> Times | None:
    """Return the histogram of a group, or None."""
    return next((Times(latency) for latency in log.latency if latency.by == by and latency.name == name), None)


def latency_increase(before: Times | None, after: Times | None, share: float, level: float) -> Increase | str:
    """Return the increase of a quantile, with bounds from the binomial count of requests below it.

    The quantile of a log lies between its quantiles at share -/+ z sqrt(share (1 - share) / n); half the level is spent
    on each log, and half a bucket is added on each side for what a histogram cannot show.
    """
    if before is None or after is None:
        return "one of the logs has no times for it"
    least = round(MIN_REQUESTS / (2 * min(share, 1 - share)))
    for side, times in (("baseline", before), ("log", after)):
        if times.requests < least:
            return f"the {side} has {times.requests} timed answers of it; {least} are needed"
    z = float(ndtri(1 - level / 2))
    bounds = [_bounds(times, share, z) for times in (before, after)]
    quantiles = [times.quantile(share) for times in (before, after)]
    estimate = log(quantiles[1] / quantiles[0])
    low, high = log(bounds[1][0] / bounds[0][1]), log(bounds[1][1] / bounds[0][0])
    error = max(estimate - low, 1e-9) / z
    reach = (float(ndtri(POWER)) + z) * error
    return Increase(
        pct=100 * (exp(estimate) - 1),
        low_pct=100 * (exp(low) - 1),
        high_pct=100 * (exp(high) - 1),
        before=quantiles[0],
        after=quantiles[1],
        n_before=before.requests,
        n_after=after.requests,
        detectable_pct=100 * (exp(reach) - 1),
        power=float(ndtr(log(1 + CLAIM_PCT / 100) / error - z)),
        method="quantiles by order statistics",
    )


def _bounds(times: Times, share: float, z: float) -> tuple[float, float]:
    half = z * sqrt(share * (1 - share) / times.requests)
    edge = exp(0.5 / BUCKETS_PER_E)
    return times.quantile(max(share - half, 0.0)) / edge, times.quantile(min(share + half, 1.0)) * edge
