"""How concentrated spend is: shares and the Herfindahl-Hirschman index by maker, seller, gateway and model.

The index is the sum of the squared shares in percent, up to 10,000 for a single name. The thresholds are those of the
2023 US merger guidelines: highly concentrated above 1,800, moderately above 1,000. 10,000 divided by the index is the
number of equal names that would be as concentrated.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Literal

import msgspec

from llmaudit.cells import PricedCell
from llmaudit.evidence import grouped, spend
from llmaudit.money import percent, total

HIGH, MODERATE = 1_800, 1_000
Level = Literal["high", "moderate", "low"]
DIRECT = "direct"


class Share(msgspec.Struct, frozen=True):
    """One name; None is not known."""

    name: str | None
    spend_usd: Decimal
    share_pct: float


class Concentration(msgspec.Struct, frozen=True):
    """Spend by one kind of name.

    Attributes:
        by: provider, seller, gateway or model.
        index: Herfindahl-Hirschman index, 0 to 10,000; None where nothing was spent.
        level: high above 1,800, moderate above 1,000, else low.
        equal_names: How many equal names would be as concentrated.
        shares: Largest first; they add up to the spend.
    """

    by: str
    index: int | None
    level: Level | None
    equal_names: float | None
    shares: list[Share]


def provider_of(priced: PricedCell) -> str | None:
    """Return who made the model; None where it is not in the catalog."""
    return priced.cell.model.partition("/")[0] if priced.offer else None


NAMES: tuple[tuple[str, Callable[[PricedCell], str | None]], ...] = (
    ("provider", provider_of),
    ("seller", lambda priced: priced.cell.seller),
    ("gateway", lambda priced: priced.cell.gateway or DIRECT),
    ("model", lambda priced: priced.cell.model),
)


def concentration(cells: Sequence[PricedCell]) -> list[Concentration]:
    """Return the concentration of spend by every kind of name."""
    return [_by(name, key, cells) for name, key in NAMES]


def _by(by: str, key: Callable[[PricedCell], str | None], cells: Sequence[PricedCell]) -> Concentration:
    amounts = [(name, spend(group)) for name, group in grouped(cells, key)]
    whole = total(amount for _, amount in amounts)
    shares = [Share(name, amount, percent(amount, whole) or 0.0) for name, amount in amounts]
    if not whole:
        return Concentration(by, None, None, None, shares)
    index = sum(share.share_pct**2 for share in shares)
    level: Level = "high" if index > HIGH else "moderate" if index > MODERATE else "low"
    return Concentration(by, round(index), level, 10_000 / index, shares)
