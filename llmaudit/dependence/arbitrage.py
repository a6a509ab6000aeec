"""A cheaper model of the same class that already answers the same tier: what staying with the expensive one costs.

The evidence is the log itself: a model qualifies for a tier if it gave at least `LEAST` good answers there. That shows
that it is trusted with the tier, not that its answers are as good. So the dollars are unproven unless paired outcomes
certify the move.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

import msgspec

from llmaudit.catalog import Catalog
from llmaudit.cells import PricedCell
from llmaudit.dependence.folding import folded
from llmaudit.money import total
from llmaudit.plans import Plan, PlanCost, evaluate
from llmaudit.plans.model import Rule, When
from llmaudit.plans.quality import TierMove

LEAST = 30
"""Good answers in a tier after which a model is said to serve it."""

Place = tuple[int, str]
"""A tier and a model."""


class Arbitrage(msgspec.Struct, frozen=True, kw_only=True):
    """One model in one tier, and the cheapest of its class that serves the tier too.

    Attributes:
        tier: 0 to 3.
        model_class: Of both models.
        model: The more expensive one.
        instead: The cheaper one.
        good_answers: Good answers of the cheaper one in this tier.
        requests: Requests that would move.
        spend_usd: What they cost now.
        saving_usd: Minus what they would cost: list price, tokens by the tokenizers' ratio, answers as long.
        low_usd: With every assumption at its worst.
        high_usd: With every assumption at its best.
        certified_usd: The part of it that paired outcomes certify.
    """

    tier: int
    model_class: str
    model: str
    instead: str
    good_answers: int
    requests: int
    spend_usd: Decimal
    saving_usd: Decimal
    low_usd: Decimal
    high_usd: Decimal
    certified_usd: Decimal


def arbitrage(
    cells: Iterable[PricedCell], catalog: Catalog, certified: frozenset[TierMove] = frozenset()
) -> list[Arbitrage]:
    """Return what each model could have saved within its tier and class, most first.

    Args:
        cells: The traffic.
        catalog: The prices.
        certified: Moves whose answers paired outcomes have shown to hold; they need no good answers in the log.
    """
    places: dict[Place, list[PricedCell]] = {}
    for priced in folded(cells, catalog):
        if priced.cell.tier is not None and priced.cell.status == "ok" and priced.model_class:
            places.setdefault((priced.cell.tier, priced.cell.model), []).append(priced)
    answers = {place: sum(one.cell.requests for one in group) for place, group in places.items()}
    found = [_best(place, group, answers, places, catalog, certified) for place, group in places.items()]
    return sorted((row for row in found if row), key=lambda row: (-row.saving_usd, row.tier, row.model))


def _best(
    place: Place,
    group: Sequence[PricedCell],
    answers: Mapping[Place, int],
    places: Mapping[Place, Sequence[PricedCell]],
    catalog: Catalog,
    certified: frozenset[TierMove],
) -> Arbitrage | None:
    tier, model = place
    name = group[0].model_class or ""
    shown = [
        other
        for (at, other), count in answers.items()
        if at == tier and other != model and count >= LEAST and places[at, other][0].model_class == name
    ]
    proven = [str(to) for at, before, to in certified if at == tier and before == model and to]
    plans = [_moved(place, other, group, catalog, certified) for other in dict.fromkeys((*proven, *shown))]
    best = min((plan for plan in plans if plan and plan.moved_requests), key=_cost, default=None)
    if best is None or best.cost_usd >= best.actual_usd:
        return None
    instead = best.plan.rules[0].use or ""
    return Arbitrage(
        tier=tier,
        model_class=name,
        model=model,
        instead=instead,
        good_answers=answers.get((tier, instead), 0),
        requests=best.moved_requests,
        spend_usd=best.actual_usd,
        saving_usd=total((best.actual_usd, -best.cost_usd)),
        low_usd=total((best.actual_usd, -best.high_usd)),
        high_usd=total((best.actual_usd, -best.low_usd)),
        certified_usd=best.certified_usd,
    )


def _cost(plan: PlanCost) -> tuple[Decimal, str]:
    return plan.cost_usd, plan.plan.name


def _moved(
    place: Place, other: str, group: Sequence[PricedCell], catalog: Catalog, certified: frozenset[TierMove]
) -> PlanCost | None:
    if catalog.canonical(other) is None:
        return None
    rule = Rule(when=When(tier=place[0], model=place[1]), use=other)
    return evaluate(Plan(name=other, rules=[rule]), group, catalog, certified)
