"""Requests whose prompt had been answered before (repeats.sql): what a response cache would have answered."""

from __future__ import annotations

from typing import Literal

from llmaudit.sql import read_sql
from llmaudit.store import Store
from llmaudit.summaries.base import Summary
from llmaudit.summaries.slices import Slice, added, slices


class Repeat(Slice, frozen=True, kw_only=True):
    """Good answers to a prompt that the same model had answered before.

    Attributes:
        within_hours: The shortest of 1, 24 and 168 hours in which the answer before lies.
        needs_tools: Whether tools were offered: the same words may then be another step of an agent.
        cut: Whether the answer ended at its limit, and what was asked for; None where it did not.
    """

    within_hours: int
    needs_tools: bool
    cut: Literal["text", "json"] | None


def build(store: Store) -> list[Repeat]:
    """Return the repeats, in a fixed order."""
    return [Repeat(**row) for row in slices(store, read_sql("repeats.sql"), ("within_hours", "needs_tools", "cut"))]


SUMMARY = Summary("repeats", Repeat, build, added)
