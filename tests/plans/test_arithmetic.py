"""Plans on one cell, with the arithmetic written out. flagship-7 costs $7 a million for anything, budget-0.5 $0.50."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from builders import cell, plan_of, priced

from llmaudit.catalog import Catalog
from llmaudit.plans import PlanCost, evaluate

COUNTERS = (600_000, 100_000, 0, 0, 0, 300_000)
"""A million tokens in one request: 700,000 of prompt, 300,000 of answer; $7 on the flagship."""


def under(catalog: Catalog, rule: str, *, via: str = "", **keys: Any) -> PlanCost:
    one = cell(**({"counters": COUNTERS} | keys))
    return evaluate(plan_of(f"name: p\n{via}\nrules: [{{{rule}}}]"), priced(catalog, one), catalog)


RULES = [
    # rule, cost: $7 now
    ("keep: true", "7"),
    ("use: example/budget-0.5", "0.5"),
    ("use: example/flagship-7", "7"),
    ("use: example/budget-0.5, assume: {output_ratio: 2}", "0.65"),  # 700,000 + 600,000
    ("use: example/budget-0.5, assume: {token_ratio: 1.3}", "0.65"),  # everything by 1.3
    ("use: example/budget-0.5, assume: {token_ratio: 2, output_ratio: 0.5}", "0.775"),  # 1,400,000 + 150,000
    ("use: example/budget-0.5, via: example-gateway-10", "0.55"),
    ("use: example/budget-0.5, via: direct", "0.5"),
    ("keep: true, via: example-gateway-5", "7.35"),
    ("keep: true, verify: {cost_ratio: 0.5}", "10.5"),
    ("keep: true, verify: {cost_ratio: 0.5, share: 0.1}", "7.35"),
    ("use: example/budget-0.5, verify: {cost_ratio: 0.5}", "0.75"),
    ("keep: true, verify: {use: example/budget-0.5, output_tokens: 200}", "7.5001"),  # reads 1,000,000, writes 200
    ("keep: true, verify: {use: example/budget-0.5, output_tokens: 200, share: 0.5}", "7.25005"),
    ("keep: true, via: example-gateway-10, verify: {cost_ratio: 0.5}", "11.55"),  # the pass goes through it, too
    ("use: example/budget-0.5, fallback: [example/flagship-7]", "0.5"),  # costs nothing while nothing fails
]


@pytest.mark.parametrize(("rule", "usd"), RULES)
def test_cost(catalog: Catalog, rule: str, usd: str) -> None:
    found = under(catalog, rule)
    assert found.actual_usd == 7
    assert found.cost_usd == Decimal(usd)


def test_bands_are_of_the_answer_only(catalog: Catalog) -> None:
    """The target's answer may be half as long, or 1.7 times: 700,000 + 150,000 or + 510,000 tokens."""
    found = under(catalog, "use: example/budget-0.5")
    assert (found.low_usd, found.high_usd) == (Decimal("0.425"), Decimal("0.605"))
    assert any("answers are as long as now" in note for note in found.assumptions)


def test_direct_replaces_the_bill_by_list(catalog: Catalog) -> None:
    billed: dict[str, Any] = {"billed": "7.70", "gateway": "example-gateway-10"}
    found = under(catalog, "keep: true, via: direct", **billed)
    assert (found.actual_usd, found.cost_usd, found.unproven_usd) == (Decimal("7.70"), 7, 0)
    assert under(catalog, "keep: true", **billed).cost_usd == Decimal("7.70")


def test_the_plan_s_gateway_and_a_rule_s_own(catalog: Catalog) -> None:
    assert under(catalog, "keep: true", via="via: example-gateway-5").cost_usd == Decimal("7.35")
    assert under(catalog, "keep: true, via: example-gateway-10", via="via: example-gateway-5").cost_usd == Decimal(
        "7.7"
    )
    assert under(catalog, "keep: true, when: {tier: 0}", via="via: example-gateway-5").cost_usd == Decimal("7.35")


