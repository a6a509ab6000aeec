"""Free allowances and committed spend: what holds for an account as a whole."""

from __future__ import annotations

from llmaudit.findings.account import Account, AccountRow
from llmaudit.report.content import Column, Command, Kind, Section, SectionContent, Table, Value

KINDS = {"free": "free allowance", "shortfall": "committed spend not reached"}


def build(account: Account) -> SectionContent:
    """Return the allowances and promises that the traffic met; nothing where there are none."""
    if not account.rows:
        return SectionContent(())
    return SectionContent(
        blocks=(
            Table(
                "What changes the bill as a whole",
                (
                    Column("Seller", Kind.NAME),
                    Column("Period", Kind.TEXT),
                    Column("What", Kind.TEXT),
                    Column("At least", Kind.MONEY),
                    Column("At most", Kind.MONEY),
                    Column("Why", Kind.TEXT),
                ),
                tuple(_row(row) for row in account.rows),
            ),
        ),
        source="Quantities of the requests by day or month, against the allowances and commitments in the catalog.",
        caveat="No request can be priced by these alone: they are in no other figure of this report.",
        commands=(Command("llmaudit pricing apply", "the list cost these come on top of"),),
    )


def _row(row: AccountRow) -> tuple[Value, ...]:
    what = f"{KINDS[row.kind]}: {row.used:,} of {row.limit:,} {row.unit}"
    return row.seller, row.period, what, row.low_usd, row.high_usd, row.note


SECTION = Section(35, "account", "Allowances and commitments of the account", "account", build)
