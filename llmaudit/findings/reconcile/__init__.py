"""Bills against logs, by seller and month: how much of the bill the logs show, then the difference by cause.

An incomplete log is not an overcharge, so coverage comes first: whatever was billed on days, for models or for tokens
that no log has is separated before prices are compared. The causes of a row add up exactly to its difference:

    billed - logged = missing in the log + missing in the bill + other charges + price of what both have

For a model and a kind of token that both have, with Q tokens billed for B dollars and q tokens logged, the first part
is (Q - q) x B / Q, and the rest of B is what the bill charges for the logged tokens.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Literal

import msgspec

from llmaudit.billing.differences import Cause, listed, near
from llmaudit.billing.lines import choose, dollars_only, payer, seller_of
from llmaudit.catalog import Catalog
from llmaudit.cells import PricedCell
from llmaudit.evidence import BillSum, Evidence, requests, spend
from llmaudit.findings.reconcile.parts import CAUSES, Split, split
from llmaudit.money import EXACT, ZERO, percent, round_to, total
from llmaudit.period import Period

WHOLE_PCT = 99.0
"""A log that has so much of the bill counts as complete."""

OFFICIAL = "official"
"""Instead of a bill's format: an invoice total that the user gave."""

NO_USAGE = "it has only purchases and fees, and what was bought does not show what was used"

Verdict = Literal["agrees", "log-incomplete", "differs", "no-log", "not-comparable"]


