"""Bills against logs."""

from __future__ import annotations

from llmaudit.findings.reconcile import Reconcile, Row
from llmaudit.report.content import (
    Bullets,
    Column,
    Command,
    Kind,
    Mark,
    Part,
    Prose,
    Section,
    SectionContent,
    Table,
    Tone,
)
from llmaudit.report.wording import name, percent

VERDICTS: dict[str, tuple[str, Tone]] = {
    "agrees": ("agrees", "good"),
    "log-incomplete": ("log incomplete", "open"),
    "differs": ("differs", "bad"),
    "no-log": ("no log", "none"),
    "not-comparable": ("not comparable", "none"),
}


def build(found: Reconcile) -> SectionContent:
    """Return every bill against the logs; nothing where there is no bill."""
    if not found.rows:
        return SectionContent(())
    return SectionContent(
        blocks=(*_overviews(found.rows), *(_row(row) for row in found.rows if row.causes), *_unbilled(found)),
        source=(
            "Bill lines by seller and month against the logged requests of the same: amounts in the log "
            "where there are "
            "any, else list cost. What the log lacks is set apart before prices are compared."
        ),
        caveat=found.caveat,
        commands=(Command("llmaudit reconcile --json", "every figure of this section"),),
    )


def _overviews(rows: list[Row]) -> tuple[Table, ...]:
    """Return bills of usage, which add up, and apart what was paid for credit and fees: it pays for the same usage."""
    bills, bought = [row for row in rows if row.has_usage], [row for row in rows if not row.has_usage]
    tables = (
        _overview("Bills against logs, by seller and month", bills, "Total"),
        _overview("Paid for credit and fees, by seller and month", bought, None),
    )
    return tuple(table for table in tables if table.rows)


def _overview(caption: str, rows: list[Row], foot: str | None) -> Table:
    return Table(
        caption,
        (
            Column("Seller", Kind.NAME),
            Column("Month", Kind.TEXT),
            Column("Verdict", Kind.MARK),
            Column("Billed", Kind.MONEY),
            Column("Logged", Kind.MONEY),
            Column("List", Kind.MONEY),
            Column("Difference", Kind.MONEY),
            Column("In the log", Kind.TEXT),
        ),
        tuple(
            (
                row.seller,
                row.month or "whole period",
                Mark(*VERDICTS[row.verdict]),
                row.billed_usd,
                row.logged_usd,
                row.list_usd,
                row.difference_usd,
                "unknown" if row.coverage_pct is None else f"{percent(row.coverage_pct)} by {row.coverage_by}",
            )
            for row in rows
        ),
        total=foot,
    )


def _row(row: Row) -> Part:
    causes = Table(
        f"{name(row.seller)}, {row.month or 'whole period'}: the difference by cause",
        (Column("Cause", Kind.TEXT), Column("Billed minus logged", Kind.MONEY)),
        tuple((cause.title, cause.usd) for cause in row.causes),
    )
    notes = [
        *row.notes,
        *(f"{text} {currency} without a rate to dollars" for currency, text in row.other_amounts.items()),
    ]
    notes += [f"{other.bill} tells the same charges and is not added" for other in row.other_bills]
    blocks = (causes, Bullets("Notes", tuple(notes))) if notes else (causes,)
    return Part(f"{name(row.seller)}, {row.month or 'whole period'}", blocks, Mark(*VERDICTS[row.verdict]))


def _unbilled(found: Reconcile) -> tuple[Prose, ...]:
    if not found.unbilled:
        return ()
    names = ", ".join(sorted({f"{name(one.seller)} ({one.month})" for one in found.unbilled})[:8])
    return (Prose(f"Logged, and no bill for it: {names}."),)


SECTION = Section(65, "reconcile", "Bills against logs", "reconcile", build, of_requests=False)
