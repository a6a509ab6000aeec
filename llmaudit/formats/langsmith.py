"""LangSmith: runs from `list_runs`, the bulk export, and captured ingest bodies."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec

from llmaudit import usage
from llmaudit.formats import chat, spans
from llmaudit.formats.base import Context, Format, Held
from llmaudit.formats.filling import fill_cost, none_if_zero
from llmaudit.formats.sellers import seller_of
from llmaudit.formats.span_attributes import langchain_message
from llmaudit.formats.values import (
    JsonCell,
    as_flag,
    as_number,
    as_text,
    epoch,
    error_class,
    json_in,
    mapping,
    object_in,
    text_time,
)
from llmaudit.request import Ignored, Request

CALLS = {"llm", "embedding"}
MILLISECONDS = 1000


class Run(msgspec.Struct, gc=False):
    """One run. `session_id` is the project, not a conversation."""

    id: str
    run_type: str | None = None
    name: str | None = None
    trace_id: str | None = None
    parent_run_id: str | None = None
    dotted_order: str | None = None
    start_time: str | int | None = None
    end_time: str | int | None = None
    first_token_time: str | int | None = None
    status: str | None = None
    error: Any = None
    extra: JsonCell = None
    inputs: Any = None
    outputs: Any = None
    tags: list[str] | str | None = None
    prompt_tokens: int | float | None = None
    completion_tokens: int | float | None = None
    total_tokens: int | float | None = None
    prompt_token_details: JsonCell = None
    completion_token_details: JsonCell = None
    total_cost: Decimal | None = None


def convert(run: Run, context: Context) -> Held | Ignored:
    """Put a run into the file's state. A run may come in two parts: how it began, and how it ended."""
    trace = run.trace_id or (run.dotted_order or "").partition(".")[0].rpartition("Z")[2] or run.id
    if run.run_type not in {None, *CALLS}:
        return spans.pass_by(
            context, trace=trace, span=run.id, parent=run.parent_run_id, why="run that is not a model call"
        )
    known = context.state.calls.get((trace, run.id))
    if run.run_type is None and known is None:
        return Ignored("end of a run that is not a model call")
    request = _request(run, context)
    reading = reading_of(run)
    rule = usage.by_study(request, reading, context.file.study, group_of(run), usage.INSIDE)
    if known is not None:
        _join(known.request, request)
        if reading.prompt is not None or reading.completion is not None:
            known.reading = reading
            usage.by_rule(known.request, reading, rule)
        return Ignored("second part of a run")
    return spans.hold_call(
        context, trace=trace, span=run.id, parent=run.parent_run_id, request=request, reading=reading, rule=rule
    )


def _request(run: Run, context: Context) -> Request:
    about, asked, outputs = _about(run), _asked(run), json_in(run.outputs)
    model = as_text(about.get("ls_model_name")) or as_text(asked.get("model")) or as_text(asked.get("model_name"))
    served = as_text(outputs.get("model")) if isinstance(outputs, dict) else None
    request = Request(
        response_id=as_text(mapping(outputs).get("id"))
        or as_text(mapping(langchain_message(outputs).get("response_metadata")).get("id")),
        started_at=_moment(run.start_time, "start_time"),
        ended_at=_moment(run.end_time, "end_time"),
        first_token_at=_moment(run.first_token_time, "first_token_time"),
        seller=seller_of(as_text(about.get("ls_provider"))),
        model_raw=served or model,
        model_requested=model,
        model_served=served,
        endpoint=run.run_type,
        is_streamed=as_flag(asked.get("stream")),
        max_output_tokens=usage.limit(asked.get("max_tokens")),
    )
    labels = {name: value for name, value in about.items() if not name.startswith(("ls_", "LANGSMITH", "revision"))}
    chat.label(request, labels)
    tags = json_in(run.tags)
    if isinstance(tags, list) and tags and request.tags is None:
        request.tags = msgspec.json.encode([str(tag) for tag in tags]).decode()
    request.feature = request.feature or run.name
    if run.error or run.status == "error":
        words = run.error.partition("(")[0].partition(":")[0] if isinstance(run.error, str) else ""
        request.status, request.error_class = "error", error_class(None, words)
    fill_cost(request, none_if_zero(run.total_cost), "total_cost", kind="list_estimate")
    counted = _counted(run)
    request.raw_usage = msgspec.json.encode(counted).decode() if counted else None
    chat.fill_prompt(request, _messages(run), context)
    return request


def _join(first: Request, later: Request) -> None:
    """Let the second part of a run say what the first did not, in place."""
    for name in Request.__struct_fields__:
        if getattr(first, name) is None and getattr(later, name) is not None:
            setattr(first, name, getattr(later, name))
    first.model_raw = first.model_served or first.model_raw
    if later.status != "ok":
        first.status, first.error_class = later.status, later.error_class


