"""Leverage at a renewal: how much of a maker's spend could go elsewhere without changing the class of model."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

import msgspec

from llmaudit.cells import PricedCell
from llmaudit.dependence.arbitrage import LEAST
from llmaudit.dependence.concentration import provider_of
from llmaudit.dependence.elsewhere import Elsewhere
from llmaudit.evidence import grouped, spend
from llmaudit.money import percent


class Leverage(msgspec.Struct, frozen=True, kw_only=True):
    """One maker.

    Attributes:
        provider: The maker of the models.
        spend_usd: What its models cost.
        other_seller_usd: Spend on models that another seller has at the same list price or below.
        other_maker_usd: Spend in tiers that another maker's model of the same class serves in this log.
        movable_usd: Spend with at least one of the two.
        movable_pct: Of the spend.
    """

    provider: str
    spend_usd: Decimal
    other_seller_usd: Decimal
    other_maker_usd: Decimal
    movable_usd: Decimal
    movable_pct: float | None


def leverage(cells: Sequence[PricedCell], sold: Iterable[Elsewhere]) -> list[Leverage]:
    """Return every maker's leverage, the one with most spend first."""
    resold = {(row.seller, row.model) for row in sold if row.sellers and row.sellers[0].list_usd <= row.list_usd}
    served = _served(cells)
    known = [priced for priced in cells if priced.offer]
    return [_row(str(provider), group, resold, served) for provider, group in grouped(known, provider_of)]


def _served(cells: Iterable[PricedCell]) -> Mapping[tuple[int | None, str | None], set[str | None]]:
    """Return the makers that have given enough good answers, by tier and class."""
    good: dict[tuple[int | None, str | None, str | None], int] = {}
    for priced in cells:
        if priced.cell.status == "ok" and priced.cell.tier is not None and priced.model_class:
            key = (priced.cell.tier, priced.model_class, provider_of(priced))
            good[key] = good.get(key, 0) + priced.cell.requests
    found: dict[tuple[int | None, str | None], set[str | None]] = {}
    for (tier, name, maker), count in good.items():
        if count >= LEAST:
            found.setdefault((tier, name), set()).add(maker)
    return found


def _row(
    provider: str,
    group: Sequence[PricedCell],
    resold: set[tuple[str, str]],
    served: Mapping[tuple[int | None, str | None], set[str | None]],
) -> Leverage:
    def by_seller(priced: PricedCell) -> bool:
        return (priced.cell.seller or "", priced.cell.model) in resold

    def by_maker(priced: PricedCell) -> bool:
        return bool(served.get((priced.cell.tier, priced.model_class), set()) - {provider})

    movable = spend(priced for priced in group if by_seller(priced) or by_maker(priced))
    return Leverage(
        provider=provider,
        spend_usd=spend(group),
        other_seller_usd=spend(priced for priced in group if by_seller(priced)),
        other_maker_usd=spend(priced for priced in group if by_maker(priced)),
        movable_usd=movable,
        movable_pct=percent(movable, spend(group)),
    )
