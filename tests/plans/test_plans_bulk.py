"""All cells at once and one by one: the same legs, the same sums to the last digit, the same rule for every cell."""

from __future__ import annotations

from decimal import Decimal

import pytest
from builders import cell, plan_of, priced
from hypothesis import given
from hypothesis import strategies as st
from traffic import cells, quick, traffic

from llmaudit.catalog import Catalog
from llmaudit.cells import Cell
from llmaudit.money import total
from llmaudit.plans import PlanCost, Ratios, Traffic, evaluate, evaluate_all, load_plan, preset_names
from llmaudit.plans.matching import Attributes, matches
from llmaudit.plans.model import Size, When
from llmaudit.plans.sums import Columns
from llmaudit.summaries.links import LinkRow

PLANS = {
    "every": """
name: every
rules:
  - when: {tier: [0, 1], feature: a}
    use: openai/gpt-5.6-luna
    fallback: [google/gemini-3.6-flash, anthropic/claude-sonnet-5]
    assume: {output_ratio: 1.37, token_ratio: 0.93, retry_rate: 0.2, retries: 1}
    verify: {use: google/gemini-3.6-flash, share: 0.1, output_tokens: 7, instruction_tokens: 31}
  - when: {tier: 2}
    use: google/gemini-3.6-flash
    via: openrouter
    assume: {reasoning_ratio: 0.7}
    verify: {cost_ratio: 0.333333}
  - when: {tier: 3}
    keep: true
    via: direct
    verify: {cost_ratio: 0.5, share: 0.25}
  - when: {tier: [0, 1]}
    use: anthropic/claude-sonnet-5
via: example-gateway-5
""",
    "batch": """
name: batch
rules:
  - when: {tier: [0, 1]}
    use: openai/gpt-5.6-luna
    batch: true
  - when: {tier: 2}
    keep: true
    batch: true
    verify: {use: openai/gpt-5.6-luna}
""",
    "limited": """
name: limited
constraints: {providers: [openai], pii_self_hosted: true, needs_known: true}
rules:
  - when: {tier: 0}
    use: cheapest
    among: {models: [openai/gpt-5.6-luna, google/gemini-3.6-flash, openai/gpt-4.1-mini]}
  - when: {size: {at_least: 200001}}
    use: openai/gpt-4o
  - use: example/budget-0.5
    assume: {cache: 0.3}
""",
    "through": "{name: through, rules: [], via: example-gateway-10}",
}
LINKS = [
    LinkRow(
        gateway=None,
        model="openai/gpt-5.6-sol",
        tier=0,
        task=None,
        prompt_band=0,
        is_batch=False,
        needs_tools=False,
        needs_json=False,
        needs_images=False,
        has_pii=False,
        feature="a",
        team=None,
        before=(None, "openai/gpt-5.6-sol", 2, None, 0, False, False, False, False, False, "a", None),
        cached_tokens=40_000,
    )
]


def one_by_one(found: PlanCost) -> tuple[Decimal, Decimal, Decimal]:
    legs = [(leg, one.priced) for one in found.one_by_one() for leg in one.legs]
    return (
        total(leg.expected.of(own) for leg, own in legs),
        total(leg.low.of(own) for leg, own in legs),
        total(leg.high.of(own) for leg, own in legs),
    )


@pytest.mark.parametrize("name", [*preset_names(), *PLANS])
@quick
@given(given_cells=traffic)
def test_sums_over_parts_are_sums_over_cells(catalog: Catalog, name: str, given_cells: list[Cell]) -> None:
    plan = plan_of(PLANS[name]) if name in PLANS else load_plan(name, catalog)
    many = [*given_cells, *([cell(model="openai/gpt-5.6-luna", requests=99, tokens=5, reasoning_tokens=1)] * 2)]
    known = priced(catalog, *many)
    for ratios in (None, Ratios(catalog, cells=known, links=LINKS)):
        found = evaluate(plan, known, catalog, ratios=ratios)
        assert (found.cost_usd, found.low_usd, found.high_usd) == one_by_one(found)
        assert found.placed == list(found.one_by_one())
        assert found.moved_requests == sum(one.priced.cell.requests for one in found.placed if one.moved)
        assert found.actual_usd == total(part.sums.spend_usd for part in found.parts)
        refused: dict[str, int] = {}
        for one in found.placed:
            if one.refused:
                said = one.refused.sentence
                refused[said] = refused.get(said, 0) + one.priced.cell.requests
        assert found.refused == refused


@quick
@given(traffic)
def test_many_plans_share_what_one_alone_works_out(catalog: Catalog, given_cells: list[Cell]) -> None:
    plans = [plan_of(text) for text in PLANS.values()]
    known = priced(catalog, *given_cells)
    together = [one.cost_usd for one in evaluate_all(plans * 2, Traffic(known), catalog)]
    apart = [evaluate(plan, known, catalog).cost_usd for plan in plans]
    assert together == apart * 2


conditions = st.builds(
    When,
    tier=st.sampled_from([None, 1, [0, 2], []]),
    task=st.sampled_from([None, "code"]),
    model_class=st.sampled_from([None, "flagship", ["mid", "budget"]]),
    provider=st.sampled_from([None, "openai", ["google", "nobody"]]),
    gateway=st.sampled_from([None, "openrouter"]),
    feature=st.sampled_from([None, "a", ["a", "b"]]),
    needs=st.sampled_from([None, "tools", ["tools", "images"]]),
    pii=st.sampled_from([None, True, False]),
    size=st.sampled_from([None, Size(at_least=200_001), Size(at_most=200_000)]),
    status=st.sampled_from([None, "ok", ["error", "cancelled"]]),
    batch=st.sampled_from([None, True]),
    cached_share=st.sampled_from([None, Decimal("0.2"), Decimal(0)]),
)


@quick
@given(st.lists(cells(), min_size=1, max_size=20), st.lists(conditions, min_size=1, max_size=4))
def test_conditions_by_table_are_conditions_by_cell(
    catalog: Catalog, given_cells: list[Cell], asked: list[When]
) -> None:
    known = priced(catalog, *given_cells)
    attributes = Attributes(known)
    for when in asked:
        assert attributes.matching(when).tolist() == [matches(when, one) for one in known]


whole = st.integers(-(10**30), 10**30)


@quick
@given(st.lists(st.tuples(st.integers(0, 4), whole, st.integers(0, 2**53)), max_size=60))
def test_sums_are_exact_whatever_their_size(rows: list[tuple[int, int, int]]) -> None:
    import numpy as np  # noqa: PLC0415 -- one test of this file needs it

    labels = np.array([label for label, _, _ in rows], np.int64)
    found = Columns([[large for _, large, _ in rows], [small for _, _, small in rows]]).by(labels, 5)
    for column, place in zip(found, (1, 2), strict=True):
        assert column == [sum(row[place] for row in rows if row[0] == group) for group in range(5)]
