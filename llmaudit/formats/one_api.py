"""one-api: rows of its table `logs`, whose amounts are quota points."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import msgspec

from llmaudit import usage
from llmaudit.formats.base import Context, Format
from llmaudit.formats.filling import fill_cost, fill_labels
from llmaudit.formats.values import DAY_MS, Count, or_none
from llmaudit.request import Ignored, Request

QUOTA_PER_DOLLAR = 500_000
"""Quota points a dollar, unless the operator changed `QuotaPerUnit`."""

TOP_UP, CONSUME, MANAGE, SYSTEM, OTHER = 1, 2, 3, 4, 5
_NO_CALL = {TOP_UP: "top-up", MANAGE: "management entry", SYSTEM: "system entry", OTHER: "test of a channel"}


class Log(msgspec.Struct, kw_only=True, gc=False):
    """What one-api and the systems made from it name alike."""

    created_at: int | float
    type: int
    id: int | str | None = None
    request_id: str | None = None
    user_id: int | str | None = None
    username: str | None = None
    token_name: str | None = None
    model_name: str | None = None
    quota: Decimal | None = None
    prompt_tokens: Count = None
    completion_tokens: Count = None
    channel: int | str | None = None
    is_stream: bool | None = None


class Row(Log, kw_only=True, gc=False):
    """One row."""

    elapsed_time: float | None = None


def convert(row: Row, context: Context) -> Request | Ignored:
    """Return the request of one row."""
    if row.type != CONSUME:
        return Ignored(_NO_CALL.get(row.type, "entry of an unknown type"))
    request = request_of(row, context, row.elapsed_time)
    request.gateway = "one-api"
    usage.openai(request, prompt=row.prompt_tokens, completion=row.completion_tokens)
    usage.unsplit(request)
    fill_cost(request, row.quota, "quota", QUOTA_PER_DOLLAR)
    fill_labels(request, {"channel": row.channel} if row.channel else None)
    return request


def request_of(row: Log, context: Context, milliseconds: float | None) -> Request:
    """Return the request of a row without its counts and amount. Rows are written when the call has ended."""
    ended = context.epoch(row.created_at, "created_at")
    started = ended
    if ended is not None and milliseconds is not None and 0 <= milliseconds <= DAY_MS:
        started = ended - timedelta(milliseconds=milliseconds)
    return Request(
        request_id=or_none(row.request_id) or _key(row),
        started_at=started,
        ended_at=ended if milliseconds is not None else None,
        model_raw=or_none(row.model_name),
        model_requested=or_none(row.model_name),
        model_served=or_none(row.model_name),
        is_streamed=row.is_stream,
        user_id=or_none(row.username) or (None if row.user_id is None else str(row.user_id)),
        key_id=or_none(row.token_name),
    )


def _key(row: Log) -> str:
    """Return what makes a row one where it has no request id; its number alone does not: users' exports renumber."""
    parts = (row.id, row.created_at, row.username, row.token_name, row.model_name, row.quota, row.prompt_tokens)
    return "|".join(str(part) for part in (*parts, row.completion_tokens))


def is_log(record: dict[str, Any]) -> bool:
    """Say whether a decoded record has what all these tables have; of a database or dump only the columns are known."""
    return not record or ("quota" in record and "token_name" in record and "type" in record)


FORMAT = Format(
    name="one_api",
    title="one-api logs",
    reads=("json", "table", "sqlite"),
    marks=(
        "quota",
        "token_name",
        "username",
        "channel",
        "is_stream",
        "elapsed_time",
        "system_prompt_reset",
        "logs.quota",
        "logs.token_name",
        "logs.username",
        "logs.channel_id",
        "logs.elapsed_time",
        "logs.system_prompt_reset",
    ),
    says=is_log,
    record=Row,
    convert=convert,
    epochs=("created_at",),
    tables={"logs": "SELECT *, channel_id AS channel FROM logs"},
    semantics=(
        "prompt_tokens and completion_tokens are OpenAI's: cached tokens and reasoning are included and cannot be "
        "separated. quota is what the caller was charged, in points of 1/500,000 US dollar, the group's ratio "
        "included. created_at is when the row was written, at the end of the call; elapsed_time is milliseconds."
    ),
    verified=(
        "Columns and the formula of quota from one-api's source at 8df4a26: (19 + 175 x 4) x 15 x 1 = 10,785 points"
        " on a published row."
    ),
    about=(
        "The table `logs`: SQLite file, CSV, COPY rows, or pages of `/api/log`. The key is the token's name, the "
        "channel a tag. Which provider a channel is, the log does not say."
    ),
    traps=(
        ("quota is points, and an operator can change how many make a dollar", "500,000 is assumed"),
        (
            "quota holds the group's markup",
            "it is the charge as written; the group's ratio is only in the text of the row",
        ),
        ("rows are dated by the end of the call", "the start is that less `elapsed_time`, if it is there"),
        ("top-ups and entries of the system are in the same table", "ignored"),
    ),
)
