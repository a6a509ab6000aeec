"""Arize Phoenix: spans from its REST API or client, and data frames of spans as CSV or Parquet."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from llmaudit import usage
from llmaudit.formats import spans
from llmaudit.formats.base import HELD, Context, Format, Held
from llmaudit.formats.otlp import attributes_of, hexadecimal, nanoseconds
from llmaudit.formats.span_attributes import flat, mark_failure
from llmaudit.formats.values import as_text, json_in, mapping, object_in, text_time
from llmaudit.request import Ignored, Reject

BEGINNING = "attributes."


def convert(row: dict[str, Any], context: Context) -> Held | Ignored:
    """Put a span into the file's state."""
    attributes = attributes_in(row)
    about = object_in(row.get("context"))
    trace = about.get("trace_id") or row.get("context.trace_id") or row.get("trace_id")
    span = about.get("span_id") or row.get("context.span_id") or row.get("span_id")
    if not isinstance(trace, str) or not isinstance(span, str):
        raise Reject("missing-field", "context.span_id")
    parent = row.get("parent_id") or row.get("parent_span_id")
    request = spans.hold(
        context,
        trace=hexadecimal(trace),
        span=hexadecimal(span),
        parent=hexadecimal(parent) if isinstance(parent, str) else None,
        attributes=attributes,
        scope=scope_of(attributes),
    )
    if isinstance(request, Ignored):
        return request
    process = mapping(mapping(row.get("resource")).get("attributes"))
    request.feature = request.feature or as_text(process.get("service.name"))
    if "start_time_unix_nano" in row:
        request.started_at = nanoseconds(row["start_time_unix_nano"], "start_time_unix_nano")
        request.ended_at = nanoseconds(row.get("end_time_unix_nano"), "end_time_unix_nano")
    else:
        request.started_at = text_time(as_text(row.get("start_time")), "start_time")
        request.ended_at = text_time(as_text(row.get("end_time")), "end_time")
    nested = row.get("status")
    status = row.get("status_code") or mapping(nested).get("code") or mapping(nested).get("status_code")
    if status in ("ERROR", "STATUS_CODE_ERROR", 2):
        mark_failure(request, {**_exception(row), **attributes})
    return HELD


def attributes_in(row: dict[str, Any]) -> dict[str, Any]:
    """Return a span's attributes: an object (flat or nested), a typed list, or columns of a data frame."""
    listed = json_in(row.get("attributes"))
    if isinstance(listed, list):
        found = attributes_of(listed)
    elif isinstance(listed, dict):
        found = dict(flat(listed))
    else:
        columns = {name.removeprefix(BEGINNING): json_in(row[name]) for name in row if name.startswith(BEGINNING)}
        found = dict(flat(columns))
    if row.get("span_kind") and "openinference.span.kind" not in found and str(row["span_kind"]).upper() != "UNKNOWN":
        found["openinference.span.kind"] = row["span_kind"]
    return found


def scope_of(attributes: dict[str, Any]) -> str:
    """Return the family of an instrumentation; Phoenix does not export its name."""
    return "gen_ai" if any(name.startswith("gen_ai.") for name in attributes) else "openinference"


def _exception(row: dict[str, Any]) -> dict[str, Any]:
    events = json_in(row.get("events"))
    for event in events if isinstance(events, list) else ():
        if isinstance(event, dict) and event.get("name") == "exception" and isinstance(event.get("attributes"), dict):
            return dict(flat(event["attributes"]))
    return {}


def study(records: Sequence[dict[str, Any]]) -> usage.Study:
    """Return what the counts of the sampled spans show, by provider and model."""
    return spans.study_of(_attributes(records))


def _attributes(records: Sequence[dict[str, Any]]) -> Iterator[tuple[dict[str, Any], str]]:
    for record in records:
        try:
            attributes = attributes_in(record)
        except Reject:
            continue
        yield attributes, scope_of(attributes)


FORMAT = Format(
    name="phoenix",
    title="Arize Phoenix spans",
    reads=("json", "table"),
    marks=(
        "context.span_id",
        "context.trace_id",
        "span_kind",
        "status_code",
        "parent_id",
        "attributes.openinference.span.kind",
        "attributes.llm.model_name",
        "attributes.llm.token_count.prompt",
        "attributes",
        "start_time",
        "start_time_unix_nano",
        "span_id",
        "trace_id",
    ),
    says=lambda record: (
        (
            ("context" in record or "context.span_id" in record)
            and "attributes" in {name.partition(".")[0] for name in record}
        )
        or ("start_time_unix_nano" in record and isinstance(record.get("attributes"), list))
    ),
    record=None,
    convert=convert,
    state=spans.Spans,
    finish=spans.finish,
    study=study,
    repeats="first",
    id_space="spans",
    semantics=(
        "OpenInference: llm.token_count.prompt includes cached reads and writes, completion includes reasoning. "
        "Spans of other instrumentations keep their own gen_ai names, which are preferred: Phoenix's copy of their "
        "counts drops cache writes."
    ),
    verified="REST, OTLP-like JSON and data frames of Phoenix 20.26.1, run against a mock model.",
    about=(
        "Spans from the REST API or the client (JSON, `data` with `next_cursor` or one per line), and "
        "`get_spans_dataframe` as CSV or Parquet; also what the console exporter of OpenTelemetry's Python SDK "
        "prints, one document per span. Costs are not in these exports: they are in a separate table. The line of "
        "a request is the number of its span in the file."
    ),
    traps=(
        ("an instrumentation and an SDK that traces itself both report a call", "one call, by its response id"),
        ("Phoenix's copy of counts leaves cache writes out", "the instrumentation's own names are read first"),
        ("counts in data frames are floats, absent ones NaN", "whole floats are taken, NaN is unknown"),
        ("`cumulative_*` columns", "not read: they hold duplicates"),
    ),
)
