"""Cells folded further, to the few that prices can tell apart: what other sellers and models are priced on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from llmaudit.cells import Cell, PricedCell
from llmaudit.money import ZERO, total

FOLDED = {"day", "task", "team", "feature", "has_pii", "error_class", "attempt_kind"}
"""Keys on which no list price depends (the price slot stands for the day), and none of the questions here."""

SUMS = {"requests", "calls", "tokens", "reasoning_tokens", "parts", "web_searches", "billed_usd"}
KEYS = tuple(name for name in Cell.__struct_fields__ if name not in FOLDED | SUMS)


def folded(cells: Iterable[PricedCell]) -> list[PricedCell]:
    """Return cells added up over every key on which no price depends, those without a list cost left out.

    Costs are linear in what cells hold, so what another offer would cost on the sum is what it would cost on the parts.
    """
    groups: dict[tuple[object, ...], list[PricedCell]] = {}
    for priced in cells:
        if priced.list_usd is not None and priced.rates is not None:
            groups.setdefault(tuple(getattr(priced.cell, name) for name in KEYS), []).append(priced)
    return [_added(group) for group in groups.values()]


def _added(group: Sequence[PricedCell]) -> PricedCell:
    first, cells = group[0], [priced.cell for priced in group]
    billed = [cell.billed_usd for cell in cells if cell.billed_usd is not None]
    whole = msgspec.structs.replace(
        first.cell,
        requests=sum(cell.requests for cell in cells),
        calls=sum(cell.calls for cell in cells),
        tokens=tuple(sum(column) for column in zip(*(cell.tokens for cell in cells), strict=True)),
        reasoning_tokens=_sum(cell.reasoning_tokens for cell in cells),
        parts=tuple(_sum(column) for column in zip(*(cell.parts for cell in cells), strict=True)),
        web_searches=_sum(cell.web_searches for cell in cells),
        billed_usd=total(billed) if billed else None,
    )
    return PricedCell(
        whole,
        first.offer,
        first.rates,
        total(priced.list_usd or ZERO for priced in group),
        total(priced.list_low_usd or ZERO for priced in group),
        total(priced.list_high_usd or ZERO for priced in group),
    )


def _sum(counts: Iterable[int | None]) -> int | None:
    known = [count for count in counts if count is not None]
    return sum(known) if known else None
