"""Fees on buying credit, worked out by hand: 5.5% of 100 is 5.50, of 10 is 0.55, so the minimum of 0.80 is due."""

from __future__ import annotations

from decimal import Decimal

import pytest

from llmaudit.markup.topup import top_up
from llmaudit.summaries.payments import Payment

CASES: dict[str, tuple[list[tuple[str, str]], float | None, str | None, str | None, str]] = {
    # paid and credited; percent, minimum, fixed amount, all fees
    "a percentage": ([("105", "100"), ("52.50", "50"), ("21", "20")], 5.0, None, None, "8.5"),
    "a percentage with a minimum": (
        [("105.50", "100"), ("10.80", "10"), ("52.75", "50"), ("5.80", "5")],
        5.5,
        "0.80",
        None,
        "9.85",
    ),
    "a percentage and an amount": ([("104.70", "100"), ("10.74", "10"), ("52.50", "50")], 4.4, None, "0.30", "7.94"),
    "nothing": ([("100", "100"), ("10", "10")], 0.0, None, None, "0"),
    "one payment only": ([("105.50", "100")], None, None, None, "5.5"),
    "no rule": ([("105", "100"), ("17", "10"), ("61", "50"), ("90", "33")], None, None, None, "80"),
    "a fee taken out of the payment": ([("100", "95.24"), ("50", "47.62")], 5.0, None, None, "7.14"),
}


@pytest.mark.parametrize("what", CASES)
def test_fee(what: str) -> None:
    bought, pct, minimum, fixed, fees = CASES[what]
    found = top_up(
        [
            Payment(gateway="g", at=None, category="Purchase", paid_usd=Decimal(a), credited_usd=Decimal(b), key=None)
            for a, b in bought
        ]
    )
    assert found is not None
    assert found.fee_usd == Decimal(fees)
    assert found.pct == (None if pct is None else pytest.approx(pct, abs=0.006))
    assert found.minimum_usd == (None if minimum is None else Decimal(minimum))
    assert found.fixed_usd == (None if fixed is None else Decimal(fixed))


def test_no_credit_bought() -> None:
    assert (
        top_up(
            [Payment(gateway="g", at=None, category="Subscription", paid_usd=Decimal(49), credited_usd=None, key=None)]
        )
        is None
    )
