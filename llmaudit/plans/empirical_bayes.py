"""Empirical Bayes for cohorts: what their losses have in common, and each cohort's loss given all of them.

Two quantities are shrunk together, the score of the other model and the loss, since a model that scores low in a cohort
tends to lose there as well. Both are treated as normal, between cohorts and within each. A covariance is an array of
three numbers: variance of the score, covariance, variance of the loss.
"""

from __future__ import annotations

import numpy as np

from llmaudit.arrays import Floats

MOST_FOR_PRIOR = 500
"""Cohorts the spread is estimated on: more change it no longer."""

ROUNDS = 60
"""Rounds of expectation maximisation."""


def prior(seen: Floats, noise: Floats) -> tuple[Floats, Floats]:
    """Return mean and covariance (as variance, covariance, variance) of true scores and losses between cohorts.

    Maximum likelihood under a normal prior by expectation maximisation, started from the method of moments.

    Args:
        seen: Shape (cohorts, 2): score and loss as seen.
        noise: Shape (cohorts, 3): their sampling covariance.
    """
    step = -(-len(seen) // MOST_FOR_PRIOR)
    seen, noise = seen[::step], noise[::step]
    centre = seen.mean(axis=0)
    moments = np.cov(seen.T)
    start = np.array([moments[0, 0], moments[0, 1], moments[1, 1]]) - noise.mean(axis=0)
    spread = _proper(start)
    for _ in range(ROUNDS):
        mean, cover = _given(seen, noise, centre, spread)
        centre = mean.mean(axis=0)
        off = mean - centre
        products = np.stack([off[:, 0] ** 2, off[:, 0] * off[:, 1], off[:, 1] ** 2], axis=1)
        spread = _proper((products + cover).mean(axis=0))
    return centre, spread


def doubted(spread: Floats, noise: Floats, known: int) -> Floats:
    """Return a spread one standard error wider: if few cohorts show it, a small one may be chance.

    Without it, cohorts that seem to lose alike would be taken for known to the decimal.
    """
    wider = spread.copy()
    error = np.sqrt(2.0 / known) * (spread + noise.mean(axis=0))
    wider[0] += error[0]
    wider[2] += error[2]
    return _proper(wider)


def _proper(spread: Floats) -> Floats:
    """Return the nearest covariance that is one: variances above nothing, correlation within 0.99."""
    first, second = max(float(spread[0]), 1e-6), max(float(spread[2]), 1e-6)
    limit = 0.99 * float(np.sqrt(first * second))
    return np.array([first, float(np.clip(spread[1], -limit, limit)), second])


def _given(seen: Floats, noise: Floats, centre: Floats, spread: Floats) -> tuple[Floats, Floats]:
    """Return mean and covariance of what is true given what is seen: for two normals, in closed form."""
    a, b, d = (noise[:, i] + spread[i] for i in range(3))
    determinant = a * d - b * b
    off = seen - centre
    solved = np.stack([d * off[:, 0] - b * off[:, 1], a * off[:, 1] - b * off[:, 0]], axis=1) / determinant[:, None]
    p, q, r = spread
    mean = centre + np.stack([p * solved[:, 0] + q * solved[:, 1], q * solved[:, 0] + r * solved[:, 1]], axis=1)
    cover = np.stack(
        [
            p - (p * p * d - 2 * p * q * b + q * q * a) / determinant,
            q - (p * q * d - (p * r + q * q) * b + q * r * a) / determinant,
            r - (q * q * d - 2 * q * r * b + r * r * a) / determinant,
        ],
        axis=1,
    )
    return mean, cover


def posterior(seen: Floats, noise: Floats, centre: Floats, spread: Floats, known: int) -> tuple[Floats, Floats]:
    """Return the posterior of every cohort, with what is unknown of the centre in; the centre where nothing is seen."""
    there = np.isfinite(noise).all(axis=1) & np.isfinite(seen).all(axis=1)
    mean, cover = np.tile(centre, (len(seen), 1)), np.tile(spread, (len(seen), 1))
    mean[there], cover[there] = _given(seen[there], noise[there], centre, spread)
    marginal = spread + noise[there].mean(axis=0)
    left = np.stack([cover[:, 0] / spread[0], cover[:, 2] / spread[2]], axis=1)
    cover[:, 0] += left[:, 0] ** 2 * marginal[0] / known
    cover[:, 2] += left[:, 1] ** 2 * marginal[2] / known
    return mean, np.maximum(cover, 0.0)
