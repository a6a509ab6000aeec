"""Beginnings of prompts that were sent before and paid for in full again (prefixes.sql)."""

from __future__ import annotations

from llmaudit.sql import read_sql
from llmaudit.store import Store
from llmaudit.summaries.base import Summary
from llmaudit.summaries.slices import Keyed, added, keyed_rows


class Prefix(Keyed, frozen=True, kw_only=True):
    """Uncached tokens that may have been the same as the beginning of an earlier prompt.

    Attributes:
        claim: What the log has to show for it (prefixes.sql).
        prefix_from: Lower edge of the size of the beginning, in tokens: 256, 512, 1024 and so on up to 8192.
        minutes: Since the earlier request, rounded up to 5, 10, 30, 60 or 1440; None is longer, or none came before.
        amount: The tokens.
    """

    claim: str
    prefix_from: int
    minutes: int | None
    amount: int


def build(store: Store) -> list[Prefix]:
    """Return the beginnings, in a fixed order."""
    rows = keyed_rows(store, read_sql("prefixes.sql"), ("claim", "prefix_from", "minutes"), ("amount",))
    return [Prefix(**{name: row[name] for name in Prefix.__struct_fields__}) for row in rows]


SUMMARY = Summary("prefixes", Prefix, build, added)
