"""Estimates from pairs: differences of means, ratios of costs, differences of quantiles, each with its influence.

All are weighted to a target mix of strata (tiers, and prompt sizes within a tier), because a shadow sample is rarely
proportional to production. With equal weights they are the plain sample figures.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.special import betaincinv, ndtri, stdtrit

from llmaudit.arrays import Floats, Ints
from llmaudit.shadow.clusters import Members, Spread, covariance, members_of, spread_of

LEVEL = 0.95
"""Coverage of intervals."""

FIELLER_BELOW = 1000
"""Pairs below which a ratio gets Fieller's interval; above, the logarithm's, which is as good and always bounded."""

TAIL, NARROWER = 0.9, 0.8
"""Beyond this quantile the bandwidth is this much narrower: in a long tail the wide one makes intervals too long."""


@dataclass(frozen=True)
class Slice:
    """Which pairs an estimate is over, and what each counts.

    Attributes:
        codes: Shape (n,): cluster of each pair.
        weights: Shape (n,): share of each pair in the estimate; they sum to 1.
        strata: Shape (n,): stratum of each pair.
        per_pair: Shape (strata,): share of one pair of each stratum.
    """

    codes: Ints
    weights: Floats
    strata: Ints
    per_pair: Floats

    @property
    def is_plain(self) -> bool:
        """Whether there is one stratum, so that every pair counts the same."""
        return len(self.per_pair) == 1

    def mean(self, values: Floats) -> tuple[float, Floats]:
        """Return the weighted mean and each pair's influence: its distance from its stratum's mean, weighted."""
        if self.is_plain:
            plain = float(values.mean())
            return plain, (values - plain) * self.weights[0]
        weighted = self.weights * values
        estimate = float(weighted.sum())
        sums = np.bincount(self.strata, weights=weighted)
        means = np.divide(sums, self._mass, out=np.zeros_like(sums), where=self._mass > 0)
        return estimate, weighted - self.weights * means[self.strata]

    def spread(self, influence: Floats, *, jackknife: bool = False) -> Spread:
        """Return the clustered uncertainty of an estimate from its influences."""
        return spread_of(self.members.totals(influence), jackknife=jackknife)

    @cached_property
    def members(self) -> Members:
        """Its clusters and their shares, which do not depend on what is estimated."""
        return members_of(self.codes, None if self.is_plain else self.weights)

    @cached_property
    def _mass(self) -> Floats:
        return np.bincount(self.strata, weights=self.weights).astype(float)


@dataclass(frozen=True)
class Estimate:
    """An estimate with a confidence interval.

    Attributes:
        value: The estimate.
        low: Lower end of the interval; -inf if the data do not bound it.
        high: Upper end.
        spread: Its uncertainty; of a ratio, that of its logarithm.
        arms: The two figures it compares, primary first.
        method: How the interval was made.
    """

    value: float
    low: float
    high: float
    spread: Spread
    arms: tuple[float, float]
    method: str


def slice_of(codes: Ints, strata: Ints, targets: Floats) -> Slice:
    """Return a slice whose strata count as a target mix says.

    Args:
        codes: Shape (n,): cluster of each pair.
        strata: Shape (n,): stratum of each pair, below `len(targets)`.
        targets: Share of each stratum; those without a pair drop out and the others take their place in proportion.
    """
    if len(targets) == 1:
        weight = 1.0 / max(len(codes), 1)
        return Slice(codes, np.full(len(codes), weight), strata, np.array([weight]))
    counts = np.bincount(strata, minlength=len(targets))
    wanted = np.where(counts > 0, targets, 0.0)
    total = wanted.sum()
    per_pair = np.divide(wanted / total if total > 0 else wanted, counts, out=np.zeros(len(targets)), where=counts > 0)
    return Slice(codes, per_pair[strata], strata, per_pair)


def difference(part: Slice, first: Floats, second: Floats, level: float = LEVEL) -> Estimate:
    """Return mean(second) - mean(first) over pairs, with a t interval."""
    value, influence = part.mean(second - first)
    spread = part.spread(influence)
    half = _quantile(spread, level) * spread.se
    arms = (float(part.weights @ first), float(part.weights @ second))
    return Estimate(value, value - half, value + half, spread, arms, "paired clustered t")


def rare_difference(gained: int, lost: int, pairs: int) -> tuple[float, float]:
    """Return an interval of a difference of two shares, if few pairs differ.

    Each of the two counts has its exact binomial interval (Clopper and Pearson 1934); the ends of the difference are
    taken where both are at their worst, so that it is rather too wide.

    Args:
        gained: Pairs that only the second share counts.
        lost: Pairs that only the first one counts.
        pairs: All of them, at least one.
    """
    tail = (1.0 - LEVEL) / 2.0

    def ends(count: int) -> tuple[float, float]:
        low = float(betaincinv(count, pairs - count + 1, tail)) if count else 0.0
        return low, float(betaincinv(count + 1, pairs - count, 1.0 - tail)) if count < pairs else 1.0

    (gained_low, gained_high), (lost_low, lost_high) = ends(gained), ends(lost)
    return gained_low - lost_high, gained_high - lost_low


@dataclass(frozen=True)
class PerUnit:
    """An amount per something, such as cost per success: mean(amount) / mean(units), and its influence."""

    value: float
    influence: Floats


def per_unit(part: Slice, amount: Floats, units: Floats | None = None) -> PerUnit:
    """Return an arm's amount per unit; per pair where no units are given."""
    top, top_influence = part.mean(amount)
    if units is None:
        return PerUnit(top, top_influence)
    bottom, bottom_influence = part.mean(units)
    if bottom <= 0:
        return PerUnit(float("nan"), np.full(len(amount), np.nan))
    value = top / bottom
    return PerUnit(value, (top_influence - value * bottom_influence) / bottom)


