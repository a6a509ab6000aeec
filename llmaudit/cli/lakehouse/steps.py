"""The three steps of `llmaudit lakehouse`; between them the user runs SQL where the requests are."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from llmaudit.cli.inputs import catalog
from llmaudit.cli.options import chosen
from llmaudit.cli.output import answer, line, warn
from llmaudit.cli.rollup import check_parquet, rollup_document, show_rollup
from llmaudit.errors import printable
from llmaudit.settings import Settings

_Job = Annotated[Path, typer.Argument(help="The job's folder, which you copy to the engine and back.")]


def names(
    settings: Settings,
    job: _Job,
    table: Annotated[str, typer.Option("--table", help="The exported requests: a table, or a path of Parquet files.")],
    engine: Annotated[str, typer.Option("--engine", help="spark, databricks or duckdb.")] = "spark",
    at: Annotated[
        str | None, typer.Option("--at", help="The job's folder as the engine sees it, such as s3a://…")
    ] = None,
) -> None:
    """Step 1: write the SQL that lists models and days.

    It lists which models, features and days a table of requests has.

    The table is what `llmaudit export` wrote, of one database or of many.
    """
    from llmaudit.lakehouse.job import begin
    from llmaudit.lakehouse.words import ENGINES

    script = begin(job, chosen("--engine", engine, list(ENGINES)), table, at, settings.period)
    document = {"schema": "llmaudit/lakehouse-names/1", "engine": engine, "table": table, "sql": str(script)}

    def people() -> None:
        line(f"Run {printable(str(script))} where the table is, with the folder where it can be written to,")
        line(f"then: llmaudit lakehouse rollup {printable(str(job))}")

    answer(settings, document, people)


def rollup(
    settings: Settings,
    job: _Job,
    top: Annotated[
        int | None, typer.Option("--top", min=1, help="Features, teams and unknown models kept apart (5,000).")
    ] = None,
) -> None:
    """Step 2: write the SQL of the rollup.

    It needs the names that step 1 listed, and writes the catalog's tables beside the SQL.
    """
    from llmaudit.crowded import TOP
    from llmaudit.lakehouse.names import names_of, tables_of, write_rollup

    prices = catalog(settings)
    found = names_of(job)
    tables = tables_of(found, prices, top or TOP)
    script = write_rollup(job, found, tables, prices)
    document = {
        "schema": "llmaudit/lakehouse-rollup/1",
        "catalog_version": prices.version,
        "requests": found.requests,
        "files": len(found.files),
        "sql": str(script),
        "warnings": tables.notes,
    }

    def people() -> None:
        line(
            f"{found.requests:,} requests of {len(found.files):,} files."
            f" Run {printable(str(script))} where the table is,"
        )
        line(f"then: llmaudit lakehouse collect {printable(str(job))} --out cells.parquet")

    answer(settings, document, people)
    if not settings.json:
        warn(settings, tables.notes)


def collect(
    settings: Settings,
    job: _Job,
    out: Annotated[Path, typer.Option("--out", help="The cells file to write (.parquet).")],
) -> None:
    """Step 3: check the cells and write a cells file.

    `llmaudit audit` reads the file.
    """
    from llmaudit.cellsfile import save
    from llmaudit.lakehouse.collect import collected
    from llmaudit.lakehouse.names import names_of

    check_parquet(out)
    prices = catalog(settings)
    facts = collected(job, names_of(job), prices)
    save(facts, prices, out)
    document = rollup_document(facts, prices, out, "llmaudit/lakehouse-collect/1")
    answer(settings, document, lambda: show_rollup(document))
    if not settings.json:
        warn(settings, list(facts.notes))
