"""The line on a terminal while logs are read: share, rate and time left."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from llmaudit.cli import progress


def test_it_shows_share_rate_and_time_left(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([100.0, 110.0, 110.05])
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(clock))
    line = progress.ProgressLine()
    file = SimpleNamespace(slot=0, records=50_000, path=Path("log\x1b[31m.jsonl"))
    line.report(file, 250, 1000)  # a quarter after ten seconds: thirty are left
    line.report(file, 260, 1000)  # too soon to be shown
    said = capsys.readouterr().err
    assert " 25%" in said
    assert "50,000 records, 5,000/s, 0:30 left" in said
    assert said.count("records") == 1
    assert "\x1b[31m" not in said
