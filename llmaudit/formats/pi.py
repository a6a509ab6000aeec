"""pi and the programs built on it (OpenClaw, oh-my-pi): session files, one line an entry."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

import msgspec

from llmaudit import usage
from llmaudit.formats.base import Context, Format
from llmaudit.formats.filling import fill_cost, none_if_zero
from llmaudit.formats.sellers import seller_of
from llmaudit.formats.values import DAY_MS, Count, epoch, error_class, text_time
from llmaudit.request import Ignored, Request

MILLISECONDS = 1000

ENTRIES = {
    "session",
    "message",
    "model_change",
    "thinking_level_change",
    "compaction",
    "branch_summary",
    "custom",
    "custom_message",
    "label",
    "session_info",
}
"""The types of an entry."""


class Cost(msgspec.Struct, gc=False, omit_defaults=True):
    """The program's own estimate, from the prices in its settings."""

    total: Decimal | None = None


class Usage(msgspec.Struct, gc=False, omit_defaults=True):
    """Disjoint counters of one answer."""

    input: Count = None
    output: Count = None
    cacheRead: Count = None
    cacheWrite: Count = None
    totalTokens: Count = None
    cost: Cost | None = None


class Message(msgspec.Struct, gc=False):
    """A message of any side."""

    role: str | None = None
    provider: str | None = None
    model: str | None = None
    responseModel: str | None = None
    responseId: str | None = None
    stopReason: str | None = None
    errorMessage: str | None = None
    timestamp: int | float | None = None
    usage: Usage | None = None


class Entry(msgspec.Struct, gc=False):
    """One line."""

    type: str | None = None
    id: str | None = None
    timestamp: str | None = None
    cwd: str | None = None
    message: Message | None = None


@dataclass
class Session:
    """Whose entries follow."""

    id: str | None = None
    project: str = ""


def convert(entry: Entry, context: Context) -> Request | Ignored:
    """Return the request behind an assistant's message."""
    state: Session = context.state
    if entry.type == "session":
        state.id = entry.id
        state.project = (entry.cwd or "").replace("\\", "/").rstrip("/").rpartition("/")[2]
        return Ignored("header")
    message = entry.message
    if message is None or message.role != "assistant" or message.usage is None:
        return Ignored("entry without usage")
    request = Request(
        # A fork copies entries as they are under a new session, and an id of eight digits repeats in other sessions.
        request_id=f"{entry.id or message.timestamp}@{entry.timestamp}" if entry.timestamp else None,
        response_id=message.responseId,
        session_id=state.id,
        started_at=epoch(message.timestamp, "message.timestamp", MILLISECONDS)
        or text_time(entry.timestamp, "timestamp"),
        seller=seller_of(message.provider),
        model_raw=message.model,
        model_requested=message.model,
        model_served=message.responseModel or message.model,
        endpoint="pi",
        finish_reason=message.stopReason,
        feature="coding-agent",
        needs_tools=True,
        tags=msgspec.json.encode({"project": state.project}).decode() if state.project else None,
        raw_usage=msgspec.json.encode(message.usage).decode(),
    )
    ended = text_time(entry.timestamp, "timestamp")
    if ended and request.started_at and timedelta(0) < ended - request.started_at <= timedelta(milliseconds=DAY_MS):
        request.ended_at = ended
    _fill(request, message, message.usage)
    return request


def _fill(request: Request, message: Message, counts: Usage) -> None:
    """Fill status, counters and cost, in place; zeros of a call without an answer are counts that nobody gave."""
    if message.stopReason == "aborted":
        request.status = "cancelled"
    elif message.stopReason == "error":
        request.status, request.error_class = "error", error_class(None, message.errorMessage or "")
    if request.status != "ok" and not counts.totalTokens and not counts.input and not counts.output:
        return
    usage.stated(
        request,
        input_=counts.input,
        output=counts.output,
        read=counts.cacheRead,
        written=counts.cacheWrite,
        input_has_cache=False,
        output_has_reasoning=True,
    )
    if counts.cost is not None:
        fill_cost(request, none_if_zero(counts.cost.total), "cost.total", kind="list_estimate")


def says(entry: dict[str, Any]) -> bool:
    """Return whether a line has one of pi's types, and a message has a role."""
    message = entry.get("message")
    return entry.get("type") in ENTRIES and (message is None or (isinstance(message, dict) and "role" in message))


FORMAT = Format(
    name="pi",
    title="pi and OpenClaw sessions",
    marks=(
        "type",
        "timestamp",
        "parentId",
        "message.role",
        "message.api",
        "message.provider",
        "message.stopReason",
        "message.usage",
        "message.usage.cacheRead",
        "message.usage.cacheWrite",
        "message.usage.totalTokens",
    ),
    needs=("type", "timestamp"),
    lacks=("sessionId", "uuid"),
    says=says,
    record=Entry,
    convert=convert,
    state=Session,
    repeats="first",
    semantics=(
        "input excludes cache reads and writes, which are counted separately, whatever the provider's own rule is. "
        "Output includes reasoning. The lifetime of a cache write is not stated. cost is the program's estimate "
        "from the prices in its settings; 0 is taken as unknown."
    ),
    verified=(
        "Files that version 0.73.1 wrote of calls whose counts were known, of OpenAI's two APIs, Anthropic's and "
        "Gemini's, and of failed calls. OpenClaw's files: shape from other readers alone."
    ),
    about=(
        "The files `~/.pi/agent/sessions/*/*.jsonl`, and OpenClaw's `~/.openclaw/agents/*/sessions/*.jsonl`. An "
        "assistant's message is one request: it starts at the message's own time and ends at the entry's."
    ),
    traps=(
        (
            "a fork copies its parent's entries",
            "the id is made of an entry's time and id, so a copy is the same request",
        ),
        ("each retry is a message of its own, with zeros for counts", "it is a failed attempt whose usage is missing"),
        ("summaries that the program asks for have no counts", "they are in no total"),
    ),
)
