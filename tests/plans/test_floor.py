"""The quality floor of a plan, held against planted outcomes."""

from __future__ import annotations

from decimal import Decimal

import pytest
from builders import cell, plan_of, priced

from llmaudit.catalog import Catalog
from llmaudit.plans import evaluate
from llmaudit.plans.constraints import judge
from llmaudit.plans.quality import Outcomes, PairedCase

FLAGSHIP, BUDGET = "example/flagship-7", "example/budget-0.5"
PLAN = """
name: floored
constraints: {{quality_floor: {floor}}}
rules:
  - when: {{feature: [{features}]}}
    use: example/budget-0.5
"""


def outcomes(**scores: float) -> Outcomes:
    """400 cases a feature, of which the budget model gets a share right, spread over users; 5 where named `few`."""
    cases = [
        PairedCase((feature, None, None), 1.0, float(n % 100 < 100 * share), f"u{n}")
        for feature, share in scores.items()
        for n in range(5 if feature == "few" else 400)
    ]
    back = [PairedCase(one.labels, one.after, one.before, one.cluster) for one in cases]
    return Outcomes("correct", {(FLAGSHIP, BUDGET): cases, (BUDGET, FLAGSHIP): back})


@pytest.mark.parametrize(
    ("floor", "features", "verdict"),
    [
        (0.9, "good", "pass"),
        (0.9, "good, bad", "fail"),
        (0.7, "good, fair, bad", "unknown"),  # fair: 0.70 +- 0.04
        (0.4, "good, fair, bad", "pass"),
        (0.4, "good, few", "unknown"),  # five pairs
        (0.4, "good, none", "unknown"),  # no pair
        (0.9, "elsewhere", "pass"),  # nothing moves
    ],
)
def test_a_floor_is_held_against_outcomes(catalog: Catalog, floor: float, features: str, verdict: str) -> None:
    """One cohort a feature: `good` scores 0.97 and `bad` 0.50 on the model they move to."""
    names = ("good", "fair", "bad", "few", "none")
    cells = priced(catalog, *(cell(feature=name, requests=100, tokens=1_000_000) for name in names))
    cost = evaluate(plan_of(PLAN.format(floor=floor, features=features)), cells, catalog)
    said = outcomes(good=0.97, fair=0.7, bad=0.7 if floor == 0.7 else 0.5, few=1)
    (found,) = judge(cost, catalog, [], said)
    assert (found.name, found.verdict) == ("quality_floor", verdict), found
    assert Decimal(found.limit) == Decimal(str(floor))


def test_the_bounds_are_the_binomial_ones(catalog: Catalog) -> None:
    """388 of 400 right: 0.97 - 1.645 sqrt(0.97 x 0.03 / 400) is 0.956; losses unseen widen it a little."""
    cells = priced(catalog, cell(feature="good", requests=100, tokens=1_000_000))
    cost = evaluate(plan_of(PLAN.format(floor=0.9, features="good")), cells, catalog)
    (found,) = judge(cost, catalog, [], outcomes(good=0.97))
    assert 0.950 <= float(found.value or 0) <= 0.957


def test_a_cohort_that_moves_in_part_is_not_judged(catalog: Catalog) -> None:
    """Outcomes speak of a feature as a whole; the plan moves one tier of it."""
    both = [cell(feature="good", tier=tier, requests=100, tokens=1_000_000) for tier in (0, 1)]
    text = PLAN.format(floor=0.4, features="good").replace("{feature: [good]}", "{feature: good, tier: 0}")
    (found,) = judge(evaluate(plan_of(text), priced(catalog, *both), catalog), catalog, [], outcomes(good=0.97))
    assert (found.verdict, found.value) == ("unknown", None)
    assert "for 100 there are no outcomes" in found.reason


def test_without_outcomes_the_next_step_is_said(catalog: Catalog) -> None:
    cells = priced(catalog, cell(feature="good", requests=100, tokens=1_000_000))
    cost = evaluate(plan_of(PLAN.format(floor=0.9, features="good")), cells, catalog)
    (found,) = judge(cost, catalog, [])
    assert (found.verdict, found.value) == ("unknown", None)
    assert "llmaudit evals add" in found.reason
