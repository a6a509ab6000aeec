"""Amp: thread files, whose ledger has one event a call."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

import msgspec

from llmaudit import usage
from llmaudit.formats.base import Context, Format
from llmaudit.formats.values import Count, text_time
from llmaudit.request import Ignored, Request


class Tokens(msgspec.Struct, gc=False, omit_defaults=True):
    """Counters of a ledger event."""

    input: Count = None
    output: Count = None


class MessageUsage(msgspec.Struct, gc=False, omit_defaults=True):
    """Counters of a message, with the cache."""

    cacheCreationInputTokens: Count = None
    cacheReadInputTokens: Count = None


class Message(msgspec.Struct, gc=False):
    """A message of the thread."""

    messageId: int | str | None = None
    usage: MessageUsage | None = None


class Event(msgspec.Struct, gc=False):
    """One event of the ledger."""

    id: str | None = None
    timestamp: str | None = None
    model: str | None = None
    credits: Decimal | None = None
    tokens: Tokens | None = None
    toMessageId: int | str | None = None


class Ledger(msgspec.Struct, gc=False):
    """The ledger, its events still encoded."""

    events: list[msgspec.Raw]


class Thread(msgspec.Struct, gc=False):
    """A thread."""

    id: str
    usageLedger: Ledger
    messages: list[Message] = []


@dataclass(frozen=True)
class Shared:
    """What the events of a thread share: its id, and the cache counters by message."""

    thread: str
    cache: dict[str, MessageUsage]


def unfold(thread: Thread) -> Iterator[tuple[msgspec.Raw, Shared]]:
    """Yield the ledger's events with what they share."""
    cache = {str(m.messageId): m.usage for m in thread.messages if m.messageId is not None and m.usage is not None}
    shared = Shared(thread.id, cache)
    return ((raw, shared) for raw in thread.usageLedger.events)


def convert(event: Event, context: Context) -> Request | Ignored:
    """Return the request of a ledger event."""
    shared: Shared = context.shared
    if event.tokens is None:
        return Ignored("ledger event without tokens")
    cache = shared.cache.get(str(event.toMessageId), MessageUsage())
    request = Request(
        request_id=event.id,
        session_id=shared.thread,
        started_at=text_time(event.timestamp, "timestamp"),
        gateway="amp",
        model_raw=event.model,
        model_requested=event.model,
        model_served=event.model,
        endpoint="amp",
        feature="coding-agent",
        needs_tools=True,
        tags=None if event.credits is None else msgspec.json.encode({"credits": str(event.credits)}).decode(),
        raw_usage=msgspec.json.encode({"tokens": event.tokens, "cache": cache}).decode(),
    )
    usage.stated(
        request,
        input_=event.tokens.input,
        output=event.tokens.output,
        read=cache.cacheReadInputTokens,
        written=cache.cacheCreationInputTokens,
        input_has_cache=False,
        output_has_reasoning=True,
    )
    return request


FORMAT = Format(
    name="amp",
    title="Amp threads",
    marks=("usageLedger", "usageLedger.events", "usageLedger.events.tokens", "usageLedger.events.credits", "messages"),
    needs=("id", "usageLedger.events"),
    batch=Thread,
    unfold=unfold,
    record=Event,
    convert=convert,
    repeats="first",
    semantics=(
        "input excludes the cache, whose reads and writes are at the message that the event leads to. credits are "
        "Amp's own unit, not dollars: they are kept as a tag, and the cost is list cost."
    ),
    verified="Shape from other readers' tests; no real file seen.",
    about="The files `~/.local/share/amp/threads/T-*.json`.",
)