class OtherBill(msgspec.Struct, frozen=True):
    """A further bill of the same seller and month. It tells the same charges and is not added."""

    bill: str
    billed_usd: Decimal | None


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One seller in one month.

    Attributes:
        seller: Who billed.
        month: `2026-10`; None for an invoice total over the whole period.
        bill: The format of the bill, or `official`.
        verdict: agrees, log-incomplete, differs, no-log or not-comparable (no usage, or usage in a currency that the
            bill gives no rate for).
        billed_usd: What the bill charges in dollars; None where it has no amount in dollars.
        effective_usd: The same with prepayments spread out, where the bill says so. Never added to billed.
        other_amounts: Amounts in other currencies that the bill gives no rate for, as text; in no sum here.
        logged_usd: What the logged requests cost as far as known: the amount in the log, else list.
        list_usd: List cost of the logged requests that have a price.
        difference_usd: billed - logged; None where a part of what was billed is in no sum.
        coverage_pct: How much of what was billed the logs show; None where that cannot be told.
        coverage_by: tokens (of the billed tokens, weighted by their money) or days (with requests in the log).
        requests: Logged requests.
        unpriced_requests: Of those, without a known cost; they add nothing to logged.
        causes: Parts of the difference; they add up to it.
        other_bills: Further bills of the same charges.
        notes: Sentences.
        has_usage: Whether the bill says what usage cost; purchases and fees alone measure nothing that is logged.
    """

    seller: str
    month: str | None
    bill: str
    verdict: Verdict
    billed_usd: Decimal | None
    effective_usd: Decimal | None
    other_amounts: dict[str, str]
    logged_usd: Decimal
    list_usd: Decimal
    difference_usd: Decimal | None
    coverage_pct: float | None
    coverage_by: Literal["tokens", "days"] | None
    requests: int
    unpriced_requests: int
    causes: list[Cause]
    other_bills: list[OtherBill]
    notes: list[str]
    has_usage: bool = True


class Unbilled(msgspec.Struct, frozen=True):
    """A seller and month that the logs have and no bill."""

    seller: str
    month: str | None
    logged_usd: Decimal
    requests: int


CAVEAT = (
    "A bill has no request ids, so it is compared by seller, month, day, model and kind of token. Days and months are "
    "UTC; a request at the end of a month may be billed in the next. Requests without a time are in no row."
)
OTHER_DAYS = (
    " The logs are grouped by days in {timezone} here, so requests near midnight may be in the wrong day or month; "
    "`llmaudit reconcile` compares by UTC days."
)


class Reconcile(msgspec.Struct, frozen=True):
    """Every bill against the logs."""

    rows: list[Row]
    unbilled: list[Unbilled]
    caveat: str = CAVEAT


def find(evidence: Evidence, official: Mapping[str, Decimal] | None = None) -> Reconcile:
    """Return bills against logs.

    Args:
        evidence: Cells and bill lines of the period.
        official: Invoice totals in US dollars by seller, for the whole period. Where bill lines are there too, the
            invoice is what was billed and the gap between the two is a cause of its own.
    """
    totals = official or {}
    catalog = evidence.catalog
    whole = _month_of(evidence.period)
    bills: dict[tuple[str, str | None], list[BillSum]] = {}
    for line in evidence.bills:
        seller = seller_of(line, catalog)
        month = whole if seller in totals or line.day is None else f"{line.day:%Y-%m}"
        bills.setdefault((seller, month), []).append(line)
    for seller in totals:
        bills.setdefault((seller, whole), [])
    billing = {seller for seller, _ in bills}
    cells: dict[tuple[str, str | None], list[PricedCell]] = {}
    for priced in evidence.cells:
        name = payer(priced.cell, billing, catalog)
        if name is None or priced.cell.day is None:
            continue
        month = whole if name in totals else f"{priced.cell.day:%Y-%m}"
        cells.setdefault((name, month), []).append(priced)
    rows = [
        _row(seller, month, bills[seller, month], cells.get((seller, month), []), catalog, totals.get(seller))
        for seller, month in sorted(bills, key=lambda key: (key[0], key[1] or ""))
    ]
    known = [row for row in rows if row is not None]
    shown = {(row.seller, row.month) for row in known}
    unbilled = [
        Unbilled(seller, month, spend(group), requests(group))
        for (seller, month), group in sorted(cells.items(), key=lambda item: (item[0][0], item[0][1] or ""))
        if known and (seller, month) not in shown
    ]
    zone = evidence.period.timezone
    return Reconcile(known, unbilled, CAVEAT if zone == "UTC" else CAVEAT + OTHER_DAYS.format(timezone=zone))


def foreign_amounts(rows: Sequence[Row]) -> list[str]:
    """Return a sentence on every bill that charges in a currency without a rate: none of it is in any figure."""
    return [
        f"{row.seller}, {row.month or 'whole period'}: {foreign_of([row])} on the bill, without a rate to dollars, "
        f"{'is' if len(row.other_amounts) == 1 else 'are'} in no figure; give a rate or the invoice in dollars: "
        f"llmaudit reconcile --rate {min(row.other_amounts)}=DOLLARS, or --official {row.seller}=AMOUNT"
        for row in rows
        if row.other_amounts and row.bill != OFFICIAL
    ]


def foreign_of(rows: Sequence[Row]) -> str:
    """Return what bills charge in currencies that they give no rate for, such as `296.30 EUR`."""
    sums: dict[str, Decimal] = {}
    for row in rows:
        for name, amount in row.other_amounts.items():
            sums[name] = EXACT.add(sums.get(name, ZERO), Decimal(amount))
    return " and ".join(f"{round_to(amount, 2):,} {name}" for name, amount in sorted(sums.items()))


def _month_of(period: Period) -> str | None:
    """Return the month that a period is, such as `2026-10`; None where it is none."""
    since, until = period.since, period.until
    if since is None or until is None or since.day != 1 or until.day != 1:
        return None
    following = (since.year + since.month // 12, since.month % 12 + 1)
    return f"{since:%Y-%m}" if (until.year, until.month) == following else None


def _row(
    seller: str,
    month: str | None,
    lines: list[BillSum],
    cells: list[PricedCell],
    catalog: Catalog,
    invoice: Decimal | None,
) -> Row | None:
    bill, others = _choose(lines, catalog)
    bill_lines = [line for line in lines if line.bill == bill]
    if bill is None and invoice is None:
        return None  # usage without money; it serves as quantities where a bill has none
    parts = split(seller, bill_lines, lines, cells, catalog)
    dollars = parts.billed if invoice is None else invoice
    comparable = invoice is not None or not (parts.no_dollars or parts.foreign)
    causes = dict(parts.causes)
    if invoice is not None:
        gap = "invoice_beside_lines" if bill else "not_itemised"
        causes = {**causes, gap: invoice - parts.billed} if bill else {gap: invoice - spend(cells)}
    logged = spend(cells)
    coverage, by = _coverage(parts, cells, month) if bill else (_days(cells, month), "days" if month else None)
    has_usage = invoice is not None or parts.has_usage
    if not has_usage or (parts.foreign and not comparable):
        coverage = None
    difference = dollars - logged if comparable else None
    return Row(
        seller=seller,
        month=month,
        bill=OFFICIAL if invoice is not None else bill or "",
        verdict=_verdict(difference, dollars, coverage, cells) if has_usage or not cells else "not-comparable",
        billed_usd=None if invoice is None and parts.no_dollars else dollars,
        effective_usd=parts.effective,
        other_amounts={name: f"{amount:f}" for name, amount in parts.foreign.items()},
        logged_usd=logged,
        list_usd=total(priced.list_usd for priced in cells if priced.list_usd is not None),
        difference_usd=difference,
        coverage_pct=coverage,
        coverage_by=by if coverage is not None else None,  # type: ignore[arg-type]  # one of the two words
        requests=requests(cells),
        unpriced_requests=requests(priced for priced in cells if priced.spend_usd is None),
        causes=[] if difference is None else listed(CAUSES, causes),
        other_bills=others,
        notes=parts.notes if has_usage or parts.no_dollars else [*parts.notes, NO_USAGE],
        has_usage=has_usage,
    )


def _choose(lines: list[BillSum], catalog: Catalog) -> tuple[str | None, list[OtherBill]]:
    """Return the bill to go by, of those with amounts, and the others."""
    bills = choose(lines, catalog)
    others = [OtherBill(name, dollars_only(line for line in lines if line.bill == name)) for name in bills[1:]]
    return next(iter(bills), None), others


def _coverage(parts: Split, cells: list[PricedCell], month: str | None) -> tuple[float | None, str | None]:
    by_tokens = percent(parts.covered, parts.countable)
    if by_tokens is not None:
        return round(by_tokens, 2), "tokens"
    by_days = percent(parts.on_logged_days, parts.on_days)
    if by_days is not None:
        return round(by_days, 2), "days"
    return _days(cells, month), "days"


def _days(cells: list[PricedCell], month: str | None) -> float | None:
    """Return the share of a month's days that have requests in the log."""
    if month is None:
        return None
    days = {priced.cell.day for priced in cells}
    return round(100 * len(days) / monthrange(int(month[:4]), int(month[5:]))[1], 2)


def _verdict(difference: Decimal | None, billed: Decimal, coverage: float | None, cells: list[PricedCell]) -> Verdict:
    if difference is None:
        return "not-comparable"
    if not cells:
        return "no-log"
    if near(difference, billed):
        return "agrees"
    return "log-incomplete" if coverage is not None and coverage < WHOLE_PCT and difference > 0 else "differs"
