"""Cloudflare AI Gateway: the Logpush data set `ai_gateway_events`, whose bodies are encrypted."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec

from llmaudit.formats.base import Context, Format
from llmaudit.formats.filling import fill_cost, fill_gateway_cache, fill_status, moment, none_if_zero
from llmaudit.formats.values import after, or_none, unit_of
from llmaudit.request import Request


class Metrics(msgspec.Struct, gc=False):
    """Cost and duration."""

    cost: Decimal | None = None
    durationMs: float | None = None


class Event(msgspec.Struct, gc=False):
    """One event: what is not encrypted."""

    Timestamp: int | float | str
    Provider: str | None = None
    Model: str | None = None
    RequestedModel: str | None = None
    Endpoint: str | None = None
    Gateway: str | None = None
    Cached: bool | None = None
    RateLimited: bool | None = None
    StatusCode: int | None = None
    Metrics: Metrics | None = None


def convert(event: Event, context: Context) -> Request:
    """Return the request of one event."""
    unit = context.file.units.get("Timestamp", 1)
    if isinstance(event.Timestamp, int | float):
        unit = unit if context.file.units else unit_of((event.Timestamp,))
    started = moment(event.Timestamp, "Timestamp", unit)
    told = event.Metrics or Metrics()
    request = Request(
        started_at=started,
        ended_at=after(started, told.durationMs, "Metrics.durationMs"),
        gateway="cloudflare",
        seller=or_none(event.Provider),
        model_raw=or_none(event.Model),
        model_requested=or_none(event.RequestedModel) or or_none(event.Model),
        model_served=or_none(event.Model),
        endpoint=or_none(event.Endpoint),
        key_id=or_none(event.Gateway),
    )
    fill_status(request, event.StatusCode, "rate_limit" if event.RateLimited else "")
    fill_cost(request, none_if_zero(told.cost, free=bool(event.Cached)), "Metrics.cost", kind="list_estimate")
    fill_gateway_cache(request, hit=bool(event.Cached))
    return request


def _is_event(record: dict[str, Any]) -> bool:
    return any(name in record for name in ("RequestedModel", "RateLimited", "RequestBody", "Cached"))


FORMAT = Format(
    name="cloudflare_logpush",
    title="Cloudflare AI Gateway Logpush",
    marks=(
        "Gateway",
        "Provider",
        "Cached",
        "RateLimited",
        "RequestedModel",
        "RequestBody",
        "ResponseBody",
        "StatusCode",
        "Metrics",
    ),
    needs=("Timestamp", "Provider", "Model", "Gateway"),
    says=_is_event,
    record=Event,
    convert=convert,
    epochs=("Timestamp",),
    semantics=(
        "The data set has no token counts in the clear: usage is missing. Metrics.cost is US dollars as Cloudflare "
        "estimates them, Metrics.durationMs milliseconds. Request and response bodies and metadata are encrypted."
    ),
    verified=(
        "Fields from Cloudflare's description of the data set; no real file seen. Other metrics than cost and "
        "duration are not documented."
    ),
    about="Files that a Logpush job for `ai_gateway_events` writes. The key is the gateway's name.",
    traps=(
        ("bodies and metadata are encrypted", "skipped"),
        ("events have no id", "the same file twice is known by its content; overlapping files cannot be distinguished"),
    ),
)
