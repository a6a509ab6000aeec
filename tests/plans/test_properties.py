"""What holds of every plan on every traffic: nothing changed saves nothing, dearer costs more, parts add up."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from builders import catalog_of, catalog_text, plan_of, priced, sku_text
from hypothesis import given
from hypothesis import strategies as st
from traffic import quick, traffic

from llmaudit.catalog import Catalog
from llmaudit.cells import Cell
from llmaudit.findings.savings import plan_row
from llmaudit.money import total
from llmaudit.plans import evaluate, load_plan, preset_names

EVERY_PLAN = """
name: every
rules:
  - when: {tier: [0, 1], feature: a}
    use: openai/gpt-5.6-luna
    assume: {output_ratio: 1.37, token_ratio: 0.93}
    verify: {use: google/gemini-3.6-flash, share: 0.1, output_tokens: 7}
  - when: {tier: 2}
    use: google/gemini-3.6-flash
    via: openrouter
    verify: {cost_ratio: 0.333333}
  - when: {tier: 3}
    keep: true
    via: direct
    verify: {cost_ratio: 0.5, share: 0.25}
  - when: {tier: [0, 1]}
    use: anthropic/claude-sonnet-5
via: example-gateway-5
"""


@quick
@given(traffic)
def test_as_it_is_saves_exactly_nothing(catalog: Catalog, given_cells: list[Cell]) -> None:
    known = priced(catalog, *given_cells)
    for plan in (load_plan("as-is", catalog), plan_of("{name: empty, rules: []}")):
        found = evaluate(plan, known, catalog)
        assert found.cost_usd == found.actual_usd == found.low_usd == found.high_usd
        assert (found.moved_requests, found.unproven_usd, found.verification_usd) == (0, 0, 0)


@pytest.mark.parametrize("name", [*preset_names(), "every"])
@quick
@given(given_cells=traffic)
def test_parts_add_up(catalog: Catalog, name: str, given_cells: list[Cell]) -> None:
    plan = plan_of(EVERY_PLAN) if name == "every" else load_plan(name, catalog)
    known = priced(catalog, *given_cells)
    found = evaluate(plan, known, catalog)
    row = plan_row(found)
    assert total(leg.cost_usd for leg in row.legs) == row.cost_usd
    assert total(leg.before_usd for leg in row.legs if leg.before_usd is not None) == found.actual_usd
    assert row.savings_usd == found.actual_usd - row.cost_usd
    assert row.savings_usd == row.unproven_usd + row.no_risk_usd - row.verification_usd
    assert row.low_usd <= row.cost_usd <= row.high_usd
    assert row.savings_low_usd <= row.savings_usd
    kept = [leg for leg in row.legs if leg.kind != "verify"]
    assert sum(leg.requests for leg in kept) + row.unknown_requests == sum(one.requests for one in given_cells)
    assert row.moved_requests == sum(leg.requests for leg in kept if leg.kind == "route")


@quick
@given(traffic)
def test_unknown_tier_never_moves(catalog: Catalog, given_cells: list[Cell]) -> None:
    """A rule that names tiers says nothing of a request that has none; nor does a failed attempt move."""
    found = evaluate(plan_of(EVERY_PLAN), priced(catalog, *given_cells), catalog)
    for placed in found.placed:
        if placed.priced.cell.tier is None:
            assert (placed.rule, placed.moved) == (None, False)
        if placed.priced.cell.status != "ok":
            assert not placed.moved
            assert [leg.kind for leg in placed.legs] == ["keep"]


@pytest.fixture(scope="module")
def ladder(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    """Three models of one seller, each dearer than the one before, in one counter or in all."""
    steps = {
        "low": "input: 1, cache_read: 0.1, output: 4",
        "mid": "input: 1, cache_read: 0.1, output: 5",
        "top": "input: 1.000001, cache_read: 0.2, output: 6",
    }
    text = "".join(sku_text(name, [f"usd_per_million: {{{rates}}}"]) for name, rates in steps.items())
    return catalog_of(tmp_path_factory.mktemp("ladder"), catalog_text("maker", text))


@quick
@given(traffic)
def test_dearer_target_never_costs_less(ladder: Catalog, given_cells: list[Cell]) -> None:
    known = priced(ladder, *given_cells)
    rules = "rules: [{{use: maker/{0}, verify: {{use: maker/{0}, output_tokens: 9}}}}]"
    costs = [
        evaluate(plan_of(f"name: {name}\n{rules.format(name)}"), known, ladder).cost_usd
        for name in ("low", "mid", "top")
    ]
    assert costs == sorted(costs)


@quick
@given(traffic, st.sampled_from(["0.01", "0.3", "1"]), st.integers(0, 3))
def test_a_fallback_never_lowers_the_cost(ladder: Catalog, given_cells: list[Cell], rate: str, retries: int) -> None:
    """Whatever it costs beside the first model: a chain pays for what the first one never answers, and answers more."""
    known = priced(ladder, *given_cells)
    assumed = f"assume: {{retry_rate: {rate}, retries: {retries}}}"
    chains = ["", ", fallback: [maker/low]", ", fallback: [maker/low, maker/mid]"]
    plans = [plan_of(f"name: p\nrules: [{{use: maker/top, {assumed}{chain}}}]") for chain in chains]
    found = [evaluate(plan, known, ladder) for plan in plans]
    assert [one.cost_usd for one in found] == sorted(one.cost_usd for one in found)
    assert [one.answered for one in found] == sorted(one.answered for one in found)


@quick
@given(traffic, st.sampled_from(["0", "0.02", "0.4"]))
def test_more_failures_never_cost_less(ladder: Catalog, given_cells: list[Cell], rate: str) -> None:
    known = priced(ladder, *given_cells)
    sure, shaky = (
        evaluate(plan_of(f"{{name: p, rules: [{{use: maker/low, assume: {{retry_rate: {one}}}}}]}}"), known, ladder)
        for one in ("0", rate)
    )
    assert sure.cost_usd <= shaky.cost_usd
    assert shaky.answered <= sure.answered


@quick
@given(traffic)
def test_a_gateway_adds_its_percentage_of_what_it_passes_on(catalog: Catalog, given_cells: list[Cell]) -> None:
    known = priced(catalog, *given_cells)
    plain = evaluate(plan_of("{name: a, rules: [{keep: true}]}"), known, catalog).cost_usd
    through = evaluate(plan_of("{name: a, rules: [{keep: true}], via: example-gateway-10}"), known, catalog).cost_usd
    assert through == plain * Decimal("1.1")


@quick
@given(traffic, st.randoms())
def test_order_of_cells_does_not_matter(catalog: Catalog, given_cells: list[Cell], rng: Any) -> None:
    shuffled = list(given_cells)
    rng.shuffle(shuffled)
    one, two = (evaluate(plan_of(EVERY_PLAN), priced(catalog, *some), catalog) for some in (given_cells, shuffled))
    assert (one.cost_usd, one.low_usd, one.high_usd) == (two.cost_usd, two.low_usd, two.high_usd)
    assert one.refused == two.refused
