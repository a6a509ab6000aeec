"""Rows of any file to rows of one shape: which arm is which, which score counts, what an answer cost."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from llmaudit.catalog import Catalog, Conditions, NoRates, rates_for
from llmaudit.catalog.units import PRICED
from llmaudit.errors import InputError, UsageError, printable
from llmaudit.money import PICO
from llmaudit.request import COUNTERS, INPUT_COUNTERS
from llmaudit.shadow.columns import MONEY, TIME

PRIMARY = frozenset({"primary", "a", "control", "baseline", "production", "prod", "incumbent", "champion"})
SHADOW = frozenset({"shadow", "b", "treatment", "candidate", "challenger"})
GOOD = frozenset({"ok", "success", "succeeded", "completed", "200", "true", "stop"})
FIRST = {"primary": "primary", "a": "primary", "ab": "primary", "primary_first": "primary"} | {
    "shadow": "shadow", "b": "shadow", "ba": "shadow", "shadow_first": "shadow"
}  # fmt: skip
PREFERENCE = {"shadow": 1.0, "b": 1.0, "win": 1.0, "primary": -1.0, "a": -1.0, "loss": -1.0, "tie": 0.0, "equal": 0.0}
PARAMS = ("params", "temperature", "top_p", "max_tokens", "seed")
NO_TIME = int(np.iinfo(np.int64).min)


@dataclass(frozen=True)
class Prepared:
    """Rows as `shadow.sql` reads them.

    Attributes:
        columns: One row per request and arm, by column; a column of which nothing is known is not there.
        score: The column that decides, None where there is none.
        pairwise: Whether scores come from a preference between the two answers.
        notes: What was assumed.
    """

    columns: dict[str, Any]
    score: str | None
    pairwise: bool
    notes: list[str]


def prepare(
    tables: Sequence[pa.Table], prices: Callable[[], Catalog], *, score: str | None, primary: str | None
) -> Prepared:
    """Return rows of several files as one table.

    Args:
        tables: Rows as `read_rows` returns them.
        prices: Returns the catalog, where answers have token counts and no cost; it takes half a second to read.
        score: The score that decides, where there are several.
        primary: The name of the arm that users saw, where it is none of the usual ones.

    Raises:
        InputError: The arms cannot be told apart.
        UsageError: There are several scores and none was named, or the one named is not there.
    """
    numbered = [
        one.append_column("source", pa.array(np.full(one.num_rows, i), pa.int64())) for i, one in enumerate(tables)
    ]
    table = pa.concat_tables(numbered, promote_options="default")
    have = _Columns(table)
    with ThreadPoolExecutor(1) as aside:  # nearly every id is another: they take as long as all the rest
        ids = aside.submit(pc.dictionary_encode, have.get("pair_id", pa.string()))
        arms = _arms(have, primary)
        name = _score_name(table.column_names, score)
        pairwise = name is None and have.has("preference")
        values = _preferred(have, arms) if pairwise else have.get(name or "score", pa.float64())
        counts, known = _counts(have)
        cost, notes = _cost(have, counts, known, prices)
        columns = {
            "source": table["source"],
            "line": table["line"],
            "arm": arms,
            "ok": have.mapped("status", lambda text: text.strip().lower() in GOOD, pa.bool_(), missing=True),
            "score": values,
            "cost_usd": cost,
            "shown_first": have.mapped("shown_first", lambda text: FIRST.get(text.strip().lower()), pa.string()),
            "params": _params(have),
        }
        if known.any():
            columns |= {
                "prompt_tokens": pa.array(counts[:, : len(INPUT_COUNTERS)].sum(axis=1), mask=~known),
                "cache_read_tokens": pa.array(counts[:, 1], mask=~known),
                "output_tokens": pa.array(counts[:, -1], mask=~known),
            }
        columns |= {name: table[name] for name in COPIED if have.has(name)}
        if "model" in columns:
            columns["model"] = pc.dictionary_encode(columns["model"])  # few names, many rows
        columns["pair_id"] = ids.result()
    present = {name: column for name, column in columns.items() if column.null_count < table.num_rows}
    return Prepared(present, "preference" if pairwise else name, pairwise, notes)


COPIED = frozenset(
    (
        *("model", "tier", "user_id", "session_id", "turn", "at", "latency_ms", "ttft_ms", "human_score", "success"),
        *("cached", "route", "template_hash"),
    )
)
"""Columns that are taken as they are."""


class _Columns:
    """Columns of a table, empty ones where it has none."""

    def __init__(self, table: pa.Table) -> None:
        self.table = table

    def has(self, name: str) -> bool:
        return name in self.table.column_names and self.table[name].null_count < self.table.num_rows

    def get(self, name: str, kind: pa.DataType) -> Any:
        return self.table[name] if name in self.table.column_names else pa.nulls(self.table.num_rows, kind)

    def whole(self, name: str) -> NDArray[np.int64]:
        """Return a count with 0 for what is not there; callers ask `has` first where that matters."""
        column = pc.fill_null(self.get(name, pa.int64()), 0)
        return np.asarray(column.to_numpy(), dtype=np.int64) if len(column) else np.empty(0, np.int64)

    def mapped(self, name: str, change: Callable[[str], Any], kind: pa.DataType, *, missing: Any = None) -> Any:
        """Return a text column with each distinct value changed."""
        codes, names = codes_of(self.get(name, pa.string()))
        values = pa.array([*(change(value) for value in names), missing], kind)  # the last is of what is missing: -1
        return pa.DictionaryArray.from_arrays(pa.array(codes % len(values), pa.int32()), values).dictionary_decode()


def codes_of(column: Any) -> tuple[NDArray[np.int64], list[Any]]:
    """Return a column as codes into its distinct values; -1 where it is null."""
    if column.null_count == len(column):
        return np.broadcast_to(np.int64(-1), len(column)), []
    encoded = column if pa.types.is_dictionary(column.type) else pc.dictionary_encode(column)
    whole = encoded.combine_chunks() if isinstance(encoded, pa.ChunkedArray) else encoded
    if isinstance(whole, pa.ChunkedArray):
        whole = pa.concat_arrays(whole.unify_dictionaries().chunks) if whole.num_chunks else pa.array([], whole.type)
    codes = np.asarray(pc.fill_null(whole.indices, -1)).astype(np.int64)
    names = whole.dictionary.to_pylist()
    return (codes, names) if encoded is not column else _by_appearance(codes, names)


def _by_appearance(codes: NDArray[np.int64], names: list[Any]) -> tuple[NDArray[np.int64], list[Any]]:
    """Number codes in the order in which they first appear, as rows without codes would get them.

    Sums over clusters are taken in the order of their numbers: another one would change their last digit.
    """
    first = np.full(len(names) + 1, len(codes))
    first[codes[::-1]] = np.arange(len(codes))[::-1]  # the last write wins: the first row; that of null is the last
    order = np.argsort(first[:-1], kind="stable")[: np.count_nonzero(first[:-1] < len(codes))]
    new = np.full(len(names) + 1, -1)
    new[order] = np.arange(len(order))
    return new[codes], [names[place] for place in order]


def _arms(have: _Columns, primary: str | None) -> Any:
    names = [name for name in pc.unique(have.get("arm", pa.string())).to_pylist() if name]
    lowered = {name: name.strip().lower() for name in names}
    if primary is not None:
        if primary not in names:
            raise InputError(
                f"no row has the arm {printable(primary)!r}; there are {_listed(names)}",
                next_step="Name one of them with --primary.",
                slug="unknown-arms",
            )
        meaning = {name: "primary" if name == primary else "shadow" for name in names}
    else:
        meaning = {
            name: "primary" if low in PRIMARY else "shadow" for name, low in lowered.items() if low in PRIMARY | SHADOW
        }
    if len(names) == 1 and "shadow" not in meaning.values():
        raise InputError(
            f"there is one arm only: {_listed(names)}",
            next_step="Each pair needs a row of either arm; where they lie in two files, name both.",
            slug="unknown-arms",
        )
    if len(names) > len(meaning) or len(names) > 2 or "shadow" not in meaning.values():  # noqa: PLR2004 -- two arms
        raise InputError(
            f"the arms cannot be told apart: {_listed(names)}",
            next_step="Write `primary` and `shadow`, or say with --primary which of two names users saw.",
            slug="unknown-arms",
        )
    return have.mapped("arm", lambda name: meaning[name], pa.string())


def _listed(names: Sequence[str]) -> str:
    return ", ".join(printable(name, 40) for name in names[:5]) + (" and more" if len(names) > 5 else "")  # noqa: PLR2004


def _score_name(names: Sequence[str], wanted: str | None) -> str | None:
    scores = [name for name in names if name.startswith("score")]
    if wanted is not None:
        found = next((name for name in scores if name in {wanted, f"score_{wanted}"}), None)
        if found is None and wanted != "preference":
            raise UsageError(
                f"--score {printable(wanted)}: there is no such score; there are {_listed(scores) or 'none'}",
                next_step="Columns whose name begins with `score` are scores.",
                slug="unknown-score",
            )
        return found
    if "score" in scores or not scores:
        return "score" if scores else None
    if len(scores) > 1:
        raise UsageError(
            f"there are several scores: {_listed(scores)}",
            next_step="Say with --score which one decides; the choice belongs before the data.",
            slug="several-scores",
        )
    return scores[0]


def _preferred(have: _Columns, arms: Any) -> Any:
    """Return each row's side of a preference: the shadow's is (1 + p) / 2, the primary's (1 - p) / 2."""

    def side(text: str) -> float | None:
        low = text.strip().lower()
        if low in PREFERENCE:
            return PREFERENCE[low]
        try:
            number = float(low)
        except ValueError:
            number = 2.0
        if not -1 <= number <= 1:
            raise InputError(
                f"column preference: {printable(text, 40)!r} is no preference",
                next_step="Write shadow, primary or tie, or a number from -1 (primary) to 1 (shadow).",
                slug="bad-pairs",
            )
        return number

    lean = have.mapped("preference", side, pa.float64())
    sign = pc.if_else(pc.equal(arms, "shadow"), 0.5, -0.5)
    return pc.add(pc.multiply(lean, sign), 0.5)


