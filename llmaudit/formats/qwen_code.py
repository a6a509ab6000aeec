"""Qwen Code: chat files, one line a message, with Gemini's usage object."""

from __future__ import annotations

import msgspec

from llmaudit import usage
from llmaudit.formats.base import Context, Format
from llmaudit.formats.values import Count, text_time
from llmaudit.request import Ignored, Request


class Usage(msgspec.Struct, gc=False, omit_defaults=True):
    """Gemini's counters."""

    promptTokenCount: Count = None
    candidatesTokenCount: Count = None
    thoughtsTokenCount: Count = None
    cachedContentTokenCount: Count = None
    toolUsePromptTokenCount: Count = None


class Line(msgspec.Struct, gc=False):
    """One line of a chat."""

    uuid: str | None = None
    type: str | None = None
    timestamp: str | None = None
    sessionId: str | None = None
    model: str | None = None
    cwd: str | None = None
    usageMetadata: Usage | None = None


def convert(line: Line, _: Context) -> Request | Ignored:
    """Return the request behind an assistant line."""
    counts = line.usageMetadata
    if line.type != "assistant" or counts is None:
        return Ignored("line without usage")
    project = (line.cwd or "").replace("\\", "/").rstrip("/").rpartition("/")[2]
    request = Request(
        request_id=line.uuid or (f"{line.sessionId}#{line.timestamp}" if line.sessionId and line.timestamp else None),
        session_id=line.sessionId,
        started_at=text_time(line.timestamp, "timestamp"),
        model_raw=line.model,
        model_requested=line.model,
        model_served=line.model,
        endpoint="qwen-code",
        feature="coding-agent",
        needs_tools=True,
        tags=msgspec.json.encode({"project": project}).decode() if project else None,
        raw_usage=msgspec.json.encode(counts).decode(),
    )
    usage.stated(
        request,
        input_=counts.promptTokenCount,
        output=counts.candidatesTokenCount,
        read=counts.cachedContentTokenCount,
        reasoning=counts.thoughtsTokenCount,
        more_input=counts.toolUsePromptTokenCount,
        input_has_cache=True,
        output_has_reasoning=False,
    )
    return request


FORMAT = Format(
    name="qwen_code",
    title="Qwen Code chats",
    marks=("sessionId", "usageMetadata", "usageMetadata.promptTokenCount", "type", "timestamp", "model", "cwd"),
    needs=("type", "sessionId", "usageMetadata"),
    says=lambda line: line.get("type") == "assistant",
    beats=("claude_code",),
    record=Line,
    convert=convert,
    repeats="first",
    semantics=(
        "Gemini's rule: promptTokenCount includes cachedContentTokenCount, candidatesTokenCount excludes "
        "thoughtsTokenCount, which is billed as output."
    ),
    verified="Shape from other readers' tests; no real file seen.",
    about="The files `~/.qwen/projects/*/chats/*.jsonl`.",
)
