"""Cloudflare AI Gateway: logs as its API and dashboard give them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec

from llmaudit import usage
from llmaudit.formats.base import Context, Format
from llmaudit.formats.filling import fill_cost, fill_gateway_cache, fill_labels, fill_status, none_if_zero
from llmaudit.formats.values import Count, after, object_in, or_none, text_time
from llmaudit.request import Request


class Log(msgspec.Struct, gc=False):
    """One log: only what is used."""

    id: str
    created_at: str
    duration: float | None = None
    provider: str | None = None
    model: str | None = None
    path: str | None = None
    request_type: str | None = None
    model_type: str | None = None
    tokens_in: Count = None
    tokens_out: Count = None
    cost: Decimal | None = None
    cached: bool | None = None
    success: bool | None = None
    status_code: int | None = None
    step: int | None = None
    metadata: dict[str, Any] | str | None = None


def convert(log: Log, _: Context) -> Request:
    """Return the request of one log."""
    started = text_time(log.created_at, "created_at")
    request = Request(
        request_id=log.id,
        attempt=log.step,
        started_at=started,
        ended_at=after(started, log.duration, "duration"),
        gateway="cloudflare",
        seller=or_none(log.provider),
        model_raw=or_none(log.model),
        model_requested=or_none(log.model),
        model_served=or_none(log.model),
        endpoint=or_none(log.request_type) or or_none(log.path),
    )
    fill_status(request, log.status_code, failed=None if log.success is None else not log.success)
    reading = usage.Reading(log.tokens_in, log.tokens_out)
    usage.passed_through(request, reading, provider=log.provider, model=log.model)
    if request.status == "error":
        usage.not_counted(request)
    fill_cost(request, none_if_zero(log.cost, free=bool(log.cached)), "cost", kind="list_estimate")
    fill_labels(request, object_in(log.metadata))
    fill_gateway_cache(request, hit=bool(log.cached))
    return request


FORMAT = Format(
    name="cloudflare",
    title="Cloudflare AI Gateway logs",
    reads=("json", "table"),
    marks=("tokens_in", "tokens_out", "custom_cost", "cached", "step", "model_type", "request_content_type"),
    needs=("id", "created_at", "tokens_in", "provider"),
    record=Log,
    convert=convert,
    semantics=(
        "tokens_in and tokens_out are the provider's own counts; there is no count of cached or reasoning tokens. "
        "So for OpenAI's models tokens_in includes cached tokens and for Anthropic's it leaves them out. cost is "
        "Cloudflare's estimate in US dollars (the operator's own rate with custom_cost); duration is milliseconds."
    ),
    verified=(
        "Fields from the cloudflare 7.3.0 SDK and Cloudflare's API reference; only their placeholder example was seen. "
        "Whether created_at is the beginning of the call is not documented."
    ),
    about=(
        "Pages of `GET /accounts/…/ai-gateway/gateways/…/logs` as they are (`result`), or their logs one per line. "
        "Feature, team, user and session come from `metadata`. `step` is the attempt: 0 is the first provider "
        "asked."
    ),
    traps=(
        (
            "there is no count of cached tokens, and Anthropic's input leaves them out",
            "the cache counters are unknown, not zero; the list cost of such a log is only as good as its input count",
        ),
        ("`cost` is 0 if Cloudflare has no price", "unknown, unless the answer came from its cache"),
        ("`metadata` is JSON text in one place and an object in another", "both are read"),
        ("an answer from the gateway's cache has tokens, and may have an amount", "neither was used: list cost 0"),
    ),
)
