"""Which list price a request or a cell is compared with, and under which conditions.

The list is the seller's. If the seller is a gateway, it is the list of the maker of the model.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

from llmaudit.catalog import Catalog, Conditions, NoRates, Offer
from llmaudit.catalog.quote import cost
from llmaudit.cells import PricedCell, rates_of
from llmaudit.summaries.billed import BilledRequest


def conditions_of(row: BilledRequest, catalog: Catalog) -> Conditions:
    """Return what the price of a request depends on, as its cell has it: its size by the band between price steps."""
    edges = catalog.price_edges()
    return Conditions(
        row.price_slot,
        edges[bisect_right(edges, sum(row.tokens[:-1])) - 1],
        row.service_tier,
        bool(row.is_batch),
        row.region_class,
        at_is_start=row.slot_by != "completion",
        is_thinking=row.is_thinking,
        is_folded=True,
    )


def list_offer(catalog: Catalog, seller: str | None, sku: str | None) -> Offer | None:
    """Return the offer whose price is the list: the seller's own, but never a gateway's.

    A gateway that resells under its own name is compared with who made the model; only where the maker sells nothing
    under that name does the gateway's own price stand in, and then no markup can be seen in it.
    """
    offer = catalog.offer(seller, sku)
    if offer is None or catalog.kind(offer.seller) != "gateway":
        return offer
    return makers_offer(catalog, offer) or offer


def makers_offer(catalog: Catalog, offer: Offer) -> Offer | None:
    """Return what the maker of a model sells it as, or None."""
    name = offer.sku.sku.partition(":")[0].rpartition("/")[2]
    for candidate in (catalog.canonical(offer.sku.model), catalog.find(name).offer):
        if candidate is not None and catalog.kind(candidate.seller) == "provider":
            return candidate
    return None


def at_makers_list(cells: Sequence[PricedCell], catalog: Catalog) -> list[PricedCell]:
    """Return cells that a gateway sold under its own price list, priced at the list of who made the model."""
    return [_at_makers_list(priced, catalog) for priced in cells]


def _at_makers_list(priced: PricedCell, catalog: Catalog) -> PricedCell:
    offer = priced.offer
    if offer is None or priced.rates is None or catalog.kind(offer.seller) != "gateway":
        return priced
    maker = makers_offer(catalog, offer)
    rates = rates_of(priced.cell, maker, catalog) if maker else None
    quantities = priced.cell.quantities
    if maker is None or rates is None or isinstance(rates, NoRates) or rates.lacking(quantities):
        return priced
    listed, low, high = (cost(quantities, factors) for factors in (rates.expected, rates.low, rates.high))
    return PricedCell(priced.cell, maker, rates, listed, low, high)
