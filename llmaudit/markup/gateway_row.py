"""What every verdict on a gateway has: the sums of its cells, and what markups took on each model."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

import msgspec

from llmaudit.cells import PricedCell
from llmaudit.evidence import requests
from llmaudit.markup import cell_sums
from llmaudit.markup.model import GatewayRow, MarkupRule, ModelRow, Verdict
from llmaudit.money import ZERO

CLEARED = {"none", "explained"}


def row_of_sums(name: str, verdict: Verdict, compared: Sequence[PricedCell], models: Sequence[ModelRow]) -> GatewayRow:
    """Return a row with the sums of a gateway, and nothing else filled in."""
    billed, listed = cell_sums.billed(compared), cell_sums.listed(compared)
    return GatewayRow(
        gateway=name,
        verdict=verdict,
        billed_usd=billed if compared else None,
        list_usd=listed if compared else None,
        requests=requests(compared),
        by_model=list(models),
        by_day=cell_sums.day_rows(compared),
        over_list_usd=billed - listed if compared else None,
        below_list_usd=cell_sums.below_list(models) if compared else None,
    )


def markups_by_model(rules: Iterable[MarkupRule]) -> dict[str, Decimal]:
    """Return what markups took, by model."""
    usd_by_model: dict[str, Decimal] = {}
    for rule in rules:
        for model, usd in rule.by_model.items():
            usd_by_model[model] = usd_by_model.get(model, ZERO) + usd
    return usd_by_model


def with_overpaid(
    models: Sequence[ModelRow], verdict: Verdict, overpaid_by_model: Mapping[str, Decimal]
) -> list[ModelRow]:
    """Return the models with what markups took on each; None where the verdict leaves it open."""
    if verdict not in {*CLEARED, "markup"}:
        return list(models)
    return [msgspec.structs.replace(row, overpaid_usd=overpaid_by_model.get(row.model, ZERO)) for row in models]
