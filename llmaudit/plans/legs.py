"""Legs: the things a plan pays for on a cell, each a linear function of the cell's contents.

A cost is tokens x rates + billed x factor + requests x fixed amount. Because it is linear, the sum over cells equals
the sum over requests (`llmaudit.plans.rows` computes the latter in SQL).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Literal

from llmaudit.catalog.quote import cost
from llmaudit.catalog.units import PRICED
from llmaudit.cells import PricedCell
from llmaudit.money import ZERO, round_to, times, total

RATE_PLACES = 18
"""Effective rates (a rate times ratios and fees) are fixed at 18 decimals: the most that fits beside a count in SQL."""

FACTOR_PLACES = 6
"""A billed amount has 12 decimals; a factor of 6 keeps its product within the same 18."""

NOTHING: tuple[Decimal, ...] = (ZERO,) * len(PRICED)

Kind = Literal["keep", "route", "retry", "fallback", "cache", "verify"]
"""keep: the same model. route: another model. retry: failed attempts of it that are billed. fallback: the next model of
the chain, for calls that the first one never answers. cache: cached tokens of what stays that are read anew, since the
request before went elsewhere. verify: a second pass over the answer."""

PRIMARY: frozenset[Kind] = frozenset({"keep", "route"})
"""The leg that answers; the others come on top of it."""


@dataclass(frozen=True)
class Linear:
    """A cost as a linear function of a cell or a request.

    Attributes:
        rates: US dollars per one of each quantity, in the order of `PRICED`.
        billed_factor: Times the billed amount.
        per_request: US dollars per request.
    """

    rates: tuple[Decimal, ...] = NOTHING
    billed_factor: Decimal = ZERO
    per_request: Decimal = ZERO

    def of(self, priced: PricedCell) -> Decimal:
        """Return the exact cost of a cell, in US dollars."""
        cell = priced.cell
        return self.of_sums(cell.quantities, cell.billed_usd or ZERO, cell.requests)

    def of_sums(self, quantities: Sequence[int], billed_usd: Decimal, requests: int) -> Decimal:
        """Return the exact cost of what several cells hold together, in US dollars.

        Args:
            quantities: Sums in the order of `PRICED`.
            billed_usd: Sum of the billed amounts.
            requests: How many.
        """
        at_rates = cost(quantities, self.rates)
        if self.billed_factor or self.per_request:
            return total((at_rates, times(billed_usd, self.billed_factor), times(self.per_request, requests)))
        return at_rates

    def scaled(self, factor: Decimal) -> Linear:
        """Return the function times a factor, its rates rounded as every effective rate is."""
        if factor == 1:
            return self
        return Linear(
            tuple(fixed(times(rate, factor)) if rate else rate for rate in self.rates),
            round_to(times(self.billed_factor, factor), FACTOR_PLACES),
            fixed(times(self.per_request, factor)),
        )


@dataclass(frozen=True)
class Swing:
    """What one assumption alone does to a leg: every other one stays at its expected value.

    Attributes:
        name: Its name, such as `output length`.
        sentence: What is assumed, with the numbers, and where they are from.
        low: The leg with the assumption at its low end.
        high: The leg with it at its high end.
    """

    name: str
    sentence: str
    low: Linear
    high: Linear

    def scaled(self, factor: Decimal) -> Swing:
        """Return the swing of the leg times a factor."""
        return Swing(self.name, self.sentence, self.low.scaled(factor), self.high.scaled(factor))


def _no_swings() -> tuple[Swing, ...]:
    return ()


@dataclass(frozen=True)
class Leg:
    """One thing a plan pays for on one cell.

    Attributes:
        kind: keep, route, retry, fallback, cache or verify.
        model: The canonical model that does it; None if only a ratio is stated.
        expected: Its cost with the stated assumptions.
        low: With the assumptions at their low ends.
        high: With the assumptions at their high ends.
        swings: Makes what each assumption does alone; most plans of a thousand are never asked.
        notes: What is assumed or not known that has no band, as sentences.
    """

    kind: Kind
    model: str | None
    expected: Linear
    low: Linear
    high: Linear
    swings: Callable[[], tuple[Swing, ...]] = field(default=_no_swings, compare=False, repr=False)
    notes: tuple[str, ...] = ()

    @classmethod
    def certain(cls, kind: Kind, model: str | None, cost: Linear, *notes: str) -> Leg:
        """Return a leg whose cost has no band."""
        return cls(kind, model, cost, cost, cost, notes=notes)

    def scaled(self, factor: Decimal, kind: Kind | None = None) -> Leg:
        """Return the leg times a factor."""
        return replace(
            self,
            kind=kind or self.kind,
            expected=self.expected.scaled(factor),
            low=self.low.scaled(factor),
            high=self.high.scaled(factor),
            swings=lambda: tuple(swing.scaled(factor) for swing in self.swings()),
        )

    def noted(self, *notes: str) -> Leg:
        """Return the leg with further sentences."""
        return replace(self, notes=(*self.notes, *notes))


def fixed(rate: Decimal) -> Decimal:
    """Return an effective rate as it is used everywhere: rounded, once, to `RATE_PLACES` decimals."""
    return round_to(rate, RATE_PLACES)


def replaced(rates: tuple[Decimal, ...], place: int, rate: Decimal) -> tuple[Decimal, ...]:
    """Return rates with one of them replaced."""
    return (*rates[:place], rate, *rates[place + 1 :])
