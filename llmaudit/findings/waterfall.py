"""From spent to reachable: every way to pay less, one after the other, so that nothing is saved twice.

First the levers that change no answer (`llmaudit.levers`), in their stated order, then the routing plan that saves
most, its certified moves before its unproven ones. A step takes, in each group of gateway, model, tier and feature, its
share of the group's spend from what the steps before have left there. What it takes is subtracted exactly, so the steps
and what remains add up to the spend to the last digit, and no group can be saved twice, whatever the levers claim.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

import msgspec

from llmaudit.cells import PricedCell
from llmaudit.evidence import Evidence, grouped, spend
from llmaudit.levers import all_levers
from llmaudit.levers.base import Lever, LeverResult
from llmaudit.money import EXACT, ZERO, percent, round_to, times, total
from llmaudit.plans import PlanCost
from llmaudit.plans.placing import Placed
from llmaudit.plans.quality import proven as is_proven

Group = tuple[str | None, str, int | None, str | None]
"""Gateway, model, tier, feature: what a lever's rows are keyed by."""

Kind = Literal["no_risk", "certified", "unproven"]
KINDS: tuple[Kind, ...] = ("no_risk", "certified", "unproven")
PLACES = 12
"""A composed amount is fixed at a picodollar; what that leaves over stays with what remains."""

NOT_ON_ROUTED = frozenset({"markup"})
"""Levers that another model's price has in it already: a plan prices moved requests at the provider's list."""

BOUNDS = ("low", "expected", "high")
ROUTING = {"route", "retry", "fallback", "cache"}
"""What moving requests pays for; a verification pass is a step of its own."""


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One step down from the spend.

    Attributes:
        name: The lever, or `certified`, `unproven`, `verification` for the parts of the plan.
        title: For people.
        kind: no_risk (no model changes), certified (paired outcomes hold) or unproven.
        saved_usd: What it takes off after the steps before it; None where its data is missing. A pass that a plan adds
            is negative.
        left_usd: What remains after it.
        alone_usd: What it would save if it were the only one; steps overlap, so these do not add up.
        alone_low_usd: The same with its assumptions at their worst.
        alone_high_usd: The same at their best.
        requests: Requests it touches.
        evidence: Sentences with numbers.
        assumptions: Sentences.
        missing: What the logs lack for it; None where nothing.
        next_step: What to do about it.
    """

    name: str
    title: str
    kind: Kind
    saved_usd: Decimal | None
    left_usd: Decimal
    alone_usd: Decimal | None
    alone_low_usd: Decimal | None
    alone_high_usd: Decimal | None
    requests: int
    evidence: list[str] = []
    assumptions: list[str] = []
    missing: str | None = None
    next_step: str = ""


class Reach(msgspec.Struct, frozen=True):
    """How far the steps lead at one end of their assumptions: the three parts add up to `saving_usd`."""

    no_risk_usd: Decimal
    certified_usd: Decimal
    unproven_usd: Decimal
    saving_usd: Decimal


class FeatureReach(msgspec.Struct, frozen=True):
    """The same split for one feature, at the expected values; features add up to the whole."""

    feature: str | None
    spend_usd: Decimal
    no_risk_usd: Decimal
    certified_usd: Decimal
    unproven_usd: Decimal
    left_usd: Decimal


class Waterfall(msgspec.Struct, frozen=True, kw_only=True):
    """From spent to reachable.

    Attributes:
        spend_usd: What the requests cost, as far as is known.
        reachable_usd: What remains after every step: `spend_usd - saving_usd`.
        saving_usd: `no_risk_usd + certified_usd + unproven_usd`, exactly.
        no_risk_usd: By levers that change no answer.
        certified_usd: By moves to other models whose answers paired outcomes have shown to hold.
        unproven_usd: By moves that nothing has proven, after the verification passes that the plan adds.
        saving_pct: Of the spend.
        low: The split with every assumption at its worst.
        high: The split with every assumption at its best.
        plan: The routing plan composed in; None where none that moves requests saves anything.
        steps: In the order they are taken.
        by_feature: The split by feature, dearest first.
        caveat: What it cannot tell.
    """

    spend_usd: Decimal
    reachable_usd: Decimal
    saving_usd: Decimal
    no_risk_usd: Decimal
    certified_usd: Decimal
    unproven_usd: Decimal
    saving_pct: float | None
    low: Reach
    high: Reach
    plan: str | None
    steps: list[Step]
    by_feature: list[FeatureReach]
    caveat: str = (
        "Each step takes its share of what the steps before have left, so the order moves dollars between steps but "
        "not the total of those that only take shares. What a step saves on its own is beside it and does not add up. "
        "The unproven part rests on other models' answers and is no promise."
    )


@dataclass(frozen=True)
class _Taken:
    """A step before it is composed: what it saves of each group, standing alone, at each bound."""

    name: str
    title: str
    kind: Kind
    saved: Mapping[str, Mapping[Group, Decimal]]
    requests: int = 0
    evidence: Sequence[str] = ()
    assumptions: Sequence[str] = ()
    missing: str | None = None
    next_step: str = ""
    moved: Mapping[Group, Decimal] = field(default_factory=dict)
    """Present spend of what a plan moves, by group: a plan's prices hold no markup, see `NOT_ON_ROUTED`."""

    @property
    def is_unknown(self) -> bool:
        """Whether nothing can be said, which is not the same as nothing to save."""
        return self.missing is not None and not self.saved["expected"]


