"""Cohere: chat, embed and rerank responses, whose billed units and tokens are two counts."""

from __future__ import annotations

from typing import Any

import msgspec

from llmaudit import usage
from llmaudit.formats import chat
from llmaudit.formats.base import Context, Format
from llmaudit.formats.values import Count, after, text_time
from llmaudit.request import Reject, Request


class Units(msgspec.Struct, gc=False, omit_defaults=True):
    """What is billed."""

    input_tokens: Count = None
    output_tokens: Count = None
    search_units: Count = None
    classifications: Count = None


class Tokens(msgspec.Struct, gc=False, omit_defaults=True):
    """What the model saw, the template around the messages included."""

    input_tokens: Count = None
    output_tokens: Count = None


class Usage(msgspec.Struct, gc=False, omit_defaults=True):
    """The usage object of version 2, and `meta` of version 1."""

    billed_units: Units | None = None
    tokens: Tokens | None = None
    cached_tokens: Count = None


class Answer(msgspec.Struct, gc=False):
    """A response."""

    id: str | None = None
    generation_id: str | None = None
    finish_reason: str | None = None
    model: str | None = None
    usage: Usage | None = None
    meta: Usage | None = None


class Asked(msgspec.Struct, gc=False):
    """The request body."""

    model: str | None = None
    messages: list[Any] | None = None
    stream: bool | None = None


class Exchange(Answer, gc=False):
    """One line: a response, or a request with its response."""

    request: Asked | None = None
    response: Answer | None = None
    timestamp: str | None = None
    latency_ms: float | None = None


def convert(line: Exchange, context: Context) -> Request:
    """Return the request of one response."""
    answer, asked = line.response or line, line.request or Asked()
    used = answer.usage or answer.meta
    if used is None:
        raise Reject("missing-field", "usage")
    started = text_time(line.timestamp, "timestamp")
    request = Request(
        request_id=answer.id or answer.generation_id,
        response_id=answer.id or answer.generation_id,
        started_at=started,
        ended_at=after(started, line.latency_ms, "latency_ms"),
        seller="cohere",
        model_raw=answer.model or asked.model,
        model_requested=asked.model,
        model_served=answer.model,
        is_streamed=asked.stream,
        finish_reason=answer.finish_reason,
        raw_usage=msgspec.json.encode(used).decode(),
    )
    billed = used.billed_units or Units()
    output = billed.output_tokens
    if output is None and billed.input_tokens is not None:
        output = 0  # an embedding
    # The cache is a part of `tokens`, not of what is billed: how it is billed is documented nowhere.
    usage.openai(request, prompt=billed.input_tokens, completion=output)
    if request.usage_status == "reported":
        usage.unsplit(request)
    chat.fill_prompt(request, asked.messages, context)
    return request


FORMAT = Format(
    name="cohere",
    title="Cohere responses",
    marks=(
        "usage.billed_units",
        "usage.tokens",
        "usage.cached_tokens",
        "usage.billed_units.input_tokens",
        "meta.billed_units",
        "meta.billed_units.input_tokens",
        "meta.api_version",
        "response.usage.billed_units",
        "response.usage.tokens",
        "response.meta.billed_units",
        "finish_reason",
        "response.finish_reason",
        "id",
        "response.id",
    ),
    says=lambda record: any(
        isinstance(holder, dict) and isinstance(holder.get(name), dict) and "billed_units" in holder[name]
        for holder in (record, record.get("response"))
        for name in ("usage", "meta")
    ),
    beats=("openai_compatible", "hosted_chat"),
    record=Exchange,
    convert=convert,
    semantics=(
        "There are two counts: billed_units is what is priced (41 in a recorded call of 1,441 tokens), tokens is "
        "what the model saw. The counters are the billed ones; cached_tokens belongs to tokens, so the cached "
        "share of what is billed is unknown. Counts are floats."
    ),
    verified="Recorded chat responses of version 2. Embed and rerank: the SDK alone.",
    about=(
        'Responses, one per line, or `{"request": …, "response": …}` with `timestamp` and `latency_ms` if you log '
        "them; a response names no model and no time, the request names the model."
    ),
    traps=(
        ("`tokens` is many times larger than what is billed", "`billed_units` counts; `raw_usage` keeps both"),
        ("a rerank is billed by search units", "no tokens: usage is missing, the units are in `raw_usage`"),
    ),
)
