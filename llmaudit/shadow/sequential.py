"""Looking every day without fooling oneself: boundaries by alpha spending, and p-values that stay valid.

Lan and DeMets (1983) with the O'Brien-Fleming type spending function: a one-sided test at level alpha may have spent
2 - 2 Phi(z(1 - alpha/2) / sqrt(t)) when a share t of the information is in. Boundaries follow by the recursive
integration of Armitage, McPherson and Rowe (1969), here with Gauss-Legendre nodes. Information is 1 / se^2 as observed,
so clusters, growing users and uneven days are in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.polynomial.legendre import leggauss
from scipy.special import ndtr, ndtri, stdtr, stdtrit

from llmaudit.arrays import Floats

NO_BOUNDARY = 8.0
"""A boundary that nothing crosses: what is left to spend is less than arithmetic can place."""

LOWEST = 6.5
"""Standard deviations below 0 at which the one-sided continuation region is cut off: 4e-11 of the mass."""

SMALLEST_SPEND = 1e-13
"""Less to spend than this is a boundary that nothing crosses."""

FLAT = 1e-200
"""A slope below this is taken as 0: Newton's step would leave the bracket."""

SMALLEST_P, LARGEST_P, P_PRECISION = 1e-12, 0.999, 5e-4
"""Bounds of a p-value, and how precisely its logarithm is found."""

SMALLEST_STEP = 1e-6
"""A look that adds less information than this share is no new look."""


def spent(fraction: float, alpha: float) -> float:
    """Return the O'Brien-Fleming type spending of a one-sided test at information fraction `fraction`."""
    if fraction <= 0:
        return 0.0
    return float(2.0 * ndtr(ndtri(alpha / 2.0) / np.sqrt(min(fraction, 1.0))))


def boundaries(fractions: Sequence[float] | Floats, alpha: float, *, two_sided: bool = False) -> Floats:
    """Return critical values of z at each look.

    Args:
        fractions: Share of the final information at each look, rising, the last at most 1.
        alpha: One-sided level; with `two_sided` the level of both sides together, half of it spent on each.
        two_sided: Whether a crossing of the lower boundary -b stops, too.

    Returns:
        Shape (looks,): the test rejects at look k when z_k >= b_k (or |z_k| >= b_k).

    Raises:
        ValueError: Fractions that fall, or lie outside (0, 1].
    """
    t = np.minimum.accumulate(np.asarray(fractions, dtype=float)[::-1])[::-1]
    if len(t) and (t[0] <= 0 or t[-1] > 1 + 1e-9 or np.any(np.diff(np.asarray(fractions)) < -1e-9)):  # noqa: PLR2004
        raise ValueError(f"information fractions must rise within (0, 1], got {list(fractions)}")
    side = alpha / 2.0 if two_sided else alpha
    critical_values = np.empty(len(t))
    region: _Region | None = None
    before = 0.0
    for look, fraction in enumerate(t):
        if region is not None and fraction - region.fraction < SMALLEST_STEP:
            critical_values[look] = NO_BOUNDARY  # nothing new to spend: the same data are not tested twice
            continue
        allowed = spent(fraction, side)
        # the shape that O'Brien-Fleming has
        guess = critical_values[look - 1] * np.sqrt(t[look - 1] / fraction) if look else 2.0
        critical_values[look] = _critical(region, fraction, allowed - before, guess)
        before = allowed
        if look + 1 < len(t):
            region = _advance(region, fraction, critical_values[look], t[look + 1], two_sided=two_sided)
    return critical_values


class _Region:
    """Density of the score S = z sqrt(t) on the continuation region of a look: nodes, and density times weight."""

    __slots__ = ("fraction", "mass", "nodes")

    def __init__(self, fraction: float, nodes: Floats, mass: Floats) -> None:
        self.fraction, self.nodes, self.mass = fraction, nodes, mass


@lru_cache(maxsize=64)
def _legendre(count: int) -> tuple[Floats, Floats]:
    return leggauss(count)


def _advance(region: _Region | None, fraction: float, bound: float, following: float, *, two_sided: bool) -> _Region:
    """Return the region of a look, fine enough for the step to it and the step after it."""
    high = bound * np.sqrt(fraction)
    low = -high if two_sided else -LOWEST * np.sqrt(fraction)
    step = fraction - (region.fraction if region else 0.0)
    finest = np.sqrt(max(min(step, following - fraction), SMALLEST_STEP * 10))
    count = int(np.clip(16 * np.ceil((high - low) / finest / 16 * 2.0), 32, 512))
    points, point_weights = _legendre(count)  # on [-1, 1]
    nodes = (high + low) / 2 + (high - low) / 2 * points
    weights = (high - low) / 2 * point_weights
    if region is None:
        density = _phi(nodes / np.sqrt(fraction)) / np.sqrt(fraction)
    else:
        width = np.sqrt(step)
        density = _phi((nodes[:, None] - region.nodes[None, :]) / width) @ region.mass / width
    return _Region(fraction, nodes, density * weights)


