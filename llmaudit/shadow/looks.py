"""A statistic day by day: what was known after each day, and when it first became certain."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from scipy.special import ndtr, ndtri

from llmaudit.arrays import Bools, Floats, Ints
from llmaudit.shadow import sequential
from llmaudit.shadow.clusters import MIN_CLUSTERS, Spread, Totals, over, renumbered, spread_of
from llmaudit.shadow.estimates import Slice

FEW_DIFFERENT = 5
"""Clusters with any difference below which the variance seen is no guide: it is held at what 5 such clusters give."""

DAILY_INFLATION = 1.03
"""Daily O'Brien-Fleming looks need about 3% more information than a single look at the end."""


@dataclass(frozen=True)
class Step:
    """One look: everything up to the end of a day.

    Attributes:
        day: Days since 1970; -1 if pairs have no time.
        number: Calendar days since the first one, from 1.
        value: The estimate so far.
        spread: Its uncertainty.
    """

    day: int
    number: int
    value: float
    spread: Spread

    @property
    def usable(self) -> bool:
        """Whether a test may be made: ten clusters and some spread."""
        return self.spread.clusters >= MIN_CLUSTERS and bool(self.spread.se > 0)

    def z(self, null: float) -> float:
        """Return the statistic against a null value on the normal scale."""
        return sequential.normal_equivalent((self.value - null) / self.spread.se, self.spread.df)


def ends_of_days(days: Ints) -> list[tuple[int, int]]:
    """Return (day, number of pairs up to its end) for days in rising order."""
    if not len(days):
        return []
    last = np.flatnonzero(np.diff(days)) + 1
    return [(int(days[end - 1]), int(end)) for end in (*last, len(days))]


class _Running:
    """Sums by cluster and stratum as days come in: each pair is added once, however many looks there are."""

    def __init__(self, clusters: int, targets: Floats) -> None:
        self.targets = targets
        self.shape = (clusters, len(targets))
        self.counts, self.sums, self.different = (np.zeros(self.shape) for _ in range(3))
        self.squares = np.zeros(len(targets))

    def add(self, values: Floats, codes: Ints, strata: Ints) -> None:
        """Add the pairs of a day."""
        size = self.shape[0] * self.shape[1]
        key = codes * self.shape[1] + strata
        self.counts += np.bincount(key, minlength=size).reshape(self.shape)
        self.sums += np.bincount(key, weights=values, minlength=size).reshape(self.shape)
        self.different += np.bincount(key, weights=values != 0, minlength=size).reshape(self.shape)
        self.squares += np.bincount(strata, weights=values * values, minlength=len(self.targets))

    def estimate(self, floor: float) -> tuple[float, Spread]:
        """Return the mean in the target mix so far and its uncertainty."""
        counts, sums = self.counts.sum(axis=0), self.sums.sum(axis=0)
        wanted = np.where(counts > 0, self.targets, 0.0)
        safe = np.maximum(counts, 1.0)
        per_pair, means = wanted / max(wanted.sum(), 1e-300) / safe, sums / safe
        within = np.maximum(self.squares - counts * means**2, 0.0)
        here = self.counts.sum(axis=1) > 0
        members = self.counts[here]
        totals = Totals(
            influence=(self.sums[here] - members * means) @ per_pair,
            shares=members @ per_pair,
            squares=members @ per_pair**2,
            variance=float(per_pair @ within),
            independent=float(per_pair**2 @ within),
            pairs=int(counts.sum()),
        )
        return float(per_pair @ sums), self._held(spread_of(totals), floor)

    def _held(self, found: Spread, floor: float) -> Spread:
        different = np.count_nonzero(self.different.sum(axis=1))
        if different >= FEW_DIFFERENT or found.clusters < MIN_CLUSTERS:
            return found
        least = float(floor * np.sqrt(FEW_DIFFERENT) / found.clusters)
        return replace(found, se=max(found.se, least), deff=max(found.deff, 1.0))


def mean_steps(values: Floats, codes: Ints, strata: Ints, targets: Floats, days: Ints, floor: float) -> list[Step]:
    """Return the weighted mean of values after each day.

    Args:
        values: Shape (n,): by rising day.
        codes: Shape (n,): clusters.
        strata: Shape (n,): strata.
        targets: Share of each stratum.
        days: Shape (n,): days since 1970, rising.
        floor: Range of a value; holds the standard error up where hardly any pair differs.
    """
    if not len(values):
        return []
    clusters, count = renumbered(codes)
    running = _Running(count, targets)
    steps, begin = [], 0
    for day, end in ends_of_days(days):
        running.add(values[begin:end], clusters[begin:end], strata[begin:end])
        steps.append(Step(day, day - int(days[0]) + 1, *running.estimate(floor)))
        begin = end
    return steps


@dataclass(frozen=True)
class Day:
    """What the pairs up to the end of a day count, whatever is estimated.

    Attributes:
        day: Days since 1970.
        number: From 1, the first day.
        end: Pairs up to its end.
        mass: Share of all pairs, 1 on the last day.
        seen: Shape (clusters,): which clusters have a pair so far.
        weights: Shape (clusters,): sum of the pairs' shares so far.
        squares: Shape (clusters seen,): sum of their squared shares.
    """

    day: int
    number: int
    end: int
    mass: float
    seen: Bools
    weights: Floats
    squares: Floats


