"""A shadow test's outcome moves a saving from unproven to certified, and changes no other figure."""

from __future__ import annotations

from decimal import Decimal

from builders import cell, plan_of, priced

from llmaudit.catalog import Catalog
from llmaudit.findings.savings import plan_row
from llmaudit.plans import evaluate

PLAN = """
name: cheaper
rules:
  - when: {tier: [0, 1]}
    use: example/budget-0.5
"""


def test_a_certified_leg_is_no_longer_unproven(catalog: Catalog) -> None:
    """Tier 0 is certified, tier 1 is not: each saves 7 - 0.5 dollars a million tokens."""
    cells = priced(
        catalog,
        cell(tier=0, tokens=1_000_000),
        cell(tier=1, tokens=2_000_000),
    )
    plan = plan_of(PLAN)
    before = plan_row(evaluate(plan, cells, catalog))
    after = plan_row(evaluate(plan, cells, catalog, frozenset({(0, "example/flagship-7", "example/budget-0.5")})))
    assert (before.unproven_usd, before.certified_usd) == (Decimal("19.5"), 0)
    assert (after.unproven_usd, after.certified_usd) == (Decimal(13), Decimal("6.5"))
    assert after.savings_usd == before.savings_usd == after.unproven_usd + after.certified_usd
    assert after.no_risk_usd == before.no_risk_usd == 0
