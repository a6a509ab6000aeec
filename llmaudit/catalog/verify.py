"""Checks of a whole catalog: what no single file can show, and what becomes wrong with time.

Each check is a function from the catalog to the problems it finds; an empty result is a pass.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import pairwise

from llmaudit.catalog.catalog import Catalog
from llmaudit.catalog.instants import naive, written
from llmaudit.catalog.model import MAX_DECIMALS_PER_MILLION, Rate, When
from llmaudit.catalog.units import PIECE_UNITS, TOKEN_UNITS

DEAREST_PIECE = Decimal(5)
"""No search, call or image costs more; a larger price is one per million, or per thousand, in the wrong place."""

DEAREST_MILLION = Decimal(2000)
CHEAPEST_MILLION = Decimal("0.0001")
"""A price per million tokens outside of these is one per token, or per thousand, in the wrong place."""


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong: where, and what."""

    seller: str
    sku: str
    what: str


@dataclass(frozen=True)
class Check:
    """One check of the catalog with everything it found."""

    name: str
    about: str
    problems: tuple[Problem, ...]

    @property
    def passed(self) -> bool:
        """Whether nothing was found."""
        return not self.problems


def verify(catalog: Catalog, today: datetime) -> list[Check]:
    """Run every check.

    Args:
        catalog: What to check.
        today: The instant (naive UTC) that decides which promises have run out.
    """
    rates = {key: catalog.rates(key) for key in catalog.keys}
    return [
        Check(name, str(check.__doc__).splitlines()[0], tuple(check(catalog, rates, today))) for name, check in CHECKS
    ]


Rates = dict[tuple[str, str], list[Rate]]


def unknown_units(_: Catalog, rates: Rates, __: datetime) -> Iterator[Problem]:
    """Every unit is one that llmaudit knows."""
    for (seller, sku), every in rates.items():
        for unit in sorted({rate.unit for rate in every} - TOKEN_UNITS - PIECE_UNITS):
            yield Problem(seller, sku, f"the unit {unit}, which llmaudit does not know")


def unknown_calendars(catalog: Catalog, rates: Rates, _: datetime) -> Iterator[Problem]:
    """Every price under a calendar names one that exists."""
    for (seller, sku), every in rates.items():
        for name in sorted({rate.when.schedule for rate in every if rate.when.schedule} - catalog.schedules.keys()):
            yield Problem(seller, sku, f"a price under the calendar {name}, which does not exist")


def overlaps(catalog: Catalog, rates: Rates, __: datetime) -> Iterator[Problem]:
    """One unit has one price at a time under one condition."""
    for seller, file in catalog.sellers.items():
        for entry in file.models:
            for ends, begins in entry.cut_short():
                sentence = f"a price is said to hold until {written(ends)}, but the next one begins {written(begins)}"
                yield Problem(seller, entry.sku, sentence)
    for (seller, sku), unit, group in _timelines(rates):
        for earlier, later in pairwise(group):
            if later.start < earlier.end:
                yield Problem(
                    seller, sku, f"two {unit} prices from {written(later.start)} on: {earlier.usd}, {later.usd}"
                )


def gaps(_: Catalog, rates: Rates, __: datetime) -> Iterator[Problem]:
    """The ordinary price of a model has no hole between its first day and its last."""
    for (seller, sku), unit, group in _timelines(rates):
        if unit not in {"input", "output"} or group[0].when != When():
            continue
        for earlier, later in pairwise(group):
            if earlier.end < later.start:
                yield Problem(seller, sku, f"no {unit} price from {written(earlier.end)} to {written(later.start)}")


def expired_promises(_: Catalog, rates: Rates, today: datetime) -> Iterator[Problem]:
    """No price in force depends on an expired promise."""
    for (seller, sku), every in rates.items():
        expired = {
            naive(rate.evidence.firm_until)
            for rate in every
            if rate.evidence.firm_until and naive(rate.evidence.firm_until) < today and rate.start <= today < rate.end
        }
        for until in sorted(expired):
            yield Problem(
                seller, sku, f"promised until {written(until)} and not confirmed since: look at the seller's page"
            )


