"""What can be saved, step by step: every way to pay less, one after another, so that nothing is saved twice.

First come the levers that change no answer (`llmaudit.levers`), in their stated order, then the routing plan that saves
most, its certified moves before its unproven ones. In each group of gateway, model, tier and feature, a step takes its
share of whatever the previous steps have left of the group's spend. That amount is subtracted exactly, so the steps and
the remainder add up to the spend to the last digit, and no group can be saved twice, whatever the levers claim.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

import msgspec

from llmaudit.evidence import Evidence, grouped, spend
from llmaudit.levers import all_levers
from llmaudit.levers.base import Lever
from llmaudit.levers.composing import BOUNDS, KINDS, Group, Kind, Taken, compose, group_of, of_lever
from llmaudit.levers.routing import best_plan, of_plan
from llmaudit.money import ZERO, percent, total


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

    @property
    def sure_usd(self) -> Decimal:
        """What is safe to promise: no answer changes, or those that do held up in paired outcomes."""
        return total((self.no_risk_usd, self.certified_usd))


class FeatureReach(msgspec.Struct, frozen=True):
    """The same split for one feature, at the expected values; features add up to the whole."""

    feature: str | None
    spend_usd: Decimal
    no_risk_usd: Decimal
    certified_usd: Decimal
    unproven_usd: Decimal
    left_usd: Decimal


class Waterfall(msgspec.Struct, frozen=True, kw_only=True):
    """What can be saved, step by step.

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
        by_feature: The split by feature, largest first.
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
        "Each step takes its share of what the earlier steps left, so the order moves dollars between steps but does "
        "not change the total of steps that only take shares. What each step saves on its own is shown beside it; "
        "those figures do not add up. The unproven part depends on other models' answers and is not a promise."
    )

    @property
    def sure_usd(self) -> Decimal:
        """What is safe to promise: no answer changes, or those that do held up in paired outcomes."""
        return total((self.no_risk_usd, self.certified_usd))


def find(evidence: Evidence, levers: Sequence[Lever] | None = None) -> Waterfall:
    """Return the steps from what was spent to what is reachable.

    Args:
        evidence: The evidence.
        levers: Instead of all there are; applied in the order given.
    """
    spent = {group: spend(cells) for group, cells in grouped(evidence.cells, group_of)}
    results = [(lever, evidence.once(lever.find)) for lever in (all_levers() if levers is None else levers)]
    safe = [of_lever(lever, result) for lever, result in results]
    plan = best_plan(evidence.plans)
    taken = [*safe, *(of_plan(plan) if plan else ())]
    paths = {bound: compose(spent, taken, bound) for bound in BOUNDS}
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


def _reach(taken: Sequence[Taken], path: Sequence[Mapping[Group, Decimal]]) -> Reach:
    sums = {
        kind: total(
            amount for step, took in zip(taken, path, strict=True) if step.kind == kind for amount in took.values()
        )
        for kind in KINDS
    }
    return Reach(sums["no_risk"], sums["certified"], sums["unproven"], total(sums.values()))


def _steps(whole: Decimal, taken: Sequence[Taken], path: Sequence[Mapping[Group, Decimal]]) -> list[Step]:
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
    spent: Mapping[Group, Decimal], taken: Sequence[Taken], path: Sequence[Mapping[Group, Decimal]]
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
