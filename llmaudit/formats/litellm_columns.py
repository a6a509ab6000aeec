"""LiteLLM rows many at once: what `llmaudit.formats.litellm.convert` says of one row, as columns.

Only the common case is here: a success with a price and no prompt text.
Every other row is left to `convert`, and where anything is out of the ordinary in a column, the whole lot is: so there
is no second rule for what is rejected. The values come from decoded rows, or are cut out of lines that are alike
(`llmaudit.formats.litellm_cut`); what is made of them is said once, here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from llmaudit.formats.alike import Odd
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

NOTHING = msgspec.Raw(b"null")
NO_MESSAGES = (msgspec.Raw(b"{}"), NOTHING, msgspec.Raw(b"[]"), msgspec.Raw(b'""'))
"""What `messages` holds unless the operator chose to store prompts."""

TIME = pa.timestamp("us")
AMOUNT = pa.decimal128(38, 30)
USED, OLDER = "usage_object", "additional_usage_values"
_PROMPT = "prompt_tokens_details"
_LIFETIMES = "cache_creation_token_details"
READ = ((USED, _PROMPT, "cached_tokens"), (USED, "cache_read_input_tokens"), (OLDER, "cache_read_input_tokens"))
WRITTEN = (
    (USED, _PROMPT, "cache_creation_tokens"),
    (USED, _PROMPT, "cache_write_tokens"),
    (USED, "cache_creation_input_tokens"),
    (OLDER, "cache_creation_input_tokens"),
)
WRITTEN_5M = (USED, _PROMPT, _LIFETIMES, "ephemeral_5m_input_tokens")
WRITTEN_1H = (USED, _PROMPT, _LIFETIMES, "ephemeral_1h_input_tokens")
REASONING = (USED, "completion_tokens_details", "reasoning_tokens")
COUNTED = (*READ, *WRITTEN, WRITTEN_5M, WRITTEN_1H, REASONING)
"""Where counts lie in the metadata; of several places for one thing, the first that has it counts."""

COUNTS = tuple(dict.fromkeys((part, *path[1:]) for part in (USED, OLDER) for path in COUNTED))
"""Wherever a count may lie. One that is not used has to be a count all the same."""

_encode_lines = msgspec.json.Encoder().encode_lines
_ZERO = pa.scalar(0, pa.int64())


@dataclass
class Parts:
    """What the columns are made of. A text that says nothing is null.

    Attributes:
        request_id: Of each row.
        session_id: Of each row.
        call_id: `litellm_call_id`; None where no row has one.
        started_at: Naive UTC, like the other two.
        ended_at: When it ended.
        first_token_at: When the first token came.
        user_id: Who called.
        key_id: The key's name.
        spend: As written.
        prompt: `prompt_tokens`.
        completion: `completion_tokens`.
        counts: The counters in the metadata by path; what no row has is not there.
        raw_usage: The usage objects as JSON, null where there is none.
        requests: What rows of one model, team and tag list share, each once.
        which: Which of them is each row's.
    """

    request_id: pa.Array
    session_id: pa.Array
    call_id: pa.Array | None
    started_at: pa.Array
    ended_at: pa.Array
    first_token_at: pa.Array
    user_id: pa.Array
    key_id: pa.Array
    spend: pa.Array
    prompt: pa.Array
    completion: pa.Array
    counts: dict[tuple[str, ...], pa.Array]
    raw_usage: pa.Array
    requests: Sequence[Any]
    which: pa.Array


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
        done = made(_parts(usual, shared, short)) if usual else {}
    except (Odd, pa.ArrowException, ValueError, TypeError, OverflowError):
        return {}, list(range(len(rows)))
    if len(usual) == len(rows):
        return done, []
    kept = {id(row) for row in usual}
    return done, [place for place, row in enumerate(rows) if id(row) not in kept]


def _is_usual(row: Any, meta: Any) -> bool:
    if row.status == "failure" or not row.spend or not row.request_id:
        return False
    if str(row.cache_hit).lower() == "true":
        return False
    return is_usual_kind(row, meta)


def is_usual_kind(row: Any, meta: Any) -> bool:
    """Say whether a row is ordinary as far as the kinds of its values go, which rows of one shape share."""
    if row.messages not in NO_MESSAGES or row.request_tags.__class__ is str or row.cache_hit is True:
        return False
    return not meta.original_model_group and not meta.internal_call_origin


def _parts(rows: Sequence[Any], shared: Callable[..., Any], short: Callable[[str | None], str | None]) -> Parts:
    meta = [row.metadata for row in rows]
    calls = [row.litellm_call_id or None for row in rows]
    requests, which = _shared(rows, meta, shared)
    return Parts(
        request_id=pa.array([row.request_id for row in rows], pa.string()),
        session_id=pa.array([row.session_id or None for row in rows], pa.string()),
        call_id=pa.array(calls, pa.string()) if any(calls) else None,
        started_at=_moments([row.startTime for row in rows]),
        ended_at=_moments([row.endTime for row in rows]),
        first_token_at=_moments([row.completionStartTime for row in rows]),
        user_id=pa.array([row.end_user or row.user or None for row in rows], pa.string()),
        key_id=pa.array(
            [each.user_api_key_alias or short(row.api_key) for each, row in zip(meta, rows, strict=True)], pa.string()
        ),
        spend=pa.array([row.spend for row in rows], AMOUNT),
        prompt=_whole([row.prompt_tokens for row in rows]),
        completion=_whole([row.completion_tokens for row in rows]),
        counts=dict(_counts(meta)),
        raw_usage=_json([each.usage_object for each in meta]),
        requests=requests,
        which=which,
    )


def _shared(rows: Sequence[Any], meta: Sequence[Any], shared: Callable[..., Any]) -> tuple[Sequence[Any], pa.Array]:
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
    return list(distinct.values()), pa.array([numbers[id(request)] for request in requests], pa.int32())


def _counts(meta: Sequence[Any]) -> Iterator[tuple[tuple[str, ...], pa.Array]]:
    for path in COUNTED:
        found: list[Any] = list(meta)
        for name in path:
            found = [each and getattr(each, name) for each in found]
        if any(value is not None for value in found):
            yield path, _whole(found)


def _whole(values: list[Any]) -> pa.Array:
    """Return counts as integers. Arrow would cut 2.7 down to 2 were it told the type at once; a cast refuses that."""
    return pa.array(values).cast(pa.int64())


def _moments(values: list[datetime | None]) -> pa.Array:
    """Return times as naive UTC; Arrow converts those with a zone."""
    return pa.array(values, TIME)


def _json(values: Sequence[Any]) -> pa.Array:
    """Return structs as JSON texts, null where there is none: encoded in one go, and cut where the lines end."""
    data = _encode_lines(values)
    ends = np.flatnonzero(np.frombuffer(data, np.uint8) == ord("\n")).astype(np.int32) + 1
    offsets = np.concatenate((np.zeros(1, np.int32), ends))
    lines = pa.Array.from_buffers(pa.string(), len(values), [None, pa.py_buffer(offsets), pa.py_buffer(data)])
    texts = pc.utf8_slice_codeunits(lines, 0, -1)
    missing = [value is None for value in values]
    return pc.if_else(pa.array(missing), None, texts) if any(missing) else texts


def made(parts: Parts) -> dict[str, pa.Array]:
    """Return the columns.

    Raises:
        Odd: A value is not what it mostly is.
    """
    size = len(parts.request_id)
    session_id, ended, first = parts.session_id, parts.ended_at, parts.first_token_at
    for moments in (parts.started_at, ended, first):
        _check(moments, EARLIEST, LATEST - timedelta.resolution)
    _check(parts.spend, 0, MAX_PER_ROW)
    return {
        "request_id": parts.request_id,
        "response_id": parts.request_id,
        "session_id": session_id,
        "call_id": session_id if parts.call_id is None else pc.coalesce(parts.call_id, session_id),
        "started_at": parts.started_at,
        "ended_at": ended,
        "first_token_at": first,
        "is_batch": pc.ends_with(parts.request_id, "_batch_cost"),
        "is_streamed": pc.not_equal(first, ended),
        "user_id": parts.user_id,
        "key_id": parts.key_id,
        "status": pa.repeat(pa.scalar("ok"), size),
        "billed_amount": pc.round(parts.spend, ndigits=12, round_mode="half_to_even").cast(pa.decimal128(18, 12)),
        "billed_kind": pa.repeat(pa.scalar("seller_reported"), size),
        **_repeated(parts.requests, parts.which),
        **_usage(parts),
    }


def _check(array: pa.Array, least: Any, most: Any) -> None:
    """Look whether all values can be believed; anything else is for `convert`."""
    found = pc.min_max(array)
    if found["min"].is_valid and (found["min"].as_py() < least or found["max"].as_py() > most):
        raise Odd


def _repeated(requests: Sequence[Any], which: pa.Array) -> dict[str, pa.Array]:
    """Return the columns that rows of one model, team and tag list share, each made once and repeated."""
    done = {}
    for name in SHARED:
        kind = pa.int64() if name == "stated_tier" else pa.string()
        values = [getattr(request, name) for request in requests]
        if values.count(values[0]) == len(values):
            size = len(which)
            done[name] = pa.nulls(size, kind) if values[0] is None else pa.repeat(pa.scalar(values[0], kind), size)
        else:
            done[name] = pa.array(values, kind).take(which)
    return done


def _usage(parts: Parts) -> dict[str, pa.Array]:
    """Return the token counters, as `llmaudit.usage.openai` fills them."""
    prompt, output, size = parts.prompt, parts.completion, len(parts.prompt)
    if prompt.null_count or output.null_count:
        raise Odd
    for counts in (prompt, output, *parts.counts.values()):
        _check(counts, 0, MAX_TOKENS)
    read = _or_zero(_first(parts.counts, READ), size)
    writes, written, agree = _writes(parts.counts, size)
    reasoning = parts.counts.get(REASONING, pa.nulls(size, pa.int64()))
    rest = pc.subtract(pc.subtract(prompt, read), written)
    fits = pc.and_(pc.greater_equal(rest, _ZERO), pc.less_equal(pc.coalesce(reasoning, _ZERO), output))
    if agree is not None:
        fits = pc.and_(fits, agree)
    return {
        "usage_status": pc.if_else(fits, "reported", "inconsistent"),
        "input_tokens": pc.if_else(pc.greater_equal(rest, _ZERO), rest, pa.scalar(None, pa.int64())),
        "cache_read_tokens": read,
        **writes,
        "output_tokens": output,
        "reasoning_tokens": reasoning,
        "raw_usage": parts.raw_usage,
    }


def _writes(
    counts: Mapping[tuple[str, ...], pa.Array], size: int
) -> tuple[dict[str, pa.Array], pa.Array, pa.Array | None]:
    """Return cache writes by lifetime, all of them together, and whether the parts fit; None where there are none."""
    written, zeros = _first(counts, WRITTEN), pa.repeat(_ZERO, size)
    if WRITTEN_5M not in counts and WRITTEN_1H not in counts:
        other = _or_zero(written, size)
        return _by_lifetime(zeros, zeros, other), other, None
    short, long = (_or_zero(counts.get(path), size) for path in (WRITTEN_5M, WRITTEN_1H))
    both = pc.add(short, long)
    whole = both if written is None else pc.coalesce(written, both)
    rest = pc.subtract(whole, both)
    other = pc.max_element_wise(rest, _ZERO)
    # A whole of 0 beside parts says nothing: then they are it.
    together = pc.if_else(pc.equal(whole, _ZERO), pc.add(both, other), whole)
    return _by_lifetime(short, long, other), together, pc.greater_equal(rest, _ZERO)


def _by_lifetime(short: pa.Array, long: pa.Array, other: pa.Array) -> dict[str, pa.Array]:
    return {"cache_write_5m_tokens": short, "cache_write_1h_tokens": long, "cache_write_other_tokens": other}


def _first(counts: Mapping[tuple[str, ...], pa.Array], paths: Sequence[tuple[str, ...]]) -> pa.Array | None:
    """Return the first count that is there; None where no row has one."""
    arrays = [counts[path] for path in paths if path in counts]
    if not arrays:
        return None
    return pc.coalesce(*arrays) if arrays[0].null_count and len(arrays) > 1 else arrays[0]


def _or_zero(counts: pa.Array | None, size: int) -> pa.Array:
    if counts is None:
        return pa.repeat(_ZERO, size)
    return pc.coalesce(counts, _ZERO) if counts.null_count else counts
