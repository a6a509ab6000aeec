"""MLflow Tracing: `Trace.to_json()`, and the `traces.json` of its file store."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from llmaudit import usage
from llmaudit.formats import spans
from llmaudit.formats.base import HELD, Context, Format, Held
from llmaudit.formats.filling import fill_cost
from llmaudit.formats.otlp import hexadecimal, nanoseconds
from llmaudit.formats.span_attributes import mark_failure, text
from llmaudit.formats.values import json_in, mapping, text_decimal
from llmaudit.request import Ignored, Reject, Request

USAGE = "mlflow.chat.tokenUsage"


class Status(msgspec.Struct, gc=False):
    """How a span ended, without its message."""

    code: str | int | None = None


class Span(msgspec.Struct, gc=False):
    """One span; version 2 of the schema nests its ids."""

    trace_id: str | None = None
    span_id: str | None = None
    parent_span_id: str | None = None
    parent_id: str | None = None
    context: dict[str, Any] | None = None
    start_time_unix_nano: int | str | None = None
    end_time_unix_nano: int | str | None = None
    start_time: int | str | None = None
    end_time: int | str | None = None
    attributes: dict[str, Any] = {}
    status: Status | None = None
    status_code: str | None = None


class Info(msgspec.Struct, gc=False):
    """The trace."""

    trace_id: str | None = None
    request_id: str | None = None
    trace_metadata: dict[str, Any] | None = None
    request_metadata: dict[str, Any] | None = None
    tags: dict[str, Any] | list[Any] | None = None


class Data(msgspec.Struct, gc=False):
    """The spans of a trace."""

    spans: list[msgspec.Raw] = []


class Trace(msgspec.Struct, gc=False):
    """One trace; `traces.json` has the spans alone."""

    info: Info | None = None
    data: Data | None = None
    spans: list[msgspec.Raw] = []


def unfold(trace: Trace) -> Iterator[tuple[msgspec.Raw, Info]]:
    """Yield each span with its trace."""
    info = trace.info or Info()
    yield from ((raw, info) for raw in (*(trace.data.spans if trace.data else ()), *trace.spans))


def convert(span: Span, context: Context) -> Held | Ignored:
    """Put a span into the file's state."""
    info: Info = context.shared
    attributes = attributes_in(span.attributes)
    inside = span.context or {}
    identifier = span.span_id or inside.get("span_id")
    trace = span.trace_id or inside.get("trace_id") or info.trace_id or info.request_id
    if not isinstance(identifier, str) or not isinstance(trace, str):
        raise Reject("missing-field", "span_id")
    parent = span.parent_span_id or span.parent_id
    request = spans.hold(
        context,
        trace=hexadecimal(trace),
        span=hexadecimal(identifier),
        parent=hexadecimal(parent) if parent else None,
        attributes=attributes,
        scope="mlflow",
    )
    if isinstance(request, Ignored):
        return request
    start = span.start_time_unix_nano if span.start_time_unix_nano is not None else span.start_time
    end = span.end_time_unix_nano if span.end_time_unix_nano is not None else span.end_time
    request.started_at = nanoseconds(start, "start_time_unix_nano")
    request.ended_at = nanoseconds(end, "end_time_unix_nano")
    _fill_trace(request, info)
    _fill_cost(request, attributes)
    code = span.status_code or (span.status.code if span.status else None)
    if code in {"STATUS_CODE_ERROR", "ERROR", 2}:
        mark_failure(request, attributes)
    return HELD


