"""new-api and what was made from it: rows of its table `logs`, with the ratios that make the charge."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal

import msgspec

from llmaudit import usage
from llmaudit.formats.base import HELD, Context, Format, Held, Refused, ended
from llmaudit.formats.filling import fill_cost, fill_labels, fill_status, studied_by, text_of
from llmaudit.formats.one_api import CONSUME, MANAGE, QUOTA_PER_DOLLAR, SYSTEM, TOP_UP, Log, is_log, request_of
from llmaudit.formats.values import Count, or_none
from llmaudit.money import EXACT, ZERO
from llmaudit.request import Ignored, Request

ERROR, REFUND = 5, 6
_NO_CALL = {TOP_UP: "top-up", MANAGE: "management entry", SYSTEM: "system entry"}


class Admin(msgspec.Struct, gc=False):
    """What only administrators see."""

    use_channel: list[str | int] | None = None
    local_count_tokens: bool | None = None


class Other(msgspec.Struct, gc=False):
    """The column `other`: only what is used."""

    cache_tokens: Count = None
    cache_creation_tokens: Count = None
    cache_creation_tokens_5m: Count = None
    cache_creation_tokens_1h: Count = None
    cache_write_tokens: Count = None
    claude: bool | None = None
    usage_semantic: str | None = None
    is_model_mapped: bool | None = None
    upstream_model_name: str | None = None
    frt: float | None = None
    status_code: int | None = None
    error_type: str | None = None
    error_code: str | int | None = None
    model_ratio: Decimal | None = None
    group_ratio: Decimal | None = None
    user_group_ratio: Decimal | None = None
    billing_source: str | None = None
    task_id: str | None = None
    admin_info: Admin | None = None


class Row(Log, kw_only=True, gc=False):
    """One row."""

    use_time: float | None = None
    group: str | None = None
    channel_id: int | str | None = None
    other: Other | str | None = None


_other = msgspec.json.Decoder(Other).decode


@dataclass
class Tasks:
    """Charges and refunds of asynchronous tasks by id, and how many rows of the file were read."""

    rows: int = 0
    found: dict[str, list[tuple[int, Row]]] = field(default_factory=dict)


def convert(row: Row, context: Context) -> Request | Ignored | Held:
    """Return the request of one row; rows of a task are kept, for its charge is only known with its refund."""
    tasks: Tasks = context.state
    tasks.rows += 1
    if row.type not in {CONSUME, ERROR, REFUND}:
        return Ignored(_NO_CALL.get(row.type, "entry of an unknown type"))
    other = other_of(row)
    if other.task_id and row.type != ERROR:
        tasks.found.setdefault(other.task_id, []).append((tasks.rows, row))
        return HELD
    if row.type == REFUND:
        return Ignored("refund without a task")
    return _request(row, other, context)


def finish(context: Context) -> Iterator[Request | Refused]:
    """Yield one request for each task, charged with what is left after refunds; its line is the row's number."""
    return ended(context.state.found.values(), lambda rows: _task(rows, context), lambda rows: rows[0][0])


def _task(rows: Sequence[tuple[int, Row]], context: Context) -> Request | None:
    charged = next(((number, row) for number, row in rows if row.type == CONSUME), None)
    if charged is None:  # a refund whose charge is in an earlier file
        return None
    number, row = charged
    net = ZERO
    for _, each in rows:
        quota = each.quota or ZERO
        net = EXACT.subtract(net, abs(quota)) if each.type == REFUND else EXACT.add(net, quota)
    row.quota = max(net, ZERO)
    request = _request(row, other_of(row), context)
    request.line = number
    return request


def other_of(row: Row) -> Other:
    """Return the column `other`, JSON text or an object."""
    return _other(row.other or "{}") if isinstance(row.other, str) else row.other or Other()


