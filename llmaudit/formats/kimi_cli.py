"""Kimi CLI and Kimi Code: `wire.jsonl`, where each step's usage is a status update or, since Kimi Code, a record."""

from __future__ import annotations

from typing import Any

import msgspec

from llmaudit import usage
from llmaudit.formats.base import Context, Format
from llmaudit.formats.values import Count
from llmaudit.request import Ignored, Request

OWN_MODELS = "kimi-code/"
"""What stands before the name of a model that Kimi's subscription sells."""

FROM_SETTINGS = "__kimi_env_model__"
"""Stands for a model that the environment names, and no line."""


class Usage(msgspec.Struct, gc=False, omit_defaults=True):
    """Disjoint counters of one step."""

    input_other: Count = None
    input_cache_read: Count = None
    input_cache_creation: Count = None
    output: Count = None


class CamelUsage(msgspec.Struct, gc=False, omit_defaults=True, rename="camel"):
    """The same, as Kimi Code names them."""

    input_other: Count = None
    input_cache_read: Count = None
    input_cache_creation: Count = None
    output: Count = None


class Payload(msgspec.Struct, gc=False):
    """What a message says; that of a sub-agent holds its message."""

    message_id: str | None = None
    token_usage: Usage | None = None
    agent_id: str | None = None
    event: Message | None = None


class Message(msgspec.Struct, gc=False):
    """A message on the wire."""

    type: str | None = None
    payload: Payload | None = None


class Line(msgspec.Struct, gc=False):
    """One line: Kimi CLI's holds a message, Kimi Code's says itself what it is."""

    timestamp: float | None = None
    message: Message | None = None
    type: str | None = None
    time: float | None = None
    model: str | None = None
    usageScope: str | None = None
    usage: CamelUsage | None = None


def convert(line: Line, context: Context) -> Request | Ignored:
    """Return the request behind a status update with usage, or a record of it."""
    if line.type == "usage.record" and line.usage is not None:
        return _recorded(line, line.usage, context)
    message = line.message or Message()
    agent = message.payload.agent_id if message.payload else None
    if message.type == "SubagentEvent" and message.payload and message.payload.event:
        message = message.payload.event
    payload = message.payload or Payload()
    counts = payload.token_usage
    if message.type != "StatusUpdate" or counts is None:
        return Ignored("message without usage")
    request = _blank()
    request.request_id = payload.message_id or (f"{line.timestamp:.6f}" if line.timestamp else None)
    request.response_id = payload.message_id
    request.started_at = context.epoch(line.timestamp, "timestamp")
    request.tags = msgspec.json.encode({"agent": agent}).decode() if agent else None
    return filled(request, counts)


def _recorded(line: Line, counts: CamelUsage, context: Context) -> Request | Ignored:
    """Return the request of a record, which has no id: its time and its counts make it one."""
    if line.usageScope != "turn":
        return Ignored("usage of a session, which is the sum of its turns")
    model = None if line.model == FROM_SETTINGS else line.model
    request = _blank()
    if line.time is not None:
        request.request_id = f"{line.time:.0f}/{counts.input_other}/{counts.input_cache_read}/{counts.output}"
    request.started_at = context.epoch(line.time, "time")
    request.model_raw = model
    request.model_requested = request.model_served = model.removeprefix(OWN_MODELS) if model else None
    return filled(request, counts)


def _blank() -> Request:
    return Request(seller="moonshotai", endpoint="kimi-cli", feature="coding-agent", needs_tools=True)


def filled(request: Request, counts: Usage | CamelUsage) -> Request:
    """Return the request with its counters, set in place."""
    usage.stated(
        request,
        input_=counts.input_other,
        output=counts.output,
        read=counts.input_cache_read,
        written=counts.input_cache_creation,
        input_has_cache=False,
        output_has_reasoning=True,
    )
    request.raw_usage = msgspec.json.encode(counts).decode()
    return request


def says(line: dict[str, Any]) -> bool:
    """Return whether a line holds a message, or is a record of usage."""
    message = line.get("message")
    return line.get("type") == "usage.record" or (
        isinstance(message, dict) and "type" in message and "payload" in message
    )


FORMAT = Format(
    name="kimi_cli",
    title="Kimi CLI and Kimi Code sessions",
    marks=(
        "timestamp",
        "message.type",
        "message.payload",
        "message.payload.token_usage",
        "message.payload.message_id",
        "message.payload.agent_id",
        "usageScope",
        "usage.inputOther",
        "usage.inputCacheRead",
        "usage.inputCacheCreation",
    ),
    says=says,
    record=Line,
    convert=convert,
    epochs=("timestamp", "time"),
    repeats="last",
    semantics=(
        "input_other is the uncached input; reads and writes of the cache are counted separately. Output "
        "includes reasoning."
    ),
    verified=(
        "Status updates: the source of kimi-cli 1.52. Kimi Code's records: shape from other readers' tests alone; "
        "they count turns, as llmaudit does."
    ),
    about=(
        "The files `~/.kimi/sessions/*/*/wire.jsonl`, and Kimi Code's under its own home. Kimi CLI's model is in "
        "the program's settings and not in the lines, so its requests are unpriced until `--map` or a catalog "
        "entry names it."
    ),
    traps=(
        ("a sub-agent's calls are inside its parent's messages", "they are read; the agent is a tag"),
        ("Kimi Code also writes records of the scope `session`", "only those of a turn count"),
    ),
)