def ratio(part: Slice, first: PerUnit, second: PerUnit, level: float = LEVEL) -> Estimate:
    """Return second / first with Fieller's interval for few pairs and the logarithm's for many.

    Fieller: all r for which a t test does not reject mean(second) = r mean(first). It knows the skewness that heavy
    tails put into a ratio. If the primary's own mean is not clear of 0, it is unbounded, and says so.
    """
    value = second.value / first.value if first.value > 0 else float("nan")
    arms = (first.value, second.value)
    nothing = Spread(float("nan"), 0.0, 0, len(part.codes), float("nan"), float("nan"))
    if not np.isfinite(value) or value <= 0:
        return Estimate(value, float("nan"), float("nan"), nothing, arms, "none: no cost or no success")
    log_influence = second.influence / second.value - first.influence / first.value
    spread = part.spread(log_influence, jackknife=True)
    if len(part.codes) >= FIELLER_BELOW:
        half = _quantile(spread, level) * spread.se
        return Estimate(value, value * np.exp(-half), value * np.exp(half), spread, arms, "log-delta, clustered t")
    low, high = _fieller(part, first, second, _quantile(spread, level))
    return Estimate(value, low, high, spread, arms, "Fieller, clustered t")


def _fieller(part: Slice, first: PerUnit, second: PerUnit, critical: float) -> tuple[float, float]:
    """Return the roots of a r^2 - 2 b r + c = 0: between them lie the ratios r that a t test does not reject."""
    var_first, covar, var_second = covariance(first.influence, second.influence, part.codes, part.weights)
    a = first.value**2 - critical**2 * var_first
    b = first.value * second.value - critical**2 * covar
    c = second.value**2 - critical**2 * var_second
    discriminant = b * b - a * c
    if a <= 0 or discriminant < 0:
        return -np.inf, np.inf
    root = float(np.sqrt(discriminant))
    return max((b - root) / a, 0.0), (b + root) / a  # costs are not negative, so no ratio of them is


@dataclass(frozen=True)
class Sorted:
    """Values of both arms in rising order, stratum by stratum: sorted once for all quantiles, of a tier and of all.

    Attributes:
        first: The primary's, one array for each stratum.
        second: The shadow's.
    """

    first: tuple[Floats, ...]
    second: tuple[Floats, ...]

    def only(self, stratum: int) -> Sorted:
        """Return the values of one stratum."""
        return Sorted((self.first[stratum],), (self.second[stratum],))


def in_order(strata: Ints, count: int, first: Floats, second: Floats) -> Sorted:
    """Return values in rising order, by stratum.

    Args:
        strata: Shape (n,): stratum of each pair, from 0.
        count: Number of strata.
        first: Shape (n,): the primary's values.
        second: The shadow's.
    """

    def of(values: Floats) -> tuple[Floats, ...]:
        if count == 1:
            return (np.sort(values),)
        return tuple(np.sort(values[strata == stratum]) for stratum in range(count))

    return Sorted(of(first), of(second))


