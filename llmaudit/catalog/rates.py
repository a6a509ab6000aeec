"""Which rates apply: from an offer and the conditions of a request to exact rate vectors with bounds.

Where a condition is unknown (region, completion time, thinking mode), every value it may have is tried. The expected
vector is that of the ordinary case; the bounds are the lowest and highest rate of each quantity. Nothing is priced by a
neighbour: a service tier or batch without a price of its own is unpriced.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from itertools import product

from llmaudit.catalog.catalog import Catalog
from llmaudit.catalog.model import GLOBAL_REGIONS, STANDARD_TIERS, Rate, When
from llmaudit.catalog.schedule import states
from llmaudit.catalog.stock import Offer
from llmaudit.catalog.timeline import MILLION, Span
from llmaudit.catalog.units import FALLBACKS, PIECES, PRICED, SUB_COUNTS, TOKEN_UNITS
from llmaudit.money import EXACT, ZERO
from llmaudit.request import COUNTERS


@dataclass(frozen=True)
class Conditions:
    """What a price can depend on besides the sku.

    Attributes:
        at: The instant (naive UTC) that decides the price: start, or completion where the seller's calendar says so.
        prompt_tokens: The whole prompt, five counters together.
        service_tier: The tier that served the request; None is the ordinary one.
        is_batch: Whether it went through the batch interface; None is no.
        region: The region class; None is unknown.
        at_is_start: Whether `at` is only the start, and the completion is not known.
        is_thinking: Whether the model reasoned; None is unknown.
        is_folded: Whether the rates are for a sum of requests, of which only the band of their sizes is known.
    """

    at: datetime
    prompt_tokens: int = 0
    service_tier: str | None = None
    is_batch: bool | None = None
    region: str | None = None
    at_is_start: bool = False
    is_thinking: bool | None = None
    is_folded: bool = False


@dataclass(frozen=True)
class Rates:
    """US dollars per one of each quantity, in the order of `PRICED`; exact.

    Attributes:
        expected: The rates that apply as far as is known.
        low: The lowest that may apply where a condition is unknown.
        high: The highest.
        used: The catalog's rate behind each quantity that has one.
        when: The conditions of the expected vector.
        assumptions: Sentences on what was assumed.
        pieces: Prices per piece, by unit.
        marginal: Prices of the tokens above a prompt size only, by that size.
    """

    expected: tuple[Decimal, ...]
    low: tuple[Decimal, ...]
    high: tuple[Decimal, ...]
    used: Mapping[str, Rate]
    when: When
    assumptions: tuple[str, ...] = ()
    pieces: Mapping[str, Rate] = field(default_factory=dict)
    marginal: tuple[tuple[int, Mapping[str, Rate]], ...] = ()

    def lacking(self, quantities: Sequence[int]) -> str | None:
        """Return a quantity that is there but has no price, or None."""
        return next(
            (
                name
                for name, count in zip(PRICED, quantities, strict=True)
                if count and name not in self.used and name not in SUB_COUNTS and name != "requests"
            ),
            None,
        )


@dataclass(frozen=True)
class NoRates:
    """Why a usage has no price."""

    reason: str


@dataclass(frozen=True)
class _Case:
    """One value of everything that is unknown."""

    region: str | None
    hours: frozenset[str]
    thinking: bool


def rates_for(catalog: Catalog, offer: Offer, conditions: Conditions) -> Rates | NoRates:
    """Return the rates of an offer under conditions, or why there are none.

    Service tier and batch must have a price of their own: an unknown tier is unpriced, never priced as the ordinary
    one. A prompt threshold moves the whole request to the higher rate. Among calendars the one in force wins.
    What was found is remembered by the catalog: a month has many instants and sizes, and few at which a price steps.
    """
    steps = catalog.steps(offer, conditions.at, conditions.prompt_tokens)
    rest = (
        normal_tier(conditions.service_tier),
        bool(conditions.is_batch),
        None if conditions.region is None else conditions.region.lower(),
        conditions.at_is_start,
        conditions.is_thinking,
        conditions.is_folded,
    )
    key = (*offer.key, *steps, *rest)
    found = catalog.known_rates.get(key)
    if not isinstance(found, Rates | NoRates):
        found = catalog.known_rates[key] = _rates_for(catalog, offer, conditions)
    return found


def _rates_for(catalog: Catalog, offer: Offer, conditions: Conditions) -> Rates | NoRates:
    open_spans = dict(_matching(catalog, offer, conditions))
    if not open_spans:
        return NoRates(_why_none(catalog, offer, conditions))
    if conditions.is_folded and any(when.marginal_gt is not None for when in open_spans):
        return NoRates(
            f"{offer.sku.sku} has a price for the tokens above a size only, which a sum of requests cannot show"
        )
    cases, notes = _cases(catalog, open_spans, conditions)
    chosen = [(case, when) for case in cases if (when := _choose(open_spans, case)) is not None]
    if not chosen:
        return NoRates(_why_none(catalog, offer, conditions))
    pieces = _pieces(catalog, offer, conditions)
    vectors = [_Vector.of(when, {**pieces, **open_spans[when].rates}) for _, when in chosen]
    if chosen[0][0] != cases[0]:
        vectors.sort(key=lambda vector: vector.factors)
        notes.append(f"no global price is recorded: the lowest regional one is used ({vectors[0].when.region})")
    first = vectors[0]
    if _steps_below(catalog, offer, conditions, first.when):
        notes.append("no price for so long a prompt is recorded under these conditions: that for shorter ones is used")
    every = [factors for vector in vectors for factors in vector.readings(conditions)]
    return Rates(
        first.factors,
        tuple(min(column) for column in zip(*every, strict=True)),
        tuple(max(column) for column in zip(*every, strict=True)),
        first.used,
        first.when,
        (*notes, *_doubts(first.used, conditions)),
        pieces,
        tuple((when.marginal_gt, span.rates) for when, span in open_spans.items() if when.marginal_gt is not None),
    )


def every_vector(catalog: Catalog, offer: Offer, at: datetime) -> dict[When, tuple[Decimal, ...]]:
    """Return the rates of an offer at an instant (naive UTC) under every condition that has prices of tokens then.

    In US dollars per one of each quantity, in the order of `PRICED`: what a request would have cost had it been sent
    to another region, at another hour, in a batch.
    """
    pieces = _pieces(catalog, offer, Conditions(at))
    found = {}
    for when in catalog.spans(offer):
        span = catalog.span_at(offer, when, at)
        if when.marginal_gt is None and span is not None and not TOKEN_UNITS.isdisjoint(span.rates):
            found[when] = _Vector.of(when, {**pieces, **span.rates}).factors
    return found


def normal_tier(word: str | None) -> str | None:
    """Return a service tier as the catalog names it; None is the ordinary one."""
    return None if word is None or word.lower() in STANDARD_TIERS else word.lower()


def _matching(catalog: Catalog, offer: Offer, conditions: Conditions) -> Iterator[tuple[When, Span]]:
    """Yield the prices of the request's own tier, batch, size and instant, whatever their region, hours and mode."""
    tier = normal_tier(conditions.service_tier)
    for when in catalog.spans(offer):
        if when.service_tier != tier or when.batch != bool(conditions.is_batch):
            continue
        if conditions.prompt_tokens < when.prompt_from:
            continue
        span = catalog.span_at(offer, when, conditions.at)
        if span is not None and not TOKEN_UNITS.isdisjoint(span.rates):
            yield when, span


