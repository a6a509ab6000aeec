"""Lines of one call in a Claude Code session: which of them another line is sure to count instead of."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from llmaudit.formats.claude_code import Line, fold

AT = "2026-09-01T10:00:0{}Z"


def line(output: Any, second: int = 0, ident: str | None = "msg_1", **changes: Any) -> Line:
    usage = {"input_tokens": 3, "output_tokens": output, **changes.pop("usage", {})}
    message = {"id": ident, "model": "claude-x", "stop_reason": None, "usage": usage} | changes.pop("message", {})
    entry = {"type": "assistant", "timestamp": AT.format(second), "sessionId": "s", "message": message}
    return msgspec.convert(entry | changes, Line)


def test_the_line_with_most_output_stands_for_its_call_from_the_first_on() -> None:
    lines = [line(1, 3), line(5, 4), line(2, 2), line(9, 0, ident="msg_2"), line(5, 1)]
    assert fold(lines) == {0, 2, 4}
    assert lines[1].timestamp == datetime(2026, 9, 1, 10, 0, 1, tzinfo=UTC)
    assert lines[3].timestamp == datetime(2026, 9, 1, 10, tzinfo=UTC)


def test_the_last_line_says_why_the_answer_ended() -> None:
    assert fold([line(1), line(5, message={"stop_reason": "tool_use"})]) == {0}


LEFT_ALONE = {
    "another input: the calls do not agree": line(1, usage={"input_tokens": 4}),
    "another model": line(1, message={"model": "claude-y"}),
    "another branch, which might hold a key": line(1, gitBranch="main"),
    "another request": line(1, requestId="r"),
    "a side chain": line(1, isSidechain=True),
    "iterations, which are requests of their own": line(1, usage={"iterations": [{"type": "compaction"}]}),
    "no time": line(1, timestamp=None),
    "a time without a zone": line(1, timestamp="2026-09-01T10:00:00"),
    "a time that is rejected": line(1, timestamp="2019-09-01T10:00:00Z"),
    "a fraction, which is rejected": line(0.5),
    "less than nothing, which is rejected": line(-1),
    "no output": line(None),
    "no id": line(1, ident=None),
    "a limit shown to the user": line(1, message={"model": "<synthetic>"}),
    "the user's own line": line(1, type="user"),
    "another end": line(1, message={"stop_reason": "refusal"}),
}


@pytest.mark.parametrize("name", LEFT_ALONE)
def test_a_line_that_may_not_be_the_same_is_left_alone(name: str) -> None:
    before = msgspec.json.encode(LEFT_ALONE[name])
    assert fold([LEFT_ALONE[name], line(5)]) == set()
    assert fold([line(5), LEFT_ALONE[name]]) == set()
    assert msgspec.json.encode(LEFT_ALONE[name]) == before
