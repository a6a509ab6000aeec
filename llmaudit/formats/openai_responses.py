"""OpenAI's Responses API: response objects, beside their request or alone, and the events of a stream."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

import msgspec

from llmaudit import usage
from llmaudit.formats import chat
from llmaudit.formats.base import Context, Format
from llmaudit.formats.values import Count, after, as_text, epoch, error_class, or_none, text_time
from llmaudit.request import Ignored, Reject, Request

FINAL = {"response.completed", "response.failed", "response.incomplete", "response.cancelled", "response.done"}
"""Events that hold the whole response, as it ended."""

REALTIME = "realtime.response"
"""What the Realtime API calls a response; it names no model, which only the events of its session do."""

SESSIONS = {"session.created", "session.updated"}
"""Events of the Realtime API that name the model."""


@dataclass
class Sessions:
    """The models that the Realtime sessions of a file have named so far."""

    models: set[str] = field(default_factory=set)

    @property
    def model(self) -> str | None:
        """The model of every session so far; None where they differ: no event says which session it belongs to."""
        return next(iter(self.models)) if len(self.models) == 1 else None


class CachedDetails(msgspec.Struct, gc=False, omit_defaults=True):
    """What the cached tokens of the input were (Realtime API)."""

    audio_tokens: Count = None
    image_tokens: Count = None


class InputDetails(msgspec.Struct, gc=False, omit_defaults=True):
    """Parts of the input count."""

    cached_tokens: Count = None
    cache_write_tokens: Count = None
    audio_tokens: Count = None
    image_tokens: Count = None
    cached_tokens_details: CachedDetails | None = None


class OutputDetails(msgspec.Struct, gc=False, omit_defaults=True):
    """Parts of the output count."""

    reasoning_tokens: Count = None
    audio_tokens: Count = None
    image_tokens: Count = None


class Usage(msgspec.Struct, gc=False, omit_defaults=True):
    """The usage object."""

    input_tokens: Count = None
    output_tokens: Count = None
    total_tokens: Count = None
    input_tokens_details: InputDetails | None = None
    output_tokens_details: OutputDetails | None = None
    input_token_details: InputDetails | None = None
    output_token_details: OutputDetails | None = None
    """The Realtime API leaves the plural out."""


class Searches(msgspec.Struct, gc=False):
    """Server-side searches."""

    num_requests: Count = None


class ToolUsage(msgspec.Struct, gc=False):
    """What tools of the seller were used, beside the tokens."""

    web_search: Searches | None = None


class Problem(msgspec.Struct, gc=False):
    """An error, without its message."""

    code: str | None = None
    type: str | None = None


class Incomplete(msgspec.Struct, gc=False):
    """Why an answer stopped early."""

    reason: str | None = None


class Item(msgspec.Struct, gc=False):
    """One item of the output; its text is not read."""

    type: str | None = None


class Response(msgspec.Struct, gc=False):
    """A `response` object."""

    id: str | None = None
    object: str | None = None
    created_at: float | None = None
    completed_at: float | None = None
    status: str | None = None
    background: bool | None = None
    model: str | None = None
    service_tier: str | None = None
    usage: Usage | None = None
    tool_usage: ToolUsage | None = None
    output: list[Item] | None = None
    error: Problem | None = None
    incomplete_details: Incomplete | None = None
    max_output_tokens: int | Literal["inf"] | None = None
    """`inf` is the Realtime API's word for no limit."""
    tools: list[Any] | None = None
    text: dict[str, Any] | None = None
    user: str | None = None
    safety_identifier: str | None = None
    conversation: dict[str, Any] | str | None = None
    conversation_id: str | None = None
    previous_response_id: str | None = None
    metadata: dict[str, Any] | None = None


class Asked(msgspec.Struct, gc=False):
    """The request body."""

    model: str | None = None
    input: Any = None
    instructions: str | None = None
    stream: bool | None = None
    user: str | None = None


class Session(msgspec.Struct, gc=False):
    """A Realtime session."""

    model: str | None = None


class Exchange(Response, gc=False):
    """One line: a response, a request with its response, or an event of a stream that holds the response."""

    session: Session | None = None
    request: Asked | None = None
    response: Response | None = None
    type: str | None = None
    timestamp: str | None = None
    latency_ms: float | None = None


def convert(line: Exchange, context: Context) -> Request | Ignored:
    """Return the request of a response; a stream's events before its last hold no usage."""
    if line.type in SESSIONS and line.session is not None and line.session.model:
        context.state.models.add(line.session.model)
    if line.type is not None and line.type not in FINAL and line.object != "response":
        return Ignored("event before the end of a stream")
    answer = line.response or line
    if answer.id is None:
        raise Reject("missing-field", "response.id")
    if answer.status in {"queued", "in_progress"}:
        return Ignored("response that is still being made")
    asked = line.request or Asked()
    if answer.object == REALTIME and answer.model is None:
        answer.model = context.state.model
    return request_of(answer, asked, context, event=line.type, at=line.timestamp, took=line.latency_ms)


