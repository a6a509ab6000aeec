"""A value that is not known exactly: its expected value, its cheap and expensive ends, and its source."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

RATIO_PLACES = 4
ONE = Decimal(1)

Basis = Literal["stated", "measured", "table", "assumed"]
"""stated by the plan, measured on the user's own data, from a table, or assumed for want of anything better."""

UNKNOWN = "it is unknown whether "
"""Opens a sentence on what a model may lack: by it `PlanCost.doubts` finds the requests that move in doubt."""


@dataclass(frozen=True)
class Band:
    """A value that is not known exactly.

    Attributes:
        expected: The value used.
        low: Its low end.
        high: Its high end.
        basis: Where it is from.
        sentence: What is assumed, with the numbers and their source; empty where there is nothing to say.
    """

    expected: Decimal
    low: Decimal
    high: Decimal
    basis: Basis = "assumed"
    sentence: str = ""

    @classmethod
    def at(cls, value: Decimal, basis: Basis = "stated", sentence: str = "") -> Band:
        """Return a value without a band."""
        return cls(value, value, value, basis, sentence)

    def mapped(self, formula: Callable[[Decimal], Decimal], sentence: str = "") -> Band:
        """Return the result of a formula for the value and for its ends."""
        return Band(formula(self.expected), formula(self.low), formula(self.high), self.basis, sentence)

    def with_(self, other: Band, formula: Callable[[Decimal, Decimal], Decimal]) -> Band:
        """Return the result of a formula for two values, and for their ends together."""
        ends = (formula(getattr(self, end), getattr(other, end)) for end in ("expected", "low", "high"))
        expected, low, high = ends
        return Band(expected, low, high, self.basis)
