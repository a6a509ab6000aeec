"""More small files than one commit takes: each is reported, whichever of them fills a group."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from llmaudit.ingest import Setup, commit, ingest
from llmaudit.store import Store


def line(number: int) -> str:
    usage = {"input_tokens": number, "output_tokens": 1}
    message = {"id": f"msg_{number}", "model": "claude-x", "role": "assistant", "usage": usage}
    at = "2026-09-01T10:00:00.000Z"
    return json.dumps(
        {"sessionId": "s", "uuid": f"u{number}", "type": "assistant", "timestamp": at, "message": message}
    )


def test_the_file_that_fills_a_group_is_reported_too(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commit, "GROUP_FILES", 3)
    for number in range(1, 8):
        (tmp_path / f"{number}.jsonl").write_text(line(number) + "\n")
    result = ingest(store, [str(path) for path in sorted(tmp_path.glob("*.jsonl"))], Setup(b"k" * 32))
    assert [file.accepted for file in result.files] == [1] * 7
    assert (result.totals.lines, result.totals.accepted) == (7, 7)
    ledger = store.rows("SELECT lines, accepted, sum_input_tokens FROM sources ORDER BY source_id")
    assert ledger == [(1, 1, number) for number in range(1, 8)]
