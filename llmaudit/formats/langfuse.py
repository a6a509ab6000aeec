"""Langfuse: observations as its batch export (JSON, CSV), its API and its blob storage export write them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec

from llmaudit import usage
from llmaudit.formats import chat, spans
from llmaudit.formats.base import Context, Format, Held
from llmaudit.formats.filling import fill_cost, none_if_zero
from llmaudit.formats.sellers import seller_of
from llmaudit.formats.values import as_text, json_in, object_in, or_none, text_time
from llmaudit.request import Ignored, Request

CALLS = {"GENERATION", "EMBEDDING"}
OTHER = "observation that is not a model call"


class Observation(msgspec.Struct, gc=False):
    """One observation, under the names of the API (camel case) or of the blob export (snake case)."""

    id: str
    type: str | None = None
    name: str | None = None
    environment: str | None = None
    traceId: str | None = None
    trace_id: str | None = None
    parentObservationId: str | None = None
    parent_observation_id: str | None = None
    startTime: str | None = None
    start_time: str | None = None
    endTime: str | None = None
    end_time: str | None = None
    completionStartTime: str | None = None
    completion_start_time: str | None = None
    model: str | None = None
    providedModelName: str | None = None
    provided_model_name: str | None = None
    level: str | None = None
    usageDetails: dict[str, Any] | str | None = None
    usage_details: dict[str, Any] | str | None = None
    usage: dict[str, Any] | str | None = None
    promptTokens: int | float | None = None
    completionTokens: int | float | None = None
    totalTokens: int | float | None = None
    costDetails: dict[str, Any] | str | None = None
    cost_details: dict[str, Any] | str | None = None
    providedCostDetails: dict[str, Any] | str | None = None
    provided_cost_details: dict[str, Any] | str | None = None
    calculatedTotalCost: Decimal | None = None
    totalCost: Decimal | None = None
    total_cost: Decimal | None = None
    modelParameters: dict[str, Any] | str | None = None
    model_parameters: dict[str, Any] | str | None = None
    metadata: Any = None
    input: Any = None
    output: Any = None
    userId: str | None = None
    user_id: str | None = None
    sessionId: str | None = None
    session_id: str | None = None
    traceName: str | None = None
    trace_name: str | None = None
    traceTags: list[str] | str | None = None
    updatedAt: str | None = None
    updated_at: str | None = None


def convert(row: Observation, context: Context) -> Held | Ignored:
    """Put an observation into the file's state."""
    trace, parent = row.traceId or row.trace_id or "", row.parentObservationId or row.parent_observation_id
    details = details_of(row)
    if row.type not in CALLS and not any(details.values()):
        return spans.pass_by(context, trace=trace, span=row.id, parent=parent, why=OTHER)
    known = context.state.calls.get((trace, row.id))
    request = Request(
        response_id=_answer_id(row),
        session_id=row.sessionId or row.session_id,
        started_at=text_time(row.startTime or row.start_time, "startTime"),
        ended_at=text_time(row.endTime or row.end_time, "endTime"),
        first_token_at=text_time(row.completionStartTime or row.completion_start_time, "completionStartTime"),
        seller=seller_of(_provider(row)),
        model_raw=_model(row),
        model_requested=_model(row),
        model_served=_model(row),
        endpoint=(row.type or "").lower() or None,
        user_id=row.userId or row.user_id,
        raw_usage=msgspec.json.encode(details).decode() if details else None,
        max_output_tokens=_limit(row),
    )
    chat.label(request, object_in(row.metadata))
    request.feature = request.feature or row.traceName or row.trace_name or row.name
    tags = json_in(row.traceTags)
    if isinstance(tags, list) and tags:
        request.tags = msgspec.json.encode([str(tag) for tag in tags]).decode()
    if row.level == "ERROR":
        request.status, request.error_class = "error", "other"
    reading, rule = usage.langfuse(request, details)
    _fill_cost(request, row)
    chat.fill_prompt(request, _messages(row), context)
    if known is not None and (known.request.ended_at or known.request.started_at) and _is_older(row, known.request):
        return Ignored("older version of an observation")
    return spans.hold_call(
        context, trace=trace, span=row.id, parent=parent, request=request, reading=reading, rule=rule
    )


def _is_older(row: Observation, known: Request) -> bool:
    """Say whether a row is an unfinished version of one that was read before (tables are merged late)."""
    return (row.endTime or row.end_time) is None and known.ended_at is not None