def request_of(
    answer: Response,
    asked: Asked,
    context: Context,
    *,
    event: str | None = None,
    at: str | None = None,
    took: float | None = None,
) -> Request:
    """Return the request of a response object and what was asked.

    Args:
        answer: The response.
        asked: The request body, as far as it is known.
        context: For the prompt's features.
        event: The type of the event that holds the response, where it was streamed.
        at: When it was asked, where that was logged beside it.
        took: Milliseconds it took, where that was logged beside it.
    """
    started = text_time(at, "timestamp") or epoch(answer.created_at, "created_at")
    request = Request(
        request_id=answer.id,
        response_id=answer.id,
        session_id=answer.conversation_id or _session(answer),
        started_at=started,
        ended_at=after(started, took, "latency_ms") or epoch(answer.completed_at, "completed_at"),
        model_raw=answer.model or asked.model,
        model_requested=asked.model,
        model_served=answer.model,
        endpoint="responses",
        service_tier=answer.service_tier,
        is_streamed=True if event else asked.stream,
        finish_reason=answer.incomplete_details.reason if answer.incomplete_details else answer.status,
        user_id=or_none(answer.safety_identifier) or or_none(answer.user) or asked.user,
        max_output_tokens=None if answer.max_output_tokens == "inf" else answer.max_output_tokens,
        needs_tools=None if answer.tools is None else bool(answer.tools),
        needs_json=_needs_json(answer.text),
        web_searches=_searches(answer),
    )
    chat.label(request, answer.metadata or {})
    _fill_status(request, answer)
    _fill_usage(request, answer.usage)
    chat.fill_prompt(request, _messages(asked), context)
    return request


def _session(answer: Response) -> str | None:
    """Return the id of the conversation, which is written as text or as an object."""
    if isinstance(answer.conversation, str):
        return answer.conversation
    return as_text((answer.conversation or {}).get("id"))


def _needs_json(text: dict[str, Any] | None) -> bool | None:
    form = (text or {}).get("format")
    return form.get("type") != "text" if isinstance(form, dict) else None


def _searches(answer: Response) -> int | None:
    """Return the searches that are billed: as stated, else the search calls in the output."""
    if answer.tool_usage is not None and answer.tool_usage.web_search is not None:
        return usage.checked("web_search.num_requests", answer.tool_usage.web_search.num_requests)
    return sum(item.type == "web_search_call" for item in answer.output) if answer.output is not None else None


def _messages(asked: Asked) -> list[Any] | None:
    """Return what was asked as messages: the input may be a text or a list of items."""
    first = [{"role": "system", "content": asked.instructions}] if asked.instructions else []
    if isinstance(asked.input, str):
        return [*first, {"role": "user", "content": asked.input}]
    return [*first, *asked.input] if isinstance(asked.input, list) else None


def _fill_status(request: Request, answer: Response) -> None:
    if answer.status == "cancelled":
        request.status = "cancelled"
    elif answer.status == "failed" or answer.error is not None:
        request.status = "error"
        problem = answer.error or Problem()
        request.error_class = error_class(None, f"{problem.type or ''} {problem.code or ''}")


def _fill_usage(request: Request, used: Usage | None) -> None:
    if used is None:
        return
    sent = used.input_tokens_details or used.input_token_details or InputDetails()
    made = used.output_tokens_details or used.output_token_details or OutputDetails()
    usage.openai(
        request,
        prompt=used.input_tokens,
        completion=used.output_tokens,
        cached=sent.cached_tokens,
        written=sent.cache_write_tokens,
        reasoning=made.reasoning_tokens,
    )
    cached = sent.cached_tokens_details or CachedDetails()
    usage.fill_parts(
        request,
        input_audio=sent.audio_tokens,
        input_image=sent.image_tokens,
        cached_audio=cached.audio_tokens,
        cached_image=cached.image_tokens,
        output_audio=made.audio_tokens,
        output_image=made.image_tokens,
    )
    request.raw_usage = msgspec.json.encode(used).decode()


FORMAT = Format(
    name="openai_responses",
    title="OpenAI Responses API",
    reads=("json", "sse"),
    marks=(
        "previous_response_id",
        "incomplete_details",
        "completed_at",
        "created_at",
        "output",
        "usage.input_tokens_details",
        "usage.output_tokens_details",
        "usage.output_tokens",
        "parallel_tool_calls",
        "tool_usage",
        "response.output",
        "response.created_at",
        "response.previous_response_id",
        "response.incomplete_details",
        "response.usage",
        "response.conversation_id",
        "response.status_details",
        "response.usage.input_token_details",
        "response.usage.output_token_details",
        "sequence_number",
        "event_id",
        "response_id",
        "item_id",
        "output_index",
        "content_index",
        "type",
    ),
    says=lambda record: (
        any(
            isinstance(each, dict) and (each.get("object") == "response" or str(each.get("id", "")).startswith("resp_"))
            for each in (record, record.get("response"))
        )
        or str(record.get("type", "")).startswith("response.")
    ),
    beats=("openai_compatible",),
    record=Exchange,
    convert=convert,
    state=Sessions,
    repeats="last",
    semantics=(
        "input_tokens includes cached reads and cache writes; output_tokens includes reasoning; total = input + "
        "output (294 of 294 recorded objects). Searches are in tool_usage, separate from the tokens. created_at "
        "and completed_at are Unix seconds with decimals."
    ),
    verified=(
        "Counters and fields: recorded objects and the published OpenAPI 2.3.0. Stream events: the same document; no "
        "long capture seen."
    ),
    about=(
        'Response objects, one per line or in a list; `{"request": …, "response": …}`; captured streams, of whose '
        "events the last one holds the response. Labels come from `metadata`."
    ),
    traps=(
        ("background mode fetches the same response again", "one `id` is one request; the last record counts"),
        ("a response that is queued or in progress", "ignored: it has no usage yet"),
        ("`previous_response_id` bills the whole history as input again", "counted as billed; nothing is deduplicated"),
        (
            "the Realtime API's responses name no model and no time",
            "the model is that of the file's `session.created`, if all agree; `--assume-time` dates them",
        ),
        (
            "Azure and other hosts write the same object",
            "no seller is claimed: without one the provider's price is used, and marked as assumed",
        ),
        (
            "`tool_usage` is missing in older objects",
            "the `web_search_call` items of the output are counted instead",
        ),
    ),
)
