"""What each plan would have cost, and how much of its saving is proven."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from llmaudit.evidence import Evidence
from llmaudit.money import percent, total
from llmaudit.plans import PlanCost
from llmaudit.plans.evaluate import Placed


class LegRow(msgspec.Struct, frozen=True):
    """Part of a plan: requests of one tier that one model serves, one way.

    Attributes:
        kind: keep (same model), route (another model) or verify (a second pass).
        tier: Tier of the requests; None is unknown.
        model_before: The model that served them; None where it is several.
        model: The model under the plan; None for a pass priced by a ratio.
        requests: How many.
        before_usd: What they cost now; None for a verification pass, which has no before.
        cost_usd: What the leg would cost.
    """

    kind: str
    tier: int | None
    model_before: str | None
    model: str | None
    requests: int
    before_usd: Decimal | None
    cost_usd: Decimal


class PlanRow(msgspec.Struct, frozen=True):
    """One plan.

    Attributes:
        name: Its name.
        title: One line.
        cost_usd: What the same traffic would have cost, with the stated assumptions.
        low_usd: With the assumptions at their cheap ends.
        high_usd: With the assumptions at their dear ends.
        savings_usd: Present cost minus `cost_usd`.
        savings_low_usd: Present cost minus `high_usd`: what is saved if every assumption goes wrong.
        savings_pct: Of the present cost.
        moved_requests: Requests that another model would answer.
        unproven_usd: The part of the saving that rests on another model's answers and that nothing has proven.
        certified_usd: The part that rests on another model's answers, which a shadow test has shown to hold.
        no_risk_usd: What the plan saves without another answer (a gateway left out).
        verification_usd: What its verification passes cost. It is
            `savings = unproven + certified + no_risk - verification`.
        unknown_requests: Requests left out on both sides, because their present cost is unknown.
        refused: Requests a rule wanted to move but could not, by reason.
        assumptions: Sentences.
        legs: The parts; their costs add up to `cost_usd`.
    """

    name: str
    title: str
    cost_usd: Decimal
    low_usd: Decimal
    high_usd: Decimal
    savings_usd: Decimal
    savings_low_usd: Decimal
    savings_pct: float | None
    moved_requests: int
    unproven_usd: Decimal
    certified_usd: Decimal
    no_risk_usd: Decimal
    verification_usd: Decimal
    unknown_requests: int
    refused: dict[str, int]
    assumptions: list[str]
    legs: list[LegRow]


class Savings(msgspec.Struct, frozen=True):
    """Every plan beside the present cost."""

    actual_usd: Decimal | None
    plans: list[PlanRow]
    caveat: str = (
        "A saving from another model is unproven until paired outcomes show that its answers hold. Per-request figures "
        "of another model are estimates; only sums are meant to be read."
    )


def find(evidence: Evidence) -> Savings:
    """Return what each plan would have cost."""
    actual = evidence.plans[0].actual_usd if evidence.plans else None
    return Savings(actual_usd=actual, plans=[plan_row(plan) for plan in evidence.plans])


def plan_row(result: PlanCost) -> PlanRow:
    """Return one plan's figures and its legs."""
    saved = result.actual_usd - result.cost_usd
    return PlanRow(
        name=result.plan.name,
        title=result.plan.title or result.plan.name,
        cost_usd=result.cost_usd,
        low_usd=result.low_usd,
        high_usd=result.high_usd,
        savings_usd=saved,
        savings_low_usd=result.actual_usd - result.high_usd,
        savings_pct=percent(saved, result.actual_usd),
        moved_requests=result.moved_requests,
        unproven_usd=result.unproven_usd,
        certified_usd=result.certified_usd,
        no_risk_usd=saved - result.unproven_usd - result.certified_usd + result.verification_usd,
        verification_usd=result.verification_usd,
        unknown_requests=result.unknown_requests,
        refused=result.refused,
        assumptions=list(result.assumptions),
        legs=_legs(result.placed),
    )


def _legs(placed: list[Placed]) -> list[LegRow]:
    rows: dict[tuple[str, int | None, str | None, str | None], list[tuple[Placed, Decimal]]] = {}
    for one in placed:
        for leg in one.legs:
            key = (leg.kind, one.priced.cell.tier, one.priced.cell.model, leg.model)
            rows.setdefault(key, []).append((one, leg.expected.of(one.priced)))
    found = [
        LegRow(
            kind=kind,
            tier=tier,
            model_before=before,
            model=model,
            requests=sum(one.priced.cell.requests for one, _ in parts),
            before_usd=None if kind == "verify" else total(one.priced.spend_usd or Decimal(0) for one, _ in parts),
            cost_usd=total(cost for _, cost in parts),
        )
        for (kind, tier, before, model), parts in rows.items()
    ]
    return sorted(found, key=lambda row: (row.kind, -row.cost_usd, str(row.tier), str(row.model_before)))
