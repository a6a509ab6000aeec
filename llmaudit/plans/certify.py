"""How much a cohort would lose on another model, with what certainty, and what a whole plan may promise.

Estimates from few pairs scatter, and a plan that picks the best-looking cohorts picks the luckiest ones. Losses are
therefore shrunk toward what all cohorts of the same move lose (`llmaudit.plans.empirical_bayes`), and a plan promises
an upper bound

    bound = max( sum of w (m + k s),  sum of w m + 1.96 sqrt(sum of w^2 s^2) )

over the cohorts it moves, where w is their share of production, and m and s are mean and standard deviation of the loss
given the pairs. The first term takes every cohort k standard deviations above its mean at once. It covers what
shrinkage cannot know: the spread between cohorts is itself an estimate. The second term is the ordinary bound where few
cohorts move: 97.5%, one-sided, so that the promise also survives a check on fresh pairs.
docs/optimize.md reports how often the promise held on data with a known truth.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from llmaudit.arrays import Bools, Floats, Ints
from llmaudit.interval import Z95
from llmaudit.plans.empirical_bayes import doubted, posterior, prior
from llmaudit.plans.quality import LEAST_PAIRS, PairedCase

REACH = 1.0
"""Standard deviations by which all cohorts at once are assumed to lose more than expected, if losses are shrunk.
Set on simulated cohorts of known truth (benchmarks/quality.py); 1.645 promises more than is kept too seldom to pay."""

LEVEL = 0.05
POOLED = 8
"""Cohorts from which on their spread can be estimated; fewer are not shrunk, and share the level instead."""

PRIOR_PAIRS = 20.0
"""Pairs that the pooled variance counts as: a cohort of thirty equal outcomes is not free of doubt."""

UNSEEN = 3.0
"""Losses that may hide behind pairs none of which lost: n equal pairs leave room for 3 / n (the rule of three)."""

OWN_PAIRS = 20
"""Of the `LEAST_PAIRS` a cohort needs, those that have to be its own."""

LEAST_CLUSTERS = 10


@dataclass(frozen=True)
class Losses:
    """Losses of one move by cohort; arrays of shape (cohorts,), nan where a cohort has no pair.

    Attributes:
        pairs: Pairs.
        clusters: Users, or whatever answers are alike within.
        raw: Mean loss as seen.
        loss: Expected loss, shrunk where that was possible.
        sd: Its standard deviation.
        score: Expected score of the other model.
        score_sd: Its standard deviation.
        reach: Standard deviations at which a plan's bound takes the loss.
        variance: Variance of one pair's loss, design effect in.
        pooled: Whether losses were shrunk.
        mean: What cohorts lose on average, where shrunk.
        spread: Standard deviation of the loss between cohorts, where shrunk.
        design_effect: Variance over what independent pairs would have.
    """

    pairs: Ints
    clusters: Ints
    raw: Floats
    loss: Floats
    sd: Floats
    score: Floats
    score_sd: Floats
    reach: Floats
    variance: Floats
    pooled: bool
    mean: float | None
    spread: float | None
    design_effect: float

    @cached_property
    def worst(self) -> Floats:
        """The loss at which a plan's bound takes each cohort."""
        return self.loss + self.reach * self.sd

    def proven(self, share: float = 1.0) -> Bools:
        """Say which cohorts have pairs and clusters enough to be moved on their evidence.

        What the other cohorts tell of this one counts as pairs, too: as many as would leave the same doubt. It never
        makes up for more than a third.

        Args:
            share: Part of all pairs that these are, where the rest is held back.
        """
        borrowed = self.variance / self.spread**2 if self.pooled and self.spread else np.zeros(len(self.pairs))
        counted = np.where(self.pairs >= share * OWN_PAIRS, self.pairs + share * borrowed, self.pairs)
        enough: Bools = (counted >= share * LEAST_PAIRS) & (self.clusters >= share * LEAST_CLUSTERS)
        return enough


