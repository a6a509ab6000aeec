"""Input that cannot be used: exit code 5 (2 for wrong usage), a message that names the thing, and nothing changed."""

from __future__ import annotations

import gzip
import hashlib
from pathlib import Path
from typing import Any

import duckdb
import msgspec
import pytest
from builders import litellm_row, write_jsonl
from running import Run

GOOD = msgspec.json.encode(litellm_row("z-1", "2026-10-05T10:00:00", prompt=10, completion=1)) + b"\n"


def no_log(folder: Path) -> None:
    (folder / "logs").mkdir()
    (folder / "logs" / "notes.csv").write_text("name,age\nAda,36\n")
    (folder / "logs" / "README.md").write_text("nothing here")


FILES: dict[str, tuple[str, Any, str]] = {
    "unknown format": ("notes.csv", b"name,age\nAda,36\n", "notes.csv"),
    "unknown JSON": ("odd.jsonl", b'{"colour": "green"}\n' * 5, "odd.jsonl"),
    "binary": ("photo.jsonl", bytes(range(256)) * 40, "photo.jsonl"),
    "empty": ("empty.jsonl", b"", "empty.jsonl is empty"),
    "only blank lines": ("blank.jsonl", b"\n \n\n", "blank.jsonl is empty"),
    "empty archive": ("empty.jsonl.gz", gzip.compress(b""), "empty.jsonl.gz is empty"),
    "truncated archive": ("cut.jsonl.gz", gzip.compress(GOOD * 2000, 0)[:-2000], "cut.jsonl.gz"),
    "archive with a wrong checksum": ("bad.jsonl.gz", gzip.compress(GOOD)[:-8] + bytes(8), "bad.jsonl.gz"),
    "not one request": ("none.jsonl", GOOD.replace(b"2026-10-05T10", b"2026-13-05T10"), "none.jsonl"),
    "missing": ("missing.jsonl", None, "missing.jsonl does not exist"),
    "directory without logs": ("logs", no_log, "no log was found in logs"),
    "address": ("https://example.com/log.jsonl", None, "https://example.com/log.jsonl is an address"),
    "bucket": ("s3://bucket/log.jsonl", None, "s3://bucket/log.jsonl is an address"),
}


def rows_hash(database: Path) -> str:
    """Return a fingerprint of every row of every table."""
    digest = hashlib.sha256()
    with duckdb.connect(str(database), read_only=True) as connection:
        tables = connection.execute("SELECT table_name FROM information_schema.tables ORDER BY ALL").fetchall()
        assert ("requests",) in tables
        for (table,) in tables:
            digest.update(repr((table, connection.execute(f"SELECT * FROM {table} ORDER BY ALL").fetchall())).encode())
    return digest.hexdigest()


@pytest.mark.parametrize("what", FILES)
def test_log_that_cannot_be_used(call: Run, own_db: Path, tmp_path: Path, what: str) -> None:
    name, content, said = FILES[what]
    if callable(content):
        content(tmp_path)
    elif content is not None:
        (tmp_path / name).write_bytes(content)
    before = rows_hash(own_db)
    done = call("ingest", name, "--db", own_db)
    assert done.code == 5, done.err
    assert said in done.err
    assert len(done.err.splitlines()) <= 3
    assert "Traceback" not in done.err
    assert rows_hash(own_db) == before


def test_the_fingerprint_notices(call: Run, own_db: Path, tmp_path: Path) -> None:
    (tmp_path / "good.jsonl").write_bytes(GOOD)
    before = rows_hash(own_db)
    assert call("ingest", "good.jsonl", "--db", own_db).code == 0
    assert rows_hash(own_db) != before


def test_one_bad_file_does_not_stop_the_others(call: Run, tmp_path: Path) -> None:
    """Each file is in whole or not at all; the exit code still says that one was not."""
    logs = tmp_path / "logs"
    logs.mkdir()
    (logs / "a.jsonl").write_bytes(GOOD)
    (logs / "b.jsonl.gz").write_bytes(gzip.compress(GOOD.replace(b"z-1", b"z-2") * 2000, 0)[:-2000])
    write_jsonl(logs / "c.jsonl", [litellm_row("z-3", "2026-10-06T10:00:00", prompt=10)])
    done = call("ingest", "logs", "--json")
    assert done.code == 5
    assert "b.jsonl.gz" in done.err
    accepted = {Path(file["path"]).name: file["accepted"] for file in done.json["files"]}
    assert (accepted["a.jsonl"], accepted.get("b.jsonl.gz", 0), accepted["c.jsonl"]) == (1, 0, 1)
    assert [row["request_id"] for row in call("requests", "--json").json["rows"]] == ["z-1", "z-3"]


