"""Outcomes in: every record has an account, the same file twice changes nothing, and pairs find their cohort."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from builders import write_jsonl
from pair_files import both
from running import Run

SOL, LUNA = "openai/gpt-5.6-sol", "openai/gpt-5.6-luna"


def outcome(case: str, model: str, score: Any, **rest: Any) -> dict[str, Any]:
    return {"case_id": case, "model": model, "metric": "correct", "score": score, "source": "judge", **rest}


def test_every_record_is_accounted_for(call: Run, tmp_path: Path, own_db: Path):
    """Two outcomes, one said twice, one contradicted, and four that cannot be used."""
    file = write_jsonl(
        tmp_path / "evals.jsonl",
        [
            outcome("c-1", SOL, 1),
            outcome("c-1", LUNA, 0),
            outcome("c-1", LUNA, 0),
            outcome("c-1", SOL, 0),
            outcome("c-2", SOL, "high"),
            outcome("c-2", SOL, 1, source="my aunt"),
            {"metric": "correct", "score": 1, "model": SOL},
            outcome("c-3", SOL, None),
        ],
    )
    first = call("evals", "add", file, "--db", own_db, "--json")
    assert first.code == 0, first.err
    (found,) = first.json["files"]
    counts = {name: found[name] for name in ("records", "accepted", "duplicates", "conflicts", "rejected")}
    assert counts == {"records": 8, "accepted": 2, "duplicates": 1, "conflicts": 1, "rejected": 4}
    lines = [problem.partition(":")[0] for problem in found["problems"]]
    assert lines == ["line 4", "line 5", "line 6", "line 7", "line 8"]
    again = call("evals", "add", file, "--db", own_db, "--json").json
    assert (again["files"][0]["skipped"], again["totals"]["accepted"]) == ("read before", 0)
    listed = call("evals", "list", "--db", own_db, "--json").json
    assert [(row["model"], row["outcomes"], row["mean"]) for row in listed["outcomes"]] == [(LUNA, 1, 0), (SOL, 1, 1)]
    assert listed["paired"]["cases"] == 1


def test_three_containers_hold_the_same(call: Run, tmp_path: Path, own_db: Path):
    rows = [outcome(f"c-{n}", model, n % 2, tier=1) for n in range(5) for model in (SOL, LUNA)]
    jsonl = write_jsonl(tmp_path / "a.jsonl", rows)
    csv = tmp_path / "a.csv"
    csv.write_text("\n".join([",".join(rows[0]), *(",".join(map(str, row.values())) for row in rows)]))
    parquet = tmp_path / "a.parquet"
    pq.write_table(pa.Table.from_pylist(rows), parquet)
    found = call("evals", "add", jsonl, csv, parquet, "--db", own_db, "--json").json
    assert [(one["accepted"], one["duplicates"]) for one in found["files"]] == [(10, 0), (0, 10), (0, 10)]


def test_a_file_without_an_outcome_is_refused(call: Run, tmp_path: Path, own_db: Path):
    done = call("evals", "add", write_jsonl(tmp_path / "x.jsonl", [{"a": 1}]), "--db", own_db)
    assert done.code == 5
    assert "line 1" in done.err
    assert "no-outcomes" in done.err


def test_a_route_that_is_a_model_answered(call: Run, tmp_path: Path, own_db: Path):
    """Case, route, metric and score alone are enough; the request's own model may be left out altogether."""
    rows = [
        {"case_id": "c-1", "route": SOL, "metric": "m", "score": 1},
        {"case_id": "c-1", "route": LUNA, "metric": "m", "score": 1},
        {"request_id": "a-2", "metric": "m", "score": 1},
        {"request_id": "a-2", "model": LUNA, "metric": "m", "score": 0},
        {"route": "intent-classify", "model": SOL, "metric": "m", "score": 0},
    ]
    call("evals", "add", write_jsonl(tmp_path / "e.jsonl", rows), "--db", own_db)
    paired = call("evals", "list", "--db", own_db, "--json").json["paired"]
    assert paired["by_models"] == [{"models": [LUNA, SOL], "cases": 2}]
    assert (paired["unpaired"], paired["unmatched"]) == (1, 1)


