"""`llmaudit audit`: everything in one go."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from llmaudit.cli.options import Ended, command
from llmaudit.cli.output import answer, notice, warn
from llmaudit.cli.summary import show
from llmaudit.cli.work import catalog, first_failure, open_store, read_logs
from llmaudit.settings import Settings


def audit(
    settings: Settings,
    paths: Annotated[list[str], typer.Argument(help="Logs: files and folders.")],
    plan: Annotated[list[str] | None, typer.Option("--plan", help="Preset or plan file; repeatable.")] = None,
    out: Annotated[Path | None, typer.Option("--out", help="Write the report here (.html, .md or .json).")] = None,
    format: Annotated[str | None, typer.Option("--format", help="Format of every file.")] = None,  # noqa: A002
    map: Annotated[  # noqa: A002 -- the flag is named so
        Path | None, typer.Option("--map", help="Column map (YAML) for files in no known format.")
    ] = None,
    rules: Annotated[Path | None, typer.Option("--rules", help="Your tier rules (YAML), tried first.")] = None,
) -> None:
    """Ingest, tag, price, evaluate plans, find, report: everything in one go.

    Without --db it works in a temporary database.
    """
    from llmaudit.audit import DEFAULT_PLANS, conclude, gather
    from llmaudit.cli.report import write_report
    from llmaudit.tiers.user_rules import keep_rules

    with open_store(settings, temporary=not settings.db_is_set) as store:
        if rules:
            keep_rules(store, rules)
        result = read_logs(settings, store, paths, format, column_map=map)
        failure = first_failure(result)
        if failure and not any(file.lines for file in result.files):
            raise Ended(failure.exit_code)
        evidence = gather(store, catalog(settings), [*dict.fromkeys([*DEFAULT_PLANS, *(plan or [])])], settings.period)
    found = conclude(evidence)
    if out:
        write_report(found, out)
        notice(settings, f"report written to {out}")
    answer(settings, found, lambda: show(settings, found))
    if not settings.json:
        warn(settings, found.warnings)
    if failure:
        raise Ended(failure.exit_code)


def register(app: typer.Typer) -> None:
    """Add the command."""
    command(app, audit, "audit", "llmaudit audit logs/ --out report.html")
