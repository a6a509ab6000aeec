"""What failures cost, over cells made by hand; and quantiles of a histogram against the values it was made from."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any

import pytest
from builders import cell, evidence

from llmaudit.catalog import Catalog
from llmaudit.findings import reliability
from llmaudit.summaries.hours import HourRow
from llmaudit.summaries.latency import LatencyBucket

MILLION = 1_000_000
CELLS: list[dict[str, Any]] = [
    {"tokens": MILLION, "requests": 10},  # list 7
    {"status": "error", "usage_status": "missing", "error_class": "rate_limited", "requests": 4, "calls": 1},  # 0
    {"status": "error", "error_class": "timeout", "tokens": MILLION, "requests": 2, "calls": 0},  # list 7
    {
        "status": "error",
        "error_class": "timeout",
        "billed": "3",
        "gateway": "g",
        "tokens": 1,
        "requests": 1,
        "calls": 1,
    },
    {"attempt_kind": "retry", "tokens": MILLION, "requests": 3},  # list 7
    {"attempt_kind": "fallback", "model": "example/budget-0.5", "tokens": MILLION, "requests": 2},  # list 0.50
    {"attempt_kind": "retry", "status": "error", "billed": "1", "gateway": "g", "requests": 1, "calls": 1},
    {"status": "cancelled", "tokens": MILLION, "requests": 1},  # list 7
]


def test_reliability(catalog: Catalog) -> None:
    found = reliability.find(evidence(catalog, *(cell(**keys) for keys in CELLS)))
    assert (found.calls, found.abandoned_calls) == (19, 3)
    assert (found.failed_attempts, found.failed_pct) == (8, pytest.approx(100 * 8 / 24))
    assert found.by_class == {"other": 1, "rate_limited": 4, "timeout": 3}
    assert (found.failed_billed_attempts, found.failed_usd) == (4, 11)  # 7 + 3 + 1
    assert found.failed_list_usd == Decimal("7.000007")  # the last two at list: 7 millionths, and no tokens
    assert (found.repeated_attempts, found.same_model_retries, found.fallbacks) == (6, 4, 2)
    assert (found.repeated_usd, found.repeated_list_usd) == (Decimal("8.5"), Decimal("7.5"))
    assert (found.cancelled_attempts, found.cancelled_usd) == (1, 7)


def test_routes_add_up(catalog: Catalog) -> None:
    found = reliability.find(evidence(catalog, *(cell(**keys) for keys in CELLS)))
    assert {(row.gateway, row.seller) for row in found.routes} == {("direct", "example"), ("g", "example")}
    assert sum(row.requests for row in found.routes) == 24
    assert sum(row.failed for row in found.routes) == found.failed_attempts
    assert sum(row.failed_usd for row in found.routes) == found.failed_usd
    assert sum(row.repeated for row in found.routes) == found.repeated_attempts
    assert sum(row.repeated_usd for row in found.routes) == found.repeated_usd
    through = next(row for row in found.routes if row.gateway == "g")
    assert (through.requests, through.failed, through.failed_pct, through.failed_usd) == (2, 2, 100, 4)


def test_no_requests(catalog: Catalog) -> None:
    found = reliability.find(evidence(catalog))
    assert (found.failed_pct, found.failed_attempts, found.failed_usd) == (None, 0, 0)


def test_histograms_of_tiers_merge(catalog: Catalog) -> None:
    rows = [
        LatencyBucket(None, "m", tier, "latency", bucket, requests)
        for tier, bucket, requests in [(0, 100, 5), (1, 100, 4), (1, 150, 1)]
    ]
    (row,) = reliability.find(evidence(catalog, summaries={LatencyBucket: rows})).latency
    assert row.requests == 10
    assert row.p50_ms == round(math.exp(100.5 / 20))
    assert row.p95_ms == round(math.exp(150.5 / 20))


def test_tokens_and_answers_of_repeats(catalog: Catalog) -> None:
    """Failed: a million and one tokens. Repeated: two million, three retries answered and two fallbacks."""
    found = reliability.find(evidence(catalog, *(cell(**keys) for keys in CELLS)))
    assert (found.failed_tokens, found.repeated_tokens) == (MILLION + 1, 2 * MILLION)
    assert (found.retries_ok, found.fallbacks_ok) == (3, 2)


def test_fates_are_those_of_the_hours(catalog: Catalog) -> None:
    own = {"gateway": "g", "seller": "s", "model": "s/m"}
    rows = [
        HourRow(hour=None, **own, requests=9, answered_again=1, unlinked=2, lost_usd=Decimal("0.5")),
        HourRow(hour=None, **own, requests=9, answered_elsewhere=3, unanswered=4, unanswerable=5, lost_unbilled=6),
    ]
    fates = reliability.find(evidence(catalog, cell(), summaries={HourRow: rows})).fates
    assert fates == reliability.Fates(
        answered_again=1,
        answered_elsewhere=3,
        unanswered=4,
        refused=5,
        unlinked=2,
        lost_usd=Decimal("0.5"),
        lost_unbilled=6,
    )
    assert reliability.find(evidence(catalog, cell())).fates is None
