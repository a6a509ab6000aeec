"""Cells merged into the few that prices can distinguish, to price them at other sellers and on other models."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from llmaudit.catalog import Catalog
from llmaudit.cells import PricedCell, add, price


def folded(cells: Iterable[PricedCell], catalog: Catalog) -> list[PricedCell]:
    """Return cells added up over every key on which no price depends, those without a list cost left out.

    Costs are linear in what cells hold, so what another offer would cost on the sum is what it would cost on the parts.
    """
    plain = (
        msgspec.structs.replace(
            priced.cell,
            day=priced.cell.price_slot.date(),
            task=None,
            team=None,
            feature=None,
            has_pii=False,
            error_class=None,
            attempt_kind="first",
        )
        for priced in cells
        if priced.list_usd is not None and priced.rates is not None
    )
    return price(add(plain), catalog)
