"""Braintrust: rows of a project's log or of an experiment."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from llmaudit import usage
from llmaudit.formats import chat, spans
from llmaudit.formats.base import Context, Format, Held
from llmaudit.formats.filling import fill_cost
from llmaudit.formats.sellers import seller_of
from llmaudit.formats.values import (
    JsonCell,
    after,
    as_flag,
    as_number,
    as_text,
    epoch,
    error_class,
    json_in,
    mapping,
    object_in,
    text_decimal,
    text_time,
)
from llmaudit.request import Ignored, Reject, Request

SECONDS = 1
MILLISECONDS = 1000


class Row(msgspec.Struct, gc=False):
    """One span; only those of the type `llm` are calls."""

    id: str
    span_id: str | None = None
    root_span_id: str | None = None
    span_parents: list[str] | None = None
    created: str | None = None
    span_attributes: JsonCell = None
    metadata: JsonCell = None
    metrics: JsonCell = None
    input: Any = None
    error: Any = None
    tags: list[str] | None = None


def convert(row: Row, context: Context) -> Held | Ignored:
    """Put a row into the file's state."""
    kind = object_in(row.span_attributes).get("type")
    trace, span = row.root_span_id or row.id, row.span_id or row.id
    parent = next(iter(row.span_parents or ()), None)
    if kind != "llm":
        return spans.pass_by(context, trace=trace, span=span, parent=parent)
    counted, about = object_in(row.metrics), object_in(row.metadata)
    request = _request(row, counted, about, context)
    reading = reading_of(counted)
    rule = usage.by_study(request, reading, context.file.study, _group(about), usage.INSIDE)
    return spans.hold_call(context, trace=trace, span=span, parent=parent, request=request, reading=reading, rule=rule)


def _request(row: Row, counted: Mapping[str, Any], about: Mapping[str, Any], context: Context) -> Request:
    model = as_text(about.get("model"))
    started = epoch(as_number(counted.get("start")), "metrics.start", SECONDS) or text_time(row.created, "created")
    wait = as_number(counted.get("time_to_first_token"))
    request = Request(
        started_at=started,
        ended_at=epoch(as_number(counted.get("end")), "metrics.end", SECONDS),
        first_token_at=after(started, None if wait is None else wait * MILLISECONDS, "metrics.time_to_first_token"),
        seller=seller_of(as_text(about.get("provider"))),
        model_raw=model,
        model_requested=model,
        model_served=model,
        endpoint=as_text(object_in(row.span_attributes).get("name")),
        service_tier=as_text(about.get("usage_service_tier")),
        is_streamed=as_flag(about.get("stream")),
        max_output_tokens=usage.limit(about.get("max_tokens")),
        tags=msgspec.json.encode(row.tags).decode() if row.tags else None,
    )
    used = {name: value for name, value in counted.items() if "token" in name and as_number(value) is not None}
    request.raw_usage = msgspec.json.encode(used).decode() if used else None
    if row.error:
        words = row.error if isinstance(row.error, str) else as_text(mapping(row.error).get("name")) or ""
        request.status, request.error_class = "error", error_class(None, words.partition("(")[0].partition(":")[0])
    cost = counted.get("estimated_cost")
    if cost is not None and as_number(cost):
        fill_cost(
            request, text_decimal(str(cost), "metrics.estimated_cost"), "metrics.estimated_cost", kind="list_estimate"
        )
    chat.fill_prompt(request, json_in(row.input), context)
    return request


def reading_of(counted: Mapping[str, Any]) -> usage.Reading:
    """Return the token counts of a row. Cache writes stand as one number, or by their lifetime."""
    short = as_number(counted.get("prompt_cache_creation_5m_tokens"))
    long = as_number(counted.get("prompt_cache_creation_1h_tokens"))
    written = as_number(counted.get("prompt_cache_creation_tokens"))
    if written is None and (short is not None or long is not None):
        written = (short or 0) + (long or 0)
    return usage.Reading(
        as_number(counted.get("prompt_tokens")),
        as_number(counted.get("completion_tokens")),
        as_number(counted.get("tokens")),
        as_number(counted.get("prompt_cached_tokens")),
        written,
        as_number(counted.get("completion_reasoning_tokens")),
        short,
        long,
    )


def _group(about: Mapping[str, Any]) -> str:
    return f"{about.get('provider') or ''}/{about.get('model') or ''}"


def study(records: Sequence[dict[str, Any]]) -> usage.Study:
    """Return what the counts of the sampled rows show, by provider and model."""
    return usage.studied(_readings(records))


def _readings(records: Sequence[dict[str, Any]]) -> Iterator[tuple[str, usage.Rule, usage.Reading]]:
    for record in records:
        if object_in(record.get("span_attributes")).get("type") == "llm":
            try:
                reading = reading_of(object_in(record.get("metrics")))
            except Reject:  # said when the record itself is read
                continue
            yield _group(object_in(record.get("metadata"))), usage.INSIDE, reading


FORMAT = Format(
    name="braintrust",
    title="Braintrust logs and experiments",
    reads=("json", "table"),
    marks=(
        "root_span_id",
        "span_id",
        "span_parents",
        "span_attributes",
        "log_id",
        "project_id",
        "experiment_id",
        "is_root",
        "scores",
        "metrics",
        "_xact_id",
        "_pagination_key",
    ),
    needs=("id", "span_attributes", "root_span_id"),
    record=Row,
    convert=convert,
    state=spans.Spans,
    finish=spans.finish,
    study=study,
    repeats="last",
    id_space="spans",
    semantics=(
        "prompt_tokens includes cached reads and writes, Anthropic's included; completion_tokens includes "
        "reasoning. estimated_cost is Braintrust's estimate; 0 is taken as unknown."
    ),
    verified=(
        "Rows that the SDK 0.48 sent of calls whose counts were known, of OpenAI's (streamed, too) and Anthropic's "
        "API. Exports of the web pages and answers of the API: documentation alone."
    ),
    about=(
        "Rows as the API (`events`, BTQL) or an export gives them, JSON or CSV with JSON in the cells. Only spans of "
        "the type `llm` are calls."
    ),
    traps=(
        ("a row that the SDK sent has a second part with its counts", "such captures are not joined: export the rows"),
        ("the page of a trace shows sums over its spans", "spans that are not calls are ignored"),
    ),
)
