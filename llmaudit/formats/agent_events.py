"""Log events of coding agents, as OpenTelemetry exports them: Claude Code, Codex, Gemini CLI, Qwen Code."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import msgspec

from llmaudit import usage
from llmaudit.formats import chat, qwen_code
from llmaudit.formats.anthropic_messages import seller_of_message
from llmaudit.formats.base import Context, Format
from llmaudit.formats.claude_code import FAST
from llmaudit.formats.filling import fill_cost
from llmaudit.formats.otlp import attributes_of, nanoseconds
from llmaudit.formats.span_attributes import text
from llmaudit.formats.values import (
    as_number,
    as_text,
    before,
    error_class,
    http_status,
    mapping,
    text_decimal,
    text_time,
)
from llmaudit.request import Ignored, Request

NO_CALL = "event that is not a model call"
FAILED = 400
"""From this HTTP status on, a call has failed."""

_AGENTS = {"claude_code": "claude-code", "codex": "codex", "gemini_cli": "gemini-cli", "qwen-code": "qwen-code"}
"""The first word of an event's name, and the endpoint that the agent's own files have, too."""

_PERSON = ("user.email", "user.account_uuid", "user.account_id", "user.id")
_NUMBERED = ("event.sequence", "total_token_count", "input_token_count")
"""What tells events of one session and moment apart."""

_PLACE = (
    "query_source",
    "agent.name",
    "team",
    "team.id",
    "department",
    "cost_center",
    "project",
    "service.name",
    "service.version",
)
"""What an administrator or the program says of where events come from."""


class LogRecord(msgspec.Struct, gc=False):
    """One event, in OTLP, or as Gemini CLI writes its own file."""

    timeUnixNano: str | int | None = None
    observedTimeUnixNano: str | int | None = None
    body: Any = None
    attributes: Any = None


class ScopeLogs(msgspec.Struct, gc=False):
    """The events of one instrumentation."""

    logRecords: list[msgspec.Raw] = []


class Resource(msgspec.Struct, gc=False):
    """The process that wrote events."""

    attributes: Any = None


class ResourceLogs(msgspec.Struct, gc=False):
    """The events of one process."""

    resource: Resource | None = None
    scopeLogs: list[ScopeLogs] = []


class Page(msgspec.Struct, gc=False):
    """One export of OTLP; without it, the document is an event itself."""

    resourceLogs: list[ResourceLogs] | None = None


_page = msgspec.json.Decoder(Page).decode


def unfold(raw: msgspec.Raw) -> Iterator[tuple[msgspec.Raw, dict[str, Any]]]:
    """Yield each event with what is said of its process."""
    page = _page(raw)
    if page.resourceLogs is None:
        yield raw, {}
        return
    for part in page.resourceLogs:
        about = _flat(part.resource.attributes if part.resource else None)
        for group in part.scopeLogs:
            yield from ((event, about) for event in group.logRecords)


def _flat(attributes: Any) -> dict[str, Any]:
    """Return attributes, which are a list of key and typed value or an object, as a mapping."""
    return attributes_of(attributes) if isinstance(attributes, list) else mapping(attributes)


def convert(event: LogRecord, context: Context) -> Request | Ignored:
    """Return the request that an event tells of."""
    said = _flat(event.attributes)
    agent, name = _named(event, said)
    told = _READ.get((agent, name))
    if told is None:
        return Ignored(NO_CALL)
    ended = text_time(as_text(said.get("event.timestamp")), "event.timestamp") or _clock(event)
    request = _request(agent, said, ended)
    about: Mapping[str, Any] = context.shared or {}
    chat.label(request, {key: value for key in _PLACE if (value := said.get(key, about.get(key))) is not None})
    request.team = request.team or text({**about, **said}, ("team.id", "department", "cost_center"))
    return told(request, said)


def _named(event: LogRecord, said: Mapping[str, Any]) -> tuple[str, str]:
    """Return the agent and what happened; Claude Code has both only in the body, and the latter in the attribute."""
    body = event.body.get("stringValue") if isinstance(event.body, dict) else event.body
    name = next((each for each in (body, said.get("event.name")) if isinstance(each, str) and "." in each), "")
    agent, _, happened = name.partition(".")
    return (agent, happened) if agent in _AGENTS else ("", "")


def _clock(event: LogRecord) -> datetime | None:
    return nanoseconds(event.timeUnixNano, "timeUnixNano") or nanoseconds(
        event.observedTimeUnixNano, "observedTimeUnixNano"
    )


def _request(agent: str, said: Mapping[str, Any], ended: datetime | None) -> Request:
    """Return what every agent's event says; it is written when the call has ended."""
    model, session = text(said, ("model",)), text(said, ("session.id", "conversation.id"))
    # The number of an event begins again when a session is resumed: only the time makes it one event.
    own = next((said[name] for name in _NUMBERED if said.get(name) is not None), "")
    duration = _count(said, "duration_ms")
    made_up = f"{session}#{ended.isoformat()}/{own}" if session and ended else None
    return Request(
        request_id=text(said, ("request_id",)) or made_up,
        session_id=session,
        started_at=before(ended, duration, "duration_ms"),
        ended_at=None if duration is None else ended,
        model_raw=model,
        model_requested=model,
        model_served=model,
        endpoint=_AGENTS[agent],
        http_status=http_status(_count(said, "status_code")),
        finish_reason=_first_of(said.get("finish_reasons")),
        user_id=text(said, _PERSON),
        feature="coding-agent",
        needs_tools=True,
    )


def _first_of(values: Any) -> str | None:
    return as_text(values[0]) if isinstance(values, list) and values else None


