"""Calls logged as HTTP exchanges: a request's body and a response's body in one line, whatever proxy wrote them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from llmaudit.formats import answers, chat
from llmaudit.formats.base import Context, Format
from llmaudit.formats.filling import fill_labels, fill_status, moment
from llmaudit.formats.values import after, as_flag, as_text, object_in
from llmaudit.request import Reject, Request

OTHERS = ("custom_id", "schemaType", "category", "_id")
"""Keys of logs that hold such bodies too and are known by name."""


class Asked(msgspec.Struct, gc=False):
    """The request."""

    body: dict[str, Any] | str | None = None
    url: str | None = None
    path: str | None = None


class Answered(msgspec.Struct, gc=False):
    """The response."""

    body: Any = None
    status_code: int | None = None
    status: int | None = None


class Exchange(msgspec.Struct, gc=False):
    """One exchange."""

    response: Answered
    request: Asked | None = None
    body: dict[str, Any] | str | None = None
    id: str | None = None
    url: str | None = None
    timestamp: float | datetime | None = None
    created_at: float | datetime | None = None
    latency_ms: float | None = None
    duration_ms: float | None = None


def convert(line: Exchange, context: Context) -> Request:
    """Return the request of one exchange."""
    sent = line.request or Asked(body=line.body, url=line.url)
    body = object_in(sent.body)
    answer = answers.answer_in(line.response.body) or answers.Answer()
    if not body and answer.model is None:
        raise Reject("missing-field", "response.body")
    key = "created_at" if line.timestamp is None else "timestamp"
    when = line.created_at if line.timestamp is None else line.timestamp
    started = moment(when, key) if isinstance(when, datetime) else context.epoch(when, key)
    taken = line.duration_ms if line.latency_ms is None else line.latency_ms
    asked = as_text(body.get("model"))
    request = Request(
        request_id=line.id or answer.id,
        response_id=answer.id,
        started_at=started,
        ended_at=after(started, taken, "latency_ms"),
        model_raw=answer.model or asked,
        model_requested=asked,
        model_served=answer.model,
        endpoint=(sent.path or sent.url or "").partition("?")[0] or None,
        is_streamed=as_flag(body.get("stream")),
        finish_reason=answer.finish,
        user_id=as_text(body.get("user")),
    )
    code = line.response.status if line.response.status_code is None else line.response.status_code
    has_failed = isinstance(line.response.body, dict) and line.response.body.get("error") is not None
    fill_status(request, code, failed=True if has_failed else None)
    answers.fill_tier(request, answer)
    if answer.usage is not None:
        answers.fill_usage(request, answer.usage)
    fill_labels(request, object_in(body.get("metadata")))
    chat.fill_prompt(request, body.get("messages"), context)
    return request


def _is_exchange(record: dict[str, Any]) -> bool:
    response = record.get("response")
    return isinstance(response, dict) and "body" in response and not any(key in record for key in OTHERS)


FORMAT = Format(
    name="http_exchange",
    title="HTTP exchanges with request and response bodies",
    marks=(
        "request",
        "response",
        "body",
        "response.body",
        "response.body.usage",
        "response.body.model",
        "response.body.choices",
        "request.body",
        "request.body.model",
        "request.body.messages",
        "body.model",
        "body.messages",
    ),
    needs=("response", "response.body"),
    says=_is_exchange,
    record=Exchange,
    convert=convert,
    epochs=("timestamp", "created_at"),
    semantics=(
        "The answer's own usage object, by the names it uses: OpenAI's counts include cached tokens and reasoning, "
        "Anthropic's input leaves cached tokens out. An answer that is a captured stream is read to its last usage."
    ),
    verified="A shape that home-made proxies write; the bodies are those of `openai_compatible` and Anthropic's API.",
    about=(
        '`{"request": {"body": …}, "response": {"status_code": …, "body": …}}` or `{"body": …, "response": {"body":'
        " …}}`, with `id`, `timestamp` (or `created_at`) and `latency_ms` (or `duration_ms`) where you log them. "
        "Bodies may be objects or JSON text."
    ),
    traps=(
        ("an error object with status 200", "a failure all the same"),
        ("a body that was cut off", "usage is missing, not zero"),
    ),
)
