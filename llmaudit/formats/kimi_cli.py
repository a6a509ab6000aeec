"""Kimi CLI: `wire.jsonl`, whose status updates carry the usage of each step."""

from __future__ import annotations

import msgspec

from llmaudit import usage
from llmaudit.formats.base import Context, Format
from llmaudit.formats.values import Count
from llmaudit.request import Ignored, Request


class Usage(msgspec.Struct, gc=False, omit_defaults=True):
    """Disjoint counters of one step."""

    input_other: Count = None
    input_cache_read: Count = None
    input_cache_creation: Count = None
    output: Count = None


class Payload(msgspec.Struct, gc=False):
    """What a message says."""

    message_id: str | None = None
    token_usage: Usage | None = None


class Message(msgspec.Struct, gc=False):
    """A message on the wire."""

    type: str | None = None
    payload: Payload | None = None


class Line(msgspec.Struct, gc=False):
    """One line."""

    timestamp: float | None = None
    message: Message | None = None


def convert(line: Line, context: Context) -> Request | Ignored:
    """Return the request behind a status update with usage."""
    message = line.message or Message()
    payload = message.payload or Payload()
    counts = payload.token_usage
    if message.type != "StatusUpdate" or counts is None:
        return Ignored("message without usage")
    request = Request(
        request_id=payload.message_id or (f"{line.timestamp:.6f}" if line.timestamp else None),
        response_id=payload.message_id,
        started_at=context.epoch(line.timestamp, "timestamp"),
        seller="moonshotai",
        endpoint="kimi-cli",
        feature="coding-agent",
        needs_tools=True,
        raw_usage=msgspec.json.encode(counts).decode(),
    )
    usage.stated(
        request,
        input_=counts.input_other,
        output=counts.output,
        read=counts.input_cache_read,
        written=counts.input_cache_creation,
        input_has_cache=False,
        output_has_reasoning=True,
    )
    return request


FORMAT = Format(
    name="kimi_cli",
    title="Kimi CLI sessions",
    marks=("timestamp", "message.type", "message.payload", "message.payload.token_usage", "message.payload.message_id"),
    needs=("timestamp", "message.type", "message.payload"),
    says=lambda line: "type" in line["message"],
    record=Line,
    convert=convert,
    epochs=("timestamp",),
    repeats="last",
    semantics=(
        "input_other is the uncached input; reads and writes of the cache stand beside it. Output includes reasoning."
    ),
    verified="Shape from other readers' tests; no real file seen.",
    about=(
        "The files `~/.kimi/sessions/*/*/wire.jsonl`. The model stands in the program's settings and in no line, so "
        "the requests are unpriced until `--map` or a catalog entry says which it was."
    ),
)
