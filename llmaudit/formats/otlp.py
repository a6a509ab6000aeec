"""OpenTelemetry traces as OTLP JSON: what the collector's file exporter and most backends write."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec

from llmaudit import usage
from llmaudit.formats import spans
from llmaudit.formats.base import HELD, Context, Format, Held
from llmaudit.formats.span_attributes import first, mark_failure
from llmaudit.formats.values import DAY_MS, NANOSECONDS, epoch, or_none
from llmaudit.request import Ignored, Reject, Request

ID_CHARS = {12, 24}
"""Characters of a span's or trace's id in base64, which protobuf's own JSON writes where the collector writes hex."""


class Shared(msgspec.Struct, gc=False):
    """What the spans of one instrumentation share."""

    scope: str
    service: str | None


class Status(msgspec.Struct, gc=False):
    """How a span ended, without its message."""

    code: int | str | None = None


class Event(msgspec.Struct, gc=False):
    """Something that happened inside a span."""

    name: str | None = None
    timeUnixNano: str | int | None = None
    attributes: list[Any] | None = None


class Span(msgspec.Struct, gc=False):
    """One span."""

    traceId: str = ""
    spanId: str = ""
    parentSpanId: str | None = None
    startTimeUnixNano: str | int | None = None
    endTimeUnixNano: str | int | None = None
    attributes: list[Any] | None = None
    events: list[Event] | None = None
    status: Status | None = None


class Scope(msgspec.Struct, gc=False):
    """The instrumentation that wrote spans."""

    name: str | None = None


class ScopeSpans(msgspec.Struct, gc=False):
    """The spans of one instrumentation; before OTLP 0.20 under another name."""

    scope: Scope | None = None
    instrumentationLibrary: Scope | None = None
    spans: list[msgspec.Raw] = []


class Resource(msgspec.Struct, gc=False):
    """The process that was traced."""

    attributes: list[Any] | None = None


class ResourceSpans(msgspec.Struct, gc=False):
    """The spans of one process."""

    resource: Resource | None = None
    scopeSpans: list[ScopeSpans] = []
    instrumentationLibrarySpans: list[ScopeSpans] = []


class Page(msgspec.Struct, gc=False):
    """One export: a line of the file, or a whole file."""

    resourceSpans: list[ResourceSpans]


def unfold(page: Page) -> Iterator[tuple[msgspec.Raw, Shared]]:
    """Yield each span with its instrumentation and service."""
    for part in page.resourceSpans:
        about = attributes_of(part.resource.attributes if part.resource else None)
        for group in (*part.scopeSpans, *part.instrumentationLibrarySpans):
            named = group.scope or group.instrumentationLibrary or Scope()
            shared = Shared(named.name or "", or_none(str(about.get("service.name", ""))))
            yield from ((raw, shared) for raw in group.spans)


def convert(span: Span, context: Context) -> Held | Ignored:
    """Put a span into the file's state."""
    if not span.traceId or not span.spanId:
        raise Reject("missing-field", "spanId")
    shared: Shared = context.shared
    attributes = attributes_of(span.attributes)
    request = spans.hold(
        context,
        trace=hexadecimal(span.traceId),
        span=hexadecimal(span.spanId),
        parent=hexadecimal(span.parentSpanId or "") or None,
        attributes=attributes,
        scope=shared.scope,
    )
    if isinstance(request, Ignored):
        return request
    request.feature = request.feature or shared.service
    request.started_at = nanoseconds(span.startTimeUnixNano, "startTimeUnixNano")
    request.ended_at = nanoseconds(span.endTimeUnixNano, "endTimeUnixNano")
    _fill_first_token(request, attributes, span.events or ())
    if span.status is not None and span.status.code in {2, "STATUS_CODE_ERROR"}:
        raised = next((attributes_of(each.attributes) for each in span.events or () if each.name == "exception"), {})
        mark_failure(request, {**raised, **attributes})
    return HELD


def attributes_of(listed: Sequence[Any] | None) -> dict[str, Any]:
    """Return attributes, which are a list of key and typed value, as a mapping."""
    return {
        str(each["key"]): _value(each.get("value"))
        for each in listed or ()
        if isinstance(each, dict) and "key" in each and each.get("value") is not None
    }


def _value(typed: Any) -> Any:
    """Return a typed value. Whole numbers are written as text; Phoenix writes every type's name, all but one null."""
    if not isinstance(typed, dict):
        return typed
    for name, value in typed.items():
        if value is None:
            continue
        kind = name.replace("_", "").lower()
        if kind == "intvalue":
            return _whole(value)
        if kind == "arrayvalue":
            return [_value(each) for each in (value.get("values") or ())]
        if kind == "kvlistvalue":
            return attributes_of(value.get("values"))
        return value
    return None


def _whole(value: Any) -> Any:
    """Return a whole number: as text, or split in two halves as JavaScript's protobuf writes it."""
    if isinstance(value, dict):
        return int(value.get("high", 0)) << 32 | int(value.get("low", 0)) & 0xFFFFFFFF
    return int(value) if isinstance(value, str) and value.lstrip("-").isdigit() else value


