"""W&B Weave: calls of an op as its API and its export write them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

import msgspec

from llmaudit import usage
from llmaudit.formats import chat, spans
from llmaudit.formats.base import Context, Format, Held
from llmaudit.formats.filling import fill_cost
from llmaudit.formats.values import (
    JsonCell,
    as_flag,
    as_number,
    as_text,
    error_class,
    mapping,
    object_in,
    text_decimal,
    text_time,
)
from llmaudit.money import ZERO
from llmaudit.request import Ignored, Reject, Request

TOTAL = "_total_cost"
"""End of the names of amounts in a cost object, one for each class of tokens."""


class Call(msgspec.Struct, gc=False):
    """One call of an op: of a client's method, or of a function around such calls."""

    id: str
    op_name: str | None = None
    trace_id: str | None = None
    parent_id: str | None = None
    started_at: str | None = None
    ended_at: str | None = None
    exception: str | None = None
    inputs: JsonCell = None
    output: Any = None
    attributes: JsonCell = None
    summary: JsonCell = None


def convert(call: Call, context: Context) -> Held | Ignored:
    """Put a call into the file's state. Around it, functions carry the sums of the calls that they made."""
    trace = call.trace_id or call.id
    used = object_in(object_in(call.summary).get("usage"))
    model, counted = next(iter(used.items()), ("", None))
    if not used and call.exception and isinstance(object_in(call.inputs).get("model"), str):
        counted = {}  # a client's call that failed: a function around it is not asked for a model
    if not isinstance(counted, dict) or len(used) > 1 or (as_number(counted.get("requests")) or 1) > 1:
        why = "call with the sums of several calls" if used else "call that used no model"
        return spans.pass_by(context, trace=trace, span=call.id, parent=call.parent_id, why=why)
    request = _request(call, str(model), counted, context)
    reading = reading_of(counted)
    rule = usage.by_study(request, reading, context.file.study, str(model), usage.INSIDE)
    return spans.hold_call(
        context, trace=trace, span=call.id, parent=call.parent_id, request=request, reading=reading, rule=rule
    )


def _request(call: Call, model: str, counted: Mapping[str, Any], context: Context) -> Request:
    asked, outputs = object_in(call.inputs), object_in(call.output)
    request = Request(
        response_id=as_text(outputs.get("id")),
        started_at=text_time(call.started_at, "started_at"),
        ended_at=text_time(call.ended_at, "ended_at"),
        model_raw=model or None,
        model_requested=as_text(asked.get("model")),
        model_served=model or None,
        endpoint=_op(call.op_name),
        is_streamed=as_flag(asked.get("stream")),
        max_output_tokens=usage.limit(asked.get("max_tokens")),
        raw_usage=msgspec.json.encode(counted).decode() if counted else None,
    )
    request.model_raw = request.model_raw or request.model_requested
    chat.label(request, {key: value for key, value in object_in(call.attributes).items() if key != "weave"})
    if call.exception:
        words = call.exception.strip().rpartition("\n")[2].partition(":")[0]  # the last line of a traceback
        request.status, request.error_class = "error", error_class(None, words)
    _fill_cost(request, mapping(mapping(object_in(call.summary).get("weave")).get("costs")).get(model))
    chat.fill_prompt(request, asked.get("messages"), context)
    return request


def _op(name: str | None) -> str | None:
    """Return the op's own name out of its address, `weave:///entity/project/op/NAME:version`."""
    return name.rpartition("/")[2].partition(":")[0] if name else None


def _fill_cost(request: Request, costs: Any) -> None:
    amounts: list[Decimal] = []
    for name, value in mapping(costs).items():
        if name.endswith(TOTAL) and not isinstance(value, bool | list | dict):
            amounts.append(text_decimal(str(value), name) or ZERO)
    if sum(amounts, ZERO) > ZERO:
        fill_cost(request, sum(amounts, ZERO), "costs", kind="list_estimate")


def reading_of(counted: Mapping[str, Any]) -> usage.Reading:
    """Return the token counts of a call, under OpenAI's names or Anthropic's."""

    def count(*names: str) -> int | float | None:
        return next((as_number(counted[name]) for name in names if counted.get(name) is not None), None)

    sent = mapping(counted.get("prompt_tokens_details") or counted.get("input_tokens_details"))
    made = mapping(counted.get("completion_tokens_details") or counted.get("output_tokens_details"))
    lasting = mapping(counted.get("cache_creation"))
    read, reasoning = count("cache_read_input_tokens"), as_number(made.get("reasoning_tokens"))
    return usage.Reading(
        count("prompt_tokens", "input_tokens"),
        count("completion_tokens", "output_tokens"),
        count("total_tokens"),
        as_number(sent.get("cached_tokens")) if read is None else read,
        count("cache_creation_input_tokens"),
        reasoning,
        as_number(lasting.get("ephemeral_5m_input_tokens")),
        as_number(lasting.get("ephemeral_1h_input_tokens")),
    )


def study(records: Sequence[dict[str, Any]]) -> usage.Study:
    """Return what the counts of the sampled calls show, by model."""
    return usage.studied(_readings(records))


def _readings(records: Sequence[dict[str, Any]]) -> Iterator[tuple[str, usage.Rule, usage.Reading]]:
    for record in records:
        for model, counted in object_in(object_in(record.get("summary")).get("usage")).items():
            try:
                yield str(model), usage.INSIDE, reading_of(mapping(counted))
            except Reject:  # said when the record itself is read
                continue


FORMAT = Format(
    name="weave",
    title="W&B Weave calls",
    reads=("json", "table"),
    marks=(
        "op_name",
        "project_id",
        "parent_id",
        "trace_id",
        "started_at",
        "summary",
        "summary.usage",
        "summary.status_counts",
        "summary.weave",
        "wb_user_id",
        "wb_run_id",
        "display_name",
        "attributes.weave",
    ),
    needs=("id", "op_name", "started_at"),
    record=Call,
    convert=convert,
    state=spans.Spans,
    finish=spans.finish,
    study=study,
    repeats="last",
    id_space="spans",
    semantics=(
        "The provider's usage object under `summary.usage`, by model: since 2026 input includes cached reads and "
        "writes, Anthropic's included; before, Anthropic's left them out; if a file's counts prove that, they are "
        "read that way. Amounts under `summary.weave.costs` are Weave's estimate."
    ),
    verified="The source of weave 0.54; no real export seen.",
    about=(
        "Calls as the query API streams them (one per line), or exported as JSON or CSV with JSON in the cells. "
        "The endpoint is the op's name; attributes are tags."
    ),
    traps=(
        (
            "a function's call carries the sums of the calls that it made",
            (
                "it is left out, because of its number of requests or because its calls are in the file: export "
                "calls, not only roots"
            ),
        ),
    ),
)
