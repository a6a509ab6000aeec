"""What buying credit costs, from payments alone: the percentage, the minimum and the fixed part of the fee."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from llmaudit.markup.model import MarkupRule
from llmaudit.money import EXACT, ZERO, shown, times, total
from llmaudit.phrases import counted
from llmaudit.summaries.payments import Payment

HALF_A_CENT = Decimal("0.005001")
"""Receipts are in cents."""


@dataclass(frozen=True)
class TopUp:
    """The fee on buying credit.

    Attributes:
        fee_usd: Everything paid over the credit received; exact.
        credited_usd: The credit received.
        payments: How many.
        pct: Percent of the credit; None where the payments do not follow one.
        low_pct: The least percentage that all payments which follow it allow, to the cent.
        high_pct: The most.
        minimum_usd: The least fee; None where none was met.
        fixed_usd: An amount beside the percentage.
        follow: Payments that follow the rule.
    """

    fee_usd: Decimal
    credited_usd: Decimal
    payments: int
    pct: float | None
    low_pct: float | None
    high_pct: float | None
    minimum_usd: Decimal | None
    fixed_usd: Decimal | None
    follow: int

    @property
    def over_pct(self) -> float:
        """What credit cost over its face value, all payments together, in percent."""
        return float(self.fee_usd / self.credited_usd * 100)


def top_up(payments: Sequence[Payment]) -> TopUp | None:
    """Return the fee on buying credit, or None where no credit was bought.

    The rules tried: a percentage; a percentage but at least an amount; a percentage and an amount. The one that most
    payments follow to the cent is taken, the simplest of several.
    """
    fee_and_credit = [
        (row.paid_usd - row.credited_usd, row.credited_usd)
        for row in payments
        if row.category == "Purchase" and row.credited_usd
    ]
    if not fee_and_credit:
        return None
    fees, received = total(fee for fee, _ in fee_and_credit), total(credit for _, credit in fee_and_credit)
    rules = [rule for make in (_percentage, _with_minimum, _with_fixed) if (rule := make(fee_and_credit)) is not None]
    best = max(rules, key=lambda rule: rule.follow, default=None)
    if best is None or best.follow < best.numbers + 1 or best.follow * 2 <= len(fee_and_credit):
        return TopUp(fees, received, len(fee_and_credit), None, None, None, None, None, 0)
    return TopUp(fees, received, len(fee_and_credit), *best.interval, best.minimum, best.fixed, best.follow)


def top_up_sentence(fee: TopUp) -> str:
    """Return what buying credit cost, in words."""
    often = counted(fee.payments, "payment")
    paid = f"{shown(fee.fee_usd)} on {shown(fee.credited_usd)} of credit in {often}, {fee.over_pct:.2f}%"
    if fee.pct is None:
        return f"{paid}; these payments do not show how the fee is calculated"
    least = f", at least {shown(fee.minimum_usd)}" if fee.minimum_usd is not None else ""
    fixed = f" and {shown(fee.fixed_usd)}" if fee.fixed_usd is not None else ""
    return f"{paid}: {fee.pct:.3g}%{fixed}{least}, which fits {fee.follow} of {fee.payments} to the cent"


def top_up_rule(payments: Sequence[Payment]) -> MarkupRule | None:
    """Return the fee on buying credit as a finding; None where credit cost its face value, or none was bought."""
    fee = top_up(payments)
    if fee is None or fee.fee_usd <= 0:
        return None
    return MarkupRule(
        kind="top_up",
        models=[],
        pct=fee.pct if fee.pct is not None else fee.over_pct,
        low_pct=fee.low_pct if fee.low_pct is not None else fee.over_pct,
        high_pct=fee.high_pct if fee.high_pct is not None else fee.over_pct,
        fixed_usd=fee.minimum_usd if fee.minimum_usd is not None else fee.fixed_usd,
        of_list_pct=fee.over_pct,
        overpaid_usd=fee.fee_usd,
        fits_pct=100.0 * fee.follow / fee.payments,
        sampled=fee.payments,
    )


@dataclass(frozen=True)
class _FeeRule:
    interval: tuple[float, float, float]
    minimum: Decimal | None
    fixed: Decimal | None
    follow: int

    @property
    def numbers(self) -> int:
        """How many it has: so many payments agree with any rule of its shape."""
        return 1 + (self.minimum is not None) + (self.fixed is not None)


Bought = Sequence[tuple[Decimal, Decimal]]


def _percentage(bought: Bought, minimum: Decimal | None = None, fixed: Decimal | None = None) -> _FeeRule | None:
    """Return the percentage that most payments above the minimum allow, each to half a cent."""
    extra = fixed or ZERO
    spans = [
        (EXACT.divide(fee - extra - HALF_A_CENT, credit), EXACT.divide(fee - extra + HALF_A_CENT, credit))
        for fee, credit in bought
        if minimum is None or fee - minimum > HALF_A_CENT
    ]
    if not spans:
        return None
    low = max((low for low, _ in spans), key=lambda point: (sum(a <= point <= b for a, b in spans), point))
    inside = [(a, b) for a, b in spans if a <= low <= b]
    low, high = max(a for a, _ in inside), min(b for _, b in inside)
    rate = _roundest(low, high)
    follow = sum(_fits(fee, credit, rate, minimum, extra) for fee, credit in bought)
    return _FeeRule((float(100 * rate), float(100 * low), float(100 * high)), minimum, fixed, follow)


def _roundest(low: Decimal, high: Decimal) -> Decimal:
    """Return the number in a span that has fewest digits: fees are round numbers."""
    for places in range(2, 9):
        unit = Decimal(1).scaleb(-places)
        near = EXACT.quantize((low + high) / 2, unit)
        for candidate in (near, near - unit, near + unit):
            if low <= candidate <= high:
                return candidate
    return EXACT.divide(low + high, Decimal(2))


def _fits(fee: Decimal, credit: Decimal, rate: Decimal, minimum: Decimal | None, fixed: Decimal) -> bool:
    due = times(credit, rate) + fixed
    due = max(due, minimum) if minimum is not None else due
    return abs(fee - due) <= HALF_A_CENT


def _with_minimum(bought: Bought) -> _FeeRule | None:
    """Return a percentage with the least fee as its minimum, where small purchases pay it."""
    floor = min(fee for fee, _ in bought)
    at_floor = [credit for fee, credit in bought if fee == floor]
    above = [credit for fee, credit in bought if fee > floor]
    if floor <= 0 or not above or max(at_floor) > min(above):
        return None
    return _percentage(bought, minimum=floor)


def _with_fixed(bought: Bought) -> _FeeRule | None:
    """Return a percentage and an amount, from the smallest and the largest purchase."""
    (small_fee, small), (large_fee, large) = min(bought, key=lambda one: one[1]), max(bought, key=lambda one: one[1])
    if large <= small or large_fee < small_fee:
        return None
    slope = EXACT.divide(large_fee - small_fee, large - small)
    fixed = EXACT.quantize(small_fee - times(small, slope), Decimal("0.01"))
    return _percentage(bought, fixed=fixed) if fixed > 0 else None
