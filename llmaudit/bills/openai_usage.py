"""OpenAI: pages of the organization usage API, one result for each combination of what was grouped by."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from llmaudit.bills.base import BillLine, by_kind, condition_tags, grain_of, key_of, quantity
from llmaudit.bills.openai_costs import Bucket, Span, unfold
from llmaudit.bills.openai_counts import counts_of
from llmaudit.formats.base import Context, Format
from llmaudit.formats.values import epoch

PREFIX = "organization.usage."
OTHER_UNITS = ("images", "characters", "seconds", "usage_bytes", "num_sessions", "num_requests")
"""What the families without tokens count, each under its own name."""


class Result(msgspec.Struct, gc=False):
    """One result of a bucket; a dimension that was not grouped by is null."""

    object: str | None = None
    input_tokens: Decimal | None = None
    input_cached_tokens: Decimal | None = None
    input_cache_write_tokens: Decimal | None = None
    input_cache_write_30m_tokens: Decimal | None = None
    input_cache_write_12h_tokens: Decimal | None = None
    input_uncached_tokens: Decimal | None = None
    input_audio_tokens: Decimal | None = None
    input_image_tokens: Decimal | None = None
    input_cached_audio_tokens: Decimal | None = None
    input_cached_image_tokens: Decimal | None = None
    output_tokens: Decimal | None = None
    output_audio_tokens: Decimal | None = None
    output_image_tokens: Decimal | None = None
    num_model_requests: Decimal | None = None
    images: Decimal | None = None
    characters: Decimal | None = None
    seconds: Decimal | None = None
    usage_bytes: Decimal | None = None
    num_sessions: Decimal | None = None
    num_requests: Decimal | None = None
    project_id: str | None = None
    user_id: str | None = None
    api_key_id: str | None = None
    model: str | None = None
    batch: bool | None = None
    service_tier: str | None = None
    api_source: str | None = None
    size: str | None = None
    source: str | None = None
    context_level: str | None = None


def convert(result: Result, context: Context) -> list[BillLine]:
    """Return the lines of one result, one for each kind of token."""
    span: Span = context.shared
    start, end = epoch(span.start, "start_time"), epoch(span.end, "end_time")
    family = (result.object or "").removeprefix(PREFIX).removesuffix(".result")
    dimensions = (
        span.start, span.end, family, result.project_id, result.user_id, result.api_key_id, result.model, result.batch,
        result.service_tier, result.api_source, result.size, result.source, result.context_level,
    )  # fmt: skip
    line = BillLine(
        line_key=key_of(*dimensions),
        seller="openai",
        grain=grain_of(start, end),
        period_start=start,
        period_end=end,
        sku=family,
        model_raw=result.model,
        charge_category="Usage",
        project=result.project_id,
        key_id=result.api_key_id,
        user_id=result.user_id,
        service_tier=result.service_tier,
        is_batch=result.batch,
    )
    for name in OTHER_UNITS:
        if (count := getattr(result, name)) is not None:
            line.token_kind, line.quantity, line.quantity_unit = "other", quantity(count, name), name
    counts, contradict = counts_of(lambda name: getattr(result, name), caches=family == "completions")
    line.tags = condition_tags(inconsistent=contradict)
    return by_kind(line, counts, result.num_model_requests)


FORMAT = Format(
    name="openai_usage",
    title="OpenAI usage API",
    kind="bill",
    marks=(
        "start_time",
        "end_time",
        "results.num_model_requests",
        "results.input_tokens",
        "results.input_cached_tokens",
        "results.output_tokens",
        "results.object",
        "results.service_tier",
    ),
    needs=("start_time", "end_time", "results"),
    says=lambda bucket: any(str(r.get("object")).startswith(PREFIX) for r in bucket["results"]),
    batch=Bucket,
    unfold=unfold,
    record=Result,
    convert=convert,
    repeats="last",
    semantics=(
        "Usage without money. input_tokens includes cached reads and cache writes, so the uncached part is "
        "input_uncached_tokens, or what is left; output includes reasoning. Audio and images are separate parts of "
        "each; so are cache writes of 30 minutes and of 12 hours if the export has them. Completions without a "
        "count of cached tokens stay input_all. Scale Tier tokens are in it though they are prepaid. A dimension "
        "that the export was not grouped by is null and stays unknown: it widens the bounds of the list price."
    ),
    verified="Shape from the published interface and its example, whose sums hold; no recorded page seen.",
)
