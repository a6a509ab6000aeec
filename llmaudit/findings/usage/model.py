"""The results on usage exports: frozen values, in the shape of the audit's JSON."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Literal

import msgspec

from llmaudit.billing.differences import Cause
from llmaudit.billing.exports import Repeat

Verdict = Literal["agrees", "discounted", "not-told-apart", "below", "above", "unpriced", "not-billed", "not-in-usage"]


class AtList(msgspec.Struct, frozen=True, kw_only=True):
    """What some usage costs at list. It is no bill and nothing that a log says: it is in no other sum of an audit.

    Attributes:
        list_usd: In the ordinary case wherever the export does not tell; None where a part has no ordinary case.
        low_usd: The least it can have cost at list; None where none of it has a price.
        high_usd: The most. All three are without what is unpriced.
        unpriced: Quantities without a price (tokens, and pieces such as images), and in no sum.
    """

    list_usd: Decimal | None
    low_usd: Decimal | None
    high_usd: Decimal | None
    unpriced: int


class Billed(msgspec.Struct, frozen=True, kw_only=True):
    """One model on the bill, beside its usage, over the days that both have.

    Attributes:
        billed_usd: What the bill charges for it; None where it has no line.
        list_usd: Its usage at list; None where that is not known.
        difference_usd: billed - list.
        discount_usd: What the bill itself takes off its own list price (negative); None where it does not say.
        verdict: agrees (within a cent or 0.5%); discounted (agrees but for the bill's own discount); not-told-apart
            (between the bounds, so what the export does not tell explains it); below or above the bounds; unpriced
            (some of the usage has no price); not-billed; not-in-usage.
    """

    billed_usd: Decimal | None
    list_usd: Decimal | None
    difference_usd: Decimal | None
    discount_usd: Decimal | None
    verdict: Verdict


class Logged(msgspec.Struct, frozen=True, kw_only=True):
    """How much of the seller's usage the logs have, over the days of the export.

    Attributes:
        tokens: Tokens in the logs.
        covered_tokens: Tokens of the export that the logs have, kind by kind.
        coverage_pct: Of the export's tokens.
        list_usd: List cost of the logged requests.
        covered_usd: List cost of the covered tokens, at the export's own list.
        coverage_usd_pct: Of the export's list cost; None where that is not known.
        missing_usd: The export's list cost that is in no log.
    """

    tokens: int
    covered_tokens: int
    coverage_pct: float | None
    list_usd: Decimal
    covered_usd: Decimal | None
    coverage_usd_pct: float | None
    missing_usd: Decimal | None


class ModelUsage(AtList, frozen=True, kw_only=True):
    """One model.

    Attributes:
        model: Canonical name, or as the export has it; None where the export does not tell models apart.
        requests: As the export counts them; None where it does not.
        tokens: By kind, as the export tells them.
        pieces: Other quantities, by their unit.
        batch_and_tiers_usd: What batch and service tiers change: `list_usd` less the same usage at the ordinary tier.
        doubts: What the export does not tell and widens the bounds.
        bill: It on the bill; None where there is none to compare with, or none by model.
        logs: It in the logs; None where no request is logged.
    """

    model: str | None
    requests: int | None
    tokens: dict[str, int]
    pieces: dict[str, int]
    batch_and_tiers_usd: Decimal | None
    doubts: list[str]
    bill: Billed | None = None
    logs: Logged | None = None


class DayUsage(AtList, frozen=True, kw_only=True):
    """One day, or one model on one day (`model`); `billed_usd` is what the bill charges for usage on it."""

    day: date | None
    model: str | None = None
    tokens: int
    billed_usd: Decimal | None = None


class Unpriced(msgspec.Struct, frozen=True):
    """A quantity without a price, and why."""

    model: str | None
    kind: str
    quantity: int
    reason: str


class Doubt(msgspec.Struct, frozen=True):
    """Something that the export does not tell: what it is, what it leaves open, and what would close it."""

    doubt: str
    text: str
    next_step: str


class BilledOnly(msgspec.Struct, frozen=True):
    """A model that the bill has and the usage of the same days has not."""

    model: str
    billed_usd: Decimal


class BillSide(msgspec.Struct, frozen=True, kw_only=True):
    """The seller's bill of the month beside its usage.

    Attributes:
        bill: Its format, or `official` for an invoice total.
        billed_usd: What it charges.
        difference_usd: billed - list; None where the usage at list is not one amount.
        low_usd: billed - the most that the usage can have cost at list.
        high_usd: billed - the least.
        causes: Parts of the difference, which they add up to; empty where it is not known.
        billed_only: Models on the bill that the usage does not have, largest first.
        notes: Sentences.
    """

    bill: str
    billed_usd: Decimal
    difference_usd: Decimal | None
    low_usd: Decimal
    high_usd: Decimal
    causes: list[Cause]
    billed_only: list[BilledOnly]
    notes: list[str]


class Row(AtList, frozen=True, kw_only=True):
    """One seller in one month.

    Attributes:
        seller: Who counted the usage.
        month: `2026-10`; None where the export has no time.
        exports: The formats that count.
        days: Days with usage.
        requests: As the exports count them; None where they do not.
        tokens: All of them.
        by_model: Largest first.
        by_day: In order of time.
        by_day_and_model: In order of time.
        unpriced_usage: What has no price.
        doubts: What widens the bounds, and what to export to close them.
        repeats: Exports that tell the same usage; not added.
        bill: The bill of the same seller and month; None where there is none.
        logs: The logs of the same seller and days; None where no request is logged.
        logged_only: Models in the logs of those days that the export does not have.
    """

    seller: str
    month: str | None
    exports: list[str]
    days: int
    requests: int | None
    tokens: int
    by_model: list[ModelUsage]
    by_day: list[DayUsage]
    by_day_and_model: list[DayUsage]
    unpriced_usage: list[Unpriced]
    doubts: list[Doubt]
    repeats: list[Repeat]
    bill: BillSide | None
    logs: Logged | None
    logged_only: list[str]


class Usage(msgspec.Struct, frozen=True):
    """Every usage export, by seller and month."""

    rows: list[Row]
    caveat: str = (
        "This is usage as the seller counts it, at list price. It is not a bill, and no total of what was billed or "
        "logged includes it. Exports name no account, so a seller's bill, export and logs are assumed to belong to the "
        "same one. Days are UTC, and a seller's usage and cost exports need not agree day by day. Prepaid usage is in "
        "an export like any other."
    )
