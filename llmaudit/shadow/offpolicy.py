"""Read another policy's quality out of a log whose router was random and wrote down its propensities.

Doubly robust: cohort means of the target's outcomes, fitted on other folds, plus an inverse-propensity correction of
what they miss. Unbiased if either the propensities or the means are right. It refuses where the log hardly ever did
what the target would do: there the data say nothing, whatever a formula returns.
"""

from __future__ import annotations

import msgspec
import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from llmaudit.errors import NotEnoughError
from llmaudit.shadow.clusters import Bools, Floats, Ints, spread

LEAST_EFFECTIVE = 100.0
FOLDS = 5


class OffPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """The value of a target policy.

    Attributes:
        target: What it would always choose, or `column target`.
        requests: Requests in the log.
        matching: Requests on which the log did what the target would do.
        effective: Effective sample size of the weighted matching requests.
        logged: Mean outcome of the log as it was.
        value: Doubly robust mean outcome of the target.
        low: Low end of its 95% interval.
        high: High end.
        ips: Self-normalised inverse-propensity value, for comparison.
        direct: Value by cohort means alone, for comparison.
        cohorts: Cohorts.
    """

    target: str
    requests: int
    matching: int
    effective: float
    logged: float
    value: float
    low: float
    high: float
    ips: float
    direct: float
    cohorts: int


def evaluate(
    outcome: Floats,
    propensity: Floats,
    matches: Bools,
    cohort: Ints,
    clusters: Ints,
    target: str,
    seed: int = 0,
) -> OffPolicy:
    """Return the doubly robust value of a target policy.

    Args:
        outcome: Shape (n,): score of the answer that was given.
        propensity: Shape (n,): probability with which the log chose what it chose.
        matches: Shape (n,): whether that is what the target would have chosen.
        cohort: Shape (n,): code of the cohort, from 0.
        clusters: Shape (n,): code of the user.
        target: Its name.
        seed: Of the folds.

    Raises:
        NotEnoughError: Less than 100 effective requests, or a cohort in which the log never did what the target would.
    """
    weights = np.where(matches, 1.0 / propensity, 0.0)
    effective = float(weights.sum() ** 2 / np.sum(weights**2)) if matches.any() else 0.0
    _refuse(effective, matches, cohort, target)
    fold = np.random.default_rng(seed).integers(0, FOLDS, int(clusters.max()) + 1)[clusters]
    expected = _fitted(outcome, weights, cohort, fold)
    parts = expected + weights * (outcome - expected)
    value = float(parts.mean())
    value_spread = spread((parts - value) / len(parts), clusters)
    half = float(stdtrit(value_spread.df, 0.975)) * value_spread.se
    return OffPolicy(
        target=target,
        requests=len(outcome),
        matching=int(matches.sum()),
        effective=effective,
        logged=float(outcome.mean()),
        value=value,
        low=value - half,
        high=value + half,
        ips=float(np.sum(weights * outcome) / weights.sum()),
        direct=float(expected.mean()),
        cohorts=int(cohort.max()) + 1,
    )


def _refuse(effective: float, matches: Bools, cohort: Ints, target: str) -> None:
    empty = np.flatnonzero(np.bincount(cohort, weights=matches.astype(float)) == 0)
    empty = empty[np.bincount(cohort)[empty] > 0]
    if len(empty):
        raise NotEnoughError(
            f"in {len(empty):,} of {int(cohort.max()) + 1:,} cohorts the log never chose {target}: there is no overlap",
            next_step="Quality there can only come from a shadow test: llmaudit shadow design.",
            slug="no-overlap",
        )
    if effective < LEAST_EFFECTIVE:
        raise NotEnoughError(
            f"the log holds {effective:.0f} effective requests of {target}; {LEAST_EFFECTIVE:.0f} are needed",
            next_step="Log more, or run a shadow test: llmaudit shadow design.",
            slug="too-few-effective",
        )


def _fitted(outcome: Floats, weights: Floats, cohort: Ints, fold: Ints) -> NDArray[np.float64]:
    """Return cohort means of the target's outcomes, each from the other folds, shrunk to the overall mean by 20."""
    prior = 20.0
    expected = np.empty(len(outcome))
    count = int(cohort.max()) + 1
    on = (weights > 0).astype(float)
    for number in range(FOLDS):
        train, here = fold != number, fold == number
        overall = float(np.sum(on[train] * outcome[train]) / max(on[train].sum(), 1.0))
        seen = np.bincount(cohort[train], weights=on[train], minlength=count)
        total = np.bincount(cohort[train], weights=(on * outcome)[train], minlength=count)
        expected[here] = ((total + prior * overall) / (seen + prior))[cohort[here]]
    return expected