def _request(row: Row, other: Other, context: Context) -> Request:
    seconds = row.use_time
    request = request_of(row, context, None if seconds is None else seconds * 1000)
    request.gateway = "new-api"
    if other.is_model_mapped and other.upstream_model_name:
        request.model_served = other.upstream_model_name
    if request.started_at is not None and other.frt is not None and other.frt > 0:
        request.first_token_at = request.started_at + timedelta(milliseconds=other.frt)
    fill_status(
        request, other.status_code, f"{other.error_type or ''} {other.error_code or ''}", failed=row.type == ERROR
    )
    _, _, reading = told(row)
    usage.passed_through(request, reading, provider=_semantics(other), model=row.model_name, study=context.file.study)
    if request.status == "error":
        usage.not_counted(request)
    elif other.admin_info and other.admin_info.local_count_tokens and request.usage_status == "reported":
        request.usage_status = "estimated"
    fill_cost(request, row.quota, "quota", QUOTA_PER_DOLLAR)
    fill_labels(request, _labels(row, other))
    return request


def _semantics(other: Other) -> str:
    return "anthropic" if other.claude or other.usage_semantic == "anthropic" else "openai"


def told(row: Row) -> tuple[str, str | None, usage.Reading]:
    """Return the provider whose way of counting a row says it follows, its model, and its counts."""
    other = other_of(row)
    short, long = other.cache_creation_tokens_5m, other.cache_creation_tokens_1h
    written = other.cache_write_tokens if other.cache_creation_tokens is None else other.cache_creation_tokens
    if written is None and (short is not None or long is not None):
        written = (short or 0) + (long or 0)
    reading = usage.Reading(
        row.prompt_tokens,
        row.completion_tokens,
        read=other.cache_tokens,
        written=written,
        written_5m=short,
        written_1h=long,
    )
    return _semantics(other), row.model_name, reading


def _labels(row: Row, other: Other) -> dict[str, str]:
    """Return what made the charge, as labels: `user_group_ratio` replaces the group's unless it is -1."""
    own = other.user_group_ratio
    ratio = own if own is not None and own >= 0 else other.group_ratio
    tried = other.admin_info.use_channel if other.admin_info else None
    told_of = {
        "group": row.group,
        "group_ratio": None if ratio is None else f"{ratio.normalize():f}",
        "model_ratio": None if other.model_ratio is None else f"{other.model_ratio.normalize():f}",
        "channel": text_of(row.channel_id) or text_of(row.channel),
        "channels_tried": ",".join(map(str, tried)) if tried and len(tried) > 1 else None,
        "billing_source": other.billing_source,
    }
    return {name: known for name, value in told_of.items() if (known := or_none(value)) is not None}


FORMAT = Format(
    name="new_api",
    title="new-api logs",
    reads=("json", "table", "sqlite"),
    marks=(
        "quota",
        "token_name",
        "username",
        "channel",
        "use_time",
        "other",
        "is_stream",
        "logs.quota",
        "logs.token_name",
        "logs.username",
        "logs.channel_id",
        "logs.use_time",
        "logs.other",
    ),
    says=is_log,
    record=Row,
    convert=convert,
    state=Tasks,
    finish=finish,
    study=lambda records: studied_by(records, Row, told),
    epochs=("created_at",),
    tables={"logs": "SELECT * FROM logs"},
    semantics=(
        "prompt_tokens includes cached tokens, except where `other` says claude or usage_semantic anthropic: there "
        "cached tokens are separate. completion_tokens includes reasoning. quota is what the caller was charged, "
        "in points of 1/500,000 US dollar, the group's ratio included. created_at is when the row was written, at "
        "the end of the call; use_time is whole seconds, other.frt the milliseconds to the first token (negative: "
        "none)."
    ),
    verified=(
        "Columns and keys of `other` from new-api's source; one published row. Forks add columns, which are skipped."
    ),
    about=(
        "The table `logs`: SQLite file, CSV, COPY rows, or pages of `/api/log`. The key is the token's name; group,"
        " its ratio, the model's ratio and the channel are tags: charge / group_ratio is the list price of the "
        "relay."
    ),
    traps=(
        ("the group's ratio is a markup inside quota", "kept as the tag `group_ratio`; the charge stays as written"),
        ("quota is points, and an operator can change how many make a dollar", "500,000 is assumed"),
        ("what a point costs in yuan can be a second markup, outside the log", "not known here"),
        ("tasks are charged before they run and refunded after", "one request per task, with what is left"),
        ("failed calls have a quota of 0 and may have cost the relay", "the charge is 0, usage is missing"),
        ("users' own exports renumber the rows", "`request_id` is the id, else the row's contents"),
        ("counts of aborted streams are the relay's own", "`local_count_tokens`: estimated"),
    ),
)
