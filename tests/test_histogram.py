"""Quantiles of logarithmic histograms against the exact quantiles of the times that were counted."""

from __future__ import annotations

import math
import random
from collections import Counter
from statistics import quantiles

import pytest

from llmaudit.histogram import middle_ms, quantile_bucket, quantile_ms, upper_ms


@pytest.mark.parametrize("share", [0.5, 0.95])
def test_quantiles_are_within_five_percent(share: float) -> None:
    rng = random.Random(11)  # noqa: S311 -- seeded on purpose
    latencies = [rng.lognormvariate(7, 1) for _ in range(20_000)]
    buckets = Counter(math.floor(math.log(ms) * 20) for ms in latencies)
    exact = quantiles(latencies, n=100)[round(100 * share) - 1]
    assert quantile_ms(buckets, share) == pytest.approx(exact, rel=0.05)


def test_edges_of_a_bucket() -> None:
    """Bucket 20 begins at e; its middle is exp(1.025) and its upper edge exp(1.05)."""
    assert middle_ms(20) == pytest.approx(2.787095, abs=1e-6)
    assert upper_ms(20) == pytest.approx(2.857651, abs=1e-6)


def test_an_empty_histogram_has_no_quantile() -> None:
    assert quantile_bucket({}, 0.95) is None
    assert quantile_ms({}, 0.95) == 0
