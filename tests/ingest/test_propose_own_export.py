"""The map that `detect` proposes for llmaudit's own export reads it back with the same money."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

from builders import litellm_row, write_jsonl
from running import run_here

PROMPT = 100_000


def test_an_export_is_read_back_by_the_proposed_map(tmp_path: Path) -> None:
    """Two requests of 100,000 tokens of gpt-5.6-luna, $0.20 a million since 2026-07-30: 4 cents."""
    rows = [
        litellm_row(f"r{day}", f"2026-10-{day:02d}T12:00:00Z", model="gpt-5.6-luna", prompt=PROMPT) for day in (1, 2)
    ]
    write_jsonl(tmp_path / "log.jsonl", rows)
    assert run_here(tmp_path, "ingest", "log.jsonl", "--db", "a.duckdb").code == 0
    assert run_here(tmp_path, "export", "--db", "a.duckdb", "--to", "out", "--format", "csv").code == 0
    run_here(tmp_path, "detect", "out/requests.csv", "--propose", "map.yaml")
    assert run_here(tmp_path, "ingest", "out/requests.csv", "--map", "map.yaml", "--db", "b.duckdb").code == 0
    first, again = (run_here(tmp_path, "status", "--db", name, "--json").json for name in ("a.duckdb", "b.duckdb"))
    assert Decimal(again["list_usd"]) == Decimal("0.04")
    for part in ("requests", "billed_usd", "list_usd", "unpriced"):
        assert again[part] == first[part], part
    assert again["tokens"]["input"] == first["tokens"]["input"] == 2 * PROMPT
