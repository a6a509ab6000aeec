"""The same model at another seller: what the same tokens would have cost at its list price.

The model is the same, so answers do not change in kind; but a host of open weights may serve them at another precision,
which no log shows. List is compared with list, so that a gateway's markup is not counted twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal

import msgspec

from llmaudit.catalog import Catalog, NoRates, Offer, Rates
from llmaudit.catalog.quote import cost
from llmaudit.catalog.units import PRICED
from llmaudit.cells import PricedCell, rates_of
from llmaudit.dependence.folding import folded
from llmaudit.money import ZERO, total

RESOLD = {"gateway", "example"}
"""Kinds of seller left out: what a gateway adds is another finding, and examples sell nothing."""


class SellerQuote(msgspec.Struct, frozen=True):
    """What one other seller would have charged for all of a route's tokens, at its list price.

    Attributes:
        seller: The other seller.
        sku: Its name for the model.
        list_usd: As far as is known.
        high_usd: At the highest price that may apply (a region).
    """

    seller: str
    sku: str
    list_usd: Decimal
    high_usd: Decimal


class Elsewhere(msgspec.Struct, frozen=True, kw_only=True):
    """One model as one seller sells it, and where else it is sold.

    Attributes:
        seller: Whose list price applies now.
        model: Canonical name.
        requests: Requests with a list cost.
        list_usd: Their list cost now.
        sellers: Every other seller that could have served all of them, priced in the same units, cheapest first.
        saving_usd: List now minus the cheapest; 0 where none is cheaper.
        sure_usd: The same at the highest price that may apply there against the lowest that may apply here.
        by_tier: `saving_usd` by tier.
    """

    seller: str
    model: str
    requests: int
    list_usd: Decimal
    sellers: list[SellerQuote]
    saving_usd: Decimal
    sure_usd: Decimal
    by_tier: dict[int | None, Decimal]


def elsewhere(cells: Iterable[PricedCell], catalog: Catalog) -> list[Elsewhere]:
    """Return every model in the traffic with the other sellers of it, largest spend first."""
    offers = _offers(catalog)
    groups: dict[tuple[str, str], list[PricedCell]] = {}
    for priced in folded(cells, catalog):
        if priced.offer and catalog.kind(priced.offer.seller) not in RESOLD:
            groups.setdefault((priced.offer.seller, priced.cell.model), []).append(priced)
    found = [_row(key, group, offers.get(key[1], ()), catalog) for key, group in groups.items()]
    return sorted(found, key=lambda row: (-row.list_usd, row.model, row.seller))


def _offers(catalog: Catalog) -> Mapping[str, Sequence[Offer]]:
    found: dict[str, list[Offer]] = {}
    for offer in catalog.offers():
        if catalog.kind(offer.seller) not in RESOLD:
            found.setdefault(offer.sku.model, []).append(offer)
    return found


def _row(key: tuple[str, str], group: Sequence[PricedCell], offers: Iterable[Offer], catalog: Catalog) -> Elsewhere:
    seller, model = key
    last = max(priced.cell.price_slot for priced in group)
    now = total(priced.list_usd or ZERO for priced in group)
    quoted = sorted(_quotes(seller, group, offers, last, catalog), key=lambda pair: (pair[0].list_usd, pair[0].sku))
    cheapest, costs = quoted[0] if quoted else (None, [])
    saves = cheapest is not None and cheapest.list_usd < now
    by_tier: dict[int | None, Decimal] = {}
    for priced, there in zip(group, costs, strict=True) if saves else ():
        tier = priced.cell.tier
        by_tier[tier] = total((by_tier.get(tier, ZERO), priced.list_usd or ZERO, -there))
    low = total(priced.list_low_usd or ZERO for priced in group)
    return Elsewhere(
        seller=seller,
        model=model,
        requests=sum(priced.cell.requests for priced in group),
        list_usd=now,
        sellers=_each_once(quote for quote, _ in quoted),
        saving_usd=total(by_tier.values()),
        sure_usd=max(total((low, -cheapest.high_usd)), ZERO) if cheapest and saves else ZERO,
        by_tier=by_tier,
    )


def _each_once(quotes: Iterable[SellerQuote]) -> list[SellerQuote]:
    """Return each seller's cheapest."""
    return list({quote.seller: quote for quote in reversed(list(quotes))}.values())[::-1]


def _quotes(
    seller: str, group: Sequence[PricedCell], offers: Iterable[Offer], last: datetime, catalog: Catalog
) -> Iterator[tuple[SellerQuote, list[Decimal]]]:
    """Yield what each other seller that could serve all would have charged, in all and for each cell."""
    for offer in offers:
        if offer.seller == seller or (offer.sku.retired_at and offer.sku.retired_at <= last):
            continue
        rates = _all_rates(group, offer, catalog)
        if rates is None:
            continue
        expected = [cost(priced.cell.quantities, one.expected) for priced, one in zip(group, rates, strict=True)]
        high = total(cost(priced.cell.quantities, one.high) for priced, one in zip(group, rates, strict=True))
        yield SellerQuote(offer.seller, offer.sku.sku, total(expected), high), expected


def _all_rates(group: Sequence[PricedCell], offer: Offer, catalog: Catalog) -> list[Rates] | None:
    found = []
    for priced in group:
        rates = _rates(priced, offer, catalog)
        if rates is None:
            return None
        found.append(rates)
    return found


def _rates(priced: PricedCell, offer: Offer, catalog: Catalog) -> Rates | None:
    """Return an offer's rates for a cell; None where it cannot serve it or does not price it in the same units.

    A seller without a price of its own for a kind of token (cache writes, most often) would be priced by the next
    one, and a gap in the catalog would look like a discount.
    """
    if priced.cell.tokens[-1] and catalog.is_too_long(priced.cell.prompt_band, offer):
        return None
    rates, quantities = rates_of(priced.cell, offer, catalog), priced.cell.quantities
    if isinstance(rates, NoRates) or rates.lacking(quantities) or priced.rates is None:
        return None
    here = priced.rates.used
    counted = [name for name, count in zip(PRICED, quantities, strict=True) if count and name in here]
    alike = all(name in rates.used and rates.used[name].unit == here[name].unit for name in counted)
    return rates if alike else None
