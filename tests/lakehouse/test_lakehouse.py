"""Requests on a data platform: the SQL that is handed out, run by another engine, gives the cells of `rollup`."""

from __future__ import annotations

import re
import shutil
import subprocess
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import sqlglot
from builders import catalog_text, litellm_row, sku_text, write_jsonl
from running import Run, run_here

from llmaudit.catalog import Catalog
from llmaudit.cellsfile import load
from llmaudit.facts import Facts, added
from llmaudit.summaries.latency import LatencyBucket

ZONE = ("--timezone", "America/New_York", "--since", "2026-10-02T00:00", "--until", "2026-10-20T12:00")


MODELS = (("openai", "gpt-5.6-sol"), ("anthropic", "claude-opus-4-6"), ("nobody", "this"), ("nobody", "that"))


def rows(first: int, count: int) -> list[dict[str, Any]]:
    """Return spend-log rows of four models, seven features and 25 days; every fifth is a retry of one that failed."""
    return [_row(number) for number in range(first, first + count)]


def _row(number: int) -> dict[str, Any]:
    provider, model = MODELS[number % 4]
    start = f"2026-10-{1 + number % 25:02d} {number % 24:02d}:30:0"
    row = litellm_row(
        f"r-{number}",
        f"{start}0",
        model=model,
        provider=provider,
        prompt=900 * number,
        completion=number,
        cached=100 * (number % 3),
        spend=f"{number}e-4",
        tags=[f"feature:{number % 7}"],
        failed="500" if number % 5 == 1 else None,
        call=f"c-{number - (number % 5 == 2)}",
    )
    return row | {"endTime": f"{start}{1 + number % 8}"}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two databases of different logs, exported side by side as one table; and what `llmaudit rollup` makes of them."""
    folder = tmp_path_factory.mktemp("made")
    (folder / "lake").mkdir()
    for name, first in (("one", 1), ("two", 500)):
        write_jsonl(folder / f"{name}.jsonl", rows(first, 300))
        for command in (
            ["ingest", f"{name}.jsonl"],
            ["tag"],
            ["export", "--to", name],
            ["rollup", "--out", f"{name}-all.parquet"],
            ["rollup", "--out", f"{name}-zone.parquet", *ZONE],
        ):
            assert run_here(folder, *command, "--db", f"{name}.duckdb").code == 0, command
        (folder / name / "requests.parquet").rename(folder / "lake" / f"{name}.parquet")
    return folder


@pytest.fixture
def lake(made: Path, tmp_path: Path) -> Path:
    """The table, for one test."""
    shutil.copytree(made / "lake", tmp_path / "lake")
    return tmp_path / "lake"


def run_sql(script: Path) -> None:
    """Run a script as the user does: on an engine that knows nothing of llmaudit."""
    with duckdb.connect() as engine:
        engine.execute(script.read_text(encoding="utf-8"))


def rolled_up(call: Run, lake: Path, *options: str, top: int | None = None) -> Path:
    """Take a table through the three steps; the cells file lies beside it."""
    job, out = lake.parent / "job", lake.parent / "lake-cells.parquet"
    assert (
        call("lakehouse", "names", str(job), "--engine", "duckdb", "--table", f"{lake}/*.parquet", *options).code == 0
    )
    run_sql(job / "names.sql")
    assert call("lakehouse", "rollup", str(job), *(("--top", str(top)) if top else ())).code == 0
    run_sql(job / "rollup.sql")
    assert call("lakehouse", "collect", str(job), "--out", str(out)).code == 0
    return out


def facts_by_rollup(made: Path, catalog: Catalog, which: str) -> Facts:
    """Return what `llmaudit rollup` makes of the two databases, added up."""
    return added([load(made / f"{name}-{which}.parquet", catalog) for name in ("one", "two")])


@pytest.mark.parametrize(("which", "options"), [("all", ()), ("zone", ZONE)], ids=["all", "zone"])
def test_cells_equal_those_of_rollup(
    call: Run, made: Path, lake: Path, catalog: Catalog, which: str, options: tuple[str, ...]
) -> None:
    """The other way to the same cells is each database's own rollup, added up."""
    there = load(rolled_up(call, lake, *options), catalog)
    here = facts_by_rollup(made, catalog, which)
    assert len(here.cells) > 100
    assert sorted(map(repr, there.cells)) == sorted(map(repr, here.cells))
    assert there.summaries[LatencyBucket] == here.summaries[LatencyBucket]
    assert there.tagged_by == here.tagged_by
    assert there.period == here.period
    assert [(one.row.path, one.content) for one in there.sources] == [
        (one.row.path, one.content) for one in here.sources
    ]


