"""The data out again: what is exported adds up to the audit, runs no formula, and a question cannot reach out."""

from __future__ import annotations

import csv
from decimal import Decimal
from io import StringIO
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from builders import litellm_row, write_jsonl
from running import Run

from llmaudit.csvfile import write_rows
from llmaudit.money import total

HOSTILE = ["=HYPERLINK(1)", "+1", "-1", "@SUM(1)", "\t=1", "\r=1", "\n=1"]


def table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as source:
        return list(csv.DictReader(source))


@pytest.mark.parametrize("form", ["parquet", "csv"])
def test_requests_add_up_to_the_audit(call: Run, own_db: Path, tmp_path: Path, form: str) -> None:
    done = call("export", "--db", own_db, "--to", "out", "--format", form, "--json")
    assert done.code == 0, done.err
    counts = {file["name"]: file["rows"] for file in done.json["files"]}
    assert counts[f"requests.{form}"] == counts[f"tiers.{form}"] == 6
    rows = (
        table(tmp_path / "out" / "requests.csv")
        if form == "csv"
        else pq.read_table(tmp_path / "out" / "requests.parquet").to_pylist()
    )
    spent = call("report", "--db", own_db, "--json").json["spend"]
    listed = [Decimal(row["list_usd"]) for row in rows if row["list_usd"] not in {None, ""}]
    assert total(listed) == Decimal(spent["list_usd"])
    assert [row["request_id"] for row in rows] == [f"a-{n}" for n in range(1, 7)]
    unknown = [row for row in rows if row["why_unpriced"]]
    assert [(row["request_id"], row["list_usd"] or None) for row in unknown] == [("a-6", None)]


def test_exported_cells_are_a_cells_file(call: Run, own_db: Path) -> None:
    assert call("export", "--db", own_db, "--to", "out").code == 0
    assert call("audit", "out/cells.parquet", "--json").json == call("report", "--db", own_db, "--json").json


def test_focus_adds_up_to_the_audit(call: Run, own_db: Path, tmp_path: Path) -> None:
    assert call("export", "--db", own_db, "--to", "out", "--format", "focus").code == 0
    rows = table(tmp_path / "out" / "focus.csv")
    spent = call("report", "--db", own_db, "--json").json["spend"]
    assert total(Decimal(row["BilledCost"]) for row in rows if row["BilledCost"]) == Decimal(spent["spend_usd"])
    assert total(Decimal(row["ListCost"]) for row in rows if row["ListCost"]) == Decimal(spent["list_usd"])
    assert sum(int(row["x_Requests"]) for row in rows) == 6
    assert {row["x_BilledCostBasis"] for row in rows} == {"billed", "list", "unknown"}
    assert all((row["BilledCost"] == "") == (row["x_BilledCostBasis"] == "unknown") for row in rows)
    first = rows[0]
    assert (first["BillingPeriodStart"], first["BillingPeriodEnd"]) == ("2026-10-01T00:00:00Z", "2026-11-01T00:00:00Z")
    assert (first["ChargePeriodStart"], first["ChargePeriodEnd"]) == ("2026-10-01T00:00:00Z", "2026-10-02T00:00:00Z")


def test_focus_reads_back_as_a_bill(call: Run, own_db: Path, tmp_path: Path) -> None:
    """Our own reader of FOCUS finds the same money in it."""
    call("export", "--db", own_db, "--to", "out", "--format", "focus")
    rows = table(tmp_path / "out" / "focus.csv")
    assert call("ingest", "out/focus.csv", "--db", "bill.duckdb", "--format", "focus").code == 0
    done = call("query", "SELECT sum(billed_cost), count(*) FROM bill_lines", "--db", "bill.duckdb", "--json")
    ((billed, lines),) = done.json["rows"]
    assert Decimal(billed) == total(Decimal(row["BilledCost"]) for row in rows if row["BilledCost"])
    assert lines == len(rows)


def test_periods_are_kept_to(call: Run, own_db: Path) -> None:
    done = call("export", "--db", own_db, "--to", "out", "--since", "2026-10-02", "--json")
    assert {file["rows"] for file in done.json["files"] if file["name"] == "requests.parquet"} == {4}


@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_runs_as_a_formula(text: str) -> None:
    out = StringIO()
    write_rows(out, ["name", "amount"], [[text, Decimal("-1.5")]])
    (row,) = csv.DictReader(StringIO(out.getvalue(), newline=""))
    assert row == {"name": "'" + text, "amount": "-1.5"}


