"""Logs of a router that chose at random and wrote down how likely each choice was."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from llmaudit.errors import InputError, UsageError, printable
from llmaudit.ingest.read import file_name
from llmaudit.shadow.prepare import codes_of
from llmaudit.shadow.read import read_rows


def arrays(path: Path, target: str | None) -> dict[str, Any]:
    """Return a log as what `offpolicy.evaluate` takes.

    Args:
        path: A file with `model`, `propensity`, `score`, and where known `cohort` or `tier`, `user_id` and `target`.
        target: The model a policy would always choose; None takes the column `target`.

    Raises:
        InputError: The file cannot be used, or a propensity lies outside (0, 1].
        UsageError: Neither a target nor a column of targets.
    """
    table = read_rows(path, ("model", "propensity", "score")).table
    known = pc.and_(pc.is_valid(table["score"]), pc.and_(pc.is_valid(table["propensity"]), pc.is_valid(table["model"])))
    table = table.filter(known)
    propensity = np.asarray(table["propensity"].to_numpy(), dtype=float)
    if not len(propensity) or propensity.min() <= 0 or propensity.max() > 1:
        raise InputError(
            f"{printable(file_name(path))}: propensities have to lie above 0 and at most 1",
            next_step="A choice that was made was possible: 0 is a mistake in the log.",
            slug="bad-propensity",
        )
    if target is not None:
        matches = pc.equal(table["model"], target)
    elif "target" in table.column_names:
        matches = pc.fill_null(pc.equal(table["model"], table["target"]), False)
    else:
        raise UsageError(
            "no target policy was named", next_step="Give --target MODEL, or a column `target`.", slug="no-target"
        )
    n = table.num_rows
    cohort = np.zeros(n, np.int64)
    for name in ("cohort", "tier"):
        if name in table.column_names:
            codes, names = codes_of(table[name])
            cohort = np.where(codes < 0, len(names), codes)
            break
    clusters = np.arange(n)
    if "user_id" in table.column_names:
        codes, names = codes_of(table["user_id"])
        clusters = np.where(codes < 0, len(names) + np.cumsum(codes < 0) - 1, codes)
    return {
        "outcome": np.asarray(table["score"].to_numpy(), dtype=float),
        "propensity": propensity,
        "matches": np.asarray(matches.combine_chunks() if isinstance(matches, pa.ChunkedArray) else matches),
        "cohort": cohort,
        "clusters": clusters,
        "target": target or "column target",
    }
