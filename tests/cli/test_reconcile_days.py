"""`llmaudit reconcile`: sellers bill by days of UTC, so the logs are compared by them wherever the user is."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from builders import litellm_row, write_jsonl
from running import run_here

MILLION = 1_000_000
USD_PER_MILLION = Decimal("0.2")
"""Uncached input of gpt-5.6-luna since 2026-07-30."""


def bucket(day: int, tokens: int) -> dict[str, object]:
    start = int(datetime(2026, 10, day, tzinfo=UTC).timestamp())
    result = {
        "object": "organization.costs.result",
        "amount": {"value": float(tokens * USD_PER_MILLION / MILLION), "currency": "usd"},
        "line_item": "gpt-5.6-luna-2026-07-09, input",
        "project_id": "p",
        "quantity": tokens,
        "quantity_unit": "tokens",
    }
    return {"object": "bucket", "start_time": start, "end_time": start + 86_400, "results": [result]}


@pytest.mark.parametrize(
    "options",
    [(), ("--timezone", "America/Los_Angeles"), ("--timezone", "Asia/Tokyo", "--month", "2026-10")],
)
def test_a_bill_that_says_what_the_log_says_agrees_in_every_zone(tmp_path: Path, options: tuple[str, ...]) -> None:
    """One request an hour after midnight and one an hour before, on each of three days, the first of the month too."""
    hours = [(day, hour) for day in (1, 2, 31) for hour in (1, 23)]
    rows = [
        litellm_row(f"r{day}-{hour}", f"2026-10-{day:02d}T{hour:02d}:00:00Z", model="gpt-5.6-luna", prompt=MILLION)
        for day, hour in hours
    ]
    write_jsonl(tmp_path / "log.jsonl", rows)
    page = {"object": "page", "data": [bucket(day, 2 * MILLION) for day in (1, 2, 31)], "has_more": False}
    (tmp_path / "costs.json").write_text(json.dumps(page))
    assert run_here(tmp_path, "ingest", "log.jsonl", "costs.json", "--db", "a.duckdb").code == 0
    done = run_here(tmp_path, "reconcile", "--db", "a.duckdb", "--json", *options)
    (row,) = done.json["rows"]
    assert (row["month"], row["billed_usd"], row["requests"]) == ("2026-10", "1.200000", 6)
    assert (done.json["unbilled"], done.json["timezone"]) == ([], "UTC")
    causes = {cause["cause"]: Decimal(cause["usd"]) for cause in row["causes"]}
    assert {"days_not_in_log", "days_not_on_bill", "tokens_not_in_log"}.isdisjoint(causes)
    assert row["coverage_pct"] == 100
