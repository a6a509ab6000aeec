"""Claude Code: session transcripts, one JSON line per content block (`~/.claude/projects/*/*.jsonl`)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec

from llmaudit import usage
from llmaudit.formats.anthropic_messages import (
    CacheCreation,
    Iteration,
    OutputDetails,
    Usage,
    region_of_message,
    seller_of_message,
)
from llmaudit.formats.base import Context, Format
from llmaudit.formats.values import EARLIEST, LATEST, utc
from llmaudit.request import Ignored, Reject, Request

LINE_TYPES = {"user", "assistant", "system", "summary", "attachment", "file-history-snapshot", "queue-operation"}
"""Types that are named where lines are counted by reason. Others are not: a type is a stranger's text."""

BESIDE = {"compaction", "advisor_message", "fallback_message"}
"""Iterations whose tokens are not in the top-level counters; `message` iterations are."""

FAST = "fast"
SYNTHETIC = "<synthetic>"


class Message(msgspec.Struct, gc=False):
    """The API message inside a line. Its content is not read."""

    id: str | None = None
    model: str | None = None
    stop_reason: str | None = None
    usage: Usage | None = None


class Line(msgspec.Struct, gc=False):
    """One line of a session file."""

    type: str | None = None
    timestamp: datetime | None = None
    sessionId: str | None = None
    requestId: str | None = None
    isSidechain: bool | None = None
    cwd: str | None = None
    gitBranch: str | None = None
    version: str | None = None
    message: Message | str | None = None


def convert(line: Line, _: Context) -> Request | Ignored | list[Request]:
    """Return the request that an assistant line belongs to, with what it set off; other lines are no requests."""
    message = line.message
    if line.type != "assistant" or not isinstance(message, Message) or message.usage is None:
        return Ignored(f"{line.type if line.type in LINE_TYPES else 'other'} line")
    if message.model == SYNTHETIC:
        return Ignored("synthetic message: a limit or an error shown to the user, not a call")
    if message.id is None:
        raise Reject("missing-field", "message.id")
    request = _request(line, message, message.usage)
    beside = [each for each in message.usage.iterations or () if each.type in BESIDE]
    if not beside:
        return request
    return [request, *(_iteration(request, each, number) for number, each in enumerate(beside, start=1))]


def fold(lines: Sequence[Line]) -> set[int]:
    """Return the positions of lines whose call another line of the file tells with as much output or more.

    A call stands on a line for each block of its content. Only lines that agree in everything else are taken as one;
    the others are left to the database, which compares every record of a call.
    """
    counting: dict[str, int] = {}
    left: set[int] = set()
    for place, line in enumerate(lines):
        message = line.message
        if line.type != "assistant" or message.__class__ is not Message or message.usage is None or not message.id:
            continue
        other = counting.setdefault(message.id, place)
        if other == place:
            continue
        earlier = lines[other]
        if _grows(earlier, line):
            counting[message.id] = place
            _take_time(line, earlier)
            left.add(other)
        elif _grows(line, earlier) or _repeats(line, earlier):
            _take_time(earlier, line)
            left.add(place)
    return left


def _grows(less: Line, more: Line) -> bool:
    """Say whether a line tells the same as another, with more output."""
    return _output(less) < _output(more) and _agree(less, more)


def _repeats(line: Line, earlier: Line) -> bool:
    """Say whether a line tells the same as an earlier one."""
    return _output(line) == _output(earlier) and _agree(line, earlier)


def _output(line: Line) -> int:
    reported = line.message.usage if isinstance(line.message, Message) else None
    output = reported.output_tokens if reported is not None else None
    return output if isinstance(output, int) else -1


def _agree(less: Line, more: Line) -> bool:
    """Say whether two lines of a call agree in all that is kept of them, but for the output, the time and the end."""
    one, other = less.message, more.message
    assert isinstance(one, Message)  # noqa: S101 -- for mypy: the callers have looked
    assert isinstance(other, Message)  # noqa: S101 -- the same
    return (
        _plain_time(less.timestamp)
        and _plain_time(more.timestamp)
        and _output(less) >= 0
        and one.stop_reason in {None, other.stop_reason}
        and one.model == other.model != SYNTHETIC
        and less.requestId == more.requestId
        and less.sessionId == more.sessionId
        and less.isSidechain == more.isSidechain
        and less.cwd == more.cwd
        and less.gitBranch == more.gitBranch
        and less.version == more.version
        and _same_but_output(one.usage, other.usage)
    )


def _plain_time(moment: datetime | None) -> bool:
    """Say whether a time has a zone, and is within the bounds of `utc` in every zone."""
    return moment is not None and moment.tzinfo is not None and EARLIEST.year < moment.year < LATEST.year - 1


def _same_but_output(one: Usage | None, other: Usage | None) -> bool:
    if one is None or other is None or one.iterations or other.iterations:
        return False
    own, one.output_tokens = one.output_tokens, other.output_tokens
    same = one == other
    one.output_tokens = own
    return same


def _take_time(line: Line, left: Line) -> None:
    """Date a line by another one of its call that was written before it."""
    assert line.timestamp is not None  # noqa: S101 -- for mypy: only lines with a time agree
    assert left.timestamp is not None  # noqa: S101 -- the same
    line.timestamp = min(line.timestamp, left.timestamp)


