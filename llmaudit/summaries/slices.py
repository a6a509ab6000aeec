"""Slices: requests that share everything their price depends on, plus one property that a lever asks about.

A slice has the keys of a cell that determine its rates, and the sums in which its cost is linear. So it is priced as
cells are: what a lever says about a slice is exact, and never more than the cells it belongs to cost.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from operator import attrgetter
from typing import Any, TypeVar

import msgspec

from llmaudit.catalog.instants import BEGINNING
from llmaudit.cells import PARTS, Cell
from llmaudit.money import total
from llmaudit.request import COUNTERS
from llmaudit.sql import read_sql
from llmaudit.store import Store

KEYS = (
    "gateway", "seller", "sku", "model", "tier", "feature", "price_slot", "slot_by", "is_thinking", "prompt_band",
    "service_tier", "is_batch", "region_class", "usage_status", "billed_kind",
)  # fmt: skip
"""The keys of cells that rates depend on, and those that levers are told apart by."""

KEY_OF: Callable[[Any], tuple[Any, ...]] = attrgetter(*KEYS)
"""From a slice or a cell to its keys, in the order of `KEYS`."""

OTHERS = ("reasoning_tokens", *PARTS, "web_searches")
SUMS = (*COUNTERS, *OTHERS)


class Keyed(msgspec.Struct, frozen=True, kw_only=True):
    """Requests that share what their price depends on; the keys are those of a cell.

    Attributes:
        requests: How many.
    """

    gateway: str | None
    seller: str | None
    sku: str | None
    model: str
    tier: int | None
    feature: str | None
    price_slot: datetime
    slot_by: str
    is_thinking: bool | None
    prompt_band: int
    service_tier: str | None
    is_batch: bool
    region_class: str | None
    usage_status: str
    billed_kind: str | None
    requests: int

    @property
    def key(self) -> tuple[Any, ...]:
        """The keys, in the order of `KEYS`."""
        return KEY_OF(self)

    def as_cell(self, tokens: Sequence[int] = (0,) * len(COUNTERS), **others: Any) -> Cell:
        """Return a cell of these keys with some tokens, to be priced; what rates do not depend on is plain."""
        first, read, write_5m, write_1h, write_other, output = tokens
        plain: dict[str, Any] = {
            "day": None if self.price_slot == BEGINNING else self.price_slot.date(),
            "unresolved": None,
            "task": None,
            "needs_tools": False,
            "needs_json": False,
            "needs_images": False,
            "has_pii": False,
            "team": None,
            "status": "ok",
            "error_class": None,
            "attempt_kind": "first",
            "calls": 0,
            "reasoning_tokens": None,
            "billed_usd": None,
        }
        return Cell(
            **{name: getattr(self, name) for name in KEYS},
            requests=self.requests,
            tokens=(first, read, write_5m, write_1h, write_other, output),
            **(plain | others),
        )


class Slice(Keyed, frozen=True, kw_only=True):
    """A part of a cell with all its sums.

    Attributes:
        tokens: Sums of the six counters, in the order of `COUNTERS`.
        others: Sums of reasoning, of audio and images in and out, of cached audio, and of searches; unknown counts as
            none.
        billed_usd: Sum of what logs say was charged; None where none of them does.
    """

    tokens: tuple[int, int, int, int, int, int]
    others: tuple[int, int, int, int, int, int, int]
    billed_usd: Decimal | None

    @property
    def cell(self) -> Cell:
        """The slice as a cell."""
        reasoning, audio_in, image_in, audio_out, image_out, audio_read, searches = self.others
        return self.as_cell(
            self.tokens,
            reasoning_tokens=reasoning,
            parts=(audio_in, image_in, audio_out, image_out, audio_read),
            web_searches=searches,
            billed_usd=self.billed_usd,
        )


Row = TypeVar("Row", bound=Keyed)


def keyed_rows(store: Store, sql: str, extra: Sequence[str], sums: Sequence[str]) -> list[dict[str, Any]]:
    """Return requests folded by the keys and some columns more, in a fixed order.

    Args:
        store: Its view `sliced_requests` is there (`llmaudit.rollup.keyed_requests`).
        sql: A query over the view `sliced_requests` that has its keys, in the portable subset.
        extra: Further columns of the query to tell rows apart by.
        sums: Columns of it to add up; unknown counts as none.
    """
    keys = ", ".join(f"q.{name} AS {name}" for name in (*KEYS, *extra))
    added = "".join(f", CAST(COALESCE(SUM(q.{name}), 0) AS BIGINT) AS {name}" for name in sums)
    by = ", ".join(f"q.{name}" for name in (*KEYS, *extra))
    return store.dicts(
        f"SELECT * FROM (SELECT {keys}, COUNT(*) AS requests{added}, SUM(q.billed_usd) AS billed_usd"
        f" FROM ({sql}) AS q GROUP BY {by}) ORDER BY ALL"
    )


def slices(store: Store, sql: str, extra: Sequence[str]) -> list[dict[str, Any]]:
    """Return requests folded into slices, as the fields of a `Slice` and some more (`keyed_rows`)."""
    found = keyed_rows(store, sql, extra, SUMS)
    for row in found:
        row["tokens"] = tuple(row.pop(name) for name in COUNTERS)
        row["others"] = tuple(row.pop(name) for name in OTHERS)
    return found


def plain_rows(store: Store, name: str) -> list[dict[str, Any]]:
    """Return the rows of a query over the view `sliced_requests` that folds them itself, in a fixed order."""
    return store.dicts(f"SELECT * FROM ({read_sql(name)}) ORDER BY ALL")


def added(rows: Iterable[Row]) -> list[Row]:
    """Return rows added up where all but their sums agree, in the order of `keyed_rows`."""
    groups: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        same = tuple(getattr(row, name) for name in row.__struct_fields__ if name not in _ADDED)
        groups.setdefault(same, []).append(row)
    ordered = sorted(groups, key=lambda same: [(part is None, part) for part in same])
    return [_sum(groups[same]) for same in ordered]


_ADDED = {"requests", "tokens", "others", "billed_usd", "amount", "spare"}


def _sum(rows: list[Row]) -> Row:
    first = rows[0]
    if len(rows) == 1:
        return first
    sums: dict[str, Any] = {}
    for name in _ADDED.intersection(first.__struct_fields__):
        values = [getattr(row, name) for row in rows]
        if name == "billed_usd":
            known = [value for value in values if value is not None]
            sums[name] = total(known) if known else None
        elif isinstance(values[0], tuple):
            sums[name] = tuple(map(sum, zip(*values, strict=True)))
        else:
            sums[name] = sum(values)
    return msgspec.structs.replace(first, **sums)
