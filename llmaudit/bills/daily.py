"""Daily sums kept by a gateway: one amount for all tokens of a day and model, with the count of each kind."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec

from llmaudit.bills.base import BillLine, quantity
from llmaudit.formats.values import text_time
from llmaudit.request import Reject


def day_of(text: str | None, field: str = "date") -> tuple[datetime, datetime]:
    """Return the bounds of a day (`2026-09-01`, or a time within it), half-open.

    Raises:
        Reject: It is no date.
    """
    start = text_time(f"{(text or '')[:10]}T00:00:00", field)
    if start is None:
        raise Reject("not-a-time", field)
    return start, start + timedelta(days=1)


def with_tokens(charge: BillLine, counts: Mapping[str, int | None]) -> list[BillLine]:
    """Return the line with the amount, and after it one line for each kind of token with a quantity and no amount.

    The amount covers all kinds and is not split: the sum does not say what each of them cost.

    Args:
        charge: The line; its `line_key` is also the beginning of the others'.
        counts: Kind of token to count (`usage.summed`); unknown and zero ones have no line.
    """
    lines = [charge]
    for kind, count in counts.items():
        if count:
            changed: dict[str, Any] = {
                "line_key": f"{charge.line_key}|{kind}",
                "token_kind": kind,
                "quantity": quantity(Decimal(count), kind),
                "quantity_unit": "tokens",
                "billed_cost": None,
                "list_cost": None,
                "effective_cost": None,
                "requests": None,
            }
            lines.append(msgspec.structs.replace(charge, **changed))
    return lines
