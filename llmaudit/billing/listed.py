"""Usage exports at list price: what the seller's own token counts cost, with bounds.

An export has sums, and for each sum only some of the conditions its price depends on. A missing condition is never
guessed: every value with a price of its own is tried, and the lowest and highest rate of each kind of token are the
bounds. The expected cost is that of the ordinary case (ordinary tier, no batch, short prompts, global price). There is
none if no case is the ordinary one: on a day when the price changes, or if no part of the input is distinguished.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import product

from llmaudit.billing.factors import Factor, factor_of
from llmaudit.billing.lines import FINE, offer_of, seller_of
from llmaudit.catalog import Catalog, Conditions, NoRates, Offer, rates_for
from llmaudit.evidence import BillSum
from llmaudit.money import ZERO, times, total

SPEED_APART = {"anthropic"}
"""Sellers whose exports state the fast mode separately from the tier: without a speed, a tier does not rule it out."""

SEARCHES = "searches"
BATCH = "batch"
MIDNIGHT = datetime.min.time()

_SUMS = {
    "token_kind", "category", "tokens", "pieces", "unit", "family", "requests", "lines",
    "billed", "effective", "listed",
}  # fmt: skip
_GROUP = tuple(name for name in BillSum.__struct_fields__ if name not in _SUMS)
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([kKmM]?)")
_UNIT = {"": 1, "k": 1_000, "m": 1_000_000}


@dataclass(frozen=True)
class Listed:
    """A line of a usage export at list, in US dollars.

    Attributes:
        line: The line.
        model: Canonical name if the catalog knows it, else as in the export; None if the export has no models.
        usd: In the ordinary case; None where no case is, or where it is unpriced.
        low: The least it can have cost at list.
        high: The most.
        ordinary: The same tokens at the ordinary tier and not in a batch; None where that has no price.
        doubts: What is omitted and widens the bounds: tier, batch, context, speed, region, mode, time, lifetime, kind.
        why_unpriced: Why it has no price; None where it has one.
    """

    line: BillSum
    model: str | None
    usd: Decimal | None = None
    low: Decimal | None = None
    high: Decimal | None = None
    ordinary: Decimal | None = None
    doubts: frozenset[str] = frozenset()
    why_unpriced: str | None = None


@dataclass(frozen=True)
class _Case:
    """One value of everything that an export may leave out."""

    tier: str | None
    batch: bool
    size: int

    def doubt(self, other: _Case, line: BillSum) -> str | None:
        """Return the one thing in which it differs from another; None where there are more."""
        names = {"tier": "tier" if line.service_tier is None else "speed", "batch": "batch", "size": "context"}
        apart = [doubt for name, doubt in names.items() if getattr(self, name) != getattr(other, name)]
        return apart[0] if len(apart) == 1 else None


@dataclass(frozen=True)
class _Found:
    """The factor of a line at one instant, in US dollars for one token."""

    factor: Factor
    ordinary: Decimal | None
    doubts: frozenset[str]


def at_list(lines: Iterable[BillSum], catalog: Catalog) -> list[Listed]:
    """Return lines of usage exports at list, in the same order.

    A prompt is not longer than all input of its sum, which keeps small sums out of the bands of long prompts.
    """
    every = list(lines)
    inputs: dict[tuple[object, ...], Decimal] = {}
    for line in every:
        if line.tokens is not None and not (line.token_kind or "").startswith("output"):
            key = _group(line)
            inputs[key] = inputs.get(key, ZERO) + line.tokens
    pricing = _Pricing(catalog)
    return [pricing.of(line, int(inputs.get(_group(line), ZERO))) for line in every]


def _group(line: BillSum) -> tuple[object, ...]:
    return tuple(getattr(line, name) for name in _GROUP)


class _Pricing:
    """Prices lines, and remembers the slots of days."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._slots: dict[object, tuple[datetime, ...]] = {}

    def of(self, line: BillSum, all_input: int) -> Listed:
        quantity = line.pieces if line.tokens is None else line.tokens
        if quantity is not None and not quantity:
            return Listed(line, self._name(line), ZERO, ZERO, ZERO, ZERO)
        found = self._found(line, all_input)
        if isinstance(found, str):
            return Listed(line, self._name(line), why_unpriced=found)
        factor = found.factor
        return Listed(
            line,
            self._name(line),
            None if factor.expected is None else times(factor.expected, quantity or ZERO),
            times(factor.low, quantity or ZERO),
            times(factor.high, quantity or ZERO),
            None if found.ordinary is None else times(found.ordinary, quantity or ZERO),
            found.doubts,
        )

    def _name(self, line: BillSum) -> str | None:
        at = None if line.day is None else datetime.combine(line.day, MIDNIGHT)
        offer = offer_of(self._catalog, line.seller, line.model, line.price_slot or at) if line.model else None
        return offer.sku.model if offer else line.model

    def _found(self, line: BillSum, all_input: int) -> _Found | str:
        """Return the factor of a line over every instant it may be of, or why there is none."""
        if why := _unpriceable(line):
            return why
        steps: dict[tuple[object, ...], _Found | str] = {}
        for at in self._moments(line):
            offer = offer_of(self._catalog, line.seller, line.model or "", at)
            if offer is None:
                return self._catalog.find(line.model, seller=line.seller, at=at).reason
            key = (offer.key, self._catalog.steps(offer, at, 0)[0])
            if key not in steps:
                steps[key] = self._at(line, offer, at, all_input)
        return _over(list(steps.values()))

    def _moments(self, line: BillSum) -> Sequence[datetime]:
        """Return an instant of every span that a line may be of and within which no rate changes."""
        if line.price_slot is not None:
            return (line.price_slot,)
        if line.day not in self._slots:
            midnight = datetime.combine(line.day, MIDNIGHT)  # type: ignore[arg-type]  # a line without a day is unpriced
            slots = self._catalog.slots(midnight, midnight)
            self._slots[line.day] = tuple(dict.fromkeys(slot.priced_at for slot in slots))
        return self._slots[line.day]

    def _at(self, line: BillSum, offer: Offer, at: datetime, all_input: int) -> _Found | str:
        """Return the factor of a line at an instant over every case it may be, or why the ordinary one has none."""
        first, *others = self._cases(line, offer, all_input)
        base = self._factor(line, offer, at, first)
        if isinstance(base, str):
            return base
        doubts = set(base.doubts)
        low, high = base.low, base.high
        for case in others:
            other = self._factor(line, offer, at, case)
            if isinstance(other, str):
                continue  # not sold so: it is not how these tokens were used
            doubt = case.doubt(first, line)
            if doubt and (other.low, other.high) != (base.low, base.high):
                doubts.add(doubt)
            low, high = min(low, other.low), max(high, other.high)
        ordinary = self._factor(line, offer, at, _Case(None, batch=False, size=first.size))
        return _Found(
            Factor(low, base.expected, high),
            ordinary.expected if isinstance(ordinary, Factor) else None,
            frozenset(doubts),
        )

    def _factor(self, line: BillSum, offer: Offer, at: datetime, case: _Case) -> Factor | str:
        conditions = Conditions(at, case.size, case.tier, case.batch, line.region)
        rates = rates_for(self._catalog, offer, conditions)
        if isinstance(rates, NoRates):
            return rates.reason
        kind = line.token_kind if line.tokens is not None else SEARCHES
        found = factor_of(self._catalog, offer, rates, conditions, str(kind))
        return found or f"{offer.sku.sku} has no price for {str(kind).replace('_', ' ')}"

    def _cases(self, line: BillSum, offer: Offer, all_input: int) -> Iterator[_Case]:
        """Yield every case a line may be, the ordinary one first."""
        whens = self._catalog.spans(offer)
        tiers: list[str | None] = [None if line.service_tier in {None, BATCH} else line.service_tier]
        if line.service_tier is None:
            tiers += sorted({when.service_tier for when in whens if when.service_tier})
        elif line.speed is None and seller_of(line, self._catalog) in SPEED_APART and line.service_tier != "fast":
            tiers.append("fast")
        if line.speed not in {None, "fast"}:
            tiers = [tier for tier in tiers if tier != "fast"]
        batches = [False, True] if line.is_batch is None else [line.is_batch]
        sizes = list(_sizes(line, {when.prompt_from for when in whens}, all_input))
        yield from (_Case(tier, batch, size) for tier, batch, size in product(tiers, batches, sizes))


