"""What is printed of more files than anybody reads: sums by format, and the names of those that need a look."""

from __future__ import annotations

from pathlib import Path

import pytest
from builders import litellm_row, write_jsonl
from running import Run

GOOD = 44


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """44 logs of two rows each, one of which has a line more that is cut, and one file in no format."""
    logs = tmp_path / "logs"
    logs.mkdir()
    for number in range(GOOD):
        rows = [litellm_row(f"r{number}-{row}", "2026-10-01 08:00:00", prompt=10, completion=5) for row in range(2)]
        write_jsonl(logs / f"good{number:02}.jsonl", rows)
    with (logs / "good07.jsonl").open("a") as cut:
        cut.write('{"request_id": "r7-\n')
    (logs / "strange.log").write_text("x y\n")
    return logs


def cells(text: str, first: str) -> list[str]:
    """Return the words of the row that begins with a word."""
    return next(row.split() for row in text.splitlines() if row.split()[:1] == [first])


def test_many_files_are_summed_up_by_format(call: Run, folder: Path) -> None:
    said = call("ingest", folder, "--db", folder.parent / "d.duckdb").out
    assert cells(said, "litellm") == ["litellm", "44", "89", "88", "0", "0", "1", "0"]
    assert cells(said, "total")[:4] == ["total", "45", "89", "88"]
    assert "good07.jsonl" in said
    assert "strange.log" in said
    assert "good08.jsonl" not in said
    again = call("ingest", folder, "--db", folder.parent / "d.duckdb").out
    assert cells(again, "litellm")[-2:] == ["already", "ingested"]


def test_few_files_are_all_named(call: Run, folder: Path) -> None:
    files = sorted(folder.glob("good0*.jsonl"))
    said = call("ingest", *files, "--db", folder.parent / "d.duckdb").out
    assert all(str(file) in said for file in files)


def test_of_many_files_detect_names_the_unknown(call: Run, folder: Path) -> None:
    said = call("detect", folder).out
    assert cells(said, "litellm")[:2] == ["litellm", "44"]
    assert "strange.log" in said
    assert "good08.jsonl" not in said
