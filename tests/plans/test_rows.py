"""Cells against requests: whatever is computed on cells equals, to the last digit, what is computed row by row.

Random LiteLLM rows go through the real store: read, tagged, folded, priced and planned.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from builders import litellm_row, plan_of, write_jsonl

from llmaudit.api import Session, audit_paths
from llmaudit.catalog import Catalog, Conditions, quote
from llmaudit.cells import price
from llmaudit.money import total
from llmaudit.plans import PlanCost, Ratios, evaluate_all, load_plan, preset_names
from llmaudit.plans.rows import plan_rows
from llmaudit.request import COUNTERS
from llmaudit.rollup import build, cell_of
from llmaudit.summaries import pairs

SEEDS = (1, 2)
ROWS = 300
MODELS = [
    ("gpt-5.6-sol", "openai"),
    ("gpt-5.6-luna", "openai"),
    ("claude-opus-5", "anthropic"),
    ("mistral-large-4", "mistral"),
    ("deepseek-v4-pro", "deepseek"),
    ("nobody-9", "hosted_vllm"),
]
FEATURES = ["intent-classify", "reply-draft", "sql-report-agent", "refund-decision", "playground"]
PLANS = {
    "ratios": """
        name: ratios
        rules:
          - when: {tier: [0, 1]}
            use: openai/gpt-5.6-luna
            assume: {output_ratio: 1.333, token_ratio: 0.777}
          - when: {tier: 2}
            use: anthropic/claude-sonnet-5
    """,
    "verified": """
        name: verified
        via: openrouter
        rules:
          - when: {tier: 3}
            keep: true
            verify: {cost_ratio: 0.37, share: 0.9}
          - when: {tier: 2}
            keep: true
            via: direct
            verify: {use: openai/gpt-5.6-luna, share: 0.333, output_tokens: 77}
          - when: {tier: [0, 1]}
            use: minimax/minimax-m2.7
            verify: {use: google/gemini-3.6-flash}
    """,
    "chained": """
        name: chained
        rules:
          - when: {tier: [0, 1]}
            use: openai/gpt-5.6-luna
            fallback: [minimax/minimax-m2.7]
            assume: {retry_rate: 0.07, reasoning_ratio: 0.3, cache: 0.9}
          - when: {tier: 2}
            keep: true
            batch: true
    """,
}


def random_rows(seed: int) -> list[dict[str, Any]]:
    rng = random.Random(seed)  # noqa: S311 -- seeded on purpose
    rows = []
    for number in range(ROWS):
        model, provider = rng.choice(MODELS)
        cached, written = rng.choice([0, rng.randrange(300_000)]), rng.choice([0, rng.randrange(5_000)])
        failed = rng.choice([None] * 8 + ["429", "503"])
        spend = rng.choice(["0", f"{rng.random():.9f}", repr(rng.random() / 7)])
        clock = f"{rng.randrange(24):02}:{rng.randrange(60):02}:{number % 60:02}.{number:03}"
        rows.append(
            litellm_row(
                f"r-{number}",
                f"2026-10-{rng.randrange(1, 31):02}T{clock}",
                model=model,
                provider=provider,
                prompt=0 if failed else cached + written + rng.randrange(20_000),
                completion=0 if failed else rng.randrange(3_000),
                cached=0 if failed else cached,
                written=0 if failed else written,
                spend="0" if failed else spend,
                tags=rng.choice([[], [f"feature:{rng.choice(FEATURES)}"], [f"tier:{rng.randrange(4)}", "team:a"]]),
                failed=failed,
                call=rng.choice([None, f"call-{rng.randrange(60)}"]),
            )
        )
    return rows


@pytest.fixture(scope="module", params=SEEDS)
def store(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    log = write_jsonl(tmp_path_factory.mktemp("rows") / "log.jsonl", random_rows(request.param))
    with audit_paths([log]) as session:
        yield session


def test_rows_add_up_to_every_plan(store: Session) -> None:
    plans = [load_plan(name, store.catalog) for name in preset_names()] + [plan_of(text) for text in PLANS.values()]
    cells = price(build(store.store, store.catalog), store.catalog)
    ratios = Ratios.of(store.catalog, cells, {one.row: one.build(store.store) for one in (pairs.SUMMARY,)})
    costs = list(evaluate_all(plans, cells, store.catalog, ratios=ratios))
    rows = plan_rows(store.store, store.catalog, costs).to_pylist()
    known = sum(one.cell.requests for one in cells if one.spend_usd is not None)
    assert 0 < known < ROWS
    for cost in costs:
        own = [row for row in rows if row["plan"] == cost.plan.name]
        costs_known = [row["cost_usd"] for row in own if row["cost_usd"] is not None]
        assert total(costs_known) == cost.cost_usd, cost.plan.name
        assert len({row["row_id"] for row in own}) == len(own) == ROWS
        assert len(costs_known) == known, "what is unknown is NULL, and its row is there"
        assert sum(row["model"] in cost_models(cost) for row in own) >= cost.moved_requests
        assert sum(row["is_estimate"] for row in own) >= cost.moved_requests
        if cost.plan.name in {"as-is", "direct"}:
            assert not any(row["is_estimate"] for row in own)
    moved = {cost.plan.name: cost.moved_requests for cost in costs}
    assert min(moved[name] for name in ("ratios", "verified", "tiered", "chained", "cheapest-capable")) > 0, (
        "plans that move nothing prove nothing"
    )


def cost_models(cost: PlanCost) -> set[str | None]:
    return {leg.model for placed in cost.placed for leg in placed.legs if leg.kind == "route"}


def test_cells_cost_what_their_requests_cost(store: Session) -> None:
    """Every request quoted on its own, at its own instant, tier and prompt; the sums are those of the cells."""
    names = ("row_id", "started_at", "seller", "model_raw", "service_tier", "is_batch", "region_class", *COUNTERS)
    rows = store.store.dicts(f"SELECT {', '.join(names)} FROM requests WHERE usage_status = 'reported'")
    quotes = {row["row_id"]: quote_of(store.catalog, row) for row in rows}
    cells = price(build(store.store, store.catalog), store.catalog)
    reported = [one for one in cells if one.cell.usage_status == "reported"]
    assert total(one.list_usd for one in reported if one.list_usd) == total(
        q.cost_usd for q in quotes.values() if q.cost_usd
    )
    assert total(one.list_high_usd for one in reported if one.list_high_usd) == total(
        q.high_usd for q in quotes.values() if q.high_usd
    )
    unpriced = sum(one.cell.requests for one in reported if one.list_usd is None)
    assert unpriced == sum(q.cost_usd is None for q in quotes.values()) > 0
    for row_id in list(quotes)[:6]:
        (single,) = price([cell_of(store.store, store.catalog, row_id)], store.catalog)
        assert single.list_usd == quotes[row_id].cost_usd


def quote_of(catalog: Catalog, row: dict[str, Any]) -> Any:
    conditions = Conditions(
        row["started_at"],
        service_tier=row["service_tier"],
        is_batch=row["is_batch"],
        region=row["region_class"],
    )
    tokens = {name: row[name] or 0 for name in COUNTERS}
    return quote(catalog, row["model_raw"], tokens, conditions, seller=row["seller"])


def test_shuffled_and_split_files_give_the_same_cells(tmp_path: Path) -> None:
    rows = random_rows(7)
    shuffled = random.Random(7).sample(rows, len(rows))  # noqa: S311 -- seeded on purpose
    one = write_jsonl(tmp_path / "one.jsonl", rows)
    other = write_jsonl(tmp_path / "other.jsonl", shuffled)
    parts = [write_jsonl(tmp_path / f"part-{i}.jsonl", shuffled[i::3]) for i in range(3)]
    found = []
    for paths in ([one], [other], parts, parts[::-1], [one, *parts]):
        with audit_paths(paths) as session:
            found.append(build(session.store, session.catalog))
    assert len(found[0]) > 100
    assert all(cells == found[0] for cells in found[1:])


def test_same_content_twice_changes_nothing(tmp_path: Path) -> None:
    log = write_jsonl(tmp_path / "log.jsonl", random_rows(8))
    with audit_paths([log]) as session:
        before = build(session.store, session.catalog)
        again = session.ingest([str(log)])
        assert (again.totals.accepted, again.totals.duplicates) == (0, ROWS)
        assert build(session.store, session.catalog) == before


@pytest.mark.parametrize("amount", ["0.000000000001", "0.0000000000014", "99999.999999999999", "1e-9"])
def test_smallest_and_largest_amounts(tmp_path: Path, amount: str) -> None:
    """A picodollar is kept, what is beyond is a binary float's noise."""
    log = write_jsonl(tmp_path / "log.jsonl", [litellm_row("a", "2026-10-01T00:00:00", prompt=1, spend=amount)])
    with audit_paths([log]) as session:
        (cell,) = build(session.store, session.catalog)
    assert cell.billed_usd == Decimal(amount).quantize(Decimal("1e-12"))
