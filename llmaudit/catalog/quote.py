"""From a usage to an exact cost: pick the rates that hold, multiply, and say every rule and assumption used."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal

from llmaudit.catalog.catalog import Catalog, Match, Offer
from llmaudit.catalog.model import Price, Unit, When
from llmaudit.catalog.schedule import is_active
from llmaudit.errors import printable
from llmaudit.money import EXACT, ZERO, times, total
from llmaudit.request import COUNTERS

MILLION = Decimal(1_000_000)
STANDARD_TIERS = {"", "standard", "default", "auto", "none", "on_demand", "global_standard"}
"""Words that logs use for the ordinary service tier."""

GLOBAL_REGIONS = {"", "global", "none", "not_available"}

FALLBACKS: dict[str, tuple[Unit, ...]] = {
    "input_tokens": ("input",),
    "cache_read_tokens": ("cache_read", "input"),
    "cache_write_5m_tokens": ("cache_write_5m", "cache_write_other", "input"),
    "cache_write_1h_tokens": ("cache_write_1h", "cache_write_other", "input"),
    "cache_write_other_tokens": ("cache_write_other", "cache_write_5m", "input"),
    "output_tokens": ("output",),
}
"""The rate of each counter; where a seller publishes no cache rate it charges cached tokens as ordinary input."""


@dataclass(frozen=True)
class Conditions:
    """What a price can depend on besides the sku.

    Attributes:
        at: The instant (naive UTC) that decides the price: start, or completion where the seller's calendar says so.
        prompt_tokens: The whole prompt, five counters together.
        service_tier: The tier that served the request; None is the ordinary one.
        is_batch: Whether it went through the batch interface; None is no.
        region: The region class; None is unknown.
    """

    at: datetime
    prompt_tokens: int = 0
    service_tier: str | None = None
    is_batch: bool | None = None
    region: str | None = None


@dataclass(frozen=True)
class Rates:
    """US dollars per token for each of the six counters, in the order of `COUNTERS`; exact.

    Attributes:
        expected: The rate that applies as far as is known.
        high: The dearest rate that may apply where a condition is unknown.
        price: The catalog entry.
        assumptions: Sentences on what was assumed.
    """

    expected: tuple[Decimal, ...]
    high: tuple[Decimal, ...]
    price: Price
    assumptions: tuple[str, ...] = ()


@dataclass(frozen=True)
class NoRates:
    """Why a usage has no price."""

    reason: str


@dataclass(frozen=True)
class Component:
    """One line of a quote: tokens x rate = cost."""

    counter: str
    tokens: int
    usd_per_million: Decimal
    cost_usd: Decimal


@dataclass(frozen=True)
class Quote:
    """The cost of one usage, with how it came about. `cost_usd` is None where the usage has no price."""

    status: Literal["priced", "assumed_condition", "unpriced"]
    cost_usd: Decimal | None
    low_usd: Decimal | None
    high_usd: Decimal | None
    components: tuple[Component, ...] = ()
    rules: tuple[str, ...] = ()
    assumptions: tuple[str, ...] = ()
    offer: Offer | None = None


def rates_for(catalog: Catalog, offer: Offer, conditions: Conditions) -> Rates | NoRates:
    """Return the per-token rates of an offer under conditions, or why there are none.

    Service tier and batch must have a price of their own: an unknown tier is unpriced, never priced as the ordinary
    one. A prompt threshold moves the whole request to the higher rate. Among calendars the one in force wins.
    """
    tier = _normal(conditions.service_tier, STANDARD_TIERS)
    region = _normal(conditions.region, GLOBAL_REGIONS)
    candidates = list(_candidates(catalog, offer, conditions, tier))
    if not candidates:
        return NoRates(_why_none(catalog, offer, conditions, tier))
    own = [price for price in candidates if price.when.region == region] if region else []
    chosen = _most_specific(own or [price for price in candidates if price.when.region is None])
    if chosen is None:
        return NoRates(f"{offer.sku.sku} has no global price recorded at {conditions.at:%Y-%m-%d}")
    notes: list[str] = []
    dearest = chosen
    if region and not own:
        notes.append(f"no price of its own is recorded for region {region}: the global price is used")
    elif conditions.region is None:
        regional = [price for price in candidates if price.when.region is not None]
        dearest = max([chosen, *regional], key=lambda price: price.usd_per_million.get("input", ZERO))
        if dearest is not chosen:
            notes.append("region unknown: the global price is used, the high bound is the regional one")
    if chosen.firm_until and conditions.at > chosen.firm_until.replace(tzinfo=None):
        notes.append(f"the seller promised this price until {chosen.firm_until:%Y-%m-%d}; not confirmed since")
    return _dense(chosen, dearest, notes)


def _normal(word: str | None, ordinary: set[str]) -> str | None:
    return None if word is None or word.lower() in ordinary else word.lower()


def _candidates(catalog: Catalog, offer: Offer, conditions: Conditions, tier: str | None) -> Iterator[Price]:
    for when in catalog.spans(offer):
        if when.service_tier != tier or when.batch != bool(conditions.is_batch):
            continue
        if conditions.prompt_tokens < when.prompt_from:
            continue
        if when.schedule and not is_active(catalog.schedules[when.schedule], conditions.at):
            continue
        price = catalog.price_at(offer, when, conditions.at)
        if price is not None:
            yield price


def _most_specific(prices: list[Price]) -> Price | None:
    """The highest prompt threshold that was passed wins, then a calendar that is in force."""
    return max(prices, key=lambda price: (price.when.prompt_from, price.when.schedule is not None), default=None)


def _why_none(catalog: Catalog, offer: Offer, conditions: Conditions, tier: str | None) -> str:
    sku = offer.sku.sku
    spans = catalog.spans(offer)
    if tier and not any(when.service_tier == tier for when in spans):
        return f"{sku} has no price for service tier {tier}"
    if conditions.is_batch and not any(when.batch for when in spans):
        return f"{sku} has no batch price"
    starts = [span.start for when in spans if when == When() for span in spans[when]]
    if starts and conditions.at < min(starts):
        return f"{sku} has no price before {min(starts):%Y-%m-%d}"
    return f"{sku} has no price for these conditions at {conditions.at:%Y-%m-%dT%H:%M}"


def _dense(chosen: Price, dearest: Price, notes: list[str]) -> Rates | NoRates:
    expected, high = [], []
    vector = chosen.usd_per_million
    for counter in COUNTERS:
        unit = next((unit for unit in FALLBACKS[counter] if unit in vector), None)
        if unit is None:
            return NoRates(f"no {FALLBACKS[counter][0]} price is recorded")
        top = dearest.usd_per_million.get(unit, vector[unit])
        if counter == "cache_write_other_tokens" and unit == "cache_write_5m":
            top = dearest.usd_per_million.get("cache_write_1h", top)
        expected.append(EXACT.divide(vector[unit], MILLION))
        high.append(EXACT.divide(top, MILLION))
    return Rates(tuple(expected), tuple(high), chosen, tuple(notes))


def usage_notes(rates: Rates, tokens: Mapping[str, int]) -> list[str]:
    """Return the assumptions that matter for these token counts: a missing cache rate only where tokens were cached."""
    vector = rates.price.usd_per_million
    notes = list(rates.assumptions)
    for counter in COUNTERS:
        if not tokens.get(counter):
            continue
        wanted = FALLBACKS[counter][0]
        used = next(unit for unit in FALLBACKS[counter] if unit in vector)
        if used == "input" and wanted != "input":
            notes.append(f"the seller publishes no {wanted} price: its input price is used")
        elif counter == "cache_write_other_tokens" and used == "cache_write_5m":
            notes.append("cache writes of unknown lifetime: priced for 5 minutes, the high bound is 1 hour")
    return notes


def quote(
    catalog: Catalog, model: str, tokens: Mapping[str, int], conditions: Conditions, *, seller: str | None = None
) -> Quote:
    """Return the exact cost of one usage.

    Args:
        catalog: The prices.
        model: The model as a log or a person names it.
        tokens: Tokens by counter (`COUNTERS`); missing is 0.
        conditions: Everything else a price depends on. `prompt_tokens` is taken from `tokens`.
        seller: The seller, where it is known.
    """
    match = catalog.find(model, seller=seller, at=conditions.at)
    if match.offer is None:
        return unpriced(no_match(catalog, model, match))
    prompt = sum(tokens.get(counter, 0) for counter in COUNTERS if counter != "output_tokens")
    known = Conditions(conditions.at, prompt, conditions.service_tier, conditions.is_batch, conditions.region)
    rates = rates_for(catalog, match.offer, known)
    if isinstance(rates, NoRates):
        return unpriced(rates.reason, match.offer)
    counts = [tokens.get(counter, 0) for counter in COUNTERS]
    costs = [times(rate, count) for rate, count in zip(rates.expected, counts, strict=True)]
    highs = [times(rate, count) for rate, count in zip(rates.high, counts, strict=True)]
    notes = usage_notes(rates, tokens)
    return Quote(
        status="assumed_condition" if notes else "priced",
        cost_usd=total(costs),
        low_usd=total(costs),
        high_usd=total(max(pair) for pair in zip(costs, highs, strict=True)),
        components=tuple(
            Component(counter, count, rate * MILLION, cost)
            for counter, count, rate, cost in zip(COUNTERS, counts, rates.expected, costs, strict=True)
            if count
        ),
        rules=(describe(match.offer, rates.price),),
        assumptions=tuple(notes),
        offer=match.offer,
    )


def unpriced(reason: str, offer: Offer | None = None) -> Quote:
    """Return the quote of a usage that has no price."""
    return Quote("unpriced", None, None, None, assumptions=(reason,), offer=offer)


def no_match(catalog: Catalog, model: str, match: Match) -> str:
    """Return one sentence on a name that is not in the catalog: the nearest names, and what to add."""
    near = catalog.nearest(model)
    nearest = f"; the nearest names are {', '.join(near)}" if near else ""
    return (
        f"{match.reason}: {printable(model)!r} is not in the catalog{nearest}; add it to a --catalog file to price it"
    )


def describe(offer: Offer, price: Price) -> str:
    """Return one sentence on a price: whose, under which conditions, since when, on what evidence."""
    set_conditions = {name: getattr(price.when, name) for name in price.when.__struct_fields__}
    conditions = ", ".join(f"{name}={value}" for name, value in set_conditions.items() if value)
    under = f" ({conditions})" if conditions else ""
    until = f" to {price.valid_to:%Y-%m-%dT%H:%MZ}" if price.valid_to else ""
    since = f"from {price.valid_from:%Y-%m-%dT%H:%MZ}{until}"
    return f"{offer.seller} {offer.sku.sku}{under} {since}, {price.basis}: {price.source}"
