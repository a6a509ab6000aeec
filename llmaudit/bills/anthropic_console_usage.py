"""Anthropic: the usage export of the Console (CSV)."""

from __future__ import annotations

from llmaudit.bills.base import DAY, BillLine, by_kind, cell, condition_tags, moment, number, web_searches
from llmaudit.formats.base import Context, Format

DIMENSIONS = (
    "usage_date_utc", "model_version", "api_key", "workspace", "usage_type", "context_window", "inference_geo", "speed",
)  # fmt: skip


def convert(row: dict[str, str], _: Context) -> list[BillLine]:
    """Return the lines of one row: one for each kind of token, one for web searches."""
    day = moment(cell(row, "usage_date_utc"), "usage_date_utc")
    kind = cell(row, "usage_type")
    line = BillLine(
        line_key="|".join(str(cell(row, name)) for name in DIMENSIONS),
        seller="anthropic",
        grain="day",
        period_start=day,
        period_end=day + DAY if day else None,
        sku=kind,
        model_raw=cell(row, "model_version"),
        charge_category="Usage",
        project=cell(row, "workspace"),
        key_id=cell(row, "api_key"),
        region=cell(row, "inference_geo"),
        service_tier="fast" if cell(row, "speed") == "fast" else None,
        is_batch=None if kind is None else kind == "batch",
        tags=condition_tags(context=cell(row, "context_window"), speed=cell(row, "speed")),
    )
    searches = number(row, "web_search_count")
    lines = by_kind(
        line,
        {
            "input": number(row, "usage_input_tokens_no_cache"),
            "cache_read": number(row, "usage_input_tokens_cache_read"),
            "cache_write_5m": number(row, "usage_input_tokens_cache_write_5m"),
            "cache_write_1h": number(row, "usage_input_tokens_cache_write_1h"),
            "output": number(row, "usage_output_tokens"),
        },
    )
    return [*lines, web_searches(line, searches)] if searches else lines


FORMAT = Format(
    name="anthropic_console_usage",
    title="Anthropic Console usage export",
    kind="bill",
    reads=("table",),
    marks=(
        "usage_date_utc",
        "usage_input_tokens_no_cache",
        "usage_output_tokens",
        "model_version",
        "web_search_count",
        "usage_input_tokens_cache_read",
    ),
    needs=("usage_date_utc", "usage_input_tokens_no_cache"),
    convert=convert,
    repeats="last",
    semantics=(
        "Usage without money, all kinds disjoint. The key is a name that can repeat and be renamed. Claude Code on a "
        "subscription is not in it. The layout of 11 columns, before context_window and speed, is read too."
    ),
    verified="Both layouts on real exports.",
)
