"""Merges cells, so that a baseline stays a small file whatever the size of the database."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from functools import partial
from typing import Any

import msgspec

from llmaudit.gate.model import OTHER, SQUARES, Baseline, Cell, Detail, cell_order
from llmaudit.money import EXACT, ZERO

MAX_CELLS = 800
"""About 200 bytes each."""

MAX_RATES = 250
MAX_CASES = 1000
STEPS = (60, 40, 25, 15, 8, 4, 0)


def fitting(baseline: Baseline) -> Baseline:
    """Return a baseline that fits into its file: small templates first, then tiers, gateways and features, fold.

    Models fold last, and only where there are hundreds: their cells then keep their cost, not their tokens.
    """
    folded = _fewer_cases(baseline)
    for change in _changes(baseline.detail):
        if len(folded.cells) <= MAX_CELLS and len(folded.rates) <= MAX_RATES:
            return folded
        folded = _recut(folded, msgspec.structs.replace(folded.detail, **change))
    return _fewer_models(folded)


def _changes(detail: Detail) -> Iterator[dict[str, Any]]:
    """Yield changes of the detail, each folding a little more."""
    for kind, wholes in (("templates", detail.templates), ("features", detail.features)):
        for keep in (one for one in STEPS if one < len(wholes)):
            yield {kind: wholes[:keep], f"{kind}_left_out": getattr(detail, f"{kind}_left_out") + len(wholes) - keep}
        if kind == "templates":
            yield from ({"by_tier": False}, {"by_gateway": False})


def like_cut(baseline: Baseline, detail: Detail) -> Baseline:
    """Return a log with tiers, gateways and models divided as in a baseline; its names already are."""
    same_detail = msgspec.structs.replace(
        baseline.detail,
        by_tier=detail.by_tier,
        by_gateway=detail.by_gateway,
        templates_left_out=detail.templates_left_out,
        features_left_out=detail.features_left_out,
    )
    return _recut(baseline, same_detail)


def _recut(baseline: Baseline, detail: Detail) -> Baseline:
    features = set(baseline.detail.features) - set(detail.features)
    templates = set(baseline.detail.templates) - set(detail.templates)
    return _with_cells(baseline, detail, merged(baseline.cells, lambda cell: _cut(cell, detail, features, templates)))


def _with_cells(baseline: Baseline, detail: Detail, cells: list[Cell]) -> Baseline:
    used_rates = {cell.rate for cell in cells}
    rates = {key: rate for key, rate in baseline.rates.items() if key in used_rates}
    return msgspec.structs.replace(baseline, detail=detail, cells=cells, rates=rates)


def _fewer_models(baseline: Baseline) -> Baseline:
    """Keep the models that cost most; what the others cost is kept as one amount, their tokens are not."""
    by_model: dict[str, Decimal] = {}
    for cell in baseline.cells:
        by_model[cell.model] = by_model.get(cell.model, ZERO) + (cell.usd or ZERO)
    ordered = sorted(by_model, key=lambda model: (-by_model[model], model))
    count = len(ordered)
    folded = baseline
    while (len(folded.cells) > MAX_CELLS or len(folded.rates) > MAX_RATES) and count:
        count = count * 2 // 3
        kept_models = set(ordered[:count])
        detail = msgspec.structs.replace(baseline.detail, models_left_out=len(ordered) - count)
        folded = _with_cells(baseline, detail, merged(baseline.cells, partial(_other_model, kept=kept_models)))
    return folded


def _other_model(cell: Cell, kept: set[str]) -> Cell:
    if cell.model in kept:
        return cell
    known = cell.usd is not None
    return msgspec.structs.replace(cell, model=OTHER, rate=None, is_billed=known, tokens={}, list_usd=None)


def _fewer_cases(baseline: Baseline) -> Baseline:
    if len(baseline.cases) <= MAX_CASES:
        return baseline
    largest = sorted(baseline.cases, key=lambda case: (-case.usd, case.case))[:MAX_CASES]
    detail = msgspec.structs.replace(baseline.detail, cases_left_out=len(baseline.cases) - MAX_CASES)
    return msgspec.structs.replace(baseline, detail=detail, cases=sorted(largest, key=lambda case: case.case))


def _cut(cell: Cell, detail: Detail, features: set[str], templates: set[str]) -> Cell:
    return msgspec.structs.replace(
        cell,
        feature=OTHER if cell.feature in features else cell.feature,
        template=OTHER if cell.template in templates else cell.template,
        tier=cell.tier if detail.by_tier else None,
        gateway=cell.gateway if detail.by_gateway else None,
    )


_KEYS = ("feature", "template", "tier", "outcome", "gateway", "model", "rate", "is_billed")


def merged(cells: Iterable[Cell], cut: Callable[[Cell], Cell]) -> list[Cell]:
    """Return cells after a cut, with those that have become alike added up, in the order of a file."""
    groups: dict[tuple[Any, ...], Cell] = {}
    for cell in map(cut, cells):
        key = tuple(getattr(cell, name) for name in _KEYS)
        groups[key] = _added(groups[key], cell) if key in groups else cell
    return sorted(groups.values(), key=cell_order)


def _added(first: Cell, second: Cell) -> Cell:
    names = dict.fromkeys([*first.tokens, *second.tokens])
    return msgspec.structs.replace(
        first,
        requests=first.requests + second.requests,
        tokens={name: first.tokens.get(name, 0) + second.tokens.get(name, 0) for name in names},
        usd=_sum(first.usd, second.usd),
        list_usd=_sum(first.list_usd, second.list_usd),
        **{name: getattr(first, name) + getattr(second, name) for name in SQUARES},
    )


def _sum(first: Decimal | None, second: Decimal | None) -> Decimal | None:
    return None if first is None or second is None else EXACT.add(first, second)
