"""What an answer really costs: spend over good answers, including the failed attempts that were paid for.

A cheap model that needs several attempts per answer can cost more than an expensive one that needs one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from itertools import permutations

import msgspec

from llmaudit.cells import PricedCell
from llmaudit.evidence import grouped, requests, spend
from llmaudit.money import EXACT

ENOUGH = 30
"""Good answers below which a cost per answer is not compared."""


class CostRow(msgspec.Struct, frozen=True, kw_only=True):
    """What a model costs through one gateway, by request and by good answer.

    Attributes:
        gateway: None where there is none.
        model: Canonical name.
        tier: None is unknown.
        requests: Attempts whose cost is known.
        good: Of those, answered.
        spend_usd: What all of them cost, failed ones too.
        usd_per_request: Over the attempts.
        usd_per_good: Over the good answers: what an answer really costs; None where there is none.
        attempts_per_good: Attempts for one good answer.
    """

    gateway: str | None
    model: str
    tier: int | None
    requests: int
    good: int
    spend_usd: Decimal
    usd_per_request: Decimal
    usd_per_good: Decimal | None
    attempts_per_good: float | None


class Inversion(msgspec.Struct, frozen=True):
    """Two models of one tier, of which the one that is cheaper by request is more expensive by good answer."""

    tier: int
    cheap_by_request: CostRow
    cheap_by_answer: CostRow


def costs(cells: Iterable[PricedCell]) -> list[CostRow]:
    """Return the cost by request and by good answer of every gateway, model and tier, most spend first."""
    known = [priced for priced in cells if priced.spend_usd is not None]
    groups = grouped(known, lambda one: (one.cell.gateway, one.cell.model, one.cell.tier))
    return [_cost(key, group) for key, group in groups]


def _cost(key: tuple[str | None, str, int | None], group: list[PricedCell]) -> CostRow:
    paid, made = spend(group), requests(group)
    good = requests(one for one in group if one.cell.status == "ok")
    return CostRow(
        gateway=key[0],
        model=key[1],
        tier=key[2],
        requests=made,
        good=good,
        spend_usd=paid,
        usd_per_request=EXACT.divide(paid, Decimal(made)),
        usd_per_good=EXACT.divide(paid, Decimal(good)) if good else None,
        attempts_per_good=made / good if good else None,
    )


def inversions(rows: Sequence[CostRow]) -> Iterator[Inversion]:
    """Yield pairs of one tier, both with enough good answers, whose order by request is not their order by answer."""
    enough = [row for row in rows if row.tier is not None and row.good >= ENOUGH]
    for one, other in permutations(enough, 2):
        if one.tier is None or one.tier != other.tier or one.usd_per_good is None or other.usd_per_good is None:
            continue
        if one.usd_per_request < other.usd_per_request and one.usd_per_good > other.usd_per_good:
            yield Inversion(one.tier, one, other)
