"""LiteLLM proxy: rows of the table LiteLLM_SpendLogs as JSON (`row_to_json`), CSV, COPY or Parquet."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

import msgspec

from llmaudit import usage
from llmaudit.formats import chat, litellm_columns, litellm_cut
from llmaudit.formats.base import Context, Cut, Format
from llmaudit.formats.filling import fill_gateway_cache
from llmaudit.formats.litellm_columns import NO_MESSAGES, NOTHING
from llmaudit.formats.values import dollars, error_class, or_none, stated_tier, tag_values, utc
from llmaudit.request import Request

Count = int | float | None
HIT = "_cache_hit"
"""What LiteLLM puts behind the id of an answer from its own cache, before the time."""

INTERNAL = "litellm:"
"""Before the origin of a call that LiteLLM makes for itself (routing, shadow evaluation, judging): its feature."""


class Lifetimes(msgspec.Struct, gc=False, omit_defaults=True):
    """Cache writes by lifetime."""

    ephemeral_5m_input_tokens: Count = None
    ephemeral_1h_input_tokens: Count = None


class PromptDetails(msgspec.Struct, gc=False, omit_defaults=True):
    """Parts of the prompt count. Cache writes stand under one of two names, mirrored where both are there."""

    cached_tokens: Count = None
    cache_write_tokens: Count = None
    cache_creation_tokens: Count = None
    cache_creation_token_details: Lifetimes | None = None


class CompletionDetails(msgspec.Struct, gc=False, omit_defaults=True):
    """Parts of the completion count."""

    reasoning_tokens: Count = None


class Usage(msgspec.Struct, gc=False, omit_defaults=True):
    """The provider's usage object as LiteLLM normalised it."""

    prompt_tokens_details: PromptDetails | None = None
    completion_tokens_details: CompletionDetails | None = None
    cache_read_input_tokens: Count = None
    cache_creation_input_tokens: Count = None


class CostBreakdown(msgspec.Struct, gc=False):
    """LiteLLM's own split of `spend`."""

    total_cost: Decimal | None = None
    service_tier: str | None = None


class ErrorInformation(msgspec.Struct, gc=False):
    """What failed. The message is not read: it can hold prompt text."""

    error_code: str | int | None = None
    error_class: str | None = None


class Metadata(msgspec.Struct, gc=False):
    """The parts of `metadata` that are used."""

    usage_object: Usage | None = None
    additional_usage_values: Usage | None = None
    cost_breakdown: CostBreakdown | None = None
    error_information: ErrorInformation | None = None
    user_api_key_alias: str | None = None
    user_api_key_team_alias: str | None = None
    original_model_group: str | None = None
    internal_call_origin: str | None = None


class SpendLog(msgspec.Struct, gc=False):
    """One row. Only what is used is named; the rest of the row is read past."""

    request_id: str
    startTime: datetime
    call_type: str | None = None
    api_key: str | None = None
    spend: Decimal | None = None
    prompt_tokens: Count = None
    completion_tokens: Count = None
    endTime: datetime | None = None
    completionStartTime: datetime | None = None
    model: str | None = None
    model_group: str | None = None
    custom_llm_provider: str | None = None
    user: str | None = None
    end_user: str | None = None
    team_id: str | None = None
    metadata: Metadata | str | None = None
    cache_hit: str | bool | None = None
    request_tags: list[str] | str | None = None
    messages: msgspec.Raw = NOTHING
    session_id: str | None = None
    litellm_call_id: str | None = None
    status: str | None = None


_METADATA = msgspec.json.Decoder(Metadata)
_TAGS = msgspec.json.Decoder(list[str])
_HASHED_KEY = re.compile(r"[0-9a-f]{16,}")
_encode = msgspec.json.Encoder().encode
_NO_METADATA, _NO_USAGE, _NO_LIFETIMES = Metadata(), Usage(), Lifetimes()
_NO_PROMPT, _NO_COMPLETION = PromptDetails(), CompletionDetails()
"""What a missing part reads like. Made once: this module runs per row."""


