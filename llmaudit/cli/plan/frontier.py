"""`llmaudit plan frontier`: cost against quality, the cheapest plan at each margin."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from llmaudit.cli.evals import pairs_document
from llmaudit.cli.inputs import catalog
from llmaudit.cli.options import command
from llmaudit.cli.output import answer, line, or_unanswered, percent, table, warn
from llmaudit.cli.plan.choosable import By, Evals, Metric, read_choosable
from llmaudit.cli.plan.limits import Ceiling, Floor, KeepTier, Latency, MaxModels, Models, Providers, limits_of
from llmaudit.money import shown
from llmaudit.settings import Settings

if TYPE_CHECKING:
    from llmaudit.plans.frontier_points import Point

SCHEMA = "llmaudit/plan-frontier/1"


def frontier(
    settings: Settings,
    evals: Evals = None,
    margin: Annotated[
        list[float] | None, typer.Option("--margin", help="Also compute this margin; repeatable.")
    ] = None,
    floor: Floor = None,
    latency_p95: Latency = None,
    cost_ceiling: Ceiling = None,
    providers: Providers = None,
    max_models: MaxModels = None,
    models: Models = None,
    keep_tier: KeepTier = None,
    by: By = None,
    metric: Metric = None,
) -> None:
    """Show what each margin of quality loss would save.

    For each margin: the cheapest certified plan, and the model that each cohort goes to.
    """
    from llmaudit.plans.frontier import frontier as find

    prices = catalog(settings)
    limits = limits_of(
        prices, margin=min(margin or [0.01]), floor=floor, latency_p95=latency_p95, cost_ceiling=cost_ceiling,
        providers=providers, max_models=max_models, models=models, keep_tier=keep_tier, allow_unproven=False,
    )  # fmt: skip
    known = {"catalog_version": prices.version, "timezone": settings.timezone}
    with or_unanswered(settings, SCHEMA, ("cohorts_by", "outcomes", "points"), **known):
        board, _, outcomes, _ = read_choosable(settings, prices, limits, evals, metric, by)
        points = find(board, margin or ())
    warnings = [f"{name} {why}" for name, why in board.left_out.items()]
    document = {
        "schema": SCHEMA,
        **known,
        "cohorts_by": list(board.grain.labels),
        "outcomes": None if outcomes is None else pairs_document(outcomes),
        "points": points,
        "warnings": warnings,
    }
    answer(settings, document, lambda: _show(settings, points, board.metric))
    if not settings.json:
        warn(settings, warnings)


def _show(settings: Settings, points: list[Point], metric: str | None) -> None:
    rows = [
        [
            f"{point.margin:.4f}",
            f"{point.loss:+.4f}",
            f"{point.bound:+.4f}",
            None if point.cross_fitted is None else f"{point.cross_fitted:+.4f}",
            shown(point.cost_usd),
            shown(point.savings_usd),
            percent(point.savings_pct),
            f"{point.moved_share:.1%}",
            ", ".join(f"{name} {share:.0%}" for name, share in point.models.items()),
        ]
        for point in points
    ]
    heads = ["margin", "loss expected", "at most", "cross-fitted", "cost", "saves", "", "moved", "models by requests"]
    table(settings, f"Cost against {metric or 'quality'}", heads, rows, left=(8,))
    line("`llmaudit plan optimize --margin M` writes the plan of a margin; --json has the model of every cohort.")


def register(app: typer.Typer) -> None:
    """Add the command."""
    command(app, frontier, "frontier", "llmaudit plan frontier --evals evals.jsonl --margin 0.01")
