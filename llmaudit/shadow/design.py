"""Plan a shadow test: how many judged pairs each tier needs, how many days that takes, and what is clear by when."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil, isfinite

import msgspec
import numpy as np
from scipy.special import ndtri

from llmaudit.shadow.clusters import MIN_CLUSTERS
from llmaudit.shadow.looks import needed_information, power_at
from llmaudit.shadow.sequential import boundaries

ASSUMED_DISAGREEMENT = 0.2
ASSUMED_CORRELATION = 0.05
"""Without an earlier test: one answer in five differs in outcome, and answers to one user are a little alike."""

CLAIMED_DAYS = 5
COST_SAVING = 0.30
"""The claim: a cost difference is clear within five days. Tested, unless asked otherwise, for a shadow 30% cheaper."""

CURVE_DAYS = (1, 2, 3, 5, 7, 14, 21, 28, 42, 56)


@dataclass(frozen=True)
class TierTraffic:
    """What a tier's traffic is like.

    Attributes:
        tier: The tier; None is unknown.
        requests_per_day: Requests a day.
        units_per_day: Distinct users (or sessions) a day.
        mean_square_size: Requests of a unit, averaged over requests: sum(n^2) / sum(n).
        cost_spread: Coefficient of variation of a request's cost; None if costs are not known.
    """

    tier: int | None
    requests_per_day: float
    units_per_day: float
    mean_square_size: float
    cost_spread: float | None


class TierDesign(msgspec.Struct, frozen=True, kw_only=True):
    """What one tier needs.

    Attributes:
        tier: The tier.
        share: Share of production.
        requests_per_day: Its requests a day.
        pairs_per_day: Pairs a day at the sampling share.
        disagreement: Share of pairs whose outcomes differ, and where that is from.
        design_effect: Variance over what independent pairs would give.
        judged_pairs: Pairs to judge for the margin and power.
        days: Days until that many pairs are there; None: never, there is no traffic.
        power: Power after the planned days, if every pair is judged.
        power_after_5_days: Power after five days.
        units: Users or sessions expected in the sample by the end.
        curve: Power after a number of days.
        cost_days: Days until a saving of the size asked about is certain; None if costs are not known.
    """

    tier: int | None
    share: float
    requests_per_day: float
    pairs_per_day: float
    disagreement: float
    design_effect: float
    judged_pairs: int
    days: int | None
    power: float
    power_after_5_days: float
    units: float
    curve: dict[str, float]
    cost_days: int | None


class Design(msgspec.Struct, frozen=True, kw_only=True):
    """A planned test.

    Attributes:
        margin: Acceptable loss, in the score's unit.
        alpha: One-sided level.
        target_power: Power asked for.
        share: Sampling share.
        planned_days: Days it is to run.
        days: Days until the slowest tier has its pairs; None: never.
        requests: Requests that are answered twice over the planned days.
        judging_budget: Pairs to judge in all.
        power: Power of the weakest tier after the planned days.
        looks: Number of looks.
        boundaries: Critical values of z at the looks, for equal days.
        assumed: What was assumed and where it is from.
        tiers: By tier.
        five_day_claim: What five days can and cannot show, on these numbers.
    """

    margin: float
    alpha: float
    target_power: float
    share: float
    planned_days: int
    days: int | None
    requests: int
    judging_budget: int
    power: float
    looks: int
    boundaries: list[float]
    assumed: list[str]
    tiers: list[TierDesign]
    five_day_claim: str


@dataclass(frozen=True, kw_only=True)
class Aims:
    """What a test is to show, and how it is to be run.

    Attributes:
        margin: Acceptable loss, in the score's unit.
        alpha: One-sided level.
        power: Power asked for.
        share: Sampling share.
        days: Planned days.
        correlation: Of differences within a user.
        saving: Share by which the shadow is cheaper, for the question when that is certain.
        daily: Whether one looks every day, or once at the end.
    """

    margin: float
    alpha: float
    power: float
    share: float
    days: int
    correlation: float = ASSUMED_CORRELATION
    saving: float = COST_SAVING
    daily: bool = True

    @property
    def looks(self) -> int:
        """The number of looks."""
        return self.days if self.daily else 1


def plan_test(traffic: Sequence[TierTraffic], aims: Aims, disagreement: Mapping[int | None, float]) -> Design:
    """Return a design for some traffic.

    Pairs needed = design effect x disagreement x ((z(1-alpha) + z(power)) / margin)^2, and 3% more for daily looks. The
    variance of a 0/1 difference is its disagreement when the true difference is 0.

    Args:
        traffic: By tier.
        aims: What the test is to show.
        disagreement: Share of pairs whose outcomes differ, by tier, from an earlier test; assumed for other tiers.
    """
    whole = sum(one.requests_per_day for one in traffic)
    tiers = [_tier(one, whole, disagreement.get(one.tier, ASSUMED_DISAGREEMENT), aims) for one in traffic]
    days = [tier.days for tier in tiers]
    fractions = [(look + 1) / aims.looks for look in range(aims.looks)]
    return Design(
        margin=aims.margin,
        alpha=aims.alpha,
        target_power=aims.power,
        share=aims.share,
        planned_days=aims.days,
        days=None if not tiers or None in days else max(day for day in days if day is not None),
        requests=round(whole * aims.share * aims.days),
        judging_budget=sum(tier.judged_pairs for tier in tiers),
        power=min((tier.power for tier in tiers), default=0.0),
        looks=aims.looks,
        boundaries=[float(bound) for bound in boundaries(fractions, aims.alpha)],
        assumed=_assumptions(traffic, aims, disagreement),
        tiers=tiers,
        five_day_claim=_claim(tiers, aims),
    )


def _assumptions(traffic: Sequence[TierTraffic], aims: Aims, seen: Mapping[int | None, float]) -> list[str]:
    return [
        f"answers of a user are correlated by {aims.correlation:g}: design effects follow from how much each asks",
        *(
            f"tier {tier_name(one.tier)}: {seen[one.tier]:.0%} of pairs differed in an earlier test"
            if one.tier in seen
            else f"tier {tier_name(one.tier)}: {ASSUMED_DISAGREEMENT:.0%} of pairs differ (assumed)"
            for one in traffic
        ),
    ]


def tier_name(tier: int | None) -> str:
    """Return a tier as text."""
    return "unknown" if tier is None else str(tier)


def _tier(traffic: TierTraffic, whole: float, disagreement: float, aims: Aims) -> TierDesign:
    pairs_per_day = traffic.requests_per_day * aims.share
    effect = 1.0 + aims.correlation * max(traffic.mean_square_size - 1.0, 0.0)
    variance = effect * disagreement
    pairs_needed = needed_information(aims.margin, aims.alpha, aims.power, aims.looks) * variance

    def power_after(days: float) -> float:
        return power_at(pairs_per_day * days / variance, aims.margin, aims.alpha, aims.looks)

    return TierDesign(
        tier=traffic.tier,
        share=traffic.requests_per_day / whole if whole else 0.0,
        requests_per_day=traffic.requests_per_day,
        pairs_per_day=pairs_per_day,
        disagreement=disagreement,
        design_effect=effect,
        judged_pairs=ceil(pairs_needed),
        days=max(ceil(pairs_needed / pairs_per_day), 1) if pairs_per_day > 0 else None,
        power=power_after(aims.days),
        power_after_5_days=power_after(CLAIMED_DAYS),
        units=traffic.units_per_day * aims.share * aims.days,
        curve={str(day): power_after(day) for day in CURVE_DAYS},
        cost_days=_cost_days(traffic, pairs_per_day, effect, aims),
    )


def _cost_days(traffic: TierTraffic, pairs_per_day: float, effect: float, aims: Aims) -> int | None:
    """Return the days until a saving is certain.

    The two arms answer the same prompt, so their costs go together; a correlation of one half is assumed, so that the
    logarithm of the ratio has the variance of one arm's relative cost.
    """
    if traffic.cost_spread is None or pairs_per_day <= 0:
        return None
    variance_per_pair = effect * traffic.cost_spread**2
    quantiles = ndtri(1 - aims.alpha / 2) + ndtri(aims.power)
    pairs_needed = variance_per_pair * (quantiles / np.log1p(-aims.saving)) ** 2
    return max(ceil(pairs_needed / pairs_per_day), 1) if isfinite(pairs_needed) else None


def _claim(rows: Sequence[TierDesign], aims: Aims) -> str:
    """Say what five days show on these numbers; the claim is that cost is clear by then."""
    costs = [row.cost_days for row in rows if row.cost_days is not None]
    cost = "costs are unknown, so the cost claim cannot be tested"
    if costs:
        worst = max(costs)
        cost = f"a saving of {aims.saving:.0%} is certain in {worst:,} day{'s' * (worst != 1)}"
        cost += " in every tier" if worst <= CLAIMED_DAYS else " in the slowest tier: the five-day claim fails there"
    slow = [row for row in rows if row.days is None or row.days > CLAIMED_DAYS]
    points = f"{aims.margin * 100:g}-point quality margin"
    if not slow:
        return f"{cost}; the {points} is within reach in five days in every tier if every pair is judged"
    days = ", ".join(
        f"tier {tier_name(row.tier)} " + (f"{row.days:,} days" if row.days is not None else "has no traffic")
        for row in slow
    )
    return f"{cost}; the {points} needs longer: {days}"


def enough_units(design: Design) -> list[str]:
    """Return a warning for each tier whose sample will have too few users to test."""
    return [
        f"tier {tier_name(row.tier)}: about {row.units:.0f} users in the sample; a test needs {MIN_CLUSTERS}"
        for row in design.tiers
        if row.units < MIN_CLUSTERS
    ]
