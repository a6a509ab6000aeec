"""Budgets: every rule passes and fails where it should, acknowledgements expire, malformed files have a place."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from test_gate_decompose import baseline, cell

from llmaudit.errors import InputError
from llmaudit.gate.budget import read_budget
from llmaudit.gate.check import check
from llmaudit.gate.model import Baseline, Latency
from llmaudit.gate.results import RuleResult

TODAY = date(2026, 11, 1)


def evaluated(
    tmp_path: Path, text: str, before: Baseline, after: Baseline, classes: dict[str, str] | None = None
) -> list[RuleResult]:
    (tmp_path / "budget.yaml").write_text(text)
    return check(before, after, read_budget(tmp_path / "budget.yaml"), today=TODAY, classes=classes).rules


ONE = baseline(cell(100, tier=0, feature="chat"), hours=24)


@pytest.mark.parametrize(
    ("text", "passed", "value"),
    [
        ("total_usd: {max: 0.28}", True, "0.28"),  # 100 x (1000 x $2 + 100 x $8 per million) = $0.28
        ("total_usd: {max: 0.2799}", False, "0.28"),
        ("total_usd: {max: 8.4, per: month}", True, "8.4"),  # one day of thirty
        ("total_usd: {max: 8.39, per: month}", False, "8.4"),
        ("total_usd: {max_increase_pct: 0}", True, "0"),
        ("unpriced_pct: {max: 0}", True, "0"),
        ("error_rate_pct: {max: 1}", True, "0"),
        ("cache_hit_pct: {min: 1}", False, "0"),
        ("tier01_on_flagship_pct: {max: 20}", False, "100"),
        ("models: {allow: [a, 'x*']}", True, "0"),
        ("models: {allow: ['x*']}", False, "100"),
        ("latency_p95_ms: {max: 1000}", True, None),
        ("latency_p95_ms: {max: 100}", False, None),
    ],
)
def test_limits_on_the_log_itself(text: str, passed: bool, value: str | None, tmp_path: Path):  # noqa: FBT001
    log = Baseline(
        **{name: getattr(ONE, name) for name in ONE.__struct_fields__ if name != "latency"},
        latency=[Latency(by="all", buckets={"120": 95, "130": 5})],  # e^6 = 403 ms to e^6.5 = 665 ms
    )
    (one,) = evaluated(tmp_path, text, ONE, log, {"a": "flagship"})
    assert one.passed is passed, one.reason
    if value is not None:
        assert Decimal(str(one.value)) == Decimal(value)


def test_a_warning_does_not_fail(tmp_path: Path):
    (one,) = evaluated(tmp_path, "total_usd: {max: 0.1, level: warn}", ONE, ONE)
    assert (one.status, one.passed) == ("warned", False)


def test_shares_that_rise_by_chance_pass_and_surely_risen_ones_fail(tmp_path: Path):
    def log(failed: int) -> Baseline:
        return baseline(cell(1000 - failed), cell(failed, outcome="failed", tokens=(0, 0, 0)))

    text = "error_rate_pct: {max_increase_points: 1}"
    assert evaluated(tmp_path, text, log(20), log(35))[0].passed
    assert not evaluated(tmp_path, text, log(20), log(80))[0].passed
    assert evaluated(tmp_path, text, log(80), log(20))[0].passed  # a decrease never fails


@pytest.mark.parametrize(
    ("ack", "status", "word"),
    [
        ("{rule: total_usd, reason: known, until: 2026-11-01}", "acknowledged", "accepted until 2026-11-01"),
        ("{rule: total_usd, reason: known, until: 2026-10-31}", "failed", "which has passed"),
        ("{rule: total_usd, reason: known, until: 2027-01-01, max: 0.2}", "failed", "accepted up to 0.2"),
        ("{rule: unpriced_pct, reason: known, until: 2027-01-01}", "failed", ""),
        ("{rule: total_usd, name: chat, reason: known, until: 2027-01-01}", "failed", ""),
    ],
)
def test_acknowledgements(ack: str, status: str, word: str, tmp_path: Path):
    (one,) = evaluated(tmp_path, f"total_usd: {{max: 0.1}}\nacknowledge:\n  - {ack}\n", ONE, ONE)
    assert one.status == status
    assert word in one.reason


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("total_usd: {max: 1}\nmax_cost: {}\n", "max_cost"),
        ("total_usd: {maximum: 1}\n", "maximum"),
        ("total_usd: {max: many}\n", "1:18"),
        ("total_usd: {max: -1}\n", "negative or not a number"),
        ("cost_per_request: {max_increase_pct: nan}\n", "1:38"),
        ("cost_per_request: {by: mood, max_increase_pct: 5}\n", "mood"),
        ("total_usd: {}\n", "no limit"),
        ("{}\n", "no rule"),
        ("total_usd: {max: 1}\ntotal_usd: {max: 2}\n", "twice"),
        ("total_usd: {max: 1}\nacknowledge: [{rule: tokens, reason: x, until: 2027-01-01}]\n", "tokens"),
        ("total_usd: {max: 1}\nacknowledge: [{rule: total_usd, until: 2027-01-01}]\n", "reason"),
        ("total_usd: [\n", "YAML"),
    ],
)
def test_a_malformed_budget_is_refused_with_its_place(text: str, word: str, tmp_path: Path):
    (tmp_path / "budget.yaml").write_text(text)
    with pytest.raises(InputError) as caught:
        read_budget(tmp_path / "budget.yaml")
    assert caught.value.slug == "bad-budget"
    assert word in caught.value.what