def hexadecimal(identifier: str) -> str:
    """Return an id in lower-case hex, from hex or base64."""
    if len(identifier) in ID_CHARS and identifier.endswith("="):
        try:
            return base64.b64decode(identifier, validate=True).hex()
        except (binascii.Error, ValueError):
            return identifier
    return identifier.lower().removeprefix("0x")  # as Python's console exporter writes it


def nanoseconds(moment: str | int | None, field: str) -> datetime | None:
    """Return nanoseconds since 1970, which are mostly written as text, as naive UTC; 0 is unknown.

    Raises:
        Reject: It is no whole number, or lies outside 2020 to 2100.
    """
    if moment is None or moment in {"", "0", 0}:
        return None
    if isinstance(moment, str):
        if not moment.isdigit():
            raise Reject("not-a-time", field)
        moment = int(moment)
    return epoch(moment, field, NANOSECONDS)


def _fill_first_token(request: Request, attributes: dict[str, Any], events: Sequence[Event]) -> None:
    seconds = first(attributes, ("gen_ai.response.time_to_first_chunk",))
    milliseconds = first(attributes, ("ai.response.msToFirstChunk", "ai.stream.msToFirstChunk", "ttft_ms"))
    wait = seconds * 1000 if isinstance(seconds, int | float) else milliseconds
    if isinstance(wait, int | float) and request.started_at is not None and 0 <= wait <= DAY_MS:
        request.first_token_at = request.started_at + timedelta(milliseconds=wait)
        return
    told = next((each for each in events if each.name == "First Token Stream Event"), None)
    request.first_token_at = nanoseconds(told.timeUnixNano, "timeUnixNano") if told else None


def study(records: Sequence[dict[str, Any]]) -> usage.Study:
    """Return what the counts of the sampled spans show, by instrumentation, provider and model."""
    return spans.study_of(_attributes(records))


def _attributes(records: Sequence[dict[str, Any]]) -> Iterator[tuple[dict[str, Any], str]]:
    for record in records:
        try:
            page = msgspec.json.decode(msgspec.json.encode(record), type=Page)
        except msgspec.ValidationError:  # said when the record itself is read
            continue
        for raw, shared in unfold(page):
            try:
                yield attributes_of(msgspec.json.decode(raw, type=Span).attributes), shared.scope
            except (msgspec.ValidationError, Reject):
                continue


FORMAT = Format(
    name="otlp",
    title="OpenTelemetry traces (OTLP JSON)",
    marks=("resourceSpans", "resourceSpans.scopeSpans", "resourceSpans.scopeSpans.spans", "resourceSpans.resource"),
    needs=("resourceSpans",),
    batch=Page,
    unfold=unfold,
    record=Span,
    convert=convert,
    state=spans.Spans,
    finish=spans.finish,
    study=study,
    repeats="first",
    id_space="spans",
    semantics=(
        "The GenAI conventions, OpenInference, OpenLLMetry and the AI SDK since 6: input includes cached reads and "
        "writes, output includes reasoning, whoever the provider. OpenLLMetry's Bedrock spans, the AI SDK's "
        "Anthropic spans before 6, and Claude Code's own spans leave cached tokens out. If the counts of a file "
        "prove another rule for an instrumentation, provider and model, that rule is used, with a warning."
    ),
    verified=(
        "Exporter output of OpenInference, OpenLLMetry, the GenAI instrumentations and Anthropic's SDK, run against a "
        "mock model, and of Claude Code 2.1.197, LiteLLM and AI SDK 5 to 7; Jaeger's ids: source alone; AI SDK 4 and "
        "before: source as known, no capture."
    ),
    about=(
        "The collector's file exporter (one export per line), Tempo's API and protobuf JSON. Attributes may have "
        "their current or deprecated GenAI names, OpenInference's, OpenLLMetry's or the AI SDK's. The feature is "
        "what the metadata says, the AI SDK's function id, or the service's name. The line of a request is the "
        "number of its span in the file."
    ),
    traps=(
        (
            "agents, chains and workflows carry copies or sums of their calls, which do not even agree",
            "only spans that are a call of a model and have no other below them count",
        ),
        (
            "the same call is traced by two instrumentations (an SDK traces itself since 2026), as child or sibling",
            (
                "spans of one trace with one response id are one call, and of two traces if two instrumentations had "
                "them open at the same time; the one with the cache's lifetimes stays"
            ),
        ),
        ("a stream without usage has no counts at all", "usage is missing"),
        (
            "LiteLLM's span of a call shows no cache",
            "the raw answer's span below it does, and is read; if it was not logged, caches are unknown and not 0",
        ),
        ("OpenLLMetry leaves Gemini's thoughts out of the output", "what the total has beyond both counts is thoughts"),
        (
            "the AI SDK before 6 leaves Anthropic's caches and Gemini's thoughts out of the counts of a plain call",
            "they are read from `ai.response.providerMetadata`; if it has none, caches are unknown and not 0",
        ),
        (
            "5-minute and 1-hour writes are lost in most instrumentations",
            "`cache_write_other_tokens`, priced as a range",
        ),
        ("head sampling leaves traces out", "not visible in the file: the counts are a lower bound"),
    ),
)
