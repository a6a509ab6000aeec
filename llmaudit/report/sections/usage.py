"""Usage exports: what the seller's own count of tokens costs at list, beside the bill and the logs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from decimal import Decimal

from llmaudit.findings.usage import AtList, Row, Usage
from llmaudit.money import shown
from llmaudit.phrases import counted
from llmaudit.report import charts, plane_charts
from llmaudit.report.content import (
    Block,
    Bullets,
    Chart,
    Command,
    Part,
    Prose,
    Section,
    SectionContent,
    Table,
)
from llmaudit.report.usage_tables import (
    beside_bill,
    beside_logs,
    by_day,
    by_day_and_model,
    by_model,
    day_of,
    notes,
    overview,
    said,
    title_of,
)


def build(found: Usage) -> SectionContent:
    """Return what usage exports cost at list; nothing where there is none."""
    if not found.rows:
        return SectionContent(())
    return SectionContent(
        blocks=(Prose(_lead(found.rows), lead=True), overview(found.rows), *(_row(row) for row in found.rows)),
        source=(
            "Tokens as the seller's usage export counts them, by day, model and kind, times the seller's list price of "
            "that day, batch and service tier. Nothing here is billed or logged, and nothing of it is in another total."
        ),
        caveat=found.caveat,
        commands=(Command("llmaudit reconcile --json", "every figure of this section, by day and model"),),
    )


def _lead(rows: Sequence[Row]) -> str:
    more = f" And {len(rows) - 3:,} more." if len(rows) > 3 else ""  # noqa: PLR2004 -- a sentence of more is not read
    return f"By the sellers' own count, and before any discount: {'; '.join(map(said, rows[:3]))}.{more}"


def _row(row: Row) -> Part:
    told = notes(row)
    blocks: tuple[Block, ...] = (
        *_chart(row),
        by_model(row),
        *beside_bill(row),
        *beside_logs(row),
        *_folded(by_day(row), by_day_and_model(row)),
        *((Bullets("What the export leaves open", told),) if told else ()),
    )
    return Part(title_of(row), blocks)


def _folded(*tables: Table) -> Iterator[Table]:
    for one in tables:
        yield replace(one, collapsed=True)


def _chart(row: Row) -> tuple[Chart, ...]:
    dated = [one for one in row.by_day if one.day is not None and _middle(one) is not None]
    if len(dated) < 2:  # noqa: PLR2004 -- one bar says nothing that the table does not
        return ()
    bars = [(charts.position(_middle(one)), charts.hover(day_of(one), _span(one))) for one in dated]
    highest = max(dated, key=lambda one: _middle(one) or Decimal(0))
    alt = (
        f"Bar chart of usage at list on {counted(len(dated), 'day')}; the most expensive is {day_of(highest)} with "
        f"{_span(highest)}. The table by day has every figure."
    )
    drawn = plane_charts.columns([one.day for one in dated if one.day], bars)
    return (Chart(f"{title_of(row)}: at list by day", drawn, alt),)


def _middle(one: AtList) -> Decimal | None:
    """Return how high a bar is: list, or the least where there are only bounds."""
    return one.low_usd if one.list_usd is None else one.list_usd


def _span(one: AtList) -> str:
    if one.list_usd is None:
        return f"{shown(one.low_usd)} to {shown(one.high_usd)}"
    return shown(one.list_usd)


SECTION = Section(64, "usage", "Usage as the seller counts it", "usage", build, of_requests=False)
