"""Simple requests on flagships against the plan's cheaper model, by arithmetic on cells made by hand."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from builders import cell, evidence, plan_of, priced

from llmaudit.catalog import Catalog
from llmaudit.evidence import Evidence
from llmaudit.findings import drivers, overspecification
from llmaudit.plans import evaluate
from llmaudit.report.sections import overspecification as section
from llmaudit.tiers.confusion import Confusion

MILLION = 1_000_000
TIERED = """
name: tiered
rules:
  - when: {tier: [0, 1], model_class: flagship}
    use: example/budget-0.5
"""
CELLS: list[dict[str, Any]] = [
    {"tokens": MILLION, "requests": 4, "tier": 0, "feature": "a", "team": "x"},  # 7, then 0.50
    {"tokens": 2 * MILLION, "requests": 3, "tier": 1, "feature": "a", "team": "y"},  # 14, then 1
    {"tokens": MILLION, "requests": 2, "tier": 1, "feature": "b", "team": "y"},  # 7, then 0.50
    {"model": "example/budget-0.5", "tokens": MILLION, "requests": 2, "tier": 1, "feature": "b"},  # no flagship
    {"tokens": MILLION, "requests": 1, "tier": 1, "feature": "b", "status": "error"},  # a failure stays
    {"tokens": MILLION, "requests": 8, "tier": 2, "feature": "a"},  # complex
    {"tokens": MILLION, "requests": 1, "feature": "a"},  # unknown
]


def found(catalog: Catalog, confusion: Confusion | None = None) -> overspecification.Overspecification:
    rates = confusion or Confusion(0, 0, 0, 0, "arithmetic")
    given = evidence(catalog, *(cell(**keys) for keys in CELLS), plans=[plan_of(TIERED)], confusion=rates)
    result = overspecification.find(given)
    assert result is not None
    return result


def test_by_tier_and_feature(catalog: Catalog) -> None:
    rows = {(row.tier, row.name): row for row in found(catalog).by_feature}
    assert list(rows) == [(1, "a"), (0, "a"), (1, "b")]  # most difference first, then the lower tier
    assert {key: (row.spend_usd, row.reference_usd, row.excess_usd) for key, row in rows.items()} == {
        (1, "a"): (14, 1, 13),
        (0, "a"): (7, Decimal("0.5"), Decimal("6.5")),
        (1, "b"): (7, Decimal("0.5"), Decimal("6.5")),
    }
    assert rows[1, "b"].share_pct == 60  # 3 of 5, the failed one among them
    assert rows[1, "b"].reference == ["example/budget-0.5"]


@pytest.mark.parametrize(
    ("tiers", "usd", "said"),
    [
        ((), 0, "of $26.00 is unproven."),
        ((0,), Decimal("6.5"), "is unproven, except for $6.50 that paired outcomes certify."),
        ((0, 1), 26, "of $26.00 is certified by paired outcomes."),
    ],
)
def test_what_outcomes_certify_is_not_called_unproven(
    catalog: Catalog, tiers: tuple[int, ...], usd: Decimal, said: str
) -> None:
    """Tier 0 saves 6.50, tier 1 13 and 6.50; the driver is the same money with the same proof."""
    cells = priced(catalog, *(cell(**keys) for keys in CELLS))
    proof = frozenset((tier, "example/flagship-7", "example/budget-0.5") for tier in tiers)
    given = Evidence(
        cells=cells,
        catalog=catalog,
        plans=[evaluate(plan_of(TIERED), cells, catalog, proof)],
        confusion=Confusion(0, 0, 0, 0, "arithmetic"),
    )
    result = overspecification.find(given)
    assert result is not None
    assert (result.excess_usd, result.certified_usd) == (26, usd)
    assert said in str(section.build(result).blocks[0])
    driver = drivers.find(given).drivers[0]
    assert (driver.usd, driver.proven) == (26, len(tiers) == 2)
    assert ("unproven" in driver.reason, "certif" in driver.reason) == (len(tiers) < 2, bool(tiers))


def test_rows_add_up_to_the_whole(catalog: Catalog) -> None:
    whole = found(catalog, Confusion(0.1, 0.2, 0.05, 0.1, "arithmetic"))
    assert (whole.requests, whole.spend_usd, whole.reference_usd, whole.excess_usd) == (9, 28, 2, 26)
    assert whole.refused_requests == 1
    for rows in (whole.by_feature, whole.by_team):
        for name in ("requests", "spend_usd", "reference_usd", "excess_usd", "low_usd", "high_usd"):
            assert sum(getattr(row, name) for row in rows) == getattr(whole, name), name


def test_the_low_end_leaves_out_what_may_be_tagged_too_low(catalog: Catalog) -> None:
    """12 requests are tagged 0 or 1 and 8 complex: 0.2 / 0.8 x 8 = 2 of the 12 may be complex, a sixth."""
    whole = found(catalog, Confusion(0.1, 0.2, 0.05, 0.1, "arithmetic"))
    assert whole.wrongly_low_pct == pytest.approx(100 / 6)
    assert whole.low_usd == 26 * Decimal("0.8333")
    assert found(catalog).low_usd == found(catalog).excess_usd == 26


def test_without_the_plan_or_simple_requests_there_is_nothing_to_say(catalog: Catalog) -> None:
    assert overspecification.find(evidence(catalog, cell(tier=0))) is None
    assert overspecification.find(evidence(catalog, cell(tier=2), plans=[plan_of(TIERED)])) is None
