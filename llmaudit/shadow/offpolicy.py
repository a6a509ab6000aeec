"""Read another policy's quality out of a log whose router was random and wrote down its propensities.

Doubly robust: cohort means of the target's outcomes, fitted on other folds, plus an inverse-propensity correction of
what they miss. Unbiased if either the propensities or the means are right. It refuses where the log hardly ever did
what the target would do: there the data say nothing, whatever a formula returns.
"""

from __future__ import annotations

from dataclasses import dataclass

import msgspec
import numpy as np
from scipy.special import stdtrit

from llmaudit.arrays import Bools, Floats, Ints
from llmaudit.errors import NotEnoughError
from llmaudit.shadow.clusters import spread

LEAST_EFFECTIVE = 100.0
FOLDS = 5
PRIOR_REQUESTS = 20.0
"""Requests of a cohort at which its mean counts as much as the overall mean."""


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


@dataclass(frozen=True)
class RandomisedLog:
    """The log of a router that chose at random, beside a policy that would always choose its target.

    Attributes:
        target: The policy's name.
        outcome: Score of the answer that was given. Shape (n,), like the others.
        propensity: Probability with which the router chose what it chose, above 0.
        matches: Whether that is what the policy would have chosen.
        cohort: Code of the cohort, from 0.
        clusters: Code of the user, from 0.
    """

    target: str
    outcome: Floats
    propensity: Floats
    matches: Bools
    cohort: Ints
    clusters: Ints


def evaluate(log: RandomisedLog, seed: int = 0) -> OffPolicy:
    """Return the doubly robust value of the log's target policy.

    Args:
        log: The log; at least one request.
        seed: Of the folds.

    Raises:
        NotEnoughError: Less than 100 effective requests, or a cohort in which the log never did what the target would.
    """
    weights = np.where(log.matches, 1.0 / log.propensity, 0.0)
    effective = float(weights.sum() ** 2 / np.sum(weights**2)) if log.matches.any() else 0.0
    _refuse(log, effective)
    fold = np.random.default_rng(seed).integers(0, FOLDS, int(log.clusters.max()) + 1)[log.clusters]
    expected = _fitted(log.outcome, weights, log.cohort, fold)
    parts = expected + weights * (log.outcome - expected)
    value = float(parts.mean())
    value_spread = spread((parts - value) / len(parts), log.clusters)
    half = float(stdtrit(value_spread.df, 0.975)) * value_spread.se
    return OffPolicy(
        target=log.target,
        requests=len(log.outcome),
        matching=int(log.matches.sum()),
        effective=effective,
        logged=float(log.outcome.mean()),
        value=value,
        low=value - half,
        high=value + half,
        ips=float(np.sum(weights * log.outcome) / weights.sum()),
        direct=float(expected.mean()),
        cohorts=int(log.cohort.max()) + 1,
    )


def _refuse(log: RandomisedLog, effective: float) -> None:
    target, requests, matching = log.target, np.bincount(log.cohort), np.bincount(log.cohort, log.matches.astype(float))
    empty = np.flatnonzero((matching == 0) & (requests > 0))
    if len(empty):
        raise NotEnoughError(
            f"in {len(empty):,} of {len(requests):,} cohorts the log never chose {target}, so there is no overlap",
            next_step="Quality there can only come from a shadow test: llmaudit shadow design.",
            slug="no-overlap",
        )
    if effective < LEAST_EFFECTIVE:
        raise NotEnoughError(
            f"the log holds {effective:.0f} effective requests of {target}; {LEAST_EFFECTIVE:.0f} are needed",
            next_step="Log more, or run a shadow test: llmaudit shadow design.",
            slug="too-few-effective",
        )


def _fitted(outcome: Floats, weights: Floats, cohort: Ints, fold: Ints) -> Floats:
    """Return cohort means of the target's outcomes, each from the other folds, shrunk to the overall mean."""
    expected = np.empty(len(outcome))
    count = int(cohort.max()) + 1
    matched = (weights > 0).astype(float)
    for number in range(FOLDS):
        train, here = fold != number, fold == number
        overall = float(np.sum(matched[train] * outcome[train]) / max(matched[train].sum(), 1.0))
        seen = np.bincount(cohort[train], weights=matched[train], minlength=count)
        total = np.bincount(cohort[train], weights=(matched * outcome)[train], minlength=count)
        expected[here] = ((total + PRIOR_REQUESTS * overall) / (seen + PRIOR_REQUESTS))[cohort[here]]
    return expected