def test_every_step_answers_with_one_document(call: Run, lake: Path) -> None:
    """Each names its schema; counts and amounts are those of the table."""
    begun = call("lakehouse", "names", "job", "--engine", "duckdb", "--table", f"{lake}/*.parquet", "--json").json
    assert (begun["schema"], begun["sql"]) == ("llmaudit/lakehouse-names/1", "job/names.sql")
    run_sql(Path("job/names.sql"))
    told = call("lakehouse", "rollup", "job", "--json").json
    assert (told["schema"], told["requests"], told["files"]) == ("llmaudit/lakehouse-rollup/1", 600, 2)
    run_sql(Path("job/rollup.sql"))
    done = call("lakehouse", "collect", "job", "--out", "cells.parquet", "--json").json
    assert (done["schema"], done["requests"]) == ("llmaudit/lakehouse-collect/1", 600)
    assert Decimal(done["spend_usd"]) == Decimal(45_150 + 194_850) / 10_000  # the sums of 1 to 300 and 500 to 799


def test_an_audit_of_them_has_the_same_spend(call: Run, lake: Path, tmp_path: Path) -> None:
    """Spend is a sum of cells; what needs more than cells is said to be missing."""
    cells = rolled_up(call, lake)
    write_jsonl(tmp_path / "both.jsonl", rows(1, 300) + rows(500, 300))
    of_logs, of_cells = call("audit", "both.jsonl", "--json").json, call("audit", str(cells), "--json").json
    assert of_cells["spend"] == of_logs["spend"]
    assert any("was made without" in warning and "`billed`" in warning for warning in of_cells["warnings"])


def test_crowded_names_are_merged(call: Run, lake: Path, catalog: Catalog) -> None:
    """Of seven features and two unknown models one each is kept apart; those the catalog knows always are."""
    facts = load(rolled_up(call, lake, top=1), catalog)
    assert {cell.feature for cell in facts.cells} == {"1", "(other)"}  # 86 requests, as 3 to 6 have; 0 and 2 have 85
    models = {cell.model for cell in facts.cells}
    assert {"openai/gpt-5.6-sol", "anthropic/claude-opus-4-6", "(other)"} <= models
    assert len(models) == 4
    assert sum(cell.requests for cell in facts.cells) == 600
    assert [note for note in facts.notes if note.startswith("6 values of feature beyond the 1 with most requests")]


def test_files_in_both_are_not_added_twice(call: Run, made: Path, lake: Path) -> None:
    """Cells of a lakehouse know their files, as those of a database do."""
    ran = call("rollup", str(rolled_up(call, lake)), str(made / "one-all.parquet"), "--out", "sum.parquet")
    assert ran.code == 2
    assert "cells-twice" in ran.err


def test_each_step_says_what_it_waits_for(call: Run, lake: Path, tmp_path: Path) -> None:
    """A step too early, a table that changed, a catalog that changed: an error with the next step, and no file."""
    job = tmp_path / "job"
    assert "no-job" in call("lakehouse", "rollup", "job").err
    call("lakehouse", "names", "job", "--engine", "duckdb", "--table", f"{lake}/*.parquet")
    assert "names-" in call("lakehouse", "rollup", "job").err
    run_sql(job / "names.sql")
    assert "rollup.json" in call("lakehouse", "collect", "job", "--out", "cells.parquet").err
    assert call("lakehouse", "rollup", "job").code == 0
    assert "cells-" in call("lakehouse", "collect", "job", "--out", "cells.parquet").err
    (lake / "two.parquet").unlink()
    run_sql(job / "rollup.sql")
    changed = call("lakehouse", "collect", "job", "--out", "cells.parquet")
    assert changed.code == 5
    assert "the cells hold 300 requests, and the table held 600" in changed.err
    (tmp_path / "mine.yaml").write_text(catalog_text("nobody", sku_text("this", ["usd_per_million: {input: 8}"])))
    other = call("lakehouse", "collect", "job", "--out", "cells.parquet", "--catalog", "mine.yaml")
    assert "cells-of-another-catalog" in other.err
    assert not (tmp_path / "cells.parquet").exists()


def test_what_was_made_by_another_catalog_or_period_is_not_taken(call: Run, lake: Path, tmp_path: Path) -> None:
    """A step that was done again wants the SQL behind it run again, too: what lies there is of the step before."""
    rolled_up(call, lake)
    (tmp_path / "mine.yaml").write_text(catalog_text("nobody", sku_text("this", ["usd_per_million: {input: 8}"])))
    assert call("lakehouse", "rollup", "job", "--catalog", "mine.yaml").code == 0
    stale = call("lakehouse", "collect", "job", "--out", "again.parquet", "--catalog", "mine.yaml")
    assert (stale.code, "cells-" in stale.err) == (5, True)
    call("lakehouse", "names", "job", "--engine", "duckdb", "--table", f"{lake}/*.parquet", "--month", "2026-10")
    assert "names-" in call("lakehouse", "rollup", "job").err
    run_sql(tmp_path / "job" / "names.sql")
    assert "another table or period" in call("lakehouse", "collect", "job", "--out", "again.parquet").err


