"""Bill lines of the database as sums: everything that `reconcile` and the usage exports need of them."""

from __future__ import annotations

import pyarrow as pa

from llmaudit.catalog import Catalog
from llmaudit.edges import Slots
from llmaudit.evidence import BillSum
from llmaudit.period import Period
from llmaudit.sql import read_sql
from llmaudit.store import Store

_SHORT = (
    "SELECT min(period_start), max(coalesce(period_end, period_start)) FROM bill_lines"
    " WHERE grain <> 'day' AND coalesce(period_end, period_start) < period_start + INTERVAL 1 DAY"
    " AND billed_cost IS NULL"
    " AND ($since IS NULL OR period_start >= $since) AND ($until IS NULL OR period_start < $until)"
)
"""When lines of usage by the minute or hour are: only they need to know within which prices they lie."""


def bill_sums(store: Store, catalog: Catalog, period: Period) -> tuple[list[BillSum], Slots]:
    """Return the bill lines of a period as sums, and the spans of time that price slots among them are of.

    Args:
        store: The database.
        catalog: Decides where in a day prices change, for usage by the minute or hour.
        period: Only lines that begin in it.
    """
    bounds = {"since": period.since, "until": period.until}
    first, last = store.one(_SHORT, bounds)
    slots: Slots = tuple((slot.start, slot.end, slot.priced_at) for slot in catalog.slots(first, last)) if first else ()
    names, kind = ("slot_from", "slot_to", "priced_at"), pa.timestamp("us")
    table = pa.table({name: pa.array([slot[place] for slot in slots], kind) for place, name in enumerate(names)})
    with store.table("bill_slots", table):
        rows = store.dicts(read_sql("bill_sums.sql"), bounds)
    return [BillSum(**row) for row in rows], slots
