"""Usage exports at list: what the seller's own token counts cost at its list price, beside its bill and the logs.

An export without amounts says which tokens of which model were used when. At list price, that is what the usage costs
without any discount. Compared with a bill of the same days, the difference by model is the effect of discounts,
credits, batches and surprises; compared with the logs, it shows how much of the traffic they contain.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any, TypedDict

import msgspec

from llmaudit.billing.exports import Repeat, counted, usage_lines
from llmaudit.billing.lines import payer, seller_of
from llmaudit.billing.listed import Listed, at_list, summed
from llmaudit.cells import PricedCell, known_sum
from llmaudit.evidence import BillSum, Evidence
from llmaudit.findings.usage.against_bill import by_day, by_model, of_invoice, whole
from llmaudit.findings.usage.against_logs import Traffic
from llmaudit.findings.usage.doubts import explained
from llmaudit.findings.usage.model import (
    AtList,
    Billed,
    BillSide,
    DayUsage,
    Doubt,
    Logged,
    ModelUsage,
    Row,
    Unpriced,
    Usage,
)
from llmaudit.money import ZERO, total

__all__ = [
    "AtList", "BillSide", "Billed", "DayUsage", "Doubt", "Logged", "ModelUsage", "Row", "Unpriced", "Usage",
    "find",
]  # fmt: skip

Month = tuple[str, str | None]
"""A seller and a month."""


def find(evidence: Evidence, official: Mapping[str, Decimal] | None = None) -> Usage:
    """Return every usage export at list, by seller and month, beside the bill and the logs of the same.

    Args:
        evidence: Bill lines and cells of the period.
        official: Invoice totals in US dollars by seller, for the whole period: what a seller's usage is compared with
            that lies in one month and has no bill.
    """
    catalog = evidence.catalog
    exported = usage_lines(evidence.bills)
    if not exported:
        return Usage([])
    names = {line.bill for line in exported}
    bills = _by_month(evidence, (line for line in evidence.bills if line.bill not in names))
    billing = {seller_of(line, catalog) for line in evidence.bills}
    cells: dict[Month, list[PricedCell]] = {}
    for priced in evidence.cells:
        seller = payer(priced.cell, billing, catalog)
        if seller is not None and priced.cell.day is not None:
            cells.setdefault((seller, f"{priced.cell.day:%Y-%m}"), []).append(priced)
    months = sorted(_by_month(evidence, exported).items(), key=lambda item: (item[0][0], item[0][1] or ""))
    rows = [_row(evidence, key, lines, bills.get(key, []), cells.get(key, [])) for key, lines in months]
    spans = Counter(row.seller for row in rows)
    invoices = {seller: usd for seller, usd in (official or {}).items() if spans[seller] == 1}
    return Usage([_invoiced(row, invoices.get(row.seller)) for row in rows])


def _invoiced(row: Row, invoice: Decimal | None) -> Row:
    """Return a row beside an invoice total, where it has no bill."""
    if invoice is None or row.bill is not None:
        return row
    return msgspec.structs.replace(row, bill=of_invoice(invoice, row))


def _by_month(evidence: Evidence, lines: Iterable[BillSum]) -> dict[Month, list[BillSum]]:
    months: dict[Month, list[BillSum]] = {}
    for line in lines:
        month = None if line.day is None else f"{line.day:%Y-%m}"
        months.setdefault((seller_of(line, evidence.catalog), month), []).append(line)
    return months


def _row(evidence: Evidence, key: Month, lines: list[BillSum], bill: list[BillSum], cells: list[PricedCell]) -> Row:
    used, repeats = counted(lines, evidence.catalog)
    listed = at_list(used, evidence.catalog)
    days = {listed_line.line.day for listed_line in listed}
    traffic = Traffic(listed, (priced for priced in cells if priced.cell.day in days))
    side = whole(key[0], bill, listed, evidence.catalog)
    billed = by_model(key[0], bill, listed, evidence.catalog)
    charged = by_day(bill, evidence.catalog)
    return Row(
        seller=key[0],
        month=key[1],
        exports=sorted({listed_line.line.bill for listed_line in listed}),
        days=len(days - {None}),
        requests=known_sum(listed_line.line.requests for listed_line in listed),
        tokens=_tokens(listed),
        by_model=sorted(
            (
                _model(name, group, billed.get(name), traffic.of_model(name, group))
                for name, group in _grouped(listed, lambda listed_line: listed_line.model)
            ),
            key=lambda row: (-(row.high_usd or ZERO), row.model or ""),
        ),
        by_day=[
            DayUsage(day=day, tokens=_tokens(group), billed_usd=charged.get(day), **_sums(group))
            for day, group in _grouped(listed, lambda listed_line: listed_line.line.day)
        ],
        by_day_and_model=[
            DayUsage(day=day, model=model, tokens=_tokens(group), **_sums(group))
            for (day, model), group in _grouped(listed, lambda listed_line: (listed_line.line.day, listed_line.model))
        ],
        unpriced_usage=_unpriced(listed),
        doubts=explained(key[0], listed),
        repeats=_known(repeats),
        bill=side,
        logs=traffic.whole(),
        logged_only=traffic.logged_only(),
        **_sums(listed),
    )


def _known(repeats: list[Repeat]) -> list[Repeat]:
    return sorted(repeats, key=lambda one: (one.export, one.tells))


def _model(name: str | None, group: list[Listed], billed: Billed | None, logs: Logged | None) -> ModelUsage:
    known = [one for one in group if one.why_unpriced is None]
    usual, listed = summed(one.ordinary for one in known), summed(one.usd for one in known)
    return ModelUsage(
        model=name,
        requests=known_sum(one.line.requests for one in group),
        tokens=_counts((one.line.token_kind, one.line.tokens) for one in group),
        pieces=_counts((one.line.unit, one.line.pieces) for one in group),
        batch_and_tiers_usd=None if not known or usual is None or listed is None else listed - usual,
        doubts=sorted({doubt for one in group for doubt in one.doubts}),
        bill=billed,
        logs=logs,
        **_sums(group),
    )


class Sums(TypedDict):
    """What every row of usage has: its list cost with bounds, in US dollars, and how many tokens have no price."""

    list_usd: Decimal | None
    low_usd: Decimal | None
    high_usd: Decimal | None
    unpriced: int


def _sums(group: list[Listed]) -> Sums:
    """Return the sums of what is priced, and how much is not."""
    known = [one for one in group if one.why_unpriced is None]
    lacking = (one.line.tokens or one.line.pieces or ZERO for one in group if one.why_unpriced is not None)
    return {
        "list_usd": summed(one.usd for one in known) if known else None,
        "low_usd": summed(one.low for one in known) if known else None,
        "high_usd": summed(one.high for one in known) if known else None,
        "unpriced": int(total(lacking)),
    }


def _grouped(listed: Iterable[Listed], key: Callable[[Listed], Any]) -> list[tuple[Any, list[Listed]]]:
    groups: dict[Any, list[Listed]] = {}
    for one in listed:
        groups.setdefault(key(one), []).append(one)
    return sorted(groups.items(), key=lambda item: str(item[0]))


def _tokens(listed: Iterable[Listed]) -> int:
    return int(total(one.line.tokens for one in listed if one.line.tokens is not None))


def _counts(pairs: Iterable[tuple[str | None, Decimal | None]]) -> dict[str, int]:
    found: dict[str, Decimal] = {}
    for name, count in pairs:
        if name is not None and count:
            found[name] = found.get(name, ZERO) + count
    return {name: int(count) for name, count in sorted(found.items())}


def _unpriced(listed: list[Listed]) -> list[Unpriced]:
    groups = _grouped(
        (one for one in listed if one.why_unpriced is not None),
        lambda one: (one.model, one.line.unit or one.line.token_kind, one.why_unpriced),
    )
    return [
        Unpriced(model, str(kind), int(total(one.line.tokens or one.line.pieces or ZERO for one in group)), reason)
        for (model, kind, reason), group in groups
    ]