def test_a_bad_path_stops_before_anything_is_read(call: Run, own_db: Path, tmp_path: Path) -> None:
    (tmp_path / "good.jsonl").write_bytes(GOOD)
    before = rows_hash(own_db)
    assert call("ingest", "good.jsonl", "missing.jsonl", "--db", own_db).code == 5
    assert rows_hash(own_db) == before


def test_hostile_names_stay_names(call: Run, tmp_path: Path) -> None:
    """No name is expanded, and no control character reaches the terminal."""
    for name in ("log[1].jsonl", "a*.jsonl"):
        (tmp_path / name).write_bytes(GOOD.replace(b"z-1", name.encode()))
        assert call("ingest", name, "--json").json["totals"]["accepted"] == 1
    (tmp_path / "\x1b[2Jx.jsonl").write_bytes(b"")
    done = call("ingest", "\x1b[2Jx.jsonl")
    assert done.code == 5
    assert "\x1b" not in done.err


PLANS = {
    "not YAML": ("rules: [", "plan.yaml:"),
    "tab": ("name: x\nrules:\n\t- keep: true\n", "plan.yaml:3:1"),
    "not a mapping": ("- keep: true\n", "plan.yaml:1:1"),
    "empty": ("", "plan.yaml"),
    "no name": ("rules: []\n", "name"),
    "unknown key": ("name: x\nrules:\n  - keep: true\n    model: y\n", "plan.yaml:3:5"),
    "unknown condition": ("name: x\nrules:\n  - when: {tiers: 1}\n    keep: true\n", "plan.yaml:3:11"),
    "wrong type": ("name: x\nrules:\n  - when: {tier: high}\n    keep: true\n", "plan.yaml:3:18"),
    "no such tier": ("name: x\nrules:\n  - when: {tier: 4}\n    keep: true\n", "plan.yaml:3:18"),
    "repeated key": ("name: x\nrules:\n  - keep: true\n    keep: false\n", "plan.yaml:4:5"),
    "anchor": ("name: x\nrules:\n  - when: &a {tier: 1}\n    keep: true\n  - when: *a\n    keep: true\n", "anchor"),
    "neither keep nor use": ("name: x\nrules:\n  - when: {tier: 1}\n", "rule 1"),
    "keep and use": ("name: x\nrules:\n  - keep: true\n    use: openai/gpt-5.6-luna\n", "rule 1"),
    "unknown model": ("name: x\nrules:\n  - use: openai/gpt-5.6-lunar\n", "gpt-5.6-luna"),
    "unknown gateway": ("name: x\nrules:\n  - keep: true\n    via: nowhere\n", "nowhere"),
    "verify says nothing": ("name: x\nrules:\n  - keep: true\n    verify: {share: 1}\n", "rule 1"),
    "negative ratio": ("name: x\nrules:\n  - keep: true\n    verify: {cost_ratio: -0.5}\n", "-0.5"),
    "share above 1": ("name: x\nrules:\n  - keep: true\n    verify: {cost_ratio: 0.5, share: 1.5}\n", "1.5"),
    "not a number": ("name: x\nrules:\n  - keep: true\n    verify: {cost_ratio: NaN}\n", "NaN"),
}


@pytest.mark.parametrize("what", PLANS)
def test_malformed_plan(call: Run, tmp_path: Path, what: str) -> None:
    text, said = PLANS[what]
    (tmp_path / "plan.yaml").write_text(text)
    done = call("plan", "check", "plan.yaml")
    assert done.code == 5, done
    assert said in done.err
    assert len(done.err.splitlines()) <= 3


def test_malformed_plan_stops_every_command(call: Run, small_db: Path, small_log: Path, tmp_path: Path) -> None:
    (tmp_path / "plan.yaml").write_text("name: x\nrules:\n  - keep: maybe\n")
    for line in (["reprice", "--db", small_db], ["report", "--db", small_db], ["audit", small_log]):
        done = call(*line, "--plan", "plan.yaml")
        assert (done.code, done.out) == (5, "")
        assert "plan.yaml:3:11" in done.err


def test_two_plans_of_one_name(call: Run, small_db: Path, tmp_path: Path) -> None:
    """Rows of both would carry the same name and be added up as one."""
    for name in ("one", "two"):
        (tmp_path / f"{name}.yaml").write_text("name: mine\nrules: [{keep: true}]\n")
    done = call("reprice", "--plan", "one.yaml", "--plan", "two.yaml", "--db", small_db)
    assert done.code == 5
    assert "mine" in done.err
    assert call("reprice", "--plan", "one.yaml", "--plan", "tiered", "--db", small_db).code == 0