def _critical(region: _Region | None, fraction: float, allowed: float, guess: float) -> float:
    """Return b with P(no crossing before, z >= b) = allowed, by Newton steps inside a bracket."""
    if allowed < SMALLEST_SPEND:
        return NO_BOUNDARY
    if region is None:
        return float(np.clip(-ndtri(allowed), -NO_BOUNDARY, NO_BOUNDARY))
    root, width = np.sqrt(fraction), np.sqrt(fraction - region.fraction)
    low, high, b = -NO_BOUNDARY, NO_BOUNDARY, float(guess)
    for _ in range(100):
        at = (b * root - region.nodes) / width
        over = float(ndtr(-at) @ region.mass) - allowed
        low, high = (b, high) if over > 0 else (low, b)
        slope = -float(_phi(at) @ region.mass) * root / width
        step = b - over / slope if slope < -FLAT else (low + high) / 2
        previous, b = b, step if low < step < high else (low + high) / 2
        if abs(b - previous) < 1e-10:  # noqa: PLR2004 -- well below the 1e-4 to which tables are printed
            break
    return float(b)


def _phi(x: Floats) -> Floats:
    density: Floats = np.exp(-0.5 * x * x) / np.sqrt(2.0 * np.pi)
    return density


def fractions_of(information: Sequence[float], planned: float | None = None) -> Floats:
    """Return information fractions that never fall.

    Args:
        information: 1 / se^2 at each look so far.
        planned: The information at which the test is to end; the last look's by default, or if that is more.
    """
    seen = np.maximum.accumulate(np.asarray(information, dtype=float))
    return seen / max(planned or 0.0, float(seen[-1]))


def normal_equivalent(statistic: float, df: float) -> float:
    """Return the z that is as unlikely as a t statistic with `df` degrees of freedom."""
    if not np.isfinite(df) or df > 1e6:  # noqa: PLR2004 -- the same number to ten digits
        return float(statistic)
    tail = float(stdtr(df, -abs(statistic)))
    return float(np.copysign(-ndtri(max(tail, 1e-300)), statistic))


def from_normal(z: float, df: float) -> float:
    """Return the t statistic with `df` degrees of freedom that is as unlikely as `z`; inverts `normal_equivalent`."""
    if not np.isfinite(df) or df > 1e6:  # noqa: PLR2004
        return float(z)
    return float(np.copysign(-stdtrit(df, max(ndtr(-abs(z)), 1e-300)), z))


def p_value(z: Sequence[float], fractions: Sequence[float] | Floats, *, two_sided: bool = False) -> float:
    """Return the smallest level at which the sequential test rejects at some look so far.

    Under the null it is at most alpha with probability alpha, however often one looks: a repeated p-value
    (Jennison and Turnbull 1989). With one look and all information it is the ordinary p-value.

    Args:
        z: Statistics at the looks so far; only large positive ones count unless `two_sided`.
        fractions: Information fractions of these looks.
        two_sided: Whether large negative ones count, too.
    """
    size = np.abs(z) if two_sided else np.asarray(z, dtype=float)
    single = float(ndtr(-size.max())) * (2.0 if two_sided else 1.0)
    if len(size) == 1 and fractions[0] >= 1.0:
        return single

    def over(log_alpha: float) -> float:
        """Return how far the statistic is past its boundary at a level, at the look where it is furthest."""
        return float(np.max(size - boundaries(fractions, float(np.exp(log_alpha)), two_sided=two_sided)))

    # no repeated p-value is below the smallest single one
    low, high = float(np.log(np.clip(single / 2.0, SMALLEST_P, 0.5))), float(np.log(LARGEST_P))
    below, above = over(low), over(high)
    if below >= 0:
        return float(np.exp(low))
    if above < 0:
        return 1.0
    for _ in range(60):  # false position with the Illinois weight: a bracket that shrinks from both ends
        middle = high - above * (high - low) / (above - below)
        value = over(middle)
        if value >= 0:
            high, above, below = middle, value, below / 2.0
        else:
            low, below, above = middle, value, above / 2.0
        if high - low < P_PRECISION or abs(value) < P_PRECISION / 10:
            break
    return float(np.exp(high if value < 0 else middle))


def confidence_sequence(
    se: float, information: float, tuned_at: float, alpha: float, *, two_sided: bool = True
) -> float:
    """Return the half-width of an asymptotic confidence sequence: valid at every look at once, planned or not.

    Gaussian mixture boundary of Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas (2021), with n rho^2 written as
    information over the information it is tightest at, so that it holds for any estimate with a robust standard error.

    Args:
        se: Robust standard error now.
        information: 1 / se^2 now.
        tuned_at: Information at which the width is to be smallest.
        alpha: Level of the whole sequence; of one side unless `two_sided`.
        two_sided: Whether it bounds from both sides.
    """
    level = alpha if two_sided else min(2.0 * alpha, 0.999)
    best = -2.0 * np.log(level) + np.log(-2.0 * np.log(level) + 1.0)
    time = best * information / tuned_at
    root = np.sqrt(time + 1.0)
    inside = np.log(root / alpha) if two_sided else np.log1p(root / (2.0 * alpha))
    return float(se * np.sqrt(2.0 * (time + 1.0) / time * inside))
