"""`llmaudit demo`: a first result without files of your own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from llmaudit.cli.audit import audit
from llmaudit.cli.inputs import catalog
from llmaudit.cli.options import command
from llmaudit.cli.output import answer, line, table
from llmaudit.errors import InputError
from llmaudit.money import shown
from llmaudit.settings import Settings

if TYPE_CHECKING:
    from llmaudit.plans.worked_example import WorkedExample


def demo(
    settings: Settings,
    worked_example: Annotated[
        bool, typer.Option("--worked-example", help="A worked example, with its arithmetic.")
    ] = False,
    out: Annotated[Path | None, typer.Option("--out", help="Write the report here.")] = None,
) -> None:
    """Audit the sample logs that ship with llmaudit.

    They are a month of an invented product.
    """
    if worked_example:
        _worked_example(settings)
        return
    audit(settings, month_logs(sample_folder()), out=out)


def month_logs(folder: Path) -> list[str]:
    """Return the logs of the invented month; the folder `formats` beside them holds one small sample a format."""
    return [str(folder / "claude_code"), *(str(path) for path in sorted(folder.glob("*.gz")))]


def sample_folder() -> Path:
    """Return the folder of the sample logs, in a wheel or in a checkout.

    Raises:
        InputError: The installation lacks them.
    """
    package = Path(__file__).resolve().parents[1]
    for folder in (package / "sample_logs", package.parent / "sample_logs"):
        if folder.is_dir():
            return folder
    raise InputError(
        "the sample logs are not installed", next_step="Install llmaudit from its wheel.", slug="no-samples"
    )


def _worked_example(settings: Settings) -> None:
    from llmaudit.findings.savings import plan_row
    from llmaudit.plans.worked_example import work

    prices = catalog(settings)
    example = work(prices)
    row = plan_row(example.plan)
    document: dict[str, Any] = {
        "schema": "llmaudit/demo/1",
        "catalog_version": prices.version,
        "requests": example.requests,
        "before_usd": example.plan.actual_usd,
        "after_usd": example.plan.cost_usd,
        "savings_usd": row.savings_usd,
        "savings_pct": row.savings_pct,
        "markup_5_usd": example.markup_5_usd,
        "markup_10_usd": example.markup_10_usd,
        "legs": row.legs,
        "note": "Markups apply to the new spend. The $1,920 and $3,840 quoted elsewhere imply a base of $38,400.",
    }
    answer(settings, document, lambda: _show(settings, example, document))


def _show(settings: Settings, example: WorkedExample, document: dict[str, Any]) -> None:
    line(
        f"Before: {example.requests:,} requests x 800 tokens x $7 per million = {shown(document['before_usd'])} a month"
    )
    rows = [
        [leg.tier, leg.kind, leg.model or "", f"{leg.requests:,}", shown(leg.cost_usd)]
        for leg in sorted(document["legs"], key=lambda leg: (leg.tier, leg.kind))
    ]
    table(settings, "After, by tier", ["tier", "", "model", "requests", "cost"], rows, left=(0, 1, 2))
    line(f"After: {shown(document['after_usd'])}, a saving of {document['savings_pct']:.1f}%")
    line(f"A 5% gateway adds {shown(document['markup_5_usd'])}, a 10% gateway {shown(document['markup_10_usd'])}.")
    line(document["note"])


def register(app: typer.Typer) -> None:
    """Add the command."""
    command(app, demo, "demo", "llmaudit demo --out report.html")