PRICE = "valid_from: 2026-01-01T00:00:00Z, source: s, usd_per_million"
MODEL = "seller: s\nmodels:\n  - sku: m\n    model: s/m\n    prices:\n"
CATALOGS = {
    "unknown key": ("seller: s\nmodles: []\n", "mine.yaml:1:1"),
    "unknown unit": (f"{MODEL}      - {{{PRICE}: {{inputs: 1}}}}\n", "mine.yaml:6:"),
    "negative price": (f"{MODEL}      - {{{PRICE}: {{input: -1}}}}\n", "-1"),
    "price that is no number": (f"{MODEL}      - {{{PRICE}: {{input: 1_000}}}}\n", "mine.yaml:6:"),
    "sexagesimal price": (f"{MODEL}      - {{{PRICE}: {{input: 1:30}}}}\n", "mine.yaml:6:"),
    "price too fine": (f"{MODEL}      - {{{PRICE}: {{input: 0.0000001}}}}\n", "6 decimals"),
    "infinite price": (f"{MODEL}      - {{{PRICE}: {{input: Infinity}}}}\n", "Infinity"),
    "price without a source": (
        f"{MODEL}      - {{valid_from: 2026-01-01T00:00:00Z, usd_per_million: {{input: 1}}}}\n",
        "source",
    ),
    "ends before it begins": (
        f"{MODEL}      - {{valid_to: 2025-01-01T00:00:00Z, {PRICE}: {{input: 1}}}}\n",
        "before it begins",
    ),
    "two prices at once": (
        f"{MODEL}{f'      - {{{PRICE}: {{input: 1}}}}' * 1}\n      - {{{PRICE}: {{input: 2}}}}\n",
        "two prices",
    ),
    "models of nobody": (MODEL.removeprefix("seller: s\n") + f"      - {{{PRICE}: {{input: 1}}}}\n", "names no seller"),
    "unknown schedule": (
        f"{MODEL}      - {{when: {{schedule: nights}}, {PRICE}: {{input: 1}}}}\n",
        "nights",
    ),
    "missing file": (None, "mine.yaml"),
}


@pytest.mark.parametrize("what", CATALOGS)
def test_malformed_catalog(call: Run, tmp_path: Path, what: str) -> None:
    text, said = CATALOGS[what]
    if text is not None:
        (tmp_path / "mine.yaml").write_text(text)
    done = call("pricing", "list", "--catalog", tmp_path / "mine.yaml")
    assert done.code == 5, done
    assert said in done.err
    assert len(done.err.splitlines()) <= 3


RULES = {
    "unknown key": ("rules:\n  - when: {features: x}\n    tier: 1\n", "rules.yaml:2:11"),
    "no tier": ("rules:\n  - when: {feature: x}\n", "rules.yaml:2:5"),
    "no such tier": ("rules:\n  - when: {feature: x}\n    tier: 7\n", "rules.yaml:3:11"),
    "missing file": (None, "rules.yaml"),
}


@pytest.mark.parametrize("what", RULES)
def test_malformed_rules(call: Run, own_db: Path, tmp_path: Path, what: str) -> None:
    text, said = RULES[what]
    if text is not None:
        (tmp_path / "rules.yaml").write_text(text)
    before = rows_hash(own_db)
    done = call("tag", "--rules", "rules.yaml", "--db", own_db)
    assert done.code == 5, done
    assert said in done.err
    assert len(done.err.splitlines()) <= 3
    assert rows_hash(own_db) == before


SETTINGS = {
    "not TOML": ("db = \n", 5, "llmaudit.toml"),
    "unknown setting": ('databse = "x"\n', 2, "databse"),
    "number for a path": ("db = 5\n", 5, "db is 5"),
    "text for a list": ('catalog = "mine.yaml"\n', 5, "catalog"),
    "text for a flag": ('json = "no"\n', 5, "json"),
    "number for a time": ("since = 2026\n", 5, "since"),
}


@pytest.mark.parametrize("what", SETTINGS)
def test_malformed_settings(call: Run, tmp_path: Path, what: str) -> None:
    text, code, said = SETTINGS[what]
    (tmp_path / "llmaudit.toml").write_text(text)
    done = call("config")
    assert done.code == code, done
    assert said in done.err
    assert len(done.err.splitlines()) <= 3