def _cases(catalog: Catalog, open_spans: Mapping[When, Span], conditions: Conditions) -> tuple[list[_Case], list[str]]:
    """Return every case the request may be, the expected one first, and what was assumed."""
    notes: list[str] = []
    stated = {when.region for when in open_spans}
    region = None if (conditions.region or "").lower() in GLOBAL_REGIONS else str(conditions.region).lower()
    if conditions.region is None:
        regions = [None, *sorted(name for name in stated if name)]
        if len(stated) > 1:
            notes.append("region unknown: the global price is used, the high bound is the regional one")
    elif region is None or region in stated:
        regions = [region]
    else:
        regions = [None]
        notes.append(f"no separate price is recorded for region {region}: the global price is used")
    used = {when.schedule for when in open_spans if when.schedule}
    hours: list[frozenset[str]] = [frozenset()]
    for schedule in (catalog.schedules[name] for name in sorted(used)):
        possible = states(schedule, conditions.at, at_is_start=conditions.at_is_start)
        if len(possible) > 1:
            notes.append(f"{schedule.title}: whether they apply is not certain at {conditions.at:%Y-%m-%dT%H:%M}")
        hours = [known | {schedule.id} if active else known for active in possible for known in hours]
    thinking = [bool(conditions.is_thinking)]
    if any(when.mode for when in open_spans) and conditions.is_thinking is None:
        thinking = [False, True]
        notes.append("thinking mode unknown: priced without it, the bounds have both")
    return [_Case(*case) for case in product(regions, hours, thinking)], notes


def _steps_below(catalog: Catalog, offer: Offer, conditions: Conditions, used: When) -> bool:
    """Say whether an offer has a price of so long a prompt under other conditions, and not under those of this one."""
    return any(
        used.prompt_from < when.prompt_from <= conditions.prompt_tokens
        and when.marginal_gt is None
        and catalog.span_at(offer, when, conditions.at) is not None
        for when in catalog.spans(offer)
    )


