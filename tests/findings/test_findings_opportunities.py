"""The finding over all levers: unknown is no zero, parts add up, reasoning is told apart."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from builders import DAY, cell, evidence

from llmaudit.catalog import Catalog
from llmaudit.findings import opportunities
from llmaudit.findings.opportunities import TOP, Opportunity
from llmaudit.levers import all_levers
from llmaudit.summaries.logged import Logged
from llmaudit.summaries.repeats import Repeat

SOL = "openai/gpt-5.6-sol"
PLAIN: dict[str, Any] = {
    "gateway": None, "seller": "openai", "sku": "gpt-5.6-sol", "model": SOL, "tier": None,
    "price_slot": DAY, "slot_by": "start", "is_thinking": None, "prompt_band": 0, "service_tier": None,
    "is_batch": False, "region_class": None, "usage_status": "reported", "billed_kind": None, "others": (0,) * 7,
    "billed_usd": None, "within_hours": 24, "needs_tools": False, "cut": None,
}  # fmt: skip
"""A slice of requests at 4 dollars a million input tokens."""


def repeat(feature: str, tokens: int) -> Repeat:
    return Repeat(**PLAIN, feature=feature, requests=1, tokens=(tokens, 0, 0, 0, 0, 0))


def logged(**counts: int) -> Logged:
    return Logged(None, **dict.fromkeys(Logged.__struct_fields__[1:], 30) | counts)


def one(catalog: Catalog, name: str, **summaries: Any) -> Opportunity:
    cells = [cell(model=SOL, tokens=1_000_000, feature=f"f{i}") for i in range(30)]
    found = opportunities.find(evidence(catalog, *cells, **summaries))
    return next(lever for lever in found.levers if lever.name == name)


def test_every_lever_is_there(catalog: Catalog) -> None:
    found = opportunities.find(evidence(catalog, cell(tokens=1)))
    assert {lever.name for lever in found.levers} == {lever.name for lever in all_levers()}
    assert len({lever.order for lever in all_levers()}) == len(all_levers()), (
        "two levers have one place in the waterfall"
    )


def test_groups_add_up(catalog: Catalog) -> None:
    rows = [repeat(f"f{i}", 1000 * (i + 1)) for i in range(30)]
    lever = one(catalog, "response_cache", summaries={Repeat: rows, Logged: [logged()]})
    assert lever.usd == sum(range(1, 31)) * Decimal("0.004")
    assert (len(lever.groups), lever.other_groups) == (TOP, 10)
    assert lever.other_usd == sum(range(1, 11)) * Decimal("0.004")
    assert sum(row.saved_usd for row in lever.groups) + lever.other_usd == lever.usd
    assert [row.feature for row in lever.groups][:2] == ["f29", "f28"]


def test_unknown_is_no_zero(catalog: Catalog) -> None:
    nothing = one(catalog, "response_cache", summaries={Logged: [logged()]})
    assert (nothing.usd, nothing.missing) == (0, None)
    unknown = one(catalog, "response_cache", summaries={Logged: [logged(prompts=0)]})
    assert (unknown.usd, unknown.low_usd, unknown.high_usd, unknown.pct) == (None,) * 4
    assert unknown.missing == "30 of 30 good answers are logged without a prompt"
    partly = one(catalog, "response_cache", summaries={Repeat: [repeat("f1", 1000)], Logged: [logged(prompts=10)]})
    assert (partly.usd, partly.missing) == (Decimal("0.004"), "20 of 30 good answers are logged without a prompt")


def test_reasoning_on_simple_requests(catalog: Catalog) -> None:
    counters = (0, 0, 0, 0, 0, 3_000_000)
    cells = [
        cell(model=SOL, tier=0, counters=counters, reasoning_tokens=1_000_000),  # 20 dollars a million
        cell(
            model=SOL, tier=1, counters=counters, reasoning_tokens=500_000, gateway="g", billed="120"
        ),  # twice the list
        cell(model=SOL, tier=2, counters=counters, reasoning_tokens=1_000_000),
        cell(model=SOL, tier=None, counters=counters, reasoning_tokens=1_000_000),
    ]
    found = opportunities.find(evidence(catalog, *cells, summaries={Logged: [logged()]})).reasoning
    assert [(row.model, row.tokens, row.usd) for row in found.by_model] == [(SOL, 1_500_000, 20 + 20)]
    assert found.usd == 40
