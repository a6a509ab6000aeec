"""Anthropic's Messages API: message objects, beside their request or alone, with what each iteration used."""

from __future__ import annotations

from typing import Any

import msgspec

from llmaudit import usage
from llmaudit.formats import chat
from llmaudit.formats.base import Context, Format
from llmaudit.formats.sellers import region_of
from llmaudit.formats.values import Count, after, error_class, text_time
from llmaudit.request import Reject, Request

BESIDE = {"compaction", "advisor_message"}
"""Iterations whose tokens are not in the message's own counts and are billed at their own model's price."""


CLOUD_IDS = {"msg_bdrk_": "bedrock", "msg_vrtx_": "vertex"}
"""How the ids of messages that clouds served begin."""


class CacheCreation(msgspec.Struct, gc=False, omit_defaults=True):
    """Cache writes by lifetime."""

    ephemeral_5m_input_tokens: Count = None
    ephemeral_1h_input_tokens: Count = None


class OutputDetails(msgspec.Struct, gc=False, omit_defaults=True):
    """Parts of the output count."""

    thinking_tokens: Count = None


class ServerTools(msgspec.Struct, gc=False, omit_defaults=True):
    """Calls of tools that Anthropic runs and bills."""

    web_search_requests: Count = None
    web_fetch_requests: Count = None


class Iteration(msgspec.Struct, gc=False, omit_defaults=True):
    """What one step inside a call used."""

    type: str | None = None
    model: str | None = None
    input_tokens: Count = None
    output_tokens: Count = None
    cache_read_input_tokens: Count = None
    cache_creation_input_tokens: Count = None
    cache_creation: CacheCreation | None = None


class Usage(msgspec.Struct, gc=False, omit_defaults=True):
    """The usage object."""

    input_tokens: Count = None
    output_tokens: Count = None
    cache_read_input_tokens: Count = None
    cache_creation_input_tokens: Count = None
    cache_creation: CacheCreation | None = None
    output_tokens_details: OutputDetails | None = None
    server_tool_use: ServerTools | None = None
    service_tier: str | None = None
    speed: str | None = None
    inference_geo: str | None = None
    iterations: list[Iteration] | None = None


class Problem(msgspec.Struct, gc=False):
    """An error, without its message."""

    type: str | None = None


class Message(msgspec.Struct, gc=False):
    """A `message` object. Its content is not read."""

    id: str | None = None
    type: str | None = None
    model: str | None = None
    stop_reason: str | None = None
    usage: Usage | None = None
    error: Problem | None = None
    request_id: str | None = None


class Asked(msgspec.Struct, gc=False):
    """The request body."""

    model: str | None = None
    messages: list[Any] | None = None
    system: Any = None
    max_tokens: int | None = None
    stream: bool | None = None
    tools: list[Any] | None = None
    metadata: dict[str, Any] | None = None


class Exchange(Message, gc=False):
    """One line: a message, or a request with its message."""

    request: Asked | None = None
    response: Message | None = None
    timestamp: str | None = None
    latency_ms: float | None = None


def convert(line: Exchange, context: Context) -> list[Request]:
    """Return the request of a message, and one for each iteration whose tokens are counted beside the message's own."""
    answer, asked = line.response or line, line.request or Asked()
    if answer.id is None and answer.error is None:
        raise Reject("missing-field", "id")
    started = text_time(line.timestamp, "timestamp")
    request = request_of(answer)
    request.started_at = started
    request.ended_at = after(started, line.latency_ms, "latency_ms")
    request.model_requested = asked.model
    request.model_raw = answer.model or asked.model
    request.is_streamed = asked.stream
    request.max_output_tokens = asked.max_tokens
    request.needs_tools = None if asked.messages is None else bool(asked.tools)
    chat.label(request, asked.metadata or {})
    chat.fill_prompt(request, _messages(asked), context)
    return [request, *iterations_of(request, answer.usage)]


def request_of(message: Message) -> Request:
    """Return what a message object says about its call. It has no time: the body never has one."""
    used = message.usage or Usage()
    request = Request(
        request_id=message.id or message.request_id,
        response_id=message.id,
        trace_id=message.request_id,
        seller=seller_of_message(message.id, message.model),
        model_raw=message.model,
        model_served=message.model,
        endpoint="messages",
        region_class=region_of_message(message.id, used.inference_geo),
        service_tier=used.speed if used.speed == "fast" else used.service_tier,
        is_batch=None if used.service_tier is None else used.service_tier == "batch",
        finish_reason=message.stop_reason,
        web_searches=usage.checked("web_search_requests", used.server_tool_use.web_search_requests)
        if used.server_tool_use
        else None,
    )
    if request.is_batch:
        request.service_tier = None  # it is the batch price, not a tier of its own
    if message.error is not None:
        request.status, request.error_class = "error", error_class(None, message.error.type or "")
    if message.usage is not None:
        fill(request, message.usage)
        request.raw_usage = msgspec.json.encode(message.usage).decode()
    return request


def seller_of_message(identifier: str | None, model: str | None) -> str | None:
    """Return who served a message: clouds mark their ids; other makers' models come from hosts that copy the API."""
    marked = next((seller for mark, seller in CLOUD_IDS.items() if (identifier or "").startswith(mark)), None)
    return marked or (None if model and "claude" not in model.lower() else "anthropic")


