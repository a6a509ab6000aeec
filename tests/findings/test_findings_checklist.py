"""Each question of the checklist, made to pass, warn, fail and find no evidence by rows made by hand."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from typing import Any

import pytest
from builders import cell, evidence

from llmaudit.catalog import Catalog
from llmaudit.cells import Cell
from llmaudit.findings import checklist
from llmaudit.findings.checklist import escape, failover, latency, limits, observability, routing, schema
from llmaudit.summaries.fields import FieldCounts
from llmaudit.summaries.flows import FlowBucket
from llmaudit.summaries.hours import HourRow
from llmaudit.summaries.rate_limits import LimitedMinute

NOON = datetime(2026, 10, 22, 12)  # noqa: DTZ001 -- hours are naive UTC
SOL, OPUS, LUNA = "openai/gpt-5.6-sol", "anthropic/claude-opus-5", "openai/gpt-5.6-luna"
MILLION = 1_000_000


def fields(endpoint: str | None, provider: str | None, requests: int, **counts: int) -> FieldCounts:
    gateway = counts.pop("gateway", "g")
    return FieldCounts(gateway=gateway, provider=provider, endpoint=endpoint, requests=requests, **counts)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("rows", "status"),
    [
        ([("/v1/chat/completions", "openai", 60), ("acompletion", "anthropic", 40)], "pass"),
        ([("/v1/chat/completions", "openai", 60), ("chat", "openai", 3), ("acompletion", "google", 37)], "pass"),
        ([("acompletion", "openai", 50), ("acompletion", "google", 44), ("messages", "anthropic", 6)], "warn"),
        ([("/v1/chat/completions", "openai", 60), ("/v1/messages", "anthropic", 40)], "fail"),
        ([("/v1/chat/completions", "openai", 60)], "no-evidence"),
        ([(None, "openai", 60), (None, "anthropic", 40)], "no-evidence"),
        ([], "no-evidence"),
    ],
)
def test_one_schema(catalog: Catalog, rows: list[Any], status: str) -> None:
    item = schema.answer(evidence(catalog, summaries={FieldCounts: [fields(*row) for row in rows]}))
    assert (item.id, item.status) == ("one-schema", status)


@pytest.mark.parametrize(
    ("counts", "status"),
    [
        ({"answered_again": 15, "answered_elsewhere": 80, "unanswered": 5}, "pass"),
        ({"answered_again": 14, "answered_elsewhere": 80, "unanswered": 6}, "warn"),
        ({"answered_elsewhere": 49, "unanswered": 51}, "fail"),
        ({"answered_again": 20}, "fail"),  # twenty, and nobody else ever answered
        ({"answered_again": 19}, "warn"),
        ({"unlinked": 100}, "no-evidence"),
        ({"refused": 100, "unanswerable": 100}, "no-evidence"),
        ({}, "no-evidence"),
    ],
)
def test_failover(catalog: Catalog, counts: dict[str, int], status: str) -> None:
    row = HourRow(hour=NOON, gateway="g", seller="s", model="s/m", requests=1000, timeout=100, **counts)
    assert failover.answer(evidence(catalog, summaries={HourRow: [row]})).status == status


def traffic(low_on_flagship: int, high_on_flagship: int) -> list[Cell]:
    """Return a hundred simple and a hundred complex requests, some of each on a flagship."""
    parts = [(1, low_on_flagship), (2, high_on_flagship)]
    return [
        cell(model=model, tokens=10, requests=count, tier=tier, feature="f")
        for tier, flagship in parts
        for model, count in ((SOL, flagship), (LUNA, 100 - flagship))
        if count
    ]


@pytest.mark.parametrize(
    ("cells", "status"),
    [
        (traffic(20, 50), "pass"),
        (traffic(21, 60), "warn"),
        (traffic(20, 49), "warn"),
        (traffic(60, 70), "warn"),
        (traffic(60, 69), "fail"),
        (traffic(100, 100), "no-evidence"),  # one class only: there is nothing to route to
        ([cell(model=SOL, requests=29, tier=1), cell(model=LUNA, requests=100, tier=2)], "no-evidence"),
        ([], "no-evidence"),
    ],
)
def test_cost_routing(catalog: Catalog, cells: list[Cell], status: str) -> None:
    assert routing.answer(evidence(catalog, *cells)).status == status


def test_cost_routing_by_size(catalog: Catalog) -> None:
    """Feature f sends prompts of 1,000 tokens to the flagship, of 100 to the cheap model; g does not go by size."""
    own = {"requests": 50, "tier": 1}
    cells = [
        cell(model=SOL, tokens=50_000, feature="f", **own),
        cell(model=LUNA, tokens=5_000, feature="f", **own),
        cell(model=SOL, tokens=50_000, feature="g", **own),
        cell(model=LUNA, tokens=50_000, feature="g", **own),
    ]
    said = routing.answer(evidence(catalog, *cells)).evidence[-1]
    assert "2 features use several classes" in said
    assert "in 1 of them" in said
    assert "(f)" in said


def at(seconds: float) -> int:
    return math.floor(math.log(1000 * seconds) * 20)


def bucket(feature: str, measure: str, seconds: float, requests: int) -> FlowBucket:
    return FlowBucket("g", feature, measure, at(seconds), requests)


@pytest.mark.parametrize(
    ("rows", "status"),
    [
        ([("a", "timeout", 30, 9), ("b", "timeout", 60, 9), ("a", "latency", 1, 50)], "pass"),
        ([("a", "timeout", 30, 9), ("b", "timeout", 30.5, 9), ("a", "latency", 1, 50)], "warn"),
        ([("a", "cut", 30, 1), ("a", "latency", 1, 50)], "warn"),
        ([("a", "timeout", second, 1) for second in (1, 5, 20, 50, 90)], "warn"),  # given up, at no limit
        ([("a", "latency", 1, 90), ("a", "latency", 11, 10)], "fail"),
        ([("a", "latency", 61, 100)], "fail"),
        ([("a", "latency", 1, 90), ("a", "latency", 8, 10)], "no-evidence"),
        ([], "no-evidence"),
    ],
)
def test_latency_budgets(catalog: Catalog, rows: list[Any], status: str) -> None:
    item = latency.answer(evidence(catalog, summaries={FlowBucket: [bucket(*row) for row in rows]}))
    assert (item.id, item.status) == ("latency-budgets", status)


def test_latency_says_which_limit_and_what_went_past_it(catalog: Catalog) -> None:
    rows = [bucket("a", "timeout", 30, 9), bucket("a", "latency", 40, 7), bucket("a", "latency", 29, 50)]
    said = " ".join(latency.answer(evidence(catalog, summaries={FlowBucket: rows})).evidence)
    assert "g: timeouts come after 29." in said or "g: timeouts come after 30." in said
    assert "yet 7 answers took longer" in said


FULL = dict.fromkeys(("request_id", "call_id", "user", "feature", "seller"), 100)


@pytest.mark.parametrize(
    ("counts", "status"),
    [
        (FULL | {"failed": 10, "error_class": 10}, "pass"),
        (FULL | {"feature": 95}, "pass"),
        (FULL | {"feature": 94}, "warn"),
        (FULL | {"user": 50}, "warn"),
        (FULL | {"user": 49}, "fail"),
        (FULL | {"failed": 10, "error_class": 4}, "fail"),
    ],
)
def test_observability(catalog: Catalog, counts: dict[str, int], status: str) -> None:
    row = fields("chat", "openai", 100, **counts)
    assert observability.answer(evidence(catalog, summaries={FieldCounts: [row]})).status == status


def test_observability_of_nothing(catalog: Catalog) -> None:
    assert observability.answer(evidence(catalog)).status == "no-evidence"


def refusals(each: int, named: int) -> list[LimitedMinute]:
    minutes = [NOON + timedelta(minutes=number) for number in range(12)]
    return [LimitedMinute(minute=one, gateway="g", seller="s", rate_limited=each, named=named) for one in minutes]


@pytest.mark.parametrize(
    ("minutes", "requests", "status"),
    [
        (refusals(1, 1), 60, "fail"),  # 12 of a request a minute: a storm of the provider's
        (refusals(1, 0), 60, "warn"),  # the gateway refused too, and a storm came all the same
        (refusals(1, 0), 60_000, "pass"),  # the gateway refuses now and then, no storm
        (refusals(1, 1), 60_000, "no-evidence"),
        ([], 60, "no-evidence"),
    ],
)
def test_rate_limits(catalog: Catalog, minutes: list[LimitedMinute], requests: int, status: str) -> None:
    """The gateway's good answers name their seller, so a refusal without one is its own."""
    summaries = {
        LimitedMinute: minutes,
        HourRow: [HourRow(hour=NOON, gateway="g", seller="s", model="s/m", requests=requests)],
        FieldCounts: [fields("chat", "openai", 100, good=100, good_seller=96)],
    }
    assert limits.answer(evidence(catalog, summaries=summaries)).status == status