def _request(line: Line, message: Message, reported: Usage) -> Request:
    request = Request(
        request_id=message.id,
        response_id=message.id,
        trace_id=line.requestId,
        session_id=line.sessionId,
        started_at=utc(line.timestamp, "timestamp"),
        seller=seller_of_message(message.id, message.model),
        model_raw=message.model,
        model_requested=message.model,
        model_served=message.model,
        endpoint="claude-code",
        region_class=region_of_message(message.id, reported.inference_geo),
        service_tier=FAST if reported.speed == FAST else reported.service_tier,
        finish_reason=message.stop_reason,
        feature="coding-agent",
        tags=msgspec.json.encode(_tags(line)).decode(),
        web_searches=(
            usage.checked("web_search_requests", reported.server_tool_use.web_search_requests)
            if reported.server_tool_use
            else None
        ),
        needs_tools=True,
    )
    _fill(request, reported, reported.output_tokens_details)
    request.raw_usage = msgspec.json.encode(reported).decode()
    return request


def _iteration(request: Request, iteration: Iteration, number: int) -> Request:
    """Return a compaction, an adviser's or a fallback's call, whose tokens are not in the answer's own."""
    model = iteration.model or request.model_raw
    child = Request(
        request_id=f"{request.request_id}#{iteration.type}-{number}",
        response_id=request.response_id,
        call_id=request.request_id,
        trace_id=request.trace_id,
        session_id=request.session_id,
        started_at=request.started_at,
        seller=request.seller,
        model_raw=model,
        model_requested=model,
        model_served=model,
        endpoint=request.endpoint,
        region_class=request.region_class,
        service_tier=request.service_tier,
        feature=request.feature,
        tags=request.tags,
        raw_usage=msgspec.json.encode(iteration).decode(),
        needs_tools=True,
    )
    _fill(child, iteration, None)
    return child


def _fill(request: Request, reported: Usage | Iteration, details: OutputDetails | None) -> None:
    written = reported.cache_creation or CacheCreation()
    usage.anthropic(
        request,
        uncached=reported.input_tokens,
        output=reported.output_tokens,
        read=reported.cache_read_input_tokens,
        written=reported.cache_creation_input_tokens,
        written_5m=written.ephemeral_5m_input_tokens,
        written_1h=written.ephemeral_1h_input_tokens,
        thinking=details.thinking_tokens if details else None,
    )


def _tags(line: Line) -> dict[str, object]:
    """Return what groups sessions: the project folder's own name (never its path), branch, version, side-chain."""
    project = (line.cwd or "").replace("\\", "/").rstrip("/").rpartition("/")[2]
    tags = {"project": project, "branch": line.gitBranch, "version": line.version, "sidechain": line.isSidechain}
    return {key: value for key, value in tags.items() if value}


FORMAT = Format(
    name="claude_code",
    title="Claude Code sessions",
    marks=("parentUuid", "sessionId", "uuid", "isSidechain", "type", "cwd", "gitBranch", "version", "userType"),
    needs=("sessionId", "uuid", "type"),
    lacks=("message.parts",),  # Gemini's words
    record=Line,
    convert=convert,
    fold=fold,
    repeats="largest",
    semantics=(
        "Anthropic's usage object: input_tokens excludes cache reads and writes, output_tokens includes thinking. "
        "One API call is written as several lines with the same message.id, input repeated in full, output growing: "
        "the line with the largest output counts, once, also across resumed and forked session files. timestamp is "
        "when a block was written, so start and latency are not known and the call is dated by it. No cost is logged; "
        "on a subscription the computed dollars are API-equivalent, not spend."
    ),
    verified=(
        "Lines, streamed repeats, resumed copies, side chains and cache fields on real session files; iterations on "
        "recorded API answers, not inside a session file."
    ),
    about=(
        "The files `~/.claude/projects/*/*.jsonl`. The feature is `coding-agent`. Of the working directory only the "
        "last folder's name is kept, as a tag."
    ),
    traps=(
        (
            "one API call takes several lines, one per content block, with the input repeated in full",
            "lines with one `message.id` are one request; the line with most output counts and dates it",
        ),
        (
            "a resumed or forked session copies earlier lines into a new file",
            "the same `message.id` is the same request in every file",
        ),
        (
            "lines of the model `<synthetic>` look like answers",
            "ignored: they are limits and errors shown to the user",
        ),
        (
            "models of other providers answer if the program is set up to use them",
            "they have no seller in the file, and are priced at their provider's list price",
        ),
        (
            "a call through Bedrock or Vertex AI names the model as Anthropic does, and no region",
            "ids marked `msg_bdrk_` and `msg_vrtx_` are priced there: at the global price, up to the regional one",
        ),
        (
            "the start of a call is not logged",
            "latency stays unknown; the call is dated by the line",
        ),
        (
            "`cache_creation_input_tokens` may come without its split by lifetime",
            "the remainder is `cache_write_other_tokens` and priced as a range",
        ),
        (
            "a compaction, an adviser or a fallback inside an answer has tokens of its own (`iterations`)",
            "each is a request of its own with its own model; its id is that of the answer with `#` and its kind",
        ),
        (
            "fast mode costs more and is under `speed`, not under `service_tier`",
            "the service tier is `fast`",
        ),
        (
            "no amount is logged",
            "the cost is list cost. On a subscription that is what the API would have charged, not what you paid",
        ),
    ),
)
