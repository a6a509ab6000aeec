"""Amounts in words: what is stated is not rounded."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmaudit.money import stated


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        ("0.00009", "$0.00009"),
        ("0.3", "$0.30"),
        ("9.000", "$9"),
        ("1234.5", "$1,234.50"),
        ("-0.8", "-$0.80"),
        ("2E+3", "$2,000"),
        ("0", "$0"),
    ],
)
def test_a_stated_amount(amount: str, text: str) -> None:
    assert stated(Decimal(amount)) == text


@given(st.decimals(min_value=-(10**9), max_value=10**9, places=12))
def test_no_digit_is_lost(amount: Decimal) -> None:
    assert Decimal(stated(amount).replace("$", "").replace(",", "")) == amount