def test_hostile_names_in_logs_run_nothing(call: Run, tmp_path: Path) -> None:
    rows = [
        litellm_row(f"r-{n}", "2026-10-01T00:00:00", tags=[f"feature:{text}"], prompt=1)
        for n, text in enumerate(HOSTILE)
    ]
    write_jsonl(tmp_path / "log.jsonl", rows)
    assert call("ingest", "log.jsonl", "--db", "a.duckdb").code == 0
    for form in ("csv", "focus"):
        assert call("export", "--db", "a.duckdb", "--to", "out", "--format", form).code == 0
    shown = call("query", "SELECT feature FROM requests", "--db", "a.duckdb", "--csv").out
    for text in (shown, *(path.read_text("utf-8") for path in (tmp_path / "out").glob("*.csv"))):
        cells = [cell for row in csv.reader(StringIO(text, newline="")) for cell in row]
        assert [cell for cell in cells if cell.startswith(("=", "+", "@", "\t", "\r"))] == []


@pytest.mark.parametrize("folder", ["own.duckdb", "own.duckdb/inside"])
def test_a_folder_that_cannot_be(call: Run, own_db: Path, folder: str) -> None:
    done = call("export", "--db", own_db, "--to", folder)
    assert (done.code, "[cannot-write]" in done.err) == (1, True)


def test_forms_that_do_not_exist(call: Run, own_db: Path) -> None:
    assert "[no-such-export]" in call("export", "--db", own_db, "--to", "out", "--format", "xlsx").err
    assert "[two-forms]" in call("query", "SELECT 1", "--db", own_db, "--csv", "--json").err


def test_answers_of_every_kind(call: Run, own_db: Path) -> None:
    sql = (
        "SELECT 1::HUGEINT AS whole, 0.000000000001::DECIMAL(18,12) AS money, NULL AS nothing, 'a' AS word,"
        " 'nan'::DOUBLE AS no_number, [1, 2] AS list, {'a': 1} AS struct, TIMESTAMP '2026-10-01' AS at,"
        " DATE '2026-10-01' AS day,"
        " INTERVAL 1 DAY AS span, 'x'::BLOB AS bytes, TRUE AS flag"
    )
    document = call("query", sql, "--db", own_db, "--json").json
    assert document["schema"] == "llmaudit/query/1"
    values = dict(zip([one["name"] for one in document["columns"]], document["rows"][0], strict=True))
    assert values["money"] == "0.000000000001"
    assert (values["whole"], values["nothing"], values["word"], values["no_number"]) == (1, None, "a", None)
    assert (values["list"], values["struct"], values["flag"]) == ([1, 2], {"a": 1}, True)
    assert (values["at"], values["day"]) == ("2026-10-01T00:00:00Z", "2026-10-01")
    assert "word" in call("query", sql, "--db", own_db).out
    assert call("query", "SELECT 1 AS a", "--db", own_db, "--csv").out == "a\r\n1\r\n"


@pytest.mark.parametrize(
    "sql",
    [
        "COPY requests TO 'x.csv'",
        "COPY requests FROM 'x.csv'",
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM read_text('/etc/passwd')",
        "SELECT * FROM read_parquet('https://example.com/x.parquet')",
        "SELECT * FROM glob('/*')",
        "FROM '/etc/passwd'",
        "ATTACH 'other.duckdb'",
        "INSTALL httpfs",
        "LOAD httpfs",
        "EXPORT DATABASE 'folder'",
        "SET enable_external_access = true",
        "PRAGMA threads=1",
        "CREATE TEMP TABLE t AS SELECT 1",
        "DELETE FROM requests",
        "DROP TABLE requests",
        "SELECT 1; DELETE FROM requests",
        "EXPLAIN ANALYZE DELETE FROM requests",
        "CALL pragma_version()",
        "SELECT getenv('HOME')",
        "",
        "SELECT",
        "SELECT no_such_column FROM requests",
    ],
)
def test_a_question_cannot_reach_out_or_change_anything(call: Run, own_db: Path, tmp_path: Path, sql: str) -> None:
    before = {path: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()}
    done = call("query", sql, "--db", own_db)
    assert (done.code, "[bad-query]" in done.err) == (2, True), done
    assert done.out == ""
    assert {path: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()} == before


def test_the_doctor_finds_what_is_wrong(call: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done = call("doctor", "--json")
    assert (done.code, done.json["ok"]) == (0, True)
    found = {check["name"]: check for check in done.json["checks"]}
    assert {"python", "llmaudit", "duckdb", "catalog", "database", "vocabulary o200k_base"} <= set(found)
    (tmp_path / "llmaudit.duckdb").write_bytes(b"no database")
    (tmp_path / "mine.yaml").write_text("seller: [")
    done = call("doctor", "--json", "--catalog", tmp_path / "mine.yaml")
    assert (done.code, done.json["ok"]) == (1, False)
    found = {check["name"]: check["status"] for check in done.json["checks"]}
    assert (found["database"], found["catalog"]) == ("fail", "fail")
    monkeypatch.setattr("importlib.metadata.version", lambda name: "0.0.1" if name == "msgspec" else "999")
    found = {check["name"]: check["status"] for check in call("doctor", "--json").json["checks"]}
    assert (found["msgspec"], found["duckdb"]) == ("fail", "ok")
