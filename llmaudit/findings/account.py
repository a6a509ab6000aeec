"""What an account pays, or is exempt from, as a whole: free allowances and committed spend.

These cannot price a single request: which of a day's searches were free depends on all the others. They are shown
beside the sum of the requests and are part of none of their totals.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from datetime import date
from decimal import Decimal
from typing import Literal

import msgspec

from llmaudit.billing.lines import payer, seller_of
from llmaudit.catalog.instants import end_of, start_of
from llmaudit.catalog.model import Commitment, Dated, Quota
from llmaudit.catalog.timeline import touches
from llmaudit.catalog.units import FALLBACKS, PIECES, PRICED, SUB_COUNTS
from llmaudit.cells import PricedCell
from llmaudit.evidence import Evidence, spend
from llmaudit.money import ZERO, times, total

QUANTITIES: dict[str, str] = {
    **{units[0]: counter for counter, units in FALLBACKS.items()},
    **{unit: name for name, (_, unit) in SUB_COUNTS.items()},
    **{unit: name for name, unit in PIECES.items()},
}
"""The quantity of a request that each unit of an allowance is about."""


class AccountRow(msgspec.Struct, frozen=True):
    """One allowance or promise in one period.

    Attributes:
        kind: free (an allowance that was used) or shortfall (committed spend that was not reached).
        seller: Who grants or bills it.
        unit: The unit of an allowance, or `usd`.
        period: The day or month, such as 2026-10.
        used: Units used, or US dollars spent, by the models it covers.
        limit: Units that are free, or US dollars promised.
        low_usd: What it changes the bill by, at least: negative is a credit.
        high_usd: At most.
        note: One sentence.
    """

    kind: Literal["free", "shortfall"]
    seller: str
    unit: str
    period: str
    used: Decimal
    limit: Decimal
    low_usd: Decimal
    high_usd: Decimal
    note: str


class Account(msgspec.Struct, frozen=True):
    """Everything that holds for an account as a whole.

    Attributes:
        rows: By seller and period.
        low_usd: Sum of what they change a bill by, at least.
        high_usd: At most.
    """

    rows: list[AccountRow]
    low_usd: Decimal
    high_usd: Decimal


def find(evidence: Evidence) -> Account:
    """Return what the allowances and promises of the sellers in the traffic come to."""
    rows: list[AccountRow] = []
    billing = {seller_of(line, evidence.catalog) for line in evidence.bills}
    paid_to: dict[str, list[PricedCell]] = {}
    for priced in evidence.cells:
        name = payer(priced.cell, billing, evidence.catalog)
        if name is not None and priced.cell.day:
            paid_to.setdefault(name, []).append(priced)
    for seller, seller_cells in sorted(paid_to.items()):
        file = evidence.catalog.sellers.get(seller)
        for quota in file.quotas if file else ():
            rows += _free(seller, quota, seller_cells)
        for commitment in file.commitments if file else ():
            rows += _shortfall(seller, commitment, seller_cells)
    rows.sort(key=lambda row: (row.seller, row.period, row.unit))
    return Account(rows, total(row.low_usd for row in rows), total(row.high_usd for row in rows))


def _free(seller: str, quota: Quota, cells: list[PricedCell]) -> Iterable[AccountRow]:
    """Yield the credit of each period: its first units are free, cheapest or costliest first if the day is open."""
    name = QUANTITIES.get(quota.unit)
    if name is None:
        return
    index = PRICED.index(name)
    length = 10 if quota.per == "day" else 7
    covered = [p for p in _covered(quota, quota.models, cells) if p.cell.quantities[index]]
    for period, group in _by_period(covered, length):
        used = sum(priced.cell.quantities[index] for priced in group)
        worth = [
            _first(quota.free, sorted(group, key=_order(index, sign)), index) for sign in (Decimal(1), Decimal(-1))
        ]
        yield AccountRow(
            kind="free",
            seller=seller,
            unit=quota.unit,
            period=period,
            used=Decimal(used),
            limit=quota.free,
            low_usd=-max(worth),
            high_usd=-min(worth),
            note=f"{quota.free:,} {quota.unit} a {quota.per} are free for the account ({quota.source})",
        )


def _order(index: int, sign: Decimal) -> Callable[[PricedCell], tuple[str, Decimal]]:
    def key(priced: PricedCell) -> tuple[str, Decimal]:
        return str(priced.cell.day), sign * _factor(priced, index)

    return key


def _first(free: Decimal, ordered: list[PricedCell], index: int) -> Decimal:
    """Return what the first so many units cost at list."""
    left, worth = free, ZERO
    for priced in ordered:
        taken = min(left, Decimal(priced.cell.quantities[index]))
        worth += times(_factor(priced, index), taken)
        left -= taken
    return worth


def _factor(priced: PricedCell, index: int) -> Decimal:
    return priced.rates.expected[index] if priced.rates else ZERO


def _shortfall(seller: str, commitment: Commitment, cells: list[PricedCell]) -> Iterable[AccountRow]:
    """Yield the months in which less was spent than promised; a log that lacks requests makes it look larger.

    A month without any request lies between two that have some, or it is not known whether the log covers it.
    """
    by_month = dict(_by_period(_covered(commitment, commitment.models, cells), 7))
    for period in _months(by_month):
        group = by_month.get(period, [])
        spent = spend(group)
        missing = max(ZERO, commitment.usd_per_month - spent)
        if missing:
            yield AccountRow(
                kind="shortfall",
                seller=seller,
                unit="usd",
                period=period,
                used=spent,
                limit=commitment.usd_per_month,
                low_usd=ZERO,
                high_usd=missing,
                note=f"{commitment.usd_per_month:,} US dollars a month are committed ({commitment.source}); the "
                "shortfall is owed if the log covers the whole month",
            )


def _months(known: Collection[str]) -> Iterator[str]:
    """Yield every month from the first to the last of some, such as `2026-10`."""
    first, last = min(known, default=""), max(known, default="")
    while first and first <= last:
        yield first
        year, month = int(first[:4]), int(first[5:])
        first = f"{year + month // 12:04d}-{month % 12 + 1:02d}"


def _covered(rule: Dated, models: list[str], cells: list[PricedCell]) -> list[PricedCell]:
    start, end = start_of(rule.valid_from).date(), end_of(rule.valid_to).date()
    return [
        priced
        for priced in cells
        if start <= (priced.cell.day or date.min) < end and touches(models, priced.cell.sku or "", priced.cell.model)
    ]


def _by_period(cells: list[PricedCell], length: int) -> Iterable[tuple[str, list[PricedCell]]]:
    periods: dict[str, list[PricedCell]] = {}
    for priced in cells:
        periods.setdefault(str(priced.cell.day)[:length], []).append(priced)
    return sorted(periods.items())
