"""Confidence intervals that several parts of the program use."""

from __future__ import annotations

from math import sqrt

Z95 = 1.959963984540054
"""The 97.5% quantile of the standard normal distribution: 95%, two-sided."""


def wilson(hits: int, trials: int, z: float = Z95) -> tuple[float, float]:
    """Return Wilson's score interval of a proportion (Wilson 1927).

    Args:
        hits: How many of the trials count.
        trials: At least 1.
        z: Normal quantile of the level; the default gives 95%, two-sided.
    """
    share, z2 = hits / trials, z**2 / trials
    middle = (share + z2 / 2) / (1 + z2)
    half = z / (1 + z2) * sqrt(share * (1 - share) / trials + z2 / (4 * trials))
    return max(middle - half, 0.0), min(middle + half, 1.0)
