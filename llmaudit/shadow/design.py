"""Plan a shadow test: how many judged pairs each tier needs, how many days that takes, and what is clear by when."""

from __future__ import annotations

from collections.abc import Sequence
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
"""Where no earlier test tells: one answer in five differs in outcome, and answers of a user are a little alike."""

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
        cost_spread: Coefficient of variation of a request's cost; None where costs are not known.
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
        cost_days: Days until a saving of the size asked about is certain; None where costs are not known.
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


def plan_test(
    traffic: Sequence[TierTraffic],
    *,
    margin: float,
    alpha: float,
    power: float,
    share: float,
    days: int,
    disagreement: dict[int | None, float] | None = None,
    correlation: float = ASSUMED_CORRELATION,
    saving: float = COST_SAVING,
    daily: bool = True,
) -> Design:
    """Return a design for some traffic.

    Pairs needed = design effect x disagreement x ((z(1-alpha) + z(power)) / margin)^2, and 3% more for daily looks. The
    variance of a 0/1 difference is its disagreement when the true difference is 0.

    Args:
        traffic: By tier.
        margin: Acceptable loss.
        alpha: One-sided level.
        power: Power asked for.
        share: Sampling share.
        days: Planned days.
        disagreement: By tier, from an earlier test; assumed where a tier is not in it.
        correlation: Of differences within a user.
        saving: Share by which the shadow is cheaper, for the question when that is certain.
        daily: Whether one looks every day.
    """
    seen = disagreement or {}
    looks = days if daily else 1
    whole = sum(tier_traffic.requests_per_day for tier_traffic in traffic)
    rows = [
        _tier(
            tier_traffic,
            whole,
            seen.get(tier_traffic.tier, ASSUMED_DISAGREEMENT),
            correlation,
            (margin, alpha, power, saving),
            share,
            days,
            looks,
        )
        for tier_traffic in traffic
    ]
    assumed = [
        f"answers of a user are correlated by {correlation:g}: design effects follow from how much each asks",
        *(
            f"tier {tier_name(tier_traffic.tier)}: {seen[tier_traffic.tier]:.0%} of pairs differed in an earlier test"
            if tier_traffic.tier in seen
            else f"tier {tier_name(tier_traffic.tier)}: {ASSUMED_DISAGREEMENT:.0%} of pairs differ (assumed)"
            for tier_traffic in traffic
        ),
    ]
    longest = [row.days for row in rows]
    return Design(
        margin=margin,
        alpha=alpha,
        target_power=power,
        share=share,
        planned_days=days,
        days=None if not rows or None in longest else max(day for day in longest if day is not None),
        requests=round(whole * share * days),
        judging_budget=sum(row.judged_pairs for row in rows),
        power=min((row.power for row in rows), default=0.0),
        looks=looks,
        boundaries=[float(b) for b in boundaries([(k + 1) / looks for k in range(looks)], alpha)],
        assumed=assumed,
        tiers=rows,
        five_day_claim=_claim(rows, margin, saving),
    )


def tier_name(tier: int | None) -> str:
    """Return a tier as text."""
    return "unknown" if tier is None else str(tier)


def _tier(
    traffic: TierTraffic,
    whole: float,
    disagreement: float,
    correlation: float,
    aims: tuple[float, float, float, float],
    share: float,
    days: int,
    looks: int,
) -> TierDesign:
    margin, alpha, power, saving = aims
    pairs = traffic.requests_per_day * share
    effect = 1.0 + correlation * max(traffic.mean_square_size - 1.0, 0.0)
    need = needed_information(margin, alpha, power, looks) * effect * disagreement

    def after(day: float) -> float:
        return power_at(pairs * day / (effect * disagreement), margin, alpha, looks)

    return TierDesign(
        tier=traffic.tier,
        share=traffic.requests_per_day / whole if whole else 0.0,
        requests_per_day=traffic.requests_per_day,
        pairs_per_day=pairs,
        disagreement=disagreement,
        design_effect=effect,
        judged_pairs=ceil(need),
        days=max(ceil(need / pairs), 1) if pairs > 0 else None,
        power=after(days),
        power_after_5_days=after(CLAIMED_DAYS),
        units=traffic.units_per_day * share * days,
        curve={str(day): after(day) for day in CURVE_DAYS},
        cost_days=_cost_days(traffic, pairs, effect, alpha, power, saving),
    )


def _cost_days(one: TierTraffic, pairs: float, effect: float, alpha: float, power: float, saving: float) -> int | None:
    """Return the days until a saving is certain.

    The two arms answer the same prompt, so their costs go together; a correlation of one half is assumed, so that the
    logarithm of the ratio has the variance of one arm's relative cost.
    """
    if one.cost_spread is None or pairs <= 0:
        return None
    per_pair = effect * one.cost_spread**2
    need = per_pair * ((ndtri(1 - alpha / 2) + ndtri(power)) / np.log1p(-saving)) ** 2
    return max(ceil(need / pairs), 1) if isfinite(need) else None


def _claim(rows: list[TierDesign], margin: float, saving: float) -> str:
    """Say what five days show on these numbers; the claim is that cost is clear by then."""
    costs = [row.cost_days for row in rows if row.cost_days is not None]
    cost = "costs are not known, so the claim on cost cannot be tested"
    if costs:
        worst = max(costs)
        cost = f"a saving of {saving:.0%} is certain in {worst:,} day{'s' * (worst != 1)}"
        cost += " in every tier" if worst <= CLAIMED_DAYS else " in the slowest tier: the five-day claim fails there"
    slow = [row for row in rows if row.days is None or row.days > CLAIMED_DAYS]
    points = f"{margin * 100:g}-point quality margin"
    if not slow:
        return f"{cost}; the {points} is within reach in five days in every tier if every pair is judged"
    parts = [
        f"tier {tier_name(row.tier)} needs {row.judged_pairs:,} judged pairs, "
        + (f"{row.days:,} days" if row.days is not None else "and has no traffic")
        for row in slow
    ]
    return f"{cost}; the {points} is not: {'; '.join(parts)}"


def enough_units(design: Design) -> list[str]:
    """Return a warning for each tier whose sample will have too few users to test."""
    return [
        f"tier {tier_name(row.tier)}: about {row.units:.0f} users in the sample; a test needs {MIN_CLUSTERS}"
        for row in design.tiers
        if row.units < MIN_CLUSTERS
    ]
