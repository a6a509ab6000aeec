"""Bifrost: logs of its API and rows of its table `logs` (SQLite, Postgres)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec

from llmaudit import usage
from llmaudit.formats import chat
from llmaudit.formats.base import Context, Format
from llmaudit.formats.filling import (
    fill_cost,
    fill_gateway_cache,
    fill_labels,
    fill_status,
    none_if_zero,
    studied_by,
)
from llmaudit.formats.values import Count, JsonCell, after, as_text, object_in, or_none, text_time
from llmaudit.request import Ignored, Request


class PromptDetails(msgspec.Struct, gc=False, omit_defaults=True):
    """Parts of the prompt count."""

    cached_read_tokens: Count = None
    cached_write_tokens: Count = None
    cached_tokens: Count = None


class CompletionDetails(msgspec.Struct, gc=False, omit_defaults=True):
    """Parts of the completion count."""

    reasoning_tokens: Count = None


class TokenUsage(msgspec.Struct, gc=False, omit_defaults=True):
    """The usage object."""

    prompt_tokens: Count = None
    completion_tokens: Count = None
    total_tokens: Count = None
    prompt_tokens_details: PromptDetails | None = None
    completion_tokens_details: CompletionDetails | None = None


class Log(msgspec.Struct, gc=False):
    """One log."""

    id: str
    timestamp: str
    parent_request_id: str | None = None
    object: str | None = None
    object_type: str | None = None
    provider: str | None = None
    model: str | None = None
    alias: str | None = None
    latency: float | None = None
    prompt_tokens: Count = None
    completion_tokens: Count = None
    total_tokens: Count = None
    cached_read_tokens: Count = None
    token_usage: TokenUsage | str | None = None
    cost: Decimal | None = None
    status: str | None = None
    error_details: JsonCell = None
    fallback_index: int | None = None
    number_of_retries: int | None = None
    stream: bool | None = None
    cache_debug: JsonCell = None
    virtual_key_name: str | None = None
    virtual_key_id: str | None = None
    team_name: str | None = None
    team_id: str | None = None
    user_id: str | None = None
    metadata: JsonCell = None
    input_history: list[Any] | str | None = None


_usage = msgspec.json.Decoder(TokenUsage).decode
_list = msgspec.json.Decoder(list[Any]).decode


def told(log: Log) -> tuple[str | None, str | None, usage.Reading]:
    """Return the provider, the model and the counts of a log."""
    used = (_usage(log.token_usage or "{}") if isinstance(log.token_usage, str) else log.token_usage) or TokenUsage()
    prompt = used.prompt_tokens_details or PromptDetails()
    completion = used.completion_tokens_details or CompletionDetails()
    read = prompt.cached_tokens if prompt.cached_read_tokens is None else prompt.cached_read_tokens
    reading = usage.Reading(
        log.prompt_tokens if used.prompt_tokens is None else used.prompt_tokens,
        log.completion_tokens if used.completion_tokens is None else used.completion_tokens,
        log.total_tokens if used.total_tokens is None else used.total_tokens,
        log.cached_read_tokens if read is None else read,
        prompt.cached_write_tokens,
        completion.reasoning_tokens,
    )
    return log.provider, log.model, reading


def convert(log: Log, context: Context) -> Request | Ignored:
    """Return the request of one log."""
    if log.status == "processing":
        return Ignored("call that had not ended")
    started = text_time(log.timestamp, "timestamp")
    request = Request(
        request_id=log.id,
        call_id=or_none(log.parent_request_id) or log.id,
        attempt=log.fallback_index,
        started_at=started,
        ended_at=after(started, log.latency, "latency"),
        gateway="bifrost",
        seller=or_none(log.provider),
        model_raw=or_none(log.model),
        model_requested=or_none(log.alias) or or_none(log.model),
        model_served=or_none(log.model),
        endpoint=or_none(log.object) or or_none(log.object_type),
        is_streamed=log.stream,
        user_id=or_none(log.user_id),
        team=or_none(log.team_name) or or_none(log.team_id),
        key_id=or_none(log.virtual_key_name) or or_none(log.virtual_key_id),
    )
    _fill_status(request, log)
    provider, model, reading = told(log)
    usage.by_study(request, reading, context.file.study, usage.rule_name(provider, model), usage.INSIDE)
    if not log.prompt_tokens and not log.completion_tokens:
        usage.not_counted(request)  # streams of the Responses API are written with zeros
    hit = object_in(log.cache_debug).get("cache_hit") is True
    fill_cost(request, none_if_zero(log.cost, free=hit), "cost", kind="list_estimate")
    fill_labels(request, object_in(log.metadata))
    messages = _list(log.input_history or "[]") if isinstance(log.input_history, str) else log.input_history
    chat.fill_prompt(request, messages, context)
    fill_gateway_cache(request, hit=hit, is_lookup_cost=True)
    return request


def _fill_status(request: Request, log: Log) -> None:
    error = object_in(log.error_details)
    code = error.get("status_code")
    inner = object_in(error.get("error"))
    words = f"{as_text(inner.get('type')) or ''} {as_text(inner.get('code')) or ''}"
    fill_status(request, code if isinstance(code, int) else None, words, failed=log.status == "error")


FORMAT = Format(
    name="bifrost",
    title="Bifrost logs",
    reads=("json", "table", "sqlite"),
    marks=(
        "number_of_retries",
        "fallback_index",
        "selected_key_id",
        "virtual_key_id",
        "token_usage",
        "object_type",
        "routing_rule_id",
        "cache_debug",
        "logs.number_of_retries",
        "logs.fallback_index",
        "logs.selected_key_id",
        "logs.virtual_key_id",
        "logs.token_usage",
        "logs.object_type",
    ),
    record=Log,
    convert=convert,
    repeats="last",
    tables={"logs": "SELECT * FROM logs"},
    study=lambda records: studied_by(records, Log, told, usage.INSIDE),
    semantics=(
        "prompt_tokens includes cached reads and writes since March 2026; before that Anthropic's left them out, "
        "which a file's counts show. completion_tokens includes reasoning. cost is US dollars from Bifrost's price "
        "table; latency is milliseconds."
    ),
    verified=(
        "Columns from Bifrost's log store source (its OpenAPI names some that it does not write); no real row seen."
    ),
    about=(
        "The SQLite file `logs.db`, the Postgres table `logs`, or pages of `/api/logs`. Each fallback is a row and "
        "an attempt of the call that `parent_request_id` names. The key is the virtual key's name, the team its "
        "team."
    ),
    traps=(
        ("rows that were still running when they were exported", "ignored"),
        ("streams of the Responses API are written with 0 tokens", "usage is missing, not zero"),
        ("the cost is missing or 0 if there is no price", "unknown, unless Bifrost's cache answered"),
        ("the cost of a semantic hit is that of the embedding that found it", "kept; the answer itself cost nothing"),
        ("cached tokens of Anthropic's models changed their place in March 2026", "decided by the file's own counts"),
    ),
)
