"""Datadog LLM Observability: spans as its export API gives them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec

from llmaudit import usage
from llmaudit.formats.base import Context, Format
from llmaudit.formats.filling import MAX_TAG_CHARS, fill_cost, fill_status, none_if_zero, text_of
from llmaudit.formats.values import Count, after, or_none
from llmaudit.request import Ignored, Reject, Request

NANODOLLARS = 1_000_000_000
NANOSECONDS_A_MILLISECOND = 1_000_000
BILLED_KINDS = {"llm", "embedding"}
UNKNOWN = {"", "custom", "undefined", None}


class Metrics(msgspec.Struct, gc=False, omit_defaults=True):
    """Counts and estimated costs."""

    input_tokens: Count = None
    output_tokens: Count = None
    total_tokens: Count = None
    cache_read_input_tokens: Count = None
    cache_write_input_tokens: Count = None
    reasoning_output_tokens: Count = None
    ephemeral_5m_input_tokens: Count = None
    ephemeral_1h_input_tokens: Count = None
    estimated_total_cost: Decimal | None = None


class Problem(msgspec.Struct, gc=False):
    """What failed; the message and stack are not read."""

    type: str | None = None


class Span(msgspec.Struct, gc=False):
    """The attributes of a span."""

    span_id: str | int | None = None
    trace_id: str | int | None = None
    span_kind: str | None = None
    start_ns: int | float | None = None
    duration: float | None = None
    ml_app: str | None = None
    model_name: str | None = None
    model_provider: str | None = None
    metrics: Metrics | None = None
    status: str | None = None
    error: Problem | None = None
    tags: list[str] | None = None


class Export(Span, gc=False):
    """A span of the export (`attributes`), or the attributes themselves."""

    attributes: Span | None = None


def convert(record: Export, context: Context) -> Request | Ignored:
    """Return the request of one span."""
    span = record.attributes or record
    if span.span_kind not in BILLED_KINDS:
        return Ignored("span that is not a model call")
    if span.span_id is None:
        raise Reject("missing-field", "span_id")
    key = "start_ns" if record.attributes is None else "attributes.start_ns"
    started = context.epoch(span.start_ns, key)
    if started is None:
        raise Reject("missing-field", "start_ns")
    labels = [tag for tag in span.tags or () if len(tag) <= MAX_TAG_CHARS]
    tags = dict(tag.split(":", 1) for tag in labels if ":" in tag)
    model = None if span.model_name in UNKNOWN else span.model_name
    taken = None if span.duration is None else span.duration / NANOSECONDS_A_MILLISECOND
    request = Request(
        request_id=text_of(span.span_id),
        trace_id=text_of(span.trace_id),
        session_id=or_none(tags.get("session_id")),
        started_at=started,
        ended_at=after(started, taken, "duration"),
        seller=None if span.model_provider in UNKNOWN else span.model_provider,
        model_raw=model,
        model_requested=model,
        endpoint=span.span_kind,
        user_id=or_none(tags.get("user_id")) or or_none(tags.get("usr.id")),
        team=or_none(tags.get("team")),
        feature=or_none(span.ml_app),
        tags=msgspec.json.encode(labels).decode() if labels else None,
    )
    fill_status(request, None, (span.error and span.error.type) or "", failed=span.status == "error")
    told = span.metrics or Metrics()
    reading = usage.Reading(
        told.input_tokens,
        told.output_tokens,
        told.total_tokens,
        told.cache_read_input_tokens,
        told.cache_write_input_tokens,
        told.reasoning_output_tokens,
        told.ephemeral_5m_input_tokens,
        told.ephemeral_1h_input_tokens,
    )
    usage.by_rule(request, reading, usage.INSIDE)
    if span.metrics is not None:
        request.raw_usage = msgspec.json.encode(told).decode()
    cost = none_if_zero(told.estimated_total_cost)
    fill_cost(request, cost, "metrics.estimated_total_cost", NANODOLLARS, kind="list_estimate")
    return request


def _is_span(record: dict[str, Any]) -> bool:
    inner = record.get("attributes") if isinstance(record.get("attributes"), dict) else record
    return isinstance(inner, dict) and "ml_app" in inner and "span_kind" in inner


FORMAT = Format(
    name="datadog",
    title="Datadog LLM Observability spans",
    marks=(
        "ml_app",
        "span_kind",
        "start_ns",
        "model_provider",
        "metrics",
        "attributes.ml_app",
        "attributes.span_kind",
        "attributes.start_ns",
        "attributes.model_provider",
        "attributes.metrics",
    ),
    says=_is_span,
    record=Export,
    convert=convert,
    epochs=("start_ns", "attributes.start_ns"),
    semantics=(
        "input_tokens includes cached reads and writes (non_cached_input_tokens is the rest), output_tokens "
        "includes reasoning. Estimated costs are billionths of a US dollar. duration is nanoseconds; start_ns is "
        "told by its size, for documented examples hold milliseconds."
    ),
    verified="Fields from ddtrace and datadog_api_client 2.62.0, and the documentation's example; no real export seen.",
    about=(
        "Pages of the export API (`data[].attributes`), or the attributes one per line. Only spans of kind `llm` "
        "and `embedding` are requests. The feature is `ml_app`; team, user and session are tags."
    ),
    traps=(
        ("workflow, agent and task spans repeat what their children used", "ignored"),
        ("costs are nanodollars", "divided by 1,000,000,000"),
        ("tags hold colons in their values", "cut at the first"),
        (
            "two integrations can record one call twice (langchain beside google-genai)",
            "not told apart here: switch one off",
        ),
    ),
)
