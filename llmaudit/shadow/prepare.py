"""Brings the rows of any file into one shape: which arm is which, which score counts, what an answer cost."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from llmaudit.catalog import Catalog
from llmaudit.errors import InputError, UsageError, printable
from llmaudit.shadow.arrow_columns import Columns
from llmaudit.shadow.costs import TokenCounts, costs, token_counts

PRIMARY = frozenset({"primary", "a", "control", "baseline", "production", "prod", "incumbent", "champion"})
SHADOW = frozenset({"shadow", "b", "treatment", "candidate", "challenger"})
GOOD = frozenset({"ok", "success", "succeeded", "completed", "200", "true", "stop"})
FIRST = {"primary": "primary", "a": "primary", "ab": "primary", "primary_first": "primary"} | {
    "shadow": "shadow", "b": "shadow", "ba": "shadow", "shadow_first": "shadow"
}  # fmt: skip
PREFERENCE = {"shadow": 1.0, "b": 1.0, "win": 1.0, "primary": -1.0, "a": -1.0, "loss": -1.0, "tie": 0.0, "equal": 0.0}
PARAMS = ("params", "temperature", "top_p", "max_tokens", "seed")

COPIED = (
    "model", "tier", "user_id", "session_id", "turn", "at", "latency_ms", "ttft_ms", "human_score", "success", "cached",
    "route", "template_hash",
)  # fmt: skip
"""Columns that are taken as they are."""


@dataclass(frozen=True)
class Prepared:
    """Rows as `pivot` reads them.

    Attributes:
        columns: One row per request and arm, by column; a column that is all null is left out.
        score: The column that decides, or None.
        pairwise: Whether scores come from a preference between the two answers.
        notes: Sentences on what was assumed.
    """

    columns: dict[str, Any]
    score: str | None
    pairwise: bool
    notes: list[str]


def prepare(
    tables: Sequence[pa.Table], prices: Callable[[], Catalog], *, score: str | None, primary: str | None
) -> Prepared:
    """Return the rows of several files as one table.

    Args:
        tables: Rows as `read_rows` returns them.
        prices: Returns the catalog, which takes half a second to read; called only if an answer has tokens and no cost.
        score: The score that decides, if there are several.
        primary: The name of the arm that users saw, if it is none of the usual ones.

    Raises:
        InputError: The arms cannot be told apart.
        UsageError: There are several scores and none was named, or the named one does not exist.
    """
    table = _one_table(tables)
    have = Columns(table)
    with ThreadPoolExecutor(1) as aside:  # nearly every id differs: encoding them takes as long as all the rest
        ids = aside.submit(pc.dictionary_encode, have.get("pair_id", pa.string()))
        arms = _arms(have, primary)
        score_name = _score_name(table.column_names, score)
        pairwise = score_name is None and have.has("preference")
        tokens = token_counts(have)
        cost, notes = costs(have, tokens, prices)
        columns = {
            "source": table["source"],
            "line": table["line"],
            "arm": arms,
            "ok": have.mapped("status", lambda text: text.strip().lower() in GOOD, pa.bool_(), missing=True),
            "score": _preferred(have, arms) if pairwise else have.get(score_name or "score", pa.float64()),
            "cost_usd": cost,
            "shown_first": have.mapped("shown_first", lambda text: FIRST.get(text.strip().lower()), pa.string()),
            "params": _params(have),
        }
        columns |= _token_columns(tokens)
        columns |= {name: table[name] for name in COPIED if have.has(name)}
        if "model" in columns:
            columns["model"] = pc.dictionary_encode(columns["model"])  # few names, many rows
        columns["pair_id"] = ids.result()
    known = {name: column for name, column in columns.items() if column.null_count < table.num_rows}
    return Prepared(known, "preference" if pairwise else score_name, pairwise, notes)


def _one_table(tables: Sequence[pa.Table]) -> pa.Table:
    numbered = [
        table.append_column("source", pa.array(np.full(table.num_rows, number), pa.int64()))
        for number, table in enumerate(tables)
    ]
    return pa.concat_tables(numbered, promote_options="default")


def _token_columns(tokens: TokenCounts) -> dict[str, Any]:
    if not tokens.known.any():
        return {}
    return {
        "prompt_tokens": pa.array(tokens.prompt, mask=~tokens.known),
        "cache_read_tokens": pa.array(tokens.cache_read, mask=~tokens.known),
        "output_tokens": pa.array(tokens.output, mask=~tokens.known),
    }


def _arms(have: Columns, primary: str | None) -> Any:
    """Return `primary` or `shadow` for each row."""
    names = [name for name in pc.unique(have.get("arm", pa.string())).to_pylist() if name]
    lowered = {name: name.strip().lower() for name in names}
    if primary is not None:
        if primary not in names:
            raise InputError(
                f"no row has the arm {printable(primary)!r}; there are {_listed(names)}",
                next_step="Give one of them with --primary.",
                slug="unknown-arms",
            )
        meaning = {name: "primary" if name == primary else "shadow" for name in names}
    else:
        meaning = {
            name: "primary" if word in PRIMARY else "shadow"
            for name, word in lowered.items()
            if word in PRIMARY | SHADOW
        }
    if len(names) == 1 and "shadow" not in meaning.values():
        raise InputError(
            f"there is only one arm: {_listed(names)}",
            next_step="Each pair needs a row from each arm; if they are in two files, give both.",
            slug="unknown-arms",
        )
    if len(names) > len(meaning) or len(names) > 2 or "shadow" not in meaning.values():  # noqa: PLR2004 -- two arms
        raise InputError(
            f"the arms cannot be distinguished: {_listed(names)}",
            next_step="Write `primary` and `shadow`, or say with --primary which of two names users saw.",
            slug="unknown-arms",
        )
    return have.mapped("arm", lambda name: meaning[name], pa.string())


def _listed(names: Sequence[str]) -> str:
    return ", ".join(printable(name, 40) for name in names[:5]) + (" and more" if len(names) > 5 else "")  # noqa: PLR2004


def _score_name(names: Sequence[str], wanted: str | None) -> str | None:
    """Return the column of the score that decides; None if there is no score."""
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
            next_step="Use --score to say which one decides; choose before you look at the data.",
            slug="several-scores",
        )
    return scores[0]


def _preferred(have: Columns, arms: Any) -> Any:
    """Return each row's side of a preference: the shadow's is (1 + p) / 2, the primary's (1 - p) / 2."""

    def side(text: str) -> float | None:
        word = text.strip().lower()
        if word in PREFERENCE:
            return PREFERENCE[word]
        try:
            number = float(word)
        except ValueError:
            number = math.nan
        if not -1 <= number <= 1:
            raise InputError(
                f"column preference: {printable(text, 40)!r} is not a preference",
                next_step="Write shadow, primary or tie, or a number from -1 (primary) to 1 (shadow).",
                slug="bad-pairs",
            )
        return number

    lean = have.mapped("preference", side, pa.float64())
    sign = pc.if_else(pc.equal(arms, "shadow"), 0.5, -0.5)
    return pc.add(pc.multiply(lean, sign), 0.5)


def _params(have: Columns) -> Any:
    """Return what the model was asked with (temperature and so on), as one text per row."""
    parts = [have.get(name, pa.string()) for name in PARAMS if have.has(name)]
    if not parts:
        return pa.nulls(have.table.num_rows, pa.string())
    joined = pc.binary_join_element_wise(*parts, " ", null_handling="replace", null_replacement="-")
    nothing = " ".join("-" * len(parts))
    return pc.if_else(pc.equal(joined, nothing), pa.scalar(None, pa.string()), joined)
