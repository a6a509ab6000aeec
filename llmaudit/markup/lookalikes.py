"""What else could make an amount differ from list: the same requests priced under every condition the log leaves open.

`lookalike_fitting` tests each of these prices on all requests and on some of them. Look-alikes are reported in the
order of `ORDER`, each as ruled out or not.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

import numpy as np

from llmaudit.arrays import Floats
from llmaudit.catalog import Catalog, NoRates, Offer, rates_for
from llmaudit.catalog.model import When
from llmaudit.catalog.rates import every_vector
from llmaudit.catalog.units import PRICED
from llmaudit.markup.listprice import conditions_of
from llmaudit.markup.panel import Panel

ORDER = (
    "region",
    "time of day",
    "service tier",
    "batch",
    "long context",
    "cache class",
    "price change on a date",
    "alias",
    "reasoning outside output",
    "promotion",
    "currency",
    "duplicates",
    "log coverage",
    "uncounted searches",
)
"""Every look-alike, in the order in which they are ruled out."""

_FIELDS = (
    ("region", "region"),
    ("schedule", "time of day"),
    ("service_tier", "service tier"),
    ("batch", "batch"),
    ("prompt_gt", "long context"),
    ("prompt_ge", "long context"),
    ("mode", "reasoning outside output"),
)
EPOCHS = 4
NEAR = timedelta(days=550)

FACTORS = {name: PRICED.index(name) for name in PRICED}


@dataclass(frozen=True)
class Alternative:
    """The list cost of every request had one open condition been another.

    Attributes:
        name: The look-alike.
        label: Which one, such as `region eu`.
        listed: US dollars; the ordinary list cost where it makes no difference.
    """

    name: str
    label: str
    listed: Floats = field(repr=False)


def alternatives(panel: Panel, catalog: Catalog) -> list[Alternative]:
    """Return what the requests would cost under every other value of every condition that is not known."""
    costs: dict[tuple[str, str], Floats] = {}
    listed = panel.listed
    for indices, variants in _variants(panel, catalog):
        for key, factors in variants.items():
            cost = panel.quantities[indices] @ np.array([float(factor) for factor in factors])
            costs.setdefault(key, np.full(len(listed), np.nan))[indices] = cost
    costs = {key: _filled(key[0], cost, panel) for key, cost in costs.items()}
    costs |= _cache_classes(panel) | _reasoning(panel) | _aliases(panel, catalog)
    return [
        Alternative(name, label, cost)
        for (name, label), cost in sorted(costs.items(), key=lambda item: (ORDER.index(item[0][0]), item[0][1]))
        if np.abs(cost - listed).max(initial=0.0) > 0
    ]


def _filled(name: str, cost: Floats, panel: Panel) -> Floats:
    """Return the costs under a condition with a number for requests that have no price under it.

    Where the same offer has one for other requests, and it is one multiple of list there (a tier whose price for long
    prompts nobody states), the multiple stands in: that a price is not known is no evidence against the condition.
    Everywhere else it is list, for an offer without the condition is not touched by it.
    """
    listed, without = panel.listed, np.isnan(cost)
    filled = np.where(without, listed, cost)
    if not without.any() or name not in _AS_LOGGED:
        return filled
    offers = np.array([f"{one.key}" for one in panel.offers])
    is_open = np.array([getattr(row, _AS_LOGGED[name]) is None for row in panel.rows])
    for offer in np.unique(offers[without & is_open]):
        own = offers == offer
        ratio = cost[own & ~without] / listed[own & ~without]
        if len(ratio) and np.ptp(ratio) < 1e-3 * ratio.mean():  # relative
            filled[own & without & is_open] = (listed * ratio.mean())[own & without & is_open]
    return filled


_AS_LOGGED = {"region": "region_class", "service tier": "service_tier"}
"""Look-alikes that may multiply a whole price, and the column that names the condition in a log that knows it."""


Variants = Mapping[tuple[str, str], tuple[Decimal, ...]]


def _variants(panel: Panel, catalog: Catalog) -> Iterator[tuple[list[int], Variants]]:
    """Yield groups of requests that share everything a price depends on, with their other prices."""
    groups: dict[tuple[object, ...], list[int]] = {}
    for index, (row, offer, rates) in enumerate(zip(panel.rows, panel.offers, panel.rates, strict=True)):
        key = (offer.key, row.price_slot, rates.when, row.region_class, row.service_tier)
        groups.setdefault(key, []).append(index)
    for indices in groups.values():
        row, offer, conditions = panel.rows[indices[0]], panel.offers[indices[0]], panel.rates[indices[0]].when
        known = {"region": row.region_class, "service tier": row.service_tier}
        prices = _prices(catalog, offer, conditions, row.price_slot)
        yield indices, {key: factors for key, factors in prices.items() if not known.get(key[0])}


_KNOWN: dict[tuple[object, ...], Variants] = {}
_KNOWN_LIMIT = 50_000


def _prices(catalog: Catalog, offer: Offer, used: When, at: datetime) -> Variants:
    """Return the prices of an offer under every other condition, remembered: requests of a day share them."""
    key = (catalog.version, *offer.key, used, at)
    if key in _KNOWN:
        return _KNOWN[key]
    variants: dict[tuple[str, str], tuple[Decimal, ...]] = {}
    for when, factors in every_vector(catalog, offer, at).items():
        if (other := _differs(used, when)) is not None:
            variants.setdefault(other, factors)
    for epoch in _epochs(catalog, offer, used, at):
        vector = every_vector(catalog, offer, epoch).get(used)
        if vector is not None:
            variants["price change on a date", f"price of {epoch:%Y-%m-%d}"] = vector
    if len(_KNOWN) > _KNOWN_LIMIT:
        _KNOWN.clear()
    _KNOWN[key] = variants
    return variants


def _differs(used: When, when: When) -> tuple[str, str] | None:
    """Return the look-alike by which two conditions differ, the first of `ORDER`, and in which words."""
    different = [(name, look) for name, look in _FIELDS if getattr(used, name) != getattr(when, name)]
    if not different:
        return None
    return different[0][1], ", ".join(_words(name, getattr(when, name)) for name, _ in different)


def _words(name: str, value: object) -> str:
    """Return one condition of a price for people."""
    match name, value:
        case "batch", _:
            return "batch price" if value else "price of single requests"
        case "prompt_gt" | "prompt_ge", int():
            return f"prompts {'above' if name == 'prompt_gt' else 'from'} {value:,} tokens"
        case "prompt_gt" | "prompt_ge", _:
            return "shorter prompts"
        case "schedule", _:
            return f"hours of {value}" if value else "ordinary hours"
        case _:
            return f"{name.replace('_', ' ')} {value or 'ordinary'}"


def _epochs(catalog: Catalog, offer: Offer, used: When, at: datetime) -> list[datetime]:
    """Return instants at which the price was, or will be, another one: the nearest few."""
    starts = [span.start for span in catalog.spans(offer).get(used, ()) if not span.start <= at < span.end]
    ends = [span.end for span in catalog.spans(offer).get(used, ()) if span.end <= at]
    past = [max(start, at - NEAR) for start in starts if start <= at and any(start < end for end in ends)]
    near = [start for start in {*starts, *past} if abs(start - at) <= NEAR]
    return sorted(near, key=lambda start: abs(start - at))[:EPOCHS]


def _cache_classes(panel: Panel) -> dict[tuple[str, str], Floats]:
    """Return list costs with cached tokens in another class: of unknown lifetime, or without any counter."""
    quantities, factors, listed = panel.quantities, panel.factors, panel.listed
    costs = {}
    writes_5m, writes_1h, writes_other = (
        quantities[:, FACTORS[f"cache_write_{name}_tokens"]] for name in ("5m", "1h", "other")
    )
    price = {name: factors[:, FACTORS[f"cache_write_{name}_tokens"]] for name in ("5m", "1h", "other")}
    costs["cache class", "cache writes kept for 1 hour"] = (
        listed + writes_5m * (price["1h"] - price["5m"]) + writes_other * (price["1h"] - price["other"])
    )
    costs["cache class", "cache writes kept for 5 minutes"] = listed + writes_1h * (price["5m"] - price["1h"])
    input_tokens, input_price = quantities[:, FACTORS["input_tokens"]], factors[:, FACTORS["input_tokens"]]
    read_price = factors[:, FACTORS["cache_read_tokens"]]
    if not (writes_5m + writes_1h + writes_other).any():
        costs["cache class", "unreported cache writes"] = listed + input_tokens * (price["5m"] - input_price)
    if not quantities[:, FACTORS["cache_read_tokens"]].any():
        costs["cache class", "unreported cache reads"] = listed - input_tokens * (input_price - read_price)
    return costs


def _reasoning(panel: Panel) -> dict[tuple[str, str], Floats]:
    thought = panel.quantities[:, FACTORS["reasoning_tokens"]] * panel.factors[:, FACTORS["output_tokens"]]
    return {
        ("reasoning outside output", "reasoning billed on top of the output"): panel.listed + thought,
        ("reasoning outside output", "reasoning not billed"): np.maximum(panel.listed - thought, 0.0),
    }


def _aliases(panel: Panel, catalog: Catalog) -> dict[tuple[str, str], Floats]:
    """Return list costs at the model that was asked for, where another one answered."""
    cost = panel.listed
    changed = False
    for index, row in enumerate(panel.rows):
        offer = panel.offers[index]
        requested_offer = (
            catalog.find(row.requested, seller=offer.seller, at=row.price_slot).offer if row.requested else None
        )
        requested_offer = requested_offer or (
            catalog.find(row.requested, at=row.price_slot).offer if row.requested else None
        )
        if requested_offer is None or requested_offer.sku.model == offer.sku.model:
            continue
        rates = rates_for(catalog, requested_offer, conditions_of(row, catalog))
        if not isinstance(rates, NoRates):
            cost[index] = float(
                sum(quantity * float(factor) for quantity, factor in zip(row.quantities, rates.expected, strict=True))
            )
            changed = True
    return {("alias", "billed as the requested model"): cost} if changed else {}
