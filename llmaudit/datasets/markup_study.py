"""How often the verdict on simulated months is right: the study behind the promises on markups."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

import numpy as np

from llmaudit.catalog import Catalog
from llmaudit.cells import Cell, PricedCell, plain_cell, price
from llmaudit.datasets.markup import World, payments, prompts, simulate
from llmaudit.markup.gateway import judge_gateway
from llmaudit.markup.model import GatewayRow, MarkupRule
from llmaudit.markup.traffic import Traffic
from llmaudit.summaries.billed import BilledRequest

PLANTED: Mapping[str, World] = {
    "5%": World(rule="token_rate", rate=1.05),
    "10%": World(rule="token_rate", rate=1.10),
    "30%": World(rule="token_rate", rate=1.30),
    "group ratio 1.2": World(rule="conversion", rate=1.2, unit=Decimal("0.000002"), gateway="new-api"),
    "$0.0002 a request": World(rule="per_request", fee=0.0002),
    "5% and $0.0002": World(rule="rate_and_fee", rate=1.05, fee=0.0002),
    "output 15% dearer": World(rule="output_rate", rate=1.15),
    "input 15% dearer": World(rule="input_rate", rate=1.15),
    "cache discount kept": World(rule="cache_discount"),
    "at least $0.002": World(rule="minimum_charge", minimum=0.002),
    "rounded up to $0.0001": World(rule="rounding_up", unit=Decimal("0.0001")),
    "10% from the 13th day": World(rule="token_rate", rate=1.10, since=12),
    "24 tokens a request": World(rule="token_count", tokens=24),
    "24 tokens a request, reported": World(rule="token_count", tokens=24, is_reported=True),
    "5.5% on credit, at least $0.80": World(rule="top_up", top_up_pct=Decimal("5.5"), top_up_minimum=Decimal("0.80")),
}
"""Markups that have to be found with the right kind."""

UNITS = (Decimal("1e-10"), Decimal("1e-8"), Decimal("1e-6"), Decimal("0.000002"))
"""How real logs round: ten decimals, eight, six, and points of 1/500,000 dollar."""

LOOKS = (
    "region", "time of day", "service tier", "batch", "long context", "cache class", "price change on a date", "alias",
    "reasoning outside output", "promotion", "currency", "duplicates", "log coverage",
)  # fmt: skip


@dataclass
class Tally:
    """Verdicts on runs of one world.

    Attributes:
        runs: How many.
        verdicts: Verdict and kind, and how often.
        right: Runs with the verdict and the kind that were planted.
        covered: Runs whose interval holds the planted number.
        intervals: Runs that have an interval for it.
        exact: Runs whose amounts leave no room: the interval is one number but for what floats need.
        exact_right: Of those, the ones whose number is the planted one.
    """

    runs: int = 0
    verdicts: Counter[tuple[str, str | None]] = field(default_factory=Counter)
    right: int = 0
    covered: int = 0
    intervals: int = 0
    exact: int = 0
    exact_right: int = 0

    def count(self, low: float, high: float, truth: float) -> None:
        """Count one interval."""
        inside = low - ULP <= truth <= high + ULP
        if high - low <= EXACT * abs(truth):
            self.exact += 1
            self.exact_right += inside
        else:
            self.intervals += 1
            self.covered += inside


EXACT = 1e-6
"""Relative width of an interval that is one number."""


def judge_month(world: World, catalog: Catalog, rng: np.random.Generator) -> GatewayRow:
    """Return the verdict on one simulated month, as the command line would have it."""
    rows = simulate(world, catalog, rng)
    traffic = Traffic(world.gateway, cells_of(rows, catalog), rows, prompts(world, rows), payments(world, rng))
    return judge_gateway(traffic, catalog)


def study(world: World, catalog: Catalog, runs: int, seed: int) -> Tally:
    """Return the verdicts on some months of a world, each with its own seed."""
    tally = Tally()
    for run in range(runs):
        found = judge_month(world, catalog, np.random.default_rng([seed, run]))
        tally.runs += 1
        tally.verdicts[found.verdict, found.kind] += 1
        if found.verdict != "markup" or found.kind != world.rule:
            continue
        tally.right += 1
        low, high, truth = _interval(world, found.found[0])
        if low is not None and high is not None:
            tally.count(low, high, truth)
    return tally


def _interval(world: World, rule: MarkupRule) -> tuple[float | None, float | None, float]:
    """Return the interval of a finding and the number that was planted; no ends where it is read off, not estimated."""
    match world.rule:
        case "token_rate" | "conversion" | "rate_and_fee" | "output_rate" | "input_rate":
            low, high, truth = rule.low_pct, rule.high_pct, 100 * (world.rate - 1)
        case "per_request":
            low, high, truth = _float(rule.fixed_low_usd), _float(rule.fixed_high_usd), world.fee
        case "token_count":
            low, high, truth = rule.tokens_low, rule.tokens_high, float(world.tokens)
        case "top_up":
            low, high, truth = rule.low_pct, rule.high_pct, float(world.top_up_pct)
        case "cache_discount":
            low, high, truth = rule.low_pct, rule.high_pct, 100.0
        case _:
            return None, None, 0.0
    return low, high, truth


ULP = 1e-12


def _float(amount: Decimal | None) -> float | None:
    return None if amount is None else float(amount)


def cells_of(rows: Sequence[BilledRequest], catalog: Catalog) -> list[PricedCell]:
    """Return each request as a priced cell of its own, as the rollup would make it of a database with one request."""
    edges = catalog.prompt_edges()
    return price((_cell(row, edges) for row in rows), catalog)


def _cell(row: BilledRequest, edges: Sequence[int]) -> Cell:
    size = sum(row.tokens[:-1])
    return plain_cell(
        row.price_slot,
        row.model,
        day=row.day,
        gateway=row.gateway,
        seller=row.seller,
        sku=row.sku,
        prompt_band=max(edge for edge in edges if edge <= size),
        service_tier=row.service_tier,
        is_batch=bool(row.is_batch),
        region_class=row.region_class,
        slot_by=row.slot_by,
        is_thinking=row.is_thinking,
        tokens=row.tokens,
        reasoning_tokens=row.reasoning_tokens,
        billed_kind="seller_reported",
        billed_usd=row.billed_usd,
    )
