"""GitHub Copilot CLI: the events of a session, one line each, among them a record of every call's usage."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import msgspec

from llmaudit import usage
from llmaudit.formats.base import Context, Format
from llmaudit.formats.sellers import seller_of
from llmaudit.formats.values import Count, after, before, mapping, text_time
from llmaudit.request import Ignored, Request

SELLER = "github-copilot"


class Accounting(msgspec.Struct, gc=False):
    """Which call of which session this is; a fork keeps both."""

    sourceSessionId: str | None = None
    sequence: int | None = None


class Usage(msgspec.Struct, gc=False, omit_defaults=True):
    """What is recorded of one call."""

    model: str | None = None
    inputTokens: Count = None
    outputTokens: Count = None
    cacheReadTokens: Count = None
    cacheWriteTokens: Count = None
    reasoningTokens: Count = None
    duration: int | float | None = None
    timeToFirstTokenMs: int | float | None = None
    isByok: bool | None = None
    modelProvider: str | None = None
    apiCallId: str | None = None
    apiEndpoint: str | None = None
    finishReason: str | None = None
    initiator: str | None = None
    accounting: Accounting | None = None


class Place(msgspec.Struct, gc=False):
    """Where the agent works."""

    cwd: str | None = None
    branch: str | None = None


class Data(msgspec.Struct, gc=False):
    """What an event says."""

    sessionId: str | None = None
    copilotVersion: str | None = None
    context: Place | None = None
    usage: Usage | None = None


class Event(msgspec.Struct, gc=False):
    """One line."""

    type: str | None = None
    id: str | None = None
    timestamp: str | None = None
    data: Data | None = None


@dataclass
class Session:
    """Whose events follow."""

    id: str | None = None
    tags: dict[str, str] = field(default_factory=dict)


def convert(event: Event, context: Context) -> Request | Ignored:
    """Return the request behind a record of usage."""
    state: Session = context.state
    data = event.data or Data()
    if event.type == "session.start":
        _start(data, state)
        return Ignored("session.start line")
    if event.type == "session.shutdown":
        return Ignored("a session's totals, which its calls make up")
    counts = data.usage
    if event.type != "session.usage_record" or counts is None:
        return Ignored("event without usage")
    request = _request(event, counts, state)
    usage.stated(
        request,
        input_=counts.inputTokens,
        output=counts.outputTokens,
        read=counts.cacheReadTokens,
        written=counts.cacheWriteTokens,
        reasoning=counts.reasoningTokens,
        input_has_cache=True,
        output_has_reasoning=True,
    )
    return request


def _start(data: Data, state: Session) -> None:
    place = data.context or Place()
    project = (place.cwd or "").replace("\\", "/").rstrip("/").rpartition("/")[2]
    state.id = data.sessionId
    tags = {"project": project, "branch": place.branch, "version": data.copilotVersion}
    state.tags = {key: value for key, value in tags.items() if value}


def _request(event: Event, counts: Usage, state: Session) -> Request:
    """Return the request with everything but its counters; a record is written when the call has ended."""
    ended = text_time(event.timestamp, "timestamp")
    started = before(ended, counts.duration, "duration")
    own = counts.accounting or Accounting()
    tags = {**state.tags, "initiator": counts.initiator} if counts.initiator else state.tags
    numbered = own.sourceSessionId is not None and own.sequence is not None
    return Request(
        request_id=f"{own.sourceSessionId}#{own.sequence}" if numbered else event.id,
        response_id=counts.apiCallId,
        session_id=state.id,
        started_at=started,
        ended_at=ended,
        first_token_at=after(started, counts.timeToFirstTokenMs, "timeToFirstTokenMs"),
        seller=_seller(counts),
        model_raw=counts.model,
        model_requested=counts.model,
        model_served=counts.model,
        endpoint=counts.apiEndpoint or "copilot-cli",
        finish_reason=counts.finishReason,
        feature="coding-agent",
        needs_tools=True,
        tags=msgspec.json.encode(tags).decode() if tags else None,
        raw_usage=msgspec.json.encode(counts).decode(),
    )


def _seller(counts: Usage) -> str | None:
    """Return GitHub, or with a key of one's own the provider that the key is for, if it is a known one."""
    if not counts.isByok:
        return SELLER
    return None if counts.modelProvider in {None, "other"} else seller_of(counts.modelProvider)


def says(event: dict[str, Any]) -> bool:
    """Return whether a line is an event: its type is in two parts, and what it says is an object."""
    return "." in str(event.get("type")) and mapping(event.get("data")) is event.get("data")


FORMAT = Format(
    name="copilot_cli",
    title="GitHub Copilot CLI sessions",
    marks=(
        "type",
        "data",
        "id",
        "timestamp",
        "parentId",
        "data.usage",
        "data.usage.inputTokens",
        "data.usage.apiCallId",
        "data.copilotVersion",
        "data.turnId",
        "data.interactionId",
        "data.modelMetrics",
    ),
    needs=("type", "data", "id", "timestamp"),
    says=says,
    record=Event,
    convert=convert,
    state=Session,
    repeats="first",
    semantics=(
        "inputTokens includes cache reads and writes, whatever the provider's own rule is; outputTokens includes "
        "reasoningTokens. The lifetime of a cache write is not stated. `cost` is a number of premium requests, not "
        "an amount of money: list cost is shown."
    ),
    verified=(
        "Files that version 1.0.102 wrote of calls whose counts were known, of OpenAI's and Anthropic's API with a key "
        "of one's own, and of a failed call. A record of a call that GitHub sold was not seen."
    ),
    about=(
        "The files `~/.copilot/session-state/*/events.jsonl`. A line `session.usage_record` is one request; its time "
        "is the call's end. Sellers: `github-copilot`, or the provider whose key the user gave."
    ),
    traps=(
        (
            "`session.shutdown` repeats the sums of the session",
            "it is ignored; versions that write no `session.usage_record` have only these sums, and no calls to read",
        ),
        ("a failed call has no record", "failures and retries are not in these files"),
    ),
)