def region_of_message(identifier: str | None, geo: str | None) -> str | None:
    """Return where a message was answered; of a cloud's it is not known: the word is Anthropic's, for its own price."""
    return None if (identifier or "").startswith(tuple(CLOUD_IDS)) else region_of(geo)


def fill(request: Request, used: Usage | Iteration) -> None:
    """Fill the counters of a request from a usage object or one iteration's part of it."""
    written = used.cache_creation or CacheCreation()
    details = used.output_tokens_details if isinstance(used, Usage) else None
    usage.anthropic(
        request,
        uncached=used.input_tokens,
        output=used.output_tokens,
        read=used.cache_read_input_tokens,
        written=used.cache_creation_input_tokens,
        written_5m=written.ephemeral_5m_input_tokens,
        written_1h=written.ephemeral_1h_input_tokens,
        thinking=details.thinking_tokens if details else None,
    )


def iterations_of(call: Request, used: Usage | None) -> list[Request]:
    """Return a request for each iteration whose tokens are in no count of the message itself.

    A compaction reads the whole history, an advisor is another model; both are left out of the message's own counts
    (a recorded call of 220 input tokens holds a compaction of 55,196). They are calls of their own under the same
    `call_id`, with the message's id and their place as the id.
    """
    found = []
    beside = BESIDE | {"fallback_message"} if used is not None and _leaves_fallback_out(used) else BESIDE
    for number, each in enumerate((used.iterations if used else None) or ()):
        if each.type not in beside:
            continue
        part = msgspec.structs.replace(call)
        part.request_id = f"{call.request_id}#{number}"
        part.response_id = None  # the message's: other systems that name it tell of the message
        part.call_id = call.call_id or call.request_id
        part.endpoint = f"messages/{each.type}"
        part.model_raw = part.model_served = each.model or call.model_served
        part.model_requested = each.model or call.model_requested
        part.web_searches = part.finish_reason = part.prompt_hash = part.template_hash = None
        part.prompt_chars = part.system_chars = part.prompt_turns = part.reasoning_tokens = None
        fill(part, each)
        part.raw_usage = msgspec.json.encode(each).decode()
        found.append(part)
    if found and call.call_id is None:
        call.call_id = call.request_id
    return found


def _leaves_fallback_out(used: Usage) -> bool:
    """Say whether a message's own counts are those of its `message` iterations alone.

    Whether a fallback to another model is inside them is documented nowhere, so each record's own numbers say it.
    """
    own = [each for each in used.iterations or () if each.type == "message"]
    return bool(own) and all(
        sum(getattr(each, name) or 0 for each in own) == getattr(used, name)
        for name in ("input_tokens", "output_tokens")
    )


def _messages(asked: Asked) -> list[Any] | None:
    if asked.messages is None or not asked.system:
        return asked.messages
    return [{"role": "system", "content": asked.system}, *asked.messages]


def is_message(record: dict[str, Any]) -> bool:
    """Say whether a decoded record is a message object, or holds one under `response`."""
    answers = (record, record.get("response"))
    return any(isinstance(each, dict) and each.get("type") == "message" and "usage" in each for each in answers)


FORMAT = Format(
    name="anthropic_messages",
    title="Anthropic Messages API",
    marks=(
        "stop_reason",
        "usage.cache_read_input_tokens",
        "usage.cache_creation_input_tokens",
        "usage.input_tokens",
        "usage.server_tool_use",
        "usage.inference_geo",
        "usage.iterations",
        "response.stop_reason",
        "response.usage",
        "response.content",
        "role",
        "type",
        "id",
        "response.type",
        "response.id",
    ),
    says=is_message,
    beats=("openai_compatible",),
    record=Exchange,
    convert=convert,
    semantics=(
        "input_tokens excludes cache reads and writes; output_tokens includes thinking; 5-minute and 1-hour writes "
        "sum up to cache_creation_input_tokens (304 of 304 recorded objects). Compactions, advisors and fallbacks "
        "under usage.iterations are in none of these counts and become separate requests. server_tool_use counts "
        "the searches that are billed in addition to the tokens."
    ),
    verified="Recorded objects and SDK 2.12.0; the fallback iteration: the SDK's types alone.",
    about=(
        'Message objects, one per line or in a list, or `{"request": …, "response": …}`, with `timestamp` (ISO) '
        "and `latency_ms` if you log them. A message itself has no time, and without one it cannot be priced, "
        "unless `--assume-time` gives one."
    ),
    traps=(
        ("a body has no timestamp", "log it beside the body as `timestamp`, or name one with `--assume-time`"),
        (
            "`usage.iterations` holds tokens that the top-level counts leave out",
            "one more request for each, at its own model's price, under the same `call_id`",
        ),
        (
            "cache writes without their split by lifetime",
            "the remainder is `cache_write_other_tokens` and priced as a range",
        ),
        (
            "clouds and other hosts write the same object",
            "ids marked `msg_bdrk_` and `msg_vrtx_` are Bedrock's and Vertex'; models of other providers get no seller",
        ),
        ("`service_tier` says `batch`", "the batch price"),
        ("fast mode is not a service tier but `speed`", "`speed: fast` is kept as the tier that served the call"),
    ),
)
