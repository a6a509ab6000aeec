"""Answers that were cut off at their token limit and paid for anyway (cutoff.sql)."""

from __future__ import annotations

from llmaudit.sql import read_sql
from llmaudit.store import Store
from llmaudit.summaries.base import Summary
from llmaudit.summaries.slices import Slice, added, slices


class CutOff(Slice, frozen=True, kw_only=True):
    """Answers that ended at their limit.

    Attributes:
        is_json: Whether JSON was asked for: an answer without its end is of no use.
        is_short: Whether the limit was at most 16 tokens, and so meant to cut.
    """

    is_json: bool
    is_short: bool


def build(store: Store) -> list[CutOff]:
    """Return the answers, in a fixed order."""
    return [CutOff(**row) for row in slices(store, read_sql("cutoff.sql"), ("is_json", "is_short"))]


SUMMARY = Summary("cutoff", CutOff, build, added)
