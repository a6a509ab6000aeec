"""A reseller's published prices compared with the maker's list on a given day; no requests are needed.

The same ratio on every unit of several models is a markup in the rates. A ratio on a single price, or ratios that
differ by unit, can come from a stale price or another product: they prove nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Literal

import msgspec

from llmaudit.catalog import Catalog, Offer
from llmaudit.catalog.model import Rate, When
from llmaudit.markup.listprice import makers_offer
from llmaudit.money import EXACT

UNITS = ("input", "output", "cache_read", "cache_write_5m", "cache_write_1h")
SAME = Decimal("0.005")
"""Published prices are rounded themselves: ratios within half a percent are one."""

CENT, FEW_PERCENT = Decimal("0.01"), Decimal("0.03")
"""Some publish whole cents a million tokens: 0.34 is 1.3 times 0.26, rounded."""

LEAST_MODELS = 2
"""One model above list can be another product, or a name that has moved; a rule of the seller shows on several."""

CLOUD_REGIONAL = Decimal("1.1")
"""What clouds add for a region, on models whose maker has no such price."""

Standing = Literal["list", "above", "below", "mixed", "regional", "dated"]


class ComparedModel(msgspec.Struct, frozen=True):
    """One model of a reseller.

    Attributes:
        sku: The reseller's id.
        model: Canonical name of what is compared with.
        ratios: Its price over the maker's, by unit.
        standing: list (all 1), above or below (one ratio on all units), mixed (units differ), regional (the ratio is
            that of a regional price of the maker or of a cloud for this model), or dated (it is a price that the maker
            had at another time).
        ratio: The one ratio; None where units differ.
    """

    sku: str
    model: str
    ratios: Mapping[str, Decimal]
    standing: Standing
    ratio: Decimal | None


class RateCard(msgspec.Struct, frozen=True):
    """What a reseller's prices say.

    Attributes:
        seller: The reseller.
        verdict: markup, none, undecidable or undisclosed.
        ratio: The ratio behind a markup, the one on most models; None elsewhere.
        models: Models it stands on.
        compared: Every model that could be compared.
        why: A sentence.
    """

    seller: str
    verdict: Literal["markup", "none", "undecidable", "undisclosed"]
    ratio: Decimal | None
    models: tuple[str, ...]
    compared: tuple[ComparedModel, ...]
    why: str


def rate_card(seller: str, catalog: Catalog, at: datetime) -> RateCard:
    """Return the published prices of a reseller against the makers'.

    Args:
        seller: The reseller's id.
        catalog: The prices.
        at: The instant (naive UTC) at which both are taken.
    """
    offers = [offer for offer in catalog.offers() if offer.seller == seller and ":" not in offer.sku.sku]
    compared = [row for offer in offers if (row := _compared(offer, catalog, at)) is not None]
    row_by_model = {row.model: row for row in sorted(compared, key=lambda row: row.sku, reverse=True)}
    return _judged(seller, sorted(row_by_model.values(), key=lambda row: row.model))


def _judged(seller: str, compared: Sequence[ComparedModel]) -> RateCard:
    if not compared:
        return RateCard(seller, "undisclosed", None, (), (), f"no price of {seller} can be compared with a provider's")
    models_by_ratio: dict[Decimal, list[str]] = {}
    for row in compared:
        if row.standing == "above" and row.ratio is not None and len(row.ratios) > 1:
            models_by_ratio.setdefault(_near(row.ratio, models_by_ratio), []).append(row.model)
    at_list = sum(row.standing == "list" for row in compared)
    count = len(compared)
    if max((len(models) for models in models_by_ratio.values()), default=0) >= LEAST_MODELS:
        ratio, models = max(models_by_ratio.items(), key=lambda item: (_is_round(item[0]), len(item[1]), -item[0]))
        regional_at_ratio = [
            row.model for row in compared if row.standing == "regional" and row.ratio and abs(row.ratio - ratio) <= SAME
        ]
        on = (*models, *regional_at_ratio)
        why = f"{len(on)} of {count} comparable models cost exactly {ratio:.4g} times the provider's list in every unit"
        return RateCard(seller, "markup", ratio, on, tuple(compared), f"{why}; {at_list} are at list")
    regional = [row for row in compared if row.standing == "regional"]
    if regional and at_list * 2 < count:
        why = (
            f"{len(regional)} of {count} models are above list by exactly the ratio of a regional price; {at_list} are "
            "at list"
        )
        return RateCard(seller, "undecidable", None, tuple(row.model for row in regional), tuple(compared), why)
    why = f"no common ratio puts models above the provider's list; {at_list} of {count} comparable models are at list"
    return RateCard(seller, "none" if at_list * 2 >= count else "undecidable", None, (), tuple(compared), why)


def _is_round(ratio: Decimal) -> bool:
    """Say whether a ratio is a whole or half percent: fees are, quotients of exchange rates are not."""
    halves = (ratio - 1) * 200
    return abs(halves - round(halves)) < HALF_ROUND


HALF_ROUND = Decimal("0.1")


def _near(ratio: Decimal, clusters: Mapping[Decimal, object]) -> Decimal:
    return next((known for known in clusters if abs(known - ratio) <= SAME), EXACT.quantize(ratio, Decimal("0.0001")))


def _compared(offer: Offer, catalog: Catalog, at: datetime) -> ComparedModel | None:
    maker = _reference(offer, catalog)
    if maker is None or maker.seller == offer.seller:
        return None
    seller_rates, maker_rates = _prices(catalog, offer, at), _prices(catalog, maker, at)
    ratios = {
        unit: EXACT.divide(seller_rates[unit].usd, maker_rates[unit].usd)
        for unit in UNITS
        if unit in seller_rates and unit in maker_rates and maker_rates[unit].usd
    }
    if not {"input", "output"} <= set(ratios):
        return None
    ratio = ratios["output"]
    if not all(_is_times(seller_rates[unit].usd, maker_rates[unit].usd, ratio) for unit in ratios):
        return ComparedModel(offer.sku.sku, maker.sku.model, ratios, "mixed", None)
    return ComparedModel(
        offer.sku.sku,
        maker.sku.model,
        ratios,
        _standing(ratio, seller_rates, maker, catalog, at, is_cloud=catalog.kind(offer.seller) == "cloud"),
        ratio,
    )


def _is_times(seller_price: Decimal, maker_price: Decimal, ratio: Decimal) -> bool:
    """Say whether a price is the other times a ratio, as far as publishing it in whole cents leaves that to be seen."""
    tolerance = max(SAME * seller_price, min(CENT, FEW_PERCENT * seller_price))
    return abs(seller_price - EXACT.multiply(maker_price, ratio)) <= tolerance


def _reference(offer: Offer, catalog: Catalog) -> Offer | None:
    """Return whose price is the list of an offer: of the host that the reseller's own id names, else of the maker."""
    for host in _hosts_in(offer.seller, catalog):
        for sku in (key for key in catalog.keys if key[0] == host):
            offered = catalog.offer(*sku)
            if offered is not None and offered.sku.model == offer.sku.model:
                return offered
        return None
    return makers_offer(catalog, offer)


