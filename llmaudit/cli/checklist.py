"""`llmaudit checklist`: the seven-point gateway checklist."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from llmaudit.cli.inputs import catalog, nothing_in, open_store
from llmaudit.cli.options import command
from llmaudit.cli.output import answer, line, table
from llmaudit.errors import printable
from llmaudit.settings import Settings

if TYPE_CHECKING:
    from llmaudit.findings.checklist import Checklist


def checklist(settings: Settings) -> None:
    """Answer the seven-point gateway checklist from the logs.

    A question on which the logs show nothing is answered `no-evidence`, never `pass`. Without any requests the
    command ends with code 4.
    """
    from llmaudit.audit import gather
    from llmaudit.findings.checklist import find

    with open_store(settings, read_only=True) as store:
        evidence = gather(store, catalog(settings), [], settings.period)
    found = find(evidence)
    caveat = found.caveat if found else "There are no requests in the period, so no question has an answer."
    document = {
        "schema": "llmaudit/checklist/1",
        "catalog_version": evidence.catalog.version,
        "timezone": evidence.period.timezone,
        "items": found.items if found else [],
        "counts": found.counts if found else {},
        "caveat": caveat,
    }
    answer(settings, document, lambda: _show(settings, found) if found else None)
    if empty := nothing_in(evidence):
        raise empty


def _show(settings: Settings, found: Checklist) -> None:
    rows = [[number, item.title, item.status] for number, item in enumerate(found.items, start=1)]
    table(settings, "Gateway checklist, from the logs", ["", "question", "answer"], rows, left=(1, 2))
    for number, item in enumerate(found.items, start=1):
        line(f"{number} {item.title}: {item.status}")
        for sentence in item.evidence:
            line(f"    {printable(sentence, 400)}")
        line(f"    next: {item.next_step}")
    line()
    line(found.caveat)


def register(app: typer.Typer) -> None:
    """Add the command."""
    command(app, checklist, "checklist", "llmaudit checklist --db october.duckdb")
