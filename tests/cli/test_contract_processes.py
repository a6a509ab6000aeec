"""What only a process has: its streams, its signals, and the modules that it loads."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import msgspec
import pytest
from running import Run, clean_environment, run_in


def test_as_a_process(cli: Run, small_log: Path) -> None:
    """The other tests call the entry point; here is the real thing, with what belongs on which stream."""
    done = cli("audit", small_log)
    assert done.code == 0
    assert "warning: " in done.err
    assert "warning: " not in done.out
    assert "By model" in done.out
    assert "\x1b" not in done.out + done.err


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("requests --limit 10000", 0),
        ("pricing list", 0),
        ("pricing list --json", 0),
        ("query --csv FROM(requests)JOIN(range(9000))ON(true)", 0),
        ("check --baseline {baseline}", 4),
    ],
)
def test_a_reader_that_goes_early_changes_no_exit_code(
    small_db: Path, small_baseline: Path, tmp_path: Path, line: str, code: int
) -> None:
    """Six requests are not enough for `check`: with code 0 a closed pipe would hide that."""
    command = [sys.executable, "-P", "-m", "llmaudit", *line.format(baseline=small_baseline).split(), "--db", small_db]
    run = subprocess.Popen(
        command, cwd=tmp_path, env=clean_environment(tmp_path), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert run.stdout
    assert run.stderr
    run.stdout.close()
    said = run.stderr.read().decode()
    run.stderr.close()
    assert run.wait(60) == code, said
    assert "Traceback" not in said
    assert "BrokenPipe" not in said


def test_detect_reads_standard_input(small_log: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-P", "-m", "llmaudit", "detect", "-", "--json"]
    done = subprocess.run(
        command,
        cwd=tmp_path,
        env=clean_environment(tmp_path),
        input=small_log.read_bytes(),
        capture_output=True,
        check=True,
    )
    (file,) = msgspec.json.decode(done.stdout)["files"]
    assert (file["path"], file["format"]) == ("-", "litellm")


KILLED = """
import os, signal, sys
from llmaudit.cli import main
from llmaudit.ingest import together

def killed(*_):
    try:
        os.kill(os.getpid(), signal.SIGTERM)
    except BaseException:
        if {in_a_query}:
            raise KeyboardInterrupt from None  # what the store makes of DuckDB's word for it
        raise

together.detect = killed
sys.argv = ["llmaudit", "ingest", {log!r}]
main()
"""


@pytest.mark.parametrize("in_a_query", ["False", "True"])
def test_interrupted(small_log: Path, tmp_path: Path, in_a_query: str) -> None:
    """SIGTERM ends a run with 143 and leaves no database half written."""
    command = KILLED.format(log=str(small_log), in_a_query=in_a_query)
    done = subprocess.run(
        [sys.executable, "-c", command], cwd=tmp_path, env=clean_environment(tmp_path), capture_output=True, check=False
    )
    assert done.returncode == 143
    assert b"Traceback" not in done.stderr
    after = run_in(tmp_path, "status", "--json")
    assert "there is no database" in after.err or after.json["requests"] == 0


def test_no_command_loads_pandas(tmp_path: Path, small_log: Path) -> None:
    """Arrow would wherever it is installed, as it is here; the checks themselves need it."""
    environment = clean_environment(tmp_path) | {"PYTHONPROFILEIMPORTTIME": "1"}
    done = subprocess.run(
        [sys.executable, "-m", "llmaudit", "ingest", small_log],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert find_spec("pandas")
    assert " pyarrow.lib\n" in done.stderr
    assert " pandas._libs\n" not in done.stderr
