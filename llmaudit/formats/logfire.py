"""Pydantic Logfire: rows of the table `records`, as its query API and web pages give them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from llmaudit import usage
from llmaudit.formats import spans
from llmaudit.formats.base import HELD, Context, Format, Held
from llmaudit.formats.span_attributes import mark_failure
from llmaudit.formats.values import JsonCell, object_in, or_none, text_time
from llmaudit.request import Ignored

PENDING = "pending_span"


class Row(msgspec.Struct, gc=False):
    """One span; of a log, the end is its beginning."""

    trace_id: str
    span_id: str
    parent_span_id: str | None = None
    kind: str | None = None
    start_timestamp: str | None = None
    end_timestamp: str | None = None
    service_name: str | None = None
    otel_scope_name: str | None = None
    otel_status_code: str | None = None
    exception_type: str | None = None
    attributes: JsonCell = None


def convert(row: Row, context: Context) -> Held | Ignored:
    """Put a span into the file's state."""
    if row.kind == PENDING:
        return Ignored("span that was not finished yet")
    attributes = object_in(row.attributes)
    request = spans.hold(
        context,
        trace=row.trace_id.lower(),
        span=row.span_id.lower(),
        parent=(row.parent_span_id or "").lower() or None,
        attributes=attributes,
        scope=row.otel_scope_name or "",
    )
    if isinstance(request, Ignored):
        return request
    request.feature = request.feature or or_none(row.service_name)
    request.started_at = text_time(row.start_timestamp, "start_timestamp")
    request.ended_at = text_time(row.end_timestamp, "end_timestamp")
    if (row.otel_status_code or "").upper() == "ERROR":
        mark_failure(request, {**attributes, "exception.type": row.exception_type or ""})
    return HELD


def study(records: Sequence[dict[str, Any]]) -> usage.Study:
    """Return what the counts of the sampled spans show, by instrumentation, provider and model."""
    return spans.study_of(
        (object_in(record.get("attributes")), str(record.get("otel_scope_name") or "")) for record in records
    )


FORMAT = Format(
    name="logfire",
    title="Pydantic Logfire records",
    reads=("json", "table"),
    marks=(
        "start_timestamp",
        "otel_scope_name",
        "otel_status_code",
        "parent_span_id",
        "span_name",
        "service_name",
        "is_exception",
        "otel_resource_attributes",
        "attributes_json_schema",
    ),
    needs=("trace_id", "span_id", "start_timestamp", "attributes"),
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
    verified="Columns from Logfire's documentation of its SQL tables; no real export seen.",
    about=(
        "Rows of `records` as the query API gives them: CSV, or JSON with one object per row (`json_rows`). A "
        "query has to ask for `trace_id`, `span_id`, `start_timestamp` and `attributes`, and better for "
        "`parent_span_id`, `end_timestamp`, `otel_scope_name`, `otel_status_code` and `service_name`, too. "
        "Attributes are those of `otlp`; the feature is the service's name."
    ),
    traps=(
        ("`records_all` has a row for the beginning of a span, too", "rows of the kind `pending_span` are ignored"),
        ("a query gives no more than 10,000 rows", "the counts of a cut answer are a lower bound"),
    ),
)
