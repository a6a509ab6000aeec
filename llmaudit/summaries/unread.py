"""Cache writes, and how many of them nobody read within their lifetime (unread.sql)."""

from __future__ import annotations

from llmaudit.sql import read_sql
from llmaudit.store import Store
from llmaudit.summaries.base import Summary
from llmaudit.summaries.slices import Keyed, added, keyed_rows

COLUMNS = ("unread_5m", "unread_1h", "unread_other")


class Unread(Keyed, frozen=True, kw_only=True):
    """Requests that wrote to a cache.

    Attributes:
        never_read: Whether no request of their session ever read anything.
        is_unread: Whether nobody read some of it in time.
        amount: Tokens they wrote that nobody read in time: for 5 minutes, for 1 hour, for another or an unknown time.
        spare: All tokens they wrote.
    """

    never_read: bool
    is_unread: bool
    amount: tuple[int, int, int]
    spare: int


def build(store: Store) -> list[Unread]:
    """Return the writes, in a fixed order."""
    rows = keyed_rows(store, read_sql("unread.sql"), ("never_read", "is_unread"), (*COLUMNS, "written"))
    for row in rows:
        row["amount"] = tuple(row.pop(name) for name in COLUMNS)
        row["spare"] = row.pop("written")
        del row["billed_usd"]
    return [Unread(**row) for row in rows]


SUMMARY = Summary("unread", Unread, build, added)
