"""`use: cheapest`: the models a rule may choose from, and the cheapest of them for each cell."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
from msgspec.structs import replace

from llmaudit.arrays import Ints
from llmaudit.catalog import Catalog, Offer
from llmaudit.catalog.units import PRICED
from llmaudit.plans.legs import Leg
from llmaudit.plans.model import MAIN, SAME, Among, Plan, listed
from llmaudit.plans.traffic import Traffic

NONE = -1
NEVER = (np.inf,) * len(PRICED)

Movable = Callable[[Offer], tuple[Ints, list[Leg | None]]]
"""Groups the cells for an offer: the group of each, and what each group would pay there, None where it cannot go."""


def candidates(among: Among, catalog: Catalog) -> list[Offer]:
    """Return the models a rule chooses from, by name, each as its maker sells it.

    A model has to have a class in the catalog: what has none is no chat model, or nobody has looked at it.

    Args:
        among: What they have to be.
        catalog: Every model.
    """
    named = [offer for model in among.models if (offer := catalog.canonical(model))]
    pool = named if among.models else [offer for offer in catalog.offers() if _is_own(offer, catalog)]
    makers = set(listed(among.provider))
    classes = set() if among.model_class == SAME else set(listed(among.model_class))
    offer_by_model = {
        offer.sku.model: offer
        for offer in pool
        if (not makers or offer.sku.model.partition("/")[0] in makers)
        and (not classes or offer.sku.model_class in classes)
        and (among.open_weights is None or catalog.abilities(offer.sku.model).open_weights is among.open_weights)
    }
    return [offer_by_model[model] for model in sorted(offer_by_model)]


def _is_own(offer: Offer, catalog: Catalog) -> bool:
    """Say whether an offer is a chat model as its own maker sells it; the examples of the manual are nobody's."""
    return (
        offer.sku.model_class is not None
        and offer.sku.model.partition("/")[0] == offer.seller
        and catalog.kind(offer.seller) == "provider"
        and catalog.canonical(offer.sku.model) == offer
    )


def cheapest(
    offers: Sequence[Offer], traffic: Traffic, where: npt.NDArray[np.bool_], movable: Movable, *, same_class: bool
) -> Ints:
    """Return the place of the cheapest offer for each cell, `NONE` where none can serve it or it is not asked about.

    Costs are compared as doubles, which choose between models and are shown to nobody; of equals the first counts.
    The model a cell has now is a candidate like any other.

    Args:
        offers: What to choose from.
        traffic: The cells.
        where: The cells asked about.
        movable: What each would pay where.
        same_class: Whether an offer has to be of the class of the cell's present model.
    """
    rows = np.flatnonzero(where)
    best, chosen = np.full(len(rows), np.inf), np.full(len(rows), NONE, np.int64)
    quantities = traffic.floats[rows]
    for place, offer in enumerate(offers):
        labels, legs = movable(offer)
        rates = np.array([_rates(leg) for leg in legs]).reshape(-1, len(PRICED))[labels[rows]]
        with np.errstate(invalid="ignore"):  # infinity times no tokens is no number, and not less than anything
            cost = (quantities * rates).sum(axis=1)
        if same_class:
            cost[~traffic.attributes.having("model_class", offer.sku.model_class)[rows]] = np.inf
        better = cost < best
        best[better], chosen[better] = cost[better], place
    choice = np.full(len(traffic.cells), NONE, np.int64)
    choice[rows] = chosen
    return choice


def _rates(leg: Leg | None) -> Sequence[float]:
    """Return a leg's rates; a model without a price for tokens is a free preview, and no plan."""
    return [float(rate) for rate in leg.expected.rates] if leg and any(leg.expected.rates) else NEVER


def resolved(plan: Plan, main_provider: str | None) -> Plan:
    """Return a plan with the maker that `main` means, in conditions and choices."""
    if not any(MAIN in (*listed(r.when.provider), *listed(r.among and r.among.provider)) for r in plan.rules):
        return plan

    def named(makers: str | list[str] | None) -> list[str] | None:
        return None if makers is None else [main_provider or MAIN if m == MAIN else str(m) for m in listed(makers)]

    rules = [
        replace(
            rule,
            when=replace(rule.when, provider=named(rule.when.provider)),
            among=rule.among and replace(rule.among, provider=named(rule.among.provider)),
        )
        for rule in plan.rules
    ]
    return replace(plan, rules=rules)
