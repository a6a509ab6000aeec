"""Where cells are divided: the prompt sizes, instants and names of the catalog that they were built with.

Cells can be priced by another catalog if that one needs no further division and resolves the same names to the same
skus. Their keys are then translated, and the result is the cells that the other catalog would have built itself.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

import msgspec

from llmaudit.catalog import Catalog
from llmaudit.cells import Cell, add
from llmaudit.resolve import NO_TIME, meaning
from llmaudit.store import Store

Slots = tuple[tuple[datetime, datetime, datetime], ...]
"""Start, end and first instant of the day with the same prices, in order of time (naive UTC)."""


class Meaning(msgspec.Struct, frozen=True, order=True):
    """What names as logged were taken for, over a stretch of price slots.

    Attributes:
        gateway_raw: As logged; empty where there is none.
        seller_raw: As logged.
        model_raw: As logged.
        first: First price slot of the stretch.
        last: Its last one.
        gateway: A cell's.
        seller: A cell's.
        sku: A cell's.
        model: A cell's.
        reason: Why the model is not in the catalog.
        by_completion: 1 where the seller's prices go by the completion of a request.
        by_thinking: 1 where they depend on reasoning.
    """

    gateway_raw: str
    seller_raw: str
    model_raw: str
    first: datetime
    last: datetime
    gateway: str | None
    seller: str | None
    sku: str | None
    model: str
    reason: str | None
    by_completion: int
    by_thinking: int

    @property
    def names(self) -> tuple[str, str, str]:
        """The names as logged."""
        return self.gateway_raw, self.seller_raw, self.model_raw

    @property
    def outcome(self) -> dict[str, object]:
        """What they were taken for, as `llmaudit.resolve.meaning` says it."""
        return {name: getattr(self, name) for name in self.__struct_fields__[5:]}


class Edges(msgspec.Struct, frozen=True):
    """Where cells divide.

    Attributes:
        prompt: Smallest prompt of each band, in tokens.
        slots: Spans in which no rate changes.
        names: What the names in the logs were taken for.
    """

    prompt: tuple[int, ...] = ()
    slots: Slots = ()
    names: tuple[Meaning, ...] = ()


_OUTCOME = "gateway, seller, sku, model, reason, by_completion, by_thinking"
_STRETCHES = f"""
    WITH told AS (
        SELECT *, row({_OUTCOME}) IS DISTINCT FROM lag(row({_OUTCOME})) OVER slots AS is_new
        FROM sku_map WINDOW slots AS (PARTITION BY gateway_raw, seller_raw, model_raw ORDER BY price_slot)
    ),
    numbered AS (
        SELECT *, count(*) FILTER (is_new) OVER (
            PARTITION BY gateway_raw, seller_raw, model_raw ORDER BY price_slot
        ) AS stretch
        FROM told
    )
    SELECT gateway_raw, seller_raw, model_raw, min(price_slot) AS first, max(price_slot) AS last, {_OUTCOME}
    FROM numbered GROUP BY gateway_raw, seller_raw, model_raw, stretch, {_OUTCOME}
    ORDER BY gateway_raw, seller_raw, model_raw, first
"""
"""What names mean, as stretches of slots in which they mean the same: names times slots may be a million."""


def edges_of(store: Store, catalog: Catalog) -> Edges:
    """Return where cells divide, within a block of `llmaudit.rollup.keyed_requests`."""
    slots = store.rows("SELECT slot_from, slot_to, priced_at FROM price_slots ORDER BY slot_from")
    names = [Meaning(**row) for row in store.dicts(_STRETCHES)]
    return Edges(tuple(catalog.prompt_edges()), tuple(slots), tuple(names))


def misfit(edges: Edges, catalog: Catalog) -> str | None:
    """Return what keeps a catalog from pricing cells with these edges, in words; None where it may."""
    lacking = [edge for edge in catalog.prompt_edges() if edge not in edges.prompt]
    if lacking:
        why = "its prices step" if lacking[0] in catalog.price_edges() else "context windows are told apart"
        return f"{why} at a prompt of {lacking[0]:,} tokens, where the cells do not divide"
    renamed: dict[datetime, datetime] = {}
    theirs = _slots_of(catalog, edges)
    starts = [start for start, _, _ in theirs]
    for start, end, priced_at in edges.slots:
        slot = theirs[bisect_right(starts, start) - 1]
        if slot[1] < end:
            return f"its prices or names change at {slot[1]:%Y-%m-%dT%H:%MZ}, where the cells do not divide"
        if renamed.setdefault(priced_at, slot[2]) != slot[2]:
            return f"its prices at {start:%Y-%m-%dT%H:%MZ} are not those at {priced_at:%H:%MZ}, which the cells join"
    return _other_name(edges, catalog)


def _slots_of(catalog: Catalog, edges: Edges) -> Slots:
    if not edges.slots:
        return ()
    slots = catalog.slots(edges.slots[0][0], edges.slots[-1][0])
    return tuple((slot.start, slot.end, slot.priced_at) for slot in slots)


def _other_name(edges: Edges, catalog: Catalog) -> str | None:
    """Return which name means something else to a catalog than to the cells."""
    instants = sorted({NO_TIME, *(priced_at for _, _, priced_at in edges.slots)})
    for known in edges.names:
        for slot in instants[bisect_right(instants, known.first) - 1 : bisect_right(instants, known.last)]:
            if meaning(catalog, *known.names, slot) != known.outcome:
                named = " / ".join(name for name in known.names if name) or "a request without a name"
                return f"{named} means something else to it"
    return None


def in_terms_of(catalog: Catalog, cells: Sequence[Cell], edges: Edges) -> tuple[list[Cell], Edges]:
    """Return cells with their bands and slots as a catalog that fits (`misfit`) has them, and its edges."""
    bands, slots = catalog.prompt_edges(), _slots_of(catalog, edges)
    own = Edges(tuple(bands), slots, edges.names)
    if own == edges:
        return list(cells), edges
    slot_of = slots_in_terms_of(catalog, edges)
    moved = (
        msgspec.structs.replace(
            cell,
            prompt_band=bands[bisect_right(bands, cell.prompt_band) - 1],
            price_slot=slot_of(cell.price_slot),
        )
        for cell in cells
    )
    return add(moved), own


def slots_in_terms_of(catalog: Catalog, edges: Edges) -> Callable[[datetime], datetime]:
    """Return how a price slot of some edges reads to a catalog that fits them (`misfit`)."""
    slots = _slots_of(catalog, edges)
    starts = [start for start, _, _ in slots]

    def read(slot: datetime) -> datetime:
        return slots[bisect_right(starts, slot) - 1][2] if starts and slot != NO_TIME else slot

    return read


def with_slots(edges: Edges, slots: Iterable[tuple[datetime, datetime, datetime]]) -> Edges:
    """Return edges that hold further slots too: those of usage exports by the hour or minute."""
    return msgspec.structs.replace(edges, slots=tuple(sorted({*edges.slots, *slots})))


def united(edges: Iterable[Edges]) -> Edges:
    """Return the edges of cells that were added up; all of them are in the terms of one catalog."""
    every = list(edges)
    return Edges(
        tuple(sorted({edge for one in every for edge in one.prompt})),
        tuple(sorted({slot for one in every for slot in one.slots})),
        tuple(sorted({name for one in every for name in one.names}, key=_order)),
    )


def _order(known: Meaning) -> list[tuple[bool, object]]:
    return [(part is None, part) for part in msgspec.structs.astuple(known)]
