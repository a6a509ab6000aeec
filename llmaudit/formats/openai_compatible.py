"""Any OpenAI-compatible API: chat completions as JSON lines, bare or beside their request."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any
from urllib.parse import urlsplit

import msgspec

from llmaudit import usage
from llmaudit.formats import chat
from llmaudit.formats.base import Context, Format
from llmaudit.formats.filling import fill_cost, labels_of, with_upstream
from llmaudit.formats.values import HTTP_ERROR, Count, after, epoch, error_class, or_none, stated_tier, utc
from llmaudit.request import Ignored, Reject, Request

HttpStatus = Annotated[int, msgspec.Meta(ge=100, le=599)]
AttemptNumber = Annotated[int, msgspec.Meta(ge=0, le=1_000_000)]


class PromptDetails(msgspec.Struct, gc=False, omit_defaults=True):
    """Parts of the prompt count."""

    cached_tokens: Count = None
    cache_write_tokens: Count = None
    audio_tokens: Count = None


class CompletionDetails(msgspec.Struct, gc=False, omit_defaults=True):
    """Parts of the completion count."""

    reasoning_tokens: Count = None
    audio_tokens: Count = None


class CostDetails(msgspec.Struct, gc=False, omit_defaults=True):
    """What the gateway paid upstream, where it says so."""

    upstream_inference_cost: Decimal | None = None


class Usage(msgspec.Struct, gc=False, omit_defaults=True):
    """The usage object, with the cost that some gateways add."""

    prompt_tokens: Count = None
    completion_tokens: Count = None
    total_tokens: Count = None
    prompt_tokens_details: PromptDetails | None = None
    completion_tokens_details: CompletionDetails | None = None
    prompt_cache_hit_tokens: Count = None
    cost: Decimal | None = None
    is_byok: bool | None = None
    cost_details: CostDetails | None = None


class Problem(msgspec.Struct, gc=False):
    """An error object. Its message is not read: it can hold prompt text."""

    type: str | None = None
    code: str | int | None = None


class Choice(msgspec.Struct, gc=False):
    """One answer. Its text is read only where tokens have to be counted, and then dropped."""

    finish_reason: str | None = None
    message: dict[str, Any] | None = None


class Completion(msgspec.Struct, gc=False):
    """A `chat.completion` object."""

    id: str | None = None
    object: str | None = None
    created: float | None = None
    model: str | None = None
    choices: list[Choice] | None = None
    usage: Usage | None = None
    service_tier: str | None = None
    error: Problem | str | None = None


class Asked(msgspec.Struct, gc=False):
    """The request body."""

    model: str | None = None
    messages: list[Any] | None = None
    stream: bool | None = None
    max_tokens: int | None = None
    max_completion_tokens: int | None = None
    response_format: dict[str, Any] | None = None
    tools: list[Any] | None = None
    user: str | None = None
    metadata: dict[str, Any] | None = None


class Exchange(msgspec.Struct, gc=False):
    """One line: a completion with what was logged around it; a bare completion has its own fields at the top."""

    request: Asked | None = None
    response: Completion | None = None
    error: Problem | str | None = None
    id: str | None = None
    timestamp: datetime | None = None
    base_url: str | None = None
    endpoint: str | None = None
    latency_ms: float | None = None
    ttft_ms: float | None = None
    status: HttpStatus | None = None
    call_id: str | None = None
    attempt: AttemptNumber | None = None
    object: str | None = None
    created: float | None = None
    model: str | None = None
    choices: list[Choice] | None = None
    usage: Usage | None = None
    service_tier: str | None = None


def convert(line: Exchange, context: Context) -> Request | Ignored:
    """Return the request of one exchange."""
    answer = line.response or _bare(line)
    if answer.object == "chat.completion.chunk":
        return Ignored("stream chunk: its completion is not in the line")
    if line.request is None and answer.model is None and line.error is None:
        raise Reject("missing-field", "response")
    asked = line.request or Asked()
    about = asked.metadata or {}
    labels = labels_of(about)
    started = utc(line.timestamp, "timestamp") or epoch(answer.created, "created")
    request = Request(
        request_id=line.id or answer.id,
        response_id=answer.id,
        call_id=line.call_id,
        session_id=_word(about, "session_id"),
        trace_id=_word(about, "trace_id"),
        attempt=line.attempt,
        started_at=started,
        ended_at=after(started, line.latency_ms, "latency_ms"),
        first_token_at=after(started, line.ttft_ms, "ttft_ms"),
        gateway=urlsplit(line.base_url).hostname if line.base_url else None,
        model_raw=answer.model or asked.model,
        model_requested=asked.model,
        model_served=answer.model,
        endpoint=line.endpoint,
        service_tier=answer.service_tier,
        is_streamed=asked.stream,
        http_status=line.status,
        finish_reason=answer.choices[0].finish_reason if answer.choices else None,
        user_id=asked.user,
        team=_word(about, "team"),
        feature=_word(about, "feature"),
        tags=msgspec.json.encode(labels).decode() if labels else None,
        stated_tier=stated_tier(about.get("tier")),
        max_output_tokens=usage.limit(asked.max_completion_tokens or asked.max_tokens),
    )
    _fill_status(request, line, answer)
    _fill_usage(request, answer.usage)
    _fill_prompt(request, asked, answer, context)
    return request


def _bare(line: Exchange) -> Completion:
    return Completion(
        id=line.id,
        object=line.object,
        created=line.created,
        model=line.model,
        choices=line.choices,
        usage=line.usage,
        service_tier=line.service_tier,
    )


def _word(about: dict[str, Any], key: str) -> str | None:
    """Return a metadata value as text; a nested value is no name."""
    value = about.get(key)
    return or_none(str(value)) if isinstance(value, str | int) else None


def _fill_status(request: Request, line: Exchange, answer: Completion) -> None:
    """Mark a failure. Some proxies answer 200 with an error object in place of the completion."""
    error = line.error or answer.error
    if error is None and (line.status or 0) < HTTP_ERROR:
        return
    problem = error if isinstance(error, Problem) else Problem(type=error)
    request.status = "error"
    request.error_class = error_class(line.status, f"{problem.type or ''} {problem.code or ''}")


def _fill_usage(request: Request, used: Usage | None) -> None:
    if used is None:
        return
    prompt = used.prompt_tokens_details or PromptDetails()
    completion = used.completion_tokens_details or CompletionDetails()
    usage.openai(
        request,
        prompt=used.prompt_tokens,
        completion=_completion(used),
        cached=used.prompt_cache_hit_tokens if prompt.cached_tokens is None else prompt.cached_tokens,
        written=prompt.cache_write_tokens,
        reasoning=completion.reasoning_tokens,
    )
    usage.fill_parts(request, input_audio=prompt.audio_tokens, output_audio=completion.audio_tokens)
    request.raw_usage = msgspec.json.encode(used).decode()
    fill_cost(request, _billed(used), "usage.cost")


def _completion(used: Usage) -> Count:
    """Return the completion count, reasoning included.

    An embedding has none, and its total then says that there was no output. Some hosts (xAI, and relays of it) count
    reasoning beside the completion; the record's own total then says so.
    """
    prompt, completion, total = used.prompt_tokens, used.completion_tokens, used.total_tokens
    if completion is None or prompt is None:
        return 0 if completion is None and prompt is not None and total == prompt else completion
    thought = used.completion_tokens_details.reasoning_tokens if used.completion_tokens_details else None
    return completion + thought if thought and total == prompt + completion + thought else completion


def _billed(used: Usage) -> Decimal | None:
    upstream = used.cost_details.upstream_inference_cost if used.cost_details else None
    return with_upstream(used.cost, upstream, is_byok=used.is_byok)


def _fill_prompt(request: Request, asked: Asked, answer: Completion, context: Context) -> None:
    turns = chat.describe(request, asked.messages, context)
    if asked.messages is not None:
        request.needs_tools = bool(asked.tools)
        request.needs_json = bool(asked.response_format) and asked.response_format != {"type": "text"}
    told = "".join(str((choice.message or {}).get("content") or "") for choice in answer.choices or ())
    if request.usage_status == "missing" and request.status == "ok" and answer.choices:
        chat.estimate(request, turns, told, context)
    chat.keep(request, turns, told or None, context)


FORMAT = Format(
    name="openai_compatible",
    title="OpenAI-compatible request and response lines",
    marks=(
        "request.messages",
        "request.model",
        "response.choices",
        "response.usage",
        "response.object",
        "response.created",
        "choices",
        "usage.prompt_tokens",
        "object",
        "created",
    ),
    record=Exchange,
    convert=convert,
    semantics=(
        "prompt_tokens includes cached reads and cache writes; completion_tokens includes reasoning. usage.cost, where "
        "a gateway adds it, is US dollars; with the user's own key it is the gateway's fee and the upstream cost is "
        "added. A stream without usage is counted offline from its text and marked estimated. created is Unix seconds."
    ),
    about=(
        'One line per exchange: `{"request": {…}, "response": {…}, "error": …}`, or the bare `chat.completion` '
        "object. Around them, where you log it: `id`, `timestamp`, `base_url`, `endpoint`, `latency_ms`, `ttft_ms`, "
        "`status`, `call_id`, `attempt`. The gateway is the host of `base_url`. Feature, team, session and tier come "
        "from `request.metadata` (`feature`, `team`, `session_id`, `tier`). The message of an error is not read: it "
        "can hold prompt text."
    ),
    traps=(
        (
            "a stream without `usage`",
            "counted offline from its text and marked estimated, if the answer was good and its text is there",
        ),
        (
            "stream chunks in the log",
            "ignored: their completion is not in the line",
        ),
        (
            "DeepSeek's `prompt_cache_hit_tokens`",
            "read if `cached_tokens` is missing",
        ),
        (
            "`usage.cost` with the user's own key is only the gateway's fee",
            "with `is_byok`, the upstream cost is added; if it is not stated, the amount is unknown",
        ),
        (
            "some proxies answer 200 with an error object instead of a completion",
            "counted as a failure",
        ),
        (
            "an embedding has no `completion_tokens`",
            "no output, if its total equals its prompt",
        ),
        (
            "`metadata` can hold text",
            "a nested value, or one longer than 200 characters, is not kept",
        ),
        (
            "a failure may still be billed",
            "the amount in `usage.cost` counts, whatever the status",
        ),
        (
            "whole numbers written as `23.0`",
            "taken; `23.5` is rejected",
        ),
    ),
)
