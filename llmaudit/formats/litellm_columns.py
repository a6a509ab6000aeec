"""LiteLLM rows many at once: what `llmaudit.formats.litellm.convert` says of one row, as columns.

Only the common case is here: a success with a usage object, a price, no prompt text and no lifetimes of cache writes.
Every other row is left to `convert`, and where anything is out of the ordinary in a column, the whole lot is: so there
is no second rule for what is rejected.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from llmaudit.formats.values import EARLIEST, LATEST
from llmaudit.money import MAX_PER_ROW
from llmaudit.usage import MAX_TOKENS

SHARED = (
    "gateway",
    "seller",
    "model_raw",
    "model_requested",
    "model_served",
    "endpoint",
    "service_tier",
    "billed_currency",
    "team",
    "feature",
    "tags",
    "stated_tier",
)
"""Columns that all rows of one model, team and tag list share."""

_EMPTY = msgspec.Raw(b"{}")
_TIME = pa.timestamp("us")
_encode_lines = msgspec.json.Encoder().encode_lines
_ZERO = pa.scalar(0, pa.int64())
_MAX = pa.scalar(MAX_TOKENS, pa.int64())


class _Odd(Exception):  # noqa: N818 -- not an error: these rows are for `convert`
    """Something in a column is out of the ordinary."""


def columns(
    rows: Sequence[Any], metadata: type, shared: Callable[..., Any], short: Callable[[str | None], str | None]
) -> tuple[Mapping[str, Any], list[int]]:
    """Return the columns of the rows that are ordinary, and the positions of the others.

    Args:
        rows: Decoded spend-log rows.
        metadata: The type of `metadata` that was decoded as an object.
        shared: Makes the request that rows of one model, team and tag list share; cached.
        short: What is kept of an API key.
    """
    usual = [row for row in rows if row.metadata.__class__ is metadata and _is_usual(row, row.metadata)]
    try:
        done = _usual(usual, shared, short) if usual else {}
    except (_Odd, pa.ArrowException, ValueError, TypeError, OverflowError):
        return {}, list(range(len(rows)))
    if len(usual) == len(rows):
        return done, []
    kept = {id(row) for row in usual}
    return done, [place for place, row in enumerate(rows) if id(row) not in kept]


def _is_usual(row: Any, meta: Any) -> bool:
    used = meta.usage_object
    if used is None or row.status == "failure" or not row.spend or not row.request_id or row.messages != _EMPTY:
        return False
    if row.request_tags.__class__ is str or meta.additional_usage_values is not None:
        return False
    if meta.original_model_group or meta.internal_call_origin:
        return False
    prompt = used.prompt_tokens_details
    return prompt is None or prompt.cache_creation_token_details is None


def _usual(
    rows: Sequence[Any], shared: Callable[..., Any], short: Callable[[str | None], str | None]
) -> dict[str, pa.Array]:
    meta = [row.metadata for row in rows]
    request_id = pa.array([row.request_id for row in rows], pa.string())
    session_id = pa.array([row.session_id or None for row in rows], pa.string())
    ended = _moments([row.endTime for row in rows])
    first = _moments([row.completionStartTime for row in rows])
    return {
        "request_id": request_id,
        "response_id": request_id,
        "session_id": session_id,
        "call_id": _calls(rows, session_id),
        "started_at": _moments([row.startTime for row in rows]),
        "ended_at": ended,
        "first_token_at": first,
        "is_batch": pc.ends_with(request_id, "_batch_cost"),
        "is_streamed": pc.not_equal(first, ended),
        "user_id": pa.array([row.end_user or row.user or None for row in rows], pa.string()),
        "key_id": pa.array(
            [each.user_api_key_alias or short(row.api_key) for each, row in zip(meta, rows, strict=True)], pa.string()
        ),
        "status": pa.repeat(pa.scalar("ok"), len(rows)),
        "billed_amount": _amounts([row.spend for row in rows]),
        "billed_kind": pa.repeat(pa.scalar("seller_reported"), len(rows)),
        **_shared(rows, meta, shared),
        **_usage(rows, [each.usage_object for each in meta]),
    }


def _calls(rows: Sequence[Any], session_id: pa.Array) -> pa.Array:
    own = [row.litellm_call_id for row in rows]
    if not any(own):
        return session_id
    return pa.array([call or row.session_id or None for call, row in zip(own, rows, strict=True)], pa.string())


def _shared(rows: Sequence[Any], meta: Sequence[Any], shared: Callable[..., Any]) -> dict[str, pa.Array]:
    """Return the columns that rows of one model, team and tag list share, each made once and repeated."""
    requests = [
        shared(
            row.model,
            row.model_group,
            row.custom_llm_provider,
            row.call_type,
            each.user_api_key_team_alias or row.team_id,
            tuple(row.request_tags) if row.request_tags else None,
            each.cost_breakdown.service_tier if each.cost_breakdown else None,
        )
        for row, each in zip(rows, meta, strict=True)
    ]
    distinct = {id(request): request for request in requests}
    numbers = {key: number for number, key in enumerate(distinct)}
    codes = [numbers[id(request)] for request in requests]
    where = pa.array(codes, pa.int32())
    return {
        name: pa.array(
            [getattr(request, name) for request in distinct.values()],
            pa.int64() if name == "stated_tier" else pa.string(),
        ).take(where)
        for name in SHARED
    }


def _usage(rows: Sequence[Any], used: Sequence[Any]) -> dict[str, pa.Array]:
    """Return the token counters, as `llmaudit.usage.openai` fills them where no write has a lifetime."""
    prompts = [each.prompt_tokens_details for each in used]
    prompt = _counts([row.prompt_tokens for row in rows])
    output = _counts([row.completion_tokens for row in rows])
    if prompt.null_count or output.null_count:
        raise _Odd
    read = _first(
        [each and each.cached_tokens for each in prompts],
        [each.cache_read_input_tokens for each in used],
    )
    written = _first(
        [each and each.cache_creation_tokens for each in prompts],
        [each and each.cache_write_tokens for each in prompts],
        [each.cache_creation_input_tokens for each in used],
    )
    completions = [each.completion_tokens_details for each in used]
    reasoning = _counts([each and each.reasoning_tokens for each in completions])
    rest = pc.subtract(pc.subtract(prompt, read), written)
    fits = pc.and_(pc.greater_equal(rest, _ZERO), pc.less_equal(pc.coalesce(reasoning, _ZERO), output))
    zeros = pa.repeat(_ZERO, len(rows))
    return {
        "usage_status": pc.if_else(fits, "reported", "inconsistent"),
        "input_tokens": pc.if_else(pc.greater_equal(rest, _ZERO), rest, pa.scalar(None, pa.int64())),
        "cache_read_tokens": read,
        "cache_write_5m_tokens": zeros,
        "cache_write_1h_tokens": zeros,
        "cache_write_other_tokens": written,
        "output_tokens": output,
        "reasoning_tokens": reasoning,
        "raw_usage": _json(used),
    }


def _counts(values: list[Any]) -> pa.Array:
    """Return token counts that can be believed; anything else is for `llmaudit.usage.checked`."""
    array = pa.array(values, pa.int64())
    least, most = pc.min_max(array).values()
    if least.is_valid and (least.as_py() < 0 or most.as_py() > MAX_TOKENS):
        raise _Odd
    return array


def _first(*found: list[Any]) -> pa.Array:
    """Return the first count that is there, 0 where none is."""
    arrays = [_counts(values) for values in found if any(value is not None for value in values)]
    if not arrays:
        return pa.repeat(_ZERO, len(found[0]))
    return pc.coalesce(*arrays, _ZERO) if arrays[0].null_count else arrays[0]


def _moments(values: list[datetime | None]) -> pa.Array:
    """Return times as naive UTC, all of them within bounds; Arrow converts those with a zone."""
    array = pa.array(values, _TIME)
    least, most = pc.min_max(array).values()
    if least.is_valid and (least.as_py() < EARLIEST or most.as_py() >= LATEST):
        raise _Odd
    return array


def _amounts(values: list[Any]) -> pa.Array:
    """Return amounts at twelve decimals, rounded half to even like `llmaudit.money.EXACT`."""
    exact = pa.array(values, pa.decimal128(38, 24))
    least, most = pc.min_max(exact).values()
    if least.as_py() < 0 or most.as_py() > MAX_PER_ROW:
        raise _Odd
    return pc.round(exact, ndigits=12, round_mode="half_to_even").cast(pa.decimal128(18, 12))


def _json(values: Sequence[Any]) -> pa.Array:
    """Return structs as JSON texts: encoded in one go, and cut where the lines end."""
    data = _encode_lines(values)
    ends = np.flatnonzero(np.frombuffer(data, np.uint8) == ord("\n")).astype(np.int32) + 1
    offsets = np.concatenate((np.zeros(1, np.int32), ends))
    lines = pa.Array.from_buffers(pa.string(), len(values), [None, pa.py_buffer(offsets), pa.py_buffer(data)])
    return pc.utf8_slice_codeunits(lines, 0, -1)
