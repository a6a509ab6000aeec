"""One line of Brightrelay's log: the request as sent, the chat.completion (or error) that came back."""

import random
from typing import NamedTuple

from .clock import SECOND, iso_z
from .ids import base62, hexadecimal
from .jsontext import Json
from .ledger import Request, plain
from .prices import Usage
from .story import OK, RATE_LIMITED, SERVER_ERROR, STREAM_CUT, TIMEOUT, Attempt
from .texts import FeatureText, Filled

BASE_URL = "https://api.brightrelay.example/v1"
ERRORS: dict[str, tuple[tuple[int, ...], str, str, str]] = {
    RATE_LIMITED: ((429,), "Rate limit reached, retry later", "rate_limit_error", "rate_limit_exceeded"),
    SERVER_ERROR: ((500, 502, 503), "The upstream provider returned an error", "server_error", "upstream_error"),
    TIMEOUT: ((504,), "No complete answer within 30 s", "timeout", "upstream_timeout"),
    STREAM_CUT: ((200,), "The stream ended before [DONE]", "stream_interrupted", "upstream_disconnect"),
}
"""HTTP status, message, type and code of a failed attempt (a stream had begun with 200 before it was cut)."""


class Exchange(NamedTuple):
    """One attempt with everything that is needed to write it down."""

    request: Request
    attempt: Attempt
    text: FeatureText
    filled: Filled
    reply: str
    speaker: tuple[str, str]
    max_tokens: int | None
    streamed: bool
    unmetered: bool


def line(rng: random.Random, exchange: Exchange) -> dict[str, Json]:
    """The line as a mapping in the gateway's key order."""
    attempt = exchange.attempt
    status, error = _outcome(rng, exchange)
    responded = attempt.outcome in (OK, STREAM_CUT, TIMEOUT)
    streaming = exchange.streamed and attempt.outcome in (OK, STREAM_CUT)
    return {
        "id": f"brq_{hexadecimal(rng, 20)}",
        "timestamp": iso_z(attempt.start),
        "base_url": BASE_URL,
        "endpoint": "/v1/chat/completions",
        "latency_ms": attempt.duration_ms,
        "ttft_ms": min(attempt.ttft_ms, attempt.duration_ms) if streaming else None,
        "status": status,
        "call_id": exchange.request.call,
        "attempt": attempt.number,
        "request": _request_body(exchange),
        "response": _response_body(rng, exchange) if responded else None,
        "error": error,
    }


def _outcome(rng: random.Random, exchange: Exchange) -> tuple[int, dict[str, Json] | None]:
    if exchange.attempt.outcome == OK:
        return 200, None
    statuses, text, kind, code = ERRORS[exchange.attempt.outcome]
    return rng.choice(statuses), {"message": text, "type": kind, "code": code}


def _request_body(exchange: Exchange) -> dict[str, Json]:
    text, feature = exchange.text, exchange.request.feature
    user, session = exchange.speaker
    output = exchange.request.usage.output if exchange.request.usage else 0
    body: dict[str, Json] = {
        "model": exchange.attempt.model.name,
        "messages": list(exchange.filled.messages),
        "stream": exchange.streamed,
    }
    if exchange.streamed and not exchange.unmetered:
        body["stream_options"] = {"include_usage": True}
    if exchange.max_tokens and output <= exchange.max_tokens:
        body["max_tokens"] = exchange.max_tokens
    if text.schema:
        body["response_format"] = {"type": "json_schema", "json_schema": text.schema}
    if text.tools:
        body["tools"] = list(text.tools)
    metadata: dict[str, Json] = {"feature": feature.name, "team": feature.team, "session_id": session}
    return body | {"user": user, "metadata": metadata}


def _response_body(rng: random.Random, exchange: Exchange) -> dict[str, Json]:
    usage = exchange.request.usage
    return {
        "id": f"chatcmpl-{base62(rng, 24)}",
        "object": "chat.completion",
        "created": exchange.attempt.start // SECOND,
        "model": exchange.attempt.model.short,
        "choices": [] if exchange.attempt.outcome == TIMEOUT else [_choice(rng, exchange)],
        "usage": _usage_body(exchange, usage) if usage else None,
    }


def _choice(rng: random.Random, exchange: Exchange) -> dict[str, Json]:
    message: dict[str, Json] = {"role": "assistant", "content": exchange.reply}
    finish: str | None = "stop" if exchange.attempt.outcome == OK else None
    if exchange.filled.call and finish:
        function: dict[str, Json] = {"name": exchange.filled.call, "arguments": exchange.reply}
        call: dict[str, Json] = {"id": f"call_{base62(rng, 16)}", "type": "function", "function": function}
        message |= {"content": None, "tool_calls": [call]}
        finish = "tool_calls"
    return {"index": 0, "message": message | {"refusal": None}, "finish_reason": finish}


def _usage_body(exchange: Exchange, usage: Usage) -> dict[str, Json]:
    billed = exchange.request.billed
    return {
        "prompt_tokens": usage.prompt,
        "completion_tokens": usage.output,
        "total_tokens": usage.prompt + usage.output,
        "prompt_tokens_details": {"cached_tokens": usage.cache_read},
        "completion_tokens_details": {"reasoning_tokens": usage.reasoning},
        "cost": None if billed is None else plain(billed),
    }
