"""Shadow tests that are two ingested logs, joined."""

from __future__ import annotations

from pathlib import Path

import pytest
from builders import litellm_row, write_jsonl
from pair_files import PRIMARY, SHADOW
from running import Run


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