def find(evidence: Evidence, levers: Sequence[Lever] | None = None) -> Waterfall:
    """Return the steps from what was spent to what is reachable.

    Args:
        evidence: The evidence.
        levers: Instead of all there are; applied in the order given.
    """
    spent = {group: spend(cells) for group, cells in grouped(evidence.cells, group_of)}
    found = [(lever, evidence.once(lever.find)) for lever in (all_levers() if levers is None else levers)]
    safe = [_lever(lever, result) for lever, result in found]
    plan = best_plan(evidence.plans)
    taken = [*safe, *(_routing(plan) if plan else ())]
    paths = {bound: _compose(spent, taken, bound) for bound in BOUNDS}
    reach = {bound: _reach(taken, path) for bound, path in paths.items()}
    whole = total(spent.values())
    expected = reach["expected"]
    return Waterfall(
        spend_usd=whole,
        reachable_usd=total((whole, -expected.saving_usd)),
        saving_usd=expected.saving_usd,
        no_risk_usd=expected.no_risk_usd,
        certified_usd=expected.certified_usd,
        unproven_usd=expected.unproven_usd,
        saving_pct=percent(expected.saving_usd, whole),
        low=reach["low"],
        high=reach["high"],
        plan=plan.plan.name if plan else None,
        steps=_steps(whole, taken, paths["expected"]),
        by_feature=_by_feature(spent, taken, paths["expected"]),
    )


def group_of(priced: PricedCell) -> Group:
    """Return the group a cell belongs to."""
    cell = priced.cell
    return cell.gateway, cell.model, cell.tier, cell.feature


def best_plan(plans: Iterable[PlanCost]) -> PlanCost | None:
    """Return the plan whose moves to other models save most after its verification passes; None where none saves."""

    def saved(plan: PlanCost) -> Decimal:
        return total((plan.certified_usd, plan.unproven_usd, -plan.verification_usd))

    moving = [plan for plan in plans if plan.moved_requests and saved(plan) > 0]
    return max(moving, key=saved, default=None)


def _lever(lever: Lever, result: LeverResult) -> _Taken:
    saved: dict[str, dict[Group, Decimal]] = {bound: {} for bound in BOUNDS}
    for row in result.rows:
        group = (row.gateway, row.model, row.tier, row.feature)
        for bound, amount in zip(BOUNDS, (row.low_usd, row.saved_usd, row.high_usd), strict=True):
            saved[bound][group] = total((saved[bound].get(group, ZERO), amount))
    return _Taken(
        lever.name,
        lever.title,
        "no_risk",
        saved,
        sum(row.requests for row in result.rows),
        result.evidence,
        result.assumptions,
        result.missing,
        lever.next_step,
    )


def _routing(plan: PlanCost) -> list[_Taken]:
    """Return a plan's parts: certified moves, unproven moves, and the verification passes it adds."""
    name = plan.plan.name
    moves = [one for one in plan.placed if one.target or any(leg.kind == "cache" for leg in one.legs)]
    proven = [one for one in moves if _is_certified(plan, one)]
    open_ = [one for one in moves if not _is_certified(plan, one)]
    certified = _moved(
        "certified",
        f"Certified routing, plan {name}",
        proven,
        "Move these requests; keep watching the scores.",
    )
    unproven = _moved(
        "unproven",
        f"Unproven routing, plan {name}",
        open_,
        "Run a shadow test on this traffic before moving it: `llmaudit shadow design`.",
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
) -> _Taken:
    saved: dict[str, dict[Group, Decimal]] = {bound: {} for bound in BOUNDS}
    moved: dict[Group, Decimal] = {}
    for one in moves:
        group, now = group_of(one.priced), (one.priced.spend_usd or ZERO) if one.target else ZERO
        moved[group] = total((moved.get(group, ZERO), now))
        for bound, cost in _costs(one, ROUTING if one.target else {"cache"}).items():
            saved[bound][group] = total((saved[bound].get(group, ZERO), now, -cost))
    count = sum(one.priced.cell.requests for one in moves)
    return _Taken(kind, title, kind, saved, count, assumptions=assumptions, next_step=next_step, moved=moved)