def details_of(row: Observation) -> dict[str, Any]:
    """Return the counts of an observation; older exports have them under other names."""
    for stated in (row.usageDetails, row.usage_details):
        found = json_in(stated)
        if isinstance(found, dict) and found:
            return found
    older = json_in(row.usage)
    if isinstance(older, dict) and str(older.get("unit") or "TOKENS").upper() == "TOKENS":
        return {name: older[name] for name in ("input", "output", "total") if older.get(name) is not None}
    plain = {"input": row.promptTokens, "output": row.completionTokens, "total": row.totalTokens}
    return {name: count for name, count in plain.items() if count is not None}


def _model(row: Observation) -> str | None:
    return or_none(row.model or row.providedModelName or row.provided_model_name)


def _attributes(row: Observation) -> dict[str, Any]:
    return object_in(object_in(row.metadata).get("attributes"))


def _provider(row: Observation) -> str | None:
    told = _attributes(row)
    names = ("gen_ai.provider.name", "gen_ai.system", "ai.model.provider")
    return next((told[name] for name in names if isinstance(told.get(name), str)), None)


def _answer_id(row: Observation) -> str | None:
    told = _attributes(row).get("gen_ai.response.id")
    if isinstance(told, str) and told:
        return told
    answer = json_in(row.output)
    found = answer.get("id") if isinstance(answer, dict) else None
    return as_text(found)


def _limit(row: Observation) -> int | None:
    asked = json_in(row.modelParameters if row.modelParameters is not None else row.model_parameters)
    return usage.limit(asked.get("max_tokens")) if isinstance(asked, dict) else None


def _messages(row: Observation) -> list[Any] | None:
    asked = json_in(row.input)
    if isinstance(asked, dict):
        asked = asked.get("messages")
    return asked if isinstance(asked, list) else None


def _fill_cost(request: Request, row: Observation) -> None:
    """Take the cost that Langfuse computed, or was told; 0 beside tokens means that it knew no price."""
    stated = [
        json_in(each)
        for each in (row.providedCostDetails, row.provided_cost_details, row.costDetails, row.cost_details)
    ]
    totals = [each.get("total") for each in stated if isinstance(each, dict)]
    found = [*totals, row.calculatedTotalCost, row.totalCost, row.total_cost]
    cost = next((Decimal(str(each)) for each in found if each is not None and not isinstance(each, bool)), None)
    fill_cost(request, none_if_zero(cost), "totalCost", kind="list_estimate")


SEMANTICS = (
    "Buckets of usageDetails are normally separate: input without cached tokens, output without reasoning. What "
    "SDKs send by hand is not touched, so each record's own total says what is inside what; a total larger than "
    "all buckets means missing output. Costs are Langfuse's own, at its prices when the record came in."
)
TRAPS = (
    (
        "generations inside generations, and agents that carry sums",
        "only observations with counts that have no other below them count",
    ),
    (
        "a bucket may be inside `input` or separate from it",
        "the record's own total decides; if it fits nothing: inconsistent",
    ),
    ("`latency` is in seconds or milliseconds, by the version", "not read: start and end are"),
    ("a cost of 0 for a model without a price", "unknown, not free"),
    (
        "windows of blob exports overlap, and rows come in several versions",
        "one id is one call; the finished one counts",
    ),
)
FORMAT = Format(
    name="langfuse",
    title="Langfuse observations",
    reads=("json", "table"),
    marks=(
        "traceId",
        "parentObservationId",
        "usageDetails",
        "costDetails",
        "completionStartTime",
        "providedModelName",
        "modelParameters",
        "calculatedTotalCost",
        "trace_id",
        "parent_observation_id",
        "usage_details",
        "cost_details",
        "completion_start_time",
        "provided_model_name",
        "model_parameters",
    ),
    needs=("id", "type"),
    beats=("phoenix",),
    record=Observation,
    convert=convert,
    state=spans.Spans,
    finish=spans.finish,
    repeats="last",
    semantics=SEMANTICS,
    verified=(
        "API and trace JSON: 20 traces of public samples and the server's source. Batch and blob exports, Parquet: "
        "source alone."
    ),
    about=(
        "The batch export of observations (CSV, JSON, JSONL), API pages, and files of the blob storage export under "
        "`observations/`. The feature is the trace's name. The line of a request is the number of its observation."
    ),
    traps=TRAPS,
)
