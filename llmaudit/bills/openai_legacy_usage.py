"""OpenAI: the usage export of before 2025, as JSON (`/v1/usage`) or CSV."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from llmaudit import usage
from llmaudit.bills.base import BillLine, Occurrences, TokenKind, by_kind, cell, condition_tags, number
from llmaudit.formats.base import Context, Format
from llmaudit.formats.values import epoch
from llmaudit.request import Reject

SPAN = timedelta(minutes=5)


def convert(row: dict[str, object], context: Context) -> list[BillLine]:
    """Return the lines of one row, one for each kind of token."""
    occurrences: Occurrences = context.state
    at = number(row, "aggregation_timestamp", "timestamp")
    if at is None:
        raise Reject("missing-field", "aggregation_timestamp")
    start = epoch(int(at), "aggregation_timestamp")
    model, project = cell(row, "snapshot_id", "model"), cell(row, "project_id")
    key, user = cell(row, "api_key_id", "api_key_redacted"), cell(row, "user_id", "user")
    line = BillLine(
        line_key=occurrences.key(start, cell(row, "operation"), model, project, key, user),
        seller="openai",
        grain="other",
        period_start=start,
        period_end=start + SPAN if start else None,
        sku=cell(row, "operation", "usage_type") or "completion",
        model_raw=model,
        charge_category="Usage",
        project=project,
        key_id=key,
        user_id=user,
    )
    whole = number(row, "n_context_tokens_total", "context_tokens_total")
    read = number(row, "n_cached_context_tokens_total", "cached_context_tokens_total")
    made = number(row, "n_generated_tokens_total", "generated_tokens_total")
    fresh = usage.uncached(whole, read)
    counts: dict[TokenKind, Decimal | None] = {"input": fresh, "cache_read": read, "output": made}
    if read is None:
        counts = {"input_all": whole, "output": made}
    line.tags = condition_tags(inconsistent=whole is not None and fresh is None)
    return by_kind(line, counts, number(row, "n_requests"))


FORMAT = Format(
    name="openai_legacy_usage",
    title="OpenAI usage export before 2025",
    kind="bill",
    reads=("json", "table"),
    marks=(
        "n_context_tokens_total",
        "n_generated_tokens_total",
        "snapshot_id",
        "aggregation_timestamp",
        "n_requests",
        "context_tokens_total",
        "generated_tokens_total",
        "operation",
    ),
    says=lambda row: any(name in row for name in ("n_context_tokens_total", "context_tokens_total")),
    convert=convert,
    state=Occurrences,
    repeats="last",
    semantics=(
        "Usage without money, in spans of five minutes that state only their start. Context tokens include cached "
        "ones, and stay input_all where there is no count of those; snapshot_id is the model."
    ),
    verified="Names of the fields from documentation and other readers; no real export seen.",
)
