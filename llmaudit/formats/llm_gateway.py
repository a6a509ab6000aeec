"""LLM Gateway (theopenco): logs as its API gives them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec

from llmaudit import usage
from llmaudit.formats.base import Context, Format
from llmaudit.formats.filling import fill_cost, fill_gateway_cache, fill_status, none_if_zero, studied_by, whole
from llmaudit.formats.values import after, or_none, text_time
from llmaudit.request import Request

Count = int | float | str | None


class Failure(msgspec.Struct, gc=False):
    """What failed; its text is not read."""

    statusCode: int | None = None


class Log(msgspec.Struct, gc=False):
    """One log."""

    id: str
    createdAt: str
    requestId: str | None = None
    projectId: str | None = None
    apiKeyId: str | None = None
    duration: float | None = None
    requestedModel: str | None = None
    usedModel: str | None = None
    usedProvider: str | None = None
    promptTokens: Count = None
    completionTokens: Count = None
    totalTokens: Count = None
    cachedTokens: Count = None
    reasoningTokens: Count = None
    cost: Decimal | None = None
    hasError: bool | None = None
    errorDetails: Failure | str | None = None
    canceled: bool | None = None
    streamed: bool | None = None
    cached: bool | None = None
    finishReason: str | None = None


def told(log: Log) -> tuple[str | None, str | None, usage.Reading]:
    """Return provider, model and counts; some answers hold counts as text."""
    reading = usage.Reading(
        whole(log.promptTokens, "promptTokens"),
        whole(log.completionTokens, "completionTokens"),
        whole(log.totalTokens, "totalTokens"),
        whole(log.cachedTokens, "cachedTokens"),
        None,
        whole(log.reasoningTokens, "reasoningTokens"),
    )
    return log.usedProvider, log.usedModel, reading


def convert(log: Log, context: Context) -> Request:
    """Return the request of one log."""
    started = text_time(log.createdAt, "createdAt")
    request = Request(
        request_id=log.id,
        call_id=or_none(log.requestId),
        started_at=started,
        ended_at=after(started, log.duration, "duration"),
        gateway="llmgateway",
        seller=or_none(log.usedProvider),
        model_raw=or_none(log.usedModel) or or_none(log.requestedModel),
        model_requested=or_none(log.requestedModel),
        model_served=or_none(log.usedModel),
        is_streamed=log.streamed,
        finish_reason=or_none(log.finishReason),
        team=or_none(log.projectId),
        key_id=or_none(log.apiKeyId),
    )
    code = log.errorDetails.statusCode if isinstance(log.errorDetails, Failure) else None
    fill_status(request, code, failed=bool(log.hasError))
    if log.canceled:
        request.status, request.error_class = "cancelled", None
    provider, model, reading = told(log)
    usage.by_study(request, reading, context.file.study, usage.rule_name(provider, model), usage.INSIDE)
    if reading.read is None:
        usage.unsplit(request)
    if request.status == "error":
        usage.not_counted(request)
    fill_cost(request, none_if_zero(log.cost, free=bool(log.cached)), "cost")
    fill_gateway_cache(request, hit=bool(log.cached))
    return request


def _is_log(record: dict[str, Any]) -> bool:
    return "usedModel" in record or not record


FORMAT = Format(
    name="llm_gateway",
    title="LLM Gateway logs",
    reads=("json", "table"),
    marks=("requestedModel", "usedModel", "usedProvider", "promptTokens", "completionTokens", "hasError", "usedMode"),
    needs=("id", "createdAt", "usedModel"),
    says=_is_log,
    record=Log,
    convert=convert,
    repeats="last",
    study=lambda records: studied_by(records, Log, told, usage.INSIDE),
    semantics=(
        "promptTokens is read as including cached tokens and completionTokens as including reasoning, unless a file's "
        "counts prove otherwise. cost is US dollars, duration milliseconds. The fee on credits is in no row."
    ),
    verified="Fields from the project's types; no real row seen. What promptTokens includes is not documented.",
    about="Logs of its API, one per line or as pages. The team is the project's id, the key the key's id.",
    traps=(
        ("counts are text in some answers", "read"),
        ("a cost of 0 without a hit in the cache", "unknown"),
    ),
)
