"""Forgone arbitrage: the better of another seller of the same model and a cheaper model of the same class."""

from __future__ import annotations

from decimal import Decimal

from llmaudit.dependence.arbitrage import Arbitrage, arbitrage
from llmaudit.dependence.elsewhere import Elsewhere, elsewhere
from llmaudit.evidence import Evidence
from llmaudit.money import ZERO, total
from llmaudit.plans.quality import by_tier


def sold_elsewhere(evidence: Evidence) -> list[Elsewhere]:
    """Return every model in the traffic with its other sellers."""
    return elsewhere(evidence.cells, evidence.catalog)


def cheaper_in_class(evidence: Evidence) -> list[Arbitrage]:
    """Return every model and tier that a cheaper model of the same class serves too."""
    certified = evidence.plans[0].certified if evidence.plans else frozenset()
    return arbitrage(evidence.cells, evidence.catalog, by_tier(certified))


def forgone_usd(evidence: Evidence) -> Decimal:
    """Return the better of both ways for each model and tier, added up: no request counts twice."""
    by_seller: dict[tuple[str, int | None], Decimal] = {}
    for sold in evidence.once(sold_elsewhere):
        for tier, saved in sold.by_tier.items():
            by_seller[sold.model, tier] = total((by_seller.get((sold.model, tier), ZERO), saved))
    by_model: dict[tuple[str, int | None], Decimal] = {
        (row.model, row.tier): row.saving_usd for row in evidence.once(cheaper_in_class)
    }
    places = by_seller.keys() | by_model.keys()
    return total(max(by_seller.get(place, ZERO), by_model.get(place, ZERO)) for place in places)
