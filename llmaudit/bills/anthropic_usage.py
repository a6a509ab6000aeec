"""Anthropic: pages of the Admin API's usage report for messages."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from llmaudit.bills.anthropic_costs import Bucket, Span, unfold
from llmaudit.bills.base import BillLine, by_kind, condition_tags, grain_of, key_of, web_searches
from llmaudit.formats.base import Context, Format


class CacheCreation(msgspec.Struct, gc=False):
    """Cache writes by lifetime."""

    ephemeral_5m_input_tokens: Decimal | None = None
    ephemeral_1h_input_tokens: Decimal | None = None


class ServerTools(msgspec.Struct, gc=False):
    """Calls of tools that Anthropic runs."""

    web_search_requests: Decimal | None = None


class Result(msgspec.Struct, gc=False):
    """One result of a bucket."""

    uncached_input_tokens: Decimal | None = None
    cache_creation: CacheCreation | None = None
    cache_read_input_tokens: Decimal | None = None
    output_tokens: Decimal | None = None
    server_tool_use: ServerTools | None = None
    api_key_id: str | None = None
    workspace_id: str | None = None
    account_id: str | None = None
    service_account_id: str | None = None
    model: str | None = None
    service_tier: str | None = None
    context_window: str | None = None
    inference_geo: str | None = None
    speed: str | None = None


def convert(result: Result, context: Context) -> list[BillLine]:
    """Return the lines of one result: one for each kind of token, one for web searches."""
    span: Span = context.shared
    dimensions = (
        span.start, span.end, result.api_key_id, result.workspace_id, result.account_id, result.service_account_id,
        result.model, result.service_tier, result.context_window, result.inference_geo, result.speed,
    )  # fmt: skip
    line = BillLine(
        line_key=key_of(*dimensions),
        seller="anthropic",
        grain=grain_of(span.start, span.end),
        period_start=span.start,
        period_end=span.end,
        sku="messages",
        model_raw=result.model,
        charge_category="Usage",
        project=result.workspace_id,
        key_id=result.api_key_id,
        user_id=result.account_id,
        region=result.inference_geo,
        service_tier="fast" if result.speed == "fast" else result.service_tier,
        is_batch=None if result.service_tier is None else result.service_tier == "batch",
        tags=condition_tags(context=result.context_window, speed=result.speed),
    )
    written = result.cache_creation or CacheCreation()
    lines = by_kind(
        line,
        {
            "input": result.uncached_input_tokens,
            "cache_read": result.cache_read_input_tokens,
            "cache_write_5m": written.ephemeral_5m_input_tokens,
            "cache_write_1h": written.ephemeral_1h_input_tokens,
            "output": result.output_tokens,
        },
    )
    searches = result.server_tool_use.web_search_requests if result.server_tool_use else None
    return [*lines, web_searches(line, searches)] if searches else lines


FORMAT = Format(
    name="anthropic_usage",
    title="Anthropic usage report API",
    kind="bill",
    marks=(
        "starting_at",
        "ending_at",
        "results.uncached_input_tokens",
        "results.cache_creation",
        "results.output_tokens",
        "results.cache_read_input_tokens",
    ),
    needs=("starting_at", "results"),
    says=lambda bucket: any("uncached_input_tokens" in r for r in bucket["results"]),
    batch=Bucket,
    unfold=unfold,
    record=Result,
    convert=convert,
    repeats="last",
    semantics=(
        "Usage without money, all kinds disjoint: uncached input, reads, 5-minute and 1-hour writes, output with "
        "thinking. A workspace of null is the default one. A dimension that the export was not grouped by is null "
        "and stays unknown: it widens the bounds of its list price. Claude Code on a subscription is not in it."
    ),
    verified="Shape from the vendor's SDK; no recorded page seen.",
)
