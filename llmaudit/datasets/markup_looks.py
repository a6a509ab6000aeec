"""Look-alikes of a markup for simulated months: conditions under which a request was served, unseen in its log."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

import msgspec

from llmaudit.catalog import Catalog, Conditions, NoRates, Offer, rates_for
from llmaudit.summaries.billed import BilledRequest

Look = Literal[
    "region", "time of day", "service tier", "batch", "long context", "cache class", "price change on a date",
    "alias", "reasoning outside output", "promotion", "currency", "duplicates", "log coverage",
]  # fmt: skip


CLOCK_OFF = timedelta(hours=8)
"""What a local clock is off UTC, by which prices go."""


@dataclass(frozen=True)
class Truth:
    """What a simulated request really was.

    Attributes:
        row: As it is logged, without its amount.
        tokens: The six counters as they were used.
        conditions: Under which it was served.
        offer: What it was billed as.
        factor: Of the list price, beside the rule.
    """

    row: BilledRequest
    tokens: tuple[int, int, int, int, int, int]
    conditions: Conditions
    offer: Offer
    factor: float = 1.0

    def logged(self, **changes: object) -> Truth:
        """Return the same request with another log row."""
        return replace(self, row=msgspec.structs.replace(self.row, **changes))

    def without_cache(self) -> Truth:
        """Return the same request in a log that counts cached tokens as ordinary input."""
        first, *cached, output = self.row.tokens
        return self.logged(tokens=(first + sum(cached), 0, 0, 0, 0, output))

    def factors(self, catalog: Catalog) -> tuple[float, ...]:
        """Return its list rates in US dollars per unit, in the order of `PRICED`.

        Raises:
            ValueError: The catalog has no price for it.
        """
        rates = rates_for(catalog, self.offer, self.conditions)
        if not isinstance(rates, NoRates):
            return tuple(float(factor) for factor in rates.expected)
        raise ValueError(rates.reason)


def looks_like(look: Look, truth: Truth, catalog: Catalog, at: datetime) -> Truth:
    """Return a request as served under the hidden condition of a look-alike."""
    hidden = HIDDEN.get(look)
    return truth if hidden is None else hidden(truth, catalog, at)


def _region(truth: Truth, catalog: Catalog, _: datetime) -> Truth:
    region = next((name for name in _priced_apart(truth.offer, catalog, "region") if name in {"us", "eu"}), None)
    return replace(truth, conditions=replace(truth.conditions, region=region))


def _time_of_day(truth: Truth, catalog: Catalog, at: datetime) -> Truth:
    """The log has a local clock."""
    slots = catalog.slots(at + CLOCK_OFF, at + CLOCK_OFF)
    slot = max((one for one in slots if one.start <= at + CLOCK_OFF), key=lambda one: one.start)
    return replace(truth, conditions=replace(truth.conditions, at=slot.priced_at))


def _service_tier(truth: Truth, catalog: Catalog, _: datetime) -> Truth:
    tier = "priority" if "priority" in _priced_apart(truth.offer, catalog, "service_tier") else None
    return replace(truth, conditions=replace(truth.conditions, service_tier=tier))


def _batch(truth: Truth, catalog: Catalog, _: datetime) -> Truth:
    has_price = any(when.batch for when in catalog.spans(truth.offer))
    return replace(truth, conditions=replace(truth.conditions, is_batch=has_price))


def _cache_class(truth: Truth, _: Catalog, __: datetime) -> Truth:
    """What was written for an hour is logged as any write."""
    first, read, short, _long, other, output = truth.tokens
    return replace(truth, tokens=(first, read, 0, short, other, output))


def _price_change(truth: Truth, catalog: Catalog, _: datetime) -> Truth:
    """The request is billed at the last other price of its offer."""
    spans = [span for when, every in catalog.spans(truth.offer).items() if not when.given for span in every]
    earlier = [span.end - timedelta(days=1) for span in spans if span.end <= truth.conditions.at]
    return replace(truth, conditions=replace(truth.conditions, at=max(earlier))) if earlier else truth


def _alias(truth: Truth, catalog: Catalog, _: datetime) -> Truth:
    """Another model was asked for, and its price is billed."""
    asked = catalog.offer("anthropic", "claude-opus-4-6")
    if asked is None or truth.offer.seller != "anthropic":
        return truth
    return replace(truth, offer=asked).logged(requested=asked.sku.sku)


def _reasoning(truth: Truth, _: Catalog, __: datetime) -> Truth:
    """As many tokens again were used for reasoning, and are logged beside the output."""
    first, read, short, _long, other, output = truth.tokens
    return replace(truth, tokens=(first, read, short, 0, other, output * 2)).logged(reasoning_tokens=output)


HIDDEN: Mapping[Look, Callable[[Truth, Catalog, datetime], Truth]] = {
    "region": _region,
    "time of day": _time_of_day,
    "service tier": _service_tier,
    "batch": _batch,
    "cache class": _cache_class,
    "price change on a date": _price_change,
    "alias": _alias,
    "reasoning outside output": _reasoning,
    "promotion": lambda truth, _, __: replace(truth, factor=0.7),
    "currency": lambda truth, _, __: replace(truth, factor=7.12),
}
"""What each look-alike hides. Long prompts, duplicates and the coverage of the log hide no condition of a request."""


def _priced_apart(offer: Offer, catalog: Catalog, condition: str) -> list[str]:
    """Return the values of a condition for which an offer has prices of their own."""
    return sorted({str(value) for when in catalog.spans(offer) if (value := getattr(when, condition))})
