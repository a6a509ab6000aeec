"""`llmaudit report`: the report from what is in the database."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from llmaudit.cli.inputs import catalog, nothing_in, open_store
from llmaudit.cli.options import command
from llmaudit.cli.output import answer, notice, warn, while_read
from llmaudit.cli.summary import show
from llmaudit.errors import UsageError
from llmaudit.settings import Settings

if TYPE_CHECKING:
    from llmaudit.audit import Audit

FORMATS = {".html": "html", ".htm": "html", ".md": "md", ".json": "json"}


def report(
    settings: Settings,
    out: Annotated[Path | None, typer.Option("--out", help="File to write; its ending names the format.")] = None,
    format: Annotated[str | None, typer.Option("--format", help="html, md or json.")] = None,  # noqa: A002
    plan: Annotated[list[str] | None, typer.Option("--plan", help="Preset or plan file; repeatable.")] = None,
) -> None:
    """Write the report of a database.

    Without --out and --format it prints the summary.

    If the period has neither requests nor bills it says so and ends with code 4.
    """
    from llmaudit.audit import DEFAULT_PLANS, conclude, gather, warnings_for_people

    with open_store(settings, read_only=True) as store:
        plans = [*dict.fromkeys([*DEFAULT_PLANS, *(plan or [])])]
        evidence = gather(store, catalog(settings), plans, settings.period)
    empty = nothing_in(evidence, or_bills=True)
    if empty and not settings.json:  # people get this instead of a page of zeros, which would read as a free month
        raise empty
    found = conclude(evidence)
    if out:
        write_report(found, out, format)
        notice(settings, f"report written to {out}")
    if format and not out:
        with while_read():
            sys.stdout.write(render(found, format))
    elif not out or settings.json:
        answer(settings, found, lambda: show(settings, found))
        if not settings.json:
            warn(settings, warnings_for_people(found))
    if empty:
        raise empty


def render(audit: Audit, form: str) -> str:
    """Return an audit as html, md or json text.

    Raises:
        UsageError: No such format.
    """
    if form == "json":
        from llmaudit.jsonform import to_text

        return to_text(audit)
    if form not in FORMATS.values():
        raise UsageError(
            f"--format {form}: there is no such report format", next_step="Use html, md or json.", slug="no-such-report"
        )
    from llmaudit import report as reports

    return reports.render_html(audit) if form == "html" else reports.render_markdown(audit)


def write_report(audit: Audit, out: Path, form: str | None = None) -> None:
    """Write an audit to a file, whole or not at all.

    Raises:
        UsageError: Neither the format nor the file's ending says what to write.
    """
    chosen = form or FORMATS.get(out.suffix.lower())
    if chosen is None:
        raise UsageError(
            f"--out {out}: its ending is not a report format",
            next_step="End it in .html, .md or .json, or add --format.",
            slug="no-such-report",
        )
    from llmaudit import report as reports

    reports.write(out, render(audit, chosen))


def register(app: typer.Typer) -> None:
    """Add the command."""
    command(app, report, "report", "llmaudit report --db october.duckdb --out report.html")
