"""`llmaudit shadow off-policy`: another policy's quality from a randomised router's log."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from llmaudit.cli.options import command
from llmaudit.cli.output import answer, line, table
from llmaudit.cli.shadow.common import plain
from llmaudit.errors import printable
from llmaudit.settings import Settings


def off_policy(
    settings: Settings,
    log: Annotated[Path, typer.Argument(help="Log of a randomised router (JSON lines, CSV or Parquet).")],
    target: Annotated[str | None, typer.Option("--target", help="Model that the policy would always choose.")] = None,
) -> None:
    """Estimate another policy's quality from a randomised log.

    The estimate is doubly robust and refused where the log and the policy do not overlap.

    Columns: model, propensity, score; if known also cohort or tier, user_id, and target (what the policy would choose).
    """
    from llmaudit.shadow.offpolicy import evaluate
    from llmaudit.shadow.randomised import read_randomised

    found = evaluate(read_randomised(log, target))
    document = {"schema": "llmaudit/shadow-off-policy/1", **plain(found)}

    def people() -> None:
        rows = [
            ["doubly robust", f"{found.value:.4f}", f"{found.low:.4f} to {found.high:.4f}"],
            ["inverse propensity", f"{found.ips:.4f}", ""],
            ["cohort means", f"{found.direct:.4f}", ""],
            ["the log as it was", f"{found.logged:.4f}", ""],
        ]
        table(settings, f"Quality of {printable(found.target)}", ["", "score", "95% interval"], rows)
        line(f"{found.matching:,} of {found.requests:,} requests match, worth {found.effective:,.0f}.")

    answer(settings, document, people)


def register(group: typer.Typer) -> None:
    """Add the command."""
    command(group, off_policy, "off-policy", "llmaudit shadow off-policy log.jsonl --target openai/gpt-5.6-luna")
