"""Payments to gateways, line by line: what credit cost, and what was paid besides requests. There are few per month."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

import msgspec

from llmaudit.store import Store
from llmaudit.summaries.base import Summary

MOST = 5000
"""Payments kept, the latest first: more than one an hour for half a year."""


class Payment(msgspec.Struct, frozen=True, kw_only=True):
    """One payment in US dollars.

    Attributes:
        gateway: As the bill names it.
        at: When (naive UTC); None is unknown.
        category: Purchase (of credit), Subscription, Add-on, Per request or Credit (a refund).
        paid_usd: What was charged.
        credited_usd: What the account received for API calls; None where it was no credit.
        key: What makes it this payment.
    """

    gateway: str
    at: datetime | None
    category: str
    paid_usd: Decimal
    credited_usd: Decimal | None
    key: str | None


_SQL = f"""
    SELECT seller AS gateway, period_start AS at, charge_category AS category, billed_cost AS paid_usd,
        CASE WHEN quantity_unit = 'credits' THEN quantity END AS credited_usd, line_key AS key
    FROM bill_lines
    WHERE id_space = 'gateway_statement' AND currency = 'USD' AND seller IS NOT NULL AND billed_cost IS NOT NULL
    ORDER BY period_start DESC NULLS LAST, line_key LIMIT {MOST}
"""


def build(store: Store) -> list[Payment]:
    """Return the payments, the latest first."""
    return [Payment(**row) for row in store.dicts(_SQL)]


def merge(rows: Sequence[Payment]) -> list[Payment]:
    """Return payments of several files, each once."""
    once = {(row.gateway, row.key or (row.at, row.paid_usd, row.credited_usd)): row for row in rows}
    known = sorted(once.values(), key=lambda row: (row.gateway, row.key or ""))
    return sorted(known, key=lambda row: row.at or datetime.min, reverse=True)[:MOST]  # noqa: DTZ901 -- naive, as rows are


SUMMARY = Summary("payments", Payment, build, merge)