def convert(row: SpendLog, context: Context) -> Request:
    """Return the request of one spend-log row."""
    meta, tags = _unpacked(row)
    request: Request = _shared(
        row.model,
        row.model_group,
        row.custom_llm_provider,
        row.call_type,
        meta.user_api_key_team_alias or row.team_id,
        tuple(tags) if tags else None,
        meta.cost_breakdown.service_tier if meta.cost_breakdown else None,
    ).__copy__()  # type: ignore[attr-defined]  # every msgspec struct has it; copy.copy would take twice as long
    request.request_id = request.response_id = row.request_id or None
    request.session_id = row.session_id or None
    request.call_id = row.litellm_call_id or request.session_id
    request.started_at = utc(row.startTime, "startTime")
    request.ended_at = utc(row.endTime, "endTime")
    request.first_token_at = utc(row.completionStartTime, "completionStartTime")
    if meta.original_model_group:  # a fallback served: its own group is in `model_group`
        request.model_requested = meta.original_model_group
    if meta.internal_call_origin:
        request.feature = f"{INTERNAL}{meta.internal_call_origin}"
    request.is_batch = row.request_id.endswith("_batch_cost")
    request.is_streamed = _streamed(row)
    request.user_id = row.end_user or row.user or None
    request.key_id = meta.user_api_key_alias or short_key(row.api_key)
    fill_usage(request, row.prompt_tokens, row.completion_tokens, meta)
    if row.messages not in NO_MESSAGES:
        chat.fill_prompt(request, msgspec.json.decode(row.messages), context)
    if row.status == "failure":
        fill_failure(request, meta.error_information)
    hit = is_hit(row.request_id, row.spend, cache_hit=row.cache_hit)
    request.billed_amount = billed(row.spend, meta.cost_breakdown, request, hit=hit)
    request.billed_kind = None if request.billed_amount is None else "seller_reported"
    fill_gateway_cache(request, hit=hit)
    return request


def _unpacked(row: SpendLog) -> tuple[Metadata, list[str] | None]:
    """Return a row's metadata and tags, decoded where they come as text that holds JSON."""
    meta, tags = row.metadata, row.request_tags
    return (
        _METADATA.decode(meta or "{}") if isinstance(meta, str) else meta or _NO_METADATA,
        _TAGS.decode(tags or "[]") if isinstance(tags, str) else tags,
    )


def _columns(rows: Sequence[SpendLog], _: Context) -> tuple[Mapping[str, Any], list[int]]:
    """Return the columns of the rows that are ordinary, and the positions of the others."""
    for row in rows:
        with suppress(msgspec.DecodeError):  # they stay texts, which are not ordinary
            row.metadata, row.request_tags = _unpacked(row)
    return litellm_columns.columns(rows, Metadata, _shared, short_key)


def short_key(api_key: str | None) -> str | None:
    """Return the beginning of a hashed key; what is no hash stays whole, to be known as a live key and masked."""
    return api_key[:12] if api_key and _HASHED_KEY.fullmatch(api_key) else api_key or None


@lru_cache(maxsize=4096)
def _shared(
    model: str | None,
    group: str | None,
    provider: str | None,
    call_type: str | None,
    team: str | None,
    tags: tuple[str, ...] | None,
    service_tier: str | None,
) -> Request:
    """Return what all rows of one model, team and tag list share: made once and copied, in a third of the time."""
    named = tag_values(tags or ())
    return Request(
        gateway="litellm",
        seller=or_none(provider),
        model_raw=model,
        model_requested=or_none(group) or model,
        model_served=model,
        endpoint=call_type,
        service_tier=service_tier,
        billed_currency="USD",
        team=named.get("team") or or_none(team),
        feature=named.get("feature"),
        tags=_encode(tags).decode() if tags else None,
        stated_tier=stated_tier(named.get("tier")),
    )


def _streamed(row: SpendLog) -> bool | None:
    """Say whether the answer was streamed: there is no such column, but only a stream has an early first token."""
    if row.completionStartTime is None or row.endTime is None:
        return None
    return row.completionStartTime != row.endTime


def fill_usage(request: Request, prompt_tokens: Count, completion_tokens: Count, meta: Metadata) -> None:
    """Fill the counters of a row or payload, in place."""
    reported = meta.usage_object or _NO_USAGE
    prompt = reported.prompt_tokens_details or _NO_PROMPT
    lifetimes = prompt.cache_creation_token_details or _NO_LIFETIMES
    completion = reported.completion_tokens_details or _NO_COMPLETION
    older = meta.additional_usage_values or _NO_USAGE
    cached, written = prompt.cached_tokens, prompt.cache_creation_tokens
    if cached is None:
        cached = _first(reported.cache_read_input_tokens, older.cache_read_input_tokens)
    if written is None:
        written = _first(
            prompt.cache_write_tokens, reported.cache_creation_input_tokens, older.cache_creation_input_tokens
        )
    usage.openai(
        request,
        prompt=prompt_tokens,
        completion=completion_tokens,
        cached=cached,
        written=written,
        written_5m=lifetimes.ephemeral_5m_input_tokens,
        written_1h=lifetimes.ephemeral_1h_input_tokens,
        reasoning=completion.reasoning_tokens,
    )
    if meta.usage_object is not None:
        request.raw_usage = _encode(meta.usage_object).decode()


