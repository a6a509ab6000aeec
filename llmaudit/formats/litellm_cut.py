"""LiteLLM rows of lines that differ in nothing but their values: the parts of the columns, cut out of the lines."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from llmaudit.formats.alike import Alike, Unlike
from llmaudit.formats.litellm_columns import AMOUNT, COUNTS, TIME, Odd, Parts, is_usual_kind, made

_USED = ("metadata", "usage_object")
_CLOCK = len("2026-10-01T10:00:00")
_ZONES = ("Z", "+00:00")
_MANY = 1 << 40


def cut(
    lines: Alike,
    first: Any,
    metadata: type,
    shared: Callable[..., Any],
    short: Callable[[str | None], str | None],
) -> tuple[Mapping[str, Any], npt.NDArray[np.bool_]] | None:
    """Return the columns of lines that are alike, and which rows are not ordinary; None where none can be done so.

    Args:
        lines: Lines of one shape.
        first: One of them, decoded.
        metadata: The type of `metadata` that was decoded as an object.
        shared: Makes the request that rows of one model, team and tag list share; cached.
        short: What is kept of an API key.
    """
    meta: Any = first.metadata
    if meta.__class__ is not metadata or not is_usual_kind(first, meta):
        return None
    if first.metadata.error_information is not None:  # not read here, so its kinds of values are not looked at
        return None
    try:
        lines.number("metadata", "cost_breakdown", "total_cost")  # not used here, but a text need not be an amount
        if any(lines.text("metadata", name) is not None for name in ("original_model_group", "internal_call_origin")):
            return None
        parts = _parts(lines, first, shared, short)
        odd = pc.equal(parts.spend, pa.scalar(0, AMOUNT))
        status = lines.text("status")
        if status is not None:
            odd = pc.or_(odd, pc.equal(status, "failure"))
        odd = pc.or_(odd, pc.equal(parts.request_id, ""))
        return made(parts), odd.to_numpy(zero_copy_only=False)
    except (Odd, Unlike, pa.ArrowException):
        return None


def _parts(lines: Alike, first: Any, shared: Callable[..., Any], short: Callable[[str | None], str | None]) -> Parts:
    request_id, spend = lines.text("request_id"), lines.number("spend")
    prompt, completion = lines.number("prompt_tokens"), lines.number("completion_tokens")
    if request_id is None or spend is None or prompt is None or completion is None:
        raise Odd
    counts: dict[tuple[str, ...], pa.Array] = {}
    for path in COUNTS:
        found = lines.number(*_USED, *path)
        if found is not None:
            counts[path] = found.cast(pa.int64())
    requests, which = _shared(lines, first, shared)
    size = len(lines)
    nothing = pa.nulls(size, pa.string())
    return Parts(
        request_id=request_id,
        session_id=_first_said(lines.text("session_id")) or nothing,
        call_id=_first_said(lines.text("litellm_call_id")),
        started_at=_moments(lines.text("startTime"), size),
        ended_at=_moments(lines.text("endTime"), size),
        first_token_at=_moments(lines.text("completionStartTime"), size),
        user_id=_first_said(lines.text("end_user"), lines.text("user")) or nothing,
        key_id=_keys(lines, short),
        spend=spend.cast(AMOUNT),
        prompt=prompt.cast(pa.int64()),
        completion=completion.cast(pa.int64()),
        counts=counts,
        raw_usage=_json(first.metadata.usage_object, counts, size),
        requests=requests,
        which=which,
    )


def _moments(texts: pa.StringArray | None, size: int) -> pa.Array:
    """Return times, all with the same zone. What Arrow takes for one beyond that, the strict decoder does too."""
    if texts is None:
        return pa.nulls(size, TIME)
    zone = next((zone for zone in _ZONES if texts[0].as_py().endswith(zone)), "")
    if zone:
        if not pc.all(pc.ends_with(texts, zone)).as_py():
            raise Odd
        texts = pc.utf8_slice_codeunits(texts, 0, -len(zone))
    if pc.min(pc.binary_length(texts)).as_py() < _CLOCK:  # a day or an hour alone is a time to Arrow
        raise Odd
    return texts.cast(TIME)


def _first_said(*texts: pa.StringArray | None) -> pa.Array | None:
    """Return the first text that says something, null where none does."""
    said = [_or_null(each) for each in texts if each is not None]
    return pc.coalesce(*said) if said else None


def _or_null(texts: pa.StringArray) -> pa.Array:
    empty = pc.equal(texts, "")
    return pc.if_else(empty, pa.scalar(None, pa.string()), texts) if pc.any(empty).as_py() else texts


def _keys(lines: Alike, short: Callable[[str | None], str | None]) -> pa.Array:
    """Return the names of keys: the alias, else what is kept of the key itself."""
    alias, key = _first_said(lines.text("metadata", "user_api_key_alias")), lines.text("api_key")
    if key is None or (alias is not None and not alias.null_count):
        return pa.nulls(len(lines), pa.string()) if alias is None else alias
    packed = key.dictionary_encode()
    kept = pa.array([short(value) for value in packed.dictionary.to_pylist()], pa.string()).take(packed.indices)
    return kept if alias is None else pc.coalesce(alias, kept)


def _json(used: Any, counts: Mapping[tuple[str, ...], pa.Array], size: int) -> pa.Array:
    """Return the usage objects as the encoder writes them."""
    texts: list[Any] = [""]
    for part in _pieces(used, counts, ()):
        if isinstance(part, str) and isinstance(texts[-1], str):
            texts[-1] += part
        else:
            texts.append(part)
    if len(texts) == 1:
        return pa.repeat(pa.scalar(texts[0]), size)
    return pc.binary_join_element_wise(*texts, "")


def _pieces(part: Any, counts: Mapping[tuple[str, ...], pa.Array], path: tuple[str, ...]) -> Iterator[Any]:
    """Yield the texts and the columns of numbers that a usage object is made of, in the encoder's order."""
    before = "{"
    for name in part.__struct_fields__:
        value = getattr(part, name)
        if value is None:
            continue
        yield f'{before}"{name}":'
        before = ","
        here = (*path, name)
        if isinstance(value, msgspec.Struct):
            yield from _pieces(value, counts, here)
        else:
            yield counts[here].cast(pa.string())
    yield "{}" if before == "{" else "}"


