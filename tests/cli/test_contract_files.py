"""Files that commands write: complete or not at all, in the form that their name says."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from running import Run


@pytest.mark.parametrize("ending", ["html", "md", "json"])
def test_report_file(call: Run, small_db: Path, tmp_path: Path, ending: str) -> None:
    out = tmp_path / f"report.{ending}"
    done = call("report", "--db", small_db, "--out", out)
    assert done.code == 0, done.err
    assert done.out == ""
    assert out.stat().st_size > 1000
    assert [path.name for path in tmp_path.iterdir()] == [out.name]
    if ending == "json":
        assert msgspec.json.decode(out.read_bytes()) == call("report", "--db", small_db, "--json").json


@pytest.mark.parametrize(
    "line", ["report --out {out}.html", "reprice --out {out}.parquet", "audit {log} --out {out}.md"]
)
def test_output_that_cannot_be_written(call: Run, small_db: Path, small_log: Path, tmp_path: Path, line: str) -> None:
    done = call(
        *line.format(out="missing/out", log=small_log).split(), *(["--db", small_db] if "log" not in line else [])
    )
    assert done.code == 1, done.err
    assert "missing" in done.err
    assert "bug in llmaudit" not in done.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("ending", ["html", "parquet"])
def test_output_is_whole_or_not_at_all(
    call: Run, small_db: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ending: str
) -> None:
    """A write that breaks off leaves the file of yesterday, and nothing beside it."""
    out = tmp_path / f"out.{ending}"
    out.write_text("yesterday")

    def broken(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", broken)
    monkeypatch.setattr("pyarrow.parquet.ParquetWriter.write_table", broken)
    done = call("reprice" if ending == "parquet" else "report", "--db", small_db, "--out", out)
    assert done.code == 1
    assert "disk is full" in done.err
    assert out.read_text() == "yesterday"
    assert [path.name for path in tmp_path.iterdir()] == [out.name]
