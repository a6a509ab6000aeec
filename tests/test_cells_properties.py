"""For random requests and plans: cells give the money of the rows, add in any order, and come back as saved."""

from __future__ import annotations

import random
from datetime import date
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
from builders import DAY, cell, plan_of
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_listcost import random_request

from llmaudit.catalog import Catalog
from llmaudit.cells import Cell, add, price
from llmaudit.cellsfile import load, save
from llmaudit.edges import Edges
from llmaudit.facts import Facts
from llmaudit.money import total
from llmaudit.plans import evaluate
from llmaudit.plans.rows import plan_rows
from llmaudit.rollup import build
from llmaudit.store import Store

counts = st.integers(0, 10**12)
amounts = st.none() | st.decimals("0", "99999", places=12)
cells = st.builds(
    cell,
    model=st.sampled_from(["openai/gpt-5.6-sol", "anthropic/claude-opus-5"]),
    requests=st.integers(1, 10**9),
    counters=st.tuples(counts, counts, counts, counts, counts, counts),
    gateway=st.none() | st.just("openrouter"),
    tier=st.none() | st.integers(0, 3),
    feature=st.none() | st.sampled_from(["a", "Größe", "(other)"]),
    day=st.none() | st.dates(date(2026, 10, 1), date(2026, 10, 3)),
    is_thinking=st.none() | st.booleans(),
    billed=amounts,
    reasoning_tokens=st.none() | counts,
    web_searches=st.none() | counts,
)
groups = st.lists(cells, max_size=12)


@given(groups, groups, groups)
def test_adding_is_associative_and_commutative(a: list[Cell], b: list[Cell], c: list[Cell]) -> None:
    whole = add([*a, *b, *c])
    assert add([*add([*a, *b]), *c]) == whole == add([*a, *add([*b, *c])])
    assert add([*c, *b, *a]) == whole
    assert total(one.billed_usd or 0 for one in whole) == total(one.billed_usd or 0 for one in [*a, *b, *c])
    assert sum(one.requests for one in whole) == sum(one.requests for one in [*a, *b, *c])


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(groups)
def test_what_is_saved_comes_back(catalog: Catalog, tmp_path: Path, held: list[Cell]) -> None:
    slots = catalog.slots(DAY, DAY)
    edges = Edges(tuple(catalog.prompt_edges()), tuple((slot.start, slot.end, slot.priced_at) for slot in slots))
    facts = Facts(cells=add(held), edges=edges)
    save(facts, catalog, tmp_path / "cells.parquet")
    assert load(tmp_path / "cells.parquet", catalog).cells == facts.cells


factors = st.decimals("0.1", "3", places=3)
TARGETS = ["openai/gpt-5.6-luna", "anthropic/claude-sonnet-5", "google/gemini-3.6-flash"]


@settings(max_examples=8)
@given(
    seed=st.integers(0, 2**32),
    target=st.sampled_from(TARGETS),
    share=st.decimals("0.01", "1", places=2),
    ratios=st.tuples(factors, factors),
    via=st.sampled_from(["via: openrouter", "via: direct"]),
)
def test_cells_give_the_money_of_the_rows(
    catalog: Catalog, seed: int, target: str, share: Decimal, ratios: tuple[Decimal, Decimal], via: str
) -> None:
    plan = plan_of(f"""
        name: random
        {via}
        rules:
          - when: {{tier: [0, 1]}}
            use: {target}
            assume: {{output_ratio: {ratios[0]}, token_ratio: {ratios[1]}}}
          - when: {{tier: 3}}
            keep: true
            verify: {{cost_ratio: {ratios[0]}, share: {share}}}
    """)
    rng = random.Random(seed)  # noqa: S311 -- seeded by the property
    constant = {"source_id": 1, "id_space": "test", "line": 1}
    rows = [constant | random_request(number, rng) for number in range(60)]
    with Store(None) as store:
        with store.table("made", pa.Table.from_pylist(rows)):
            store.execute("INSERT INTO requests BY NAME SELECT * FROM made")
        store.execute(
            "INSERT INTO tiers BY NAME SELECT row_id, (row_id % 4)::INTEGER AS tier, 'signal' AS signal,"
            " 1.0 AS confidence, '' AS reason FROM requests"
        )
        cost = evaluate(plan, price(build(store, catalog), catalog), catalog)
        found = plan_rows(store, catalog, [cost]).to_pylist()
    assert len(found) == len(rows)
    assert total(row["cost_usd"] for row in found if row["cost_usd"] is not None) == cost.cost_usd