def _params(have: _Columns) -> Any:
    parts = [have.get(name, pa.string()) for name in PARAMS if have.has(name)]
    if not parts:
        return pa.nulls(have.table.num_rows, pa.string())
    joined = pc.binary_join_element_wise(*parts, " ", null_handling="replace", null_replacement="-")
    nothing = " ".join("-" * len(parts))
    return pc.if_else(pc.equal(joined, nothing), pa.scalar(None, pa.string()), joined)


def _cost(
    have: _Columns, counts: NDArray[np.int64], known: NDArray[np.bool_], prices: Callable[[], Catalog]
) -> tuple[Any, list[str]]:
    """Return costs with extras in, null where they are not known."""
    rows = have.table.num_rows
    given = have.get("cost_usd", MONEY)
    has_cost = np.asarray(pc.is_valid(given))
    notes: list[str] = []
    wanted = ~has_cost & known
    if not (wanted.any() or have.has("extra_cost_usd")):
        return given, notes  # as it is: a million decimals are not taken apart for nothing
    pico = pico_of(given)
    if wanted.any():
        priced, failed = _priced(have, counts, wanted, prices())
        pico[wanted] = priced[wanted]
        has_cost = has_cost | (wanted & (priced >= 0))
        notes.append(
            f"{int(np.count_nonzero(wanted & (priced >= 0))):,} answers had tokens and no cost: list prices are used"
        )
        notes += [
            f"{count:,} answers of {printable(model)} have no price ({why})" for (model, why), count in failed.items()
        ]
    extra = pico_of(have.get("extra_cost_usd", MONEY))
    return _as_money(np.where(has_cost, pico + extra, 0), ~has_cost, rows), notes


