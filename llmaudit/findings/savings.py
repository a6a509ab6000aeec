"""What each plan would have cost, and how much of its saving is proven."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from llmaudit.evidence import Evidence
from llmaudit.money import EXACT, percent, total
from llmaudit.plans import PlanCost
from llmaudit.plans.constraints import JudgedConstraint, judge
from llmaudit.plans.evaluate import Outcome, RefusalRow
from llmaudit.summaries.latency import LatencyBucket


class LegRow(msgspec.Struct, frozen=True):
    """Part of a plan: requests of one tier that one model serves, one way.

    Attributes:
        kind: keep (same model), route (another model), retry (failed attempts of it), fallback (what the first model
            never answers), cache (cached tokens read anew on a model that stays) or verify (a second pass).
        tier: Tier of the requests; None is unknown.
        model_before: The model that served them; None where it is several.
        model: The model under the plan; None for a pass priced by a ratio.
        requests: How many.
        before_usd: What they cost now; None for what comes on top of an answer, which has no before.
        cost_usd: What the leg would cost.
    """

    kind: str
    tier: int | None
    model_before: str | None
    model: str | None
    requests: int
    before_usd: Decimal | None
    cost_usd: Decimal


class Assumption(msgspec.Struct, frozen=True):
    """What one kind of assumption is worth.

    Attributes:
        name: Its name.
        low_usd: The plan's cost with it alone at its cheap end, everything else as expected.
        high_usd: With it alone at its high end.
        worth_usd: The difference.
        details: What is assumed of which model, and where that is from.
    """

    name: str
    low_usd: Decimal
    high_usd: Decimal
    worth_usd: Decimal
    details: list[str]


class Affected(msgspec.Struct, frozen=True):
    """Requests that a plan would move and cannot, or of which it is not known whether it can.

    Attributes:
        reason: A slug.
        sentence: For people.
        requests: How many.
        requests_pct: Of all requests whose cost is known.
        spend_usd: What they cost now.
        spend_pct: Of the present cost.
    """

    reason: str
    sentence: str
    requests: int
    requests_pct: float | None
    spend_usd: Decimal
    spend_pct: float | None


class PlanRow(msgspec.Struct, frozen=True):
    """One plan.

    Attributes:
        name: Its name.
        title: One line.
        cost_usd: What the same traffic would have cost, with the stated assumptions.
        low_usd: With the assumptions at their cheap ends.
        high_usd: With the assumptions at their high ends.
        savings_usd: Present cost minus `cost_usd`.
        savings_low_usd: Present cost minus `high_usd`: what is saved if every assumption goes wrong.
        savings_pct: Of the present cost.
        moved_requests: Requests that another model would answer.
        unproven_usd: The part of the saving that rests on another model's answers and that nothing has proven.
        certified_usd: The part that rests on another model's answers, which a shadow test has shown to hold.
        no_risk_usd: What the plan saves without another answer (a gateway left out, a batch interface).
        verification_usd: What its verification passes cost. It is
            `savings = unproven + certified + no_risk - verification`.
        unknown_requests: Requests left out on both sides, because their present cost is unknown.
        refused: Requests a rule wanted to move but could not, by reason.
        assumptions: Sentences.
        legs: The parts; their costs add up to `cost_usd`.
        calls_now: Calls that end with a good answer now.
        calls: Calls that would, as expected: a fraction of one where a chain of models may not answer.
        cost_per_call_now_usd: Present cost for a call with a good answer; None without any.
        cost_per_call_usd: The same under the plan.
        cost_per_request_now_usd: Present cost for a request.
        cost_per_request_usd: Under the plan, for a request that is made now.
        assumption_table: What each kind of assumption is worth, the widest first.
        refusals: Requests a rule wanted to move but could not, with their share.
        doubts: Requests that move though it is not known whether the model can serve them.
        constraints: How the plan holds its constraints.
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
    calls_now: int
    calls: float
    cost_per_call_now_usd: Decimal | None
    cost_per_call_usd: Decimal | None
    cost_per_request_now_usd: Decimal | None
    cost_per_request_usd: Decimal | None
    assumption_table: list[Assumption]
    refusals: list[Affected]
    doubts: list[Affected]
    constraints: list[JudgedConstraint]


class Savings(msgspec.Struct, frozen=True):
    """Every plan beside the present cost."""

    actual_usd: Decimal | None
    plans: list[PlanRow]
    caveat: str = (
        "A saving from another model is unproven until paired outcomes show that its answers hold up. Per-request "
        "figures for another model are estimates; quote only the sums."
    )


def find(evidence: Evidence) -> Savings:
    """Return what each plan would have cost."""
    actual = evidence.plans[0].actual_usd if evidence.plans else None
    rows = evidence.rows(LatencyBucket)
    judged = [judge(plan, evidence.catalog, rows, evidence.outcomes) for plan in evidence.plans]
    plans = [plan_row(plan, constraints) for plan, constraints in zip(evidence.plans, judged, strict=True)]
    return Savings(actual_usd=actual, plans=plans)


def plan_row(result: PlanCost, constraints: list[JudgedConstraint] | None = None) -> PlanRow:
    """Return one plan's figures and its legs.

    Args:
        result: The plan's cost.
        constraints: How it holds its constraints.
    """
    saved = result.actual_usd - result.cost_usd
    requests = sum(part.sums.requests for part in result.parts)
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
        legs=_legs(result.outcomes),
        calls_now=result.traffic.answered,
        calls=float(result.answered),
        cost_per_call_now_usd=_each(result.actual_usd, Decimal(result.traffic.answered)),
        cost_per_call_usd=_each(result.cost_usd, result.answered),
        cost_per_request_now_usd=_each(result.actual_usd, Decimal(requests)),
        cost_per_request_usd=_each(result.cost_usd, Decimal(requests)),
        assumption_table=[
            Assumption(row.name, row.low_usd, row.high_usd, row.high_usd - row.low_usd, list(row.details))
            for row in result.tornado
        ],
        refusals=_affected(result.refusals, requests, result.actual_usd),
        doubts=_affected(result.doubts, requests, result.actual_usd),
        constraints=constraints or [],
    )


def _each(amount: Decimal, count: Decimal) -> Decimal | None:
    return EXACT.divide(amount, count) if count else None


def _affected(rows: list[RefusalRow], requests: int, actual: Decimal) -> list[Affected]:
    return [
        Affected(
            row.reason,
            row.sentence,
            row.requests,
            100 * row.requests / requests if requests else None,
            row.spend_usd,
            percent(row.spend_usd, actual),
        )
        for row in rows
    ]


def _legs(outcomes: list[Outcome]) -> list[LegRow]:
    rows: dict[tuple[str, int | None, str | None, str | None], list[Outcome]] = {}
    for one in outcomes:
        rows.setdefault((one.leg.kind, one.part.tier, one.part.model, one.leg.model), []).append(one)
    found = [
        LegRow(
            kind=kind,
            tier=tier,
            model_before=before,
            model=model,
            requests=sum(one.part.sums.requests for one in parts),
            before_usd=total(firsts)
            if (firsts := [one.part.sums.spend_usd for one in parts if one.is_first])
            else None,
            cost_usd=total(one.cost_usd for one in parts),
        )
        for (kind, tier, before, model), parts in rows.items()
    ]
    return sorted(found, key=lambda row: (row.kind, -row.cost_usd, str(row.tier), str(row.model_before)))
