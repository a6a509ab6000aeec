"""plexus (mcowger): usage records."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from llmaudit import usage
from llmaudit.formats.base import Context, Format
from llmaudit.formats.filling import fill_cost, fill_status, none_if_zero, studied_by
from llmaudit.formats.values import Count, after, or_none
from llmaudit.request import Request


class Record(msgspec.Struct, gc=False):
    """One usage record."""

    requestId: str
    startTime: int | float
    apiKey: str | None = None
    provider: str | None = None
    incomingApiType: str | None = None
    incomingModelAlias: str | None = None
    canonicalModelName: str | None = None
    selectedModelName: str | None = None
    tokensInput: Count = None
    tokensOutput: Count = None
    tokensReasoning: Count = None
    tokensCached: Count = None
    tokensEstimated: bool | int | None = None
    costTotal: Decimal | None = None
    durationMs: float | None = None
    ttftMs: float | None = None
    isStreamed: bool | int | None = None
    responseStatus: str | None = None


def told(record: Record) -> tuple[str | None, str | None, usage.Reading]:
    """Return provider, model and counts."""
    reading = usage.Reading(
        record.tokensInput, record.tokensOutput, read=record.tokensCached, reasoning=record.tokensReasoning
    )
    return record.provider, record.selectedModelName, reading


def convert(record: Record, context: Context) -> Request:
    """Return the request of one record."""
    started = context.epoch(record.startTime, "startTime")
    served = or_none(record.selectedModelName) or or_none(record.canonicalModelName)
    request = Request(
        request_id=record.requestId,
        started_at=started,
        ended_at=after(started, record.durationMs, "durationMs"),
        first_token_at=after(started, record.ttftMs, "ttftMs"),
        gateway="plexus",
        seller=or_none(record.provider),
        model_raw=served or or_none(record.incomingModelAlias),
        model_requested=or_none(record.incomingModelAlias) or served,
        model_served=served,
        endpoint=or_none(record.incomingApiType),
        is_streamed=None if record.isStreamed is None else bool(record.isStreamed),
        key_id=or_none(record.apiKey),
    )
    status = record.responseStatus or ""
    code = status.removeprefix("HTTP ")
    fill_status(request, int(code) if code.isdecimal() else None, failed=bool(status) and status != "success")
    usage.passed_through(request, told(record)[2], provider=record.provider, model=served, study=context.file.study)
    if request.status == "error":
        usage.not_counted(request)
    elif record.tokensEstimated and request.usage_status == "reported":
        request.usage_status = "estimated"
    fill_cost(request, none_if_zero(record.costTotal), "costTotal", kind="list_estimate")
    return request


FORMAT = Format(
    name="plexus",
    title="plexus usage records",
    reads=("json", "table"),
    marks=(
        "tokensInput",
        "tokensCached",
        "costTotal",
        "costSource",
        "incomingModelAlias",
        "canonicalModelName",
        "selectedModelName",
        "responseStatus",
    ),
    needs=("requestId", "startTime", "tokensInput"),
    record=Record,
    convert=convert,
    epochs=("startTime",),
    study=lambda records: studied_by(records, Record, told),
    semantics=(
        "Counts are read as the provider's own: for OpenAI's models tokensInput includes tokensCached, for "
        "Anthropic's it does not, unless a file's counts prove otherwise. costTotal is US dollars from its price "
        "table; startTime is epoch milliseconds."
    ),
    verified="Fields from the project's types; no real record seen. What tokensInput includes is not documented.",
    about="Usage records as JSON lines, CSV or pages.",
    traps=(
        ("counts that plexus estimated (`tokensEstimated`)", "estimated"),
        ("a cost of 0 if there is no price", "unknown"),
    ),
)