def _hosts_in(seller: str, catalog: Catalog) -> list[str]:
    """Return the host behind a reseller's channel, such as novita behind `huggingface-novita`."""
    _, dash, rest = seller.partition("-")
    known = [name for name in (rest, rest.removesuffix("-ai")) if dash and name in catalog.sellers]
    return [name for name in known if catalog.kind(name) == "host"][:1]


def _standing(
    ratio: Decimal, seller_rates: Mapping[str, Rate], maker: Offer, catalog: Catalog, at: datetime, *, is_cloud: bool
) -> Standing:
    if abs(ratio - 1) <= SAME:
        return "list"
    if ratio < 1:
        return "below"
    if _is_price_of(seller_rates, maker, catalog, at) or (is_cloud and abs(ratio - CLOUD_REGIONAL) <= SAME):
        return "regional"
    for spans in catalog.spans(maker).values():
        for span in spans:
            if span.start != span.end and not span.start <= at < span.end and _same(seller_rates, span.rates):
                return "dated"
    return "above"


def _is_price_of(seller_rates: Mapping[str, Rate], maker: Offer, catalog: Catalog, at: datetime) -> bool:
    """Say whether prices are the maker's own under another condition: a region, or more expensive hours."""
    whens = [when for when in catalog.spans(maker) if when.region or when.schedule]
    spans = (catalog.span_at(maker, when, at) for when in whens if not when.batch and when.service_tier is None)
    return any(span is not None and _same(seller_rates, span.rates) for span in spans)


def _same(seller_rates: Mapping[str, Rate], maker_rates: Mapping[str, Rate]) -> bool:
    return all(
        unit in maker_rates and abs(seller_rates[unit].usd - maker_rates[unit].usd) <= SAME * maker_rates[unit].usd
        for unit in ("input", "output")
    )


def _prices(catalog: Catalog, offer: Offer, at: datetime) -> Mapping[str, Rate]:
    span = catalog.span_at(offer, When(), at)
    return span.rates if span else {}
