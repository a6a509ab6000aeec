"""Tests without a difference clear: real traffic against itself, and swapped arms."""

from __future__ import annotations

import shutil
from hashlib import sha256
from pathlib import Path

import duckdb
import numpy as np
import pytest
from builders import write_jsonl
from pair_files import rows_of
from running import Run

from llmaudit.cli.shadow.analyze import _unit
from llmaudit.datasets.shadow import World, simulate, swapped

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


def test_a_difference_of_less_than_half_a_millisecond_has_no_sign():
    assert (_unit(-0.3, "ms"), _unit(-1.2, "ms"), _unit(-0.00001, "score")) == ("0 ms", "-1 ms", "0.0000")
