"""Requests with more tokens than their model can read or write: no single call can have used them (oversize.sql)."""

from __future__ import annotations

from typing import Literal

from llmaudit.sql import read_sql
from llmaudit.store import Store
from llmaudit.summaries.base import Summary
from llmaudit.summaries.slices import Slice, added, slices


class Oversize(Slice, frozen=True, kw_only=True):
    """Requests above a limit of their model.

    Attributes:
        kind: What is too long: `output` or `prompt`.
        limit_tokens: The limit, as the catalog knew it.
    """

    kind: Literal["output", "prompt"]
    limit_tokens: int


def build(store: Store) -> list[Oversize]:
    """Return the requests, in a fixed order."""
    return [Oversize(**row) for row in slices(store, read_sql("oversize.sql"), ("kind", "limit_tokens"))]


SUMMARY = Summary("oversize", Oversize, build, added)
