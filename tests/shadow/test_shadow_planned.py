"""`llmaudit shadow design` and `sample`: the formula, the rule, and whether the sample is what was meant."""

from __future__ import annotations

import csv
import shutil
from hashlib import sha256
from pathlib import Path

import pytest
from builders import litellm_row, write_jsonl
from pair_files import row
from running import Run, run_here


@pytest.fixture(scope="module")
def traffic_db(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A week of 2,000 requests of 200 sessions, half of them tier 1 and half tier 0."""
    folder = tmp_path_factory.mktemp("traffic")
    rows = []
    for i in range(2000):
        tags = [f"tier:{i % 2}"]
        made = litellm_row(
            f"r{i}", f"2026-10-0{1 + i % 7}T10:00:00", prompt=100, completion=10, spend="0.01", tags=tags
        )
        rows.append(made | {"session_id": f"session-{i % 200}"})
    write_jsonl(folder / "log.jsonl", rows)
    assert run_here(folder, "ingest", "log.jsonl", "--db", "t.duckdb").code == 0
    return folder / "t.duckdb"


def test_the_sample_is_what_the_rule_says(call: Run, traffic_db: Path, tmp_path: Path) -> None:
    done = call("shadow", "sample", "--db", traffic_db, "--share", "0.3", "--key", "k1", "--out", "s.csv", "--json")
    assert done.code == 0, done.err
    found = done.json
    assert found["rule"]["unit"] == "session"
    taken = {
        f"session-{i}" for i in range(200) if int(sha256(f"k1:session-{i}".encode()).hexdigest()[:16], 16) / 2**64 < 0.3
    }
    with (tmp_path / "s.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert {one["unit"] for one in rows} == taken
    assert {one["request_id"] for one in rows} == {f"r{i}" for i in range(2000) if f"session-{i % 200}" in taken}
    assert {one["inclusion_probability"] for one in rows} == {"0.3"}
    again = call("shadow", "sample", "--db", traffic_db, "--share", "0.3", "--key", "k1", "--json").json
    assert again["sampled"] == found["sampled"] == len(rows)
    assert call("shadow", "sample", "--db", traffic_db, "--share", "0.3", "--key", "k2", "--json").json[
        "sampled"
    ] != len(rows)


def test_tiers_may_be_sampled_differently_and_templates_capped(call: Run, traffic_db: Path) -> None:
    words = ("--share", "0.2", "--tier-share", "1=1", "--template-cap", "50")
    found = call("shadow", "sample", "--db", traffic_db, *words, "--json").json
    by_tier = {one["tier"]: one for one in found["by_tier"]}
    assert by_tier[1]["sampled"] == by_tier[1]["requests"] == 1000  # no template is known, so nothing is capped
    assert 0 < by_tier[0]["sampled"] < 500


def test_a_sample_that_is_not_the_share_meant_is_noticed(call: Run, traffic_db: Path, tmp_path: Path) -> None:
    """Sessions by the rule: fine. The first 600 requests of tier 1 only: a mismatch by day and tier."""
    taken = [i for i in range(200) if int(sha256(f"k1:session-{i}".encode()).hexdigest()[:16], 16) / 2**64 < 0.3]
    fair = [i for i in range(2000) if i % 200 in set(taken)]
    unfair = [i for i in range(1200) if i % 2]
    seen = {}
    for name, chosen in (("fair", fair), ("unfair", unfair)):
        pairs = [
            row(i, arm, tier=i % 2) | {"pair_id": f"r{i}", "at": f"2026-10-0{1 + i % 7}T10:00:00Z"}
            for i in chosen
            for arm in ("primary", "shadow")
        ]
        write_jsonl(tmp_path / f"{name}.jsonl", pairs)
        copy = tmp_path / f"{name}.duckdb"
        shutil.copy(traffic_db, copy)
        found = call("shadow", "analyze", f"{name}.jsonl", "--db", copy, "--share", "0.3", "--days", 7, "--json").json
        seen[name] = {
            one["check"]: one["status"] for one in found["health"]["checks"] if "sample ratio" in one["check"]
        }
    assert seen["fair"] == {"sample ratio by day": "pass", "sample ratio by tier": "pass"}
    assert seen["unfair"]["sample ratio by tier"] == "fail"


def test_the_design_follows_the_planning_formula(call: Run, traffic_db: Path) -> None:
    """deff x 6.18 x disagreement / margin^2 (one-sided 5%, power 80%), and 3% for daily looks."""
    words = ("--margin", "0.02", "--disagree", "0.1", "--correlation", "0", "--share", "0.1")
    once = call("shadow", "design", "--db", traffic_db, *words, "--looks", "once", "--json").json
    daily = call("shadow", "design", "--db", traffic_db, *words, "--json").json
    for tier in once["tiers"]:
        assert tier["judged_pairs"] == pytest.approx(1546, abs=1)  # the planning table's figure
        assert tier["pairs_per_day"] == pytest.approx(1000 / 7 * 0.1, rel=1e-6)
        assert tier["days"] == -(-tier["judged_pairs"] * 70 // 1000)
    assert daily["tiers"][0]["judged_pairs"] == pytest.approx(1546 * 1.03, abs=2)
    assert once["boundaries"] == [pytest.approx(1.644854, abs=1e-6)]
    assert "needs" in daily["five_day_claim"]
    assert daily["power"] < 0.8
    assert daily["requests"] == 200


def test_without_traffic_there_is_nothing_to_plan(call: Run, small_db: Path) -> None:
    done = call("shadow", "design", "--db", small_db, "--month", "2020-01")
    assert done.code == 4
    assert "[no-traffic]" in done.err
