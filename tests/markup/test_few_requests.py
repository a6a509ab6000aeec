"""A gateway of which the log has few requests: one multiple of list on all of them proves a markup, a sum does not."""

from __future__ import annotations

from pathlib import Path

import pytest
from builders import litellm_row, write_jsonl
from running import Run


@pytest.mark.parametrize(
    ("ratios", "verdict"),
    [
        ([1.1, 1.1, 1.1, 1.1], "markup"),
        ([1.1, 1.1], "undecidable"),
        ([1.0, 1.0, 1.3, 1.0], "undecidable"),  # one request with a condition that the log does not tell
        ([1.0, 1.0, 1.0, 1.0], "none"),
    ],
)
def test_few_requests(tmp_path: Path, call: Run, ratios: list[float], verdict: str) -> None:
    """gpt-4.1 has been $2 and $8 a million tokens everywhere since 2025-04."""
    rows = []
    for number, ratio in enumerate(ratios):
        prompt, output = 1000 + 137 * number, 100 + 31 * number
        billed = round((2 * prompt + 8 * output) / 1e6 * ratio, 12)
        rows.append(
            litellm_row(f"r{number}", "2026-10-01T10:00:00", prompt=prompt, completion=output, spend=str(billed))
            | {"model": "gpt-4.1", "model_group": "gpt-4.1", "custom_llm_provider": "openai"}
        )
    write_jsonl(tmp_path / "log.jsonl", rows)
    assert call("ingest", tmp_path / "log.jsonl", "--db", "few.duckdb").code == 0
    (found,) = call("markup", "--db", "few.duckdb", "--json").json["gateways"]
    assert (found["verdict"], found["requests"]) == (verdict, len(ratios))
