"""opencode: one JSON file a message, or the rows of its SQLite database."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from llmaudit import usage
from llmaudit.formats.base import Context, Format
from llmaudit.formats.filling import fill_cost, none_if_zero
from llmaudit.formats.sellers import seller_of
from llmaudit.formats.values import Count, epoch, error_class
from llmaudit.request import Ignored, Request

MILLISECONDS = 1000


class Cache(msgspec.Struct, gc=False, omit_defaults=True):
    """Reads and writes of the cache."""

    read: Count = None
    write: Count = None


class Tokens(msgspec.Struct, gc=False, omit_defaults=True):
    """Counters of one answer."""

    total: Count = None
    input: Count = None
    output: Count = None
    reasoning: Count = None
    cache: Cache | None = None


class Clock(msgspec.Struct, gc=False):
    """Milliseconds since 1970."""

    created: int | float | None = None
    completed: int | float | None = None


class Folder(msgspec.Struct, gc=False):
    """Where the agent worked."""

    root: str | None = None


class Failure(msgspec.Struct, gc=False):
    """Why there is no answer."""

    name: str | None = None


class Message(msgspec.Struct, gc=False):
    """A message; in the database it has no ids of its own."""

    id: str | None = None
    sessionID: str | None = None
    role: str | None = None
    providerID: str | None = None
    modelID: str | None = None
    cost: Decimal | None = None
    tokens: Tokens | None = None
    time: Clock | None = None
    path: Folder | None = None
    error: Failure | None = None
    session_id: str | None = None
    data: Message | None = None
    """The message itself, where this is a row of the database."""


def convert(record: Message, _: Context) -> Request | Ignored:
    """Return the request behind an assistant's message."""
    message = record.data or record
    tokens = message.tokens
    if message.role != "assistant" or tokens is None:
        return Ignored("message without tokens")
    clock = message.time or Clock()
    project = (message.path.root or "" if message.path else "").rstrip("/").rpartition("/")[2]
    request = Request(
        request_id=record.id or message.id,
        session_id=record.session_id or message.sessionID,
        started_at=epoch(clock.created, "time.created", MILLISECONDS),
        ended_at=epoch(clock.completed, "time.completed", MILLISECONDS),
        seller=seller_of(message.providerID),
        model_raw=message.modelID,
        model_requested=message.modelID,
        model_served=message.modelID,
        endpoint="opencode",
        feature="coding-agent",
        needs_tools=True,
        tags=msgspec.json.encode({"project": project}).decode() if project else None,
        raw_usage=msgspec.json.encode(tokens).decode(),
    )
    if message.error is not None:
        aborted = message.error.name == "MessageAbortedError"
        request.status = "cancelled" if aborted else "error"
        request.error_class = None if aborted else error_class(None, message.error.name or "")
    cache = tokens.cache or Cache()
    usage.stated(
        request,
        input_=tokens.input,
        output=tokens.output,
        read=cache.read,
        written=cache.write,
        reasoning=tokens.reasoning,
        input_has_cache=False,
        output_has_reasoning=_total_leaves_out_reasoning(tokens, cache),
    )
    # 0 is what a subscription looks like, too.
    fill_cost(request, none_if_zero(message.cost), "cost", kind="list_estimate")
    return request


def _total_leaves_out_reasoning(tokens: Tokens, cache: Cache) -> bool:
    """Say whether the stated total is whole without the reasoning, which then stands inside the output."""
    if not tokens.total or not tokens.reasoning:
        return False
    parts = (tokens.input, tokens.output, cache.read, cache.write)
    return tokens.total == sum(part or 0 for part in parts)


FORMAT = Format(
    name="opencode",
    title="opencode sessions",
    reads=("json", "sqlite"),
    marks=(
        "sessionID",
        "providerID",
        "modelID",
        "tokens.cache",
        "tokens.reasoning",
        "time.created",
        "message.session_id",
        "message.data",
        "message.time_created",
        "session.directory",
    ),
    says=lambda message: not message or "role" in message,
    record=Message,
    convert=convert,
    tables={"message": "SELECT id, session_id, data FROM message"},
    repeats="last",
    semantics=(
        "input excludes cache reads and writes, which are under cache. reasoning is separate from output and is "
        "billed as output, unless the message's own total is complete without it. cost is the program's estimate "
        "from list prices; 0 is written for subscriptions and for models without a price, and is taken as unknown."
    ),
    verified=(
        "Databases that opencode 1.18 and Kilo's command line 7.7 wrote of calls whose counts were known. Files of "
        "messages: other readers' tests and the program's fixtures."
    ),
    about=(
        "The files `~/.local/share/opencode/storage/message/**/*.json`, or `opencode.db` beside them, or "
        "`~/.local/share/kilo/kilo.db`. Both may hold the same messages: an id counts once."
    ),
    traps=(
        ("the old files and the new database overlap", "the same message id is the same request"),
        ("cost is 0 on a subscription", "it is unknown, and list cost is shown"),
        ("the calls that give a session its title are not written down", "they are in no total"),
    ),
)
