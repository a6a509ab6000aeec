"""A coding agent's session file and its log events, both ingested: what is there twice is said, none dropped."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
from builders import write_jsonl
from running import Run

from llmaudit.ingest.registry import known_named

START = datetime(2026, 10, 15, 10, tzinfo=UTC)
MODEL = "claude-haiku-4-5-20251001"
COST = (1000 + 5 * 200) / Decimal(1_000_000)
"""1,000 tokens in and 200 out, at $1 and $5 a million."""


def line(number: int, seconds: float, *, output: int = 200, session: str = "s1") -> dict[str, Any]:
    usage = {"input_tokens": 1000, "output_tokens": output, "cache_read_input_tokens": 0}
    usage["cache_creation_input_tokens"] = 0
    return {
        "parentUuid": None,
        "isSidechain": False,
        "sessionId": session,
        "uuid": f"u{number}",
        "type": "assistant",
        "timestamp": f"{START + timedelta(seconds=seconds):%Y-%m-%dT%H:%M:%S.%fZ}",
        "message": {"id": f"msg_{number}", "model": MODEL, "usage": usage},
    }


def event(number: int, seconds: float, *, output: int = 200, session: str = "s1") -> dict[str, Any]:
    at = START + timedelta(seconds=seconds)
    said: dict[str, str] = {
        "event.name": "api_request",
        "event.sequence": str(number),
        "session.id": session,
        "model": MODEL,
        "input_tokens": "1000",
        "output_tokens": str(output),
        "cache_read_tokens": "0",
        "cache_creation_tokens": "0",
        "duration_ms": "2000",
    }
    attributes = [{"key": key, "value": {"stringValue": value}} for key, value in said.items()]
    nanoseconds = str(int(at.timestamp()) * 10**9 + at.microsecond * 1000)
    return {"timeUnixNano": nanoseconds, "body": {"stringValue": "claude_code.api_request"}, "attributes": attributes}


def ingested(call: Run, folder: Path, lines: list[Any], events: list[Any]) -> Any:
    write_jsonl(folder / "session.jsonl", lines)
    resource = {"attributes": [{"key": "service.name", "value": {"stringValue": "claude-code"}}]}
    export = {"resourceLogs": [{"resource": resource, "scopeLogs": [{"logRecords": events}]}]}
    (folder / "events.json").write_bytes(msgspec.json.encode(export))
    assert call("ingest", "session.jsonl", "events.json").code == 0
    status = call("status", "--json").json
    assert status["requests"] == len(lines) + len(events)  # nothing is dropped
    return status


@pytest.mark.parametrize("apart", [0.4, 30])
def test_what_both_tell_is_counted(apart: float, call: Run, tmp_path: Path) -> None:
    """Five calls of which both tell, two of them alike; one that only the session file has, one of another session."""
    lines = [line(i, i * 100, output=200) for i in range(5)] + [line(9, 900, output=7)]
    events = [event(i, i * 100 + apart) for i in range(5)] + [event(8, 300, session="s2")]
    status = ingested(call, tmp_path, lines, events)
    (row,) = status["told_twice"]
    assert (row["other"], row["requests"], Decimal(row["spend_usd"])) == ("claude_code", 5, 5 * COST)
    assert any("5 calls of coding agents told twice" in warning for warning in status["warnings"])
    audit = call("report", "--format", "json").json
    assert audit["coverage"]["told_twice"] == [row]
    assert any("told twice" in warning for warning in audit["warnings"])


@pytest.mark.parametrize(
    "other",
    [event(0, 100), event(0, 0, output=201), event(0, 0, session="s2")],
    ids=["later", "other counts", "other session"],
)
def test_what_differs_is_another_call(other: dict[str, Any], call: Run, tmp_path: Path) -> None:
    status = ingested(call, tmp_path, [line(0, 0)], [other])
    assert status["told_twice"] == []
    assert not any("told twice" in warning for warning in status["warnings"])


def test_one_line_is_no_proof_of_two_events(call: Run, tmp_path: Path) -> None:
    status = ingested(call, tmp_path, [line(0, 0)], [event(0, 0.2), event(1, 3)])
    assert [row["requests"] for row in status["told_twice"]] == [1]


def test_the_format_is_called_so() -> None:
    """The summary looks for the name as text."""
    assert known_named("agent_events").name == "agent_events"
