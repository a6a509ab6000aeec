"""Cline's command line, and what is built on the same core: session files, one JSON document a session."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import msgspec

from llmaudit import usage
from llmaudit.formats.base import Context, Format
from llmaudit.formats.filling import fill_cost, none_if_zero
from llmaudit.formats.sellers import seller_of
from llmaudit.formats.values import Count, epoch
from llmaudit.request import Ignored, Request

MILLISECONDS = 1000
NOBODY = {"openai-compatible"}
"""Providers that name a kind of API, and nobody who sells."""


class Metrics(msgspec.Struct, gc=False, omit_defaults=True):
    """Counters of one answer."""

    inputTokens: Count = None
    outputTokens: Count = None
    cacheReadTokens: Count = None
    cacheWriteTokens: Count = None
    cost: Decimal | None = None


class ModelInfo(msgspec.Struct, gc=False):
    """Who answered."""

    id: str | None = None
    provider: str | None = None


class Message(msgspec.Struct, gc=False):
    """A message of any side."""

    id: str | None = None
    role: str | None = None
    ts: int | float | None = None
    modelInfo: ModelInfo | None = None
    metrics: Metrics | None = None


class Session(msgspec.Struct, gc=False):
    """A session."""

    sessionId: str
    messages: list[msgspec.Raw]
    agent: str | None = None


def unfold(session: Session) -> Iterator[tuple[msgspec.Raw, Session]]:
    """Yield the messages with their session."""
    return ((raw, session) for raw in session.messages)


def convert(message: Message, context: Context) -> Request | Ignored:
    """Return the request behind an assistant's message."""
    session: Session = context.shared
    counts = message.metrics
    if message.role != "assistant" or counts is None:
        return Ignored("message without usage")
    info = message.modelInfo or ModelInfo()
    request = Request(
        request_id=f"{session.sessionId}#{message.id}" if message.id else None,
        session_id=session.sessionId,
        started_at=epoch(message.ts, "ts", MILLISECONDS),
        seller=None if info.provider in NOBODY else seller_of(info.provider),
        model_raw=info.id,
        model_requested=info.id,
        model_served=info.id,
        endpoint="cline",
        feature="coding-agent",
        needs_tools=True,
        tags=msgspec.json.encode({"agent": session.agent}).decode() if session.agent else None,
        raw_usage=msgspec.json.encode(counts).decode(),
    )
    usage.stated(
        request,
        input_=counts.inputTokens,
        output=counts.outputTokens,
        read=counts.cacheReadTokens,
        written=counts.cacheWriteTokens,
        input_has_cache=True,
        output_has_reasoning=True,
    )
    # 0 is what a local or subscribed model looks like, too.
    fill_cost(request, none_if_zero(counts.cost), "cost", kind="list_estimate")
    return request


FORMAT = Format(
    name="cline_cli",
    title="Cline CLI sessions",
    marks=(
        "sessionId",
        "updated_at",
        "agent",
        "origin",
        "system_prompt",
        "messages.modelInfo",
        "messages.metrics",
        "messages.metrics.inputTokens",
        "messages.metrics.cacheReadTokens",
        "messages.ts",
    ),
    needs=("sessionId", "messages", "messages.ts"),
    batch=Session,
    unfold=unfold,
    record=Message,
    convert=convert,
    repeats="last",
    semantics=(
        "inputTokens includes cache reads and writes, whatever the provider's own rule is; outputTokens includes "
        "reasoning. cost is the program's estimate from list prices; 0 is taken as unknown."
    ),
    verified=(
        "Files that version 3.0.65 wrote of calls whose counts were known, of an OpenAI-compatible API and of "
        "Anthropic's."
    ),
    about=(
        "The files `~/.cline/data/sessions/*/*.messages.json`. The extension's own task files are `cline`. A message "
        "is dated when the answer had come."
    ),
    traps=(("the file `*.json` beside it has the session's sums", "no format reads it: only messages are calls"),),
)
