"""`llmaudit audit`: from logs to report in one command."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from llmaudit.cli.cells import cells_and_logs, read_cells
from llmaudit.cli.inputs import catalog, nothing_in, open_store
from llmaudit.cli.options import AssumeTime, Ended, GatewayName, command
from llmaudit.cli.output import answer, notice, warn
from llmaudit.cli.reading import Reading, first_failure, read_logs
from llmaudit.cli.summary import show
from llmaudit.errors import LlmauditError
from llmaudit.settings import Settings

if TYPE_CHECKING:
    from llmaudit.catalog import Catalog
    from llmaudit.facts import Facts


def audit(
    settings: Settings,
    paths: Annotated[list[str], typer.Argument(help="Logs: files and folders; or cells files.")],
    plan: Annotated[list[str] | None, typer.Option("--plan", help="Preset or plan file; repeatable.")] = None,
    out: Annotated[Path | None, typer.Option("--out", help="Write the report here (.html, .md or .json).")] = None,
    format: Annotated[str | None, typer.Option("--format", help="Format of every file.")] = None,  # noqa: A002
    map: Annotated[  # noqa: A002 -- the flag is named so
        Path | None, typer.Option("--map", help="Column map (YAML) for files in no known format.")
    ] = None,
    rules: Annotated[Path | None, typer.Option("--rules", help="Your tier rules (YAML), tried first.")] = None,
    assume_time: AssumeTime = None,
    gateway: GatewayName = None,
) -> None:
    """Audit logs in one go: read, price, report.

    Ingests, tags, prices, evaluates plans, and writes the findings as a report.

    Without --db it uses a temporary database. Cells files (`llmaudit rollup`) are added up and need no database.
    """
    from llmaudit.audit import DEFAULT_PLANS, check_plans, conclude, evidence_of, warnings_for_people
    from llmaudit.cli.report import write_report
    from llmaudit.facts import added

    prices = catalog(settings)
    plans = [*dict.fromkeys([*DEFAULT_PLANS, *(plan or [])])]
    check_plans(plans, prices)
    cells, logs = cells_and_logs(paths)
    parts = read_cells(settings, prices, cells)
    failure = None
    if logs:
        read, failure = _facts_of_logs(settings, prices, Reading(logs, format, map, assume_time, gateway), rules)
        parts.append(read)
    evidence = evidence_of(added(parts), prices, plans)
    found = conclude(evidence)
    if out:
        write_report(found, out)
        notice(settings, f"report written to {out}")
    answer(settings, found, lambda: show(settings, found))
    if not settings.json:
        warn(settings, warnings_for_people(found))
    if failure:
        raise Ended(failure.exit_code)
    if empty := nothing_in(evidence, or_bills=True):
        raise empty


def _facts_of_logs(
    settings: Settings, prices: Catalog, reading: Reading, rules: Path | None
) -> tuple[Facts, LlmauditError | None]:
    """Return what logs tell, and the first error where some of them cannot be used."""
    from llmaudit.facts import facts_of
    from llmaudit.tiers.user_rules import keep_rules

    with open_store(settings, temporary=not settings.db_is_set) as store:
        if rules:
            keep_rules(store, rules)
        result = read_logs(settings, store, reading)
        failure = first_failure(result)
        if failure and not any(file.lines for file in result.files):
            raise Ended(failure.exit_code)
        return facts_of(store, prices, settings.period), failure


def register(app: typer.Typer) -> None:
    """Add the command."""
    command(app, audit, "audit", "llmaudit audit logs/ --out report.html")
