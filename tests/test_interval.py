"""Intervals against published examples and against scipy."""

from __future__ import annotations

import pytest
from scipy.stats import binomtest, norm

from llmaudit.interval import Z95, wilson


def test_wilson_is_that_of_the_paper() -> None:
    """10 of 100: 0.0552 to 0.1744 (Newcombe 1998, method 3)."""
    assert wilson(10, 100) == pytest.approx((0.0552, 0.1744), abs=5e-5)


@pytest.mark.parametrize(("hits", "trials"), [(0, 40), (1, 3), (8, 10), (40, 40), (123, 4567)])
def test_wilson_agrees_with_scipy(hits: int, trials: int) -> None:
    expected = binomtest(hits, trials).proportion_ci(0.95, method="wilson")
    assert wilson(hits, trials) == pytest.approx((expected.low, expected.high), abs=1e-12)


def test_wilson_at_another_level() -> None:
    expected = binomtest(7, 50).proportion_ci(0.8, method="wilson")
    assert wilson(7, 50, float(norm.ppf(0.9))) == pytest.approx((expected.low, expected.high), abs=1e-12)


def test_z95_is_the_normal_quantile() -> None:
    assert pytest.approx(norm.ppf(0.975), abs=1e-15) == Z95
