"""OpenAI: the cost export of the dashboard (CSV)."""

from __future__ import annotations

from llmaudit.bills.base import BillLine, Occurrences, amount, cell, grain_of, moment, number
from llmaudit.bills.openai_costs import category_of, item_of
from llmaudit.formats.base import Context, Format
from llmaudit.request import Ignored


def convert(row: dict[str, str], context: Context) -> BillLine | Ignored:
    """Return the line of one row; a day without costs is a row of blanks."""
    occurrences: Occurrences = context.state
    cost = number(row, "amount_value")
    if cost is None:
        return Ignored("day without entries")
    start, end = (
        moment(cell(row, "start_time_iso"), "start_time_iso"),
        moment(cell(row, "end_time_iso"), "end_time_iso"),
    )
    item, project = cell(row, "line_item"), cell(row, "project_id")
    model, kind = item_of(item)
    billed = amount(cost, "amount_value")
    return BillLine(
        line_key=occurrences.key(start, item, project, cell(row, "organization_id")),
        seller="openai",
        grain=grain_of(start, end),
        period_start=start,
        period_end=end,
        sku=item,
        model_raw=model,
        token_kind=kind,
        billed_cost=billed,
        charge_category=category_of(kind, billed),
        currency=(cell(row, "amount_currency") or "usd").upper(),
        project=project,
    )


FORMAT = Format(
    name="openai_costs_csv",
    title="OpenAI cost export of the dashboard",
    kind="bill",
    reads=("table",),
    marks=("amount_value", "amount_currency", "line_item", "start_time_iso", "end_time_iso", "organization_name"),
    needs=("amount_value", "start_time_iso"),
    convert=convert,
    state=Occurrences,
    repeats="last",
    semantics=(
        "Amounts are exact and in US dollars if the currency is blank. Without grouping, line_item is blank and "
        "the line names no model. There are no quantities."
    ),
    verified="Columns, blanks and digits on a real export.",
)