def _unpriceable(line: BillSum) -> str | None:
    """Return why a line can have no price whatever the catalog holds."""
    if not line.is_consistent:
        return "its counts contradict each other"
    if line.day is None:
        return "no time"
    if line.price_slot is None and line.grain not in FINE:
        return "its period is neither a single day nor within one price"
    if line.tokens is None and line.unit != SEARCHES:
        return f"{(line.family or 'what was counted').replace('_', ' ')}: no price for this unit"
    return None if line.model else "the export does not separate models"


def _over(found: list[_Found | str]) -> _Found | str:
    """Return what holds over several instants: the outermost bounds, an expected factor only if all have the same."""
    why = next((one for one in found if isinstance(one, str)), None)
    if why is not None:
        return why if len(found) == 1 else f"{why} (for part of the day)"
    known = [one for one in found if isinstance(one, _Found)]
    expected, ordinary = {one.factor.expected for one in known}, {one.ordinary for one in known}
    bounds = {(one.factor.low, one.factor.high) for one in known}
    return _Found(
        Factor(
            min(one.factor.low for one in known),
            expected.pop() if len(expected) == 1 else None,
            max(one.factor.high for one in known),
        ),
        ordinary.pop() if len(ordinary) == 1 else None,
        frozenset().union(*(one.doubts for one in known), {"time"} if len(bounds) > 1 else ()),
    )


def _sizes(line: BillSum, edges: set[int], all_input: int) -> Iterator[int]:
    """Yield a prompt size of every band that a sum may have prompts in, the shortest first."""
    least, most = _span(line.context)
    first = least + 1 if least else 0
    last = all_input if most is None else min(most, all_input)
    yield first
    yield from sorted(edge for edge in edges if first < edge <= last)


def _span(context: str | None) -> tuple[int, int | None]:
    """Return between which prompt sizes a span is, as an export writes it (`0-200k`, `> 200k`)."""
    sizes = [int(Decimal(number) * _UNIT[unit.lower()]) for number, unit in _SIZE.findall(context or "")]
    if len(sizes) == 2:  # noqa: PLR2004 -- from, to
        return sizes[0], sizes[1]
    if len(sizes) == 1 and context is not None:
        return (sizes[0], None) if ">" in context or "+" in context else (0, sizes[0])
    return 0, None


def summed(amounts: Iterable[Decimal | None]) -> Decimal | None:
    """Return the exact sum, or None where one of them is not known."""
    every = list(amounts)
    known = [amount for amount in every if amount is not None]
    return total(known) if len(known) == len(every) else None