def _choose(open_spans: Mapping[When, Span], case: _Case) -> When | None:
    """Return the condition that decides a case: the highest prompt step, then a calendar in force, then the mode."""
    fitting = [
        when
        for when in open_spans
        if when.region == case.region
        and (when.schedule is None or when.schedule in case.hours)
        and (when.mode is None or case.thinking)
        and when.marginal_gt is None
    ]
    return max(fitting, key=lambda when: (when.prompt_from, when.schedule is not None, when.mode or ""), default=None)


def _pieces(catalog: Catalog, offer: Offer, conditions: Conditions) -> dict[str, Rate]:
    """Return the ordinary prices per piece: a tool costs the same in a batch or a long prompt unless it says so."""
    span = catalog.span_at(offer, When(), conditions.at)
    return {unit: rate for unit, rate in span.rates.items() if unit not in TOKEN_UNITS} if span else {}


@dataclass(frozen=True)
class _Vector:
    """The factor of each quantity under one condition, and the rate behind it."""

    when: When
    factors: tuple[Decimal, ...]
    used: dict[str, Rate]
    rates: Mapping[str, Rate]

    @classmethod
    def of(cls, when: When, rates: Mapping[str, Rate]) -> _Vector:
        """Return the vector of the rates that hold together."""
        used: dict[str, Rate] = {}
        for counter in COUNTERS:
            unit = next((unit for unit in FALLBACKS[counter] if unit in rates), None)
            if unit is not None:
                used[counter] = rates[unit]
        others: dict[str, str] = {count: unit for count, (_, unit) in SUB_COUNTS.items()} | dict(PIECES)
        used |= {name: rates[unit] for name, unit in others.items() if unit in rates}
        return cls(when, tuple(_factor(name, used) for name in PRICED), used, rates)

    def readings(self, conditions: Conditions) -> Iterator[tuple[Decimal, ...]]:
        """Yield the factors, and what they are where a lifetime or a share that is not known is the other one."""
        yield self.factors
        other = self.used.get("cache_write_other_tokens")
        if other and other.unit == "cache_write_5m" and "cache_write_1h" in self.rates:
            yield self._with(cache_write_other_tokens=self.rates["cache_write_1h"])
        reasoning = self.used.get("reasoning_tokens")
        if reasoning and conditions.is_thinking is None:
            yield self._with(output_tokens=reasoning)

    def _with(self, **instead: Rate) -> tuple[Decimal, ...]:
        used = self.used | instead
        return tuple(_factor(name, used) for name in PRICED)


def _factor(name: str, used: Mapping[str, Rate]) -> Decimal:
    rate = used.get(name)
    if rate is None:
        return ZERO
    if name in PIECES:
        return rate.usd
    base = used.get(SUB_COUNTS[name][0]) if name in SUB_COUNTS else None
    return EXACT.divide(rate.usd - (base.usd if base else ZERO), MILLION)


def _doubts(used: Mapping[str, Rate], conditions: Conditions) -> Iterator[str]:
    """Yield what a reader should know of the rates themselves."""
    firm = [rate.evidence.firm_until for rate in used.values() if rate.evidence.firm_until]
    if firm and conditions.at > min(firm).replace(tzinfo=None):
        yield f"the seller promised this price until {min(firm):%Y-%m-%d}; not confirmed since"


def _why_none(catalog: Catalog, offer: Offer, conditions: Conditions) -> str:
    """Return why no price holds, in words that are the same for every request with the same reason."""
    spans, tier = catalog.spans(offer), normal_tier(conditions.service_tier)
    has = f"{offer.sku.sku} has no" if catalog.known_at is None else f"{offer.sku.sku} had, on {catalog.known_at}, no"
    if tier and not any(when.service_tier == tier for when in spans):
        return f"{has} price for service tier {tier}"
    if conditions.is_batch and not any(when.batch for when in spans):
        return f"{has} batch price"
    own = [
        span
        for when, every in spans.items()
        if when.service_tier == tier and when.batch == bool(conditions.is_batch)
        for span in every
        if not TOKEN_UNITS.isdisjoint(span.rates)
    ]
    if not own:
        return f"{has} price for these conditions" if spans else f"{has} price"
    first, last = min(span.start for span in own), max(span.end for span in own)
    if conditions.at < first:
        return f"{has} price before {first:%Y-%m-%d}"
    if conditions.at >= last:
        return f"{has} price from {last:%Y-%m-%d} on"
    return f"{has} price for these conditions at that time"
