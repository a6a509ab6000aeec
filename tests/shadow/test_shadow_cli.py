"""The four commands as people run them: what they decide, what they write, and how they end."""

import csv
import json
import shutil
from hashlib import sha256
from pathlib import Path

import duckdb
import numpy as np
import polars as pl
import pytest
from builders import litellm_row, write_jsonl
from pair_files import PRIMARY, SHADOW, both, row, rows_of, simulated
from running import Run, run_here

from llmaudit.datasets.shadow import World, simulate, swapped

FIVE = World(pairs=3000, users=400, tiers=(0.5, 0.5), loss={1: -0.1})


@pytest.fixture(scope="module")
def one_bad_tier(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Tier 1 loses ten points, tier 0 nothing."""
    return simulated(tmp_path_factory.mktemp("pairs") / "pairs.jsonl", FIVE, seed=3)


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
    assert figures["latency_p95"]["low"] < FIVE.quantile_difference_ms(0.95) < figures["latency_p95"]["high"]


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


WARNED = {
    "no times": ({"at": None}, "160 pairs have no time"),
    "scores to 100 and a margin for scores to 1": ({"score": 80}, "scores reach from 0 to 80, so a margin of 0.02"),
    "one user": ({"user_id": "u"}, "only 1 cluster (user)"),
}


@pytest.mark.parametrize("name", WARNED)
def test_what_hampers_a_reading_is_said(call: Run, tmp_path: Path, name: str) -> None:
    rest, warning = WARNED[name]
    done = call("shadow", "analyze", write_jsonl(tmp_path / "p.jsonl", both(160, **rest)), "--days", 7, "--json")
    assert any(text.startswith(warning) for text in done.json["warnings"])
    rail = next(one for one in done.json["guardrails"] if one["name"] == "error rate")
    assert ("too few clusters" in rail["detail"]) == (name == "one user")


def sick(pairs: list[dict], name: str) -> list[dict]:
    """Return plain pairs with one thing wrong."""
    shadows = [one for one in pairs if one["arm"] == "shadow"]
    for i, one in enumerate(shadows):
        if name == "answered from a cache in one arm":
            one["cached"] = i % 10 == 0
        elif name == "parameters":
            one["temperature"] = 0.7 if i % 20 == 0 else 0
        elif name == "clock":
            one["at"] = one["at"].replace("T10:00:00", "T09:59:00") if i % 5 == 0 else one["at"]
    for one in pairs:
        if one["arm"] == "primary" and name in {"answered from a cache in one arm", "parameters"}:
            one |= {"cached": False, "temperature": 0}
    if name == "duplicate rows":
        return pairs + pairs[: len(pairs) // 20]
    if name == "missing shadows by day":
        return [one for one in pairs if one["arm"] == "primary" or "10-03" not in one["at"] or hash(one["pair_id"]) % 2]
    return pairs


SICK = ("answered from a cache in one arm", "parameters", "clock", "duplicate rows", "missing shadows by day")


@pytest.mark.parametrize("name", SICK)
def test_failing_health_blocks_a_verdict(call: Run, tmp_path: Path, name: str) -> None:
    path = write_jsonl(tmp_path / "p.jsonl", sick(both(1400, tier=1), name))
    done = call("shadow", "analyze", path, "--days", 7, "--json")
    assert done.code == 5
    assert done.json["decision"] == "blocked"
    assert [one["verdict"] for one in done.json["by_tier"]] == ["blocked"]
    failed = [one["check"] for one in done.json["health"]["checks"] if one["status"] == "fail"]
    assert failed == [name]


def test_the_same_pairs_in_health_are_not_blocked(call: Run, tmp_path: Path) -> None:
    path = write_jsonl(tmp_path / "p.jsonl", both(1400, tier=1, cached=False, temperature=0))
    found = call("shadow", "analyze", path, "--days", 7, "--json").json
    assert [one["check"] for one in found["health"]["checks"] if one["status"] in {"fail", "warn"}] == []


def test_budgets_and_cost_are_part_of_the_decision(call: Run, one_bad_tier: Path) -> None:
    words = ("--budget", "latency_p95=1", "--budget", "ttft_p50=9", "--max-cost-ratio", "0.9")
    found = call("shadow", "analyze", one_bad_tier, "--days", 7, "--json", *words).json
    rails = {one["name"]: one["status"] for one in found["guardrails"]}
    assert rails["latency_p95 of at most 1 ms"] == "fail"
    assert rails["ttft_p50 of at most 9 ms"] == "open"
    assert rails["cost of at most 0.9 of the primary's"] == "pass"


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


def log(path: Path, prefix: str, model: str, requests: int, spend: str) -> Path:
    rows = [
        litellm_row(
            f"{prefix}{i}",
            f"2026-10-0{1 + i % 7}T10:00:00",
            model=model,
            prompt=100,
            completion=10,
            spend=spend,
            call=f"c{i}",
        )
        for i in range(requests)
    ]
    return write_jsonl(path, rows)


def test_two_ingested_logs_are_joined_by_id_with_scores_beside(call: Run, tmp_path: Path) -> None:
    log(tmp_path / "main.jsonl", "m", "gpt-5.6-sol", 300, "0.01")
    log(tmp_path / "other.jsonl", "s", "gpt-5.6-luna", 290, "0.004")
    scores = [{"request_id": f"{arm}{i}", "score": 1} for arm in "ms" for i in range(300)]
    write_jsonl(tmp_path / "scores.jsonl", scores)
    assert call("ingest", "main.jsonl", "other.jsonl").code == 0
    words = ("--primary-log", "main.jsonl", "--shadow-log", "other.jsonl", "--join", "id", "--scores", "scores.jsonl")
    done = call("shadow", "analyze", *words, "--days", 7, "--json")
    found = done.json
    assert found["pairs"] == 300
    assert (found["primary"], found["shadow"]) == (PRIMARY, SHADOW)
    figures = {one["metric"]: one for one in found["metrics"]}
    assert figures["cost_ratio"]["delta"] == pytest.approx(0.4)
    assert figures["quality"]["pairs"] == 290
    assert figures["error_rate"]["arm_b"] == pytest.approx(10 / 300, abs=1e-6)  # ten never answered


def test_answers_of_a_gateways_cache_in_one_log_alone_block_the_verdict(call: Run, tmp_path: Path) -> None:
    main = log(tmp_path / "main.jsonl", "m", "gpt-5.6-sol", 100, "0.01")
    other = log(tmp_path / "other.jsonl", "s", "gpt-5.6-luna", 100, "0.004")
    words = ("--primary-log", "main.jsonl", "--shadow-log", "other.jsonl", "--json")
    seen = {}
    for hits in (0, 20):
        lines = main.read_text().splitlines()
        lines[:hits] = [line.replace('"cache_hit":"None"', '"cache_hit":"True"') for line in lines[:hits]]
        main.write_text("\n".join(lines))
        assert call("ingest", main, other, "--db", f"{hits}.duckdb").code == 0
        done = call("shadow", "analyze", *words, "--db", f"{hits}.duckdb")
        checks = {check["check"]: check for check in done.json["health"]["checks"]}
        seen[hits] = checks["answered from a cache in one arm"]
    assert (seen[0]["status"], seen[20]["status"]) == ("unknown", "fail")
    assert seen[20]["detail"].startswith("20 of 100")


def test_logs_without_anything_in_common_are_refused(call: Run, tmp_path: Path) -> None:
    log(tmp_path / "main.jsonl", "m", "gpt-5.6-sol", 30, "0.01")
    log(tmp_path / "other.jsonl", "s", "gpt-5.6-luna", 30, "0.004")
    call("ingest", "main.jsonl", "other.jsonl")
    done = call("shadow", "analyze", "--primary-log", "main.jsonl", "--shadow-log", "other.jsonl", "--join", "trace")
    assert done.code == 5
    assert "[nothing-joined]" in done.err


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


def randomised(path: Path, requests: int, share: float) -> tuple[Path, float]:
    """Write a log of a random router over two cohorts; return the true mean score of always choosing `b`."""
    rng = np.random.default_rng(8)
    rows = []
    for i in range(requests):
        cohort = i % 2
        is_b = rng.random() < share
        chance = {(0, False): 0.9, (0, True): 0.8, (1, False): 0.6, (1, True): 0.3}[cohort, bool(is_b)]
        propensity = share if is_b else 1 - share
        rows.append({"model": "b" if is_b else "a", "propensity": propensity, "reward": int(rng.random() < chance)}
                    | {"cohort": f"c{cohort}", "user_id": f"u{i % 500}"})  # fmt: skip
    return write_jsonl(path, rows), (0.8 + 0.3) / 2


def test_a_randomised_log_tells_what_the_other_model_would_score(call: Run, tmp_path: Path) -> None:
    path, truth = randomised(tmp_path / "log.jsonl", 6000, 0.2)
    found = call("shadow", "off-policy", path, "--target", "b", "--json").json
    assert found["low"] < truth < found["high"]
    assert found["high"] - found["low"] < 0.09
    assert found["logged"] > truth + 0.05
    assert 1000 < found["effective"] < 1400


def test_a_log_that_hardly_ever_tried_is_refused(call: Run, tmp_path: Path) -> None:
    path, _ = randomised(tmp_path / "log.jsonl", 1000, 0.05)
    done = call("shadow", "off-policy", path, "--target", "b")
    assert done.code == 4
    assert "[too-few-effective]" in done.err
    assert "[no-overlap]" in call("shadow", "off-policy", path, "--target", "c").err
    assert "[no-target]" in call("shadow", "off-policy", path).err


TRAFFIC = """
    SELECT feature, model_raw, coalesce(session_id, request_id), started_at, billed_amount,
        date_diff('millisecond', started_at, ended_at)
    FROM requests WHERE status = 'ok' AND billed_amount > 0 AND started_at IS NOT NULL
    ORDER BY feature, model_raw, started_at, row_id
"""


@pytest.mark.usefixtures("audit")
def test_real_traffic_against_itself_clears(call: Run, audit_folder: Path, tmp_path: Path) -> None:
    """The sample month: each request beside the next of its feature and model, arms by a coin of the session."""
    copy = shutil.copy(audit_folder / "sample.duckdb", tmp_path)  # another test of this worker may have it open
    with duckdb.connect(str(copy), read_only=True) as database:
        rows = database.execute(TRAFFIC).fetchall()
    pairs = []
    for number, (first, second) in enumerate(zip(rows[::2], rows[1::2], strict=False)):
        if first[:2] != second[:2]:
            continue
        coin = sha256(str(first[2]).encode()).digest()[0] % 2
        for arm, made in zip(("primary", "shadow"), (first, second)[:: 1 - 2 * coin], strict=True):
            known = {"user_id": str(first[2]), "at": first[3].isoformat() + "Z", "status": "ok", "score": 1}
            pairs.append({"pair_id": str(number), "arm": arm, "cost_usd": str(made[4]), "latency_ms": made[5]} | known)
    assert len(pairs) > 8000
    write_jsonl(tmp_path / "aa.jsonl", pairs)
    found = call("shadow", "analyze", "aa.jsonl", "--days", 31, "--json").json
    assert found["health"]["ok"]
    assert found["decision"] == "non-inferior"
    for one in found["metrics"]:
        if one["metric"] in {"cost_ratio", "latency_p50", "latency_p95"}:
            assert one["low"] <= (1 if one["unit"] == "ratio" else 0) <= one["high"], one
            assert one["days_to_clear"] is None, one


def test_an_arm_swap_of_two_models_clears_too(call: Run, tmp_path: Path) -> None:
    rng = np.random.default_rng(12)
    made = swapped(simulate(World(pairs=6000, users=900, loss={0: -0.08}), rng), rng)
    write_jsonl(tmp_path / "aa.jsonl", rows_of(made))
    found = call("shadow", "analyze", "aa.jsonl", "--days", 7, "--margin", "0.05", "--json").json
    assert found["decision"] == "non-inferior"
