"""Rows to pairs: what the two arms of a request know, side by side. Grain: one row per pair."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from llmaudit.shadow.clusters import Ints

SHARED = ("tier", "user_id", "session_id", "turn", "route", "template_hash", "prompt_tokens", "shown_first")
"""What both arms know: the primary's, or the shadow's where the primary has none."""

OWN = (
    *("line", "copies", "model", "at", "latency_ms", "ttft_ms", "ok", "score", "human_score", "success", "cost_usd"),
    *("cached", "cache_read_tokens", "prompt_tokens", "output_tokens", "params"),
)
"""What each arm has for itself."""


def pivot(table: pa.Table) -> pa.Table:
    """Return the columns of `shadow_pairs`. The first of several rows of an arm counts; `copies` says how many.

    Args:
        table: Rows as `prepare` returns them.
    """
    ids = pc.dictionary_encode(table["pair_id"].combine_chunks())
    pair = np.asarray(ids.indices).astype(np.int64)
    is_shadow = np.asarray(pc.equal(table["arm"], "shadow"))
    order = _in_order(np.asarray(table["source"]), np.asarray(table["line"]))
    places, copies = zip(
        *(_first(pair, side, order, len(ids.dictionary)) for side in (~is_shadow, is_shadow)), strict=True
    )
    columns: dict[str, Any] = {"pair_id": ids.dictionary}
    for name in SHARED:
        columns[name] = _either(table[name], *places)
    for arm, place, count in zip(("primary", "shadow"), places, copies, strict=True):
        index = pa.array(place, mask=place < 0)
        for name in OWN:
            columns[f"{arm}_{name}"] = pa.array(count) if name == "copies" else _taken(table[name], index)
    return pa.table(columns)


def _in_order(source: Ints, line: Ints) -> Ints | None:
    """Return rows in the order of the files, or None where they already are."""
    if len(source) < 2 or (np.all(np.diff(source) == 0) and np.all(np.diff(line) > 0)):  # noqa: PLR2004
        return None
    return np.lexsort((line, source))


def _first(pair: Ints, side: Any, order: Ints | None, pairs: int) -> tuple[Ints, Ints]:
    """Return for each pair the row of an arm that stands first, -1 where there is none, and how many there are."""
    rows = np.flatnonzero(side) if order is None else order[side[order]]
    first = np.full(pairs, -1)
    first[pair[rows[::-1]]] = rows[::-1]  # the last write wins: written from the end, that is the first row
    return first, np.bincount(pair[rows], minlength=pairs)


def _taken(column: Any, index: Any) -> Any:
    if column.null_count == len(column):
        return pa.nulls(len(index), column.type)
    return (column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column).take(index)


def _either(column: Any, first: Ints, second: Ints) -> Any:
    """Return the primary's value, or the shadow's where the primary has no row or no value."""
    if column.null_count == len(column):
        return pa.nulls(len(first), column.type)
    whole = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if whole.null_count:
        known = np.asarray(whole.is_valid())
        use_first = (first >= 0) & known[np.maximum(first, 0)]
    else:
        use_first = first >= 0
    place = np.where(use_first, first, second)
    return whole.take(pa.array(place, mask=place < 0))
