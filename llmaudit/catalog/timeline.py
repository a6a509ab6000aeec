"""From price entries to atomic rates, and from atomic rates to spans of time in which no price changes.

A file states prices as people write them: vectors that hold until the next one, rules that multiply, hours of a
machine. Here they all become `Rate` values with a start and an end, and the rates of a sku become spans without any
change. The evidence of a rate says what it was derived from.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fnmatch import fnmatchcase
from itertools import pairwise

import msgspec

from llmaudit.catalog.instants import BEGINNING, FOREVER, end_of, naive, start_of
from llmaudit.catalog.model import FINEST_PER_MILLION, Discount, Evidence, Hosting, Multiplier, Rate, SkuEntry, When
from llmaudit.catalog.units import TOKEN_UNITS
from llmaudit.money import EXACT, round_to

MILLION = Decimal(1_000_000)
HUNDRED = Decimal(100)


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of time in which no rate of a sku changes under one condition (naive UTC, half-open)."""

    start: datetime
    end: datetime
    rates: Mapping[str, Rate]


def rates_of_prices(entry: SkuEntry) -> Iterator[Rate]:
    """Yield the atomic rates of the prices of an entry; each holds until the next of its timeline begins."""
    for (when, only), prices in entry.timelines().items():
        starts = [naive(price.valid_from) for price in prices]
        for price, start, following in zip(prices, starts, [*starts[1:], FOREVER], strict=True):
            evidence = Evidence(
                basis=price.basis,
                source=price.source,
                checked_on=price.checked_on,
                firm_until=price.firm_until,
                learned_on=price.learned_on,
                original=price.original,
                note=price.note,
            )
            end = min(end_of(price.valid_to), following)
            for unit, usd in (*price.usd_per_million.items(), *price.usd_each.items()):
                if not only or unit == only:
                    yield Rate(unit=unit, usd=usd, when=when, start=start, end=end, evidence=evidence)


def rates_of_hosting(hosting: Hosting) -> Iterator[Rate]:
    """Yield what a token of a model one hosts costs: paid hours over the tokens of a used hour."""
    hour = hosting.usd_per_hour * hosting.units
    for unit, tokens in (("input", hosting.input_tokens_per_hour), ("output", hosting.output_tokens_per_hour)):
        used = EXACT.multiply(tokens, hosting.utilisation)
        usd = round_to(EXACT.divide(EXACT.multiply(hour, MILLION), used), 6)
        rule = (
            f"{hosting.units.normalize():f} x ${hosting.usd_per_hour:f} an hour over {used.normalize():f} {unit} "
            "tokens an hour, rounded to 6 decimals per million"
        )
        yield Rate(
            unit=unit,
            usd=usd,
            when=When(),
            start=naive(hosting.valid_from),
            end=end_of(hosting.valid_to),
            evidence=Evidence(basis="assumed", source=hosting.source, derived=rule),
        )


def touches(patterns: Iterable[str], sku: str, model: str) -> bool:
    """Say whether one of some shell patterns names a sku, by its id or its canonical name."""
    return any(fnmatchcase(name.lower(), pattern.lower()) for pattern in patterns for name in (sku, model))


def multiplied(rates: Sequence[Rate], rule: Multiplier) -> Iterator[Rate]:
    """Yield the rates that a multiplier makes; a price that the seller states itself under its conditions wins."""
    units = set(rule.units) or TOKEN_UNITS
    added = rule.when.given
    stated = {(rate.when, rate.unit) for rate in rates}
    for rate in rates:
        if rate.unit not in units or added.keys() & rate.when.given.keys():
            continue
        when = msgspec.structs.replace(rate.when, **added)
        start, end = max(rate.start, start_of(rule.valid_from)), min(rate.end, end_of(rule.valid_to))
        if (when, rate.unit) in stated or start >= end:
            continue
        evidence = msgspec.structs.replace(
            rate.evidence,
            basis=rule.basis,
            source=rule.source,
            checked_on=rule.checked_on,
            agree=None,
            derived=f"{_plain(rule.factor)} x {_plain(rate.usd)} ({rate.evidence.source})",
            note=rule.note,
        )
        yield Rate(
            unit=rate.unit, usd=_kept(rate.usd * rule.factor), when=when, start=start, end=end, evidence=evidence
        )


def discounted(rates: Iterable[Rate], rule: Discount) -> Iterator[Rate]:
    """Yield rates with a negotiated discount in its span; outside of it they stay as they are."""
    first, last = start_of(rule.valid_from), end_of(rule.valid_to)
    for rate in rates:
        start, end = max(rate.start, first), min(rate.end, last)
        if rate.unit not in TOKEN_UNITS or start >= end:
            yield rate
            continue
        if rate.start < start:
            yield msgspec.structs.replace(rate, end=start)
        yield msgspec.structs.replace(
            rate,
            usd=_kept(EXACT.divide(rate.usd * (HUNDRED - rule.pct), HUNDRED)),
            start=start,
            end=end,
            evidence=msgspec.structs.replace(
                rate.evidence, derived=f"{_plain(rate.usd)} less {_plain(rule.pct)}% ({rule.source})"
            ),
        )
        if end < rate.end:
            yield msgspec.structs.replace(rate, start=end)


def without(rates: Iterable[Rate], replaced: Sequence[Rate]) -> Iterator[Rate]:
    """Yield rates but for the time in which another states the same unit under the same condition."""
    taken: dict[tuple[When, str], list[Rate]] = {}
    for rate in replaced:
        taken.setdefault((rate.when, rate.unit), []).append(rate)
    for rate in rates:
        start = rate.start
        for other in sorted(taken.get((rate.when, rate.unit), ()), key=lambda other: other.start):
            if start < min(other.start, rate.end):
                yield msgspec.structs.replace(rate, start=start, end=min(other.start, rate.end))
            start = max(start, other.end)
        if start < rate.end:
            yield msgspec.structs.replace(rate, start=start)


def spans_of(rates: Iterable[Rate]) -> dict[When, list[Span]]:
    """Return the dense vectors of a sku: by condition, in time order.

    Where two rates of one unit and condition overlap, the one that began later holds; `pricing verify` reports it.
    """
    by_condition: dict[When, list[Rate]] = {}
    for rate in rates:
        by_condition.setdefault(rate.when, []).append(rate)
    return {when: list(_spans(group)) for when, group in by_condition.items()}


def _spans(rates: list[Rate]) -> Iterator[Span]:
    edges = sorted({edge for rate in rates for edge in (rate.start, rate.end)})
    ordered = sorted(rates, key=lambda rate: rate.start)
    for start, end in pairwise(edges):
        vector = {rate.unit: rate for rate in ordered if rate.start <= start < rate.end}
        if vector:
            yield Span(start, end, vector)


def _kept(usd: Decimal) -> Decimal:
    """Return a derived price as it is, unless it has more decimals than arithmetic in SQL can hold."""
    exponent = usd.as_tuple().exponent
    return round_to(usd, FINEST_PER_MILLION) if isinstance(exponent, int) and -exponent > FINEST_PER_MILLION else usd


def _plain(amount: Decimal) -> str:
    return f"{amount.normalize():f}"


__all__ = [
    "BEGINNING",
    "MILLION",
    "Span",
    "discounted",
    "multiplied",
    "rates_of_hosting",
    "rates_of_prices",
    "spans_of",
    "touches",
    "without",
]
