"""Cost, latency and errors of both arms, pooled and by tier, each with a 95% interval and the day it became certain."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from functools import cached_property
from itertools import chain
from math import isfinite

import numpy as np

from llmaudit.arrays import Bools, Floats, Ints
from llmaudit.money import ZERO, round_to
from llmaudit.shadow.clusters import MIN_CLUSTERS
from llmaudit.shadow.estimates import (
    Estimate,
    Sorted,
    difference,
    in_order,
    per_unit,
    quantile_differences,
    rare_difference,
    ratio,
    slice_of,
)
from llmaudit.shadow.looks import FEW_DIFFERENT, Timeline, linear_steps, schedule
from llmaudit.shadow.model import QUANTILES, Metric, Plan, TierResult
from llmaudit.shadow.pairs import UNKNOWN, Pairs

FEWEST = {"p50": 30, "p95": 200, "p99": 1000}
"""Pairs that a quantile needs before the interval of its difference is worth printing."""

USD_PLACES = 12

HEAVY_SPREAD, HEAVY_BELOW = 1.4, 10_000
"""Standard deviation of the logarithm of costs, and number of pairs, that make a tail too heavy.

In so few pairs the few requests that make the bill are seldom all seen, and 95% intervals of a ratio hold in 90% to 94%
of cases (benchmarks/README.md). They miss when a sample looks harmless, so no interval made of it can tell; more pairs
help.
"""

HEAVY = "; the tail is too heavy for it"
"""Appended to the name of such an interval's method."""


@dataclass(frozen=True)
class Part:
    """Pairs of one tier, or all of them, in the production mix.

    Attributes:
        tier: The tier; None is all.
        pairs: By rising day.
        strata: Shape (n,): tier codes, from 0.
        targets: Share of each stratum.
        ordered: Times of both arms in rising order by stratum, by what is timed.
    """

    tier: int | None
    pairs: Pairs
    strata: Ints
    targets: Floats
    ordered: Mapping[str, Sorted] = field(default_factory=dict)

    def only(self, mask: Bools) -> Timeline:
        """Return the slice of some pairs, by day."""
        index = _index(mask)
        return self._whole if isinstance(index, slice) else self._timeline(index)

    @cached_property
    def _whole(self) -> Timeline:
        return self._timeline(slice(None))

    def _timeline(self, index: Bools | slice) -> Timeline:
        return Timeline(slice_of(self.pairs.cluster[index], self.strata[index], self.targets), self.pairs.day[index])


def _index(mask: Bools) -> Bools | slice:
    """Return an index that selects the same as a mask, without a copy if that is everything."""
    return slice(None) if mask.all() else mask


@dataclass(frozen=True)
class _Comparison:
    """One figure compared between the arms.

    Attributes:
        metric: Its name.
        unit: share, ratio or ms.
        estimate: Both arms' figures, and their difference or ratio with its interval.
        influence: What each pair adds to the error of the difference, or of the logarithm of the ratio; None if a ratio
            has no logarithm. Shape (n,).
        timeline: The pairs it is made of, by day.
    """

    metric: str
    unit: str
    estimate: Estimate
    influence: Floats | None
    timeline: Timeline


def metrics(part: Part, quality: TierResult, plan: Plan, planned_days: int) -> list[Metric]:
    """Return every figure of a part, quality first."""
    figures = [_quality(part, quality)] if quality.delta is not None else []
    comparisons = chain(_errors(part), _costs(part), _times(part))
    return figures + [_metric(comparison, part.tier, plan, planned_days) for comparison in comparisons]


def _quality(part: Part, quality: TierResult) -> Metric:
    pairs = part.pairs
    both = ~np.isnan(pairs.primary.score) & ~np.isnan(pairs.shadow.score)
    here, index = part.only(both).part, _index(both)
    looks = [look for look in quality.looks if look.z_difference is not None]
    cleared = [look for look in looks if abs(look.z_difference or 0.0) >= (look.boundary_difference or np.inf)]
    return Metric(
        metric="quality",
        tier=part.tier,
        unit="score",
        arm_a=float(here.weights @ pairs.primary.score[index]),
        arm_b=float(here.weights @ pairs.shadow.score[index]),
        delta=quality.delta,
        low=quality.low,
        high=quality.high,
        p=_p_of_looks(quality),
        pairs=quality.judged_pairs,
        clusters=quality.clusters,
        design_effect=quality.design_effect,
        method="paired, clustered, O'Brien-Fleming looks",
        days_to_clear=_number(cleared[0].day, quality) if cleared else None,
    )


def _number(day: date | None, quality: TierResult) -> int:
    first = quality.looks[0].day
    return 1 if first is None or day is None else (day - first).days + 1


def _p_of_looks(quality: TierResult) -> float | None:
    from llmaudit.shadow.sequential import p_value  # noqa: PLC0415 -- scipy only where a test is made

    looks = [look for look in quality.looks if look.z_difference is not None]
    if not looks:
        return None
    return p_value([look.z_difference or 0.0 for look in looks], [look.fraction for look in looks], two_sided=True)


def _errors(part: Part) -> Iterator[_Comparison]:
    """Compare the shares of requests without a good answer; a shadow that never answered is one.

    Errors are rare. If few pairs differ, a t interval is too short, and if none does it has no length; then the exact
    interval of these pairs is used if it is wider.
    """
    pairs = part.pairs
    mask = pairs.primary.present
    if not mask.any():
        return
    timeline = part.only(mask)
    here = timeline.part
    index = _index(mask)
    first = (~pairs.primary.ok[index]).astype(float)
    second = (~(pairs.shadow.ok & pairs.shadow.present)[index]).astype(float)
    estimate = difference(here, first, second)
    if np.count_nonzero(first != second) < FEW_DIFFERENT:
        low, high = rare_difference(int((second > first).sum()), int((second < first).sum()), len(first))
        method = f"{estimate.method}, exact binomial where that is wider"
        estimate = replace(estimate, low=min(estimate.low, low), high=max(estimate.high, high), method=method)
    _, influence = here.mean(second - first)
    yield _Comparison("error_rate", "share", estimate, influence, timeline)


