"""Anthropic's event streams, as captured: `message_start` has the input, the last `message_delta` the output."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import msgspec

from llmaudit.formats import anthropic_messages
from llmaudit.formats.anthropic_messages import Message, Usage
from llmaudit.formats.base import HELD, Context, Format, Held, Refused, ended
from llmaudit.request import Ignored, Request


class Delta(msgspec.Struct, gc=False):
    """What the end of a message adds."""

    stop_reason: str | None = None


class Event(msgspec.Struct, gc=False):
    """One event."""

    type: str | None = None
    message: Message | None = None
    delta: Delta | None = None
    usage: Usage | None = None


@dataclass
class Open:
    """A message whose events are coming in."""

    message: Message
    number: int
    is_whole: bool = False


@dataclass
class Streams:
    """The messages of a file, in order; events between a start and the next belong to it."""

    found: list[Open] = field(default_factory=list)


def convert(event: Event, context: Context) -> Held | Ignored:
    """Add what an event says to its message."""
    streams: Streams = context.state
    if event.type == "message_start" and event.message is not None:
        streams.found.append(Open(event.message, len(streams.found) + 1))
        return HELD
    if not streams.found or event.type not in {"message_delta", "message_stop"}:
        return Ignored("event without usage")
    current = streams.found[-1]
    current.is_whole = current.is_whole or event.type == "message_stop"
    if event.delta is not None and event.delta.stop_reason:
        current.message.stop_reason = event.delta.stop_reason
    if event.usage is not None:
        current.message.usage = joined(current.message.usage, event.usage)
    return Ignored("later event of a message")


def joined(first: Usage | None, later: Usage) -> Usage:
    """Return the usage of a message: counters of a later event are cumulative and take the place of earlier ones."""
    stated: dict[str, Any] = {name: getattr(later, name) for name in Usage.__struct_fields__}
    said = {name: value for name, value in stated.items() if value is not None}
    return msgspec.structs.replace(first or Usage(), **said)


def finish(context: Context) -> Iterator[Request | Refused]:
    """Yield the requests of all messages."""
    return ended(context.state.found, _requests, lambda each: each.number)


def _requests(each: Open) -> list[Request]:
    """Return the requests of a message; one that was cut off was cancelled, and its output is what had come."""
    request = anthropic_messages.request_of(each.message)
    request.is_streamed = True
    if not each.is_whole and request.finish_reason is None:
        request.status = "cancelled"
    made = [request, *anthropic_messages.iterations_of(request, each.message.usage)]
    for one in made:
        one.line = each.number
    return made


FORMAT = Format(
    name="anthropic_stream",
    title="Anthropic event streams",
    reads=("sse", "json"),
    marks=("message.usage", "message.stop_reason", "message.type", "delta.stop_reason", "usage.output_tokens", "type"),
    needs=("type",),
    lacks=("sessionId",),  # a coding agent's line around a message
    says=lambda record: str(record.get("type")) in {"message_start", "message_delta"},
    record=Event,
    convert=convert,
    state=Streams,
    finish=finish,
    semantics=(
        "As the Messages API: input_tokens excludes cache reads and writes. message_start has the input and the first "
        "1 to 8 output tokens; the usage of message_delta is cumulative: the last one counts and nothing is added up."
    ),
    verified="Events: SDK 2.12.0 and recorded streams.",
    about=(
        "Captured streams (`data:` lines), or their events as JSON lines; one file may hold several streams one after "
        "the other. The line of a request is the number of its stream. Events have no time, so these calls cannot be "
        "priced; use it for token counts, or log a `timestamp` beside whole messages."
    ),
    traps=(
        (
            "`message_start` and `message_delta` both have output tokens",
            "the last cumulative count is taken, never a sum",
        ),
        ("a stream that was cut off", "cancelled; its output is what had been counted, a lower bound"),
    ),
)