def test_fee_taken_out_of_the_payment(catalog: Catalog) -> None:
    """Phaseo's own words: $100 buys about $95.24 of credits."""
    found = under(catalog, "keep: true, via: phaseo")
    assert 100 * found.actual_usd / found.cost_usd == pytest.approx(Decimal("95.24"), abs=Decimal("0.005"))


def test_a_pass_without_a_price_is_said_not_free(catalog: Catalog) -> None:
    """The judge was not sold yet on that day: its cost is unknown, and the plan says so."""
    found = under(catalog, "keep: true, verify: {use: anthropic/claude-fable-5-2}")
    assert found.verification_usd == 0
    assert any("claude-fable-5-2" in note and "no price" in note for note in found.assumptions)


def test_a_gateway_without_a_percentage_is_said(catalog: Catalog) -> None:
    found = under(catalog, "keep: true, via: litellm")
    assert found.cost_usd == 7
    assert any("litellm" in note and "so none is added" in note for note in found.assumptions)


REFUSED = [
    ("use: deepseek/deepseek-v3.2", {"prompt_band": 200_000}, "context of 128000 tokens"),
    ("use: anthropic/claude-fable-5-2", {}, "no price before 2026-11-09"),
    ("use: example/budget-0.5", {"is_batch": True, "billed": "1"}, "no batch price"),
]


@pytest.mark.parametrize(("rule", "keys", "why"), REFUSED)
def test_what_cannot_move_stays_and_is_counted(catalog: Catalog, rule: str, keys: dict[str, Any], why: str) -> None:
    found = under(catalog, rule, requests=3, **keys)
    assert found.cost_usd == found.actual_usd
    assert found.moved_requests == 0
    ((reason, requests),) = found.refused.items()
    assert why in reason
    assert requests == 3


CONDITIONS = [
    ("tier: 1", {"tier": 1}, {"tier": 2}),
    ("tier: [0, 1]", {"tier": 0}, {"tier": None}),
    ("task: extract", {"task": "extract"}, {"task": "classify"}),
    ("model: example/flagship-7", {}, {"model": "example/budget-0.5"}),
    ("model_class: [flagship, mid]", {}, {"model": "example/budget-0.5"}),
    ("provider: example", {}, {"model": "openai/gpt-5.6-sol"}),
    ("gateway: openrouter", {"gateway": "openrouter"}, {"gateway": None}),
    ("feature: a", {"feature": "a"}, {"feature": "ab"}),
    ("team: [a, b]", {"team": "b"}, {"team": None}),
    ("needs: json", {"needs_json": True}, {"needs_tools": True}),
    ("needs: [json, tools]", {"needs_json": True, "needs_tools": True}, {"needs_json": True}),
    ("pii: false", {}, {"has_pii": True}),
    ("pii: true", {"has_pii": True}, {}),
    ("tier: 1, feature: a", {"tier": 1, "feature": "a"}, {"tier": 1}),
]


@pytest.mark.parametrize(("when", "inside", "outside"), CONDITIONS)
def test_conditions(catalog: Catalog, when: str, inside: dict[str, Any], outside: dict[str, Any]) -> None:
    rule = f"when: {{{when}}}, keep: true"
    assert under(catalog, rule, **inside).placed[0].rule == 1
    assert under(catalog, rule, **outside).placed[0].rule is None


def test_first_rule_that_matches_decides(catalog: Catalog) -> None:
    plan = plan_of("{name: p, rules: [{when: {tier: 0}, keep: true}, {use: example/budget-0.5}]}")
    known = priced(catalog, *(cell(counters=COUNTERS, tier=tier) for tier in (0, 1)))
    assert [placed.rule for placed in evaluate(plan, known, catalog).placed] == [1, 2]


def test_unknown_cost_is_left_out_of_both_sides(catalog: Catalog) -> None:
    plan = plan_of("{name: p, rules: [{use: example/budget-0.5}]}")
    known = priced(
        catalog, cell(counters=COUNTERS), cell(model="nobody/x", counters=COUNTERS, requests=4, unresolved="u")
    )
    found = evaluate(plan, known, catalog)
    assert (found.actual_usd, found.cost_usd, found.unknown_requests) == (7, Decimal("0.5"), 4)
