"""Portkey: the log files that a self-hosted gateway writes to a blob store, one object per call."""

from __future__ import annotations

from typing import Any

import msgspec

from llmaudit.formats import answers, chat
from llmaudit.formats.base import Context, Format
from llmaudit.formats.filling import fill_gateway_cache, fill_labels, fill_status
from llmaudit.formats.values import JsonCell, after, as_flag, as_text, object_in, or_none, text_time
from llmaudit.request import Request


class Asked(msgspec.Struct, gc=False):
    """The request as it went out."""

    url: str | None = None
    body: JsonCell = None
    portkeyHeaders: dict[str, Any] | None = None


class Answered(msgspec.Struct, gc=False):
    """The response as it came back."""

    status: int | None = None
    headers: dict[str, Any] | None = None
    body: Any = None
    responseTime: float | None = None


class Log(msgspec.Struct, gc=False):
    """One log file."""

    id: str = msgspec.field(name="_id")
    created_at: str
    request: Asked
    response: Answered


def convert(log: Log, context: Context) -> Request:
    """Return the request of one log file."""
    started = text_time(log.created_at, "created_at")
    body = object_in(log.request.body)
    sent = {key.lower(): value for key, value in (log.request.portkeyHeaders or {}).items()}
    back = {key.lower(): value for key, value in (log.response.headers or {}).items()}
    answer = answers.answer_in(log.response.body) or answers.Answer()
    request = Request(
        request_id=log.id,
        response_id=answer.id,
        trace_id=as_text(back.get("x-portkey-trace-id")),
        started_at=started,
        ended_at=after(started, log.response.responseTime, "response.responseTime"),
        gateway="portkey",
        seller=as_text(sent.get("x-portkey-provider")) or as_text(back.get("x-portkey-provider")),
        model_raw=or_none(answer.model) or as_text(body.get("model")),
        model_requested=as_text(body.get("model")),
        model_served=or_none(answer.model),
        endpoint=or_none(log.request.url),
        is_streamed=as_flag(body.get("stream")),
        finish_reason=answer.finish,
    )
    fill_status(request, log.response.status)
    answers.fill_tier(request, answer)
    if answer.usage is not None:
        answers.fill_usage(request, answer.usage)
    fill_labels(request, object_in(sent.get("x-portkey-metadata")))
    chat.fill_prompt(request, body.get("messages"), context)
    fill_gateway_cache(request, hit="hit" in (as_text(back.get("x-portkey-cache-status")) or "").lower())
    return request


FORMAT = Format(
    name="portkey_blob",
    title="Portkey gateway log files",
    marks=(
        "_id",
        "organisation_id",
        "request.portkeyHeaders",
        "response.responseTime",
        "response.lastUsedOptionJsonPath",
        "request.url",
        "response.headers",
    ),
    needs=("_id", "created_at", "request", "response", "response.responseTime"),
    record=Log,
    convert=convert,
    beats=("openai_compatible",),
    semantics=(
        "The usage object of the answer's body, by the names that the provider uses: OpenAI's counts include cached "
        "tokens, Anthropic's leave them out. There is no amount in these files."
    ),
    verified="Keys from a published sample file; no real store seen.",
    about=(
        "The objects that a self-hosted gateway writes to its log store (S3, GCS, Azure, MinIO), one JSON object each."
    ),
    traps=(
        ("retries are inside one file", "the file is one request; how many there were is only in a header"),
        ("fields can be denied by configuration", "an answer without its body has no usage: missing, not zero"),
    ),
)