def quantile_differences(
    part: Slice,
    first: Floats,
    second: Floats,
    quantiles: tuple[float, ...],
    ordered: Sorted | None = None,
) -> list[tuple[Estimate, Floats]]:
    """Return quantile(second) - quantile(first) for several quantiles, each with its influence.

    Bahadur: the influence of a pair on a quantile is (p - [x <= q]) / f(q). The density f is a difference quotient of
    the quantile function with the bandwidth of Hall and Sheather (1988).

    Args:
        part: The pairs.
        first: Shape (n,): the primary's values.
        second: The shadow's.
        quantiles: Between 0 and 1.
        ordered: The values in rising order where that is known already.
    """
    ordered = ordered or in_order(part.strata, len(part.per_pair), first, second)
    sides = [_Ordered(first, ordered.first, part.per_pair), _Ordered(second, ordered.second, part.per_pair)]
    return [_quantile_difference(part, sides, p) for p in quantiles]


class _Ordered:
    """Values with the share of all that lies at or below each."""

    def __init__(self, raw: Floats, strata: tuple[Floats, ...], per_pair: Floats) -> None:
        self.raw = raw
        self._strata = strata
        self._per_pair: list[float] = per_pair.tolist()

    def at(self, p: float) -> float:
        """Return the smallest value with at least share p at or below it."""
        if len(self._strata) == 1:
            values = self._strata[0]
            index = int(np.ceil(p * len(values) - 1e-9)) - 1
            return float(values[max(index, 0)])
        candidates = (self._first_with(values, p - 1e-12) for values in self._strata)
        return min((value for value in candidates if value is not None), default=self._highest())

    def _first_with(self, values: Floats, p: float) -> float | None:
        """Return the smallest value of a stratum at or below which share p of all strata lies, if one does."""
        place = bisect_left(range(len(values)), p, key=lambda place: self._share(float(values[place])))
        return float(values[place]) if place < len(values) else None

    def _share(self, value: float) -> float:
        counts = (int(np.searchsorted(values, value, side="right")) for values in self._strata)
        return sum(each * count for each, count in zip(self._per_pair, counts, strict=True))

    def _highest(self) -> float:
        return max(float(values[-1]) for values in self._strata if len(values))


def _quantile_difference(part: Slice, sides: list[_Ordered], p: float) -> tuple[Estimate, Floats]:
    pairs = len(part.codes)
    width = _bandwidth(pairs, p)
    low, high = max(p - width, 0.5 / pairs), min(p + width, 1.0 - 0.5 / pairs)
    arms, inverse_densities, at_or_below = [], [], []
    for side in sides:
        quantile = side.at(p)
        rise = max(side.at(high) - side.at(low), 1e-12 * max(abs(quantile), 1.0))  # never 0: values may all be equal
        arms.append(quantile)
        at_or_below.append(side.raw <= quantile)
        inverse_densities.append(rise / (high - low))
    first, second = (np.where(hit, inverse, 0.0) for hit, inverse in zip(at_or_below, inverse_densities, strict=True))
    _, influence = part.mean(first - second)
    found = part.spread(influence)
    value, half = arms[1] - arms[0], _quantile(found, LEVEL) * found.se
    return Estimate(value, value - half, value + half, found, (arms[0], arms[1]), "Bahadur, clustered t"), influence


def _bandwidth(pairs: int, p: float) -> float:
    """Return the bandwidth of Hall and Sheather (1988) at quantile p for a normal density, as a share."""
    factor = NARROWER if max(p, 1 - p) > TAIL else 1.0
    z = float(ndtri(p))
    density = float(np.exp(-0.5 * z * z) / np.sqrt(2 * np.pi))
    return float(factor * pairs ** (-1 / 3) * ndtri(0.975) ** (2 / 3) * (1.5 * density**2 / (2 * z * z + 1)) ** (1 / 3))


def _quantile(found: Spread, level: float) -> float:
    """Return the t quantile of a two-sided interval; infinite if nothing is known of the spread."""
    return float(stdtrit(found.df, 0.5 + level / 2)) if found.df > 0 else float("inf")
