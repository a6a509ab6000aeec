"""Rows to pairs: both arms of a request side by side. Grain: one row per pair."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from llmaudit.arrays import Ints
from llmaudit.shadow.pairs import UNKNOWN

SHARED = ("tier", "user_id", "session_id", "turn", "route", "template_hash", "prompt_tokens", "shown_first")
"""Columns that belong to the pair: the primary's value, or the shadow's if the primary has none."""

LABELS = {"user_id", "session_id", "template_hash"}
"""Columns in which most values repeat an earlier one: as codes they are read, saved and counted faster."""

ARMS = ("primary", "shadow")
OWN = (
    *("line", "copies", "model", "at", "latency_ms", "ttft_ms", "ok", "score", "human_score", "success", "cost_usd"),
    *("cached", "cache_read_tokens", "prompt_tokens", "output_tokens", "params"),
)
"""Columns that each arm has for itself."""

WORKERS = 2


def pivot(rows: dict[str, Any]) -> pa.Table:
    """Return the columns of `shadow_pairs`, pairs by time. The first of several rows of an arm counts (`copies`).

    Args:
        rows: Columns as `prepare` returns them. They are removed one by one, so that the same million rows are
            never in memory in two shapes at once.
    """
    ids = _whole(rows.pop("pair_id"))
    pair = np.asarray(ids.indices).astype(np.int64)
    is_shadow = np.asarray(pc.equal(rows.pop("arm"), "shadow"))
    order = _in_order(np.asarray(rows.pop("source")), np.asarray(rows["line"]))
    places, copies = zip(
        *(_first(pair, side, order, len(ids.dictionary)) for side in (~is_shadow, is_shadow)), strict=True
    )
    by_time = _by_time(rows, ids.dictionary, *places)
    places, copies = (tuple(column[by_time] for column in both) for both in (places, copies))
    table_columns: dict[str, Any] = {"pair_id": ids.dictionary.take(pa.array(by_time))}
    del ids, pair, is_shadow, by_time
    indices = [pa.array(place, mask=place < 0) for place in places]
    for arm, count in zip(ARMS, copies, strict=True):
        table_columns[f"{arm}_copies"] = pa.array(count)

    def side_by_side(name: str) -> dict[str, Any]:
        column, done = _whole(rows.pop(name)), {}
        if name in SHARED:
            either = _either(column, *places)
            done[name] = pc.dictionary_encode(either) if name in LABELS else either
        if name in OWN:
            done |= {f"{arm}_{name}": column.take(index) for arm, index in zip(ARMS, indices, strict=True)}
        return done

    with ThreadPoolExecutor(WORKERS) as pool:  # Arrow leaves Python's lock
        for columns in pool.map(side_by_side, list(rows)):
            table_columns |= columns
    return pa.table(table_columns)


def _whole(column: Any) -> Any:
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column


def _in_order(source: Ints, line: Ints) -> Ints | None:
    """Return rows in the order of the files, or None if they already are."""
    if len(source) < 2 or (np.all(np.diff(source) == 0) and np.all(np.diff(line) > 0)):  # noqa: PLR2004
        return None
    return np.lexsort((line, source))


def _first(pair: Ints, side: Any, order: Ints | None, pairs: int) -> tuple[Ints, Ints]:
    """Return the first row of an arm for each pair (-1 if it has none), and how many rows there are."""
    rows = np.flatnonzero(side) if order is None else order[side[order]]
    first = np.full(pairs, -1)
    first[pair[rows[::-1]]] = rows[::-1]  # the last write wins: written from the end, that is the first row
    return first, np.bincount(pair[rows], minlength=pairs)


def _by_time(rows: dict[str, Any], ids: Any, first: Ints, second: Ints) -> Ints:
    """Return pairs in order of time.

    Here, where every column is taken to its place anyway, the order costs nothing; arrays made from the table later
    would have to be copied for it, all at once.
    """
    row = np.where(first >= 0, first, second)
    line = np.asarray(rows["line"])[row]
    if "at" in rows:
        instants = np.asarray(pc.fill_null(_whole(rows["at"]).cast(pa.int64()), UNKNOWN))
        at = instants[first]
        missing = (first < 0) | (at == UNKNOWN)
        at = np.where(missing, np.where(second < 0, UNKNOWN, instants[second]), at)
    else:
        at = np.broadcast_to(np.int64(UNKNOWN), line.shape)
    order = order_of_time(at, line, ids)
    return np.arange(len(line)) if order is None else order


def order_of_time(at: Ints, line: Ints, ids: Any) -> Ints | None:
    """Return pairs in order of time, those without a time first; None if they already are in order.

    Looks cut a test where its time says, so that the order must be the same whether pairs come from files or from the
    database, which keeps none: at one instant lines decide, and where several files have that line, the pair's id.

    Args:
        at: Instants, `UNKNOWN` where there is none. Shape (n,).
        line: Lines of the rows that count. Shape (n,).
        ids: Ids of the pairs, an Arrow array of distinct texts.
    """
    if _rises(at, line):
        return None
    order = np.lexsort((line, at))
    if _rises(at[order], line[order]):
        return order
    rank = np.argsort(np.asarray(pc.sort_indices(ids)))
    return np.lexsort((rank, line, at))


def _rises(at: Ints, line: Ints) -> bool:
    return bool(np.all((at[1:] > at[:-1]) | ((at[1:] == at[:-1]) & (line[1:] > line[:-1]))))


def _either(column: Any, first: Ints, second: Ints) -> Any:
    """Return the primary's value, or the shadow's where the primary has no row or no value."""
    if column.null_count:
        known = np.asarray(column.is_valid())
        use_first = (first >= 0) & known[np.maximum(first, 0)]
    else:
        use_first = first >= 0
    place = np.where(use_first, first, second)
    return column.take(pa.array(place, mask=place < 0))
