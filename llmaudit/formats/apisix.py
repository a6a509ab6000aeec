"""APISIX: access logs and logger plugins with the variables of its ai-proxy."""

from __future__ import annotations

from typing import Any

import msgspec

from llmaudit import usage
from llmaudit.formats import chat
from llmaudit.formats.access_logs import without_query
from llmaudit.formats.base import Context, Format
from llmaudit.formats.filling import fill_status, number, whole
from llmaudit.formats.nginx_json import ended_at, started_at
from llmaudit.formats.values import after, as_flag, as_text, object_in, or_none
from llmaudit.request import Ignored, Reject, Request

Number = int | float | str | None
_FLAGS = {"true": True, "1": True, "false": False, "0": False, "ai_stream": True, "ai_chat": False}
NO_MODEL = {None, "", "-"}


class Summary(msgspec.Struct, gc=False):
    """What a logger plugin says about a call. `duration` is the time to the first token, not a duration."""

    model: str | None = None
    duration: Number = None
    prompt_tokens: Number = None
    completion_tokens: Number = None


class Line(msgspec.Struct, gc=False):
    """One line: variables as text, or an entry of a logger plugin."""

    status: Number = None
    request_type: str | None = None
    request_llm_model: str | None = None
    llm_model: str | None = None
    llm_prompt_tokens: Number = None
    llm_completion_tokens: Number = None
    llm_total_tokens: Number = None
    llm_cache_read_input_tokens: Number = None
    llm_cache_creation_input_tokens: Number = None
    llm_reasoning_tokens: Number = None
    llm_time_to_first_token: Number = None
    llm_stream: str | bool | None = None
    llm_end_user_id: str | None = None
    time_local: str | None = None
    time_iso8601: str | None = None
    msec: Number = None
    request_time: Number = None
    request_id: str | None = None
    uri: str | None = None
    route_id: str | None = None
    start_time: int | float | None = None
    latency: Number = None
    llm_summary: Summary | None = None
    llm_request: dict[str, Any] | str | None = None
    request: dict[str, Any] | str | None = None
    response: dict[str, Any] | None = None


def convert(line: Line, context: Context) -> Request | Ignored:
    """Return the request of one line."""
    told, asked = line.llm_summary or Summary(), object_in(line.llm_request)
    served = or_none(told.model) or _word(line.llm_model)
    requested = _word(line.request_llm_model) or as_text(asked.get("model")) or served
    if line.request_type == "traditional_http" or (served is None and requested is None):
        return Ignored("call without a model")
    request = Request(
        request_id=_word(line.request_id),
        gateway="apisix",
        model_raw=served or requested,
        model_requested=requested,
        model_served=served,
        endpoint=_endpoint(line),
        is_streamed=_streamed(line, asked),
        user_id=_word(line.llm_end_user_id),
        feature=_word(line.route_id),
    )
    _fill_times(request, line, told, context)
    status = line.status if line.status is not None else object_in(line.response).get("status")
    code = whole(status, "status") if isinstance(status, int | str) else None
    fill_status(request, int(code) if code is not None else None)
    usage.passed_through(request, _reading(line, told), provider=None, model=served or requested)
    if request.status == "error":
        usage.not_counted(request)
    chat.fill_prompt(request, asked.get("messages"), context)
    return request


def _reading(line: Line, told: Summary) -> usage.Reading:
    read, written = line.llm_cache_read_input_tokens, line.llm_cache_creation_input_tokens
    return usage.Reading(
        whole(_first(line.llm_prompt_tokens, told.prompt_tokens), "llm_prompt_tokens"),
        whole(_first(line.llm_completion_tokens, told.completion_tokens), "llm_completion_tokens"),
        whole(line.llm_total_tokens, "llm_total_tokens"),
        whole(read, "llm_cache_read_input_tokens"),
        whole(written, "llm_cache_creation_input_tokens"),
        whole(line.llm_reasoning_tokens, "llm_reasoning_tokens"),
    )


def _first(one: Number, other: Number) -> Number:
    return other if one is None else one


def _word(text: str | None) -> str | None:
    return None if text in NO_MODEL else text


def _streamed(line: Line, asked: dict[str, Any]) -> bool | None:
    if isinstance(line.llm_stream, bool):
        return line.llm_stream
    found = _FLAGS.get((line.llm_stream or "").lower(), _FLAGS.get(line.request_type or ""))
    return as_flag(asked.get("stream")) if found is None else found


def _endpoint(line: Line) -> str | None:
    if isinstance(line.request, dict):
        path = as_text(line.request.get("uri"))
    else:
        path = line.uri or next(iter((line.request or "").split(" ")[1:2]), None)
    return without_query(path) if path else None


def _fill_times(request: Request, line: Line, told: Summary, context: Context) -> None:
    """An access log is dated by its end and counts seconds; a logger plugin by its start, in milliseconds."""
    if line.start_time is not None:
        request.started_at = context.epoch(line.start_time, "start_time")
        request.ended_at = after(request.started_at, number(line.latency, "latency"), "latency")
    else:
        ended, taken = ended_at(line), number(line.request_time, "request_time")
        request.started_at = started_at(ended, taken)
        request.ended_at = None if taken is None else ended
    if request.started_at is None:
        raise Reject("missing-field", "start_time")
    first = number(line.llm_time_to_first_token, "llm_time_to_first_token")
    first = number(told.duration, "llm_summary.duration") if first is None else first
    if first and request.is_streamed:
        request.first_token_at = after(request.started_at, first, "llm_time_to_first_token")


FORMAT = Format(
    name="apisix",
    title="APISIX ai-proxy logs",
    marks=(
        "llm_model",
        "request_llm_model",
        "llm_prompt_tokens",
        "llm_completion_tokens",
        "llm_time_to_first_token",
        "request_type",
        "apisix_upstream_response_time",
        "llm_summary",
        "llm_summary.prompt_tokens",
        "llm_summary.duration",
        "llm_request",
    ),
    beats=("nginx_json", "openai_compatible"),
    record=Line,
    convert=convert,
    epochs=("start_time",),
    semantics=(
        "Counts are the provider's own: OpenAI's prompt includes cached tokens, Anthropic's leaves them out "
        "(recognised by the model's name). Access logs are dated by their end, in seconds; entries of logger "
        "plugins by their start, in milliseconds. llm_time_to_first_token and llm_summary.duration are both the "
        "milliseconds to the first token."
    ),
    verified="Variables and entries from APISIX's source at f519a0f; one published line.",
    about=(
        "JSON access logs with the variables of `ai-proxy`, and entries of logger plugins with `llm_summary`. The "
        "feature is the route."
    ),
    traps=(
        ("values are text, with `-` or an empty text for no value", "read; they mean unknown, not 0"),
        ("`llm_summary.duration` is the time to the first token", "read as that"),
        ("lines of other routes are in the same log", "ignored (`traditional_http`, or no model)"),
        ("one call with retries is one line", "one request"),
    ),
)
