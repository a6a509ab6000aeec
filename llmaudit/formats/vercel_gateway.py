"""Vercel AI Gateway: generation objects, as its endpoint `/v1/generation` gives them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec

from llmaudit import usage
from llmaudit.formats.base import Context, Format
from llmaudit.formats.filling import fill_cost, fill_status, with_upstream
from llmaudit.formats.values import Count, after, or_none, text_time
from llmaudit.request import Reject, Request


class Generation(msgspec.Struct, gc=False):
    """One generation: only what is used. `usage` is an amount here, and the same as `total_cost`."""

    id: str | None = None
    total_cost: Decimal | None = None
    upstream_inference_cost: Decimal | None = None
    created_at: str | None = None
    model: str | None = None
    is_byok: bool | None = None
    provider_name: str | None = None
    streamed: bool | None = None
    finish_reason: str | None = None
    latency: float | None = None
    generation_time: float | None = None
    native_tokens_prompt: Count = None
    native_tokens_completion: Count = None
    native_tokens_reasoning: Count = None
    native_tokens_cached: Count = None
    native_tokens_cache_creation: Count = None
    billable_web_search_calls: int | None = None


class Answer(Generation, gc=False):
    """The endpoint's answer (`{"data": {…}}`), or the generation itself."""

    data: Generation | None = None


def convert(answer: Answer, _: Context) -> Request:
    """Return the request of one generation."""
    told = answer.data or answer
    if not told.id:
        raise Reject("missing-field", "id")
    started = text_time(told.created_at, "created_at")
    request = Request(
        request_id=told.id,
        response_id=told.id,
        started_at=started,
        ended_at=after(started, told.generation_time, "generation_time"),
        first_token_at=after(started, told.latency, "latency"),
        gateway="vercel",
        seller=or_none(told.provider_name),
        model_raw=told.model,
        model_requested=told.model,
        model_served=told.model,
        is_streamed=told.streamed,
        finish_reason=told.finish_reason,
        web_searches=told.billable_web_search_calls,
    )
    fill_status(request, None, failed=told.finish_reason == "error")
    usage.openai(
        request,
        prompt=told.native_tokens_prompt,
        completion=told.native_tokens_completion,
        cached=told.native_tokens_cached,
        written=told.native_tokens_cache_creation,
        reasoning=told.native_tokens_reasoning,
    )
    counts = {
        name: value
        for name in Generation.__struct_fields__
        if name.startswith("native_tokens") and (value := getattr(told, name)) is not None
    }
    request.raw_usage = msgspec.json.encode(counts).decode()
    fill_cost(request, with_upstream(told.total_cost, told.upstream_inference_cost, is_byok=told.is_byok), "total_cost")
    return request


def _is_vercels(record: dict[str, Any]) -> bool:
    inner = record.get("data") if isinstance(record.get("data"), dict) else record
    return isinstance(inner, dict) and str(inner.get("id", "")).startswith("gen_")


FORMAT = Format(
    name="vercel_gateway",
    title="Vercel AI Gateway generation objects",
    marks=(
        "native_tokens_cache_creation",
        "billable_web_search_calls",
        "native_tokens_prompt",
        "native_tokens_completion",
        "is_byok",
        "data.native_tokens_cache_creation",
        "data.billable_web_search_calls",
        "data.native_tokens_prompt",
        "data.native_tokens_completion",
        "data.is_byok",
    ),
    says=_is_vercels,
    record=Answer,
    convert=convert,
    repeats="last",
    semantics=(
        "native_tokens_prompt is read as including native_tokens_cached and native_tokens_cache_creation, and "
        "native_tokens_completion as including reasoning. total_cost is US dollars, and usage is the same amount; with "
        "the user's own key total_cost is 0 and upstream_inference_cost is what the provider charges. latency is the "
        "time to the first token in milliseconds."
    ),
    verified=(
        "Fields from the types of @ai-sdk/gateway 3.0.232; no real object seen. That the prompt includes cached "
        "tokens is not documented."
    ),
    about='Answers of `GET /v1/generation?id=…`, with or without their `{"data": …}`, one per line.',
    traps=(
        ("`latency` is the time to the first token", "read as that; the end is `created_at` + `generation_time`"),
        ("`usage` is an amount, not a count", "not read: it repeats `total_cost`"),
        ("the ids look like OpenRouter's", "`gen_` is Vercel's, `gen-` is OpenRouter's"),
        ("which providers were tried first is only in AI SDK spans", "not in this log"),
    ),
)