def _costs(part: Part) -> Iterator[_Comparison]:
    """Compare the cost of a request, and of a success with all that it took: retries, fallback, verification."""
    pairs = part.pairs
    known = (pairs.primary.cost != UNKNOWN) & (pairs.shadow.cost != UNKNOWN)
    judged = known & (pairs.primary.success >= 0) & (pairs.shadow.success >= 0)
    for name, mask, succeeded in (("cost_ratio", known, False), ("cost_per_success_ratio", judged, True)):
        if np.count_nonzero(mask) < 2:  # noqa: PLR2004 -- an interval needs two
            continue
        timeline = part.only(mask)
        here, index = timeline.part, _index(mask)
        arms = []
        for arm in (pairs.primary, pairs.shadow):
            units = arm.success[index].astype(float) if succeeded else None
            arms.append(per_unit(here, arm.cost[index] / 1e12, units))
        estimate = ratio(here, arms[0], arms[1])
        if not (isfinite(estimate.value) and estimate.value > 0):
            yield _Comparison(name, "ratio", estimate, None, timeline)
            continue
        influence = arms[1].influence / arms[1].value - arms[0].influence / arms[0].value
        if any(is_heavy(arm.cost[index]) for arm in (pairs.primary, pairs.shadow)):
            estimate = replace(estimate, method=estimate.method + HEAVY)
        yield _Comparison(name, "ratio", estimate, influence, timeline)


def is_heavy(costs: Ints) -> bool:
    """Say whether an arm's costs have too heavy a tail for an interval of their mean, at so few pairs."""
    if len(costs) >= HEAVY_BELOW:
        return False
    known = costs[costs > 0]
    return len(known) > 1 and float(np.log(known).std()) > HEAVY_SPREAD


def in_order_of_time(part: Part, aside: Executor) -> dict[str, Sorted]:
    """Return the times of a part in rising order by stratum; latency and first token are sorted in parallel."""
    waiting = {
        name: aside.submit(in_order, part.strata[index], len(part.targets), first[index], second[index])
        for name, first, second, mask in _timed(part.pairs)
        for index in (_index(mask),)
    }
    return {name: future.result() for name, future in waiting.items()}


def _timed(pairs: Pairs) -> Iterator[tuple[str, Floats, Floats, Bools]]:
    """Yield what is timed, both arms' times, and the pairs in which both arms answered well and have it."""
    good = pairs.primary.ok & pairs.shadow.ok & pairs.shadow.present
    for name in ("latency", "ttft"):
        first, second = (getattr(arm, f"{name}_ms") for arm in (pairs.primary, pairs.shadow))
        yield name, first, second, good & ~np.isnan(first) & ~np.isnan(second)


def _times(part: Part) -> Iterator[_Comparison]:
    """Compare latency and time to first token, of pairs in which both arms answered well."""
    for name, first, second, mask in _timed(part.pairs):
        count = int(np.count_nonzero(mask))
        wanted = {label: share for label, share in QUANTILES.items() if count >= FEWEST[label]}
        if not wanted:
            continue
        timeline = part.only(mask)
        here, index = timeline.part, _index(mask)
        ordered = part.ordered.get(name)
        found = quantile_differences(here, first[index], second[index], tuple(wanted.values()), ordered=ordered)
        for label, (estimate, influence) in zip(wanted, found, strict=True):
            yield _Comparison(f"{name}_{label}", "ms", estimate, influence, timeline)


def _metric(comparison: _Comparison, tier: int | None, plan: Plan, planned_days: int) -> Metric:
    """Return a metric with its p-value and the day it became certain; a ratio is tested on its logarithm."""
    estimate, influence, is_ratio = comparison.estimate, comparison.influence, comparison.unit == "ratio"
    looks = None
    if influence is not None and estimate.spread.clusters >= MIN_CLUSTERS and estimate.spread.se > 0:
        value = float(np.log(estimate.value)) if is_ratio else estimate.value
        looks = schedule(linear_steps(value, influence, comparison.timeline), planned_days, plan.looks)
    arms = [_money(arm) if is_ratio else float(arm) for arm in estimate.arms]
    is_known = influence is not None
    return Metric(
        metric=comparison.metric,
        tier=tier,
        unit=comparison.unit,
        arm_a=arms[0],
        arm_b=arms[1],
        delta=float(estimate.value) if is_known else None,
        low=_finite(estimate.low) if is_known else None,
        high=_finite(estimate.high) if is_known else None,
        p=looks.p_value(0.0, two_sided=True) if looks else None,
        pairs=estimate.spread.pairs,
        clusters=estimate.spread.clusters,
        design_effect=_finite(estimate.spread.deff) if is_known else None,
        method=estimate.method,
        days_to_clear=looks.cleared(0.05) if looks else None,
    )


def _finite(value: float) -> float | None:
    return float(value) if isfinite(value) else None


def _money(value: float) -> Decimal | None:
    """Return a mean cost as money: a statistic, rounded to the smallest amount, not a sum of the books."""
    return round_to(Decimal(repr(float(value))), USD_PLACES) + ZERO if isfinite(value) else None