def _first(*counts: Count) -> Count:
    for count in counts:
        if count is not None:
            return count
    return None


def fill_failure(request: Request, error: ErrorInformation | None) -> None:
    """Mark a failure, in place. It has 0 tokens whatever the provider did: that is no usage, not a usage of zero."""
    error = error or ErrorInformation()
    code = str(error.error_code or "")
    request.status = "error"
    request.http_status = int(code) if code.isdecimal() and len(code) == len("429") else None
    request.error_class = error_class(request.http_status, error.error_class or "")
    usage.not_counted(request)


def is_hit(request_id: str, spend: Decimal | None, *, cache_hit: str | bool | None) -> bool:
    """Say whether LiteLLM answered from its own cache: the column says so, or the suffix that the id of a hit gets."""
    return str(cache_hit).lower() == "true" or (HIT in request_id and not spend)


def billed(spend: Decimal | None, breakdown: CostBreakdown | None, request: Request, *, hit: bool) -> Decimal | None:
    """Return what LiteLLM says the call cost, or None where its 0 means that it did not know.

    The amount is 0 for a stream it could not price (then `cost_breakdown` has it), for an unknown model, for a failure
    and for a hit in its own cache. Only the last two are really free.
    """
    if spend:
        return dollars(spend, "spend")
    whole = breakdown.total_cost if breakdown else None
    if whole:
        return dollars(whole, "metadata.cost_breakdown.total_cost")
    free = request.status == "error" or hit
    return Decimal(0) if free and spend is not None else None


FORMAT = Format(
    name="litellm",
    title="LiteLLM proxy spend logs",
    reads=("json", "table"),
    marks=("call_type", "startTime", "model_group", "custom_llm_provider", "cache_key", "request_tags", "spend"),
    needs=("request_id", "startTime", "spend"),
    record=SpendLog,
    convert=convert,
    columns=_columns,
    plain=("raw_usage",),
    cut=Cut(
        fits=lambda lines, first: litellm_cut.fits(lines, first, Metadata),
        columns=lambda lines, firsts: litellm_cut.cut(lines, firsts, _shared, short_key),
    ),
    semantics=(
        "prompt_tokens includes cached reads and cache writes for every provider, Anthropic included; "
        "completion_tokens includes reasoning. spend is US dollars, 0 if LiteLLM did not know the price. Times "
        "without a zone are UTC. Failure rows carry 0 tokens whatever the provider billed."
    ),
    verified=(
        "Columns and their order from the migrations of litellm-proxy-extras 0.4.110; rows as litellm 1.109.1 wrote"
        " them against a mock provider; that prompt_tokens includes cached reads on a measured row of 1.83.9. Older"
        " versions rest on the migrations."
    ),
    about=(
        'Rows of the table `LiteLLM_SpendLogs`: JSON (`SELECT row_to_json(t) FROM "LiteLLM_SpendLogs" t`), CSV '
        r"(`\copy`), the COPY rows of `pg_dump`, or Parquet, from any version: columns that came later may be absent. "
        "Team: the team alias or id, or a tag `team:…`. Feature: a tag "
        "`feature:…`. Tier: a tag `tier:0` to `tier:3`. Key: its alias, else the first 12 characters of the hash in "
        "`api_key`. What LiteLLM answered from its own cache costs nothing."
    ),
    traps=(
        (
            "Anthropic's own input count excludes cached tokens, LiteLLM's includes them",
            "`prompt_tokens` is read as including them for every provider",
        ),
        (
            "cache writes have two names, often both filled in",
            "taken once",
        ),
        (
            "`spend` is 0 if LiteLLM did not know the price",
            (
                "unknown, unless the row is a failure or a hit in LiteLLM's own cache; `cost_breakdown.total_cost` "
                "is used if it is there"
            ),
        ),
        (
            "a failure row has 0 tokens whatever the provider did",
            "usage is missing, not zero",
        ),
        (
            "`metadata` and `request_tags` come as JSON or as text that holds JSON",
            "both are read",
        ),
        (
            "retries and fallbacks are rows of their own",
            "rows with one `litellm_call_id` are the attempts of one call",
        ),
        (
            "there is no column for streaming",
            "streamed if the first token came before the end",
        ),
        (
            "a fallback's row names the group that served",
            "the model asked for is `metadata.original_model_group` if that is there",
        ),
        (
            "LiteLLM calls models for itself (routing, shadow evaluation, judging)",
            "the feature of such a call is `litellm:` and its `internal_call_origin`",
        ),
        (
            "exports overlap",
            "the same `request_id` is the same request",
        ),
    ),
)