def _about(run: Run) -> dict[str, Any]:
    return object_in(object_in(run.extra).get("metadata"))


def _asked(run: Run) -> dict[str, Any]:
    return object_in(object_in(run.extra).get("invocation_params"))


def _moment(value: str | int | None, field: str) -> datetime | None:
    """Return ISO text without a zone (UTC), or the milliseconds that the JavaScript client sends."""
    if isinstance(value, str) and not value.isdigit():
        return text_time(value, field)
    return epoch(int(value), field, MILLISECONDS) if value else None


def _counted(run: Run) -> dict[str, Any]:
    """Return the usage that the wrapped client reported, which says more than the run's own columns."""
    outputs = json_in(run.outputs)
    for holder in (outputs, langchain_message(outputs)):
        found = json_in(holder.get("usage_metadata")) if isinstance(holder, dict) else None
        if isinstance(found, dict):
            return found
    if run.prompt_tokens is None and run.completion_tokens is None:
        return {}
    return {
        "input_tokens": run.prompt_tokens,
        "output_tokens": run.completion_tokens,
        "total_tokens": run.total_tokens,
        "input_token_details": json_in(run.prompt_token_details),
        "output_token_details": json_in(run.completion_token_details),
    }


def reading_of(run: Run) -> usage.Reading:
    """Return the token counts of a run."""
    counted = _counted(run)
    sent, made = (object_in(counted.get(f"{side}_token_details")) for side in ("input", "output"))
    short, long = as_number(sent.get("ephemeral_5m_input_tokens")), as_number(sent.get("ephemeral_1h_input_tokens"))
    written = as_number(sent.get("cache_creation"))
    if not written and (short or long):
        written = (short or 0) + (long or 0)  # 0 is written beside the split, which holds the count
    return usage.Reading(
        as_number(counted.get("input_tokens")),
        as_number(counted.get("output_tokens")),
        as_number(counted.get("total_tokens")),
        as_number(sent.get("cache_read")),
        written,
        as_number(made.get("reasoning")),
        short,
        long,
    )


def group_of(run: Run) -> str:
    """Return the name under which a file's runs are judged together."""
    about = _about(run)
    return f"{about.get('ls_provider') or ''}/{about.get('ls_model_name') or ''}"


def _messages(run: Run) -> list[Any] | None:
    found = object_in(run.inputs).get("messages")
    return found if isinstance(found, list) else None


def study(records: Sequence[dict[str, Any]]) -> usage.Study:
    """Return what the counts of the sampled runs show, by provider and model."""
    return usage.studied(_readings(records))


def _readings(records: Sequence[dict[str, Any]]) -> Iterator[tuple[str, usage.Rule, usage.Reading]]:
    for record in records:
        try:
            run = msgspec.convert(record, Run, strict=False)
        except msgspec.ValidationError:  # said when the record itself is read
            continue
        if run.run_type in CALLS:
            yield group_of(run), usage.INSIDE, reading_of(run)


FORMAT = Format(
    name="langsmith",
    title="LangSmith runs",
    reads=("json", "table"),
    marks=(
        "run_type",
        "dotted_order",
        "parent_run_id",
        "first_token_time",
        "prompt_tokens",
        "session_id",
        "extra.metadata",
        "extra.invocation_params",
        "trace_id",
    ),
    needs=("id", "dotted_order"),
    record=Run,
    convert=convert,
    state=spans.Spans,
    finish=spans.finish,
    study=study,
    repeats="last",
    semantics=(
        "Since March 2026, input_tokens includes cached reads and writes for every provider; before, Anthropic's "
        "left them out; if a file's counts prove that, they are read that way. output includes reasoning. Costs "
        "are LangSmith's own, at its prices. session_id is the project; a conversation is in the metadata."
    ),
    verified=(
        "Ingest bodies of the SDK 0.15.0. list_runs: documentation and SDK. The Parquet export: documentation alone."
    ),
    about=(
        "`client.list_runs` as JSON lines, the bulk export's Parquet, and captured ingest bodies (a run in two parts "
        "is joined by its id). The feature is what the metadata says, else the run's name. The line of a request is "
        "the number of its run in the file."
    ),
    traps=(
        (
            "chains and agents carry the sums of their calls",
            "only `llm` and `embedding` runs count, and of nested ones the innermost",
        ),
        ("a run begins in one record and ends in another", "joined by id"),
        ("`cache_creation` is 0 beside its split by lifetime", "the split counts"),
        ("a cost of 0 for a model without a price", "unknown, not free"),
        ("wrapped calls that were logged as `chain`", "ignored: nothing distinguishes them from chains"),
    ),
)
