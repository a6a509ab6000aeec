"""The contract on a database with every format and every bill in it: types, times and money wherever they stand."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import msgspec
import pytest
from builders import litellm_row, write_jsonl
from contract_cases import leaves
from running import ROOT, once, run_here

COUNTS = {"requests", "lines", "accepted", "duplicates", "ignored", "rejected", "bills", "rows", "tokens"}
LINES = (
    "status", "status --privacy", "report", "requests --limit 1000", "tag", "reprice --plan direct --plan tiered",
    "markup --by gateway,model,day,kind", "checklist", "verify", "reconcile --official openai=123.45",
    "export --to out --format csv", "rollup --out cells.parquet", "plan check tiered", "plan payback",
    "plan optimize --allow-unproven", "baseline save base.json", "shadow design", "shadow sample", "pricing apply",
    "query SELECT(started_at)FROM(requests)",
)  # fmt: skip
"""Commands that say something of whatever is in a database; some have too little to decide on, and end with 4."""


@pytest.fixture(scope="session")
def every_format(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.getbasetemp().parent / "every-format"

    def make() -> str:
        done = run_here(folder, "ingest", ROOT / "sample_logs" / "formats", "--db", "every.duckdb", "--quiet")
        assert done.code == 0, done.err
        return "made"

    once(folder, make, str)
    return folder / "every.duckdb"


@pytest.mark.parametrize("line", LINES)
def test_types(line: str, every_format: Path, tmp_path: Path) -> None:
    shutil.copy(every_format, tmp_path / "own.duckdb")  # some commands write, and no other worker may wait for that
    done = run_here(tmp_path, *line.split(), "--db", "own.duckdb", "--json")
    assert done.code in {0, 4}, done.err
    document = msgspec.json.decode(done.out)
    assert re.fullmatch(r"llmaudit/[a-z-]+/1", document["schema"])
    for path, value in leaves(document):
        name = path.rpartition(".")[2].removesuffix("[]")
        if name.endswith("_usd"):
            assert value is None or re.fullmatch(r"-?\d+\.\d{6,12}", value), f"{path}: {value!r}"
        if name in COUNTS:
            assert value is None or type(value) is int, f"{path}: {value!r}"
        if isinstance(value, str) and re.match(r"\d{4}-\d\d-\d\dT\d\d:", value):
            assert value.endswith("Z"), f"{path}: {value}"


@pytest.mark.parametrize("at", ["2026-10-01T10:00:00", "2026-10-01T10:00:00.120", "2026-10-01T10:00:00.123456"])
def test_times_are_whole(at: str, tmp_path: Path) -> None:
    """As finely as the log has them, to the microsecond."""
    write_jsonl(tmp_path / "log.jsonl", [litellm_row("r-1", at, prompt=1)])
    assert run_here(tmp_path, "ingest", "log.jsonl").code == 0
    assert run_here(tmp_path, "requests", "--json").json["rows"][0]["started_at"] == f"{at}Z"


def test_reconcile_says_why_it_is_empty_and_what_nobody_knows(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "log.jsonl", [litellm_row("r-1", "2026-10-01T10:00:00", prompt=1)])
    assert run_here(tmp_path, "ingest", "log.jsonl").code == 0
    empty = run_here(tmp_path, "reconcile", "--json")
    assert (empty.code, empty.json["rows"], len(empty.json["warnings"])) == (4, [], 1)
    known = run_here(tmp_path, "reconcile", "--official", "openai=5", "--json")
    assert (known.code, known.json["warnings"]) == (0, [])
    misspelt = run_here(tmp_path, "reconcile", "--official", "opnai=5")
    assert (misspelt.code, "openai" in misspelt.err) == (0, True)
