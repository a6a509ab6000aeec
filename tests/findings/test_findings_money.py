"""Spend, coverage, tiers, savings and drivers over a few cells made by hand; the arithmetic stands beside them.

flagship-7 costs $7 a million whatever the token, budget-0.5 $0.50; the one is a flagship, the other a budget model.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from builders import cell, evidence, plan_of

from llmaudit.audit import conclude
from llmaudit.catalog import Catalog
from llmaudit.evidence import Evidence, LedgerRow
from llmaudit.findings import coverage, drivers, savings, spend, tiers
from llmaudit.plans import load_plan
from llmaudit.report.content import Figures
from llmaudit.report.sections.tiers import build as tiers_section
from llmaudit.tiers.confusion import Confusion

MILLION = 1_000_000
CELLS: list[dict[str, Any]] = [
    # list 7, billed 8 through a gateway
    {"tokens": MILLION, "requests": 4, "billed": "8", "gateway": "g.example", "tier": 0, "feature": "a", "team": "x"},
    # list 14
    {"tokens": 2 * MILLION, "requests": 3, "tier": 1, "feature": "a", "day": date(2026, 10, 3)},
    # list 0.5
    {"model": "example/budget-0.5", "tokens": MILLION, "requests": 2, "tier": 1, "feature": "b", "task": "answer"},
    # list 3.5 on tokens counted offline
    {"tokens": MILLION // 2, "requests": 1, "usage_status": "estimated", "tier": 3, "feature": "c"},
    # unknown
    {"model": "nobody/x", "tokens": 10, "requests": 5, "unresolved": "unknown-model"},
    # a failure that cost nothing
    {"requests": 6, "status": "error", "usage_status": "missing", "error_class": "timeout", "calls": 0, "tier": 2},
]
TIERED = """
name: tiered
rules:
  - when: {tier: [0, 1], model_class: flagship}
    use: example/budget-0.5
  - when: {tier: 3}
    keep: true
    verify: {cost_ratio: 0.5}