def ended_calendars(catalog: Catalog, _: Rates, today: datetime) -> Iterator[Problem]:
    """Every calendar in force knows the holidays of the day."""
    for schedule in catalog.schedules.values():
        over = schedule.valid_to is not None and naive(schedule.valid_to) <= today
        if schedule.covers_through and schedule.covers_through < today.date() and not over:
            yield Problem("", schedule.id, f"its exceptions are known until {schedule.covers_through} only")


def wrong_scale(_: Catalog, rates: Rates, __: datetime) -> Iterator[Problem]:
    """No price looks like one per million in a place for one per piece, or the other way round."""
    for (seller, sku), every in rates.items():
        for rate in every:
            if rate.unit in PIECE_UNITS and rate.usd > DEAREST_PIECE:
                yield Problem(seller, sku, f"{rate.unit} at ${rate.usd} each: is that per million, or per thousand?")
            elif rate.unit in TOKEN_UNITS and not (rate.usd == 0 or CHEAPEST_MILLION <= rate.usd <= DEAREST_MILLION):
                yield Problem(seller, sku, f"{rate.unit} at ${rate.usd} per million tokens: is that per token?")


def too_fine(_: Catalog, rates: Rates, __: datetime) -> Iterator[Problem]:
    """No price per million has more than six decimals, unless it is converted or derived and says so."""
    for (seller, sku), every in rates.items():
        for rate in every:
            exponent = rate.usd.normalize().as_tuple().exponent
            evidence = rate.evidence
            meant = evidence.original or evidence.derived or evidence.package is None
            if (
                rate.unit in TOKEN_UNITS
                and isinstance(exponent, int)
                and -exponent > MAX_DECIMALS_PER_MILLION
                and not meant
            ):
                yield Problem(seller, sku, f"{rate.unit} at {rate.usd} per million: more than six decimals")


def sourceless(_: Catalog, rates: Rates, __: datetime) -> Iterator[Problem]:
    """Every price has a source."""
    for (seller, sku), every in rates.items():
        if any(not rate.evidence.source.strip() for rate in every):
            yield Problem(seller, sku, "a price without a source")


def idle_rules(catalog: Catalog, rates: Rates, _: datetime) -> Iterator[Problem]:
    """Every multiplier and discount touches at least one price."""
    multiplier_sources = {rate.evidence.source for every in rates.values() for rate in every if rate.evidence.derived}
    reduced = " ".join({rate.evidence.derived or "" for every in rates.values() for rate in every})
    for seller, file in catalog.sellers.items():
        for rule in file.multipliers:
            if rule.source not in multiplier_sources:
                yield Problem(seller, ", ".join(rule.models), f"a multiplier of {rule.factor} that touches nothing")
        for discount in file.discounts:
            if f"({discount.source})" not in reduced:
                yield Problem(seller, ", ".join(discount.models), f"a discount of {discount.pct}% that touches nothing")


CHECKS: tuple[tuple[str, Callable[[Catalog, Rates, datetime], Iterator[Problem]]], ...] = (
    ("units", unknown_units),
    ("calendars", unknown_calendars),
    ("overlaps", overlaps),
    ("gaps", gaps),
    ("promises", expired_promises),
    ("holidays", ended_calendars),
    ("scale", wrong_scale),
    ("decimals", too_fine),
    ("sources", sourceless),
    ("rules", idle_rules),
)


def _timelines(rates: Rates) -> Iterator[tuple[tuple[str, str], str, list[Rate]]]:
    """Yield the prices of each unit under each condition, in time order."""
    for key, every in rates.items():
        groups: dict[tuple[When, str], list[Rate]] = {}
        for rate in every:
            groups.setdefault((rate.when, rate.unit), []).append(rate)
        for (_, unit), group in groups.items():
            yield key, unit, sorted(group, key=lambda rate: (rate.start, rate.end))
