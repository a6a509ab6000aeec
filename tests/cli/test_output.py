"""How answers look in a pipe, on a narrow terminal, in a locale without letters, and where there is nothing to say."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest
from builders import litellm_row, write_jsonl
from running import ROOT, Run

from llmaudit.cli.output import percent

LONG = "a-name-that-no-terminal-of-sixty-columns-can-hold-" * 3


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "unknown"), (0.0, "0.0%"), (0.0466, "<0.1%"), (-0.02, ">-0.1%"), (0.05, "0.1%"), (12.34, "12.3%")],
)
def test_a_share_that_is_not_zero_is_not_shown_as_zero(value: float | None, text: str) -> None:
    assert percent(value) == text


@pytest.fixture
def database(call: Run, tmp_path: Path) -> Path:
    """A database with one request from a file with a very long name."""
    log = write_jsonl(
        tmp_path / f"{LONG[:90]}.jsonl", [litellm_row("r1", "2026-10-01 08:00:00", prompt=10, completion=5)]
    )
    path = tmp_path / "d.duckdb"
    assert call("ingest", log, "--db", path).code == 0
    return path


def on_a_terminal(columns: int, *args: object) -> str:
    """Return what the command line prints to a terminal so many columns wide."""
    main, other = pty.openpty()
    env = {**os.environ, "COLUMNS": str(columns), "PYTHONPATH": str(ROOT), "NO_COLOR": "1"}
    command = [sys.executable, "-m", "llmaudit", *map(str, args)]
    with subprocess.Popen(command, stdout=other, env=env) as process:
        os.close(other)
        said = b""
        while True:
            try:
                part = os.read(main, 65536)
            except OSError:  # Linux says so when the last writer has gone
                break
            if not part:
                break
            said += part
    os.close(main)
    assert process.returncode == 0
    return said.decode().replace("\r\n", "\n")


def test_in_a_pipe_every_row_is_one_line_whatever_its_width(call: Run, database: Path) -> None:
    sql = f"SELECT line, '{LONG}' AS words, status FROM requests"
    lines = call("query", sql, "--db", database).out.splitlines()
    (row,) = (line for line in lines if LONG in line)
    assert row.split() == ["1", LONG, "ok"]
    assert not any(line.endswith(" ") for line in lines)


def test_more_columns_than_a_terminal_holds_become_records(database: Path) -> None:
    said = on_a_terminal(60, "query", "SELECT * FROM requests", "--db", database).splitlines()
    assert said[0] == "row 1"
    assert "model_raw" in {line.split()[0] for line in said[1:] if line}
    assert "status" in {line.split()[0] for line in said[1:] if line}


def test_no_figure_and_no_short_word_is_broken_however_narrow(database: Path) -> None:
    """`$1,234,567.89` on two lines is read as $1,234,5; nine columns of it fit no terminal of 60 and become records."""
    for copies in (2, 4, 9):
        columns = ", ".join(f"'$1,234,567.89' AS c{n}" for n in range(copies))
        said = on_a_terminal(60, "query", f"SELECT '{LONG}' AS words, 'unproven' AS state, {columns}", "--db", database)
        assert said.count("$1,234,567.89") == copies
        assert said.count("unproven") == 1


def test_few_columns_stay_a_table_within_the_terminal(database: Path) -> None:
    said = on_a_terminal(60, "query", f"SELECT '{LONG}' AS words", "--db", database)
    assert max(len(line) for line in said.splitlines() if "\x1b" not in line) <= 60
    assert "".join(said.split()).count("a-name-that") == 3


def test_short_words_and_amounts_stay_whole_beside_a_long_name(database: Path) -> None:
    sql = f"SELECT '{LONG}' AS name, 'inconclusive' AS verdict, '$1,234,567.89' AS amount, 'a b c d e f g' AS words"
    said = on_a_terminal(60, "query", sql, "--db", database)
    assert "inconclusive" in said
    assert "$1,234,567.89" in said
    assert max(len(line) for line in said.splitlines() if "\x1b" not in line) <= 60


def test_the_help_tells_each_command_in_one_line() -> None:
    commands = on_a_terminal(80, "--help").partition("Commands:")[2]
    assert "reconcile" in commands
    assert "..." not in commands


def test_a_long_name_is_broken_between_its_parts(database: Path) -> None:
    sql = "SELECT 'anthropic/claude-opus-5' AS asked, 'openai/gpt-5.6-sol' AS served, 'api.relay.example' AS gateway"
    said = on_a_terminal(50, "query", sql, "--db", database).splitlines()
    assert [row.split() for row in said if "/" in row or "claude" in row] == [
        ["anthropic/", "openai/gpt-5.6-", "api.relay"],
        ["claude-opus-5", "sol", ".example"],
    ]


def test_a_sentence_is_broken_between_words_and_hangs_under_its_column(database: Path, call: Run) -> None:
    lines = on_a_terminal(80, "status", "--db", database).splitlines()
    assert max(len(line) for line in lines if "duckdb" not in line) <= 80
    place = next(i for i, line in enumerate(lines) if line.startswith("tokens"))
    assert lines[place + 1].startswith(" " * 11)
    (piped,) = (line for line in call("status", "--db", database).out.splitlines() if line.startswith("tokens"))
    assert " ".join(piped.split()) in " ".join(" ".join(lines).split())


def test_a_name_that_the_locale_cannot_write_ends_nothing(tmp_path: Path, cli: Run) -> None:
    write_jsonl(tmp_path / "größe.jsonl", [litellm_row("r1", "2026-10-01 08:00:00", prompt=10, completion=5)])
    plain = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONIOENCODING": "ascii"}
    done = cli("ingest", ".", "--db", "d.duckdb", env=plain)
    assert done.code == 0, done.err
    assert "litellm" in done.out


@pytest.mark.parametrize("command", [("report",), ("report", "--out", "r.html"), ("reprice",)])
def test_a_period_without_data_is_no_page_of_zeros(
    command: tuple[str, ...], call: Run, database: Path, tmp_path: Path
) -> None:
    done = call(*command, "--db", database, "--month", "2020-01")
    assert (done.code, done.out) == (4, "")
    assert "[nothing-in-period]" in done.err
    assert "2020-01-01" in done.err
    assert not (tmp_path / "r.html").exists()
    as_data = call(*command[:1], "--db", database, "--month", "2020-01", "--json")
    assert as_data.code == 4
    assert as_data.json["schema"].startswith("llmaudit/")


def test_empty_standard_input_is_called_by_its_name(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "llmaudit", "ingest", "-", "--db", str(tmp_path / "e.duckdb")]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, input=b"", capture_output=True, env=env, check=False)
    assert done.returncode == 5
    assert done.stderr.startswith(b"llmaudit: standard input is empty [empty-file]")


def test_usage_without_an_amount_is_shown_at_list_and_is_no_bill(call: Run) -> None:
    usage = ROOT / "sample_logs" / "formats" / "openai_usage.json"
    done = call("audit", usage, "--out", "r.md")
    assert "usage export: openai, September 2026: $0.00330 at list for 1,250 tokens on 1 day (not a bill" in done.out
    assert "every figure is empty except those from bills and usage exports" in done.err
    report = Path("r.md").read_text(encoding="utf-8")
    summary, section = (report.partition(f"## {title}")[2].partition("\n## ")[0] for title in ("Summary", "Usage as"))
    assert "The period has neither requests nor bills, only the sellers' own count of usage" in summary
    assert "By the sellers' own count of usage, which is not a bill: openai, September 2026: $0.00330" in summary
    assert "openai/gpt-5" in section
    assert "no total of what was billed or logged includes it" in section
    assert call("ingest", usage, "--db", "u.duckdb").code == 0
    compared = call("reconcile", "--db", "u.duckdb")
    assert compared.code == 0
    assert "no bill with an amount" in compared.out


def test_neither_a_bill_nor_usage_is_not_enough(call: Run, tmp_path: Path) -> None:
    write_jsonl(tmp_path / "log.jsonl", [litellm_row("a", "2026-10-01T10:00:00", prompt=10)])
    assert call("ingest", "log.jsonl", "--db", "u.duckdb").code == 0
    compared = call("reconcile", "--db", "u.duckdb")
    assert compared.code == 4
    assert "A usage export would be shown at list price, but there is none either" in compared.out


def test_a_bill_alone_is_named_with_its_amount(call: Run) -> None:
    bill = ROOT / "sample_logs" / "formats" / "openai_costs.json"
    done = call("audit", bill, "--out", "r.md")
    assert done.code == 0
    assert "no requests in the period" in done.out
    assert "bill: openai September 2026 charges $1.38" in done.out
    assert "$0.00" not in done.out
    summary = Path("r.md").read_text(encoding="utf-8").partition("## Summary")[2].partition("## ")[0]
    assert "1 bill charges $1.38." in summary
    assert "| `openai` | September 2026 | no log | $1.38 | no log |" in summary
