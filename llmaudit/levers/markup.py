"""A proven markup removed: the same requests to the same models, at the provider's list price.

Only what is part of the billed amounts is a saving on spend. Fees on credit and subscriptions are paid beside them:
they are named in the evidence and are not part of the rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal

from llmaudit.cells import PricedCell
from llmaudit.evidence import Evidence, grouped, requests, spend
from llmaudit.levers.base import Lever, LeverResult, LeverRow
from llmaudit.markup.all_gateways import markup_of
from llmaudit.markup.cell_sums import is_comparable
from llmaudit.markup.model import MarkupRule
from llmaudit.money import EXACT, ZERO, round_to, total

PLACES = 12
BY_REQUEST = {"per_request", "token_count"}
"""Kinds that take as much of a small request as of a large one."""

ASSUMPTIONS = [
    "the same models are available at the provider's list price, from the provider or from a zero-markup gateway",
    "low and high: the ends of each markup's 95% interval",
]


def find(evidence: Evidence) -> LeverResult:
    """Return what proven markups took, by group; a markup that is open or explained saves nothing."""
    markup = markup_of(evidence)
    cells: dict[tuple[str | None, str], list[PricedCell]] = {}
    for priced in evidence.cells:
        if priced.cell.gateway and is_comparable(priced):
            cells.setdefault((priced.cell.gateway, priced.cell.model), []).append(priced)
    parts = [
        part
        for gateway in markup.gateways
        for rule in gateway.found
        for model, usd in rule.by_model.items()
        for part in _shared(rule, usd, cells.get((gateway.gateway, model), []))
    ]
    return LeverResult(
        rows=_rows(parts),
        evidence=[f"{row.gateway}: {row.evidence[0]}" for row in markup.gateways if row.verdict == "markup"],
        assumptions=ASSUMPTIONS if parts else [],
        missing=_missing(evidence),
    )


Part = tuple[PricedCell, Decimal, Decimal, Decimal]
"""A cell, and what it would have cost less: expected, low, high."""


def _shared(rule: MarkupRule, usd: Decimal, cells: list[PricedCell]) -> Iterator[Part]:
    """Yield what a markup took of each cell of a model: its parts are the whole, to the last digit."""
    weight: Callable[[PricedCell], Decimal] = _by_request if rule.kind in BY_REQUEST else _over_list
    cells_since = [
        priced
        for priced in cells
        if rule.since is None or (priced.cell.day is not None and priced.cell.day >= rule.since)
    ]
    total_weight = total(weight(priced) for priced in cells_since)
    if total_weight <= 0 or usd <= 0:
        return
    low, high = _ends(rule)
    left_usd = usd
    for number, priced in enumerate(cells_since, 1):
        share = EXACT.divide(EXACT.multiply(usd, weight(priced)), total_weight)
        part = left_usd if number == len(cells_since) else round_to(share, PLACES)
        left_usd -= part
        part = min(part, priced.spend_usd or ZERO)
        yield priced, part, EXACT.multiply(part, low), min(EXACT.multiply(part, high), priced.spend_usd or ZERO)


def _over_list(priced: PricedCell) -> Decimal:
    return max((priced.cell.billed_usd or ZERO) - (priced.list_usd or ZERO), ZERO)


def _by_request(priced: PricedCell) -> Decimal:
    return Decimal(priced.cell.requests)


def _ends(rule: MarkupRule) -> tuple[Decimal, Decimal]:
    """Return the ends of the interval of a markup, as shares of it."""
    ends = (
        (rule.low_pct, rule.pct, rule.high_pct)
        if rule.pct is not None
        else (rule.tokens_low, rule.tokens_per_request, rule.tokens_high)
        if rule.tokens_per_request is not None
        else tuple(
            None if amount is None else float(amount)
            for amount in (rule.fixed_low_usd, rule.fixed_usd, rule.fixed_high_usd)
        )
    )
    low, middle, high = ends
    if low is None or high is None or not middle:
        return Decimal(1), Decimal(1)
    return _share(low / middle), _share(high / middle)


def _share(ratio: float) -> Decimal:
    return Decimal(repr(round(max(ratio, 0.0), 9)))


def _rows(parts: list[Part]) -> list[LeverRow]:
    amounts: dict[int, list[Decimal]] = {}
    known: dict[int, PricedCell] = {}
    for priced, *usd in parts:
        known[id(priced)] = priced
        before = amounts.setdefault(id(priced), [ZERO, ZERO, ZERO])
        amounts[id(priced)] = [EXACT.add(a, b) for a, b in zip(before, usd, strict=True)]
    return [
        LeverRow(
            gateway=gateway,
            model=model,
            tier=tier,
            feature=feature,
            requests=requests(group),
            saved_usd=min(total(amounts[id(one)][0] for one in group), spend(group)),
            low_usd=total(amounts[id(one)][1] for one in group),
            high_usd=min(total(amounts[id(one)][2] for one in group), spend(group)),
        )
        for (gateway, model, tier, feature), group in grouped(
            known.values(), lambda one: (one.cell.gateway, one.cell.model, one.cell.tier, one.cell.feature)
        )
    ]


def _missing(evidence: Evidence) -> str | None:
    """Return what the logs lack: amounts of requests that went through a gateway."""
    through = [one for one in evidence.cells if one.cell.gateway and one.cell.status == "ok"]
    silent = requests(one for one in through if not is_comparable(one))
    if not silent:
        return None
    return f"{silent:,} of {requests(through):,} answers through gateways have no amount, or no list price to compare"


LEVER = Lever(
    name="markup",
    title="Gateway markup",
    order=5,
    find=find,
    next_step="Ask the gateway for list prices (`llmaudit markup letter GATEWAY --out letter.html`), or move off it.",
)
