"""Helicone: requests as its API and its exporter give them, JSON or CSV."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec

from llmaudit import usage
from llmaudit.formats import answers, chat
from llmaudit.formats.base import Context, Format
from llmaudit.formats.filling import (
    fill_cost,
    fill_gateway_cache,
    fill_labels,
    fill_status,
    none_if_zero,
    number,
    whole,
)
from llmaudit.formats.values import after, as_flag, as_text, object_in, or_none, text_time
from llmaudit.request import Reject, Request

Count = int | float | str | None
NO_REFERENCE = {"", "00000000-0000-0000-0000-000000000000"}
NANODOLLARS = 1_000_000_000


class Counted(msgspec.Struct, gc=False):
    """What the API and the database name alike."""

    prompt_tokens: Count = None
    completion_tokens: Count = None
    prompt_cache_read_tokens: Count = None
    prompt_cache_write_tokens: Count = None
    prompt_audio_tokens: Count = None
    completion_audio_tokens: Count = None
    cost: Decimal | None = None
    provider: str | None = None
    model: str | None = None
    response_id: str | None = None
    target_url: str | None = None
    time_to_first_token: float | str | None = None
    cache_reference_id: str | None = None
    request_body: dict[str, Any] | str | None = None
    response_body: dict[str, Any] | str | None = None

    @property
    def is_from_cache(self) -> bool:
        """Whether Helicone answered from its own cache."""
        return (self.cache_reference_id or "") not in NO_REFERENCE


class Row(Counted, kw_only=True, gc=False):
    """One request."""

    request_created_at: str | None = None
    request_id: str | None = None
    response_created_at: str | None = None
    response_status: int | None = None
    delay_ms: float | None = None
    request_path: str | None = None
    request_model: str | None = None
    response_model: str | None = None
    model_override: str | None = None
    request_user_id: str | None = None
    request_properties: dict[str, Any] | str | None = None
    costUSD: Decimal | None = None


def convert(row: Row, context: Context) -> Request:
    """Return the request of one row."""
    started = text_time(row.request_created_at, "request_created_at")
    if started is None:
        raise Reject("missing-field", "request_created_at")
    ended = after(started, row.delay_ms, "delay_ms") or text_time(row.response_created_at, "response_created_at")
    request = Request(
        request_id=or_none(row.request_id) or or_none(row.response_id),
        started_at=started,
        ended_at=ended,
        model_raw=or_none(row.response_model) or or_none(row.model) or or_none(row.request_model),
        model_requested=or_none(row.request_model) or or_none(row.model_override) or or_none(row.model),
        model_served=or_none(row.response_model) or or_none(row.model_override) or or_none(row.model),
        endpoint=or_none(row.request_path) or or_none(row.target_url),
        user_id=or_none(row.request_user_id),
    )
    fill(request, row, context, status=row.response_status, properties=row.request_properties)
    amount = row.costUSD if row.cost is None else row.cost
    fill_cost(request, none_if_zero(amount, free=row.is_from_cache), "cost", kind="list_estimate")
    fill_gateway_cache(request, hit=row.is_from_cache)
    return request


def fill(request: Request, row: Counted, context: Context, *, status: int | None, properties: object) -> None:
    """Fill what the API's rows and the database's have in common, in place."""
    body = object_in(row.request_body)
    request.gateway = "helicone"
    request.seller = or_none((row.provider or "").lower())
    request.is_streamed = as_flag(body.get("stream"))
    first = number(row.time_to_first_token, "time_to_first_token")
    request.first_token_at = after(request.started_at, first, "time_to_first_token") if first else None
    fill_status(request, status, failed=True if status is not None and status <= 0 else None)
    _fill_usage(request, row)
    labels = object_in(properties)
    request.session_id = as_text(labels.get("Helicone-Session-Id"))
    request.feature = as_text(labels.get("Helicone-Session-Name"))
    fill_labels(request, labels)
    chat.fill_prompt(request, body.get("messages"), context)


def _fill_usage(request: Request, row: Counted) -> None:
    """Fill the counters from the answer's own usage where the body is there, else from Helicone's columns."""
    answer = answers.answer_in(row.response_body)
    if answer is not None:
        request.response_id = answer.id
        request.finish_reason = answer.finish
        answers.fill_tier(request, answer)
    if answer is not None and answer.usage is not None:
        answers.fill_usage(request, answer.usage)
    else:
        usage.anthropic(
            request,
            uncached=whole(row.prompt_tokens, "prompt_tokens"),
            output=whole(row.completion_tokens, "completion_tokens"),
            read=whole(row.prompt_cache_read_tokens, "prompt_cache_read_tokens"),
            written=whole(row.prompt_cache_write_tokens, "prompt_cache_write_tokens"),
        )
    usage.fill_parts(
        request,
        input_audio=whole(row.prompt_audio_tokens, "prompt_audio_tokens"),
        output_audio=whole(row.completion_audio_tokens, "completion_audio_tokens"),
    )
    if request.status == "error":
        usage.not_counted(request)


FORMAT = Format(
    name="helicone",
    title="Helicone requests",
    reads=("json", "table"),
    marks=(
        "request_created_at",
        "response_created_at",
        "response_status",
        "delay_ms",
        "request_properties",
        "signed_body_url",
        "request_user_id",
        "prompt_cache_read_tokens",
        "helicone_user",
    ),
    needs=("request_created_at", "response_status"),
    record=Row,
    convert=convert,
    repeats="last",
    id_space="helicone",
    semantics=(
        "prompt_tokens, prompt_cache_read_tokens and prompt_cache_write_tokens stand beside each other: "
        "prompt_tokens leaves cached tokens out. Where the answer's body is in the row its own usage object is read"
        " instead. cost is US dollars; delay_ms and time_to_first_token are milliseconds."
    ),
    verified=(
        "Columns from Helicone's source and API description; no real row seen. That prompt_tokens leaves cached tokens "
        "out for other providers than Anthropic rests on one third-party analysis."
    ),
    about=(
        "Answers of `/v1/request/query-clickhouse`, and files of the exporter (JSON, JSON lines, CSV). The session "
        "is the property `Helicone-Session-Id`; feature, team and user come from the properties of those names, "
        "else the feature is `Helicone-Session-Name`."
    ),
    traps=(
        (
            "the exporter's CSV has no request id, and its column `latency` is always empty",
            "the response's id and time are used",
        ),
        ("the exporter's JSON ends in a comma too many", "read"),
        ("streams without usage have null counts", "usage is missing, not zero"),
        (
            "a `response_status` of 0 or less is one of Helicone's own codes (pending, timeout, cancelled)",
            "a failure of class other: which code means what is not documented",
        ),
        (
            "answers from Helicone's cache",
            "known by `cache_reference_id`; their cost of 0 is real, any other 0 is no price",
        ),
        ("costs of OpenRouter calls carry 5.5% that Helicone adds", "the amount is kept as written"),
    ),
)
