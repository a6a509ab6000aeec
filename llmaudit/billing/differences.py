"""A difference between a bill and another amount, split into causes that add up to it."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

import msgspec

from llmaudit.money import ZERO, percent

NEAR = Decimal("0.01")
NEAR_PCT = 0.5
"""Within a cent, or half a percent of the bill, the two agree: exports round."""


class Cause(msgspec.Struct, frozen=True):
    """A part of a difference: billed minus the other side, in US dollars."""

    cause: str
    title: str
    usd: Decimal


def listed(titles: Mapping[str, str], amounts: Mapping[str, Decimal]) -> list[Cause]:
    """Return the causes that have an amount, in the order of their titles."""
    return [Cause(name, title, amounts[name]) for name, title in titles.items() if amounts.get(name, ZERO)]


def near(difference: Decimal, billed: Decimal) -> bool:
    """Say whether a difference is no more than rounding leaves of a bill."""
    return abs(difference) <= NEAR or abs(percent(difference, billed) or 100.0) <= NEAR_PCT
