"""LiteLLM's standard logging payload: what its callbacks write to S3, GCS, Azure, Pub/Sub or an HTTP endpoint."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec

from llmaudit.formats import chat
from llmaudit.formats.base import Context, Format
from llmaudit.formats.filling import fill_gateway_cache, moment
from llmaudit.formats.litellm import (
    INTERNAL,
    CostBreakdown,
    Count,
    ErrorInformation,
    Metadata,
    billed,
    fill_failure,
    fill_usage,
    is_hit,
    short_key,
)
from llmaudit.formats.values import or_none, stated_tier, tag_values
from llmaudit.request import Request

Moment = float | datetime | None


class PayloadMetadata(Metadata, gc=False):
    """The parts of `metadata` that are used; the payload has the caller's ids here and not at its top."""

    user_api_key_hash: str | None = None
    user_api_key_team_id: str | None = None
    user_api_key_user_id: str | None = None
    user_api_key_end_user_id: str | None = None


class Parameters(msgspec.Struct, gc=False):
    """What the caller asked the model for."""

    max_tokens: int | None = None
    max_completion_tokens: int | None = None
    tools: list[Any] | None = None
    response_format: dict[str, Any] | None = None


class Payload(msgspec.Struct, gc=False):
    """One payload: only what is used."""

    id: str
    startTime: Moment
    response_cost: Decimal | None = None
    trace_id: str | None = None
    call_type: str | None = None
    session_id: str | None = None
    status: str | None = None
    endTime: Moment = None
    completionStartTime: Moment = None
    model: str | None = None
    model_group: str | None = None
    custom_llm_provider: str | None = None
    prompt_tokens: Count = None
    completion_tokens: Count = None
    metadata: PayloadMetadata | None = None
    cost_breakdown: CostBreakdown | None = None
    error_information: ErrorInformation | None = None
    stream: bool | None = None
    cache_hit: bool | None = None
    request_tags: list[str] | None = None
    end_user: str | None = None
    messages: Any = None
    model_parameters: Parameters | None = None


def convert(line: Payload, context: Context) -> Request:
    """Return the request of one payload."""
    meta = line.metadata or PayloadMetadata()
    tags = tag_values(line.request_tags or ())
    origin = meta.internal_call_origin
    request = Request(
        request_id=or_none(line.id),
        response_id=or_none(line.id),
        call_id=or_none(line.trace_id),
        session_id=or_none(line.session_id),
        trace_id=or_none(line.trace_id),
        started_at=moment(line.startTime, "startTime"),
        ended_at=moment(line.endTime, "endTime"),
        gateway="litellm",
        seller=or_none(line.custom_llm_provider),
        model_raw=line.model,
        model_requested=or_none(meta.original_model_group) or or_none(line.model_group) or line.model,
        model_served=line.model,
        endpoint=line.call_type,
        service_tier=line.cost_breakdown.service_tier if line.cost_breakdown else None,
        is_batch=line.id.endswith("_batch_cost"),
        is_streamed=line.stream,
        user_id=or_none(line.end_user) or meta.user_api_key_end_user_id or meta.user_api_key_user_id,
        team=tags.get("team") or meta.user_api_key_team_alias or meta.user_api_key_team_id,
        feature=f"{INTERNAL}{origin}" if origin else tags.get("feature"),
        key_id=meta.user_api_key_alias or short_key(meta.user_api_key_hash),
        tags=msgspec.json.encode(line.request_tags).decode() if line.request_tags else None,
        stated_tier=stated_tier(tags.get("tier")),
        billed_currency="USD",
    )
    if line.status != "failure" and line.stream:
        request.first_token_at = moment(line.completionStartTime, "completionStartTime")
    fill_usage(request, line.prompt_tokens, line.completion_tokens, meta)
    _fill_prompt(request, line, context)
    if line.status == "failure":
        fill_failure(request, line.error_information or meta.error_information)
    hit = is_hit(line.id, line.response_cost, cache_hit=line.cache_hit)
    request.billed_amount = billed(line.response_cost, line.cost_breakdown or meta.cost_breakdown, request, hit=hit)
    request.billed_kind = None if request.billed_amount is None else "seller_reported"
    fill_gateway_cache(request, hit=hit)
    return request


def _fill_prompt(request: Request, line: Payload, context: Context) -> None:
    asked = line.model_parameters or Parameters()
    request.max_output_tokens = asked.max_completion_tokens or asked.max_tokens
    if isinstance(line.messages, list):
        chat.fill_prompt(request, line.messages, context)
        request.needs_tools = bool(asked.tools)
        request.needs_json = bool(asked.response_format) and asked.response_format != {"type": "text"}


FORMAT = Format(
    name="litellm_payload",
    title="LiteLLM logging payloads (S3, GCS, Azure, Pub/Sub)",
    marks=(
        "trace_id",
        "response_cost",
        "status_fields",
        "model_map_information",
        "hidden_params",
        "error_str",
        "custom_llm_provider",
        "completionStartTime",
        "saved_cache_cost",
    ),
    needs=("id", "response_cost", "startTime", "call_type"),
    record=Payload,
    convert=convert,
    repeats="first",
    id_space="litellm",
    semantics=(
        "As in the spend logs: prompt_tokens includes cached reads and writes for every provider, "
        "completion_tokens includes reasoning. response_cost is US dollars, 0 if LiteLLM did not know the price. "
        "startTime is epoch seconds, in Pub/Sub text without a zone (UTC). response_time is the time to the first "
        "token of a stream, so durations are endTime - startTime."
    ),
    verified=(
        "Payloads of litellm 1.109.1 (a retry, a fallback, a failure, streams) and 1.110.2 against mock answers. "
        "Pub/Sub's text times are from LiteLLM's own fixtures."
    ),
    about=(
        "Objects that the `s3`, `gcs_bucket`, `azure_storage`, `generic_api` and Pub/Sub callbacks write, one per "
        "file, as lines or in an array. Attempts of one call share `trace_id`. The same call in the spend logs is "
        "the same request: it counts once."
    ),
    traps=(
        ("the same calls are in the spend logs too", "ids are shared with `litellm`, and the first read counts"),
        ("`response_time` of a stream is its time to the first token", "not used; the end is `endTime`"),
        ("retries and fallbacks are payloads of their own", "those with one `trace_id` are the attempts of one call"),
        ("`attempted_retries` is 1 on both failures of a retried call", "not read as a number of the attempt"),
        ("`response_cost` is 0 if LiteLLM did not know the price", "unknown, as in the spend logs"),
    ),
)
