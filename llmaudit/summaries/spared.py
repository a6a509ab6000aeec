"""Answers that gateways gave from their own caches, with the usage of the stored answers: calls that were avoided."""

from __future__ import annotations

from llmaudit.request import GATEWAY_CACHE
from llmaudit.store import Store
from llmaudit.summaries.base import Summary
from llmaudit.summaries.slices import Slice, added, slices


class Spared(Slice, frozen=True, kw_only=True):
    """Answers from a gateway's own cache. The counts are those of the stored answers; nobody was called for these.

    Attributes:
        is_counted: Whether the log says what the stored answer had used.
    """

    is_counted: bool


_SQL = """
    SELECT s.*, s.input_tokens IS NOT NULL OR s.output_tokens IS NOT NULL AS is_counted FROM spared_requests AS s
"""


_ANY = f"SELECT 1 FROM period_requests WHERE usage_status = '{GATEWAY_CACHE}' LIMIT 1"


def build(store: Store) -> list[Spared]:
    """Return the answers, in a fixed order."""
    if not store.rows(_ANY):
        return []
    return [Spared(**row) for row in slices(store, _SQL, ("is_counted",))]


SUMMARY = Summary("spared", Spared, build, added)
