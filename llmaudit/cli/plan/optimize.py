"""`llmaudit plan optimize`: the cheapest plan that outcomes allow, within limits."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from llmaudit.cli.evals import pair_notes, pairs_document
from llmaudit.cli.inputs import catalog
from llmaudit.cli.options import command
from llmaudit.cli.output import answer, line, notice, or_unanswered, percent, table, warn
from llmaudit.cli.plan.choosable import By, Evals, Metric, read_choosable
from llmaudit.cli.plan.limits import (
    Ceiling,
    Floor,
    KeepTier,
    Latency,
    Margin,
    MaxModels,
    Models,
    Providers,
    Unproven,
    limits_of,
)
from llmaudit.errors import printable
from llmaudit.money import shown
from llmaudit.settings import Settings

if TYPE_CHECKING:
    from llmaudit.findings.savings import PlanRow
    from llmaudit.plans.optimize import Board, Chosen
    from llmaudit.plans.quality import Outcomes

SCHEMA = "llmaudit/plan-optimize/1"
PARTS = ("cohorts_by", "outcomes", "promise", "moves", "stays", "plan", "text", "file")
"""What the document holds of a plan; null where none can be chosen."""

MOST_SHOWN = 40
"""Cohorts that are listed on the terminal; the plan and the JSON have all."""


def optimize(
    settings: Settings,
    evals: Evals = None,
    margin: Margin = 0.01,
    floor: Floor = None,
    latency_p95: Latency = None,
    cost_ceiling: Ceiling = None,
    providers: Providers = None,
    max_models: MaxModels = None,
    models: Models = None,
    keep_tier: KeepTier = None,
    allow_unproven: Unproven = False,
    by: By = None,
    metric: Metric = None,
    name: Annotated[str, typer.Option("--name", help="The plan's name.")] = "optimized",
    out: Annotated[Path | None, typer.Option("--out", help="Where to write the plan (.yaml).")] = None,
) -> None:
    """Find the cheapest plan that is good enough.

    Picks a model for every cohort, with a loss of quality that paired outcomes bound. Cohorts without outcomes stay
    where they are. Ends with 4 if no plan keeps every limit, and names the limit that
    binds.
    """
    from llmaudit.findings.savings import plan_row
    from llmaudit.plans import evaluate
    from llmaudit.plans.optimize import choose
    from llmaudit.plans.optimize.write import plan_of, plan_text
    from llmaudit.report.write import write

    prices = catalog(settings)
    limits = limits_of(
        prices, margin=margin, floor=floor, latency_p95=latency_p95, cost_ceiling=cost_ceiling, providers=providers,
        max_models=max_models, models=models, keep_tier=keep_tier, allow_unproven=allow_unproven,
    )  # fmt: skip
    known = {"catalog_version": prices.version, "timezone": settings.timezone}
    with or_unanswered(settings, SCHEMA, PARTS, **known):
        found = read_choosable(settings, prices, limits, evals, metric, by)
        chosen = choose(found.board)
    plan = plan_of(chosen, name, limits)
    row = plan_row(evaluate(plan, found.cells, prices, chosen.certified, found.ratios))
    if out:
        write(out, plan_text(plan))
        notice(settings, f"plan written to {out}")
    warnings = warnings_of(found.board, chosen, found.outcomes)
    document = {
        "schema": SCHEMA,
        **known,
        "cohorts_by": list(chosen.grain.labels),
        "outcomes": None if found.outcomes is None else pairs_document(found.outcomes),
        "promise": chosen.promise,
        "moves": chosen.moves,
        "stays": chosen.stays,
        "plan": row,
        "text": plan_text(plan),
        "file": None if out is None else str(out),
        "warnings": warnings,
    }
    answer(settings, document, lambda: _show(settings, chosen, row, None if out else plan_text(plan)))
    if not settings.json:
        warn(settings, warnings)


def warnings_of(made: Board, chosen: Chosen, outcomes: Outcomes | None) -> list[str]:
    """Return what a reader has to know before quoting the plan."""
    found = [f"{printable(name)} {why}" for name, why in made.left_out.items()]
    if outcomes is not None:
        found += pair_notes(outcomes)
    if chosen.promise.unproven_share:
        found.append(
            f"{chosen.promise.unproven_share:.1%} of the requests move unproven: nothing is promised about them"
        )
    return found


def _show(settings: Settings, chosen: Chosen, row: PlanRow, text: str | None) -> None:
    from llmaudit.plans.optimize.write import promise_text

    cells = [
        [
            move.cohort,
            move.model_before,
            move.model,
            f"{move.requests:,}",
            f"{move.pairs:,}",
            *(None if value is None else f"{value:+.4f}" for value in (move.loss_seen, move.loss, move.loss_at_worst)),
            "certified" if move.certified else "unproven",
        ]
        for move in chosen.moves[:MOST_SHOWN]
    ]
    heads = ["cohort", "from", "to", "requests", "pairs", "loss seen", "expected", "at worst", ""]
    table(settings, f"{len(chosen.moves):,} cohorts move", heads, cells, left=(0, 1, 2, 8))
    for reason, count in chosen.stays.items():
        line(f"  {count:,} stay: {reason}")
    line(promise_text(chosen.promise))
    if chosen.promise.cross_fitted is not None:
        line(
            f"Plans made on one half of the pairs lose {chosen.promise.cross_fitted:.4f} on the other half"
            f" (standard error {chosen.promise.cross_fitted_se:.4f})."
        )
    line(
        f"Saves {shown(row.savings_usd)} ({percent(row.savings_pct)}) of {shown(row.cost_usd + row.savings_usd)}"
        f" = certified {shown(row.certified_usd)} + unproven {shown(row.unproven_usd)}"
        f" + without changing an answer {shown(row.no_risk_usd)} - verification {shown(row.verification_usd)};"
        f" {shown(row.savings_low_usd)} if every price assumption goes wrong."
    )
    if text:
        line()
        line(text.rstrip("\n"))


def register(app: typer.Typer) -> None:
    """Add the command."""
    command(app, optimize, "optimize", "llmaudit plan optimize --evals evals.jsonl --margin 0.01 --out plan.yaml")
