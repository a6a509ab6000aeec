"""Codex CLI: rollout files, whose counters are cumulative and whose forks begin with a replay of their parent."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec

from llmaudit import usage
from llmaudit.formats.base import HELD, Context, Format, Held, Refused, ended
from llmaudit.formats.values import Count, epoch, text_time
from llmaudit.request import Ignored, Request

LINE_TYPES = {"session_meta", "turn_context", "event_msg", "response_item", "compacted", "token_usage_record"}
BURST_SECONDS = 2.0
"""A replay is written in one go: its lines follow each other faster than any turn of a model."""


class Usage(msgspec.Struct, gc=False, omit_defaults=True):
    """Counters of one call, or of a thread so far."""

    input_tokens: Count = None
    cached_input_tokens: Count = None
    cache_write_input_tokens: Count = None
    output_tokens: Count = None
    reasoning_output_tokens: Count = None

    def minus(self, earlier: Usage) -> Usage | None:
        """Return what was added since; None where a counter fell (the session began to count again)."""
        parts = {name: (getattr(self, name) or 0) - (getattr(earlier, name) or 0) for name in self.__struct_fields__}
        return Usage(**parts) if all(part >= 0 for part in parts.values()) else None

    @property
    def empty(self) -> bool:
        """Whether nothing was used: events of that kind only repeat the limits."""
        return not any(getattr(self, name) for name in self.__struct_fields__)


class Info(msgspec.Struct, gc=False):
    """What a `token_count` event says."""

    total_token_usage: Usage | None = None
    last_token_usage: Usage | None = None
    model: str | None = None


class Payload(msgspec.Struct, gc=False):
    """The fields of all kinds of lines that are used."""

    type: str | None = None
    id: str | None = None
    forked_from_id: str | None = None
    source: Any = None
    cwd: str | None = None
    cli_version: str | None = None
    model_provider: str | None = None
    model: str | None = None
    started_at: float | None = None
    trigger_turn: bool | None = None
    info: Info | None = None
    response_id: str | None = None
    usage: Usage | None = None


class Line(msgspec.Struct, gc=False):
    """One line of a rollout."""

    type: str | None = None
    timestamp: str | None = None
    payload: Payload | None = None


@dataclass
class Mark:
    """A line that may be where a fork's own work begins, and how many counters stood before it."""

    kind: str
    before: int
    at: datetime | None
    started: datetime | None = None


@dataclass
class Thread:
    """What a rollout has said so far."""

    session: str | None = None
    began: datetime | None = None
    seller: str = "openai"
    project: str = ""
    version: str | None = None
    model: str | None = None
    forked: bool = False
    spawned: bool = False
    copied: bool = False
    recorded: bool = False
    counted: int = 0
    previous: Usage | None = None
    held: list[tuple[int, Usage | None, Request]] = field(default_factory=list)
    totals: list[Usage | None] = field(default_factory=list)
    times: list[datetime | None] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)


def convert(line: Line, context: Context) -> Request | Ignored | Held:
    """Return the request that a counter tells of; a fork's are held until it is known where its replay ends."""
    state: Thread = context.state
    payload = line.payload or Payload()
    at = text_time(line.timestamp, "timestamp")
    if line.type == "session_meta":
        return _meta(payload, at, state)
    if line.type == "turn_context":
        state.model = payload.model or state.model
        return Ignored("turn_context line")
    if line.type == "token_usage_record" and payload.usage is not None:
        state.recorded = True  # from here on: a session may have begun under a version that wrote counters alone
        return _request(payload.usage, payload, at, state)
    if payload.type == "token_count" and line.type == "event_msg":
        return _counter(payload, at, context)
    if payload.type == "task_started":
        state.marks.append(Mark("task", len(state.totals), at, epoch(payload.started_at, "started_at")))
    elif payload.trigger_turn:
        state.marks.append(Mark("handover", len(state.totals), at))
    return Ignored(f"{line.type if line.type in LINE_TYPES else 'other'} line")


def _meta(payload: Payload, at: datetime | None, state: Thread) -> Ignored:
    """Take the file's own header; a further one is the parent's, copied, or the fork's own again after the copy."""
    if state.session is None:
        spawn = payload.source.get("subagent") if isinstance(payload.source, dict) else None
        state.session, state.began = payload.id, at
        state.seller = payload.model_provider or "openai"
        state.project = (payload.cwd or "").replace("\\", "/").rstrip("/").rpartition("/")[2]
        state.version = payload.cli_version
        state.forked, state.spawned = payload.forked_from_id is not None, bool(spawn)
    elif payload.id == state.session:
        state.marks.append(Mark("again", len(state.totals), at))
    else:
        state.copied = True
    return Ignored("session_meta line")


def _counter(payload: Payload, at: datetime | None, context: Context) -> Request | Ignored | Held:
    state: Thread = context.state
    info = payload.info
    if state.recorded:
        return Ignored("counter of a call that a usage record has")
    if info is None or (info.total_token_usage is None and info.last_token_usage is None):
        return Ignored("limits without a counter")
    total, last = info.total_token_usage, info.last_token_usage
    if state.spawned and not state.totals:  # a sub-agent that begins at nothing has no replay before it
        state.forked = state.forked or (total is not None and last is not None and total != last)
    state.model = info.model or state.model
    if state.forked:
        state.totals.append(total)
        state.times.append(at)
        state.held.append((len(state.totals) - 1, last, _blank(payload, at, state)))
        return HELD
    spent = _spent(total, last, state)
    return _request(spent, payload, at, state) if spent is not None else Ignored("counter that did not move")