def test_a_gateway_that_names_nobody_cannot_be_told_from_a_provider(catalog: Catalog) -> None:
    summaries = {
        LimitedMinute: refusals(1, 0),
        HourRow: [HourRow(hour=NOON, gateway="g", seller="s", model="s/m", requests=60)],
        FieldCounts: [fields("chat", "openai", 100, good=100)],
    }
    item = limits.answer(evidence(catalog, summaries=summaries))
    assert item.status == "no-evidence"
    assert "for 12 of them the log does not say who refused" in item.evidence


def test_escape(catalog: Catalog) -> None:
    """Both makers' flagships are sold by clouds as well; through a gateway a feature takes 1 + 0.5 + 1 days."""
    both = [
        cell(model=model, tokens=MILLION, requests=30, tier=1, feature="a", gateway="g", billed="5")
        for model in (SOL, OPUS)
    ]
    assert escape.answer(evidence(catalog, *both)).status == "pass"
    one = escape.answer(evidence(catalog, both[0]))
    assert one.status == "warn"  # sold elsewhere, but one maker has it all
    alone = cell(model="mistral/mistral-large-4", tokens=MILLION, requests=30, tier=1, gateway="g")
    assert escape.answer(evidence(catalog, alone)).status == "fail"
    assert escape.answer(evidence(catalog, cell(model="nobody/nothing-9", tokens=1))).status == "no-evidence"


def test_the_seven_answers(catalog: Catalog) -> None:
    """With cells alone most questions have no evidence, and none of those passes."""
    found = checklist.find(evidence(catalog, cell(model=SOL, tokens=10, tier=1)))
    assert found is not None
    assert [item.id for item in found.items] == [
        *("one-schema", "failover", "cost-routing", "latency-budgets", "observability", "rate-limits", "escape"),
    ]
    assert {item.status for item in found.items[:6]} == {"no-evidence"}
    assert sum(found.counts.values()) == 7
    assert all(item.evidence and item.next_step and item.rule for item in found.items)
    assert checklist.find(evidence(catalog)) is None
