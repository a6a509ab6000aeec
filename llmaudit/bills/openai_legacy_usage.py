"""OpenAI: the usage export of before 2025, as JSON (`/v1/usage`) or CSV."""

from __future__ import annotations

from llmaudit import usage
from llmaudit.bills.base import BillLine, Occurrences, by_kind, cell, number
from llmaudit.formats.base import Context, Format
from llmaudit.formats.values import epoch
from llmaudit.request import Reject


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
    counts = {"input": usage.uncached(whole, read), "cache_read": read, "output": made}
    return by_kind(line, counts, number(row, "n_requests"))  # type: ignore[arg-type]  # the keys are kinds


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
        "Usage without money, in spans of five minutes that state only their start. Context tokens "
        "include cached ones; "
        "snapshot_id is the model."
    ),
    verified="Names of the fields from documentation and other readers; no real export seen.",
)
