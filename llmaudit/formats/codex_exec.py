"""Codex CLI without a terminal: the event lines of `codex exec --json`."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from llmaudit.formats.base import Context, Format
from llmaudit.formats.codex import Usage, filled
from llmaudit.request import Ignored, Request


class Event(msgspec.Struct, gc=False):
    """One event."""

    type: str | None = None
    thread_id: str | None = None
    usage: Usage | None = None


@dataclass
class Thread:
    """The thread that the events are of, and its turns so far."""

    id: str | None = None
    turns: int = 0


def convert(event: Event, context: Context) -> Request | Ignored:
    """Return the request of a turn that ended."""
    state: Thread = context.state
    if event.thread_id:
        state.id, state.turns = event.thread_id, 0
    spent = event.usage
    if event.type != "turn.completed" or spent is None:
        return Ignored("event without usage")
    state.turns += 1
    request = Request(
        request_id=f"{state.id}#{state.turns}" if state.id else None,
        session_id=state.id,
        seller="openai",
        endpoint="codex",
        feature="coding-agent",
        needs_tools=True,
    )
    return filled(request, spent)


FORMAT = Format(
    name="codex_exec",
    title="Codex CLI, `codex exec --json`",
    marks=(
        "type",
        "usage",
        "usage.input_tokens",
        "usage.cached_input_tokens",
        "usage.output_tokens",
        "usage.reasoning_output_tokens",
    ),
    needs=("type", "usage.cached_input_tokens"),
    says=lambda event: event.get("type") == "turn.completed",
    record=Event,
    convert=convert,
    state=Thread,
    repeats="first",
    semantics=(
        "OpenAI's rule: input_tokens includes cached_input_tokens, output_tokens includes reasoning. The events have "
        "neither a time nor a model, so a turn counts with its tokens and stays unpriced."
    ),
    verified="Shape from the agent's own SDK; no recorded run seen.",
    about=(
        "Standard output of `codex exec --json`. One `turn.completed` is one request, though it may be several calls."
    ),
)
