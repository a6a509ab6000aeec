"""Kong: log entries of its AI plugins, as file-log, http-log and tcp-log write them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec

from llmaudit import usage
from llmaudit.formats import chat
from llmaudit.formats.base import Context, Format
from llmaudit.formats.filling import fill_cost, fill_gateway_cache, fill_status, none_if_zero, text_of
from llmaudit.formats.values import Count, after, object_in, or_none
from llmaudit.request import Ignored, Request


class Meta(msgspec.Struct, gc=False):
    """Which model a plugin called."""

    provider_name: str | None = None
    request_model: str | None = None
    response_model: str | None = None
    llm_latency: float | None = None


class Used(msgspec.Struct, gc=False):
    """What it used; older versions write the names in the singular."""

    prompt_tokens: Count = None
    prompt_token: Count = None
    completion_tokens: Count = None
    completion_token: Count = None
    total_tokens: Count = None
    cost: Decimal | None = None


class Cache(msgspec.Struct, gc=False):
    """What the semantic cache did."""

    cache_status: str | None = None


class Payload(msgspec.Struct, gc=False):
    """The request as text, where payloads are logged."""

    request: str | dict[str, Any] | None = None


class Block(msgspec.Struct, gc=False):
    """What one AI plugin logged."""

    meta: Meta | None = None
    usage: Used | str | None = None
    cache: Cache | None = None
    payload: Payload | None = None


class Latencies(msgspec.Struct, gc=False):
    """Milliseconds."""

    request: float | None = None


class Asked(msgspec.Struct, gc=False):
    """The client's request."""

    id: str | None = None
    uri: str | None = None


class Answered(msgspec.Struct, gc=False):
    """The response to the client."""

    status: int | None = None


class Consumer(msgspec.Struct, gc=False):
    """Who asked."""

    id: str | None = None
    username: str | None = None
    custom_id: str | None = None


class Entry(msgspec.Struct, gc=False):
    """One log entry."""

    started_at: int | float
    latencies: Latencies
    ai: dict[str, Block]
    request: Asked | None = None
    response: Answered | None = None
    consumer: Consumer | None = None
    workspace_name: str | None = None


def convert(entry: Entry, context: Context) -> list[Request] | Ignored:
    """Return a request for each plugin that called a model."""
    blocks = {name: block for name, block in sorted(entry.ai.items()) if block.meta or block.usage}
    if not blocks:
        return Ignored("call without a model")
    return [_request(entry, name, block, context, alone=len(blocks) == 1) for name, block in blocks.items()]


def _request(entry: Entry, name: str, block: Block, context: Context, *, alone: bool) -> Request:
    asked, meta, who = entry.request or Asked(), block.meta or Meta(), entry.consumer or Consumer()
    started = context.epoch(entry.started_at, "started_at")
    taken = entry.latencies.request if alone or meta.llm_latency is None else meta.llm_latency
    request = Request(
        request_id=asked.id if alone or asked.id is None else f"{asked.id}/{name}",
        trace_id=asked.id,
        started_at=started,
        ended_at=after(started, taken, "latencies.request"),
        gateway="kong",
        seller=or_none(meta.provider_name),
        model_raw=or_none(meta.response_model) or or_none(meta.request_model),
        model_requested=or_none(meta.request_model),
        model_served=or_none(meta.response_model),
        endpoint=or_none(asked.uri),
        user_id=text_of(who.username or who.custom_id or who.id),
        team=or_none(entry.workspace_name),
        feature=None if name in {"proxy", "ai-proxy", "ai-proxy-advanced"} else name,
    )
    fill_status(request, entry.response.status if entry.response else None)
    hit = block.cache is not None and (block.cache.cache_status or "").lower() == "hit"
    if isinstance(block.usage, Used):
        _fill_usage(request, block.usage, meta)
        fill_cost(request, none_if_zero(block.usage.cost, free=hit), "usage.cost", kind="list_estimate")
    body = object_in(block.payload.request if block.payload else None)
    chat.fill_prompt(request, body.get("messages"), context)
    fill_gateway_cache(request, hit=hit)
    return request


def _fill_usage(request: Request, used: Used, meta: Meta) -> None:
    reading = usage.Reading(
        used.prompt_token if used.prompt_tokens is None else used.prompt_tokens,
        used.completion_token if used.completion_tokens is None else used.completion_tokens,
        used.total_tokens,
    )
    usage.passed_through(request, reading, provider=meta.provider_name, model=meta.response_model)
    if request.status == "error":
        usage.not_counted(request)
    request.raw_usage = msgspec.json.encode(used).decode()


FORMAT = Format(
    name="kong",
    title="Kong AI Gateway log entries",
    marks=(
        "latencies",
        "latencies.kong",
        "latencies.request",
        "latencies.proxy",
        "upstream_uri",
        "tries",
        "ai",
        "client_ip",
        "workspace",
    ),
    needs=("latencies", "started_at", "ai"),
    says=lambda entry: isinstance(entry["ai"], dict),
    record=Entry,
    convert=convert,
    epochs=("started_at",),
    semantics=(
        "prompt_tokens and completion_tokens are the provider's own counts, without any of cached tokens: OpenAI's "
        "input includes them, Anthropic's leaves them out. started_at is epoch milliseconds, latencies are "
        "milliseconds. cost is in whatever unit the operator configured prices in (taken as US dollars), 0 if none "
        "is configured."
    ),
    verified=(
        "Keys from Kong's source at 22246ef and its log reference; no real log seen. The cache's block and older "
        "names of plugins rest on documentation."
    ),
    about=(
        "Entries of Kong's logging plugins that have an object `ai`. The user is the consumer, the team the "
        "workspace's name. Each plugin that called a model (a transformer, say, beside the proxy) is a request, its"
        " feature the plugin's name; they share a trace."
    ),
    traps=(
        ("one entry may hold the calls of several plugins", "each is a request of its own"),
        (
            "cached tokens are in no count, and Anthropic's input leaves them out",
            "the cache counters are unknown, not zero",
        ),
        ("`usage` can be a text that says there was none", "missing, not zero"),
        ("a stream without usage is estimated by Kong from its bytes", "not marked in the log, and so not here"),
        ("`cost` is 0 without configured prices", "unknown, unless the cache answered"),
    ),
)
