"""Opik (Comet): spans as its API and its export write them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

import msgspec

from llmaudit import usage
from llmaudit.formats import chat, spans
from llmaudit.formats.base import Context, Format, Held
from llmaudit.formats.filling import fill_cost, none_if_zero
from llmaudit.formats.sellers import seller_of
from llmaudit.formats.values import JsonCell, after, as_number, as_text, error_class, object_in, text_time
from llmaudit.request import Ignored, Reject, Request

ORIGINAL = "original_usage."
"""Before the names of the provider's own usage object, flattened, beside Opik's own three sums."""

_READ = (
    "prompt_tokens_details.cached_tokens",
    "input_tokens_details.cached_tokens",
    "cache_read_input_tokens",
    "cached_content_token_count",
)
_WRITTEN = ("prompt_tokens_details.cache_write_tokens", "cache_creation_input_tokens")
_REASONING = (
    "completion_tokens_details.reasoning_tokens",
    "output_tokens_details.reasoning_tokens",
    "thoughts_token_count",
)
_SHORT, _LONG = ("cache_creation.ephemeral_5m_input_tokens",), ("cache_creation.ephemeral_1h_input_tokens",)


class Span(msgspec.Struct, gc=False):
    """One span; only those of the type `llm` are calls."""

    id: str
    trace_id: str = ""
    parent_span_id: str | None = None
    name: str | None = None
    type: str | None = None
    project_name: str | None = None
    start_time: str | None = None
    end_time: str | None = None
    ttft: float | None = None
    model: str | None = None
    provider: str | None = None
    usage: JsonCell = None
    metadata: JsonCell = None
    input: JsonCell = None
    tags: list[str] | None = None
    error_info: JsonCell = None
    total_estimated_cost: Decimal | None = None


def unfold(raw: msgspec.Raw) -> Iterator[tuple[msgspec.Raw, None]]:
    """Yield the spans of a page of the API, of an exported trace, or the span itself."""
    for name in ("spans", "content"):
        listed = _document(raw).get(name)
        if listed is not None:
            yield from ((each, None) for each in _list(listed))
            return
    yield raw, None


_document = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_list = msgspec.json.Decoder(list[msgspec.Raw]).decode


def convert(span: Span, context: Context) -> Held | Ignored:
    """Put a span into the file's state."""
    if span.type != "llm":
        return spans.pass_by(context, trace=span.trace_id, span=span.id, parent=span.parent_span_id)
    request = _request(span, context)
    reading = reading_of(object_in(span.usage))
    rule = usage.by_study(
        request, reading, context.file.study, f"{span.provider or ''}/{span.model or ''}", usage.INSIDE
    )
    return spans.hold_call(
        context,
        trace=span.trace_id,
        span=span.id,
        parent=span.parent_span_id,
        request=request,
        reading=reading,
        rule=rule,
    )


def _request(span: Span, context: Context) -> Request:
    about, counted = object_in(span.metadata), object_in(span.usage)
    started = text_time(span.start_time, "start_time")
    request = Request(
        response_id=as_text(about.get("id")),
        session_id=as_text(about.get("thread_id")),
        started_at=started,
        ended_at=text_time(span.end_time, "end_time"),
        first_token_at=after(started, span.ttft, "ttft"),
        seller=None if (span.provider or "")[:1].isdigit() else seller_of(span.provider),  # an address is nobody's name
        model_raw=span.model,
        model_requested=span.model,
        model_served=span.model,
        endpoint=as_text(about.get("type")) or span.name,
        finish_reason=as_text(about.get("stop_reason")),
        feature=span.project_name,
        tags=msgspec.json.encode(span.tags).decode() if span.tags else None,
        raw_usage=msgspec.json.encode(counted).decode() if counted else None,
    )
    error = object_in(span.error_info)
    if error:
        request.status = "error"
        request.error_class = error_class(None, as_text(error.get("exception_type")) or "")
    fill_cost(request, none_if_zero(span.total_estimated_cost), "total_estimated_cost", kind="list_estimate")
    chat.fill_prompt(request, object_in(span.input).get("messages"), context)
    return request


def reading_of(counted: Mapping[str, Any]) -> usage.Reading:
    """Return the token counts of a span: Opik's sums, and what the provider's own object says of their parts."""

    def part(names: tuple[str, ...]) -> int | float | None:
        return next((as_number(counted[ORIGINAL + name]) for name in names if ORIGINAL + name in counted), None)

    return usage.Reading(
        as_number(counted.get("prompt_tokens")),
        as_number(counted.get("completion_tokens")),
        as_number(counted.get("total_tokens")),
        part(_READ),
        part(_WRITTEN),
        part(_REASONING),
        part(_SHORT),
        part(_LONG),
    )


def study(records: Sequence[dict[str, Any]]) -> usage.Study:
    """Return what the counts of the sampled spans show, by provider and model."""
    return usage.studied(_readings(records))


def _readings(records: Sequence[dict[str, Any]]) -> Iterator[tuple[str, usage.Rule, usage.Reading]]:
    for record in records:
        for span in record.get("spans") or record.get("content") or (record,):
            if isinstance(span, dict) and span.get("type") == "llm":
                try:
                    reading = reading_of(object_in(span.get("usage")))
                except Reject:  # said when the record itself is read
                    continue
                yield f"{span.get('provider') or ''}/{span.get('model') or ''}", usage.INSIDE, reading


FORMAT = Format(
    name="opik",
    title="Opik spans",
    marks=(
        "parent_span_id",
        "project_name",
        "last_updated_at",
        "total_estimated_cost",
        "usage.original_usage.prompt_tokens",
        "usage.original_usage.input_tokens",
        "spans.parent_span_id",
        "spans.project_name",
        "spans.last_updated_at",
        "spans.type",
        "content.parent_span_id",
        "content.project_name",
        "content.last_updated_at",
        "content.type",
        "trace_id",
        "type",
        "source",
    ),
    says=lambda record: any(
        isinstance(span, dict) and "trace_id" in span and span.get("type") in {"llm", "general", "tool", "guardrail"}
        for span in (record.get("spans") or record.get("content") or (record,))[:1]
    ),
    batch=msgspec.Raw,
    unfold=unfold,
    record=Span,
    convert=convert,
    state=spans.Spans,
    finish=spans.finish,
    study=study,
    repeats="last",
    id_space="spans",
    semantics=(
        "prompt_tokens includes cached reads and writes, Anthropic's included; the parts are under "
        "`original_usage`, by the provider's names. total_estimated_cost is Opik's estimate; 0 is taken as unknown."
    ),
    verified=(
        "Spans that the SDK 2.2 sent of calls whose counts were known, of OpenAI's and Anthropic's API. The answers of "
        "the API and of `opik export`: their documentation alone."
    ),
    about=(
        "Spans one per line or in an array, pages of the API (`content`), and exported traces (`spans`). Only "
        "spans of the type `llm` are calls; the feature is the project."
    ),
    traps=(("a trace repeats the usage of its spans", "traces are not spans; no format reads them"),),
)
