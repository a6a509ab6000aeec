"""OpenTelemetry spans as rows of the table `otel_traces`, which the collector's ClickHouse exporter fills."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from llmaudit import usage
from llmaudit.formats import spans
from llmaudit.formats.base import HELD, Context, Format, Held
from llmaudit.formats.span_attributes import mark_failure
from llmaudit.formats.values import JsonCell, after, object_in, or_none, text_time
from llmaudit.request import Ignored

NANOSECONDS_PER_MILLISECOND = 1_000_000


class Row(msgspec.Struct, gc=False):
    """One span. All attributes are text; the duration is nanoseconds."""

    TraceId: str
    SpanId: str
    ParentSpanId: str | None = None
    Timestamp: str | None = None
    Duration: int | float | None = None
    ServiceName: str | None = None
    ScopeName: str | None = None
    StatusCode: str | None = None
    SpanAttributes: JsonCell = None


def convert(row: Row, context: Context) -> Held | Ignored:
    """Put a span into the file's state."""
    attributes = object_in(row.SpanAttributes)
    request = spans.hold(
        context,
        trace=row.TraceId.lower(),
        span=row.SpanId.lower(),
        parent=(row.ParentSpanId or "").lower() or None,
        attributes=attributes,
        scope=row.ScopeName or "",
    )
    if isinstance(request, Ignored):
        return request
    request.feature = request.feature or or_none(row.ServiceName)
    request.started_at = text_time(row.Timestamp, "Timestamp")
    took = None if row.Duration is None else row.Duration / NANOSECONDS_PER_MILLISECOND
    request.ended_at = after(request.started_at, took, "Duration")
    if (row.StatusCode or "").upper() in {"ERROR", "STATUS_CODE_ERROR"}:
        mark_failure(request, attributes)
    return HELD


def study(records: Sequence[dict[str, Any]]) -> usage.Study:
    """Return what the counts of the sampled spans show, by instrumentation, provider and model."""
    return spans.study_of(
        (object_in(record.get("SpanAttributes")), str(record.get("ScopeName") or "")) for record in records
    )


FORMAT = Format(
    name="otel_rows",
    title="OpenTelemetry spans out of ClickHouse",
    reads=("json", "table"),
    marks=(
        "TraceId",
        "SpanId",
        "ParentSpanId",
        "SpanAttributes",
        "ResourceAttributes",
        "ScopeName",
        "Duration",
        "SpanName",
    ),
    needs=("TraceId", "SpanId", "SpanAttributes"),
    record=Row,
    convert=convert,
    state=spans.Spans,
    finish=spans.finish,
    study=study,
    repeats="first",
    id_space="spans",
    semantics=(
        "As `otlp`: input includes cached tokens, output includes reasoning, unless the instrumentation or the file "
        "says otherwise."
    ),
    verified="The exporter's table as documented alone.",
    about=(
        "Rows of `otel_traces` as JSON lines (`FORMAT JSONEachRow`) or CSV with the attributes as JSON text. "
        "Attributes are those of `otlp`, all of them text; the feature is the service's name."
    ),
    traps=(
        ("all numbers are text", "whole numbers are read, others are rejected"),
        ("`Duration` is nanoseconds", "converted"),
        (
            "maps in ClickHouse's own CSV are not JSON",
            "export as JSONEachRow, or the spans are not recognised as calls",
        ),
    ),
)
