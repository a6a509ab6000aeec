"""The price of one token by kind, for kinds that usage exports distinguish and requests do not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

import msgspec

from llmaudit.catalog import Catalog, Conditions, Offer, Rates
from llmaudit.catalog.model import Rate
from llmaudit.catalog.timeline import MILLION
from llmaudit.catalog.units import FALLBACKS, PRICED
from llmaudit.money import EXACT
from llmaudit.request import INPUT_COUNTERS

PLACES = {name: place for place, name in enumerate(PRICED)}
WHOLE = {
    "input": ("input_tokens",),
    "cache_read": ("cache_read_tokens",),
    "cache_write_5m": ("cache_write_5m_tokens",),
    "cache_write_1h": ("cache_write_1h_tokens",),
    "output": ("output_tokens",),
    "searches": ("web_searches",),
    "input_audio": ("input_tokens", "input_audio_tokens"),
    "input_image": ("input_tokens", "input_image_tokens"),
    "output_audio": ("output_tokens", "output_audio_tokens"),
    "output_image": ("output_tokens", "output_image_tokens"),
}
"""Kinds that are sums of quantities of a rate vector: a part inside a counter is its difference to the counter."""

UNITS = {
    "cache_read_audio": ("cache_read_audio", "cache_read", "input"),
    "cache_read_image": ("cache_read_image", "cache_read", "input"),
    "cache_write_30m": ("cache_write_other", "input"),
    "cache_write_12h": ("cache_write_12h", "input"),
}
"""Kinds that only the units of the catalog know, and what prices them where the seller does not price them apart."""


@dataclass(frozen=True)
class Factor:
    """US dollars for one token or piece: the least, the expected (None: no case is the ordinary one), the most."""

    low: Decimal
    expected: Decimal | None
    high: Decimal
    doubts: frozenset[str] = frozenset()


def factor_of(catalog: Catalog, offer: Offer, rates: Rates, conditions: Conditions, kind: str) -> Factor | None:
    """Return the factor of a kind of token, or None where the seller has no price for it.

    Args:
        catalog: The prices.
        offer: What was bought.
        rates: Its rates under the conditions.
        conditions: Those conditions.
        kind: As a usage export distinguishes it (`llmaudit.bills.base.TokenKind`), or `searches`.
    """
    found = _factor(catalog, offer, rates, conditions, kind)
    return _stepped(found, rates, kind) if found and rates.marginal else found


def _stepped(below: Factor, rates: Rates, kind: str) -> Factor:
    """Return a factor over steps that only the tokens above them pay: a sum does not show how many are above."""
    chains: list[tuple[str, ...]]
    if kind == "input_all":
        chains = [FALLBACKS[counter] for counter in INPUT_COUNTERS]
    elif kind == "cache_write_other":
        chains = [FALLBACKS["cache_write_other_tokens"], UNITS["cache_write_12h"]]
    else:
        chains = [UNITS[kind] if kind in UNITS else FALLBACKS.get(WHOLE[kind][0], ())]
    priced = (_first(step, chain) for _, step in rates.marginal for chain in chains)
    steps = [EXACT.divide(rate.usd, MILLION) for rate in priced if rate is not None]
    low, high = min((below.low, *steps)), max((below.high, *steps))
    if (low, high) == (below.low, below.high):
        return below
    return Factor(low, None, high, below.doubts | {"context"})


def _factor(catalog: Catalog, offer: Offer, rates: Rates, conditions: Conditions, kind: str) -> Factor | None:
    if kind in WHOLE:
        return _whole(rates, conditions, WHOLE[kind])
    if kind in UNITS:
        return _unit(catalog, offer, rates, conditions, UNITS[kind])
    if kind == "cache_write_other":
        return _joined(_of_writes(catalog, offer, rates, conditions), "lifetime")
    if kind == "input_all":
        read = [_whole(rates, conditions, (counter,)) for counter in INPUT_COUNTERS]
        every = [one for one in (*read, *_of_writes(catalog, offer, rates, conditions)) if one]
        found = _joined(every, "kind")
        return found and Factor(found.low, found.low if found.low == found.high else None, found.high, found.doubts)
    return None


def _whole(rates: Rates, conditions: Conditions, counters: tuple[str, ...]) -> Factor | None:
    if counters[0] not in rates.used:
        return None
    low, expected, high = (
        EXACT.add(*(values[PLACES[name]] for name in counters)) if len(counters) > 1 else values[PLACES[counters[0]]]
        for values in (rates.low, rates.expected, rates.high)
    )
    return Factor(low, expected, high, _doubts(conditions, low, high))


def _unit(
    catalog: Catalog, offer: Offer, rates: Rates, conditions: Conditions, units: tuple[str, ...]
) -> Factor | None:
    """Return the factor of the first of some units that has a price; a region that is not known has every region's."""
    known = catalog.spans(offer)
    regions = [rates.when.region]
    if conditions.region is None:
        regions += sorted({when.region for when in known if when.region} - set(regions))
    found: list[Decimal] = []
    for region in regions:
        span = catalog.span_at(offer, msgspec.structs.replace(rates.when, region=region), conditions.at)
        rate = _first(span.rates, units) if span else None
        if rate is not None:
            found.append(EXACT.divide(rate.usd, MILLION))
        elif region == rates.when.region:
            return None
    return Factor(min(found), found[0], max(found), _doubts(conditions, min(found), max(found)))


def _of_writes(catalog: Catalog, offer: Offer, rates: Rates, conditions: Conditions) -> Iterator[Factor]:
    """Yield the factors of a cache write of unknown lifetime, the ordinary one first."""
    usual = _whole(rates, conditions, ("cache_write_other_tokens",))
    if usual is not None:
        yield usual
    span = catalog.span_at(offer, rates.when, conditions.at)
    if span is not None and "cache_write_12h" in span.rates:
        longest = _unit(catalog, offer, rates, conditions, ("cache_write_12h",))
        if longest is not None:
            yield longest


def _joined(factors: Iterable[Factor], doubt: str) -> Factor | None:
    """Return one factor whose bounds hold several; the doubt between them is named where they differ."""
    every = list(factors)
    if not every:
        return None
    low, high = min(one.low for one in every), max(one.high for one in every)
    own = every[0]
    doubts = own.doubts | ({doubt} if (low, high) != (own.low, own.high) else frozenset())
    return Factor(low, own.expected, high, doubts)


def _first(rates: Mapping[str, Rate], units: Iterable[str]) -> Rate | None:
    return next((rates[unit] for unit in units if unit in rates), None)


def _doubts(conditions: Conditions, low: Decimal, high: Decimal) -> frozenset[str]:
    if low == high:
        return frozenset()
    return frozenset({"region" if conditions.region is None else "mode"})
