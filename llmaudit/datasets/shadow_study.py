"""How often the shadow test is right: error rates, power and coverage over many simulated tests.

The same study runs small in the tests and large in benchmarks/. It calls what `llmaudit shadow analyze` calls.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import sqrt

import msgspec
import numpy as np
from scipy.special import ndtri

from llmaudit.datasets.shadow import World, simulate
from llmaudit.datasets.share import Share
from llmaudit.shadow.estimates import per_unit, quantile_differences, ratio, slice_of
from llmaudit.shadow.model import Plan
from llmaudit.shadow.pairs import Pairs
from llmaudit.shadow.quality import Judged, LookSequence, looks_of


@dataclass(frozen=True)
class Looks:
    """What a test with daily looks and one with a single look at the end do to the same data.

    Attributes:
        difference: Runs in which the daily test finds a difference, in either direction (5% two-sided).
        difference_once: The same with one look at the end.
        noninferior: Runs in which the daily test shows non-inferiority (5% one-sided).
        noninferior_once: The same with one look at the end.
        naive: Runs in which a t test on pairs as if independent, looked at daily, finds a difference.
        mean_days: Mean number of days until the daily non-inferiority test ended.
    """

    difference: Share
    difference_once: Share
    noninferior: Share
    noninferior_once: Share
    naive: Share
    mean_days: float


def study_looks(world: World, runs: int, seed: int, margin: float = 0.02) -> Looks:
    """Return how often each test rejects over many draws of a world.

    With no loss in the world the shares of `difference` are error rates and those of `noninferior` are power; with a
    loss of the margin it is the other way round.
    """
    rng = np.random.default_rng(seed)
    daily = Plan(margin=margin, days=world.days)
    once = looking_once(daily)
    counts = np.zeros(5)
    days = 0
    for _ in range(runs):
        judged = judged_of(simulate(world, rng))
        many, single = looks_of(judged, daily, world.days), looks_of(judged, once, world.days)
        passed = many.noninferior_at(margin)
        counts += [
            _differs(many),
            _differs(single),
            passed is not None,
            single.noninferior_at(margin) is not None,
            _naive_peek(judged),
        ]
        days += world.days if passed is None else many.plan.steps[passed].number
    difference, difference_once, noninferior, noninferior_once, naive = (Share(float(c / runs), runs) for c in counts)
    return Looks(difference, difference_once, noninferior, noninferior_once, naive, days / runs)


def looking_once(plan: Plan) -> Plan:
    """Return the plan with one look at the end."""
    return msgspec.structs.replace(plan, looks="once")


def judged_of(pairs: Pairs) -> Judged:
    """Return a simulated test's pairs as one slice."""
    n = len(pairs)
    delta = pairs.shadow.score - pairs.primary.score
    return Judged(None, None, n, delta, pairs.cluster, np.zeros(n, np.int64), np.ones(1), pairs.day, 1.0)


def _differs(found: LookSequence) -> bool:
    z = [abs(step.z(0.0)) for step in found.plan.steps]
    return bool(np.any(np.asarray(z) >= found.apart))


def _naive_peek(judged: Judged) -> bool:
    for end in np.flatnonzero(np.diff(judged.days, append=judged.days[-1] + 1)) + 1:
        seen = judged.delta[:end]
        if abs(seen.mean()) > ndtri(0.975) * seen.std(ddof=1) / sqrt(len(seen)):
            return True
    return False


@dataclass(frozen=True)
class Coverage:
    """How often 95% intervals hold the truth."""

    cost_ratio: Share
    cost_per_success: Share
    p50: Share
    p95: Share
    p99: Share


def study_coverage(world: World, runs: int, seed: int) -> Coverage:
    """Return how often the intervals of cost ratios and latency quantiles hold the planted truth."""
    rng = np.random.default_rng(seed)
    hits = np.zeros(5)
    success = [
        (world.quality + loss) * (1 - bad) for loss, bad in zip((0.0, world.mean_loss), world.errors, strict=True)
    ]
    for _ in range(runs):
        pairs = simulate(world, rng)
        here = slice_of(pairs.cluster, np.zeros(len(pairs), np.int64), np.ones(1))
        arms = [arm.cost / 1e12 for arm in (pairs.primary, pairs.shadow)]
        wins = [arm.success.astype(float) for arm in (pairs.primary, pairs.shadow)]
        plain = ratio(here, per_unit(here, arms[0]), per_unit(here, arms[1]))
        worth = ratio(here, per_unit(here, arms[0], wins[0]), per_unit(here, arms[1], wins[1]))
        times = quantile_differences(here, pairs.primary.latency_ms, pairs.shadow.latency_ms, (0.5, 0.95, 0.99))
        truths = [world.cost_ratio, world.cost_ratio * success[0] / success[1]]
        truths += [world.quantile_difference_ms(p) for p in (0.5, 0.95, 0.99)]
        found = [plain, worth, *(one for one, _ in times)]
        hits += [one.low <= truth <= one.high for one, truth in zip(found, truths, strict=True)]
    return Coverage(*(Share(float(hit / runs), runs) for hit in hits))


def with_loss(world: World, loss: float) -> World:
    """Return a world whose first tier loses so much quality (a loss is negative)."""
    return replace(world, loss={0: loss})