def _shared(lines: Alike, first: Any, shared: Callable[..., Any]) -> tuple[Sequence[Any], pa.Array]:
    """Return what rows of one model, team and tag list share, each once, and which of them is each row's."""
    names = ("model", "model_group", "custom_llm_provider", "call_type")
    team = _first_said(lines.text("metadata", "user_api_key_team_alias"))
    if team is None or team.null_count:
        rest = lines.text("team_id")
        team = team if rest is None else rest if team is None else pc.coalesce(team, rest)
    tags = [lines.text("request_tags", number) for number in range(len(first.request_tags or ()))]
    tier = lines.text("metadata", "cost_breakdown", "service_tier")
    texts = [*(lines.text(name) for name in names), team, *tags, tier]
    which, places = _combined(texts, len(lines))
    values = [[None] * len(places) if each is None else each.take(places).to_pylist() for each in texts]
    requests = [
        shared(*row[: len(names) + 1], tuple(row[len(names) + 1 : -1]) or None, row[-1])
        for row in zip(*values, strict=True)
    ]
    return requests, which


def _combined(texts: Sequence[pa.Array | None], size: int) -> tuple[pa.Array, pa.Array]:
    """Return which combination of texts is each row's, and a row that has it for every combination."""
    codes = np.zeros(size, np.int64)
    kinds = 1
    for each in texts:
        if each is None:
            continue
        packed = each.dictionary_encode(null_encoding="encode")
        codes = codes * len(packed.dictionary) + packed.indices.to_numpy()
        kinds *= len(packed.dictionary)
        if kinds > _MANY:  # numbered anew before the numbers grow too long
            codes = np.unique(codes, return_inverse=True)[1]
            kinds = size
    _, places, which = np.unique(codes, return_index=True, return_inverse=True)
    return pa.array(which.astype(np.int32)), pa.array(places)
