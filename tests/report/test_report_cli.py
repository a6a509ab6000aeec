"""`llmaudit report` on a database that holds a shadow test and no request."""

from __future__ import annotations

from pair_files import simulated

from llmaudit.datasets.shadow import World


def test_a_shadow_test_alone_is_a_report(tmp_path, call):
    pairs, out = simulated(tmp_path / "pairs.jsonl", World(pairs=300, users=60)), tmp_path / "report.md"
    db = tmp_path / "shadow.duckdb"
    call("shadow", "analyze", str(pairs), "--db", str(db))
    done = call("report", "--db", str(db), "--out", str(out))
    assert done.code == 0
    page = out.read_text(encoding="utf-8")
    assert "no requests in the period" in page
    assert "## What shadow tests showed" in page
