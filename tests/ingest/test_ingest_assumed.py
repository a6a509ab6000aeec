"""Requests without a time: unpriced, unless the user says which time to assume; then priced, and shown as assumed.

Claude Sonnet 4.5 costs $3 a million in and $15 out: a message of 1,000 in and 100 out is
1,000 x 3 / 1,000,000 + 100 x 15 / 1,000,000 = $0.0045. A message object has no time.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
from running import Ran, run_here

BODY = {
    "type": "message",
    "role": "assistant",
    "model": "claude-sonnet-4-5-20250929",
    "content": [],
    "stop_reason": "end_turn",
    "usage": {"input_tokens": 1000, "output_tokens": 100},
}
COST = Decimal("0.0045")
"""Claude Sonnet 4.5: 1,000 x $3 + 100 x $15 a million."""

SEPTEMBER = datetime(2026, 9, 20, 10, tzinfo=UTC)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A log of two bodies without a time and one with one."""
    dated = {"timestamp": "2026-10-05T12:00:00Z", "response": BODY | {"id": "msg_dated"}}
    rows = [BODY | {"id": "msg_a"}, BODY | {"id": "msg_b"}, dated]
    path = tmp_path / "log.jsonl"
    path.write_bytes(b"".join(msgspec.json.encode(row) + b"\n" for row in rows))
    os.utime(path, (SEPTEMBER.timestamp(), SEPTEMBER.timestamp()))
    return tmp_path


def run(folder: Path, *line: str) -> Ran:
    done = run_here(folder, *line)
    assert done.code == 0, done.err
    return done


def spent(folder: Path, *options: str) -> tuple[Decimal, Decimal, int, int]:
    """Return spend, the part of it at an assumed time, how many requests that is, and of how many no cost is known."""
    found: Any = run(folder, "report", "--format", "json", *options).json["spend"]
    amounts = (Decimal(found["spend_usd"]), Decimal(found["assumed_time_usd"]))
    return *amounts, found["assumed_time_requests"], found["unpriced_requests"]


def test_by_default_nothing_is_assumed(folder: Path) -> None:
    run(folder, "ingest", "log.jsonl")
    assert spent(folder) == (COST, 0, 0, 2)


def test_a_time_that_is_given_prices_them_and_is_told_everywhere(folder: Path) -> None:
    said = run(folder, "ingest", "log.jsonl", "--assume-time", "2026-09-01T08:00:00Z").err
    assert "2 requests without a time: priced as of 2026-09-01 08:00:00 UTC, an assumption" in said
    assert spent(folder) == (3 * COST, 2 * COST, 2, 0)
    days = {row["name"]: row["requests"] for row in run(folder, "audit", "log.jsonl", "--json").json["spend"]["by_day"]}
    assert days == {None: 2, "2026-10-05": 1}  # another database: nothing is assumed there
    assert run(folder, "status", "--json").json["assumed_time"] == {"requests": 2, "spend_usd": "0.009000"}
    assert "for 2 requests without a time in the log" in run(folder, "status").out
    (step,) = run(folder, "explain", "msg_a", "--json").json["requests"]
    assert step["assumed_time"] == {"at": "2026-09-01T08:00:00Z", "by": "given"}
    assert (step["as_logged"]["started_at"], step["list"]["cost_usd"]) == (None, "0.004500")
    assert "assumed (--assume-time, as given): the log has none" in run(folder, "explain", "msg_a").out
    assert run(folder, "explain", "msg_dated", "--json").json["requests"][0]["assumed_time"] is None
    assert run(folder, "verify", "--json").json["ok"]


def test_the_period_goes_by_the_assumed_time(folder: Path) -> None:
    run(folder, "ingest", "log.jsonl", "--assume-time", "2026-09-01T08:00:00Z")
    assert spent(folder, "--month", "2026-09") == (2 * COST, 2 * COST, 2, 0)
    assert spent(folder, "--month", "2026-10") == (COST, 0, 0, 0)
    rows = run(folder, "requests", "--month", "2026-09", "--json").json["rows"]
    assert {(row["request_id"], row["started_at"], row["assumed_at"]) for row in rows} == {
        ("msg_a", None, "2026-09-01T08:00:00Z"),
        ("msg_b", None, "2026-09-01T08:00:00Z"),
    }


def test_a_period_at_ingest_keeps_them(folder: Path) -> None:
    done = run(folder, "audit", "log.jsonl", "--month", "2026-09", "--assume-time", "2026-09-01", "--json").json
    assert (done["coverage"]["accepted"], done["coverage"]["ignored"]) == (2, 1)
    assert Decimal(done["spend"]["spend_usd"]) == 2 * COST


