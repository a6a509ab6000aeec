"""When a saving has paid for itself: one-time and running costs of three ways to get there, month by month.

    net(m) = (saving - fee x new spend) x growth^(m-1) x (1 - drop)^((m-1)/12) - running costs

The sum of the nets minus the one-time costs is the balance after m months; the payback is the first month that ends
with a balance of 0 or more. Prices fall by the same proportion every month. All values are exact decimals of 60 digits
and are rounded only where they are shown.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from itertools import accumulate, product
from typing import Literal

import msgspec

from llmaudit.money import EXACT, times, total
from llmaudit.plans.evaluate import PlanCost
from llmaudit.plans.payback_file import CASES, Assumptions, Case, Figure, Way, range_of

End = Literal["low", "expected", "high"]

MONTH_DAYS = Decimal("30.4375")
"""A twelfth of 365.25 days."""


class Saving(msgspec.Struct, frozen=True, kw_only=True):
    """What a plan saves in a month, and what is spent under it.

    Attributes:
        saving_usd: Present spend minus the plan's cost.
        spend_usd: The plan's cost, which percentages are added to.
    """

    saving_usd: Decimal
    spend_usd: Decimal


Savings = dict[Case, Saving]


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """One way in one case.

    Attributes:
        one_time_usd: Before anything is saved.
        first_month_usd: Net of the first month.
        break_even_month: First month at whose end the one-time costs are back; None where that is not within the span.
        after_12_usd: What is left after a year; None where the span is shorter.
        after_all_usd: What is left at the end of the span.
    """

    one_time_usd: Decimal
    first_month_usd: Decimal
    break_even_month: int | None
    after_12_usd: Decimal | None
    after_all_usd: Decimal


class WayResult(msgspec.Struct, frozen=True, kw_only=True):
    """One way to get to a plan.

    Attributes:
        name: Its id.
        title: For people.
        best: Savings at their highest, costs at their lowest.
        expected: Everything as expected.
        worst: Savings at their lowest, costs at their highest.
        parts: One-time costs as expected, by what they are for; they add up to the expected one-time costs.
        running: Running costs of the first month as expected, by what they are for.
    """

    name: str
    title: str
    best: Outcome
    expected: Outcome
    worst: Outcome
    parts: dict[str, Decimal]
    running: dict[str, Decimal]


class ScenarioRow(msgspec.Struct, frozen=True, kw_only=True):
    """What growth and falling prices do to one way, everything else as expected.

    Attributes:
        way: The way's id.
        growth_pct_per_month: Of the traffic.
        price_drop_pct_per_year: Of prices.
        break_even_month: See `Outcome`.
        after_all_usd: See `Outcome`.
    """

    way: str
    growth_pct_per_month: Decimal
    price_drop_pct_per_year: Decimal
    break_even_month: int | None
    after_all_usd: Decimal


@dataclass(frozen=True)
class Scenario:
    """Growth of traffic and fall of prices, as fractions a month."""

    growth: Decimal
    drop: Decimal


def savings_of(cost: PlanCost, days: int, *, certified_only: bool = False) -> Savings:
    """Return what a plan saves in a month of 30.4375 days, in three cases.

    Best takes every price assumption at its low end, worst at its high end.

    Args:
        cost: The plan's cost over the traffic of a log.
        days: Days that the log spans.
        certified_only: Leave unproven moves out: their traffic stays as it is.
    """
    factor = EXACT.divide(MONTH_DAYS, Decimal(days))
    ends: dict[Case, End] = {"best": "low", "expected": "expected", "worst": "high"}
    savings: Savings = {}
    for case, end in ends.items():
        spent = total(_spent(cost, end, certified_only=certified_only))
        savings[case] = Saving(saving_usd=times(cost.actual_usd - spent, factor), spend_usd=times(spent, factor))
    return savings


def _spent(cost: PlanCost, end: End, *, certified_only: bool) -> Iterable[Decimal]:
    for part in cost.parts:
        if certified_only and part.is_replaced and not part.is_proven:
            yield part.sums.spend_usd
        else:
            # the caches that unproven moves would lose are not lost where those moves are left out; if there are none,
            # what requests that stay lose is the certified moves' doing
            is_left_out = certified_only and not part.is_proven and not cost.is_certified
            legs = [leg for leg in part.placed.legs if not (is_left_out and leg.kind == "cache")]
            yield from (part.cost(getattr(leg, end)) for leg in legs)


def payback(savings: Savings, assumptions: Assumptions) -> list[WayResult]:
    """Return what each way costs and when it is paid back.

    Args:
        savings: By the month.
        assumptions: Everything else.
    """
    return [_way(way, savings, assumptions) for way in assumptions.ways]


def _way(way: Way, savings: Savings, assumptions: Assumptions) -> WayResult:
    outcomes = {case: _outcome(way, savings[case], assumptions, case) for case in CASES}
    return WayResult(
        name=way.name,
        title=way.title or way.name,
        best=outcomes["best"],
        expected=outcomes["expected"],
        worst=outcomes["worst"],
        parts=one_time(way, assumptions, "expected"),
        running=running(way, assumptions, "expected") | {"fee": _fee(way, savings["expected"].spend_usd, "expected")},
    )


def one_time(way: Way, assumptions: Assumptions, case: Case) -> dict[str, Decimal]:
    """Return what a way costs before it saves anything, in US dollars, by what it is for."""
    week, common = range_of(assumptions.engineer_week_usd).cost(case), assumptions.every_way
    return {
        "building": times(times(week, range_of(way.weeks).cost(case)), way.engineers),
        "SDK migration": times(week, range_of(common.sdk_migration_weeks).cost(case)),
        "prompt tuning": times(week, range_of(common.prompt_tuning_weeks).cost(case)),
        "eval runs": range_of(common.eval_runs_usd).cost(case),
    }


def running(way: Way, assumptions: Assumptions, case: Case) -> dict[str, Decimal]:
    """Return what a way costs a month beside its percentage, in US dollars."""
    week = range_of(assumptions.engineer_week_usd).cost(case)
    return {
        "upkeep": times(week, range_of(way.upkeep_weeks_per_month).cost(case)),
        "subscription": range_of(way.subscription_usd_per_month).cost(case),
        "monitoring": range_of(assumptions.every_way.monitoring_usd_per_month).cost(case),
    }


def _fee(way: Way, spend: Decimal, case: Case) -> Decimal:
    return EXACT.divide(times(spend, range_of(way.fee_pct).cost(case)), Decimal(100))


def scenario(assumptions: Assumptions, case: Case) -> Scenario:
    """Return growth and price drop of a case: what makes savings larger is best."""
    growth, drop = range_of(assumptions.growth_pct_per_month), range_of(assumptions.price_drop_pct_per_year)
    grown = {"best": growth.high, "expected": growth.expected, "worst": growth.low}[case]
    yearly = 1 - EXACT.divide(drop.cost(case), Decimal(100))
    monthly = EXACT.power(yearly, EXACT.divide(Decimal(1), Decimal(12)))
    return Scenario(EXACT.divide(grown, Decimal(100)), 1 - monthly)


def nets(way: Way, saving: Saving, assumptions: Assumptions, case: Case) -> list[Decimal]:
    """Return the net of every month, in US dollars."""
    moving = saving.saving_usd - _fee(way, saving.spend_usd, case)
    fixed = total(running(way, assumptions, case).values())
    change = scenario(assumptions, case)
    factor, by_month = Decimal(1), []
    for _ in range(assumptions.months):
        by_month.append(times(moving, factor) - fixed)
        factor = times(times(factor, 1 + change.growth), 1 - change.drop)
    return by_month


def _outcome(way: Way, saving: Saving, assumptions: Assumptions, case: Case) -> Outcome:
    months = nets(way, saving, assumptions, case)
    before = total(one_time(way, assumptions, case).values())
    left = list(accumulate(months, EXACT.add, initial=-before))[1:]
    return Outcome(
        one_time_usd=before,
        first_month_usd=months[0],
        break_even_month=next((month for month, amount in enumerate(left, start=1) if amount >= 0), None),
        after_12_usd=left[11] if len(left) >= 12 else None,  # noqa: PLR2004 -- a year
        after_all_usd=left[-1],
    )


def scenarios(savings: Savings, assumptions: Assumptions) -> list[ScenarioRow]:
    """Return every way at the ends of growth and price drop, everything else as expected."""
    growths, drops = _ends(assumptions.growth_pct_per_month), _ends(assumptions.price_drop_pct_per_year)
    rows = []
    for way, growth, drop in product(assumptions.ways, growths, drops):
        changed = msgspec.structs.replace(assumptions, growth_pct_per_month=growth, price_drop_pct_per_year=drop)
        outcome = _outcome(way, savings["expected"], changed, "expected")
        rows.append(
            ScenarioRow(
                way=way.name,
                growth_pct_per_month=growth,
                price_drop_pct_per_year=drop,
                break_even_month=outcome.break_even_month,
                after_all_usd=outcome.after_all_usd,
            )
        )
    return rows


def _ends(figure: Figure) -> list[Decimal]:
    """Return the different ends of a figure, from low to high."""
    ends = range_of(figure)
    return list(dict.fromkeys((ends.low, ends.expected, ends.high)))
