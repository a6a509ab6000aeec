"""Logs of a router that chose at random and wrote down how likely each choice was."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from llmaudit.arrays import Bools, Ints
from llmaudit.errors import InputError, UsageError, printable
from llmaudit.ingest.read import file_name
from llmaudit.shadow.arrow_columns import codes_of
from llmaudit.shadow.offpolicy import RandomisedLog
from llmaudit.shadow.read import read_rows

NEEDED = ("model", "propensity", "score")


def read_randomised(path: Path, target: str | None) -> RandomisedLog:
    """Read the log of a router that chose at random.

    Args:
        path: A file with `model`, `propensity`, `score`, and where known `cohort` or `tier`, `user_id` and `target`.
        target: The model that the policy would always choose; None takes the column `target`.

    Raises:
        InputError: The file cannot be used, or a propensity lies outside (0, 1].
        UsageError: Neither a target nor a column of targets.
    """
    table = read_rows(path, NEEDED).table
    for name in NEEDED:
        table = table.filter(pc.is_valid(table[name]))
    propensity = np.asarray(table["propensity"].to_numpy(), dtype=float)
    if not len(propensity) or propensity.min() <= 0 or propensity.max() > 1:
        raise InputError(
            f"{printable(file_name(path))}: propensities must be above 0 and at most 1",
            next_step="A choice that was made had some probability: 0 is a mistake in the log.",
            slug="bad-propensity",
        )
    return RandomisedLog(
        target=target or "column target",
        outcome=np.asarray(table["score"].to_numpy(), dtype=float),
        propensity=propensity,
        matches=_matches(table, target),
        cohort=_cohorts(table),
        clusters=_users(table),
    )


def _matches(table: pa.Table, target: str | None) -> Bools:
    """Return whether the router chose what the policy would have chosen."""
    if target is not None:
        matches = pc.equal(table["model"], target)
    elif "target" in table.column_names:
        matches = pc.fill_null(pc.equal(table["model"], table["target"]), False)
    else:
        raise UsageError(
            "no target policy was given", next_step="Give --target MODEL, or a column `target`.", slug="no-target"
        )
    return np.asarray(matches.combine_chunks() if isinstance(matches, pa.ChunkedArray) else matches)


def _cohorts(table: pa.Table) -> Ints:
    """Return the cohort of each row, else its tier; rows without one are a cohort of their own."""
    for name in ("cohort", "tier"):
        if name in table.column_names:
            codes, names = codes_of(table[name])
            return np.where(codes < 0, len(names), codes)
    return np.zeros(table.num_rows, np.int64)


def _users(table: pa.Table) -> Ints:
    """Return the user of each row; a row without one counts as a user of its own."""
    if "user_id" not in table.column_names:
        return np.arange(table.num_rows)
    codes, names = codes_of(table["user_id"])
    return np.where(codes < 0, len(names) + np.cumsum(codes < 0) - 1, codes)
