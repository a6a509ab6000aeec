"""Answers that nobody may have been waiting for (waiting.sql), with everything their price depends on."""

from __future__ import annotations

from llmaudit.sql import read_sql
from llmaudit.store import Store
from llmaudit.summaries.base import Summary
from llmaudit.summaries.slices import Slice, added, slices


class Waiting(Slice, frozen=True, kw_only=True):
    """Good answers that were not streamed, or not at the ordinary service tier, outside batches.

    Attributes:
        is_streamed: None is unknown.
        is_step: Whether they are turns of a conversation or steps of an agent, which the next one waits for.
    """

    is_streamed: bool | None
    is_step: bool


def build(store: Store) -> list[Waiting]:
    """Return the answers, in a fixed order."""
    return [Waiting(**row) for row in slices(store, read_sql("waiting.sql"), ("is_streamed", "is_step"))]


SUMMARY = Summary("waiting", Waiting, build, added)
