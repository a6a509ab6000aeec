"""When the plan that saves most would have paid for the switch, for three ways to get there."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from llmaudit.cells import PricedCell
from llmaudit.evidence import Evidence
from llmaudit.plans import PlanCost
from llmaudit.plans.payback import Saving, WayResult, payback, savings_of
from llmaudit.plans.payback_file import load_assumptions


class Payback(msgspec.Struct, frozen=True, kw_only=True):
    """The payback of the plan that saves most.

    Attributes:
        plan: Its name.
        title: Its title.
        days: Days that the log spans; a month is made of them.
        months: How far ahead is looked.
        saving: What it saves in a month as expected, everything included.
        ways: By three ways to get there.
        certified_saving: The same of certified moves and of what needs no other answer alone.
        certified_ways: Their payback.
        caveat: What it rests on.
    """

    plan: str
    title: str
    days: int
    months: int
    saving: Saving
    ways: list[WayResult]
    certified_saving: Saving
    certified_ways: list[WayResult]
    caveat: str = (
        "One-time and running costs are stated assumptions, not your team's figures: enter your own with "
        "`llmaudit plan payback --assume`. An unproven saving may not materialise at all."
    )


def find(evidence: Evidence) -> Payback | None:
    """Return the payback of the plan that saves most; None where no plan saves, or no request has a time."""
    best = max(evidence.plans, key=lambda plan: plan.actual_usd - plan.cost_usd, default=None)
    days = _span(evidence.cells)
    if best is None or days is None or best.cost_usd >= best.actual_usd:
        return None
    return _found(best, days)


def _found(plan: PlanCost, days: int) -> Payback:
    known = load_assumptions()
    whole, certified = savings_of(plan, days), savings_of(plan, days, certified_only=True)
    return Payback(
        plan=plan.plan.name,
        title=plan.plan.title or plan.plan.name,
        days=days,
        months=known.months,
        saving=whole["expected"],
        ways=payback(whole, known),
        certified_saving=certified["expected"],
        certified_ways=payback(certified, known),
    )


def _span(cells: Sequence[PricedCell]) -> int | None:
    """Return the days from the first request to the last, both counted."""
    seen = [priced.cell.day for priced in cells if priced.cell.day is not None]
    return (max(seen) - min(seen)).days + 1 if seen else None