def _passes(plan: PlanCost, kind: Kind) -> _Taken:
    saved: dict[str, dict[Group, Decimal]] = {bound: {} for bound in BOUNDS}
    checked = [one for one in plan.placed if any(leg.kind == "verify" for leg in one.legs)]
    for one in checked:
        group = group_of(one.priced)
        for bound, cost in _costs(one, {"verify"}).items():
            saved[bound][group] = total((saved[bound].get(group, ZERO), -cost))
    return _Taken(
        "verification",
        f"Verification passes, plan {plan.plan.name}",
        kind,
        saved,
        sum(one.priced.cell.requests for one in checked),
        next_step="Leave the passes out only where an error is cheap.",
    )


def _costs(one: Placed, kinds: Collection[str]) -> dict[str, Decimal]:
    """Return what the legs of some kinds cost on a cell; the low end of a saving is the high end of a cost."""
    legs = [leg for leg in one.legs if leg.kind in kinds]
    return {
        "low": total(leg.high.of(one.priced) for leg in legs),
        "expected": total(leg.expected.of(one.priced) for leg in legs),
        "high": total(leg.low.of(one.priced) for leg in legs),
    }


def _compose(spent: Mapping[Group, Decimal], taken: Sequence[_Taken], bound: str) -> list[dict[Group, Decimal]]:
    """Return what each step takes of each group after the steps before it."""
    left = dict(spent)
    not_on_routed = dict.fromkeys(spent, ZERO)
    path: list[dict[Group, Decimal]] = []
    for step in taken:
        took: dict[Group, Decimal] = {}
        for group, alone in step.saved[bound].items():
            whole = spent.get(group, ZERO)
            if whole <= 0:  # nothing is known to have been spent there: nothing can be taken, but more can be paid
                took[group] = min(alone, ZERO) if group in spent else ZERO
                left[group] = total((left.get(group, ZERO), -took[group]))
                continue
            moved = step.moved.get(group, ZERO)
            gone = not_on_routed[group] if moved else ZERO
            base = total((whole, -gone))
            own = total((alone, -_part(gone, moved, whole)))
            took[group] = min(_part(left[group], own, base), left[group]) if base > 0 else ZERO
            left[group] = total((left[group], -took[group]))
            if step.name in NOT_ON_ROUTED:
                not_on_routed[group] = total((gone, min(alone, whole)))
        path.append(took)
    return path


def _part(amount: Decimal, share: Decimal, whole: Decimal) -> Decimal:
    """Return an amount times a share of a whole, to the picodollar."""
    return round_to(EXACT.divide(times(amount, share), whole), PLACES)


def _reach(taken: Sequence[_Taken], path: Sequence[Mapping[Group, Decimal]]) -> Reach:
    sums = {
        kind: total(
            amount for step, took in zip(taken, path, strict=True) if step.kind == kind for amount in took.values()
        )
        for kind in KINDS
    }
    return Reach(sums["no_risk"], sums["certified"], sums["unproven"], total(sums.values()))


def _steps(whole: Decimal, taken: Sequence[_Taken], path: Sequence[Mapping[Group, Decimal]]) -> list[Step]:
    left, steps = whole, []
    for step, took in zip(taken, path, strict=True):
        saved = total(took.values())
        left = total((left, -saved))
        alone = {bound: None if step.is_unknown else total(step.saved[bound].values()) for bound in BOUNDS}
        steps.append(
            Step(
                name=step.name,
                title=step.title,
                kind=step.kind,
                saved_usd=None if step.is_unknown else saved,
                left_usd=left,
                alone_usd=alone["expected"],
                alone_low_usd=alone["low"],
                alone_high_usd=alone["high"],
                requests=step.requests,
                evidence=list(step.evidence),
                assumptions=list(step.assumptions),
                missing=step.missing,
                next_step=step.next_step,
            )
        )
    return steps


def _by_feature(
    spent: Mapping[Group, Decimal], taken: Sequence[_Taken], path: Sequence[Mapping[Group, Decimal]]
) -> list[FeatureReach]:
    features: dict[str | None, dict[str, Decimal]] = {}

    def add(group: Group, part: str, amount: Decimal) -> None:
        parts = features.setdefault(group[3], dict.fromkeys(("spend", *KINDS), ZERO))
        parts[part] = total((parts[part], amount))

    for group, amount in spent.items():
        add(group, "spend", amount)
    for step, took in zip(taken, path, strict=True):
        for group, amount in took.items():
            add(group, step.kind, amount)
    rows = [
        FeatureReach(
            feature=feature,
            spend_usd=parts["spend"],
            no_risk_usd=parts["no_risk"],
            certified_usd=parts["certified"],
            unproven_usd=parts["unproven"],
            left_usd=total((parts["spend"], *(-parts[kind] for kind in KINDS))),
        )
        for feature, parts in features.items()
    ]
    return sorted(rows, key=lambda row: (-row.spend_usd, row.feature is None, row.feature or ""))
