"""The shape of traffic: token counts and arrivals.

The quantiles below were read off the Azure public LLM inference traces 2023 (AzureLLMInferenceTrace_conv.csv, 19,366
requests, and _code.csv, 8,819 requests; https://github.com/Azure/AzurePublicDataset, CC-BY-4.0). Only these quantiles
are used; no row of the traces is copied. Values between two quantiles are drawn uniformly.
"""

import random
from bisect import bisect_right
from itertools import accumulate, pairwise

from .clock import DAY, HOUR, MINUTE, MONTH_END, MONTH_START

Quantiles = tuple[tuple[int, int], ...]
"""(percent, value), from 0 to 100."""


def _table(*values: int) -> Quantiles:
    return tuple(zip((0, 1, 5, 10, 25, 50, 75, 90, 95, 99, 100), values, strict=True))


CONV_CONTEXT = _table(2, 29, 181, 207, 396, 1020, 1189, 2735, 4083, 4142, 14050)
CONV_GENERATED = _table(7, 16, 41, 54, 85, 129, 395, 424, 451, 601, 1000)
CODE_CONTEXT = _table(3, 17, 75, 147, 578, 1469, 2745, 5186, 7302, 7436, 7437)
CODE_GENERATED = _table(6, 6, 6, 7, 9, 13, 24, 55, 90, 252, 1899)
CONV_GAP = _table(0, 6, 33, 88, 265, 653, 1366, 2328, 3125, 4917, 23860)
"""Time between two requests of the conversation trace, in thousandths of the mean gap."""

HOURS = (3, 2, 2, 2, 3, 6, 12, 24, 42, 52, 54, 50, 44, 50, 54, 50, 42, 34, 30, 28, 24, 18, 11, 6)
"""Relative traffic by hour of the day, UTC: European office hours with an evening shoulder."""
WEEKDAYS = (100, 104, 101, 98, 92, 42, 36)
"""Relative traffic by weekday, Monday first."""


def draw(rng: random.Random, table: Quantiles) -> int:
    """One value from a quantile table (plain arithmetic only: the same on every machine)."""
    percent = rng.random() * 100
    for (low_percent, low), (high_percent, high) in pairwise(table):
        if percent < high_percent:
            return int(low + (high - low) * (percent - low_percent) / (high_percent - low_percent))
    return table[-1][1]


def scaled(rng: random.Random, table: Quantiles, percent: int, low: int, high: int) -> int:
    """A draw scaled by a percentage and kept within bounds."""
    return min(high, max(low, draw(rng, table) * percent // 100))


def weekday(ms: int) -> int:
    """0 is Monday (1 January 1970 was a Thursday)."""
    return (ms // DAY + 3) % 7


def arrivals(rng: random.Random, requests: int) -> list[int]:
    """Start times over the month: bursty as the trace, slow at night and on weekends."""
    gaps = [draw(rng, CONV_GAP) + 1 for _ in range(requests + 1)]
    elapsed = list(accumulate(gaps))
    hours = range(MONTH_START, MONTH_END, HOUR)
    weights = (HOUR * HOURS[hour % DAY // HOUR] * WEEKDAYS[weekday(hour)] for hour in hours)
    volume = list(accumulate(weights, initial=0))
    last_start = MONTH_END - 10 * MINUTE  # leaves room for the retries of the last calls
    return [min(last_start, _instant(done * volume[-1] // elapsed[-1], volume)) for done in elapsed[:-1]]


def _instant(position: int, volume: list[int]) -> int:
    hour = bisect_right(volume, position) - 1
    within = (position - volume[hour]) * HOUR // (volume[hour + 1] - volume[hour])
    return MONTH_START + hour * HOUR + within
