"""The input of `plan optimize` and `plan frontier`: the traffic and the paired outcomes of a database."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from llmaudit.cli.inputs import open_store, with_requests
from llmaudit.cli.output import notice
from llmaudit.errors import NotEnoughError, UsageError, printable
from llmaudit.settings import Settings

if TYPE_CHECKING:
    from llmaudit.catalog import Catalog
    from llmaudit.cells import PricedCell
    from llmaudit.evals.keep import OutcomeFile
    from llmaudit.plans.optimize import Board, Limits
    from llmaudit.plans.quality import Grain, Outcomes
    from llmaudit.plans.ratios import Ratios

Evals = Annotated[
    list[Path] | None,
    typer.Option("--evals", help="Use only the outcomes of these files, not those in the database; repeatable."),
]
Metric = Annotated[str | None, typer.Option("--metric", help="The metric; by default the one with most pairs.")]
By = Annotated[
    str | None, typer.Option("--by", help="What makes a cohort: feature, tier, task, or several separated by commas.")
]


class Choosable(NamedTuple):
    """What a plan is chosen from.

    Attributes:
        board: Cohorts and the models they may go to.
        cells: The traffic.
        outcomes: Paired outcomes, or None.
        ratios: What is known of models beside their prices.
    """

    board: Board
    cells: Sequence[PricedCell]
    outcomes: Outcomes | None
    ratios: Ratios


def read_choosable(
    settings: Settings,
    prices: Catalog,
    limits: Limits,
    evals: list[Path] | None,
    metric: str | None,
    by: str | None,
) -> Choosable:
    """Read what a plan is chosen from out of the database, once.

    Raises:
        NotEnoughError: There is no request, or no pair of outcomes, and unproven moves are not let in.
    """
    from llmaudit.audit import gather
    from llmaudit.evals.keep import SEEN, only
    from llmaudit.evals.match import paired_outcomes
    from llmaudit.plans import Ratios
    from llmaudit.plans.latencies import p95_ms
    from llmaudit.plans.optimize import board_of
    from llmaudit.rollup import keyed_requests
    from llmaudit.summaries.latency import LatencyBucket

    grain = grain_of(by)
    with open_store(settings, read_only=True) as store:
        evidence = with_requests(gather(store, prices, (), settings.period))
        outcomes = evidence.outcomes
        if evals:
            with keyed_requests(store, prices, settings.period), only(store, prices, evals) as files:
                outcomes = paired_outcomes(store, prices, metric, SEEN)
            for one in files:
                _notice_problems(settings, one)
        elif metric is not None:
            with keyed_requests(store, prices, settings.period):
                outcomes = paired_outcomes(store, prices, metric)
    if outcomes is None and not limits.allow_unproven:
        what = f"no pair of outcomes of the metric {printable(metric)}" if metric else "no pair of outcomes"
        raise NotEnoughError(
            f"there is {what}, so no other model's answers are known to hold up",
            next_step="Add scores of two models on the same cases (`llmaudit evals add`, docs/evals.md), analyse a "
            "shadow test, or admit unproven moves with --allow-unproven.",
            slug="no-paired-outcomes",
        )
    ratios = Ratios.of(prices, evidence.cells, evidence.summaries)
    latency = p95_ms(evidence.rows(LatencyBucket))
    board = board_of(evidence.cells, prices, outcomes, latency, limits, grain, ratios)
    return Choosable(board, evidence.cells, outcomes, ratios)


def _notice_problems(settings: Settings, file: OutcomeFile) -> None:
    left = file.rejected + file.conflicts
    if left:
        notice(settings, f"{printable(file.path)}: {left:,} of {file.records:,} records are not used")
        for problem in file.problems:
            notice(settings, f"  {problem}")


def grain_of(by: str | None) -> Grain | None:
    """Return the grain a user names; None if it is left to the outcomes."""
    from llmaudit.plans.quality import LABELS, Grain

    if by is None:
        return None
    wanted = {part.strip() for part in by.split(",") if part.strip()}
    if not wanted or wanted - set(LABELS):
        raise UsageError(
            f"--by {printable(by)} must be made of {', '.join(LABELS)}",
            next_step="Write --by feature, or --by feature,tier.",
            slug="not-a-label",
        )
    return Grain(tuple(label for label in LABELS if label in wanted))
