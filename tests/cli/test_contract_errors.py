"""Errors: exit codes, words instead of tracebacks, and nothing on standard output that could pass for an answer."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest
from running import Run, clean_environment

USAGE = {
    "unknown command": "no-such-command",
    "unknown option": "status --no-such-option",
    "missing argument": "audit",
    "missing option": "pricing quote",
    "number out of range": "requests --limit 0",
    "negative tokens": "pricing quote --model gpt-5.6-sol --input -1",
    "no month": "status --db {db} --month 2026-13",
    "no date": "status --db {db} --since yesterday",
    "empty period": "status --db {db} --since 2026-10-02 --until 2026-10-02",
    "two periods": "status --db {db} --since 2026-10-02 --month 2026-10",
    "no zone": "status --db {db} --timezone Mars/Olympus",
    "no such plan": "reprice --plan no-such-plan --db {db}",
    "not parquet": "reprice --out rows.csv --db {db}",
    "no such report": "report --format pdf --db {db}",
    "ending says nothing": "report --out report.pdf --db {db}",
    "no such column": "requests --where nonsense=1 --db {db}",
    "not an instant": "pricing quote --model gpt-5.6-sol --at noon",
    "no such dimension": "markup --by team --db {db}",
    "no spend": "markup page {log} --spend much",
    "no day": "markup page {log} --date soon",
    "empty month": "status --db {db} --month=",
    "empty before the command": "--since= status --db {db}",
    "empty catalog": "status --db {db} --catalog=",
    "no such format": "ingest {log} --format no-such-format",
}


@pytest.mark.parametrize("what", USAGE)
def test_wrong_usage(call: Run, small_db: Path, small_log: Path, what: str) -> None:
    done = call(*USAGE[what].format(db=small_db, log=small_log).split())
    assert done.code == 2, done.err
    assert done.err.strip()
    assert "Traceback" not in done.err
    assert done.out == ""


@pytest.mark.parametrize("args", [["pricing", "show", "no-such-model"], ["explain", "no-such-id"], ["status"]])
def test_errors_in_words_and_with_debug_in_full(call: Run, small_db: Path, args: list[str]) -> None:
    database = ["--db", str(small_db)] if args[0] == "explain" else []
    plain, full = call(*args, *database), call("--debug", *args, *database)
    assert plain.code == full.code == 5
    assert "Traceback" not in plain.err
    assert 1 <= plain.err.count("\n") <= 3
    assert "Traceback" in full.err
    assert full.err.endswith(plain.err)


@pytest.mark.parametrize("args", [["list"], ["conflicts"], ["show", "gpt-4o"], ["history", "gpt-4o"]])
def test_an_unknown_seller_is_no_empty_table(call: Run, args: list[str]) -> None:
    done = call("pricing", *args, "--seller", "opnai")
    assert (done.code, done.out) == (5, "")
    assert "opnai" in done.err
    assert "openai" in done.err


def test_unpriced_quote_is_no_zero(call: Run) -> None:
    done = call("pricing", "quote", "--model", "gpt-5.6-soll", "--input", 10, "--json")
    assert done.code == 5
    assert (done.json["status"], done.json["cost_usd"]) == ("unpriced", None)
    assert "gpt-5.6-sol" in done.json["assumptions"][0]


HOLDER = "import duckdb, sys; held = duckdb.connect(sys.argv[1]); print('held', flush=True); sys.stdin.read()"


def test_busy_database(small_db: Path, tmp_path: Path, call: Run) -> None:
    copy = tmp_path / "busy.duckdb"
    shutil.copy(small_db, copy)
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(copy)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=clean_environment(tmp_path),
    )
    with holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        done = call("status", "--db", copy)
        assert done.code == 6
        assert str(holder.pid) in done.err
        assert "Traceback" not in done.err
    assert call("status", "--db", copy).code == 0


def test_database_of_a_newer_version(small_db: Path, tmp_path: Path, call: Run) -> None:
    copy = tmp_path / "newer.duckdb"
    shutil.copy(small_db, copy)
    with duckdb.connect(str(copy)) as connection:
        connection.execute("UPDATE meta SET value = '999' WHERE name = 'schema'")
    before = copy.read_bytes()
    done = call("status", "--db", copy)
    assert done.code == 6
    assert "999" in done.err
    assert copy.read_bytes() == before