def test_dates_in_settings_need_no_quotes(call: Run, small_db: Path, tmp_path: Path) -> None:
    (tmp_path / "llmaudit.toml").write_text("since = 2026-10-02\n")
    assert call("status", "--db", small_db, "--json").json["requests"] == 4


def test_a_database_of_someone_else(call: Run, tmp_path: Path) -> None:
    """A DuckDB file with other tables, or a file that is no database, is left as it is."""
    with duckdb.connect(str(tmp_path / "theirs.duckdb")) as connection:
        connection.execute("CREATE TABLE theirs AS SELECT 1 AS one")
    (tmp_path / "text.duckdb").write_text("not a database\n" * 1000)
    (tmp_path / "log.jsonl").write_bytes(GOOD)
    for name in ("theirs.duckdb", "text.duckdb"):
        before = (tmp_path / name).read_bytes()
        done = call("ingest", "log.jsonl", "--db", name)
        assert done.code != 0
        assert name in done.err
        assert "Traceback" not in done.err
        assert "bug in llmaudit" not in done.err
        assert (tmp_path / name).read_bytes() == before


@pytest.mark.parametrize(
    "line", ["tag", "tag --no-rules", "tag eval labels.jsonl --keep", "forget log.jsonl", "evals add labels.jsonl"]
)
def test_a_database_that_is_not_there_is_not_made(call: Run, tmp_path: Path, line: str) -> None:
    write_jsonl(tmp_path / "labels.jsonl", [{"case_id": "a", "tier": 0, "prompt": "Say hello."}])
    done = call(*line.split(), "--db", "none.duckdb")
    assert (done.code, "[no-database]" in done.err) == (5, True)
    assert list(tmp_path.glob("none.duckdb*")) == []


@pytest.mark.parametrize("line", ["tag sample", "shadow sample --share 1 --unit request"])
@pytest.mark.parametrize("name", ["to-label.csv", "to-label.jsonl"])
def test_a_folder_that_is_not_there_is_said(call: Run, tmp_path: Path, line: str, name: str) -> None:
    (tmp_path / "log.jsonl").write_bytes(GOOD)
    assert call("ingest", "log.jsonl", "--db", "a.duckdb").code == 0
    done = call(*line.split(), "--db", "a.duckdb", "--out", f"nowhere/{name}")
    assert (done.code, "[cannot-write]" in done.err) == (1, True)


@pytest.mark.parametrize("command", ["ingest log.jsonl", "status"])
def test_a_folder_is_no_database(call: Run, tmp_path: Path, command: str) -> None:
    (tmp_path / "log.jsonl").write_bytes(GOOD)
    (tmp_path / "folder").mkdir()
    done = call(*command.split(), "--db", "folder")
    assert (done.code, "folder is a folder" in done.err, "[not-a-database]" in done.err) == (5, True, True)


def test_a_database_in_a_folder_that_is_not_there(call: Run, tmp_path: Path) -> None:
    (tmp_path / "log.jsonl").write_bytes(GOOD)
    done = call("ingest", "log.jsonl", "--db", "nowhere/a.duckdb")
    assert (done.code, "no folder nowhere [cannot-write]" in done.err) == (1, True)


def test_a_file_that_is_no_database_is_left_as_it_is(tmp_path: Path, call: Run) -> None:
    other, foreign = tmp_path / "notes.txt", tmp_path / "theirs.duckdb"
    other.write_text("not a database\n" * 500)
    with duckdb.connect(str(foreign)) as connection:
        connection.execute("CREATE TABLE t AS SELECT 1 AS x")
    log = write_jsonl(tmp_path / "log.jsonl", [litellm_row("r1", "2026-10-01 08:00:00", prompt=10, completion=5)])
    for path, slug in ((other, "not-a-database"), (foreign, "foreign-database")):
        before = path.read_bytes()
        for command in (("ingest", log), ("status",)):
            done = call(*command, "--db", path)
            assert (done.code, f"[{slug}]" in done.err) == (5, True), done.err
        assert path.read_bytes() == before


def test_what_a_run_killed_at_its_start_leaves_is_a_new_database(tmp_path: Path, call: Run) -> None:
    path = tmp_path / "begun.duckdb"
    duckdb.connect(str(path)).close()
    log = write_jsonl(tmp_path / "log.jsonl", [litellm_row("r1", "2026-10-01 08:00:00", prompt=10, completion=5)])
    assert call("status", "--db", path).code == 5
    assert call("ingest", log, "--db", path).code == 0
    assert call("verify", "--db", path).code == 0
