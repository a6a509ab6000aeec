"""How much of a seller's own count of usage the logs have, in tokens and in dollars."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from llmaudit.billing.lines import ANY, kind_of
from llmaudit.billing.listed import Listed, summed
from llmaudit.cells import PricedCell
from llmaudit.findings.usage.model import Logged
from llmaudit.money import EXACT, PICO, ZERO, percent, times, total
from llmaudit.request import COUNTERS

Key = tuple[str, str | None]
"""A model and a kind of token."""


def covered(listed: Iterable[Listed], cells: Iterable[PricedCell]) -> Logged:
    """Return how much of some usage the logs have.

    Of a model and kind of token with Q tokens in the export for L dollars at list, and q in the logs, min(q, Q) are
    covered, which cost L x min(q, Q) / Q. More in the logs than in the export covers no other kind. Where the export
    does not tell models apart, kinds of all models are compared.

    Args:
        listed: The usage.
        cells: Logged requests of the same seller and days.
    """
    used = [one for one in listed if one.line.tokens is not None]
    apart = all(one.model is not None for one in used)
    lumped = any(one.line.token_kind == "input_all" for one in used)  # noqa: S105 -- a kind of token, no secret
    logged = list(cells)
    seen: dict[Key, Decimal] = {}
    for priced in logged:
        for counter, count in zip(COUNTERS, priced.cell.tokens, strict=True):
            key = (priced.cell.model.lower() if apart else ANY, kind_of(counter.removesuffix("_tokens"), lumped=lumped))
            seen[key] = seen.get(key, ZERO) + count
    groups: dict[Key, list[Listed]] = {}
    for one in used:
        key = ((one.model or ANY).lower() if apart else ANY, kind_of(one.line.token_kind, lumped=lumped))
        groups.setdefault(key, []).append(one)
    tokens, both, dollars = ZERO, ZERO, [ZERO]
    parts: list[Decimal | None] = []
    for key, group in groups.items():
        quantity = total(one.line.tokens or ZERO for one in group)
        share = min(quantity, seen.get(key, ZERO))
        usd = summed(one.usd for one in group)
        tokens, both = tokens + quantity, both + share
        parts.append(usd)
        if usd is not None and quantity:
            dollars.append(EXACT.quantize(EXACT.divide(times(usd, share), quantity), PICO))
    whole = summed(parts) if parts else None
    return Logged(
        tokens=sum(sum(priced.cell.tokens) for priced in logged),
        covered_tokens=int(both),
        coverage_pct=_rounded(percent(both, tokens)),
        list_usd=total(priced.list_usd for priced in logged if priced.list_usd is not None),
        covered_usd=None if whole is None else total(dollars),
        coverage_usd_pct=None if whole is None else _rounded(percent(total(dollars), whole)),
        missing_usd=None if whole is None else whole - total(dollars),
    )


def missing(listed: Iterable[Listed], cells: Iterable[PricedCell]) -> list[str]:
    """Return the models in the logs that the usage does not have; none where it does not tell models apart."""
    names = [one.model for one in listed]
    if None in names:
        return []
    known = {name.lower() for name in names if name is not None}
    return sorted({priced.cell.model for priced in cells if priced.cell.model.lower() not in known})


def _rounded(share: float | None) -> float | None:
    return None if share is None else round(share, 2)