def _count(said: Mapping[str, Any], name: str) -> int | float | None:
    """Return a number, which some exporters write as text; other text is none."""
    value = said.get(name)
    if isinstance(value, str):
        return int(value) if value.isdecimal() else None
    return as_number(value)


def _keep(request: Request, said: Mapping[str, Any]) -> Request:
    used = {name: value for name, value in said.items() if "token" in name and isinstance(value, int | float | str)}
    request.raw_usage = msgspec.json.encode(used).decode()
    return request


def _claude(request: Request, said: Mapping[str, Any]) -> Request:
    model = request.model_raw or ""
    request.seller = (
        "bedrock" if "anthropic." in model else "vertex" if "@" in model else seller_of_message(None, model)
    )
    request.service_tier = FAST if said.get("speed") == FAST else None
    usage.stated(
        request,
        input_=_count(said, "input_tokens"),
        output=_count(said, "output_tokens"),
        read=_count(said, "cache_read_tokens"),
        written=_count(said, "cache_creation_tokens"),
        input_has_cache=False,
        output_has_reasoning=True,
    )
    cost = said.get("cost_usd")
    if cost is not None and as_number(cost) != 0:
        fill_cost(request, text_decimal(str(cost), "cost_usd"), "cost_usd", kind="list_estimate")
    return _keep(request, said)


def _gemini(request: Request, said: Mapping[str, Any]) -> Request:
    counts = qwen_code.Usage(
        promptTokenCount=_count(said, "input_token_count"),
        candidatesTokenCount=_count(said, "output_token_count"),
        thoughtsTokenCount=_count(said, "thoughts_token_count"),
        cachedContentTokenCount=_count(said, "cached_content_token_count"),
        toolUsePromptTokenCount=_count(said, "tool_token_count"),
        totalTokenCount=_count(said, "total_token_count"),
    )
    if request.endpoint == "gemini-cli":
        request.seller = "vertex" if "vertex" in str(said.get("auth_type")) else "google"
    request.response_id = text(said, ("response_id",))
    return qwen_code.filled(request, counts)


def _codex(request: Request, said: Mapping[str, Any]) -> Request | Ignored:
    if said.get("event.kind") != "response.completed" or said.get("input_token_count") is None:
        return Ignored(NO_CALL)
    usage.openai(
        request,
        prompt=_count(said, "input_token_count"),
        completion=_count(said, "output_token_count"),
        cached=_count(said, "cached_token_count"),
        written=_count(said, "cache_write_token_count"),
        reasoning=_count(said, "reasoning_token_count"),
    )
    return _keep(request, said)


def _failed(request: Request, said: Mapping[str, Any]) -> Request:
    request.attempt = usage.limit(_count(said, "attempt"))
    request.status = "error"
    kind = text(said, ("error_type", "error.type", "error")) or ""
    request.error_class = error_class(request.http_status, kind[:40])
    return request


def _codex_sent(request: Request, said: Mapping[str, Any]) -> Request | Ignored:
    """Return a failed attempt; of a good one, the event that its answer is complete tells the rest."""
    request.http_status = http_status(_count(said, "http.response.status_code"))
    failed = request.http_status is None or request.http_status >= FAILED
    return _failed(request, said) if failed else Ignored("call that another event tells")


_READ = {
    ("claude_code", "api_request"): _claude,
    ("claude_code", "api_error"): _failed,
    ("gemini_cli", "api_response"): _gemini,
    ("gemini_cli", "api_error"): _failed,
    ("qwen-code", "api_response"): _gemini,
    ("qwen-code", "api_error"): _failed,
    ("codex", "sse_event"): _codex,
    ("codex", "websocket_event"): _codex,
    ("codex", "api_request"): _codex_sent,
}
"""The events that tell of a call."""

FORMAT = Format(
    name="agent_events",
    title="Log events of coding agents (OpenTelemetry)",
    marks=(
        "resourceLogs",
        "resourceLogs.scopeLogs",
        "resourceLogs.scopeLogs.logRecords",
        "resourceLogs.resource",
        "hrTimeObserved",
        "attributes.event.name",
        "instrumentationScope",
        "_body",
    ),
    says=lambda record: "resourceLogs" in record or "hrTimeObserved" in record,
    batch=msgspec.Raw,
    unfold=unfold,
    record=LogRecord,
    convert=convert,
    repeats="first",
    semantics=(
        "Claude Code: input_tokens leaves out cache reads and writes, which are counted separately; the lifetime "
        "of a write is not stated; cost_usd is the program's estimate. Codex: OpenAI's rule, input and output "
        "include everything. Gemini CLI: input includes cached tokens, output leaves out thoughts; Qwen Code: as "
        "its chats (`qwen_code`)."
    ),
    verified=(
        "Exports of Claude Code 2.1.197 and Codex 0.171.0, and the file of Gemini CLI 0.61, of calls whose counts "
        "were known. Failures, and Qwen Code's export: documentation and source alone."
    ),
    about=(
        "The collector's file exporter for logs (one export per line, or JSON documents), and the file that Gemini "
        "CLI's `telemetry.outfile` names. The team is the resource's `team.id`, `department` or `cost_center`, the "
        "user the event's e-mail address or id. An event is dated at the call's end."
    ),
    traps=(
        (
            "the agent's own session files have the same calls",
            "ingest one of the two: their ids have nothing in common. Calls in both are counted, with a warning",
        ),
        ("Codex dates an answer's end, and no duration", "the start is the end, and the latency unknown"),
        ("metrics and other events are in the same files", "they are ignored"),
    ),
)
