"""Requests larger than their model can be: a row of 1,165,619 output tokens on a model that writes 128,000."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

from builders import litellm_row, write_jsonl
from running import Run

AT = "2026-10-05T10:00:00"
WHOSE = {"claude-sonnet-5": "anthropic", "claude-sonnet-4-5": "anthropic"}
ROWS: dict[str, tuple[str, int, int]] = {
    "nine times too long": ("claude-sonnet-5", 100, 1_165_619),
    "as long as it may be": ("claude-sonnet-5", 100, 128_000),
    "prompt above the window": ("claude-sonnet-5", 1_000_001, 1),
    "window full": ("claude-sonnet-5", 1_000_000, 1),
    "priced above the window on record": ("claude-sonnet-4-5", 500_000, 1),
    "a batch of texts": ("text-embedding-3-small", 900_000, 0),
    "of unknown limits": ("nobody-9", 900_000_000, 900_000),
}


def log(folder: Path) -> Path:
    rows = (
        litellm_row(name, AT, model=m, provider=WHOSE.get(m, "openai"), prompt=i, completion=o)
        for name, (m, i, o) in ROWS.items()
    )
    return write_jsonl(folder / "log.jsonl", rows)


def found(call: Run, *args: object) -> dict[tuple[str, str], Any]:
    done = call("audit", *args, "--json")
    assert done.code == 0, done.err
    coverage = done.json["coverage"]
    assert coverage["accepted"] == len(ROWS)
    return {(row["model"], row["kind"]): row for row in coverage["too_long"]}


def test_what_no_call_can_have_used_is_listed_with_its_cost(tmp_path: Path, call: Run) -> None:
    """Sonnet 5 at $2 and $10 per million tokens."""
    rows = found(call, log(tmp_path))
    assert set(rows) == {("anthropic/claude-sonnet-5", "output"), ("anthropic/claude-sonnet-5", "prompt")}
    output, prompt = rows["anthropic/claude-sonnet-5", "output"], rows["anthropic/claude-sonnet-5", "prompt"]
    assert (output["requests"], output["limit_tokens"], output["tokens"]) == (1, 128_000, 1_165_619)
    assert Decimal(output["spend_usd"]) == 100 * Decimal("0.000002") + 1_165_619 * Decimal("0.00001")
    assert (prompt["requests"], prompt["limit_tokens"], prompt["tokens"]) == (1, 1_000_000, 1_000_001)


def test_it_is_a_warning_and_on_the_page(tmp_path: Path, call: Run) -> None:
    done = call("audit", log(tmp_path), "--out", "report.md")
    assert "2 requests with more tokens than the model takes in one call (anthropic/claude-sonnet-5: " in done.err
    assert "More tokens than the model allows" in (tmp_path / "report.md").read_text()


def test_the_limit_may_be_ones_own(tmp_path: Path, call: Run) -> None:
    own = tmp_path / "own.yaml"
    own.write_text("seller: anthropic\nmodels:\n  - {sku: claude-sonnet-5, max_output: 2000000, context: 3000000}\n")
    assert found(call, log(tmp_path), "--catalog", own) == {}


def test_cells_of_two_logs_add_up(tmp_path: Path, call: Run) -> None:
    row = litellm_row("another", AT, model="claude-sonnet-5", provider="anthropic", prompt=1, completion=200_000)
    for name, path in (("a", log(tmp_path)), ("b", write_jsonl(tmp_path / "b.jsonl", [row]))):
        call("ingest", path, "--db", f"{name}.duckdb")
        assert call("rollup", "--out", f"{name}.parquet", "--db", f"{name}.duckdb").code == 0
    both = call("audit", "a.parquet", "b.parquet", "--json").json["coverage"]["too_long"]
    assert {(row["kind"], row["requests"], row["tokens"]) for row in both} == {
        ("output", 2, 1_365_619),
        ("prompt", 1, 1_000_001),
    }