def test_the_date_of_the_file(folder: Path) -> None:
    run(folder, "ingest", "log.jsonl", "--assume-time", "file")
    (step,) = run(folder, "explain", "msg_b", "--json").json["requests"]
    assert step["assumed_time"] == {"at": "2026-09-20T10:00:00Z", "by": "file"}


def test_a_file_that_is_there_already_and_an_assumption_that_is_taken_back(folder: Path) -> None:
    run(folder, "ingest", "log.jsonl")
    run(folder, "ingest", "log.jsonl", "--assume-time", "2026-09-01")
    assert spent(folder)[2:] == (2, 0)
    run(folder, "ingest", "log.jsonl")  # says nothing of times, so nothing changes
    assert spent(folder)[2:] == (2, 0)
    assert "unpriced again" in run(folder, "ingest", "log.jsonl", "--assume-time", "none").err
    assert spent(folder) == (COST, 0, 0, 2)


def test_no_lever_takes_the_assumed_time_for_when_requests_followed_each_other(folder: Path) -> None:
    """Both bodies at one instant would look like a burst: what is said of times is still unknown."""
    run(folder, "ingest", "log.jsonl", "--assume-time", "2026-09-01")
    rows = run(folder, "query", "SELECT count(started_at) AS known FROM requests", "--json").json["rows"]
    assert rows in ([{"known": 1}], [[1]])


@pytest.mark.parametrize(
    ("value", "says"), [("soon", "is not a date or time"), ("1999-01-01", "is outside 2020 to 2100")]
)
def test_what_is_no_time_is_refused(value: str, says: str, folder: Path) -> None:
    done = run_here(folder, "ingest", "log.jsonl", "--assume-time", value)
    assert (done.code, says in done.err) == (2, True), done.err


def test_standard_input_has_no_date(folder: Path) -> None:
    done = run_here(folder, "ingest", "-", "--assume-time", "file")
    assert (done.code, "standard input has no date" in done.err) == (2, True), done.err


def bodies(folder: Path) -> None:
    """Write chat completions with a charge of 1.1 times list and no gateway: gpt-4.1 costs $2 and $8 a million."""
    rows = []
    for n in range(120):
        usd = ((1000 + n) * Decimal("0.000002") + (100 + n % 7) * Decimal("0.000008")) * Decimal("1.1")
        usage = {"prompt_tokens": 1000 + n, "completion_tokens": 100 + n % 7, "cost": float(usd)}
        body = {"id": f"chatcmpl-{n}", "object": "chat.completion", "created": 1_790_848_800 + n, "model": "gpt-4.1"}
        rows.append(body | {"choices": [{"index": 0, "finish_reason": "stop"}], "usage": usage})
    (folder / "proxy.jsonl").write_bytes(b"".join(msgspec.json.encode(row) + b"\n" for row in rows))


def test_the_gateway_of_a_log_that_names_none(tmp_path: Path) -> None:
    """Named before or after the log was read, it is compared with list; the log's own word stays as it was."""
    bodies(tmp_path)
    run(tmp_path, "ingest", "proxy.jsonl")
    before = run(tmp_path, "markup")
    assert "--gateway NAME" in before.out
    assert "120 requests" in run(tmp_path, "ingest", "proxy.jsonl", "--gateway", "House-Proxy").err
    (found,) = run(tmp_path, "markup", "--json").json["gateways"]
    assert [found[name] for name in ("gateway", "verdict", "requests")] == ["house-proxy", "markup", 120]
    assert found["pct"] == pytest.approx(10, abs=0.01)
    (row,) = run(tmp_path, "requests", "--limit", "1", "--json").json["rows"]
    assert (row["gateway"], row["assumed_gateway"]) == (None, "House-Proxy")
    assert "assumed (--gateway)" in run(tmp_path, "explain", "chatcmpl-0").out
    assert run(tmp_path, "verify", "--json").json["ok"]
    run(tmp_path, "ingest", "proxy.jsonl", "--gateway", "none")
    assert run(tmp_path, "markup", "--json").json["gateways"] == []


def test_a_gateway_for_an_audit_and_none_for_an_empty_name(tmp_path: Path) -> None:
    bodies(tmp_path)
    found = run(tmp_path, "audit", "proxy.jsonl", "--gateway", "house", "--json").json["markup"]["gateways"]
    assert [row["gateway"] for row in found] == ["house"]
    done = run_here(tmp_path, "ingest", "proxy.jsonl", "--gateway", " ")
    assert (done.code, "[no-gateway-named]" in done.err) == (2, True)