def _spent(total: Usage | None, last: Usage | None, state: Thread) -> Usage | None:
    """Return what one call used: its own counter, else the growth of the total; None where the total stands still."""
    previous, state.previous = state.previous, total or state.previous
    grown = total.minus(previous) if total is not None and previous is not None else total
    if grown is not None and grown.empty:
        return None
    spent = last if last is not None else grown if grown is not None else total
    return None if spent is None or spent.empty else spent


def _blank(payload: Payload, at: datetime | None, state: Thread) -> Request:
    state.counted += 1
    tags = {"project": state.project, "version": state.version}
    return Request(
        request_id=payload.response_id or f"{state.session}#{state.counted}",
        response_id=payload.response_id,
        session_id=state.session,
        started_at=at,
        seller=state.seller,
        model_raw=state.model,
        model_requested=state.model,
        model_served=state.model,
        endpoint="codex",
        feature="coding-agent",
        needs_tools=True,
        tags=msgspec.json.encode({key: value for key, value in tags.items() if value}).decode(),
    )


def _request(spent: Usage, payload: Payload, at: datetime | None, state: Thread) -> Request:
    return filled(_blank(payload, at, state), spent)


def filled(request: Request, spent: Usage) -> Request:
    """Return a request with the counters of a Codex usage object, set in place."""
    usage.openai(
        request,
        prompt=spent.input_tokens,
        completion=spent.output_tokens,
        cached=spent.cached_input_tokens,
        written=spent.cache_write_input_tokens,
        reasoning=spent.reasoning_output_tokens,
    )
    request.raw_usage = msgspec.json.encode(spent).decode()
    return request


def finish(context: Context) -> Iterator[Request | Refused]:
    """Yield a fork's own calls: those after its replay, counted from the total that was replayed."""
    state: Thread = context.state
    first = _boundary(state) if state.held else 0
    if first:
        state.previous = next((total for total in reversed(state.totals[:first]) if total is not None), None)
    yield from ended(state.held[first:], lambda held: _call(held, state), lambda _: 1)


def _call(held: tuple[int, Usage | None, Request], state: Thread) -> Request | None:
    """Return a call of a fork's own, or None where the total stands still."""
    number, last, request = held
    spent = _spent(state.totals[number], last, state)
    if spent is None:
        return None
    request.line = 1
    return filled(request, spent)


def _boundary(state: Thread) -> int:
    """Return how many counters of a fork are replayed history.

    The file's own header again, and the hand-over from another agent, say it outright. Else it is the first task that
    was started after the fork was, or that follows the burst in which the history was written; without the parent's
    header in the file, its tasks are not in it either, and the first task is the fork's own.
    """
    for kind in ("again", "handover"):
        found = [mark.before for mark in state.marks if mark.kind == kind]
        if found:
            return found[0]
    burst = _burst(state)
    tasks = [mark for mark in state.marks if mark.kind == "task"]
    if not state.copied and tasks:
        return tasks[0].before
    for mark in tasks:
        if mark.started is not None and state.began is not None:
            if (mark.started - state.began).total_seconds() >= -1:
                return mark.before
        elif mark.before >= burst:
            return mark.before
    return burst


def _burst(state: Thread) -> int:
    """Return how many counters follow each other, from the header on, without a pause or with older times."""
    before, count = state.began, 0
    for at in state.times:
        if at is not None and before is not None and (at - before).total_seconds() > BURST_SECONDS:
            break
        before = max(at, before) if at is not None and before is not None else before or at
        count += 1
    return count


FORMAT = Format(
    name="codex",
    title="Codex CLI rollouts",
    marks=(
        "timestamp",
        "type",
        "payload",
        "payload.type",
        "payload.info",
        "payload.cli_version",
        "payload.info.rate_limits",
    ),
    needs=("timestamp", "type", "payload"),
    says=lambda line: str(line.get("type")) in LINE_TYPES,
    record=Line,
    convert=convert,
    state=Thread,
    finish=finish,
    repeats="first",
    semantics=(
        "OpenAI's rule: input_tokens includes cached_input_tokens and cache writes, output_tokens includes "
        "reasoning_output_tokens. total_token_usage is the sum of the thread so far and last_token_usage one call's "
        "own: the latter counts, once for each time the total moves; without it, the growth of the total does. No cost "
        "and no service tier are logged."
    ),
    verified=(
        "Counters, forks and resets on published test files with an independent count; usage records on a file that "
        "version 0.171.0 wrote of calls whose counts were known. Hand-over between agents: public descriptions."
    ),
    about=(
        "The files `~/.codex/sessions/YYYY/MM/DD/rollout-*.jsonl` and `archived_sessions/`. The model is that of the "
        "last `turn_context`; the seller is `model_provider`, or `openai`. A request id is the session's with the "
        "number of the counter in it, so that an archived copy is the same requests."
    ),
    traps=(
        (
            "`total_token_usage` is a running total, and events without a call repeat it",
            "a call is counted when the total moves; a total that falls begins a new count",
        ),
        (
            "a fork's or sub-agent's file begins with its parent's history with new times",
            (
                "everything before the fork's own first task is left out: up to its own header again, a hand-over, "
                "a task started after the fork, or the end of the burst that the history was written in"
            ),
        ),
        (
            "since usage records are written, a file has each call twice",
            "from the first usage record on they count, and the counters are ignored",
        ),
        ("early logs name no model", "the model stays unknown, and the request unpriced"),
    ),
)
