"""Prompts slightly above a size step of a price list (steps.sql)."""

from __future__ import annotations

from llmaudit.request import COUNTERS
from llmaudit.sql import read_sql
from llmaudit.store import Store
from llmaudit.summaries.base import Summary
from llmaudit.summaries.slices import OTHERS, SUMS, Slice, added, keyed_rows


class Step(Slice, frozen=True, kw_only=True):
    """Good answers to prompts that are a little longer than a size at which some price steps.

    Attributes:
        price_step: That size, in tokens.
        within_pct: By how much at most: 2, 5, 10, 25 or 50 percent of it.
        amount: Uncached tokens to take away for every prompt to be one below it.
    """

    price_step: int
    within_pct: int
    amount: int


def build(store: Store) -> list[Step]:
    """Return the prompts, in a fixed order."""
    rows = keyed_rows(store, read_sql("steps.sql"), ("price_step", "within_pct"), (*SUMS, "cut_input"))
    for row in rows:
        row["tokens"] = tuple(row.pop(name) for name in COUNTERS)
        row["others"] = tuple(row.pop(name) for name in OTHERS)
        row["amount"] = row.pop("cut_input")
    return [Step(**row) for row in rows]


SUMMARY = Summary("steps", Step, build, added)
