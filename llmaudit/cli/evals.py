"""`llmaudit evals`: add and list outcomes of single answers (judges, people, conversions)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from llmaudit.cli.inputs import catalog, open_store
from llmaudit.cli.options import command
from llmaudit.cli.output import answer, line, table, warn
from llmaudit.errors import printable
from llmaudit.settings import Settings

if TYPE_CHECKING:
    from llmaudit.evals.keep import OutcomeFile
    from llmaudit.plans.quality import Outcomes


def add(
    settings: Settings,
    files: Annotated[list[Path], typer.Argument(help="Outcomes: JSON lines, CSV or Parquet (docs/evals.md).")],
) -> None:
    """Add outcomes to the database.

    Outcomes are scores of answers by judges, people or conversions. Adding them twice changes nothing.
    """
    from llmaudit.evals.keep import add as add_files
    from llmaudit.evals.keep import total_of

    prices = catalog(settings)
    with open_store(settings, existing=True) as store:
        read = add_files(store, prices, files)
    totals = total_of(read)
    document = {"schema": "llmaudit/evals-add/1", "files": read, "totals": totals}
    answer(settings, document, lambda: _show_files(settings, read, totals))


def _show_files(settings: Settings, read: list[OutcomeFile], totals: dict[str, int]) -> None:
    rows = [[file.path, *(f"{getattr(file, name):,}" for name in totals), file.skipped or ""] for file in read]
    rows.append(["total", *(f"{count:,}" for count in totals.values()), ""])
    table(settings, "Outcomes", ["file", *totals, ""], rows, left=(0, 6))
    for file in read:
        for problem in file.problems:
            line(f"  {printable(file.path)}: {problem}")


def list_outcomes(
    settings: Settings,
    metric: Annotated[
        str | None, typer.Option("--metric", help="The metric; by default the one with most pairs.")
    ] = None,
) -> None:
    """List the outcomes and the pairs they make.

    Two scored answers to the same case are a pair.
    """
    from llmaudit.evals.keep import summary
    from llmaudit.evals.match import paired_outcomes
    from llmaudit.rollup import keyed_requests

    prices = catalog(settings)
    with open_store(settings, read_only=True) as store:
        rows, files = summary(store)
        with keyed_requests(store, prices, settings.period):
            found = paired_outcomes(store, prices, metric)
    document: dict[str, Any] = {
        "schema": "llmaudit/evals-list/1",
        "files": files,
        "outcomes": rows,
        "paired": None if found is None else pairs_document(found),
        "warnings": [] if found else ["no case has two scored answers, so nothing can be certified"],
    }

    def people() -> None:
        cells = [[row.metric, row.source, row.model, f"{row.outcomes:,}", row.mean] for row in rows]
        table(settings, "Outcomes", ["metric", "source", "model", "outcomes", "mean"], cells, left=(0, 1, 2))
        if found is not None:
            show_pairs(settings, found)

    answer(settings, document, people)
    if not settings.json:
        warn(settings, document["warnings"])


def pairs_document(found: Outcomes) -> dict[str, Any]:
    """Return paired outcomes for JSON."""
    return {
        "metric": found.metric,
        "cases": found.cases,
        "sources": found.sources,
        "unpaired": found.unpaired,
        "unmatched": found.unmatched,
        "other_metrics": found.other_metrics,
        "by_models": [
            {"models": [first, second], "cases": len(cases)}
            for (first, second), cases in sorted(found.pairs.items())
            if first < second
        ],
    }


def show_pairs(settings: Settings, found: Outcomes) -> None:
    """Print the pairs by models."""
    rows = [
        [first, second, f"{len(cases):,}", f"{_mean(cases, 'before'):.4f}", f"{_mean(cases, 'after'):.4f}"]
        for (first, second), cases in sorted(found.pairs.items())
        if first < second
    ]
    title = f"Pairs by {found.metric}"
    table(settings, title, ["model", "other", "cases", "score", "other's"], rows, left=(0, 1))
    for text in pair_notes(found):
        line(text)


def _mean(cases: list[Any], name: str) -> float:
    return float(sum(getattr(case, name) for case in cases) / len(cases))


def pair_notes(found: Outcomes) -> list[str]:
    """Return sentences on outcomes that are not used."""
    notes = []
    if found.unpaired:
        notes.append(
            f"{found.unpaired:,} outcomes or cases have no second answer to compare with, so they prove nothing"
        )
    if found.unmatched:
        notes.append(f"{found.unmatched:,} pairs belong to no feature, tier or task")
    if found.other_metrics:
        others = ", ".join(f"{printable(name)} ({count:,})" for name, count in found.other_metrics.items())
        notes.append(f"other metrics with pairs, not used here: {others}; choose with --metric")
    return notes


def register(app: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(help="Outcomes of answers: evals, human scores, conversions.", no_args_is_help=True,
                        rich_markup_mode=None)  # fmt: skip
    command(group, add, "add", "llmaudit evals add evals.jsonl")
    command(group, list_outcomes, "list", "llmaudit evals list")
    app.add_typer(group, name="evals")