class Timeline:
    """A slice by rising day: what every statistic over it needs of each day is worked out once.

    Args:
        part: The slice.
        days: Shape (n,): days since 1970, rising.
    """

    def __init__(self, part: Slice, days: Ints) -> None:
        self.part = part
        self._days = days

    @cached_property
    def clusters(self) -> tuple[Ints, int]:
        """Clusters without gaps, and how many there are."""
        return renumbered(self.part.codes)

    @cached_property
    def days(self) -> list[Day]:
        """Every day with pairs."""
        codes, count = self.clusters
        weights = self.part.weights
        squared = weights**2
        sums = np.zeros((2, count))
        all_days, begin = [], 0
        for day, end in ends_of_days(self._days):
            for row, added in enumerate((weights, squared)):
                sums[row] += np.bincount(codes[begin:end], weights=added[begin:end], minlength=count)
            begin = end
            seen = sums[0] > 0
            number = day - int(self._days[0]) + 1
            all_days.append(Day(day, number, end, float(sums[0].sum()), seen, sums[0].copy(), sums[1][seen]))
        return all_days


def linear_steps(value: float, influence: Floats, timeline: Timeline) -> list[Step]:
    """Return a smooth statistic after each day, from its influences at the end.

    A statistic with influences u moves, to first order, by the sum of the influences of the pairs that are left out.
    """
    codes, count = timeline.clusters
    weights = timeline.part.weights
    quotient = over(influence**2, weights)
    sums = np.zeros(count)
    variance, steps, begin = 0.0, [], 0
    for day in timeline.days:
        sums += np.bincount(codes[begin : day.end], weights=influence[begin : day.end], minlength=count)
        variance += float(quotient[begin : day.end].sum())
        begin = day.end
        if day.mass > 0:
            shift = float(sums.sum()) / day.mass
            totals = Totals(
                influence=(sums - day.weights * shift)[day.seen] / day.mass,
                shares=day.weights[day.seen] / day.mass,
                squares=day.squares / day.mass**2,
                variance=max(variance - shift**2 * day.mass, 0.0) / day.mass,
                independent=0.0,
                pairs=day.end,
            )
            steps.append(Step(day.day, day.number, value + shift, spread_of(totals)))
    return steps


@dataclass(frozen=True)
class Schedule:
    """Looks with their information fractions.

    Attributes:
        steps: The usable looks within the plan.
        fractions: Share of the final information at each.
        final: Information at which the plan ends.
    """

    steps: list[Step]
    fractions: Floats
    final: float

    def boundary(self, alpha: float, *, two_sided: bool) -> Floats:
        """Return the critical values at the looks."""
        return sequential.boundaries(self.fractions, alpha, two_sided=two_sided)

    def p_value(self, null: float, *, two_sided: bool) -> float | None:
        """Return the p-value that holds at every look, or None if no look could be tested."""
        if not self.steps:
            return None
        z = [step.z(null) for step in self.steps]
        return sequential.p_value(z, self.fractions, two_sided=two_sided)

    def cleared(self, alpha: float, null: float = 0.0) -> int | None:
        """Return the number of days after which a difference from `null` was certain, or None."""
        if not self.steps:
            return None
        z = np.abs([step.z(null) for step in self.steps])
        crossed = np.flatnonzero(z >= self.boundary(alpha, two_sided=True))
        return self.steps[int(crossed[0])].number if len(crossed) else None


def schedule(steps: list[Step], planned_days: int, looks: str) -> Schedule:
    """Return the looks that a plan allows.

    Args:
        steps: Everything that was seen, by day.
        planned_days: Days of the plan; where fewer are in, the final information is projected at the rate so far.
        looks: `daily`, or `once` for a single look at the end of the plan (or at the data's end, whichever is first).
    """
    inside = [step for step in steps if step.number <= planned_days and step.usable]
    if looks == "once":
        inside = inside[-1:]
    if not inside:
        return Schedule([], np.empty(0), 0.0)
    information = [step.spread.information(inside[-1].spread.correlation) for step in inside]
    last = max(step.number for step in steps if step.number <= planned_days)
    running = last < planned_days and looks != "once"
    ahead = planned_days / last if running else 1.0
    fractions = sequential.fractions_of(information, max(information) * ahead)
    return Schedule(inside, fractions, ahead / inside[-1].spread.se ** 2)


def anytime(step: Step, tuned_at: float, alpha: float) -> tuple[float, float]:
    """Return half-widths of the confidence sequence at a look: one-sided at `alpha`, and two-sided at 5%."""
    information = 1.0 / step.spread.se**2
    half_widths = []
    for level, two_sided in ((alpha, False), (0.05, True)):
        half = sequential.confidence_sequence(step.spread.se, information, tuned_at, level, two_sided=two_sided)
        z = half / step.spread.se
        half_widths.append(step.spread.se * sequential.from_normal(z, step.spread.df))
    return half_widths[0], half_widths[1]


def needed_information(distance: float, alpha: float, power: float, looks: int) -> float:
    """Return the information (1 / se^2) at which a one-sided test clears a distance with a power."""
    if distance <= 0:
        return float("inf")
    return float(_inflation(looks) * ((ndtri(1 - alpha) + ndtri(power)) / distance) ** 2)


def power_at(information: float, distance: float, alpha: float, looks: int) -> float:
    """Return the power of a one-sided test at an information; the inverse of `needed_information`."""
    return float(ndtr(distance * np.sqrt(max(information, 0.0) / _inflation(looks)) - ndtri(1 - alpha)))


def _inflation(looks: int) -> float:
    return DAILY_INFLATION if looks > 1 else 1.0
