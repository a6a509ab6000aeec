"""Standard errors that know about clusters: a user counts once, not once for each of a thousand requests.

Every statistic here is a sum of per-pair influences `u_i` (what pair i adds to the estimate's error). Its variance is
taken over clusters: pairs of one cluster are added first, then squared. That is the sandwich estimator of a regression
on a constant. Two corrections for few or unequal clusters stand beside the plain one (CR1, which is what statsmodels
gives): CR2, which divides each cluster's square by one minus its leverage (Bell and McCaffrey 2002), and degrees of
freedom after Satterthwaite under a working model in which the pairs of a cluster share one correlation.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from llmaudit.arrays import Bools, Floats, Ints

WARN_CLUSTERS = 20
"""Below this many clusters tests reject too often even with corrections, and a reader is warned."""

MIN_CLUSTERS = 10
"""Below this many clusters no p-value is given at all."""

MANY_CLUSTERS, LIKE_SIZE = 5000, 20.0
"""From so many clusters on, none above so many times the mean, t and normal quantiles agree to three digits."""


@dataclass(frozen=True)
class Spread:
    """How uncertain an estimate is.

    Attributes:
        se: Standard error with the CR2 correction, in the estimate's unit; nan with fewer than two clusters.
        df: Degrees of freedom after Satterthwaite.
        clusters: Clusters with at least one pair.
        pairs: Pairs.
        deff: Design effect: variance over what independent pairs would give.
        se_cr1: Standard error with the factor G/(G-1) alone.
        correlation: Of pairs within a cluster, by the method of moments.
        within: Sum over pairs of squared shares: 1 / pairs where all count the same.
        between: Sum over clusters of squared shares.
    """

    se: float
    df: float
    clusters: int
    pairs: int
    deff: float
    se_cr1: float
    correlation: float = 0.0
    within: float = 0.0
    between: float = 0.0

    def information(self, correlation: float) -> float:
        """Return the information of these pairs, up to a constant, if pairs of a cluster had some correlation.

        Unlike 1 / se^2 it does not jump about with the luck of a day, and it knows that a user's hundredth request says
        less than a new user's first.
        """
        return 1.0 / ((1.0 - correlation) * self.within + correlation * self.between)


@dataclass(frozen=True)
class Totals:
    """Influences added up by cluster: all that a variance needs.

    Attributes:
        influence: Shape (clusters,): sum over the cluster's pairs.
        shares: Shape (clusters,): share of the cluster in the estimate.
        squares: Shape (clusters,): sum of its pairs' squared shares.
        variance: Variance of one pair: sum of influence^2 / share over pairs.
        independent: Sum of influence^2 over pairs: the variance if they were independent.
        pairs: Pairs.
    """

    influence: Floats
    shares: Floats
    squares: Floats
    variance: float
    independent: float
    pairs: int


def compact(labels: NDArray[Any]) -> Ints:
    """Return labels of any kind as codes 0, 1, 2, … in order of the sorted labels."""
    return np.unique(labels, return_inverse=True)[1].astype(np.int64)


def renumbered(codes: Ints) -> tuple[Ints, int]:
    """Return non-negative codes without gaps, and how many there are."""
    present = np.bincount(codes) > 0
    if present.all():
        return codes, len(present)
    return (np.cumsum(present) - 1)[codes], int(np.count_nonzero(present))


@dataclass(frozen=True)
class Members:
    """Which pairs are in which cluster and what they count: the same for every estimate over these pairs.

    Attributes:
        codes: Shape (n,): cluster of each pair, non-negative integers; gaps do no harm.
        weights: Shape (n,): share of each pair, summing to 1; None if all count the same.
        present: Shape (codes,): which codes have a pair.
        shares: Shape (clusters,): share of each cluster.
        squares: Shape (clusters,): sum of its pairs' squared shares.
    """

    codes: Ints
    weights: Floats | None
    present: Bools
    shares: Floats
    squares: Floats

    def totals(self, influence: Floats) -> Totals:
        """Return influences by cluster; they sum to about 0."""
        by_cluster: Floats = np.bincount(self.codes, weights=influence)[self.present].astype(float)
        independent = dot(influence, influence)
        n = len(self.codes)
        if self.weights is None:
            return Totals(by_cluster, self.shares, self.squares, independent * n, independent, n)
        variance = float(np.sum(over(influence**2, self.weights)))
        return Totals(by_cluster, self.shares, self.squares, variance, independent, n)


def members_of(codes: Ints, weights: Floats | None) -> Members:
    """Return clusters and their shares.

    Args:
        codes: Cluster of each pair.
        weights: Share of each pair; None if all count the same.
    """
    sizes = np.bincount(codes)
    present = sizes > 0
    if weights is None:
        shares: Floats = sizes[present] / len(codes)
        return Members(codes, None, present, shares, shares / len(codes))
    shares = np.bincount(codes, weights=weights)[present].astype(float)
    squares: Floats = np.bincount(codes, weights=weights * weights)[present].astype(float)
    return Members(codes, weights, present, shares, squares)


def totals_of(influence: Floats, codes: Ints, weights: Floats | None) -> Totals:
    """Return influences by cluster; arguments as `Members` has them."""
    return members_of(codes, weights).totals(influence)


def spread(influence: Floats, codes: Ints, weights: Floats | None = None, *, jackknife: bool = False) -> Spread:
    """Return the uncertainty of an estimate from the influence of each pair; arguments as `totals_of`.

    Args:
        influence: Contribution of each pair.
        codes: Cluster of each pair.
        weights: Share of each pair.
        jackknife: Correct as leaving out one cluster at a time would (CR3): for curved estimates such as ratios.
    """
    return spread_of(totals_of(influence, codes, weights), jackknife=jackknife)


def spread_of(totals: Totals, *, jackknife: bool = False) -> Spread:
    """Return the uncertainty of an estimate from its influences by cluster."""
    count = len(totals.influence)
    if count < 2:  # noqa: PLR2004 -- one cluster says nothing about the spread between clusters
        return Spread(float("nan"), 0.0, count, totals.pairs, float("nan"), float("nan"))
    lever = _leverage(totals.shares)
    plain = dot(totals.influence, totals.influence)
    correlation = _correlation(totals, plain)
    corrected = totals.influence / (lever if jackknife else np.sqrt(lever))
    return Spread(
        se=float(np.sqrt(dot(corrected, corrected))),
        df=_freedom(totals, lever, correlation),
        clusters=count,
        pairs=totals.pairs,
        deff=plain / totals.independent if totals.independent > 0 else 1.0,
        se_cr1=float(np.sqrt(plain * count / (count - 1))),
        correlation=correlation,
        within=float(totals.squares.sum()),
        between=dot(totals.shares, totals.shares),
    )


def dot(first: Floats, second: Floats) -> float:
    """Return the sum of products. Not `@`: for long vectors that starts threads, which wait for each other."""
    return float(np.einsum("i,i->", first, second))


def over(values: Floats, weights: Floats) -> Floats:
    """Return values over their weights, 0 if there is no weight."""
    if not len(weights) or weights.min() > 0:  # the usual case, and several times as fast
        return values / weights
    return np.divide(values, weights, out=np.zeros_like(values), where=weights > 0)


def _freedom(totals: Totals, lever: Floats, correlation: float) -> float:
    """Return the degrees of freedom; thousands of clusters of like size are as good as infinitely many."""
    count = len(totals.shares)
    if count >= MANY_CLUSTERS and float(totals.shares.max()) * count <= LIKE_SIZE:
        return float(count - 1)
    return _satterthwaite(totals.shares, totals.squares, lever, correlation)


def covariance(first: Floats, second: Floats, codes: Ints, weights: Floats | None = None) -> tuple[float, float, float]:
    """Return var(first), cov(first, second), var(second) of two estimates from their influences, CR2."""
    first_totals = totals_of(first, codes, weights)
    second_totals = totals_of(second, codes, weights).influence
    lever = _leverage(first_totals.shares)
    return (
        float(np.sum(first_totals.influence**2 / lever)),
        float(np.sum(first_totals.influence * second_totals / lever)),
        float(np.sum(second_totals**2 / lever)),
    )


def _leverage(shares: Floats) -> Floats:
    """Return 1 - h of each cluster, at least 0.05: one that is nearly everything would divide by almost nothing."""
    return np.maximum(1.0 - shares, 0.05)


def _correlation(totals: Totals, plain: float) -> float:
    """Return the correlation within clusters that explains the variance seen, by the method of moments, in [0, 1]."""
    room = dot(totals.shares, totals.shares) - float(totals.squares.sum())
    if room <= 0 or totals.variance <= 0:
        return 0.0
    return float(np.clip((plain / totals.variance - float(totals.squares.sum())) / room, 0.0, 1.0))


def _satterthwaite(shares: Floats, squares: Floats, leverage: Floats, correlation: float) -> float:
    """Return 2 E(Q)^2 / Var(Q) of the CR2 variance Q when pairs of a cluster have one correlation.

    Cluster totals T_g have variance v_g; residual totals r_g = T_g - W_g sum(T) have covariance
    C_gh = [g=h] v_g - W_g v_h - W_h v_g + W_g W_h V. Sums over all g, h are split into sums over g, so that time is
    linear in the number of clusters.
    """
    v = (1.0 - correlation) * squares + correlation * shares**2
    lever = 1.0 / leverage
    total = v.sum()
    diagonal = v - 2.0 * shares * v + shares**2 * total
    expected = dot(lever, diagonal)
    s20, s11, s02 = (float(np.sum(lever * part)) for part in (shares**2, shares * v, v**2))
    full = 2.0 * s20 * s02 + 2.0 * s11**2 - 4.0 * total * s20 * s11 + total**2 * s20**2
    without = np.sum(lever**2 * (shares**2 * total - 2.0 * shares * v) ** 2)
    squared = full - float(without) + float(np.sum((lever * diagonal) ** 2))
    return max(expected**2 / squared, 1.0) if squared > 0 else 1.0
