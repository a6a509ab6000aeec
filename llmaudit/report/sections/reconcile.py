"""Bills against logs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from decimal import Decimal

from llmaudit.findings.reconcile import OFFICIAL, Reconcile, Row, foreign_of
from llmaudit.money import ZERO, total
from llmaudit.phrases import counted
from llmaudit.report.content import (
    TOP,
    Bullets,
    Column,
    Command,
    Kind,
    Mark,
    Prose,
    Section,
    SectionContent,
    Table,
    Tone,
    Value,
)
from llmaudit.report.wording import UNKNOWN, headline, month, name, percent

VERDICTS: dict[str, tuple[str, Tone]] = {
    "agrees": ("agrees", "good"),
    "log-incomplete": ("log incomplete", "open"),
    "differs": ("differs", "bad"),
    "no-log": ("no log", "none"),
    "not-comparable": ("not comparable", "none"),
}
SAID = {
    "agrees": "agreeing",
    "log-incomplete": "of which the logs have a part",
    "differs": "differing",
    "no-log": "without a log",
    "not-comparable": "not comparable",
}
FIRST = 5
"""Bills that the summary shows, the largest; the section has all of them."""

NAMED = 8
"""Sellers and months without a bill that are named."""


def build(found: Reconcile) -> SectionContent:
    """Return every bill against the logs; nothing where there is no bill."""
    if not found.rows:
        return SectionContent(())
    return SectionContent(
        blocks=(
            Prose(f"{in_all(found.rows)}{_explained(found.rows)}", lead=True),
            *_overviews(found.rows),
            *_causes(found.rows),
            *_notes(found.rows),
            *_unbilled(found),
        ),
        source=(
            "Bill lines by seller and month against the logged requests of the same: amounts in the log where there "
            "are any, else list cost. What the log lacks is set apart before prices are compared."
        ),
        caveat=found.caveat,
        commands=(Command("llmaudit reconcile --json", "every figure of this section"),),
    )


def in_all(rows: Sequence[Row]) -> str:
    """Return what the bills charge in all, and apart what was paid for credit and fees.

    What was paid for credit and fees pays for usage that is billed or logged as well: it stands beside, not added.
    """
    bills, bought = _apart(rows)
    said = [f"{_these(bills, 'bill')} {amounts_of(bills)}."] if bills else []
    said += [f"{headline(_sum(bought))} was paid for credit and fees, which is in no other sum."] if bought else []
    return " ".join(said)


def amounts_of(rows: Sequence[Row]) -> str:
    """Return what bills charge in dollars, and beside it what they charge in a currency without a rate to dollars."""
    other = foreign_of([row for row in rows if row.bill != OFFICIAL])
    known = _sum(rows)
    if not other:
        return headline(known)
    return f"{'' if known is None else f'{headline(known)} and '}{other} without a rate to dollars"


def glance(rows: Sequence[Row]) -> tuple[Table, ...]:
    """Return the largest bills with how much of each the logs show, for the summary; nothing where there is none."""
    bills = sorted(_apart(rows)[0], key=lambda row: row.billed_usd or ZERO, reverse=True)
    if not bills:
        return ()
    columns = (
        Column("Seller", Kind.NAME),
        Column("Month", Kind.TEXT),
        Column("Verdict", Kind.MARK),
        Column("Billed", Kind.MONEY),
        Column("In the logs", Kind.FIGURE),
    )
    cells = tuple(
        (row.seller, month(row.month), Mark(*VERDICTS[row.verdict]), row.billed_usd, _seen(row)) for row in bills
    )
    return (Table("Bills, by seller and month", columns, cells, limit=FIRST),)


def _apart(rows: Sequence[Row]) -> tuple[list[Row], list[Row]]:
    """Return bills of usage, which add up, and apart what was paid for credit and fees: it pays for the same usage."""
    return [row for row in rows if row.has_usage], [row for row in rows if not row.has_usage]


def _these(rows: Sequence[Row], noun: str) -> str:
    return f"{counted(len(rows), noun)} {'charges' if len(rows) == 1 else 'charge'}"


def _sum(rows: Sequence[Row]) -> Decimal | None:
    known = [row.billed_usd for row in rows if row.billed_usd is not None]
    return total(known) if known else None


def _explained(rows: Sequence[Row]) -> str:
    """Return how many bills the logs confirm and how many they contradict."""
    bills, _ = _apart(rows)
    told = {verdict: sum(row.verdict == verdict for row in bills) for verdict in VERDICTS}
    said = [f"{number:,} {SAID[verdict]}" for verdict, number in told.items() if number]
    return f" Against the logs: {', '.join(said)}." if said else ""


def _seen(row: Row) -> str:
    if row.verdict == "no-log":
        return "no log"
    return UNKNOWN if row.coverage_pct is None else f"{percent(row.coverage_pct)} by {row.coverage_by}"


def _overviews(rows: Sequence[Row]) -> Iterator[Table]:
    bills, bought = _apart(rows)
    if bills:
        yield _overview(bills)
    if bought:
        columns = (Column("Seller", Kind.NAME), Column("Month", Kind.TEXT), Column("Paid", Kind.MONEY))
        paid = tuple((row.seller, month(row.month), row.billed_usd) for row in bought)
        note = "Says nothing of usage, so no log can be held against it."
        yield Table("Paid for credit and fees, by seller and month", columns, paid, note=note)


def _overview(rows: Sequence[Row]) -> Table:
    """Return bills beside what the logs have; without any log there is nothing beside them."""
    if not any(map(_is_logged, rows)):
        return replace(glance(rows)[0], limit=TOP)
    columns = (
        Column("Seller", Kind.NAME),
        Column("Month", Kind.TEXT),
        Column("Verdict", Kind.MARK),
        Column("Billed", Kind.MONEY),
        Column("Logged", Kind.MONEY),
        Column("Logged, at list", Kind.MONEY),
        Column("Billed minus logged", Kind.MONEY),
        Column("In the logs", Kind.FIGURE),
    )
    cells = tuple(
        (
            row.seller,
            month(row.month),
            Mark(*VERDICTS[row.verdict]),
            row.billed_usd,
            *_logged(row),
            row.difference_usd,
            _seen(row),
        )
        for row in rows
    )
    return Table("Bills against logs, by seller and month", columns, cells)


def _logged(row: Row) -> tuple[Value, Value]:
    """Return what the logs have of a bill; without a log there is no amount, and none of $0.00."""
    return (row.logged_usd, row.list_usd) if _is_logged(row) else ("none", "none")


def _is_logged(row: Row) -> bool:
    return row.verdict != "no-log" or bool(row.requests)


def _causes(rows: Sequence[Row]) -> Iterator[Table]:
    causes = tuple(
        (row.seller, month(row.month), cause.title, cause.usd) for row in _apart(rows)[0] for cause in row.causes
    )
    if causes:
        columns = (
            Column("Seller", Kind.NAME),
            Column("Month", Kind.TEXT),
            Column("Cause", Kind.TEXT),
            Column("Billed minus logged", Kind.MONEY),
        )
        yield Table("The differences by cause", columns, causes, limit=len(causes))


def _notes(rows: Sequence[Row]) -> tuple[Bullets, ...]:
    notes = [f"{name(row.seller)}, {month(row.month)}: {note}" for row in rows for note in _each(row)]
    return (Bullets("What to know of the bills", tuple(notes)),) if notes else ()


def _each(row: Row) -> Iterator[str]:
    yield from row.notes
    if row.other_amounts:
        yield f"{foreign_of([row])} without a rate to dollars: in no sum"
    yield from (f"{other.bill} tells the same charges and is not added" for other in row.other_bills)


def _unbilled(found: Reconcile) -> tuple[Prose, ...]:
    if not found.unbilled:
        return ()
    every = sorted({(name(one.seller), one.month or "") for one in found.unbilled})
    names = ", ".join(f"{seller} ({month(when or None)})" for seller, when in every[:NAMED])
    more = f" and {len(every) - NAMED:,} more" if len(every) > NAMED else ""
    return (Prose(f"Logged, and no bill for it: {names}{more}."),)


SECTION = Section(65, "reconcile", "Bills against logs", "reconcile", build, of_requests=False)