def test_pairs_find_the_cohort_of_their_request(tmp_path: Path, own_db: Path):
    from llmaudit.catalog import load_catalog  # noqa: PLC0415
    from llmaudit.evals.keep import SEEN, only  # noqa: PLC0415
    from llmaudit.evals.match import paired_outcomes  # noqa: PLC0415
    from llmaudit.rollup import keyed_requests  # noqa: PLC0415
    from llmaudit.store import Store  # noqa: PLC0415

    catalog = load_catalog()
    rows = [outcome("a-2", SOL, 0.5), outcome("a-2", LUNA, 1), outcome("z", SOL, 1, route="chat", tier=2)]
    rows.append(outcome("z", LUNA, 0))
    file = write_jsonl(tmp_path / "e.jsonl", rows)
    with Store(own_db, read_only=True) as store, keyed_requests(store, catalog), only(store, catalog, [file]):
        found = paired_outcomes(store, catalog, None, SEEN)
        assert found
        cases = {case.labels[:2]: (case.before, case.after) for case in found.pairs[SOL, LUNA]}
        assert not store.rows("SELECT 1 FROM outcomes")
    assert cases == {("intent-classify", 0): (0.5, 1), ("chat", 2): (1, 0)}


def test_pairs_of_a_shadow_test_are_outcomes_too(call: Run, tmp_path: Path, own_db: Path):
    pairs = write_jsonl(tmp_path / "pairs.jsonl", both(200))
    call("shadow", "analyze", pairs, "--db", own_db, "--margin", "0.2", "--error-margin", "0.05")
    paired = call("evals", "list", "--db", own_db, "--json").json["paired"]
    assert (paired["metric"], paired["cases"], paired["sources"]) == ("quality", 200, {"shadow": 200})


def test_pairs_analysed_under_two_names_are_evidence_once(call: Run, tmp_path: Path, own_db: Path):
    """200 pairs read twice, 50 of them with 30 more: 230 pairs were judged, whatever the tests are called."""
    limits = ("--db", own_db, "--margin", "0.2", "--error-margin", "0.05")
    first = write_jsonl(tmp_path / "first.jsonl", both(200))
    longer = write_jsonl(tmp_path / "longer.jsonl", both(230)[2 * 150 :])
    call("shadow", "analyze", first, *limits)
    call("shadow", "analyze", first, *limits, "--name", "again")
    call("shadow", "analyze", longer, *limits, "--name", "longer")
    assert call("evals", "list", "--db", own_db, "--json").json["paired"]["cases"] == 230
    other_day = [one | {"at": "2026-10-20T10:00:00Z"} for one in both(40)]
    call("shadow", "analyze", write_jsonl(tmp_path / "other.jsonl", other_day), *limits, "--name", "other")
    paired = call("evals", "list", "--db", own_db, "--json").json["paired"]
    assert paired["cases"] == 270, "the same ids at another time are other pairs"


def test_nothing_to_certify_ends_with_4(call: Run, own_db: Path, tmp_path: Path):
    done = call("plan", "optimize", "--db", own_db)
    assert done.code == 4
    assert "no-paired-outcomes" in done.err
    file = write_jsonl(tmp_path / "e.jsonl", [outcome("a-2", SOL, 1), outcome("a-2", LUNA, 1)])
    done = call("plan", "optimize", "--db", own_db, "--evals", file, "--providers", "mistral")
    assert done.code == 4
    assert "the limit that binds is --providers" in done.err
    done = call("plan", "optimize", "--db", own_db, "--evals", file, "--providers", "antropic,openai")
    assert (done.code, done.out) == (2, "")
    assert "antropic [no-such-maker]\nThe nearest name is anthropic." in done.err
    done = call("plan", "optimize", "--db", own_db, "--evals", file, "--by", "colour")
    assert (done.code, "not-a-label" in done.err) == (2, True)


def test_a_score_too_large_and_a_time_past_all_years_are_one_record_each(call: Run, tmp_path: Path, own_db: Path):
    """A score of 400 digits ended the command with an internal error; so did one time in a column of Parquet."""
    lines = [
        '{"case_id": "c-1", "model": "a", "score": 1}',
        '{"case_id": "c-2", "model": "a", "score": 1' + "0" * 400 + "}",
    ]
    (tmp_path / "large.jsonl").write_text("\n".join(lines))
    done = call("evals", "add", "large.jsonl", "--db", own_db, "--json")
    assert (done.code, done.json["totals"]["accepted"], done.json["totals"]["rejected"]) == (0, 1, 1)
    table = pa.table({"case_id": ["c-3", "c-4"], "model": ["a", "a"], "score": [1, 1]})
    times = pa.array([1_790_000_000, 253_402_300_800], pa.timestamp("s"))
    pq.write_table(table.append_column("at", times), tmp_path / "far.parquet")
    done = call("evals", "add", "far.parquet", "--db", own_db, "--json")
    assert (done.code, done.json["totals"]["accepted"], done.json["totals"]["rejected"]) == (0, 1, 1)
