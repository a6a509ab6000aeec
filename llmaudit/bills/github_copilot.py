"""GitHub Copilot: the metered usage and AI usage reports (CSV), premium requests or credits by day and user."""

from __future__ import annotations

import msgspec

from llmaudit.bills.base import DAY, BillLine, Occurrences, TokenKind, amount, by_kind, cell, moment, number, quantity
from llmaudit.formats.base import Context, Format
from llmaudit.money import ZERO
from llmaudit.request import Ignored

TOKENS: dict[str, TokenKind] = {
    "input": "input",
    "output": "output",
    "cache_read": "cache_read",
    "cache_write": "cache_write_5m",
}
AUTO = "Auto: "


def convert(row: dict[str, str], context: Context) -> list[BillLine] | Ignored:
    """Return the lines of one row: the money, and where the report has them the tokens by kind."""
    product = (cell(row, "product") or "copilot").lower()
    if "copilot" not in product and "copilot" not in (cell(row, "sku") or "").lower():
        return Ignored("line of another product")
    occurrences: Occurrences = context.state
    day = moment(cell(row, "date"), "date")
    model = cell(row, "model")
    names = ("username", "sku", "model", "organization", "repository", "cost_center_name")
    tags = {
        "auto": "10% off list" if model and model.startswith(AUTO) else None,
        "unit": cell(row, "unit_type"),
        "repository": cell(row, "repository"),
        "cost_center": cell(row, "cost_center_name"),
    }
    line = BillLine(
        line_key=occurrences.key(day, *(cell(row, name) for name in names)),
        seller="github-copilot",
        issuer="github",
        grain="day",
        period_start=day,
        period_end=day + DAY if day else None,
        sku=cell(row, "sku"),
        model_raw=model.removeprefix(AUTO) if model else None,
        token_kind="other",  # noqa: S106 -- a kind of token, no secret
        quantity=quantity(number(row, "quantity"), "quantity"),
        quantity_unit=cell(row, "unit_type"),
        list_cost=amount(number(row, "gross_amount"), "gross_amount"),
        billed_cost=amount(number(row, "net_amount"), "net_amount"),
        currency="USD",
        charge_category="Usage",
        project=cell(row, "organization"),
        user_id=cell(row, "username"),
        tags=msgspec.json.encode({name: value for name, value in tags.items() if value}).decode(),
    )
    counts = {kind: number(row, name) for name, kind in TOKENS.items()}
    if all(count is None for count in counts.values()):
        return [line]
    blank = msgspec.structs.replace(line, list_cost=None, billed_cost=ZERO, quantity=None)
    return [line, *by_kind(blank, counts)]


FORMAT = Format(
    name="github_copilot",
    title="GitHub Copilot usage report",
    kind="bill",
    reads=("table",),
    marks=(
        "date",
        "username",
        "sku",
        "applied_cost_per_quantity",
        "gross_amount",
        "discount_amount",
        "net_amount",
        "unit_type",
    ),
    needs=("date", "sku", "net_amount"),
    convert=convert,
    state=Occurrences,
    repeats="last",
    semantics=(
        "Day sums, no requests. input excludes cache_read and cache_write, and cache_write is priced as a 5-minute "
        "write. gross_amount is the value of what was used (list), net_amount what is charged: 0 while inside the "
        "quota. A model with `Auto: ` before it is 10% below list. Tokens are on separate lines with an amount of "
        "0, so that the money counts once."
    ),
    verified="Two real rows of the report with tokens reconcile to list price to all eight digits.",
    traps=(
        ("net_amount is 0 inside the quota", "billed is 0 and list_cost is gross_amount"),
        ("the columns aic_quantity and aic_gross_amount are 0 since June 2026", "not read"),
        ("some exports put every line in one more pair of quotes", "taken off"),
    ),
)