def _counts(have: _Columns) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return the six disjoint counters of each row, and whether prompt and output are both known."""
    if not any(have.has(name) for name in (*COUNTERS, "prompt_tokens", "completion_tokens")):
        rows = have.table.num_rows  # one 0 and one False, however many rows
        return np.broadcast_to(np.int64(0), (rows, len(COUNTERS))), np.broadcast_to(np.bool_(False), rows)
    counts = np.stack([have.whole(name) for name in COUNTERS], axis=1)
    known = np.asarray(
        pc.and_(pc.is_valid(have.get("input_tokens", pa.int64())), pc.is_valid(have.get("output_tokens", pa.int64())))
    )
    if have.has("prompt_tokens") and have.has("completion_tokens"):
        both = pc.and_(
            pc.is_valid(have.get("prompt_tokens", pa.int64())), pc.is_valid(have.get("completion_tokens", pa.int64()))
        )
        openai = np.asarray(both) & ~known
        cached = have.whole("cached_tokens")
        counts[openai, 0] = (have.whole("prompt_tokens") - cached)[openai]
        counts[openai, 1] = cached[openai]
        counts[openai, 5] = have.whole("completion_tokens")[openai]
        known = known | (openai & (counts[:, 0] >= 0))
    return counts, known


def _priced(
    have: _Columns, counts: NDArray[np.int64], wanted: NDArray[np.bool_], catalog: Catalog
) -> tuple[NDArray[np.int64], dict[tuple[str, str], int]]:
    """Return list costs in 1e-12 dollars, -1 unknown. Rates are looked up by model, price slot and prompt band."""
    model, names = codes_of(have.get("model", pa.string()))
    at = np.asarray(pc.fill_null(have.get("at", TIME).cast(pa.int64()), NO_TIME))
    edges = np.asarray(catalog.prompt_edges())
    band = np.searchsorted(edges, counts[:, : len(INPUT_COUNTERS)].sum(axis=1), side="right") - 1
    dated = wanted & (at != NO_TIME)
    slots = _slots(catalog, at[dated])
    slot = np.searchsorted(slots, at, side="right") - 1
    cost = np.full(len(model), -1, np.int64)
    failed: dict[tuple[str, str], int] = {}
    keys = np.stack([model, slot, band], axis=1)
    distinct, inverse = np.unique(keys[dated], axis=0, return_inverse=True)
    places = np.flatnonzero(dated)
    for number, (code, when, size) in enumerate(distinct):
        here = places[inverse.ravel() == number]
        name = names[int(code)] if code >= 0 else None
        quantities = counts[here].sum(axis=0)
        rates = _rates(catalog, name, slots[when], int(edges[size]), quantities)
        if isinstance(rates, str):
            failed[name or "no model", rates] = failed.get((name or "no model", rates), 0) + len(here)
        else:
            cost[here] = counts[here] @ rates[:-1] + rates[-1]
    undated = int(np.count_nonzero(wanted & ~dated))
    if undated:
        failed["no time", "prices are dated"] = undated
    return cost, failed


def _slots(catalog: Catalog, at: NDArray[np.int64]) -> NDArray[np.int64]:
    if not len(at):
        return np.zeros(1, np.int64)
    first, last = (datetime.fromtimestamp(int(edge) / 1e6, UTC).replace(tzinfo=None) for edge in (at.min(), at.max()))
    starts = [slot.start.replace(tzinfo=UTC).timestamp() for slot in catalog.slots(first, last)]
    return np.asarray([round(start * 1e6) for start in starts], dtype=np.int64)


def _rates(
    catalog: Catalog, name: str | None, slot: np.int64, prompt: int, quantities: NDArray[np.int64]
) -> NDArray[np.int64] | str:
    """Return prices in 1e-12 dollars per token of each counter, then per request; or why there are none."""
    moment = datetime.fromtimestamp(int(slot) / 1e6, UTC).replace(tzinfo=None)
    match = catalog.find(name, at=moment)
    if match.offer is None:
        return str(match.reason)
    rates = rates_for(catalog, match.offer, Conditions(at=moment, prompt_tokens=prompt))
    if isinstance(rates, NoRates):
        return rates.reason
    wanted = [*COUNTERS, "requests"]
    there = dict(zip(wanted, [*map(int, quantities), 1], strict=True))
    lacking = rates.lacking([there.get(quantity, 0) for quantity in PRICED])
    prices = [rates.expected[PRICED.index(quantity)] for quantity in wanted]
    if lacking or rates.marginal or any(price % PICO for price in prices):
        return f"no price for {lacking}" if lacking else "priced in steps: give cost_usd"
    return np.asarray([int(price / PICO) for price in prices], dtype=np.int64)


def pico_of(column: Any, missing: int = 0) -> NDArray[np.int64]:
    """Return amounts in 1e-12 dollars. The raw 128-bit integers of the decimals are read: as exact, and much faster."""
    whole = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if whole.null_count == len(whole):
        return np.full(len(whole), missing, np.int64)
    words = np.frombuffer(whole.buffers()[1], dtype=np.int64)[whole.offset * 2 :: 2][: len(whole)]
    return np.where(np.asarray(whole.is_valid()), words, missing)


def _as_money(pico: NDArray[np.int64], unknown: NDArray[np.bool_], rows: int) -> Any:
    words = np.empty((rows, 2), np.int64)
    words[:, 0], words[:, 1] = pico, np.where(pico < 0, -1, 0)
    valid = np.packbits(~unknown, bitorder="little")
    return pa.Array.from_buffers(MONEY, rows, [pa.py_buffer(valid.tobytes()), pa.py_buffer(words.tobytes())])