def test_what_came_back_is_not_trusted(call: Run, lake: Path, tmp_path: Path) -> None:
    """Other columns, damaged files, another job: each is one clear error."""
    rolled_up(call, lake)
    job = tmp_path / "job"
    (part,) = [path for path in job.glob("cells-*/*.parquet") if path.stat().st_size][:1]
    good = part.read_bytes()
    for bad in (good[: len(good) // 2], b"", _without_a_column(part, tmp_path)):
        part.write_bytes(bad)
        ran = call("lakehouse", "collect", "job", "--out", "again.parquet")
        assert (ran.code, "no-job" in ran.err) == (5, True)
    part.write_bytes(good)
    asked = (job / "job.json").read_text(encoding="utf-8")
    (job / "job.json").write_text(asked.replace('"UTC"', '"UTC\') FROM x; DROP TABLE y; --"'), encoding="utf-8")
    assert "unsafe-name" in call("lakehouse", "rollup", "job").err
    (job / "job.json").write_text('{"schema": "llmaudit/lakehouse-job/9"}')
    assert "no-job" in call("lakehouse", "collect", "job", "--out", "again.parquet").err


def _without_a_column(part: Path, folder: Path) -> bytes:
    table = pq.read_table(part)
    pq.write_table(table.drop_columns(["sum_output_tokens"]), folder / "narrow.parquet")
    return (folder / "narrow.parquet").read_bytes()


@pytest.mark.parametrize("name", ["lake'; DROP TABLE x; --", "a`b", "a\nb", "{path}", ""])
def test_names_cannot_leave_their_place(call: Run, name: str) -> None:
    """Names stand in a SQL text: what could end them is refused."""
    ran = call("lakehouse", "names", "job", "--table", name)
    assert (ran.code, "unsafe-name" in ran.err) == (2, True)
    assert "unsafe-name" in call("lakehouse", "names", "job", "--table", "t", "--at", name or "'").err


def test_an_empty_table(call: Run, lake: Path) -> None:
    """A period without requests has nothing to roll up."""
    call("lakehouse", "names", "job", "--engine", "duckdb", "--table", f"{lake}/*.parquet", "--month", "2025-01")
    run_sql(Path("job/names.sql"))
    ran = call("lakehouse", "rollup", "job")
    assert (ran.code, "no-requests" in ran.err) == (5, True)


def test_what_is_written_for_spark_is_spark(call: Run, lake: Path) -> None:
    """Every query is read again as Spark's, and stands on no path of this machine but the one that was named."""
    call("lakehouse", "names", "job", "--table", "lake.llm.requests", "--at", "s3a://bucket/job/", *ZONE)
    script = Path("job/names.sql").read_text(encoding="utf-8")
    assert "FROM lake.llm.requests" in script
    # Spark's, and unknown to sqlglot:
    (target,) = re.findall(r"INSERT OVERWRITE DIRECTORY 's3a://bucket/job/names-\w+' USING parquet", script)
    assert str(lake.parent) not in script
    assert [one for one in sqlglot.parse(script.replace(target, ""), read="spark") if one]


@pytest.mark.skipif(shutil.which("spark-sql") is None, reason="no spark-sql: pip install pyspark, and Java 17")
def test_spark_finds_the_same(call: Run, made: Path, lake: Path, tmp_path: Path, catalog: Catalog) -> None:
    """The same on Apache Spark itself, over the same Parquet files."""
    call("lakehouse", "names", "job", "--table", str(lake), *ZONE)
    for step in ("names", "rollup"):
        if step == "rollup":
            assert call("lakehouse", "rollup", "job").code == 0
        subprocess.run(["spark-sql", "-f", f"job/{step}.sql"], cwd=tmp_path, check=True, capture_output=True)
    assert call("lakehouse", "collect", "job", "--out", "spark.parquet").code == 0
    there, here = load(tmp_path / "spark.parquet", catalog), facts_by_rollup(made, catalog, "zone")
    assert sorted(map(repr, there.cells)) == sorted(map(repr, here.cells))
    assert there.summaries[LatencyBucket] == here.summaries[LatencyBucket]


def test_engines_may_write_other_widths(call: Run, lake: Path, catalog: Catalog, tmp_path: Path) -> None:
    """Wider integers and decimals and times with a zone, as other engines write them, are the same cells."""
    before = load(rolled_up(call, lake), catalog)
    for part in (tmp_path / "job").glob("cells-*/*.parquet"):
        table = pq.read_table(part)
        wider = [_wider(field) for field in table.schema]
        pq.write_table(table.cast(pa.schema(wider)), part)
    assert call("lakehouse", "collect", "job", "--out", "wider.parquet").code == 0
    assert load(tmp_path / "wider.parquet", catalog).cells == before.cells


def _wider(field: pa.Field) -> pa.Field:
    if pa.types.is_integer(field.type):
        return field.with_type(pa.int64())
    if pa.types.is_timestamp(field.type):
        return field.with_type(pa.timestamp("us", "UTC"))
    return field
