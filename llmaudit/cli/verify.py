"""`llmaudit verify`: the database against its own ledger."""

from __future__ import annotations

import typer

from llmaudit.cli.inputs import open_store
from llmaudit.cli.options import Ended, command
from llmaudit.cli.output import answer, table
from llmaudit.errors import Exit
from llmaudit.settings import Settings


def verify(settings: Settings) -> None:
    """Recount everything and compare it with the ledger.

    Ends with 3 if something differs. Every block of the file is read, so damage is noticed too.
    """
    from llmaudit.ingest.verify import verify as verified

    with open_store(settings, read_only=True) as store:
        checks = verified(store)
    ok = all(check.ok for check in checks)
    answer(
        settings,
        {"schema": "llmaudit/verify/1", "ok": ok, "checks": checks},
        lambda: table(
            settings,
            "Verified",
            ["check", "", "detail"],
            [[check.name, "ok" if check.ok else "WRONG", check.detail] for check in checks],
            left=(0, 1, 2),
        ),
    )
    if not ok:
        raise Ended(Exit.GATE)


def register(app: typer.Typer) -> None:
    """Add the command."""
    command(app, verify, "verify", "llmaudit verify --db october.duckdb")