"""
LEDGER = [
    LedgerRow("a.jsonl", "litellm", 20, 10, 3, 5, 2, 0, {"user line": 5, "malformed-json": 2}),
    LedgerRow("b.jsonl", "litellm", 12, 11, 0, 0, 1, 0, {"malformed-json": 1}),
]


@pytest.fixture(scope="module")
def given(catalog: Catalog) -> Evidence:
    plans = [load_plan("as-is", catalog), plan_of(TIERED)]
    return evidence(
        catalog, *(cell(**keys) for keys in CELLS), plans=plans, ledger=LEDGER, conflicts=1, tagged_by={"stated": 16}
    )


def test_amounts_that_a_tool_worked_out_itself_are_told_apart_from_charges(catalog: Catalog) -> None:
    """8 charged and 3 + 2 estimated: all are billed, as the log has them, and the warning names the 5."""
    amounts = [("8", "seller_reported"), ("3", "list_estimate"), ("2", "list_estimate")]
    some = evidence(catalog, *(cell(tokens=MILLION, requests=1, billed=usd, billed_kind=kind) for usd, kind in amounts))
    assert spend.find(some).billed_usd == Decimal(13)
    assert spend.find(some).billed_estimate_usd == Decimal(5)
    said = "$5.00 of the billed amounts are estimates by the logging tools, not charges"
    assert said in conclude(some).warnings
    charged = evidence(catalog, cell(tokens=MILLION, requests=1, billed="8"))
    assert not any("estimates that" in warning for warning in conclude(charged).warnings)


def test_requests_without_a_time_are_said_to_be_unpriced_for_that(catalog: Catalog) -> None:
    some = evidence(catalog, cell(tokens=MILLION, requests=3, day=None), cell(tokens=MILLION, requests=2))
    said = [warning for warning in conclude(some).warnings if "no time" in warning]
    told = "3 of them have no time in their log, and prices are dated: log a time with each record, or ingest with"
    assert said == [f"{told} --assume-time"]
    dated = evidence(catalog, cell(model="nobody/x", tokens=MILLION, requests=3, unresolved="unknown-model"))
    assert not any("no time" in warning for warning in conclude(dated).warnings)


def test_spend(given: Evidence) -> None:
    """8 billed + 14 + 0.50 + 3.50 at list; list of all four priced cells is 7 + 14 + 0.50 + 3.50."""
    found = spend.find(given)
    assert (found.spend_usd, found.billed_usd, found.list_only_usd) == (26, 8, 18)
    assert (found.list_usd, found.list_high_usd, found.estimated_usd) == (25, 25, Decimal("3.5"))
    assert (found.requests, found.calls, found.unpriced_requests) == (21, 15, 5)
    assert (found.first_day, found.last_day) == (date(2026, 10, 1), date(2026, 10, 3))
    assert (found.tokens.input, found.tokens.output) == (4_500_010, 0)


@pytest.mark.parametrize("by", ["model", "gateway", "seller", "feature", "team", "day"])
def test_breakdowns_add_up(given: Evidence, by: str) -> None:
    found = spend.find(given)
    rows = getattr(found, f"by_{by}")
    assert sum(row.spend_usd for row in rows if row.spend_usd is not None) == found.spend_usd
    assert sum(row.requests for row in rows) == found.requests
    assert sum(row.unpriced_requests for row in rows) == found.unpriced_requests
    assert sum(row.share_pct for row in rows if row.share_pct is not None) == pytest.approx(100)


def test_slices(given: Evidence) -> None:
    found = {row.name: row for row in spend.find(given).by_feature}
    assert found["a"].spend_usd == 22
    assert found["a"].cost_per_request_usd == Decimal(22) / 7
    assert found["a"].share_pct == pytest.approx(100 * 22 / 26)
    nothing = found[None]
    assert (nothing.requests, nothing.unpriced_requests) == (11, 5)
    unknown = {row.name: row for row in spend.find(given).by_model}["nobody/x"]
    assert (unknown.spend_usd, unknown.cost_per_request_usd, unknown.share_pct) == (None, None, None)


def test_free_is_zero_and_unknown_is_not(catalog: Catalog) -> None:
    failed = cell(requests=2, status="error", usage_status="missing")
    assert spend.find(evidence(catalog, failed)).by_model[0].spend_usd == 0
    unusable = cell(requests=2, usage_status="inconsistent", tokens=5)
    assert spend.find(evidence(catalog, unusable)).by_model[0].spend_usd is None


def test_coverage(given: Evidence) -> None:
    found = coverage.find(given)
    assert (found.lines, found.accepted, found.duplicates, found.ignored, found.rejected) == (32, 21, 3, 5, 3)
    assert found.lines == found.accepted + found.duplicates + found.ignored + found.rejected + found.bills
    assert found.reasons == {"malformed-json": 3, "user line": 5}
    assert found.usage == {"reported": 14, "estimated": 1, "missing": 6}
    assert (found.priced_requests, found.billed_requests, found.conflicts) == (16, 4, 1)
    assert found.spend_known_pct == pytest.approx(100 * 16 / 21, abs=0.005)
    (row,) = found.unpriced
    assert (row.model, row.reason, row.requests, row.input_tokens) == ("nobody/x", "unknown-model", 5, 10)


def test_assumptions_are_counted(catalog: Catalog) -> None:
    somewhere = cell(model="anthropic/claude-opus-4-6", tokens=10, requests=7)
    here = cell(model="anthropic/claude-opus-4-6", tokens=10, requests=5, region_class="global")
    (touched,) = coverage.find(evidence(catalog, somewhere, here)).assumed.items()
    assert touched == ("region unknown: the global price is used, the high bound is the regional one", 7)


def test_tiers(given: Evidence) -> None:
    """Known 16: 4 of tier 0 and 3 of 5 of tier 1 on the flagship; tiers 2 and 3 are 7 of 16."""
    found = tiers.find(given)
    assert [(row.tier, row.requests, row.spend_usd, row.flagship_requests) for row in found.by_tier] == [
        (0, 4, 8, 4),
        (1, 5, Decimal("14.5"), 3),
        (2, 6, 0, 6),
        (3, 1, Decimal("3.5"), 1),
        (None, 5, 0, 0),
    ]
    assert (found.known_requests, found.unknown_requests) == (16, 5)
    assert (found.tier01_requests, found.tier01_on_flagship_requests, found.tier01_on_flagship_usd) == (9, 7, 22)
    assert found.tier01_on_flagship_pct == pytest.approx(100 * 7 / 9)
    assert found.tier01_on_flagship_of_traffic_pct == pytest.approx(43.75)
    assert found.frontier_needed_pct == pytest.approx(43.75)
    assert "below the usual claim" in found.claims[0]
    assert "does not hold" in found.claims[1]
    assert found.by_signal == {"stated": 16}
    assert {row.feature: row.tier for row in found.by_feature} == {"a": 0, "b": 1, "c": 3, None: 2}


def test_no_tier_no_claim(catalog: Catalog) -> None:
    found = tiers.find(evidence(catalog, cell(tokens=10)))
    assert (found.claims, found.tier01_on_flagship_pct, found.frontier_needed_pct) == ([], None, None)


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [(5, 5, "inside"), (7, 3, "inside"), (8, 2, "above"), (4, 6, "below")],
)
def test_claims(catalog: Catalog, low: int, high: int, words: str) -> None:
    """The claim is 50 to 70% of the traffic: its ends are inside."""
    cells = [cell(tokens=1, requests=low, tier=1), cell(tokens=1, requests=high, tier=2)]
    assert words in tiers.find(evidence(catalog, *cells)).claims[0]
    held = "holds" if high < 2 else "does not hold"
    assert held in tiers.find(evidence(catalog, *cells)).claims[1]


def test_savings(given: Evidence) -> None:
    """Tiers 0 and 1 on the flagship go for 0.50 and 1 instead of 8 and 14; the check of tier 3 costs half of 3.50."""
    found = savings.find(given)
    same, tiered = found.plans
    assert (found.actual_usd, same.cost_usd, same.savings_usd) == (26, 26, 0)
    assert tiered.cost_usd == Decimal("0.5") + 1 + Decimal("0.5") + Decimal("3.5") + Decimal("1.75")
    assert (tiered.savings_usd, tiered.moved_requests, tiered.unknown_requests) == (Decimal("18.75"), 7, 5)
    assert (tiered.unproven_usd, tiered.verification_usd, tiered.no_risk_usd) == (Decimal("20.5"), Decimal("1.75"), 0)
    assert tiered.savings_pct == pytest.approx(100 * 18.75 / 26)
    legs = {(leg.kind, leg.tier, leg.model): (leg.requests, leg.before_usd, leg.cost_usd) for leg in tiered.legs}
    assert legs == {
        ("route", 0, "example/budget-0.5"): (4, 8, Decimal("0.5")),
        ("route", 1, "example/budget-0.5"): (3, 14, 1),
        ("keep", 1, "example/budget-0.5"): (2, Decimal("0.5"), Decimal("0.5")),
        ("keep", 2, "example/flagship-7"): (6, 0, 0),
        ("keep", 3, "example/flagship-7"): (1, Decimal("3.5"), Decimal("3.5")),
        ("verify", 3, "example/flagship-7"): (1, None, Decimal("1.75")),
    }


def test_drivers(given: Evidence) -> None:
    """Overspecification is the unproven saving, four requests show no markup, the failures cost nothing known."""
    found = {row.name: row for row in drivers.find(given).drivers}
    assert list(found) == ["overspecification", "lock_in", "markup", "reliability"]
    assert (found["overspecification"].usd, found["overspecification"].proven) == (Decimal("20.5"), False)
    assert found["overspecification"].pct == pytest.approx(100 * 20.5 / 26)
    assert found["markup"].usd is None
    assert found["reliability"].usd == 0
    assert (found["lock_in"].usd, found["lock_in"].proven) == (0, False)  # nobody else sells it, nothing else serves it
    assert (found["lock_in"].of, found["lock_in"].of_usd) == (
        "list cost and failures",
        7 + 14 + Decimal("0.5") + Decimal("3.5"),
    )
    assert (found["reliability"].of, found["reliability"].of_usd) == ("spend", 26)


def test_markup_as_a_driver(catalog: Catalog) -> None:
    """8 - 7, on requests enough."""
    found = {row.name: row for row in drivers.find(evidence(catalog, cell(**CELLS[0] | {"requests": 40}))).drivers}
    assert (found["markup"].usd, found["markup"].proven) == (1, True)


def test_drivers_without_data(catalog: Catalog) -> None:
    found = {row.name: row for row in drivers.find(evidence(catalog)).drivers}
    assert {name: row.usd for name, row in found.items()} == {
        "overspecification": None,
        "lock_in": None,
        "markup": None,
        "reliability": 0,
    }
    assert all(row.reason for row in found.values())


def test_where_no_tier_is_known_overspecification_is_unknown_and_not_nothing(catalog: Catalog) -> None:
    """A log that says nothing of its tasks has no simple requests, and no proof that there are none."""
    untagged = evidence(catalog, cell(tokens=MILLION, requests=9), plans=[plan_of(TIERED)])
    found = {row.name: row for row in drivers.find(untagged).drivers}["overspecification"]
    assert (found.usd, found.pct, found.reason) == (None, None, "the tier of no request is known")
    figures = next(block for block in tiers_section(tiers.find(untagged)).blocks if isinstance(block, Figures))
    first = figures.items[0]
    assert (first.value, first.note) == ("unknown", "no request is known to be tier 0 or 1")


def test_nothing_at_all(catalog: Catalog) -> None:
    """An empty period has figures that are empty, and no division by zero."""
    empty = evidence(catalog)
    assert (spend.find(empty).spend_usd, spend.find(empty).first_day) == (0, None)
    assert coverage.find(empty).spend_known_pct is None
    assert tiers.find(empty).known_requests == 0
    assert savings.find(empty).actual_usd is None


def test_savings_on_low_tiers_as_a_range(catalog: Catalog) -> None:
    """Of 16 requests 9 are tagged 0 or 1; a fifth of the complex are tagged low, a tenth of the simple high.

    Wrongly low are 0.2 / 0.8 x 7 of the 9, that is 19.44%; wrongly high 0.1 / 0.9 x 9 = 1, that is 11.11% of the 9.
    Moved are 4 and 3 requests: 8 and 14 now, 0.5 and 1 then.
    """
    rates = Confusion(0.1, 0.2, 0.05, 0.1, "arithmetic")
    plans = [load_plan("as-is", catalog), plan_of(TIERED)]
    found = tiers.find(evidence(catalog, *(cell(**keys) for keys in CELLS), plans=plans, confusion=rates))
    (row,) = found.robust
    assert (row.plan, row.requests, row.savings_usd) == ("tiered", 7, Decimal("20.5"))
    assert row.wrongly_low_pct == pytest.approx(19.444444)
    assert row.low_usd == Decimal("20.5") * Decimal("0.8056")
    assert row.high_usd == Decimal("20.5") * Decimal("1.1111")
    assert found.confusion.basis == "arithmetic"


def test_perfect_tags_leave_no_range(catalog: Catalog) -> None:
    plans = [plan_of(TIERED)]
    perfect = Confusion(0, 0, 0, 0, "arithmetic")
    found = tiers.find(evidence(catalog, *(cell(**keys) for keys in CELLS), plans=plans, confusion=perfect))
    (row,) = found.robust
    assert row.low_usd == row.savings_usd == row.high_usd


def test_tiers_by_class_and_feature_add_up(given: Evidence) -> None:
    found = tiers.find(given)
    assert sum(row.requests for row in found.by_class) == sum(row.requests for row in found.by_tier)
    assert sum(row.spend_usd for row in found.by_class) == sum(row.spend_usd for row in found.by_tier)
    assert sum(count for row in found.by_feature for count in row.tiers.values()) == 21
    (mixed,) = (row for row in found.by_feature if row.feature == "a")
    assert mixed.tiers == {"0": 4, "1": 3}
