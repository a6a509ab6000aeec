"""Qwen Code: chat files, one line a message, with Gemini's usage object, and one line a call."""

from __future__ import annotations

from collections import Counter
from typing import Any

import msgspec

from llmaudit import usage
from llmaudit.formats.base import Context, Format
from llmaudit.formats.values import Count, before, error_class, http_status, mapping, or_none, text_time
from llmaudit.request import Ignored, Request

ANSWERED = "qwen-code.api_response"
FAILED = "qwen-code.api_error"


class Usage(msgspec.Struct, gc=False, omit_defaults=True):
    """Gemini's counters."""

    promptTokenCount: Count = None
    candidatesTokenCount: Count = None
    thoughtsTokenCount: Count = None
    cachedContentTokenCount: Count = None
    toolUsePromptTokenCount: Count = None
    totalTokenCount: Count = None


class Event(msgspec.Struct, gc=False, rename={"name": "event.name", "at": "event.timestamp"}):
    """What the program's telemetry says of one call."""

    name: str | None = None
    at: str | None = None
    response_id: str | None = None
    model: str | None = None
    status_code: int | str | None = None
    error_type: str | None = None
    duration_ms: int | float | None = None
    subagent_name: str | None = None
    input_token_count: Count = None
    output_token_count: Count = None
    thoughts_token_count: Count = None
    cached_content_token_count: Count = None
    tool_token_count: Count = None
    total_token_count: Count = None

    def counts(self) -> Usage:
        """Return its counters under the names that an answer's line has for them."""
        return Usage(
            promptTokenCount=self.input_token_count,
            candidatesTokenCount=self.output_token_count,
            thoughtsTokenCount=self.thoughts_token_count,
            cachedContentTokenCount=self.cached_content_token_count,
            toolUsePromptTokenCount=self.tool_token_count,
            totalTokenCount=self.total_token_count,
        )


class Payload(msgspec.Struct, gc=False):
    """What a line of the program itself holds."""

    uiEvent: Event | None = None


class Line(msgspec.Struct, gc=False):
    """One line of a chat."""

    uuid: str | None = None
    type: str | None = None
    timestamp: str | None = None
    sessionId: str | None = None
    model: str | None = None
    cwd: str | None = None
    usageMetadata: Usage | None = None
    systemPayload: Payload | None = None


Told = Counter[tuple[str | None, int, int]]
"""Calls that telemetry has told and whose answer has not come yet: model, prompt and output, with their number."""


def convert(line: Line, context: Context) -> Request | Ignored:
    """Return the request behind a line of telemetry, or behind an answer that no telemetry told before."""
    event = line.systemPayload.uiEvent if line.systemPayload else None
    if event is not None and event.name in {ANSWERED, FAILED}:
        return _call(line, event, context.state)
    counts = line.usageMetadata
    if line.type != "assistant" or counts is None:
        return Ignored("line without usage")
    told: Told = context.state
    key = _key(line.model, counts)
    if told[key]:
        told[key] -= 1
        return Ignored("answer whose call a line before it tells")
    return filled(_blank(line, line.model), counts)


def _call(line: Line, event: Event, told: Told) -> Request:
    """Return the request of a line of telemetry, which is written when the call has ended."""
    request = _blank(line, event.model, event.subagent_name)
    request.response_id = or_none(event.response_id)
    request.ended_at = text_time(event.at, "event.timestamp") or request.started_at
    request.started_at = before(request.ended_at, event.duration_ms, "duration_ms")
    code = event.status_code
    request.http_status = http_status(int(code) if isinstance(code, str) and code.isdecimal() else code)
    if event.name == FAILED:
        request.status, request.error_class = "error", error_class(request.http_status, event.error_type or "")
        return request
    counts = event.counts()
    told[_key(event.model, counts)] += 1
    return filled(request, counts)


def _key(model: str | None, counts: Usage) -> tuple[str | None, int, int]:
    return model, int(counts.promptTokenCount or 0), int(counts.candidatesTokenCount or 0)


def _blank(line: Line, model: str | None, agent: str | None = None) -> Request:
    project = (line.cwd or "").replace("\\", "/").rstrip("/").rpartition("/")[2]
    tags = {key: value for key, value in (("project", project), ("agent", agent)) if value}
    return Request(
        request_id=line.uuid or (f"{line.sessionId}#{line.timestamp}" if line.sessionId and line.timestamp else None),
        session_id=line.sessionId,
        started_at=text_time(line.timestamp, "timestamp"),
        model_raw=model,
        model_requested=model,
        model_served=model,
        endpoint="qwen-code",
        feature="coding-agent",
        needs_tools=True,
        tags=msgspec.json.encode(tags).decode() if tags else None,
    )


def filled(request: Request, counts: Usage) -> Request:
    """Return the request with the counters of a usage object, set in place."""
    usage.stated(
        request,
        input_=counts.promptTokenCount,
        output=counts.candidatesTokenCount,
        read=counts.cachedContentTokenCount,
        reasoning=counts.thoughtsTokenCount,
        more_input=counts.toolUsePromptTokenCount,
        input_has_cache=True,
        output_has_reasoning=_total_leaves_out_thoughts(counts),
    )
    request.raw_usage = msgspec.json.encode(counts).decode()
    return request


def _total_leaves_out_thoughts(counts: Usage) -> bool:
    """Say whether the stated total is whole without the thoughts, which then stand inside the output.

    So it is for every provider but Gemini: the program puts their counters into Gemini's object as they are.
    """
    if not counts.totalTokenCount or not counts.thoughtsTokenCount:
        return False
    parts = (counts.promptTokenCount, counts.candidatesTokenCount, counts.toolUsePromptTokenCount)
    return counts.totalTokenCount == sum(part or 0 for part in parts)


def says(line: dict[str, Any]) -> bool:
    """Return whether a line is Qwen Code's and not Claude Code's, whose lines have the same header."""
    return "usageMetadata" in line or "systemPayload" in line or "parts" in mapping(line.get("message"))


FORMAT = Format(
    name="qwen_code",
    title="Qwen Code chats",
    marks=(
        "sessionId",
        "usageMetadata",
        "usageMetadata.promptTokenCount",
        "systemPayload",
        "systemPayload.uiEvent",
        "message.parts",
        "type",
        "timestamp",
        "model",
        "cwd",
    ),
    needs=("type", "sessionId"),
    says=says,
    beats=("claude_code",),
    record=Line,
    convert=convert,
    state=Counter,
    repeats="first",
    semantics=(
        "promptTokenCount includes cachedContentTokenCount. Of a Gemini model, candidatesTokenCount excludes "
        "thoughtsTokenCount, which is billed as output; of any other it includes them, as the line's own total shows. "
        "What an Anthropic model writes to a cache is in no count."
    ),
    verified=(
        "Files that version 0.15.10 wrote of calls whose counts were known, of OpenAI's, Anthropic's and Gemini's API, "
        "with a failed call; a published file of version 0.18.1."
    ),
    about=(
        "The files `~/.qwen/projects/*/chats/*.jsonl`. Where the program's telemetry is in the file, a request is a "
        "line `qwen-code.api_response` or `qwen-code.api_error` of it, which also has the time that the call took, the "
        "provider's id, failures, and what sub-agents asked; in older files, a line of an answer."
    ),
    traps=(
        (
            "telemetry and the answer describe the same call",
            "an answer with the counters of an earlier call is that call",
        ),
        (
            "calls in the background (memory, summaries) have no answer in the chat",
            "telemetry has them; the agent is a tag",
        ),
        ("Anthropic's cache writes are left out by the program", "they are unknown; the cost is too low by that much"),
    ),
)
