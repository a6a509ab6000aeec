"""`llmaudit shadow analyze` on pairs: what it decides, what it writes, and how it ends."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import duckdb
import polars as pl
import pytest
from builders import write_jsonl
from pair_files import ONE_BAD_TIER, PRIMARY, SHADOW, both, simulated
from running import Run

from llmaudit.datasets.shadow import World


def test_a_bad_tier_is_named_and_the_other_may_move(call: Run, one_bad_tier: Path) -> None:
    done = call("shadow", "analyze", one_bad_tier, "--margin", "0.05", "--days", 7, "--json")
    assert done.code == 0, done.err
    found = done.json
    verdicts = {one["tier"]: (one["verdict"], one["may_move"]) for one in found["by_tier"]}
    assert verdicts == {0: ("non-inferior", True), 1: ("inferior", False)}
    assert found["decision"] == "inferior"
    assert found["health"]["ok"]
    assert (found["primary"], found["shadow"]) == (PRIMARY, SHADOW)
    figures = {one["metric"]: one for one in found["metrics"] if one["tier"] is None}
    assert figures["cost_ratio"]["low"] < 0.3 < figures["cost_ratio"]["high"]
    assert figures["cost_ratio"]["days_to_clear"] <= 5
    assert figures["latency_p95"]["low"] < ONE_BAD_TIER.quantile_difference_ms(0.95) < figures["latency_p95"]["high"]


def test_what_it_certifies_stands_in_the_database(call: Run, one_bad_tier: Path, tmp_path: Path) -> None:
    call("shadow", "analyze", one_bad_tier, "--margin", "0.05", "--days", 7, "--db", "t.duckdb", "--quiet")
    with duckdb.connect(str(tmp_path / "t.duckdb"), read_only=True) as database:
        rows = database.execute(
            "SELECT tier, certified, model_from, model_to, pairs FROM evals ORDER BY tier"
        ).fetchall()
        pairs = database.execute("SELECT count(*), sum(primary_cost_usd) FROM shadow_pairs").fetchone()
    assert [(tier, certified) for tier, certified, *_ in rows] == [(0, True), (1, False), (None, False)]
    assert {(before, after) for _, _, before, after, _ in rows} == {(PRIMARY, SHADOW)}
    assert sum(count for tier, *_, count in rows if tier is not None) == 3000
    costs = [json.loads(line)["cost_usd"] for line in one_bad_tier.read_text().splitlines() if '"primary"' in line]
    assert pairs is not None
    assert pairs[0] == 3000
    assert float(pairs[1]) == pytest.approx(sum(costs), rel=1e-9)


def test_the_same_test_twice_is_one_test(call: Run, one_bad_tier: Path, tmp_path: Path) -> None:
    first = call("shadow", "analyze", one_bad_tier, "--days", 7, "--db", "t.duckdb", "--json")
    second = call("shadow", "analyze", one_bad_tier, "--days", 7, "--db", "t.duckdb", "--json")
    assert first.out == second.out
    with duckdb.connect(str(tmp_path / "t.duckdb"), read_only=True) as database:
        assert database.execute("SELECT count(*) FROM shadow_tests").fetchall() == [(1,)]
        assert database.execute("SELECT count(*) FROM shadow_pairs").fetchall() == [(3000,)]


def test_the_audit_and_its_report_have_the_test(call: Run, one_bad_tier: Path, small_db: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.duckdb"
    shutil.copy(small_db, copy)
    analyzed = call("shadow", "analyze", one_bad_tier, "--margin", "0.05", "--days", 7, "--db", copy, "--json").json
    audit = call("report", "--db", copy, "--json").json
    (test,) = audit["shadow"]["tests"]
    for name in ("decision", "metrics", "by_tier", "guardrails", "health"):
        assert test[name] == analyzed[name], name
    assert not any("no shadow test" in text for text in audit["warnings"])
    page = call("report", "--db", copy, "--format", "md").out
    assert "Quality by tier, margin 5 points" in page
    assert "missing shadows" in page


def test_files_of_every_kind_say_the_same(call: Run, one_bad_tier: Path, tmp_path: Path) -> None:
    frame = pl.read_ndjson(one_bad_tier)
    frame.write_csv(tmp_path / "p.csv")
    frame.write_parquet(tmp_path / "p.parquet")
    answers = [
        call("shadow", "analyze", path, "--days", 7, "--json", "-q").out
        for path in (one_bad_tier, "p.csv", "p.parquet")
    ]
    assert answers[0] == answers[1] == answers[2]


def test_an_undecided_test_ends_with_four_and_says_how_many_more(call: Run, tmp_path: Path) -> None:
    path = simulated(tmp_path / "p.jsonl", World(pairs=500, users=100), seed=1)
    done = call("shadow", "analyze", path, "--margin", "0.02", "--days", 7, "--json")
    assert done.code == 4
    assert done.json["decision"] == "inconclusive"
    (tier,) = done.json["by_tier"]
    assert tier["more_pairs"] > 1000
    assert tier["more_days"] > 14
    assert "judged pairs" in tier["sentence"]


@pytest.mark.parametrize(("users", "tested"), [(9, False), (15, True)])
def test_few_users_are_warned_of_and_very_few_are_not_tested(
    call: Run, tmp_path: Path, users: int, *, tested: bool
) -> None:
    path = simulated(tmp_path / "p.jsonl", World(pairs=400, users=users, unequal=0.1), seed=2)
    done = call("shadow", "analyze", path, "--days", 7, "--json")
    quality = next(one for one in done.json["metrics"] if one["metric"] == "quality")
    assert (quality["p"] is not None) == tested
    assert any(f"only {users} clusters" in text for text in done.json["warnings"])
    if not tested:
        assert done.code == 4


def test_budgets_and_cost_are_part_of_the_decision(call: Run, one_bad_tier: Path) -> None:
    words = ("--budget", "latency_p95=1", "--budget", "ttft_p50=9", "--max-cost-ratio", "0.9")
    found = call("shadow", "analyze", one_bad_tier, "--days", 7, "--json", *words).json
    rails = {one["name"]: one["status"] for one in found["guardrails"]}
    assert rails["latency_p95 of at most 1 ms"] == "fail"
    assert rails["ttft_p50 of at most 9 ms"] == "open"
    assert rails["cost of at most 0.9 times the primary's"] == "pass"


def test_the_production_mix_weighs_the_tiers(call: Run, one_bad_tier: Path) -> None:
    found = call("shadow", "analyze", one_bad_tier, "--days", 7, "--json", "--mix", "0=0.9,1=0.1").json
    by_tier = {one["tier"]: one["delta"] for one in found["by_tier"]}
    assert found["pooled"]["delta"] == pytest.approx(0.9 * by_tier[0] + 0.1 * by_tier[1], abs=2e-6)


WRONG = {
    "no file": ([], 2, "pairs-or-logs"),
    "a missing file": (["nowhere.jsonl"], 5, "file-unreadable"),
    "one log only": (["--primary-log", "a.jsonl"], 2, "pairs-or-logs"),
    "a margin of 0": (["p.jsonl", "--margin", "0"], 2, "bad-number"),
    "a strange budget": (["p.jsonl", "--budget", "speed=3"], 2, "bad-budget"),
    "a strange mix": (["p.jsonl", "--mix", "9=1"], 2, "bad-mix"),
    "a missing score": (["p.jsonl", "--score", "votes"], 2, "unknown-score"),
    "a missing cluster": (["p.jsonl", "--cluster", "session"], 5, "no-cluster"),
    "an unknown log": (["--primary-log", "a.jsonl", "--shadow-log", "b.jsonl"], 5, "unknown-log"),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_calls_say_what_is_wrong(call: Run, tmp_path: Path, name: str) -> None:
    write_jsonl(tmp_path / "p.jsonl", both(20))
    words, code, slug = WRONG[name]
    done = call("shadow", "analyze", *words)
    assert (done.code, done.out) == (code, "")
    assert f"[{slug}]" in done.err
    assert not (tmp_path / "llmaudit.duckdb").exists()
