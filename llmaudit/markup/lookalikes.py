"""What else could make an amount differ from list: the same requests priced under every condition the log leaves open.

A look-alike is tried in two ways: that it holds for every request, and that it holds for some of them, whichever come
nearer. In their order (`ORDER`) they are reported, each as ruled out or not.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

import numpy as np

from llmaudit.arrays import Floats
from llmaudit.catalog import Catalog, NoRates, Offer
from llmaudit.catalog.model import When
from llmaudit.catalog.rates import every_vector
from llmaudit.catalog.units import PRICED
from llmaudit.markup.fit import mode_of
from llmaudit.markup.panel import Panel, conditions_of, rates_at
from llmaudit.markup.rules import Bench, Fitted

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

CURRENCIES: Mapping[str, tuple[float, float]] = {
    "EUR": (0.78, 0.98),
    "GBP": (0.70, 0.85),
    "CAD or AUD": (1.32, 1.62),
    "CNY": (6.3, 7.5),
    "BRL": (4.7, 6.4),
    "INR": (80.0, 98.0),
    "JPY": (125.0, 170.0),
}
"""Units of a currency for a US dollar, the range of 2024 to 2026: an amount that is labelled dollars may be in one."""

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


@dataclass(frozen=True)
class Explained:
    """A look-alike that was tried.

    Attributes:
        name: The look-alike.
        label: Which one.
        predicted: What each request would be billed.
        is_everywhere: Whether it is to hold for every request.
        is_constant: Whether it is one and the same multiple of list for every request, as a rate would be.
        rate: What list is multiplied with beside it; 1 is nothing.
        entropy: Of the choice between prices that the requests make, in nats a request; 0 where there is none.
        choices: How many prices are chosen at all.
        share: Of the requests, those at another price than list; None where that is not counted.
    """

    name: str
    label: str
    predicted: Floats = field(repr=False)
    is_everywhere: bool
    is_constant: bool
    rate: float = 1.0
    entropy: float = 0.0
    choices: int = 1
    share: float | None = None


def alternatives(panel: Panel, catalog: Catalog) -> list[Alternative]:
    """Return what the requests would cost under every other value of every condition that is not known."""
    found: dict[tuple[str, str], Floats] = {}
    listed = panel.listed
    for indices, variants in _variants(panel, catalog):
        for key, factors in variants.items():
            cost = panel.quantities[indices] @ np.array([float(factor) for factor in factors])
            found.setdefault(key, np.full(len(listed), np.nan))[indices] = cost
    found = {key: _filled(key[0], cost, panel) for key, cost in found.items()}
    found |= _cache_classes(panel) | _reasoning(panel) | _aliases(panel, catalog)
    return [
        Alternative(name, label, cost)
        for (name, label), cost in sorted(found.items(), key=lambda item: (ORDER.index(item[0][0]), item[0][1]))
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
        row, offer, used = panel.rows[indices[0]], panel.offers[indices[0]], panel.rates[indices[0]].when
        known = {"region": row.region_class, "service tier": row.service_tier}
        every = _prices(catalog, offer, used, row.price_slot)
        yield indices, {key: factors for key, factors in every.items() if not known.get(key[0])}


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
    """Return list costs with cached tokens in another class: a lifetime the log does not tell, or no counter at all."""
    quantities, factors, listed = panel.quantities, panel.factors, panel.listed
    found = {}
    five, hour, other = (quantities[:, FACTORS[f"cache_write_{name}_tokens"]] for name in ("5m", "1h", "other"))
    price = {name: factors[:, FACTORS[f"cache_write_{name}_tokens"]] for name in ("5m", "1h", "other")}
    found["cache class", "writes kept for 1 hour"] = (
        listed + five * (price["1h"] - price["5m"]) + other * (price["1h"] - price["other"])
    )
    found["cache class", "writes kept for 5 minutes"] = listed + hour * (price["5m"] - price["1h"])
    fresh, plain = quantities[:, FACTORS["input_tokens"]], factors[:, FACTORS["input_tokens"]]
    read = factors[:, FACTORS["cache_read_tokens"]]
    if not (five + hour + other).any():
        found["cache class", "prompts written to a cache, unreported"] = listed + fresh * (price["5m"] - plain)
    if not quantities[:, FACTORS["cache_read_tokens"]].any():
        found["cache class", "prompts read from a cache, unreported"] = listed - fresh * (plain - read)
    return found


def _reasoning(panel: Panel) -> dict[tuple[str, str], Floats]:
    thought = panel.quantities[:, FACTORS["reasoning_tokens"]] * panel.factors[:, FACTORS["output_tokens"]]
    return {
        ("reasoning outside output", "reasoning billed beside the output"): panel.listed + thought,
        ("reasoning outside output", "reasoning not billed"): np.maximum(panel.listed - thought, 0.0),
    }


def _aliases(panel: Panel, catalog: Catalog) -> dict[tuple[str, str], Floats]:
    """Return list costs at the model that was asked for, where another one answered."""
    cost = panel.listed
    changed = False
    for index, row in enumerate(panel.rows):
        offer = panel.offers[index]
        asked = catalog.find(row.requested, seller=offer.seller, at=row.price_slot).offer if row.requested else None
        asked = asked or (catalog.find(row.requested, at=row.price_slot).offer if row.requested else None)
        if asked is None or asked.sku.model == offer.sku.model:
            continue
        rates = rates_at(catalog, asked, conditions_of(row, catalog))
        if not isinstance(rates, NoRates):
            cost[index] = float(sum(q * float(f) for q, f in zip(row.quantities, rates.expected, strict=True)))
            changed = True
    return {("alias", "billed as the model asked for"): cost} if changed else {}


SEARCHES = 6
"""Searches of one request that are tried; more are rare."""

WITHOUT = 0.1
"""Share of requests that have to be at list, without a search, where searches are to explain the others."""


def _searches(bench: Bench) -> Floats | None:
    """Return list costs with 0, 1, 2 … searches that the log does not count, or None where they have no price.

    A maker bills a search by the piece, whole cents beside the tokens of a small request, and few logs have a column
    for them. Where hardly a request is without one, it is an amount on every request, which is a rule and no search.
    """
    panel = bench.panel
    each = panel.factors[:, FACTORS["web_searches"]] * (panel.quantities[:, FACTORS["web_searches"]] == 0)
    at_list = np.abs(panel.billed - bench.listed) <= panel.step
    if not each.any() or at_list.mean() < WITHOUT:
        return None
    return np.stack([bench.listed + count * each for count in range(SEARCHES)])


TIMES = 5
"""How often a request may have been billed, one less: a retry that the log does not show is billed with the answer."""

MOST_ONCE = 0.5
"""Share of requests that have to be billed once, where billing some again is to explain the others."""


def tried(bench: Bench, others: list[Alternative], gain: float = 0.0) -> Iterator[Explained]:
    """Yield every look-alike as a rule of its own: everywhere, on some requests, and on some beside a rate.

    Args:
        bench: The requests.
        others: Their other prices.
        gain: Squared errors by which another price than list has to be nearer to a request. The nearest of several
            prices is always nearer than one of them, so that under noise (`GAIN`) that alone would explain it.
    """
    listed = bench.listed
    for other in others:
        ratio = other.listed / listed
        constant = bool(np.ptp(ratio) < 1e-3 * ratio.mean())  # relative
        yield Explained(other.name, other.label, other.listed, is_everywhere=True, is_constant=constant)
    names = dict.fromkeys(other.name for other in others)
    sets = {name: np.stack([listed, *(other.listed for other in others if other.name == name)]) for name in names}
    if (counted := _searches(bench)) is not None:
        sets["uncounted searches"] = counted
    if (np.abs(bench.panel.billed - listed) <= bench.panel.step).mean() >= MOST_ONCE:
        sets["duplicates"] = np.stack([count * listed for count in range(1, TIMES)])
    for name, choices in sets.items():
        yield _nearest(bench, name, choices, 1.0, gain)
        clear = listed > 20 * bench.panel.step
        if clear.any():
            rate = mode_of(bench.panel.billed[clear] / listed[clear])
            yield _nearest(bench, name, choices * rate, rate, gain)


def _nearest(bench: Bench, name: str, choices: Floats, rate: float, gain: float) -> Explained:
    distance = np.abs(choices - bench.panel.billed)
    chosen = distance.argmin(axis=0)
    is_open = np.ptp(choices, axis=0) > 5 * bench.sigma
    if gain:
        least = np.take_along_axis(distance, chosen[None], axis=0)[0]
        nearer = (distance[0] ** 2 - least**2) / (bench.sigma * bench.scale) ** 2
        chosen = np.where(nearer > gain, chosen, 0)
        is_open = (np.ptp(choices, axis=0) > bench.sigma) | (chosen > 0)
    predicted = np.take_along_axis(choices, chosen[None], axis=0)[0]
    shares = np.bincount(chosen[is_open]) / len(chosen)
    rest = shares[shares > 0]
    entropy = float(-(rest * np.log(rest / max(float(is_open.mean()), 1e-12))).sum())
    return Explained(
        name,
        SOME,
        predicted,
        is_everywhere=False,
        is_constant=False,
        rate=rate,
        entropy=entropy,
        choices=max(len(rest), 1),
        share=float((chosen > 0).mean()),
    )


SOME = "on some requests"
"""How a look-alike is called that holds where it comes nearer."""

GAIN = 4.0
"""Squared errors that chance hardly ever makes: a price that is nearer by more is meant."""


def currency_of(rate: float) -> str | None:
    """Return the currency whose exchange rate a constant ratio to list is, or None."""
    return next((name for name, (low, high) in CURRENCIES.items() if low <= rate <= high), None)


def as_rule(explained: Explained, shift: float, bench: Bench) -> Fitted:
    """Return a look-alike in the shape of a rule, to be judged beside them, in a log that is rounded as theirs."""
    return Fitted(None, {}, explained.predicted + shift * bench.panel.step, shift=shift)
