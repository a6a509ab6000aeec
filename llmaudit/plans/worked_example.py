"""The worked example of the mission, computed by the same engine as any other plan (docs/worked-example.md).

10 million requests of 800 tokens at $7 per million; then 60% (tiers 0 and 1) at $0.50 per million, 30% (tier 2) kept,
and 10% (tier 3) kept with a verification pass that costs half as much again. The source of the example quotes a 5%
markup as $1,920, which matches neither spend; on the new spend it is $1,380.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from llmaudit.catalog import Catalog
from llmaudit.cells import Cell, PricedCell, plain_cell, price
from llmaudit.plans.evaluate import PlanCost, evaluate
from llmaudit.plans.model import Plan, Rule, Verify, When

REQUESTS = 10_000_000
"""Requests a month."""

TOKENS_PER_REQUEST = 800
SHARES = {0: 40, 1: 20, 2: 30, 3: 10}
"""Percent of the requests by tier; tiers 0 and 1 together are the 60% of the example."""

PLAN = Plan(
    name="worked-example",
    title="The worked example",
    rules=[
        Rule(when=When(tier=[0, 1]), use="example/budget-0.5"),
        Rule(when=When(tier=2), keep=True),
        Rule(when=When(tier=3), keep=True, verify=Verify(cost_ratio=Decimal("0.5"))),
    ],
)


@dataclass(frozen=True)
class WorkedExample:
    """The example's figures.

    Attributes:
        requests: Requests a month.
        plan: Its cost under the plan; `actual_usd` is the cost before.
        markup_5_usd: What a gateway that adds 5% would add to the new spend.
        markup_10_usd: The same at 10%.
    """

    requests: int
    plan: PlanCost
    markup_5_usd: Decimal
    markup_10_usd: Decimal


def work(catalog: Catalog) -> WorkedExample:
    """Return the example, priced by a catalog that holds `pricing/overlay/example*.yaml`."""
    cells = price((_cell(tier, REQUESTS * share // 100) for tier, share in SHARES.items()), catalog)
    after = evaluate(PLAN, cells, catalog)
    marked_up = [_through(f"example-gateway-{pct}", cells, catalog) - after.cost_usd for pct in (5, 10)]
    return WorkedExample(REQUESTS, after, *marked_up)


def _through(gateway: str, cells: list[PricedCell], catalog: Catalog) -> Decimal:
    plan = Plan(name=PLAN.name, rules=PLAN.rules, via=gateway)
    return evaluate(plan, cells, catalog).cost_usd


def _cell(tier: int, requests: int) -> Cell:
    return plain_cell(
        datetime(2026, 10, 1),  # noqa: DTZ001 -- naive UTC; the example's prices hold at any time
        "example/flagship-7",
        requests,
        tier=tier,
        tokens=(requests * TOKENS_PER_REQUEST, 0, 0, 0, 0, 0),
        reasoning_tokens=0,
    )
