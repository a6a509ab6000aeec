"""Overspecification: what simple requests on flagships cost, and what the cheaper model of a plan would have cost.

By tier and feature, and by team. The reference model is the one the plan `tiered` sends those requests to. The range
holds both what the plan assumes of that model and how often tags are wrong (`llmaudit.tiers.confusion`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal

import msgspec

from llmaudit.cells import PricedCell
from llmaudit.evidence import Evidence, grouped, requests, spend
from llmaudit.money import percent, times, total
from llmaudit.plans.placing import Placed
from llmaudit.plans.quality import proven

REFERENCE = "tiered"
LOW_TIERS = frozenset({0, 1})


class OverRow(msgspec.Struct, frozen=True, kw_only=True):
    """Requests of tier 0 or 1 on flagships that share a tier and feature, or a team.

    Attributes:
        tier: 0 or 1; None for a row by team, which holds both.
        name: The feature or the team; None is not attributed.
        requests: Requests the plan would move.
        spend_usd: What they cost on the flagship.
        reference_usd: What they would have cost on the cheaper model.
        excess_usd: The difference.
        low_usd: With the plan's assumptions at their worst, without the share that wrongly got a low tier.
        high_usd: With the assumptions at their best.
        share_pct: Of all the requests of that tier and feature (team), those that run on flagships.
        reference: The cheaper models.
    """

    tier: int | None
    name: str | None
    requests: int
    spend_usd: Decimal
    reference_usd: Decimal
    excess_usd: Decimal
    low_usd: Decimal
    high_usd: Decimal
    share_pct: float | None
    reference: list[str]


class Overspecification(msgspec.Struct, frozen=True, kw_only=True):
    """Simple requests on flagships.

    Attributes:
        plan: The plan that names the cheaper model.
        requests: Requests of tier 0 and 1 on flagships that it would move.
        spend_usd: What they cost.
        reference_usd: What they would have cost.
        excess_usd: The difference; rows add up to it.
        certified_usd: The part of it whose moves paired outcomes certify.
        low_usd: At its worst.
        high_usd: At its best.
        wrongly_low_pct: Of requests tagged 0 or 1, the most that may need tier 2 or 3.
        refused_requests: Requests of tier 0 and 1 on flagships that the plan cannot move, or that failed.
        by_feature: By tier and feature, most excess first.
        by_team: By team.
    """

    plan: str
    requests: int
    spend_usd: Decimal
    reference_usd: Decimal
    excess_usd: Decimal
    certified_usd: Decimal
    low_usd: Decimal
    high_usd: Decimal
    wrongly_low_pct: float
    refused_requests: int
    by_feature: list[OverRow]
    by_team: list[OverRow]
    caveat: str = (
        "A log cannot tell whether the cheaper model's answers would have been good enough: the difference is unproven "
        "as far as no paired outcomes certify it. The low end excludes requests that may have been tagged too low."
    )


def find(evidence: Evidence) -> Overspecification | None:
    """Return what simple requests on flagships cost too much; None without the reference plan or such requests."""
    plan = next((one for one in evidence.plans if one.plan.name == REFERENCE), None)
    simple = [priced for priced in evidence.cells if priced.cell.tier in LOW_TIERS]
    if plan is None or not simple:
        return None
    moved = [one for one in plan.placed if one.moved and _is_simple_on_flagship(one.priced)]
    certified = [one for one in moved if one.target and proven(plan.certified, one.priced.cell, one.target)]
    high = requests(priced for priced in evidence.cells if priced.cell.tier in {2, 3})
    wrongly_low, _ = evidence.confusion.wrong_ends(requests(simple), high)
    kept_share = Decimal(f"{1 - wrongly_low:.4f}")
    whole = _row((None, None), moved, simple, kept_share)
    return Overspecification(
        plan=plan.plan.name,
        requests=whole.requests,
        spend_usd=whole.spend_usd,
        reference_usd=whole.reference_usd,
        excess_usd=whole.excess_usd,
        certified_usd=_row((None, None), certified, simple, kept_share).excess_usd,
        low_usd=whole.low_usd,
        high_usd=whole.high_usd,
        wrongly_low_pct=100 * wrongly_low,
        refused_requests=requests(one for one in simple if _is_simple_on_flagship(one)) - whole.requests,
        by_feature=_rows(moved, simple, lambda priced: (priced.cell.tier, priced.cell.feature), kept_share),
        by_team=_rows(moved, simple, lambda priced: (None, priced.cell.team), kept_share),
    )


def _is_simple_on_flagship(priced: PricedCell) -> bool:
    return priced.cell.tier in LOW_TIERS and priced.model_class == "flagship"


Key = tuple[int | None, str | None]


def _rows(
    moved: Iterable[Placed], simple: Iterable[PricedCell], key: Callable[[PricedCell], Key], kept: Decimal
) -> list[OverRow]:
    groups: dict[Key, list[Placed]] = {}
    for one in moved:
        groups.setdefault(key(one.priced), []).append(one)
    everything = dict(grouped(simple, key))
    rows = [_row(name, group, everything.get(name, []), kept) for name, group in groups.items()]
    return sorted(rows, key=lambda row: (-row.excess_usd, row.tier or 0, row.name is None, row.name or ""))


def _row(key: Key, group: Sequence[Placed], everything: Sequence[PricedCell], kept: Decimal) -> OverRow:
    legs = [(one.priced, leg) for one in group for leg in one.legs if leg.kind == "route"]
    now = spend(one.priced for one in group)
    costs = [total(getattr(leg, bound).of(priced) for priced, leg in legs) for bound in ("low", "expected", "high")]
    low, expected, high = (total((now, -cost)) for cost in reversed(costs))
    return OverRow(
        tier=key[0],
        name=key[1],
        requests=requests(one.priced for one in group),
        spend_usd=now,
        reference_usd=costs[1],
        excess_usd=expected,
        low_usd=times(low, kept),
        high_usd=high,
        share_pct=percent(
            Decimal(requests(one for one in everything if one.model_class == "flagship")), Decimal(requests(everything))
        ),
        reference=sorted({leg.model for _, leg in legs if leg.model}),
    )
