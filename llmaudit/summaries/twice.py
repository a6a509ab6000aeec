"""Calls that an agent's log events and its session files both tell of (twice.sql): they are in every total twice."""

from __future__ import annotations

from llmaudit.sql import read_sql
from llmaudit.store import Store
from llmaudit.summaries.base import Summary
from llmaudit.summaries.slices import Slice, added, slices


class Twice(Slice, frozen=True, kw_only=True):
    """Requests from events of coding agents that session files have, too.

    Attributes:
        other: The format of the session files.
    """

    other: str


_ANY = "SELECT 1 FROM requests WHERE id_space = 'agent_events' LIMIT 1"


def build(store: Store) -> list[Twice]:
    """Return the requests, in a fixed order; none, and quickly, where there are no events."""
    return [Twice(**row) for row in slices(store, read_sql("twice.sql"), ("other",))] if store.rows(_ANY) else []


SUMMARY = Summary("twice", Twice, build, added)
