"""OpenRouter: generation objects, as the endpoint `/api/v1/generation` gives them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec

from llmaudit import usage
from llmaudit.formats.base import Context, Format
from llmaudit.formats.filling import fill_cost, fill_gateway_cache, fill_status, text_of, with_upstream
from llmaudit.formats.values import HTTP_ERROR, Count, after, or_none, text_time
from llmaudit.request import Reject, Request


class Tried(msgspec.Struct, gc=False):
    """One provider that was asked."""

    status: int | None = None
    provider_name: str | None = None
    model_permaslug: str | None = None


class Generation(msgspec.Struct, gc=False):
    """One generation: only what is used."""

    id: str | None = None
    request_id: str | None = None
    created_at: str | None = None
    model: str | None = None
    router: str | None = None
    provider_name: str | None = None
    provider_responses: list[Tried] | None = None
    api_type: str | None = None
    streamed: bool | None = None
    cancelled: bool | None = None
    generation_time: float | None = None
    latency: float | None = None
    finish_reason: str | None = None
    service_tier: str | None = None
    session_id: str | None = None
    external_user: str | int | None = None
    is_byok: bool | None = None
    total_cost: Decimal | None = None
    upstream_inference_cost: Decimal | None = None
    native_tokens_prompt: Count = None
    native_tokens_completion: Count = None
    native_tokens_cached: Count = None
    native_tokens_reasoning: Count = None
    native_tokens_completion_images: Count = None
    response_cache_source_id: str | None = None


class Answer(Generation, gc=False):
    """The endpoint's answer (`{"data": {…}}`), or the generation itself."""

    data: Generation | None = None


def convert(answer: Answer, _: Context) -> list[Request]:
    """Return the request of one generation, after those of the providers that failed before."""
    told = answer.data or answer
    if not told.id:
        raise Reject("missing-field", "id")
    request = _request(told)
    request.first_token_at = None
    fill_status(request, None, failed=told.finish_reason == "error")
    if told.cancelled:
        request.status = "cancelled"
    usage.openai(
        request,
        prompt=told.native_tokens_prompt,
        completion=told.native_tokens_completion,
        cached=told.native_tokens_cached,
        reasoning=told.native_tokens_reasoning,
    )
    usage.fill_parts(request, output_image=told.native_tokens_completion_images)
    request.raw_usage = _raw_usage(told)
    fill_cost(request, with_upstream(told.total_cost, told.upstream_inference_cost, is_byok=told.is_byok), "total_cost")
    fill_gateway_cache(request, hit=bool(told.response_cache_source_id))
    failed = [_failed(told, tried, n) for n, tried in enumerate(told.provider_responses or ()) if _has_failed(tried)]
    request.attempt = len(told.provider_responses or ()) - 1 if failed else None
    return [*failed, request]


def _request(told: Generation) -> Request:
    started = text_time(told.created_at, "created_at")
    taken = told.latency if told.generation_time is None else told.generation_time
    return Request(
        request_id=told.id,
        response_id=told.id,
        call_id=or_none(told.request_id) or told.id,
        session_id=or_none(told.session_id),
        started_at=started,
        ended_at=after(started, taken, "generation_time"),
        gateway="openrouter",
        seller=or_none(told.provider_name),
        model_raw=told.model,
        model_requested=or_none(told.router) or told.model,
        model_served=told.model,
        endpoint=told.api_type,
        service_tier=or_none(told.service_tier),
        is_streamed=told.streamed,
        finish_reason=told.finish_reason,
        user_id=text_of(told.external_user),
    )


def _has_failed(tried: Tried) -> bool:
    return (tried.status or 0) >= HTTP_ERROR


def _failed(told: Generation, tried: Tried, number: int) -> Request:
    """Return the request of a provider that failed before another one answered: no usage, and no amount is stated."""
    request = _request(told)
    request.request_id, request.response_id = f"{told.id}#{number}", None
    request.ended_at = request.finish_reason = None
    request.attempt = number
    request.seller = tried.provider_name
    request.model_served = request.model_raw = tried.model_permaslug or told.model
    fill_status(request, tried.status)
    return request


def _raw_usage(told: Generation) -> str:
    counts: dict[str, Any] = {
        name: value
        for name in Generation.__struct_fields__
        if name.startswith("native_tokens") and (value := getattr(told, name)) is not None
    }
    return msgspec.json.encode(counts).decode()


def _is_openrouters(record: dict[str, Any]) -> bool:
    inner = record.get("data") if isinstance(record.get("data"), dict) else record
    return isinstance(inner, dict) and str(inner.get("id", "")).startswith("gen-")


FORMAT = Format(
    name="openrouter_generation",
    title="OpenRouter generation objects",
    marks=(
        "native_tokens_prompt",
        "native_tokens_completion",
        "upstream_id",
        "is_byok",
        "native_finish_reason",
        "data.native_tokens_prompt",
        "data.native_tokens_completion",
        "data.upstream_id",
        "data.is_byok",
        "data.native_finish_reason",
    ),
    says=_is_openrouters,
    record=Answer,
    convert=convert,
    repeats="last",
    id_space="openrouter",
    semantics=(
        "native_tokens_* are the provider's own counts and what is billed: the prompt includes cached reads and "
        "writes, the completion includes reasoning. tokens_prompt and tokens_completion are counts of another "
        "tokenizer and are not read. total_cost is US dollars of credits; with the user's own key (is_byok) it is "
        "OpenRouter's fee and upstream_inference_cost comes on top."
    ),
    verified="Fields from OpenRouter's API description (its TypeScript SDK); no real object seen.",
    about=(
        'Answers of `GET /api/v1/generation?id=…`, with or without their `{"data": …}`, one per line. The same '
        "call in the activity CSV is the same request."
    ),
    traps=(
        ("`tokens_prompt` is not what is billed", "`native_tokens_prompt` is read, and nothing else if it is missing"),
        (
            "with your own key `total_cost` is only the fee; without it `total_cost` already holds the upstream cost",
            "the upstream cost is added only with `is_byok`; if it is not stated then, the amount is unknown",
        ),
        (
            "providers that failed before the one that answered are in `provider_responses`",
            "each is a request without usage, an attempt of the same call",
        ),
        ("an answer from OpenRouter's response cache has counts of 0", "a hit, and not a call that used nothing"),
        ("a prompt's cache writes are charged and not counted", "they look like ordinary input"),
        ("cancelled generations are billed", "they are counted as cancelled, with their cost"),
        ("`num_search_results` counts results and not searches", "not read"),
    ),
)
