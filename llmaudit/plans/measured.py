"""Ratios of totals measured on pairs, with an interval: how many tokens one model needs per token of another.

The estimate is the ratio of the sample's totals, which is what a sum over all traffic needs. Its interval is Fieller's
(Fieller 1954) with sums over clusters: the values r for which the total of after - r x before is within t standard
errors of 0. The standard error is clustered, sqrt(G / (G - 1) x sum of squares of the clusters' totals), and t has
G - 1 degrees of freedom. With a few hundred pairs its coverage is better than that of the delta method.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from math import isfinite, sqrt
from statistics import NormalDist
from typing import NamedTuple

from llmaudit.catalog import Catalog
from llmaudit.money import EXACT, round_to
from llmaudit.plans.bands import RATIO_PLACES, Band
from llmaudit.summaries.pairs import PairSums, added

LEAST_PAIRS = 30
LEAST_CLUSTERS = 10
"""Fewer say nothing: tests of G clusters reject a true hypothesis too often below ten."""

CONFIDENCE = 0.95


class Ratio(NamedTuple):
    """A ratio of totals with its interval."""

    value: Decimal
    low: Decimal
    high: Decimal


def ratio_of(sums: PairSums) -> Ratio | None:
    """Return the ratio of totals with its 95% interval; None where the pairs are too few or the interval has no end."""
    if sums.pairs < LEAST_PAIRS or sums.clusters < LEAST_CLUSTERS or not sums.before:
        return None
    before, after = float(sums.before), float(sums.after)
    spread = t_quantile((1 + CONFIDENCE) / 2, sums.clusters - 1) ** 2 * sums.clusters / (sums.clusters - 1)
    # (after - r before)^2 <= spread x (after_squared - 2 r product + r^2 before_squared), as a polynomial in r
    square = before**2 - spread * float(sums.before_squared)
    linear = -2 * (before * after - spread * float(sums.product))
    constant = after**2 - spread * float(sums.after_squared)
    inside = linear**2 - 4 * square * constant
    if square <= 0 or inside < 0:
        return None
    ends = [(-linear + sign * sqrt(inside)) / (2 * square) for sign in (-1, 1)]
    value = round_to(EXACT.divide(Decimal(sums.after), Decimal(sums.before)), RATIO_PLACES)
    if not all(map(isfinite, ends)):
        return None
    low, high = (Decimal(f"{max(end, 0):.{RATIO_PLACES}f}") for end in ends)
    return Ratio(value, min(low, value), max(high, value))


def t_quantile(probability: float, freedom: int) -> float:
    """Return a quantile of Student's t by its expansion in the normal one (Abramowitz and Stegun 26.7.5).

    Exact to 0.2% from five degrees of freedom on; without it an import of scipy would be half of a run.
    """
    z = NormalDist().inv_cdf(probability)
    terms = (
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160,
    )
    return float(z + sum(term / freedom**power for power, term in enumerate(terms, start=1)))


class Measured:
    """What shadow pairs say of one model against another.

    Args:
        rows: The sums of every shadow test.
        catalog: Says which canonical model a name in the pairs is.
    """

    def __init__(self, rows: Sequence[PairSums], catalog: Catalog) -> None:
        found: dict[tuple[str, str, str], list[PairSums]] = {}
        for row in rows:
            pair = (row.measure, _canonical(row.model_before, catalog), _canonical(row.model_after, catalog))
            found.setdefault(pair, []).append(row)
        self._rows = found
        self._known: dict[tuple[str, str, str, int | None], Band | None] = {}

    def band(self, measure: str, before: str, after: str, tier: int | None) -> Band | None:
        """Return a model's tokens per token of another; None where the pairs are too few to say.

        Args:
            measure: prompt or output.
            before: The present model, by canonical name.
            after: The other.
            tier: Its own pairs are taken where they are enough, else all pairs of the two models.
        """
        key = (measure, before, after, tier)
        if key not in self._known:
            self._known[key] = self._band(*key)
        return self._known[key]

    def _band(self, measure: str, before: str, after: str, tier: int | None) -> Band | None:
        rows = self._rows.get((measure, before, after), [])
        own = [row for row in rows if row.tier == tier]
        for some, where in ((own, f" of tier {tier}" if tier is not None else ""), (rows, "")):
            ratio = ratio_of(added(some)) if some else None
            if ratio is not None:
                pairs = sum(row.pairs for row in some)
                verb, on = ("needs", " for the same prompt") if measure == "prompt" else ("answers with", "")
                sentence = (
                    f"{after} {verb} {ratio.value}x the tokens of {before}{on}"
                    f" ({ratio.low}x to {ratio.high}x, measured on {pairs:,} shadow pairs{where})"
                )
                return Band(ratio.value, ratio.low, ratio.high, "measured", sentence)
        return None


def _canonical(name: str, catalog: Catalog) -> str:
    offer = catalog.canonical(name) or catalog.find(name).offer
    return offer.sku.model if offer else name