def attributes_in(encoded: dict[str, Any]) -> dict[str, Any]:
    """Return a span's attributes, each of which is JSON text, with its token counts under the conventions' names."""
    attributes = {name: json_in(value) for name, value in encoded.items()}
    counted = attributes.get(USAGE)
    if isinstance(counted, dict):
        long = counted.get("cache_creation_input_tokens_above_1hr")
        written = counted.get("cache_creation_input_tokens")
        attributes |= {
            "gen_ai.usage.input_tokens": counted.get("input_tokens"),
            "gen_ai.usage.output_tokens": counted.get("output_tokens"),
            "gen_ai.usage.total_tokens": counted.get("total_tokens"),
            "gen_ai.usage.cache_read.input_tokens": counted.get("cache_read_input_tokens"),
            "gen_ai.usage.cache_creation.input_tokens": written,
            "anthropic.usage.cache_creation.ephemeral_1h_input_tokens": long,
        }
        if isinstance(long, int) and isinstance(written, int) and written >= long:
            # The writes above an hour are part of all writes; the others live 5 minutes.
            attributes["anthropic.usage.cache_creation.ephemeral_5m_input_tokens"] = written - long
    answer = attributes.get("mlflow.spanOutputs")
    if isinstance(answer, dict) and isinstance(answer.get("id"), str):
        attributes.setdefault("gen_ai.response.id", answer["id"])
    return attributes


def _fill_trace(request: Request, info: Info) -> None:
    about = {**(info.request_metadata or {}), **(info.trace_metadata or {})}
    request.user_id = request.user_id or text(about, ("mlflow.trace.user",))
    request.session_id = request.session_id or text(about, ("mlflow.trace.session",))


def _fill_cost(request: Request, attributes: dict[str, Any]) -> None:
    cost = attributes.get("mlflow.llm.cost")
    if isinstance(cost, dict) and cost.get("total_cost") is not None:
        fill_cost(request, text_decimal(str(cost["total_cost"]), "total_cost"), "total_cost", kind="list_estimate")


def study(records: Sequence[dict[str, Any]]) -> usage.Study:
    """Return what the counts of the sampled spans show, by provider and model."""
    return spans.study_of(_attributes(records))


def _attributes(records: Sequence[dict[str, Any]]) -> Iterator[tuple[dict[str, Any], str]]:
    for record in records:
        inside = record.get("data") if isinstance(record.get("data"), dict) else record
        listed = (inside or {}).get("spans")
        for span in listed if isinstance(listed, list) else ():
            yield attributes_in(mapping(mapping(span).get("attributes"))), "mlflow"


def is_trace(record: dict[str, Any]) -> bool:
    """Say whether a decoded record is a trace whose spans have MLflow's own attributes."""
    inside = record.get("data") if isinstance(record.get("data"), dict) else record
    listed = (inside or {}).get("spans")
    head = listed[0] if isinstance(listed, list) and listed else None
    encoded = head.get("attributes") if isinstance(head, dict) else None
    return isinstance(encoded, dict) and any(name.startswith("mlflow.") for name in encoded)


FORMAT = Format(
    name="mlflow",
    title="MLflow traces",
    marks=(
        "info.trace_id",
        "info.trace_metadata",
        "info.request_time",
        "info.state",
        "data.spans",
        "data.spans.attributes",
        "spans",
        "spans.attributes",
        "spans.span_id",
        "spans.start_time_unix_nano",
    ),
    says=is_trace,
    batch=Trace,
    unfold=unfold,
    record=Span,
    convert=convert,
    state=spans.Spans,
    finish=spans.finish,
    study=study,
    repeats="first",
    semantics=(
        "Since about 3.13, tokenUsage.input_tokens includes cached reads and writes for every provider (12,050 for "
        "50 + 2,000 + 10,000); before that Anthropic's left them out; if a file's counts prove that, they are read "
        "that way. cache_creation_input_tokens_above_1hr is part of cache_creation_input_tokens. Reasoning is not "
        "recorded."
    ),
    verified="Traces of mlflow-skinny 3.17.2, run against a mock model; older versions: issues alone.",
    about=(
        "`Trace.to_json()`, one trace per line or per file; `search_traces` saved as JSON. Only spans of a chat "
        "model, an LLM or an embedding count, and of nested ones the innermost. Costs are MLflow's own estimates."
    ),
    traps=(
        ("the trace repeats the sum of its spans", "not read"),
        ("a framework's and an SDK's span of one call are nested", "the inner one counts"),
        ("`mlflow.llm.model` is the model asked for if the provider is Anthropic", "taken as it is"),
        ("a stream has no usage", "usage is missing"),
    ),
)
