"""The canonical bill line: what a seller says it charged, at the grain of the bill.

A bill is never exploded into requests: its lines stand in a table of their own (`bill_lines`), and are compared with
the requests by seller and month. `None` means unknown. Periods are half-open, naive UTC. Amounts are as the bill has
them, exact, in its own currency.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Literal

import msgspec

from llmaudit.money import EXACT, PICO
from llmaudit.request import Reject

Grain = Literal["minute", "hour", "day", "month", "request", "other"]
TokenKind = Literal[
    "input", "cache_read", "cache_write_5m", "cache_write_1h", "cache_write_other", "output", "input_all", "other"
]
"""What a quantity counts, where it counts tokens. `input_all` includes cached tokens; `other` is no token at all."""

MAX_AMOUNT = Decimal(10**12)
"""More than this in one line is damage, not money."""

MAX_QUANTITY = Decimal(10**18)


class BillLine(msgspec.Struct, kw_only=True, gc=False):
    """One line of a bill. Fields are the columns of the table `bill_lines`, in order."""

    line: int = 0
    line_key: str | None = None
    """What makes this one line, by the bill's rule; the same key again is the same line (overlapping exports)."""
    seller: str | None = None
    """Who billed it."""
    issuer: str | None = None
    """Who wrote the document, where that is somebody else (a cloud, a gateway)."""
    grain: Grain = "other"
    period_start: datetime | None = None
    period_end: datetime | None = None
    sku: str | None = None
    """The line item as the bill names it."""
    model_raw: str | None = None
    token_kind: TokenKind | None = None
    quantity: Decimal | None = None
    """In single units: 1.5 of `1M tokens` is 1500000."""
    quantity_unit: str | None = None
    requests: int | None = None
    list_cost: Decimal | None = None
    """Before discounts."""
    billed_cost: Decimal | None = None
    """What is charged."""
    effective_cost: Decimal | None = None
    """After prepayments are spread out, where the bill says so."""
    currency: str | None = None
    charge_category: str | None = None
    project: str | None = None
    key_id: str | None = None
    user_id: str | None = None
    region: str | None = None
    service_tier: str | None = None
    is_batch: bool | None = None
    tags: str | None = None
    """JSON text."""


COLUMNS: tuple[str, ...] = BillLine.__struct_fields__


def amount(value: Decimal | None, field: str, per_unit: int = 1) -> Decimal | None:
    """Return an amount of a bill at twelve decimals; it may be negative (a credit).

    Args:
        value: The amount as written.
        field: For the reject.
        per_unit: Parts a unit of the currency: 100 for cents.

    Raises:
        Reject: Not finite, or beyond all bounds.
    """
    if value is None:
        return None
    if not value.is_finite() or abs(value) > MAX_AMOUNT:
        raise Reject("absurd-amount", field)
    return EXACT.quantize(EXACT.divide(value, Decimal(per_unit)), PICO)


def quantity(value: Decimal | None, field: str, units: Decimal | int = 1) -> Decimal | None:
    """Return a quantity in single units, at six decimals.

    Raises:
        Reject: Not finite, or beyond all bounds.
    """
    if value is None:
        return None
    if not value.is_finite() or abs(value) > MAX_QUANTITY:
        raise Reject("out-of-range", field)
    return EXACT.quantize(EXACT.multiply(value, Decimal(units)), Decimal("0.000001"))
