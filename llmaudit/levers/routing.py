"""What a routing plan would save: certified moves, unproven moves, and the cost of the verification passes it adds."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from decimal import Decimal
from typing import Literal

from llmaudit.levers.composing import BOUNDS, Group, Kind, Taken, group_of
from llmaudit.money import ZERO, total
from llmaudit.plans import PlanCost
from llmaudit.plans.placing import Placed
from llmaudit.plans.quality import proven as is_proven

ROUTING = {"route", "retry", "fallback", "cache"}
"""What moving requests pays for; a verification pass is a step of its own."""


def best_plan(plans: Iterable[PlanCost]) -> PlanCost | None:
    """Return the plan whose moves to other models save most after its verification passes; None where none saves."""

    def saved(plan: PlanCost) -> Decimal:
        return total((plan.certified_usd, plan.unproven_usd, -plan.verification_usd))

    moving = [plan for plan in plans if plan.moved_requests and saved(plan) > 0]
    return max(moving, key=saved, default=None)


def of_plan(plan: PlanCost) -> list[Taken]:
    """Return a plan's parts: certified moves, unproven moves, and the verification passes it adds."""
    name = plan.plan.name
    moves = [placed for placed in plan.placed if placed.target]
    proven = [placed for placed in moves if _is_certified(plan, placed)]
    open_ = [placed for placed in moves if not _is_certified(plan, placed)]
    left_behind = [
        placed for placed in plan.placed if not placed.target and any(leg.kind == "cache" for leg in placed.legs)
    ]
    (open_ or proven).extend(left_behind)  # what the moves cost the caches of those that stay
    certified = _moved(
        "certified",
        f"Certified routing, plan {name}",
        proven,
        "Move these requests, and keep monitoring the scores.",
    )
    unproven = _moved(
        "unproven",
        f"Unproven routing, plan {name}",
        open_,
        "Shadow-test this traffic before you move it: `llmaudit shadow design`.",
        list(plan.assumptions),
    )
    passes = _passes(plan, "unproven" if open_ else "certified")
    return [step for step in (certified, unproven, passes) if step.requests]


def _is_certified(plan: PlanCost, one: Placed) -> bool:
    return one.target is not None and is_proven(plan.certified, one.priced.cell, one.target)


def _moved(
    kind: Literal["certified", "unproven"],
    title: str,
    moves: Sequence[Placed],
    next_step: str,
    assumptions: Sequence[str] = (),
) -> Taken:
    saved: dict[str, dict[Group, Decimal]] = {bound: {} for bound in BOUNDS}
    moved: dict[Group, Decimal] = {}
    for one in moves:
        group, now = group_of(one.priced), (one.priced.spend_usd or ZERO) if one.target else ZERO
        moved[group] = total((moved.get(group, ZERO), now))
        for bound, cost in _costs(one, ROUTING if one.target else {"cache"}).items():
            saved[bound][group] = total((saved[bound].get(group, ZERO), now, -cost))
    count = sum(one.priced.cell.requests for one in moves if one.target)
    return Taken(kind, title, kind, saved, count, assumptions=assumptions, next_step=next_step, moved=moved)


def _passes(plan: PlanCost, kind: Kind) -> Taken:
    saved: dict[str, dict[Group, Decimal]] = {bound: {} for bound in BOUNDS}
    checked = [one for one in plan.placed if any(leg.kind == "verify" for leg in one.legs)]
    for one in checked:
        group = group_of(one.priced)
        for bound, cost in _costs(one, {"verify"}).items():
            saved[bound][group] = total((saved[bound].get(group, ZERO), -cost))
    return Taken(
        "verification",
        f"Verification passes, plan {plan.plan.name}",
        kind,
        saved,
        sum(one.priced.cell.requests for one in checked),
        next_step="Skip a pass only where an error is cheap.",
    )


def _costs(one: Placed, kinds: Collection[str]) -> dict[str, Decimal]:
    """Return what the legs of some kinds cost on a cell; the low end of a saving is the high end of a cost."""
    legs = [leg for leg in one.legs if leg.kind in kinds]
    return {
        "low": total(leg.high.of(one.priced) for leg in legs),
        "expected": total(leg.expected.of(one.priced) for leg in legs),
        "high": total(leg.low.of(one.priced) for leg in legs),
    }
