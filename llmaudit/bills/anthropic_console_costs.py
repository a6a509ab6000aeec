"""Anthropic: the cost export of the Console (CSV)."""

from __future__ import annotations

from llmaudit.bills.base import DAY, BillLine, TokenKind, amount, cell, moment, number
from llmaudit.formats.base import Context, Format
from llmaudit.request import Reject

DIMENSIONS = (
    "usage_date_utc", "model", "workspace", "api_key", "api_key_id", "usage_type", "context_window", "token_type",
    "cost_type", "inference_geo", "speed",
)  # fmt: skip


def convert(row: dict[str, str], _: Context) -> BillLine:
    """Return the line of one row."""
    cost = number(row, "cost_usd")
    if cost is None:
        raise Reject("missing-field", "cost_usd")
    day = moment(cell(row, "usage_date_utc"), "usage_date_utc")
    kind = cell(row, "usage_type")
    return BillLine(
        line_key="|".join(str(cell(row, name)) for name in DIMENSIONS),
        seller="anthropic",
        grain="day",
        period_start=day,
        period_end=day + DAY if day else None,
        sku=" ".join(part for part in (cell(row, "model"), cell(row, "token_type")) if part) or cell(row, "cost_type"),
        model_raw=cell(row, "model"),
        token_kind=kind_of(cell(row, "token_type")),
        list_cost=amount(number(row, "list_price_usd"), "list_price_usd"),
        billed_cost=amount(cost, "cost_usd"),
        currency="USD",
        charge_category="Usage",
        project=cell(row, "workspace"),
        key_id=cell(row, "api_key_id", "api_key"),
        region=cell(row, "inference_geo"),
        service_tier="fast" if cell(row, "speed") == "fast" else None,
        is_batch=None if kind is None else kind == "batch",
    )


def kind_of(words: str | None) -> TokenKind:
    """Return the kind of token that the export's word means; `other` for web searches and what it does not know."""
    text = (words or "").lower()
    if "cache_read" in text or "cache read" in text:
        return "cache_read"
    if "cache_write" in text or "cache write" in text or "cache_creation" in text:
        return "cache_write_1h" if "1h" in text else "cache_write_5m" if "5m" in text else "cache_write_other"
    if "output" in text:
        return "output"
    return "input" if "input" in text else "other"


FORMAT = Format(
    name="anthropic_console_costs",
    title="Anthropic Console cost export",
    kind="bill",
    reads=("table",),
    marks=("usage_date_utc", "token_type", "cost_usd", "list_price_usd", "cost_type", "model", "workspace"),
    needs=("usage_date_utc", "token_type", "cost_usd"),
    convert=convert,
    repeats="last",
    semantics=(
        "US dollars, rounded to the cent in every row: many are 0.00, and a sum drifts by up to half a cent per "
        "row. The model is a display name (`Claude Opus 5`). There are no quantities. Layouts of 9, 12 and 14 "
        "columns are read."
    ),
    verified="The layouts on real exports; the words of token_type on a few of them.",
)