@dataclass(frozen=True)
class Arrays:
    """Paired cases as arrays of shape (cases,).

    Attributes:
        cohort: Cohort of each case, from 0.
        before: Score of the model that serves now.
        after: Score of the other.
        cluster: Cluster of each case, from 0.
    """

    cohort: Ints
    before: Floats
    after: Floats
    cluster: Ints

    def take(self, mask: Bools) -> Arrays:
        """Return some of the cases."""
        return Arrays(self.cohort[mask], self.before[mask], self.after[mask], self.cluster[mask])


def arrays_of(cases: Sequence[PairedCase], cohorts: Sequence[int]) -> Arrays:
    """Return cases as arrays.

    Args:
        cases: The cases.
        cohorts: The cohort of each.
    """
    names: dict[Any, int] = {}
    cluster = [
        names.setdefault(place if case.cluster is None else case.cluster, len(names))
        for place, case in enumerate(cases)
    ]
    return Arrays(
        np.array(cohorts, np.int64),
        np.array([case.before for case in cases]),
        np.array([case.after for case in cases]),
        np.array(cluster, np.int64),
    )


def losses(cases: Arrays, cohorts: int, rivals: int = 1) -> Losses:
    """Return what each cohort would lose, from its pairs and from what the others lose.

    Args:
        cases: Paired cases of one move.
        cohorts: How many cohorts there are.
        rivals: Moves among which a plan may choose, for the level of cohorts that are not shrunk.
    """
    sample = _sampled(cases, cohorts)
    usable = sample.pairs >= 5  # noqa: PLR2004 -- a mean of fewer says little of the spread between cohorts
    if np.count_nonzero(usable) < POOLED:
        return _apart(sample, rivals)
    seen = np.stack([sample.score, sample.loss], axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        noise = np.stack([sample.score_var, sample.covariance, sample.loss_var], axis=1) / sample.pairs[:, None]
    centre, spread = prior(seen[usable], noise[usable])
    known = int(np.count_nonzero(usable))
    mean, _ = posterior(seen, noise, centre, spread, known)
    _, cover = posterior(seen, noise, centre, doubted(spread, noise[usable], known), known)
    return Losses(
        pairs=sample.pairs,
        clusters=sample.clusters,
        raw=sample.loss,
        loss=mean[:, 1],
        sd=np.sqrt(cover[:, 2]),
        score=mean[:, 0],
        score_sd=np.sqrt(cover[:, 0]),
        reach=np.full(cohorts, REACH),
        variance=sample.loss_var,
        pooled=True,
        mean=float(centre[1]),
        spread=float(np.sqrt(spread[2])),
        design_effect=sample.design_effect,
    )


@dataclass(frozen=True)
class Sample:
    """What the pairs of each cohort say by themselves. Shapes (cohorts,).

    Attributes:
        pairs: How many.
        clusters: How many clusters they are of.
        loss: Mean loss.
        score: Mean score of the other model.
        loss_var: Variance of one pair's loss, design effect included; never less than unseen lost answers make.
        score_var: The same of its score.
        covariance: Of the two.
        design_effect: By how much the likeness of a cluster's answers raises a variance.
    """

    pairs: Ints
    clusters: Ints
    loss: Floats
    score: Floats
    loss_var: Floats
    score_var: Floats
    covariance: Floats
    design_effect: float


def _sampled(cases: Arrays, cohorts: int) -> Sample:
    n = np.bincount(cases.cohort, minlength=cohorts)
    loss = _means(cases.before - cases.after, cases.cohort, n)
    score = _means(cases.after, cases.cohort, n)
    loss_off = cases.before - cases.after - loss[cases.cohort]
    score_off = cases.after - score[cases.cohort]
    effect = _design_effect(loss_off, cases)
    unseen = UNSEEN * _span(cases) ** 2 / (n + UNSEEN)
    return Sample(
        pairs=n,
        clusters=_clusters(cases, cohorts),
        loss=loss,
        score=score,
        loss_var=np.maximum(effect * _pooled(loss_off * loss_off, cases.cohort, n), unseen),
        score_var=np.maximum(effect * _pooled(score_off * score_off, cases.cohort, n), unseen),
        covariance=effect * _pooled(score_off * loss_off, cases.cohort, n),
        design_effect=effect,
    )


def _means(values: Floats, cohort: Ints, n: Ints) -> Floats:
    with np.errstate(invalid="ignore"):
        found: Floats = np.bincount(cohort, weights=values, minlength=len(n)) / n
    return found


def _pooled(products: Floats, cohort: Ints, n: Ints) -> Floats:
    """Return a variance (or covariance) by cohort, drawn toward that of all cohorts by `PRIOR_PAIRS`."""
    sums = np.bincount(cohort, weights=products, minlength=len(n))
    whole = float(sums.sum()) / max(int(np.maximum(n - 1, 0).sum()), 1)
    own = np.divide(sums, n - 1, out=np.full(len(n), whole), where=n > 1)
    found: Floats = (n * own + PRIOR_PAIRS * whole) / (n + PRIOR_PAIRS)
    return found


def _span(cases: Arrays) -> float:
    """Return the largest loss that one pair could have: 1 where scores are 0 or 1, else the largest that was seen."""
    scores = np.concatenate([cases.before, cases.after])
    if np.isin(scores, (0.0, 1.0)).all():
        return 1.0
    seen = float(np.max(np.abs(cases.before - cases.after), initial=0.0))
    return seen or float(np.ptp(scores)) or float(np.max(np.abs(scores), initial=0.0))


def _design_effect(residual: Floats, cases: Arrays) -> float:
    """Return by how much the likeness of a cluster's answers raises a variance, over all cohorts; at least 1."""
    ends = cases.cohort * (int(cases.cluster.max(initial=0)) + 1) + cases.cluster
    _, codes = np.unique(ends, return_inverse=True)
    together = np.bincount(codes, weights=residual)
    alone = float(np.sum(residual**2))
    return max(float(np.sum(together**2)) / alone, 1.0) if alone > 0 else 1.0


def _clusters(cases: Arrays, cohorts: int) -> Ints:
    ends = np.unique(np.stack([cases.cohort, cases.cluster], axis=1), axis=0) if len(cases.cohort) else None
    return np.zeros(cohorts, np.int64) if ends is None else np.bincount(ends[:, 0], minlength=cohorts)


def _apart(sample: Sample, rivals: int) -> Losses:
    """Return losses that are not shrunk: few cohorts say nothing of the spread between them.

    Every candidate's own bound holds at the level shared by all of them (Bonferroni), whichever a plan picks.
    """
    from scipy.stats import t  # noqa: PLC0415 -- only where cohorts are few

    with np.errstate(divide="ignore", invalid="ignore"):
        sd, score_sd = np.sqrt(sample.loss_var / sample.pairs), np.sqrt(sample.score_var / sample.pairs)
    candidates = max(int(np.count_nonzero(sample.pairs)) * rivals, 1)
    reach = t.isf(LEVEL / 2 / candidates, np.maximum(np.minimum(sample.pairs, sample.clusters) - 1, 1))
    return Losses(
        pairs=sample.pairs,
        clusters=sample.clusters,
        raw=sample.loss,
        loss=sample.loss,
        sd=sd,
        score=sample.score,
        score_sd=score_sd,
        reach=reach,
        variance=sample.loss_var,
        pooled=False,
        mean=None,
        spread=None,
        design_effect=sample.design_effect,
    )


def bound(weights: Floats, loss: Floats, sd: Floats, reach: Floats) -> float:
    """Return a plan's upper bound of the loss over all traffic, in the score's unit; 0 where nothing moves.

    Args:
        weights: Shape (moves,): share of production of each cohort that moves.
        loss: Expected loss of each.
        sd: Its standard deviation.
        reach: Standard deviations of the first term.
    """
    expected = float(np.sum(weights * loss))
    together = float(np.sum(weights * (loss + reach * sd)))
    return max(together, expected + Z95 * float(np.sqrt(np.sum((weights * sd) ** 2))))
