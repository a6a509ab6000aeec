"""Robust regression of billed amounts on list costs, with intervals that hold for any kind of noise.

The estimate is a bisquare M-estimate: requests that follow another rule (a cached prompt that the log does not show,
another tier) lose their weight, as long as most requests follow one rule. Standard errors are the sandwich of Huber
(1967), which assumes neither equal variances nor normal rounding errors.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from llmaudit.arrays import Floats, Ints
from llmaudit.interval import Z95
from llmaudit.markup.panel import Panel

BISQUARE = 4.685
"""Tuning of Tukey's bisquare: 95% efficient where errors are normal."""

FLOOR = 2e-4
"""Relative error that every list price may have: published rates are rounded themselves."""

CAP = 16.0
"""What one request can cost a rule at most, in squared standard errors: what fits no rule decides none."""

ROUNDS = 40

SETTLED = 1e-12
"""Relative change of a coefficient at which the rounds end."""


@dataclass(frozen=True)
class Linear:
    """Coefficients of a linear rule.

    Attributes:
        values: The estimates.
        covariance: Of the estimates.
        condition: Condition number of the scaled columns: above `ILL` they cannot be told apart.
    """

    values: Floats
    covariance: Floats
    condition: float

    @property
    def errors(self) -> Floats:
        """Standard errors."""
        errors: Floats = np.sqrt(np.maximum(np.diag(self.covariance), 0.0))
        return errors


ILL = 300.0


def sigma_of(panel: Panel, noise: float = FLOOR, amounts: Floats | None = None) -> Floats:
    """Return the error an amount has, in US dollars: its rounding, and a relative one; at least that of list prices.

    Args:
        panel: The requests.
        noise: The relative error.
        amounts: What it is relative to, where that is more than list.
    """
    base = panel.listed if amounts is None else np.maximum(panel.listed, amounts)
    sigma: Floats = np.sqrt(panel.step**2 / 12 + (max(noise, FLOOR) * base) ** 2)
    return sigma


def noise_of(panel: Panel, predicted: Floats) -> float:
    """Return the relative error of amounts beside a rule, from those so large that rounding does not matter."""
    is_above_rounding = panel.listed > 20 * panel.step
    if is_above_rounding.sum() < MIN_ROWS:
        return FLOOR
    relative = (panel.billed - predicted)[is_above_rounding] / np.maximum(panel.listed, predicted)[is_above_rounding]
    return max(float(1.4826 * np.median(np.abs(relative))), FLOOR)


MIN_ROWS = 30
"""Fewer requests decide nothing of their own."""


def regress(columns: Floats, target: Floats, sigma: Floats, clusters: Ints | None = None) -> Linear | None:
    """Return the robust fit of a target on columns (n x p), or None where a column says nothing.

    Args:
        columns: Each in US dollars, so that a coefficient is a ratio; or ones, for an amount per request.
        target: In US dollars.
        sigma: The least error of each.
        clusters: Numbers from 0; rows of one number share their error, and standard errors take them as one.
    """
    scaled_columns, scaled_target = columns / sigma[:, None], target / sigma
    norms = np.linalg.norm(scaled_columns, axis=0)
    if len(target) <= columns.shape[1] or not norms.all():
        return None
    unit_columns = scaled_columns / norms
    condition = float(np.linalg.cond(unit_columns))
    if not np.isfinite(condition) or condition > 1 / np.finfo(float).eps ** 0.5:
        return None
    coefficients = _iterated(
        unit_columns, scaled_target, _solved(unit_columns, scaled_target, np.ones(len(scaled_target)))
    )
    return Linear(
        coefficients / norms,
        _sandwich(unit_columns, scaled_target, coefficients, clusters) / np.outer(norms, norms),
        condition,
    )


def _iterated(columns: Floats, target: Floats, start: Floats) -> Floats:
    """Return the bisquare estimate: least absolute deviations first, so that the start is robust too."""
    coefficients = start
    for _ in range(ROUNDS // 2):
        residual = target - columns @ coefficients
        coefficients = _solved(columns, target, 1 / np.maximum(np.abs(residual), 1e-3))
    for _ in range(ROUNDS):
        residual = target - columns @ coefficients
        weights = np.maximum(1 - (residual / (BISQUARE * scale_of(residual))) ** 2, 0.0) ** 2
        refined = _solved(columns, target, weights)
        if (
            np.abs(refined - coefficients) <= SETTLED * np.abs(coefficients)
        ).all():  # np.allclose takes ten times as long
            return refined
        coefficients = refined
    return coefficients


def _solved(columns: Floats, target: Floats, weights: Floats) -> Floats:
    weighted = columns * weights[:, None]
    coefficients: Floats = np.asarray(
        np.linalg.lstsq(weighted.T @ columns, weighted.T @ target, rcond=None)[0], dtype=np.float64
    )
    return coefficients


def scale_of(residual: Floats) -> float:
    """Return the robust standard deviation of residuals around 0; never below a thousandth of the least error."""
    return max(1.4826 * _median(np.abs(residual)), 1e-3)


def _median(values: Floats) -> float:
    """Return the median of finite numbers; np.median takes five times as long for a few hundred of them."""
    half = len(values) // 2
    if len(values) % 2:
        return float(np.partition(values, half)[half])
    ordered = np.partition(values, (half - 1, half))
    return float(ordered[half - 1] + ordered[half]) / 2


def _sandwich(columns: Floats, target: Floats, coefficients: Floats, clusters: Ints | None) -> Floats:
    residual = target - columns @ coefficients
    limit = BISQUARE * scale_of(residual)
    share = np.clip(residual / limit, -1.0, 1.0)
    psi = residual * (1 - share**2) ** 2
    slope = (1 - share**2) * (1 - 5 * share**2)
    bread = np.linalg.pinv((columns * slope[:, None]).T @ columns)
    scores = columns * psi[:, None]
    if clusters is not None:  # Liang and Zeger (1986): scores of rows that share an error are one score
        scores = np.stack([np.bincount(clusters, weights=column) for column in scores.T], axis=1)
    meat = scores.T @ scores
    n, p = scores.shape
    covariance: Floats = bread @ meat @ bread * n / max(n - p, 1)
    return covariance


def quantile95(n: int) -> float:
    """Return Student's 97.5% quantile, to three digits from 20 degrees of freedom on (Cornish and Fisher)."""
    return Z95 * (1 + (Z95**2 + 1) / (4 * max(n - 1, 4)))


def mode_of(ratios: Floats) -> float:
    """Return the half-sample mode: where most ratios lie closest together (Robertson and Cryer 1974)."""
    ordered = np.sort(ratios)
    while len(ordered) > 3:  # noqa: PLR2004 -- three points have no half
        half = (len(ordered) + 1) // 2
        widths = ordered[half - 1 :] - ordered[: len(ordered) - half + 1]
        first = int(np.argmin(widths))
        if len(widths) == len(ordered) or half == len(ordered):
            break
        ordered = ordered[first : first + half]
    return float(np.median(ordered))
